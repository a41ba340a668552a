"""The only generic recursion over expressions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from oomcheck.ir.expr import Apply, Expr, Index, Lit, Quantified, Var, and_, binary, ite, negate, not_, or_
from oomcheck.ir.ops import Op


def subexpressions(expr: Expr) -> Iterator[Expr]:
    """`expr` and all below it, parents first."""
    stack = [expr]
    while stack:
        node = stack.pop()
        yield node
        match node:
            case Lit() | Var():
                pass
            case Index(index=position):
                stack.append(position)
            case Apply(args=args):
                stack.extend(reversed(args))
            case Quantified(low=low, high=high, body=body):
                stack.extend((body, high, low))


def parts(exprs: Iterable[Expr]) -> Iterator[Expr]:
    """The expressions and all below them, each object once however many share it; the caller holds them meanwhile."""
    seen: set[int] = set()
    for expr in exprs:
        stack = [expr]
        while stack:
            node = stack.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            yield node
            match node:
                case Lit() | Var():
                    pass
                case Index(index=position):
                    stack.append(position)
                case Apply(args=args):
                    stack.extend(reversed(args))
                case Quantified(low=low, high=high, body=body):
                    stack.extend((body, high, low))


def variables(expr: Expr) -> frozenset[str]:
    """Names of the state variables that `expr` reads."""
    names: set[str] = set()
    bound: set[str] = set()
    for node in subexpressions(expr):
        if isinstance(node, Var):
            names.add(node.name)
        elif isinstance(node, Index):
            names.add(node.array.name)
        elif isinstance(node, Quantified):
            bound.add(node.variable.name)
    return frozenset(names - bound)


def rebuild(op: Op, args: tuple[Expr, ...]) -> Expr:
    """`Apply(op, args)` with constants folded."""
    match op:
        case Op.NOT:
            return not_(args[0])
        case Op.AND:
            return and_(*args)
        case Op.OR:
            return or_(*args)
        case Op.ITE:
            return ite(args[0], args[1], args[2])
        case Op.NEG:
            return negate(args[0])
        case _:
            return binary(op, args[0], args[1])


def rewrite(expr: Expr, leaf: Callable[[Lit | Var | Index], Expr]) -> Expr:
    """`expr` with each leaf replaced, bottom up; an `Index` arrives with its index rewritten.

    Variables of quantifiers arrive as leaves too, where they are used.
    """
    match expr:
        case Lit() | Var():
            return leaf(expr)
        case Index(array=array, index=position):
            inner = rewrite(position, leaf)
            return leaf(expr if inner is position else Index(array, inner))
        case Apply(op=op, args=args):
            new = [rewrite(arg, leaf) for arg in args]
            for old, arg in zip(args, new, strict=True):
                if old is not arg:
                    return rebuild(op, tuple(new))
            return expr
        case Quantified(low=low, high=high, body=body):
            ends = rewrite(low, leaf), rewrite(high, leaf)
            return Quantified(expr.kind, expr.variable, *ends, rewrite(body, leaf))


class Rewriting:
    """`rewrite` of many expressions by one `leaf`, which always answers the same.

    Expressions share most of their parts; a part that was met before is not walked again, and results share as well.
    """

    def __init__(self, leaf: Callable[[Lit | Var | Index], Expr]) -> None:
        self._leaf = leaf
        self._done: dict[int, tuple[Expr, Expr]] = {}  # by identity; the part itself is held, so that its id stays its

    def __call__(self, expr: Expr) -> Expr:
        """`rewrite(expr, leaf)`."""
        if isinstance(expr, Lit | Var):
            return self._leaf(expr)
        known = self._done.get(id(expr))
        if known is None:
            known = self._done[id(expr)] = (expr, self._new(expr))
        return known[1]

    def _new(self, expr: Index | Apply | Quantified) -> Expr:
        if isinstance(expr, Quantified):
            return Quantified(expr.kind, expr.variable, self(expr.low), self(expr.high), self(expr.body))
        if isinstance(expr, Index):
            inner = self(expr.index)
            return self._leaf(expr if inner is expr.index else Index(expr.array, inner))
        new = tuple([self(arg) for arg in expr.args])
        same = all(old is arg for old, arg in zip(expr.args, new, strict=True))
        return expr if same else rebuild(expr.op, new)
