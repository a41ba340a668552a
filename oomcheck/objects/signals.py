"""Signals: SIGKILL to a thread group in one step, noticed later by each thread where it looks.

As in kernel/signal.c, v6.18: complete_signal() marks the group as exiting, makes SIGKILL
pending for each thread and wakes those that it wakes, all under siglock.
"""

from __future__ import annotations

from collections.abc import Sequence

from oomcheck.ir.expr import FALSE, TRUE, Expr, Index, Lit, and_, eq, ite, not_, or_
from oomcheck.ir.sorts import BOOL
from oomcheck.objects.base import (
    COUNTER,
    ArgKind,
    EdgeKind,
    Facts,
    Operand,
    Operation,
    ResultKind,
    Site,
    expr,
    step,
    this,
)
from oomcheck.objects.freezer import refrigerate, trap
from oomcheck.objects.task import (
    INTERRUPTIBLE,
    KILLABLE,
    RUNNING,
    fatal_pending,
    group_of,
    is_state,
    not_null,
    own,
    task_field,
)


def _fatal_signal_pending(facts: Facts, args: Sequence[Operand]) -> Expr:
    return task_field(facts, "sigkill", expr(args[0]))


def _signal_group_exit(facts: Facts, args: Sequence[Operand]) -> Expr:
    return facts.group_flags.at("group_exit", group_of(facts, expr(args[0])))


def _send_sigkill(site: Site, args: Sequence[Operand]) -> None:
    """Under siglock: group exit, pending bit of each thread of the group, wake those that SIGKILL wakes."""
    facts, task = site.facts, expr(args[0])
    target = group_of(facts, task)
    updates: list[tuple[Index, Expr]] = [(facts.group_flags.at("group_exit", target), TRUE)]
    for process, group in enumerate(facts.group_of):
        hit = eq(target, Lit(group, COUNTER))
        pending, state = own(facts, "sigkill", process), own(facts, "state", process)
        updates.append((pending, or_(hit, pending)))
        wakes = and_(hit, is_state(state, INTERRUPTIBLE, KILLABLE))
        updates.append((state, ite(wakes, RUNNING, state)))
    step(site, updates, [not_null(task)])


def _get_signal(site: Site, _args: Sequence[Operand]) -> Expr:
    """Return to user space: legacy freezers, then SIGKILL, then the v2 trap; after the trap SIGKILL, then all again.

    As in kernel/signal.c:get_signal, try_to_freeze() comes before the test of the group exit: a killed thread of a
    frozen v1 cgroup freezes instead of dying. The trap leads back behind try_to_freeze() (`relock`), so who leaves it
    killed dies. Who is not killed looks at the legacy freezers before it runs on: they have made a signal pending.
    """
    fatal = site.temp(BOOL)
    start, tested, trapped, done = (site.node() for _ in range(4))
    site.edge(site.here, start, kind=EdgeKind.FREE)
    site.here = start
    refrigerate(site)
    killed = fatal_pending(site.facts, site.me)
    site.edge(site.here, done, guard=killed, updates=[(fatal, TRUE)], note="SIGKILL is pending")
    site.edge(site.here, tested, guard=not_(killed), note="no SIGKILL")
    wanted = site.facts.trapped(this(site))
    if wanted == FALSE:
        site.edge(tested, done, updates=[(fatal, FALSE)], kind=EdgeKind.FREE)
    else:
        site.edge(tested, trapped, guard=wanted, note="the v2 freezer wants it")
        site.edge(tested, done, guard=not_(wanted), updates=[(fatal, FALSE)], note="no v2 freezer")
        site.here = trapped
        trap(site)
        site.edge(site.here, done, guard=killed, updates=[(fatal, TRUE)], note="SIGKILL is pending")
        site.edge(site.here, start, guard=not_(killed), note="no SIGKILL")
    site.here = done
    return fatal


_T = (ArgKind.TASK,)

SIGNAL_OPERATIONS = (
    Operation("fatal_signal_pending", "", _T, ResultKind.BOOL, value=_fatal_signal_pending),
    Operation("signal_group_exit", "", _T, ResultKind.BOOL, value=_signal_group_exit),
    Operation("send_sigkill", "", _T, draw=_send_sigkill),
    Operation("get_signal", "", (), ResultKind.BOOL, draw=_get_signal, sleeps=True, must_use=True),
)
