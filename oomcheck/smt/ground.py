"""Quantifiers taken out of conditions: weaker conditions without them, which a solver decides.

A condition that is assumed gets, for each `forall`, its instances at given terms, and for each `exists` a constant of
its own (Skolem). What follows from the result follows from the condition; not always the other way round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count

from oomcheck.ir.expr import Apply, Expr, Index, Lit, Quantified, Quantifier, Var, and_, binary, implies, not_, or_
from oomcheck.ir.ops import BOOLEAN_RESULT, Op
from oomcheck.ir.sorts import BOOL, ArraySort, IntSort, scalar_of
from oomcheck.ir.walk import parts, rewrite

INT = IntSort(-(2**31), 2**31 - 1)

Fresh = Callable[[Var], Var]


def quantified(expr: Expr) -> bool:
    """Whether an expression has a quantifier in it."""
    return any(isinstance(node, Quantified) for node in parts((expr,)))


def skolem(mark: str) -> Fresh:
    """New constants, by numbers; `mark` tells them from those of other conditions."""
    numbers = count()
    return lambda variable: Var(f"!{mark}{next(numbers)}", variable.sort)


def renamed(expr: Expr, mark: str) -> Expr:
    """`expr` with names of its own for the variables of quantifiers, so that none clashes with those of others."""
    numbers = count()

    def inner(node: Expr) -> Expr:
        match node:
            case Apply(op=op, args=args):
                return Apply(op, tuple(inner(arg) for arg in args))
            case Quantified(kind=kind, variable=variable):
                body = rename(
                    node.body, variable.name, new := Var(f"{variable.name}{mark}{next(numbers)}", variable.sort)
                )
                return Quantified(kind, new, node.low, node.high, inner(body))
            case _:
                return node

    return inner(expr) if quantified(expr) else expr


def rename(expr: Expr, name: str, term: Expr) -> Expr:
    """`expr` with a term in the place of a variable."""
    return rewrite(expr, lambda leaf: term if isinstance(leaf, Var) and leaf.name == name else leaf)


def instance(expr: Quantified, term: Expr) -> tuple[Expr, Expr]:
    """That a term lies in the range, and the body for it."""
    return and_(binary(Op.LE, expr.low, term), binary(Op.LE, term, expr.high)), rename(
        expr.body, expr.variable.name, term
    )


def ground(expr: Expr, terms: Sequence[Expr], fresh: Fresh) -> Expr:
    """A condition without quantifiers that follows from `expr`.

    Quantifiers below anything but junctions, negations and choices of truth values stay.
    """
    return _ground(expr, terms, fresh, positive=True)


def _ground(expr: Expr, terms: Sequence[Expr], fresh: Fresh, positive: bool) -> Expr:
    """Follows from `expr` if `positive`, else `expr` follows from it."""
    if not quantified(expr):
        return expr
    match expr:
        case Quantified(kind=kind):
            if (kind is Quantifier.EXISTS) == positive:
                chosen: Sequence[Expr] = (fresh(expr.variable),)
            else:
                chosen = terms
            found = []
            for term in chosen:
                inside, body = instance(expr, term)
                inner = _ground(body, terms, fresh, positive)
                found.append(implies(inside, inner) if kind is Quantifier.FORALL else and_(inside, inner))
            return and_(*found) if kind is Quantifier.FORALL else or_(*found)
        case Apply(op=Op.NOT, args=(arg,)):
            return not_(_ground(arg, terms, fresh, not positive))
        case Apply(op=Op.AND, args=args):
            return and_(*(_ground(arg, terms, fresh, positive) for arg in args))
        case Apply(op=Op.OR, args=args):
            return or_(*(_ground(arg, terms, fresh, positive) for arg in args))
        case Apply(op=Op.ITE, args=(test, then, other)) if is_truth(then) and is_truth(other):
            return _ground(and_(implies(test, then), or_(test, other)), terms, fresh, positive)
        case Apply(op=Op.EQ | Op.NE as op, args=(left, right)) if is_truth(left) and is_truth(right):
            same = and_(implies(left, right), implies(right, left))
            return _ground(same if op is Op.EQ else _opposed(left, right), terms, fresh, positive)
        case _:
            return expr


def _opposed(left: Expr, right: Expr) -> Expr:
    return and_(or_(left, right), or_(not_(left), not_(right)))


def is_truth(expr: Expr) -> bool:
    """Whether an expression is a truth value."""
    match expr:
        case Lit(sort=sort) | Var(sort=sort):
            return scalar_of(sort) == BOOL
        case Index(array=array):
            return scalar_of(array.sort) == BOOL
        case Apply(op=Op.ITE, args=(_, then, other)):
            return is_truth(then) and is_truth(other)
        case Apply(op=op):
            return op in BOOLEAN_RESULT
        case Quantified():
            return True


def opened(expr: Expr, fresh: Fresh) -> Expr:
    """`expr`, with constants for what its outermost quantifiers say to exist; the others stay."""
    match expr:
        case Quantified(kind=Quantifier.EXISTS):
            inside, body = instance(expr, fresh(expr.variable))
            return and_(inside, opened(body, fresh))
        case Apply(op=Op.AND, args=args) if quantified(expr):
            return and_(*(opened(arg, fresh) for arg in args))
        case Apply(op=Op.OR, args=args) if quantified(expr):
            return or_(*(opened(arg, fresh) for arg in args))
        case Apply(op=Op.NOT, args=(Apply(op=Op.AND, args=args),)) if quantified(expr):
            return or_(*(opened(not_(arg), fresh) for arg in args))
        case Apply(op=Op.NOT, args=(Apply(op=Op.OR, args=args),)) if quantified(expr):
            return and_(*(opened(not_(arg), fresh) for arg in args))
        case _:
            return expr


def index_terms(exprs: Iterable[Expr]) -> tuple[Expr, ...]:
    """Terms that matter as instances: indices of arrays with an extent and the units meant, without bound variables."""
    found: dict[Expr, None] = {}
    nodes = list(parts(list(exprs)))
    bound = {node.variable.name for node in nodes if isinstance(node, Quantified)}
    for node in nodes:
        if isinstance(node, Index) and isinstance(node.array.sort, ArraySort) and node.array.sort.extent:
            for term in (node.index, *_units(node.index)):
                if not any(isinstance(part, Var) and part.name in bound for part in parts((term,))):
                    found[term] = None
    return tuple(found)


def _units(position: Expr) -> Iterator[Expr]:
    """The unit in `unit * size + element`."""
    for node in parts((position,)):
        if isinstance(node, Apply) and node.op is Op.MUL and isinstance(node.args[1], Lit):
            yield node.args[0]
