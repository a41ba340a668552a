"""Dead-variable reset: a variable that makes no difference any more goes back to its first value.

States that differ in dead variables only become one (Bozga, Fernandez and Ghirvu, State space reduction based on live
variables analysis, SAS 1999). Each step does so when its process arrives where the variable is dead, so all paths stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from oomcheck.analysis.live import Liveness, liveness
from oomcheck.analysis.slots import slots_named
from oomcheck.ir.expr import Index, Lit, Place
from oomcheck.ir.sorts import ArraySort, IntSort, scalar_of
from oomcheck.ir.system import Transition, TransitionSystem, Update
from oomcheck.prop.property import Property
from oomcheck.transform.focus import Reduced, focused


def reset(system: TransitionSystem, properties: Sequence[Property]) -> Reduced:
    """The same question where slots that one process alone writes have their first value wherever they are dead."""
    focus = focused(system, properties)
    alive = liveness(focus.system, focus.properties)
    steps = tuple(_resetting(focus.system, step, alive) for step in focus.system.transitions)
    return Reduced(replace(focus.system, transitions=steps), focus.properties)


def _resetting(system: TransitionSystem, step: Transition, alive: Liveness) -> Transition:
    """A step that leaves no dead slot of its process with another value than the first one."""
    dead = alive.dead(step.process, step.target)
    if not dead:
        return step
    written = {slot for update in step.updates for slot in slots_named(system, update.target)}
    # What was dead before has its first value already.
    due = dead & (written | (alive.own[step.process] - alive.dead(step.process, step.origin)))
    if not due:
        return step
    updates = tuple(u for u in step.updates if not due.issuperset(slots_named(system, u.target)))
    return replace(step, updates=(*updates, *(_first_value(system, slot) for slot in sorted(due))))


def _first_value(system: TransitionSystem, slot: int) -> Update:
    variable, element = system.slots[slot]
    place: Place = variable.var
    if isinstance(variable.sort, ArraySort):
        place = Index(variable.var, Lit(element, IntSort(element, element)))
    return Update(place, Lit(variable.init[element], scalar_of(variable.sort)))
