"""timer: armed or not; an armed one fires when its ticks are over (untimed: at any time) and runs its handler."""

from __future__ import annotations

from collections.abc import Sequence

from oomcheck.ir.expr import FALSE, TRUE, Expr, Lit, and_, eq, not_
from oomcheck.ir.sorts import BOOL
from oomcheck.ir.system import View
from oomcheck.objects.base import (
    TICKS,
    ArgKind,
    Assignment,
    Facts,
    Field,
    ObjectKind,
    ObjRef,
    Operand,
    Operation,
    ResultKind,
    Site,
    atomic_context,
    bool_sort,
    expr,
    obj,
    step,
    tick_checks,
    ticks_sort,
)

NOW = Lit(0, TICKS)


def _arm(site: Site, args: Sequence[Operand]) -> None:
    """Arm it, or move its expiry."""
    timer = obj(args[0])
    if not site.facts.timed:
        step(site, [(timer.at("armed"), TRUE)])
        return
    ticks = expr(args[1])
    checks = tick_checks(ticks, f"the expiry of {timer.text}")
    step(site, [(timer.at("armed"), TRUE), (timer.at("left"), ticks)], checks)


def _disarmed(site: Site, timer: ObjRef) -> list[Assignment]:
    """The timer is off, and what was left of its ticks tells no states apart."""
    return [(timer.at("armed"), FALSE), *([(timer.at("left"), NOW)] if site.facts.timed else [])]


def _delete(site: Site, args: Sequence[Operand]) -> Expr:
    timer, was = obj(args[0]), site.temp(BOOL)
    step(site, [(was, timer.at("armed")), *_disarmed(site, timer)])
    return was


def _delete_sync(site: Site, args: Sequence[Operand]) -> Expr:
    """Disarm once no handler runs on any processor."""
    timer, was = obj(args[0]), site.temp(BOOL)
    checks = atomic_context(site, "del_timer_sync")
    idle = not_(site.facts.handler_busy(timer))
    step(site, [(was, timer.at("armed")), *_disarmed(site, timer)], checks, guard=idle)
    return was


def _pending(_facts: Facts, args: Sequence[Operand]) -> Expr:
    return obj(args[0]).at("armed")


def fire(site: Site, timer: ObjRef) -> None:
    """The step that starts the handler: an armed timer expires."""
    armed = timer.at("armed")
    expired = eq(timer.at("left"), NOW) if site.facts.timed else TRUE
    step(site, [(armed, FALSE)], guard=and_(armed, expired))


def _views(timer: ObjRef, _names: tuple[str, ...]) -> list[tuple[View, str, Expr, int | None]]:
    return [(View.TIMER, f"{timer.text} armed", timer.at("armed"), None)]


_T, _TT = (ArgKind.OBJECT,), (ArgKind.OBJECT, ArgKind.TICKS)

TIMER = ObjectKind(
    "timer",
    (Field("armed", bool_sort), Field("left", ticks_sort, countdown=True)),
    (
        Operation("mod_timer", "timer", _TT, draw=_arm, optional=1),
        Operation("add_timer", "timer", _TT, draw=_arm, optional=1),
        Operation("del_timer", "timer", _T, ResultKind.BOOL, draw=_delete),
        Operation("del_timer_sync", "timer", _T, ResultKind.BOOL, draw=_delete_sync, sleeps=True),
        Operation("timer_pending", "timer", _T, ResultKind.BOOL, value=_pending),
    ),
    views=_views,
)
