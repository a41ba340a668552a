"""Slicing: variables that make no difference to what is asked are left out, and so are the updates to them.

The cone of influence reduction (Clarke, Grumberg and Peled, Model Checking, 1999, section 13.1). All steps stay, with
their guards, so the paths are the same and so is what can be observed along them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from oomcheck.analysis.influence import influential, name_of
from oomcheck.ir.expr import Index, Place
from oomcheck.ir.sorts import ArraySort, IntSort, Sort
from oomcheck.ir.system import Access, StateVar, Transition, TransitionSystem
from oomcheck.prop.property import Property
from oomcheck.transform.focus import Reduced, focused

_NOTHING = IntSort(0, 0)


def sliced(system: TransitionSystem, properties: Sequence[Property]) -> Reduced:
    """The same question without variables that have no influence on the answer.

    A variable whose accesses can race stays as a place, but holds nothing any more: it is always 0.
    """
    focus = focused(system, properties)
    system = focus.system
    kept = influential(system, focus.properties)
    places = {name_of(access.place) for step in system.transitions for access in step.accesses} - kept
    hollow = {v.name: _hollow(v) for v in system.variables if v.name in places}
    variables = tuple(hollow.get(v.name, v) for v in system.variables if v.name in kept or v.name in hollow)
    steps = tuple(_cut(step, kept, hollow) for step in system.transitions)
    gone = tuple(name for v in system.variables if v.name not in kept for name in v.names)
    return Reduced(replace(system, variables=variables, transitions=steps), focus.properties, gone)


def _hollow(variable: StateVar) -> StateVar:
    """A place of the same shape that can hold one value only."""
    sort: Sort = ArraySort(_NOTHING, variable.sort.size) if isinstance(variable.sort, ArraySort) else _NOTHING
    return replace(variable, sort=sort, init=(0,) * len(variable.init))


def _cut(step: Transition, kept: frozenset[str], hollow: dict[str, StateVar]) -> Transition:
    return replace(
        step,
        updates=tuple(update for update in step.updates if name_of(update.target) in kept),
        accesses=tuple(_moved(access, hollow) for access in step.accesses),
    )


def _moved(access: Access, hollow: dict[str, StateVar]) -> Access:
    """An access to the place that stands for the same variable."""
    variable = hollow.get(name_of(access.place))
    if variable is None:
        return access
    place: Place = Index(variable.var, access.place.index) if isinstance(access.place, Index) else variable.var
    return replace(access, place=place)
