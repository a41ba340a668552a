"""What each operator means, on integers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from oomcheck.ir.ops import Op


def quotient(left: int, right: int) -> int:
    """Division rounded toward zero, as in C99; 0 for a zero divisor."""
    if right == 0:
        return 0
    floor = left // right
    # Python rounds down; an inexact negative quotient is one too small.
    return floor + 1 if floor < 0 and floor * right != left else floor


def remainder(left: int, right: int) -> int:
    """What `quotient` leaves, with the sign of the dividend; 0 for a zero divisor."""
    return left - right * quotient(left, right) if right else 0


#: All arguments evaluated; `evaluate` stops early for AND, OR and ITE, which
#: gives the same value because expressions are total and have no effects.
MEANING: Final[dict[Op, Callable[..., int]]] = {
    Op.NOT: lambda arg: int(not arg),
    Op.AND: lambda *args: int(all(args)),
    Op.OR: lambda *args: int(any(args)),
    Op.ITE: lambda condition, then, other: then if condition else other,
    Op.EQ: lambda left, right: int(left == right),
    Op.NE: lambda left, right: int(left != right),
    Op.LT: lambda left, right: int(left < right),
    Op.LE: lambda left, right: int(left <= right),
    Op.ADD: lambda left, right: left + right,
    Op.SUB: lambda left, right: left - right,
    Op.MUL: lambda left, right: left * right,
    Op.DIV: quotient,
    Op.MOD: remainder,
    Op.NEG: lambda arg: -arg,
}
