"""Bounds of integer expressions where C's int stands for all integers: in systems with an open size.

A parameter without a value has no upper bound, and a variable may grow with it. So an end of a sort that is the end
of C's int is no bound there: nothing may be left out on the ground that a value lies below it.
"""

from __future__ import annotations

from math import inf

from oomcheck.ir.expr import Apply, Expr, Index, Lit, Quantified, Var, truncated_quotient
from oomcheck.ir.ops import BOOLEAN_RESULT, Op
from oomcheck.ir.sorts import IntSort, Scalar, bounds, scalar_of
from oomcheck.ir.walk import subexpressions
from oomcheck.lang.types import INT_MAX, INT_MIN

#: A finite end, or plus or minus infinity: never another float.
End = int | float
Ends = tuple[End, End]


def ends(expr: Expr) -> Ends:
    """Least and greatest value of `expr` while every variable is in its sort, ends of C's int being no bounds."""
    match expr:
        case Lit(value=value):
            return value, value
        case Var(sort=sort):
            return sort_ends(scalar_of(sort))
        case Index(array=array):
            low, high = sort_ends(scalar_of(array.sort))
            return min(low, 0), max(high, 0)  # outside of the array it reads 0
        case Quantified():
            return 0, 1
        case Apply(op=op, args=args):
            if op in BOOLEAN_RESULT:
                return 0, 1
            return _arithmetic(op, [ends(arg) for arg in args])


def sort_ends(sort: Scalar) -> Ends:
    """Ends of a sort."""
    low, high = bounds(sort)
    return (-inf if low <= INT_MIN else low), (inf if high >= INT_MAX else high)


def bounded(expr: Expr, low: int, high: int) -> bool:
    """Whether `expr` always lies in `low .. high`."""
    least, greatest = ends(expr)
    return low <= least and greatest <= high


def endless(expr: Expr) -> bool:
    """Whether something that `expr` reads has no bound."""
    reads = (part.array if isinstance(part, Index) else part for part in subexpressions(expr))
    found = (sort_ends(scalar_of(part.sort)) for part in reads if isinstance(part, Var))
    return any(low == -inf or high == inf for low, high in found)


def as_sort(low: End, high: End) -> IntSort:
    """A sort that holds these values; C's ends where there is none."""
    return IntSort(INT_MIN if low == -inf else int(low), INT_MAX if high == inf else int(high))


def _arithmetic(op: Op, args: list[Ends]) -> Ends:
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
            corners = [0 if 0 in (a, b) else a * b for a in args[0] for b in args[1]]
            return min(corners), max(corners)
        case Op.DIV:
            return _quotient(args[0], args[1])
        case Op.MOD:
            size = max(abs(args[1][0]), abs(args[1][1]), 1) - 1
            low = 0 if args[0][0] >= 0 else -min(size, abs(args[0][0]))
            return low, min(size, max(args[0][1], 0))
        case _:
            raise AssertionError(op)


def _quotient(left: Ends, right: Ends) -> Ends:
    """Ends of a quotient; one with an end that is infinite lies between the dividend and its negation."""
    if all(isinstance(end, int) for end in (*left, *right)):
        divisors = {b for b in (*right, -1, 1, 0) if right[0] <= b <= right[1]}
        corners = [truncated_quotient(int(a), int(b)) for a in (*left, 0) for b in divisors]
        return min(corners), max(corners)
    size = max(abs(left[0]), abs(left[1]))
    if right[0] >= 0:
        return min(left[0], 0), max(left[1], 0)
    return -size, size
