"""A bounded response as a condition on states: a countdown that watches the time since an unanswered trigger.

The monitor looks at the state that a step leaves, so nothing has to be computed in the state that follows, and it
keeps the indices of all steps.
"""

from __future__ import annotations

from dataclasses import replace

from oomcheck.ir.expr import Expr, Lit, Var, and_, binary, eq, ite, not_, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, IntSort
from oomcheck.ir.system import Role, StateVar, Transition, TransitionSystem, Update
from oomcheck.records import dataclass

LEFT, LATE = "@left", "@late"  # no name of a model has an @


@dataclass(frozen=True, slots=True)
class Monitored:
    """A clocked system with its monitor; `late` holds from the tick on that comes too late for the answer."""

    system: TransitionSystem
    late: Expr


def monitored(system: TransitionSystem, trigger: Expr, response: Expr, limit: int) -> Monitored:
    """Watch that `response` holds at most `limit` ticks after `trigger` does; a trigger before the answer adds nothing.

    `system` has a step that takes time, and that step may also be taken where nothing else changes: the time
    until an answer that never comes must be able to pass.
    """
    sort = IntSort(0, limit + 1)
    left, late = Var(LEFT, sort), Var(LATE, BOOL)
    # Ticks that are left in the state that is being left, plus one; 0: nothing is asked.
    waiting = not_(eq(left, Lit(0, sort)))
    now = ite(response, Lit(0, sort), ite(waiting, left, ite(trigger, Lit(limit + 1, sort), Lit(0, sort))))
    variables = (
        StateVar(LEFT, sort, (0,), Role.GHOST, (LEFT,), quiet=True),
        StateVar(LATE, BOOL, (0,), Role.GHOST, (LATE,), quiet=True),
    )
    steps = tuple(_watched(step, left, late, now, sort) for step in system.transitions)
    return Monitored(replace(system, variables=(*system.variables, *variables), transitions=steps), late)


def _watched(step: Transition, left: Var, late: Var, now: Expr, sort: IntSort) -> Transition:
    if not step.ticks:
        return replace(step, updates=(*step.updates, Update(left, now)))
    assert step.ticks == 1, "a tick is the unit of time"
    asked = not_(eq(now, Lit(0, sort)))
    fewer = ite(asked, binary(Op.SUB, now, Lit(1, sort)), Lit(0, sort))
    last = and_(asked, eq(now, Lit(1, sort)))
    updates = (*step.updates, Update(left, fewer), Update(late, or_(late, last)))
    return replace(step, updates=updates)
