"""Bounds of integer expressions, from the sorts of what they read."""

from __future__ import annotations

from collections.abc import Sequence

from oomcheck.ir.expr import Apply, Expr, Index, Lit, Quantified, Var, truncated_quotient
from oomcheck.ir.ops import BOOLEAN_RESULT, Op
from oomcheck.ir.sorts import bounds, scalar_of

Bounds = tuple[int, int]


def interval(expr: Expr) -> Bounds:
    """Least and greatest value that `expr` can have while every variable is in its sort."""
    match expr:
        case Lit(value=value):
            return value, value
        case Var(sort=sort):
            return bounds(scalar_of(sort))
        case Index(array=array):
            low, high = bounds(scalar_of(array.sort))
            return min(low, 0), max(high, 0)  # outside of the array it reads 0
        case Apply(op=op, args=args):
            if op in BOOLEAN_RESULT:
                return 0, 1
            return arithmetic(op, [interval(arg) for arg in args])
        case Quantified():
            return 0, 1


def arithmetic(op: Op, args: Sequence[Bounds]) -> Bounds:
    """Least and greatest result of an operator that has no truth value, for arguments within bounds."""
    match op:
        case Op.NEG:
            return -args[0][1], -args[0][0]
        case Op.ITE:
            return min(args[1][0], args[2][0]), max(args[1][1], args[2][1])
        case Op.ADD:
            return args[0][0] + args[1][0], args[0][1] + args[1][1]
        case Op.SUB:
            return args[0][0] - args[1][1], args[0][1] - args[1][0]
        case Op.MUL:
            corners = [a * b for a in args[0] for b in args[1]]
            return min(corners), max(corners)
        case Op.DIV:
            divisors = {b for b in (*args[1], -1, 1, 0) if args[1][0] <= b <= args[1][1]}
            corners = [truncated_quotient(a, b) for a in (*args[0], 0) for b in divisors]
            return min(corners), max(corners)
        case Op.MOD:
            size = max(abs(args[1][0]), abs(args[1][1]), 1) - 1
            low = 0 if args[0][0] >= 0 else -min(size, abs(args[0][0]))
            return low, min(size, max(args[0][1], 0))
        case _:
            raise AssertionError(op)


def within(expr: Expr, low: int, high: int) -> bool:
    """Whether `expr` always lies in `low .. high`."""
    least, greatest = interval(expr)
    return low <= least and greatest <= high
