"""Z3 terms read back as expressions: what a solver found out, in the words of the system."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import z3

from oomcheck.ir.expr import FALSE, TRUE, Apply, Expr, Index, Lit, Var, add, and_, binary, ite, negate, not_, or_
from oomcheck.ir.ops import BOOLEAN_RESULT, Op
from oomcheck.ir.sorts import BoolSort, IntSort, Scalar, scalar_of
from oomcheck.smt.terms import Term


class UnreadableError(Exception):
    """A term has a part that the language of the system has no word for."""


def read(term: Term, variables: Sequence[Expr] = (), constants: dict[str, Expr] | None = None) -> Expr:
    """A term as an expression with the same value, where truth values are 0 and 1.

    `variables` are what bound variables (de Bruijn indices) stand for, `constants` what free constants stand for, by
    name. Raises UnreadableError.
    """
    return _Reading(variables, constants or {}).read(term)


class _Reading:
    def __init__(self, variables: Sequence[Expr], constants: dict[str, Expr]) -> None:
        self._variables = variables
        self._constants = constants
        self._known: dict[int, tuple[Term, Expr]] = {}  # the term is held, so that its id stays its

    def read(self, term: Term) -> Expr:
        known = self._known.get(term.get_id())
        if known is None:
            known = self._known[term.get_id()] = (term, self._read(term))
        return known[1]

    def _read(self, term: Term) -> Expr:
        if z3.is_var(term):
            number = z3.get_var_index(term)
            if number < len(self._variables):
                return self._variables[number]
        elif z3.is_int_value(term):
            return number_of(term.as_long())
        elif z3.is_app(term):
            kind = term.decl().kind()
            if kind == z3.Z3_OP_UNINTERPRETED and term.num_args() == 0 and term.decl().name() in self._constants:
                return self._constants[term.decl().name()]
            maker = MAKER.get(kind)
            if maker is not None:
                return maker([self.read(child) for child in term.children()])
        raise UnreadableError(f"there is no word for {term.sexpr()[:80]}")


def number_of(value: int) -> Lit:
    """An integer literal."""
    return Lit(value, IntSort(value, value))


def is_truth(expr: Expr) -> bool:
    """Whether an expression is a truth value by its form."""
    match expr:
        case Lit(sort=sort):
            return isinstance(sort, BoolSort)
        case Var() | Index():
            return isinstance(sort_of_place(expr), BoolSort)
        case Apply(op=Op.ITE, args=(_, then, other)):
            return is_truth(then) and is_truth(other)
        case Apply(op=op):
            return op in BOOLEAN_RESULT
        case _:
            return True


def sort_of_place(place: Var | Index) -> Scalar:
    """The sort of what a place holds."""
    return scalar_of(place.sort if isinstance(place, Var) else place.array.sort)


def _compared(op: Op, left: Expr, right: Expr) -> Expr:
    """A comparison, in which a number that is compared with a place gets the sort of the place, for people to read."""
    if isinstance(left, Var | Index) and isinstance(right, Lit):
        right = Lit(right.value, sort_of_place(left))
    elif isinstance(right, Var | Index) and isinstance(left, Lit):
        left = Lit(left.value, sort_of_place(right))
    return binary(op, left, right)


def equal(left: Expr, right: Expr) -> Expr:
    """`left == right`, of numbers or of truth values."""
    if isinstance(left, Lit) and not isinstance(right, Lit):
        left, right = right, left
    if is_truth(left) and right in (TRUE, FALSE):
        return left if right == TRUE else not_(left)
    return _compared(Op.EQ, left, right)


def less_equal(left: Expr, right: Expr) -> Expr:
    """`left <= right`."""
    return _compared(Op.LE, *_sides(left, right))


def _sides(left: Expr, right: Expr) -> tuple[Expr, Expr]:
    """Terms with a negative coefficient moved to the other side: `v + -1 * w <= 0` is `v <= w`."""
    here, there = _split(left)
    over, back = _split(right)
    return _sum([*here, *back]), _sum([*over, *there])


def _split(expr: Expr) -> tuple[list[Expr], list[Expr]]:
    """The positive summands, and the negative ones without their sign."""
    match expr:
        case Apply(op=Op.ADD, args=(left, right)):
            first, second = _split(left), _split(right)
            return first[0] + second[0], first[1] + second[1]
        case Apply(op=Op.SUB, args=(left, right)):
            first, second = _split(left), _split(right)
            return first[0] + second[1], first[1] + second[0]
        case Apply(op=Op.NEG, args=(arg,)):
            good, bad = _split(arg)
            return bad, good
        case Apply(op=Op.MUL, args=(Lit(value=value), other)) if value < 0:
            return [], [other if value == -1 else Apply(Op.MUL, (number_of(-value), other))]
        case Lit(value=value) if value < 0:
            return [], [number_of(-value)]
        case _:
            return [expr], []


def _sum(parts: Sequence[Expr]) -> Expr:
    """The sum; literals are added up and come last."""
    total = sum(part.value for part in parts if isinstance(part, Lit))
    found: Expr | None = None
    for part in parts:
        if not isinstance(part, Lit):
            found = part if found is None else Apply(Op.ADD, (found, part))
    if found is None:
        return number_of(total)
    return found if total == 0 else Apply(Op.ADD, (found, number_of(total)))


def _added(args: Sequence[Expr]) -> Expr:
    found = args[0]
    for arg in args[1:]:
        found = add(found, arg)
    return found


def _less(left: Expr, right: Expr) -> Expr:
    return _compared(Op.LT, *_sides(left, right))


def _chained(op: Op) -> Callable[[Sequence[Expr]], Expr]:
    def make(args: Sequence[Expr]) -> Expr:
        found = args[0]
        for arg in args[1:]:
            found = binary(op, found, arg)
        return found

    return make


def _distinct(args: Sequence[Expr]) -> Expr:
    return and_(*(not_(equal(left, right)) for n, left in enumerate(args) for right in args[:n]))


#: What the operators of Z3 are in expressions. There are none for its division, which rounds otherwise than C.
MAKER: Final[dict[int, Callable[[Sequence[Expr]], Expr]]] = {
    z3.Z3_OP_TRUE: lambda _: TRUE,
    z3.Z3_OP_FALSE: lambda _: FALSE,
    z3.Z3_OP_NOT: lambda args: not_(args[0]),
    z3.Z3_OP_AND: lambda args: and_(*args),
    z3.Z3_OP_OR: lambda args: or_(*args),
    z3.Z3_OP_IMPLIES: lambda args: or_(not_(args[0]), args[1]),
    z3.Z3_OP_XOR: lambda args: not_(equal(args[0], args[1])),
    z3.Z3_OP_ITE: lambda args: ite(args[0], args[1], args[2]),
    z3.Z3_OP_EQ: lambda args: equal(args[0], args[1]),
    z3.Z3_OP_IFF: lambda args: equal(args[0], args[1]),
    z3.Z3_OP_DISTINCT: _distinct,
    z3.Z3_OP_LE: lambda args: less_equal(args[0], args[1]),
    z3.Z3_OP_GE: lambda args: less_equal(args[1], args[0]),
    z3.Z3_OP_LT: lambda args: _less(args[0], args[1]),
    z3.Z3_OP_GT: lambda args: _less(args[1], args[0]),
    z3.Z3_OP_ADD: _added,
    z3.Z3_OP_SUB: _chained(Op.SUB),
    z3.Z3_OP_MUL: _chained(Op.MUL),
    z3.Z3_OP_UMINUS: lambda args: negate(args[0]),
}


def conjuncts(expr: Expr) -> tuple[Expr, ...]:
    """The parts of a conjunction, with negations pushed through junctions above atoms, so that clauses can be seen."""
    return tuple(dict.fromkeys(_conjuncts(normal(expr))))


def _conjuncts(expr: Expr) -> list[Expr]:
    if expr == TRUE:
        return []
    if isinstance(expr, Apply) and expr.op is Op.AND:
        return [part for arg in expr.args for part in _conjuncts(arg)]
    return [expr]


def normal(expr: Expr, positive: bool = True) -> Expr:
    """`expr`, or its negation, where `!` stands before places only and `!(a <= b)` is `b < a`."""
    match expr:
        case Apply(op=Op.NOT, args=(arg,)):
            return normal(arg, not positive)
        case Apply(op=Op.AND | Op.OR as op, args=args):
            parts = [normal(arg, positive) for arg in args]
            return and_(*parts) if (op is Op.AND) == positive else or_(*parts)
        case Apply(op=Op.LE, args=(left, right)) if not positive:
            return binary(Op.LT, right, left)
        case Apply(op=Op.LT, args=(left, right)) if not positive:
            return binary(Op.LE, right, left)
        case _:
            return expr if positive else not_(expr)
