"""waitqueue: test, enqueue, test again, sleep until woken; a wake-up that is never sent is never felt.

As in ___wait_event() of include/linux/wait.h, v6.18. The queue entry stands for
the sleeper's state too: a waker removes it, and a sleeper without entry is awake.
"""

from __future__ import annotations

from collections.abc import Sequence

from oomcheck.ir.expr import FALSE, TRUE, Expr, Index, Lit, Var, and_, eq, not_, or_
from oomcheck.ir.sorts import BOOL
from oomcheck.ir.system import View
from oomcheck.objects.base import (
    TICKS,
    ArgKind,
    Assignment,
    EdgeKind,
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
    parts,
    step,
    this,
    tick_checks,
)
from oomcheck.objects.freezer import refrigerate
from oomcheck.objects.task import fatal_pending


def _wait(site: Site, args: Sequence[Operand], signals: bool, freezable: bool) -> Expr | None:
    """The loop of wait_event; with `signals` the result tells whether a fatal signal ended it."""
    queue, condition = obj(args[0]), args[1]
    queued = queue.at("sleeper", site.me)
    interrupted = site.temp(BOOL) if signals else None
    first, passed, enqueue, retest, asleep, ready, done = (site.node() for _ in range(7))
    settled = [] if interrupted is None else [(interrupted, FALSE)]
    checks = atomic_context(site, "wait_event")
    site.edge(site.here, first, checks=checks, kind=EdgeKind.BIND if checks else EdgeKind.FREE)
    condition_at(site, first, condition, passed, enqueue)
    site.edge(passed, done, updates=settled, kind=EdgeKind.FREE)
    site.edge(enqueue, retest, updates=[(queued, TRUE)], note="joins the queue")
    condition_at(site, retest, condition, ready, asleep)
    site.edge(ready, done, updates=[(queued, FALSE), *settled], note="leaves the queue")
    site.edge(asleep, enqueue, guard=not_(queued), note="is woken")
    if interrupted is not None:
        _interruptible(site, queued, interrupted, asleep, done)
    if freezable:
        _freezable(site, queued, asleep, retest)
    site.here = done
    return interrupted


def _wait_timeout(site: Site, args: Sequence[Operand], signals: bool) -> Expr:
    """wait_event_timeout(): true if the condition holds; false once the ticks are over, or a fatal signal came.

    As ___wait_event() with schedule_timeout(): when the ticks are over the condition is tested for the last time.
    """
    queue, condition, ticks = obj(args[0]), args[1], expr(args[2])
    queued, left = queue.at("sleeper", site.me), site.countdown()
    result = site.temp(BOOL)
    first, passed, start, enqueue, retest, asleep, over, ready, failed, done = (site.node() for _ in range(10))
    checks = [*atomic_context(site, "wait_event_timeout"), *tick_checks(ticks, "wait_event_timeout")]
    gone: list[Assignment] = [] if left is None else [(left, Lit(0, TICKS))]
    site.edge(site.here, first, checks=checks, kind=EdgeKind.BIND if checks else EdgeKind.FREE)
    condition_at(site, first, condition, passed, start)
    site.edge(passed, done, updates=[(result, TRUE)], kind=EdgeKind.FREE)
    site.edge(start, enqueue, updates=[] if left is None else [(left, ticks)], kind=EdgeKind.FREE)
    site.edge(enqueue, retest, updates=[(queued, TRUE)], note="joins the queue")
    condition_at(site, retest, condition, ready, asleep)
    site.edge(asleep, enqueue, guard=not_(queued), note="is woken")
    site.edge(asleep, over, guard=TRUE if left is None else eq(left, Lit(0, TICKS)), note="times out")
    if left is not None:
        site.rest_at(asleep, left, "wait_event_timeout")
    condition_at(site, over, condition, ready, failed)
    leave: list[Assignment] = [(queued, FALSE), *gone]
    site.edge(ready, done, updates=[*leave, (result, TRUE)], kind=EdgeKind.FREE)
    site.edge(failed, done, updates=[*leave, (result, FALSE)], kind=EdgeKind.FREE)
    if signals:
        killed = and_(queued, fatal_pending(site.facts, site.me))
        site.edge(asleep, done, guard=killed, updates=[*leave, (result, FALSE)], note="is interrupted")
    site.here = done
    return result


def condition_at(site: Site, node: int, condition: Operand, on_true: int, on_false: int) -> None:
    """Draw the test of the condition from `node`."""
    assert callable(condition)
    site.here = node
    condition(on_true, on_false)


def _interruptible(site: Site, queued: Index, interrupted: Var, asleep: int, done: int) -> None:
    killed = and_(queued, fatal_pending(site.facts, site.me))
    site.edge(asleep, done, guard=killed, updates=[(queued, FALSE), (interrupted, TRUE)], note="is interrupted")


def _freezable(site: Site, queued: Index, asleep: int, retest: int) -> None:
    """A freezer takes the sleeper where it sleeps; once thawed it tests the condition again."""
    inside = site.node()
    wanted = and_(queued, site.facts.freezing(this(site)))
    site.edge(asleep, inside, guard=wanted, note="freezing() is true")
    site.here = inside
    refrigerate(site)
    site.edge(site.here, retest, kind=EdgeKind.FREE)


def _wake_up(site: Site, args: Sequence[Operand]) -> None:
    step(site, [(place, FALSE) for place in parts(obj(args[0]), "sleeper")])


def _active(_facts: Facts, args: Sequence[Operand]) -> Expr:
    return or_(*parts(obj(args[0]), "sleeper"))


def _views(queue: ObjRef, names: tuple[str, ...]) -> list[tuple[View, str, Expr, int | None]]:
    return [(View.WAITS, queue.text, queue.at("sleeper", p), p) for p in range(len(names))]


_Q, _QC = (ArgKind.OBJECT,), (ArgKind.OBJECT, ArgKind.CONDITION)


def _variant(name: str, signals: bool, freezable: bool) -> Operation:
    def draw(site: Site, args: Sequence[Operand]) -> Expr | None:
        return _wait(site, args, signals, freezable)

    result = ResultKind.BOOL if signals else ResultKind.VOID
    return Operation(name, "waitqueue", _QC, result, draw=draw, sleeps=True, must_use=signals)


def _timeout(name: str, signals: bool) -> Operation:
    def draw(site: Site, args: Sequence[Operand]) -> Expr | None:
        return _wait_timeout(site, args, signals)

    return Operation(name, "waitqueue", (*_QC, ArgKind.INT), ResultKind.BOOL, draw=draw, sleeps=True)


WAITQUEUE = ObjectKind(
    "waitqueue",
    (Field("sleeper", bool_sort, per_process=True),),
    (
        _variant("wait_event", False, False),
        _variant("wait_event_killable", True, False),
        _variant("wait_event_interruptible", True, False),
        _variant("wait_event_freezable", False, True),
        _timeout("wait_event_timeout", False),
        _timeout("wait_event_killable_timeout", True),
        _timeout("wait_event_interruptible_timeout", True),
        Operation("wake_up", "waitqueue", _Q, draw=_wake_up),
        Operation("wake_up_all", "waitqueue", _Q, draw=_wake_up),
        Operation("waitqueue_active", "waitqueue", _Q, ResultKind.BOOL, value=_active),
    ),
    views=_views,
)
