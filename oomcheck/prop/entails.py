"""Which conditions on a state exclude or imply each other, as far as their form tells.

Only cheap facts that keep automata small: two locations of one thread, a part of a conjunction. A False says nothing.
"""

from __future__ import annotations

from oomcheck.ir.expr import Apply, Expr, Lit, not_
from oomcheck.ir.ops import Op


def entails(left: Expr, right: Expr) -> bool:
    """Whether the form of both shows that `right` holds wherever `left` does."""
    if left == right:
        return True
    match left, right:
        case Apply(op=Op.OR, args=args), _:
            return all(entails(arg, right) for arg in args)
        case _, Apply(op=Op.AND, args=args):
            return all(entails(left, arg) for arg in args)
        case Apply(op=Op.NOT, args=(inner,)), Apply(op=Op.NOT, args=(other,)):
            return entails(other, inner)
        case Apply(op=Op.EQ, args=(place, Lit(value=value))), Apply(op=Op.NE, args=(same, Lit(value=other_value))):
            return place == same and value != other_value
        case _:
            return _by_part(left, right)


def _by_part(left: Expr, right: Expr) -> bool:
    """One part of a conjunction is enough on the left, one of a disjunction on the right."""
    if isinstance(left, Apply) and left.op is Op.AND and any(entails(arg, right) for arg in left.args):
        return True
    if isinstance(right, Apply) and right.op is Op.OR and any(entails(left, arg) for arg in right.args):
        return True
    # `!(a || b)` is `!a && !b`, and `!(a && b)` is `!a || !b`.
    if isinstance(left, Apply) and left.op is Op.NOT and _is(left.args[0], Op.OR):
        return any(entails(not_(arg), right) for arg in _args(left.args[0]))
    if isinstance(right, Apply) and right.op is Op.NOT and _is(right.args[0], Op.AND):
        return any(entails(left, not_(arg)) for arg in _args(right.args[0]))
    return False


def _is(expr: Expr, op: Op) -> bool:
    return isinstance(expr, Apply) and expr.op is op


def _args(expr: Expr) -> tuple[Expr, ...]:
    return expr.args if isinstance(expr, Apply) else ()
