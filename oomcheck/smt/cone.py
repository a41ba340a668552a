"""The cone of influence: of a system only what decides a condition, by whole variables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from oomcheck.ir.expr import Expr, Index, Place
from oomcheck.ir.sorts import ArraySort
from oomcheck.ir.system import StateVar, Transition, TransitionSystem, Update
from oomcheck.ir.walk import variables


def cone(system: TransitionSystem, conditions: Iterable[Expr]) -> TransitionSystem:
    """The system without the variables that never influence the conditions, and without the steps that then do nothing.

    Both systems reach the same values of the variables that are left: a step that writes one of them reads only such,
    and the others change none. So a path of the smaller system is one of the larger with steps left out. Transitions
    keep their index, but a process without its program counter is gone and the others are counted anew; so are faults,
    locks and observables, as the conditions name what is asked.
    """
    needed = set[str]().union(*map(variables, conditions))
    extents = {v.name: v.sort.extent for v in system.variables if isinstance(v.sort, ArraySort) and v.sort.extent}
    size = -1
    while len(needed) > size:
        size = len(needed)
        needed |= {extents[name] for name in needed & extents.keys()}
        for transition in system.transitions:
            if _written(system, transition) & needed:
                needed |= _read(system, transition, needed)
    kept = [number for number, process in enumerate(system.processes) if process.pc in needed]
    renumbered = {number: position for position, number in enumerate(kept)}
    return replace(
        system,
        variables=tuple(_owned(v, renumbered) for v in system.variables if v.name in needed),
        processes=tuple(system.processes[number] for number in kept),
        transitions=tuple(_less(t, needed, renumbered) for t in system.transitions if _written(system, t) & needed),
        faults=(),
        locks=(),
        observables=(),
        points=(),
    )


def _written(system: TransitionSystem, transition: Transition) -> set[str]:
    """Variables that a step may change."""
    moved = {system.processes[transition.process].pc} if transition.origin != transition.target else set()
    return moved | {_name(update.target) for update in transition.updates}


def _name(place: Place) -> str:
    return place.array.name if isinstance(place, Index) else place.name


def _read(system: TransitionSystem, transition: Transition, needed: set[str]) -> set[str]:
    """Variables that decide whether a step is taken and what it writes into needed ones."""
    found = {system.processes[transition.process].pc, *variables(transition.guard)}
    for update in transition.updates:
        if _name(update.target) in needed:
            found |= variables(update.value) | variables(update.target)
    return found


def _less(transition: Transition, needed: set[str], processes: Mapping[int, int]) -> Transition:
    updates: tuple[Update, ...] = tuple(u for u in transition.updates if _name(u.target) in needed)
    return replace(transition, process=processes[transition.process], updates=updates, accesses=())


def _owned(variable: StateVar, processes: Mapping[int, int]) -> StateVar:
    """The variable with the new number of its owner, if that is still there."""
    return variable if variable.owner is None else replace(variable, owner=processes.get(variable.owner))
