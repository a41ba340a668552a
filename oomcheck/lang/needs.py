"""What must hold for an expression to have a meaning: else whoever evaluates it is at fault."""

from __future__ import annotations

from oomcheck.ir.expr import TRUE, Expr, Lit, eq, implies, not_
from oomcheck.objects.base import COUNTER, tick_checks
from oomcheck.records import dataclass


@dataclass(frozen=True, slots=True)
class Need:
    """`ok` must hold for an expression to have a meaning."""

    ok: Expr
    sanitizer: str
    message: str


def division_need(operator: str, divisor: Expr) -> list[Need]:
    """A divisor must not be zero."""
    if operator not in ("/", "%"):
        return []
    return needed(Need(not_(eq(divisor, Lit(0, COUNTER))), "range", "division by zero"))


def thread_need(value: Expr, text: str = "") -> list[Need]:
    """A reference to a thread is not NULL."""
    message = f"NULL dereference: {text}" if text else "NULL is used as a thread"
    return needed(Need(not_(eq(value, Lit(0, COUNTER))), "null", message))


def ticks_need(ticks: Expr) -> list[Need]:
    """A number of ticks is not negative."""
    return [Need(check.ok, check.sanitizer, check.message) for check in tick_checks(ticks, "the deadline")]


def needed(need: Need) -> list[Need]:
    """What is needed, unless it always holds."""
    return [] if need.ok == TRUE else [need]


def under(condition: Expr, needs: list[Need]) -> list[Need]:
    """Needs of what is evaluated only where `condition` holds."""
    return [Need(implies(condition, need.ok), need.sanitizer, need.message) for need in needs]
