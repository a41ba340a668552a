"""timer: armed or not; an armed one may fire at any time (untimed) and runs its softirq handler."""

from __future__ import annotations

from collections.abc import Sequence

from oomcheck.ir.expr import FALSE, TRUE, Expr, not_
from oomcheck.ir.sorts import BOOL
from oomcheck.ir.system import View
from oomcheck.objects.base import (
    ArgKind,
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
    obj,
    step,
)


def _arm(site: Site, args: Sequence[Operand]) -> None:
    """Arm it, or move its expiry; when it fires is not modelled without time."""
    step(site, [(obj(args[0]).at("armed"), TRUE)])


def _delete(site: Site, args: Sequence[Operand]) -> Expr:
    timer, was = obj(args[0]), site.temp(BOOL)
    step(site, [(was, timer.at("armed")), (timer.at("armed"), FALSE)])
    return was


def _delete_sync(site: Site, args: Sequence[Operand]) -> Expr:
    """Disarm once no handler runs on any processor."""
    timer, was = obj(args[0]), site.temp(BOOL)
    checks = atomic_context(site, "del_timer_sync")
    idle = not_(site.facts.handler_busy(timer))
    step(site, [(was, timer.at("armed")), (timer.at("armed"), FALSE)], checks, guard=idle)
    return was


def _pending(_facts: Facts, args: Sequence[Operand]) -> Expr:
    return obj(args[0]).at("armed")


def fire(site: Site, timer: ObjRef) -> None:
    """The step that starts the handler: an armed timer expires."""
    armed = timer.at("armed")
    step(site, [(armed, FALSE)], guard=armed)


def _views(timer: ObjRef, _names: tuple[str, ...]) -> list[tuple[View, str, Expr, int | None]]:
    return [(View.TIMER, f"{timer.text} armed", timer.at("armed"), None)]


_T, _TT = (ArgKind.OBJECT,), (ArgKind.OBJECT, ArgKind.TICKS)

TIMER = ObjectKind(
    "timer",
    (Field("armed", bool_sort),),
    (
        Operation("mod_timer", "timer", _TT, draw=_arm, optional=1),
        Operation("add_timer", "timer", _TT, draw=_arm, optional=1),
        Operation("del_timer", "timer", _T, ResultKind.BOOL, draw=_delete),
        Operation("del_timer_sync", "timer", _T, ResultKind.BOOL, draw=_delete_sync, sleeps=True),
        Operation("timer_pending", "timer", _T, ResultKind.BOOL, value=_pending),
    ),
    views=_views,
)
