"""jiffies: comparisons of the time that it is now with a deadline, as include/linux/jiffies.h has them.

A deadline is a countdown of the ticks that are left to it, plus one; it is 0 once it has passed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from oomcheck.ir.expr import Expr, Lit, add, binary, eq
from oomcheck.ir.ops import Op
from oomcheck.objects.base import TICKS, ArgKind, Facts, Operand, Operation, ResultKind, expr

_PASSED, _NOW = Lit(0, TICKS), Lit(1, TICKS)


def deadline(ticks: Expr) -> Expr:
    """The value of a deadline that comes in a number of ticks."""
    return add(ticks, _NOW)


def _is_after(left: Expr) -> Expr:
    return eq(left, _PASSED)


def _is_after_or_now(left: Expr) -> Expr:
    return binary(Op.LE, left, _NOW)


def _is_before(left: Expr) -> Expr:
    return binary(Op.LT, _NOW, left)


def _is_before_or_now(left: Expr) -> Expr:
    return binary(Op.LT, _PASSED, left)


#: What a comparison is called when its arguments are exchanged.
EXCHANGED = {
    "time_after": "time_before",
    "time_before": "time_after",
    "time_after_eq": "time_before_eq",
    "time_before_eq": "time_after_eq",
}


def _comparison(name: str, test: Callable[[Expr], Expr]) -> Operation:
    def value(_facts: Facts, args: Sequence[Operand]) -> Expr:
        return test(expr(args[0]))

    return Operation(name, "clock", (ArgKind.INSTANT, ArgKind.INSTANT), ResultKind.BOOL, value=value)


CLOCK_OPERATIONS = (
    _comparison("time_after", _is_after),
    _comparison("time_after_eq", _is_after_or_now),
    _comparison("time_before", _is_before),
    _comparison("time_before_eq", _is_before_or_now),
)
