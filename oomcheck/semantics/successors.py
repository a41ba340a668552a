"""Enabled steps and faults of a state, and what a step does.

Lowering has already excluded halting faults from the guards of the steps that
they stop, so nothing here looks at faults to decide what is enabled.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter

from oomcheck.ir.system import Fault, State, Transition, TransitionSystem
from oomcheck.semantics.evaluate import Values, evaluate, slot_of


def location(system: TransitionSystem, state: Values, process: int) -> int:
    """Where a process stands."""
    return state[system.slot[system.processes[process].pc]]


def enabled(system: TransitionSystem, state: State) -> tuple[Transition, ...]:
    """Transitions that can be taken in `state`, in the order of their index."""
    candidates = (
        transition
        for process in range(len(system.processes))
        for transition in system.by_location.get((process, location(system, state, process)), ())
    )
    moves = (step for step in candidates if evaluate(step.guard, state, system.slot))
    return tuple(sorted(moves, key=attrgetter("index")))


def faults(system: TransitionSystem, state: State) -> tuple[Fault, ...]:
    """Faults that the next step of some process runs into, in the order of their index."""
    candidates = (
        fault
        for process in range(len(system.processes))
        for fault in system.faults_by_location.get((process, location(system, state, process)), ())
    )
    found = (fault for fault in candidates if evaluate(fault.guard, state, system.slot))
    return tuple(sorted(found, key=attrgetter("index")))


def effects(system: TransitionSystem, transition: Transition, state: Values) -> Iterator[tuple[int, int]]:
    """Slots that a step writes and their new values, in order: a later write wins.

    Everything is computed in the old state. A write outside an array is lost.
    """
    for update in transition.updates:
        value = evaluate(update.value, state, system.slot)
        slot = slot_of(update.target, state, system.slot)
        if slot is not None:
            yield slot, value
    yield system.slot[system.processes[transition.process].pc], transition.target


def apply(system: TransitionSystem, transition: Transition, state: State) -> State:
    """The state after an enabled transition."""
    new = list(state)
    for slot, value in effects(system, transition, state):
        new[slot] = value
    return tuple(new)


def successors(system: TransitionSystem, state: State) -> Iterator[tuple[Transition, State]]:
    """Enabled transitions of `state` in index order, each with the state it leads to."""
    for transition in enabled(system, state):
        yield transition, apply(system, transition, state)
