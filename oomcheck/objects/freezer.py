"""Freezers: `legacy` (cgroup v1 and PM) and `v2` (cgroup v2), with the refrigerator's separate steps.

Modelled on kernel/freezer.c and kernel/signal.c of v6.18. A legacy-frozen thread
is TASK_FROZEN; each wake-up passes through "write FROZEN, then test again", so
frozen() is true for a moment even for a thread on its way out. SIGKILL does not
wake it. A v2-frozen thread sleeps interruptibly in the job-control trap, SIGKILL
wakes it, and frozen() is never true for it.
"""

from __future__ import annotations

from collections.abc import Sequence

from oomcheck.ir.expr import FALSE, TRUE, Expr, and_, eq, ite, not_, or_
from oomcheck.ir.system import View
from oomcheck.objects.base import (
    ArgKind,
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
    step,
    this,
)
from oomcheck.objects.task import FROZEN, RUNNING, fatal_pending, not_null, own, task_field


def _freezing(facts: Facts, args: Sequence[Operand]) -> Expr:
    return facts.freezing(expr(args[0]))


def _frozen(facts: Facts, args: Sequence[Operand]) -> Expr:
    return eq(task_field(facts, "state", expr(args[0])), FROZEN)


def _v2_frozen(facts: Facts, args: Sequence[Operand]) -> Expr:
    return task_field(facts, "v2_frozen", expr(args[0]))


def _thaw_task(site: Site, args: Sequence[Operand]) -> None:
    """Under freezer_lock: a FROZEN thread becomes RUNNING."""
    place = task_field(site.facts, "state", expr(args[0]))
    step(site, [(place, ite(eq(place, FROZEN), RUNNING, place))], [not_null(expr(args[0]))])


def _freeze(site: Site, args: Sequence[Operand]) -> None:
    step(site, [(obj(args[0]).at("request"), TRUE)])


def _unfreeze(site: Site, args: Sequence[Operand]) -> None:
    """Withdraw the request; a legacy freezer then thaws its members one by one."""
    freezer = obj(args[0])
    step(site, [(freezer.at("request"), FALSE)])
    if freezer.variant == "legacy":
        for process in range(len(site.processes)):
            state = own(site.facts, "state", process)
            step(site, [(state, ite(eq(state, FROZEN), RUNNING, state))])


def refrigerate(site: Site) -> None:
    """try_to_freeze(): test; then write FROZEN, re-test under freezer_lock, leave or sleep, and again."""
    me = this(site)
    state = own(site.facts, "state", site.me)
    frozen = eq(state, FROZEN)
    inside, retest, leave, asleep, done = (site.node() for _ in range(5))
    wanted = site.facts.freezing(me)
    checks = atomic_context(site, "try_to_freeze")
    site.edge(site.here, inside, guard=wanted, checks=checks, note="freezing() is true")
    site.edge(site.here, done, guard=not_(wanted), note="freezing() is false")
    site.edge(inside, retest, updates=[(state, FROZEN)], note="state is FROZEN, to be re-tested")
    site.edge(retest, leave, guard=not_(wanted), note="freezing() is false now")
    site.edge(retest, asleep, guard=wanted, note="freezing() still true: sleeps")
    site.edge(leave, done, updates=[(state, RUNNING)], note="leaves the refrigerator")
    site.edge(asleep, inside, guard=not_(frozen), kind=EdgeKind.STEP, note="is woken")
    site.here = done


def _try_to_freeze(site: Site, _args: Sequence[Operand]) -> None:
    refrigerate(site)


def trap(site: Site) -> None:
    """do_freezer_trap(): unless SIGKILL is pending, sleep while the v2 freezer wants it."""
    me = this(site)
    frozen = own(site.facts, "v2_frozen", site.me)
    wanted = site.facts.trapped(me)
    killed = fatal_pending(site.facts, site.me)
    asleep, done = site.node(), site.node()
    enters = and_(wanted, not_(killed))
    checks = atomic_context(site, "do_freezer_trap")
    site.edge(site.here, asleep, guard=enters, updates=[(frozen, TRUE)], checks=checks, note="is trapped")
    site.edge(site.here, done, guard=not_(enters), note="is not trapped")
    site.edge(asleep, done, guard=or_(not_(wanted), killed), updates=[(frozen, FALSE)], note="leaves the trap")
    site.here = done


def _do_freezer_trap(site: Site, _args: Sequence[Operand]) -> None:
    trap(site)


def task_views(facts: Facts, names: tuple[str, ...]) -> list[tuple[View, str, Expr, int | None]]:
    """Who is frozen."""
    found: list[tuple[View, str, Expr, int | None]] = []
    for process in range(len(names)):
        found.append((View.FROZEN, "TASK_FROZEN", eq(own(facts, "state", process), FROZEN), process))
        found.append((View.FROZEN, "v2 trap", own(facts, "v2_frozen", process), process))
    return found


def freezing_of(freezers: Sequence[tuple[ObjRef, Expr, Expr]]) -> Expr:
    """Some freezer wants the thread: requested, member, and not exempt."""
    return or_(*(and_(f.at("request"), member, not_(exempt)) for f, member, exempt in freezers))


_F, _T = (ArgKind.OBJECT,), (ArgKind.TASK,)

FREEZER = ObjectKind(
    "freezer",
    (Field("request", bool_sort),),
    (
        Operation("freezer_freeze", "freezer", _F, draw=_freeze),
        Operation("freezer_thaw", "freezer", _F, draw=_unfreeze),
    ),
    variants=("legacy", "v2"),
)

FREEZER_OPERATIONS = (
    Operation("freezing", "", _T, ResultKind.BOOL, value=_freezing),
    Operation("frozen", "", _T, ResultKind.BOOL, value=_frozen),
    Operation("cgroup_task_frozen", "", _T, ResultKind.BOOL, value=_v2_frozen),
    Operation("thaw", "", _T, draw=_thaw_task),
    Operation("__thaw_task", "", _T, draw=_thaw_task),
    Operation("try_to_freeze", "", (), draw=_try_to_freeze, sleeps=True),
    Operation("do_freezer_trap", "", (), draw=_do_freezer_trap, sleeps=True),
)
