"""Checks that a path is real, and that its end shows what a witness claims."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from oomcheck.ir.system import Location, State, TransitionSystem
from oomcheck.prop.property import Kind, Property
from oomcheck.result.exploration import LockEdge, Witness
from oomcheck.semantics.checks import deadlocked, deciding, forbids_deadlock, is_sanitizer, lock_edges, race
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.successors import apply, enabled, faults, location


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Step `step` (from 1) cannot be taken where the path takes it; `reason` is a clause for people."""

    step: int
    reason: str

    def __str__(self) -> str:
        return f"step {self.step}: {self.reason}"


def replay(system: TransitionSystem, steps: Sequence[int]) -> tuple[State, ...] | Mismatch:
    """The states along `steps` (transition indices), initial state first; or the step that is not one."""
    by_index = {transition.index: transition for transition in system.transitions}
    states = [system.initial]
    for number, index in enumerate(steps, start=1):
        state = states[-1]
        transition = by_index.get(index)
        if transition is None:
            return Mismatch(number, f"the model has no transition {index}")
        process = system.processes[transition.process]
        here = location(system, state, transition.process)
        if here != transition.origin:
            stands, starts = (_location_name(process.locations, at) for at in (here, transition.origin))
            return Mismatch(number, f"{process.name} stands at {stands}, but transition {index} starts at {starts}")
        if not evaluate(transition.guard, state, system.slot):
            return Mismatch(number, f"transition {index} of {process.name} is not enabled")
        states.append(apply(system, transition, state))
    return tuple(states)


def _location_name(locations: Sequence[Location], number: int) -> str:
    return locations[number].name if 0 <= number < len(locations) else str(number)


def check_witness(system: TransitionSystem, prop: Property, witness: Witness) -> str:
    """Why `witness` does not decide `prop`; "" if it does."""
    states = replay(system, witness.steps)
    if isinstance(states, Mismatch):
        return str(states)
    last = states[-1]
    if witness.fault is not None:
        return _check_fault(system, prop, witness.fault, last)
    if witness.racing is not None:
        return _check_race(system, prop, witness.racing, last)
    if witness.cycle:
        return _check_cycle(system, prop, witness)
    if forbids_deadlock(prop):
        return "" if deadlocked(system, prop, last, enabled(system, last)) else "the last state is not a deadlock"
    if prop.kind is Kind.SANITIZER:
        return f"nothing shows a violation of {prop.name}"
    return "" if evaluate(deciding(prop), last, system.slot) else f"the last state does not decide {prop.name}"


def _check_fault(system: TransitionSystem, prop: Property, index: int, last: State) -> str:
    fault = next((fault for fault in faults(system, last) if fault.index == index), None)
    if fault is None:
        return f"fault {index} does not occur in the last state"
    if not is_sanitizer(prop, fault.sanitizer):
        return f"fault {index} is no violation of {prop.name}"
    return ""


def _check_race(system: TransitionSystem, prop: Property, racing: tuple[int, int], last: State) -> str:
    if not is_sanitizer(prop, "race"):
        return f"a race is no violation of {prop.name}"
    moves = [move for move in enabled(system, last) if move.index in racing]
    if len(moves) == 2 and race(system, last, moves) is not None:
        return ""
    return f"transitions {racing[0]} and {racing[1]} do not race in the last state"


def _check_cycle(system: TransitionSystem, prop: Property, witness: Witness) -> str:
    """The edges close a circle of different processes, and each can be reached by its own path."""
    cycle = witness.cycle
    if not is_sanitizer(prop, "lockdep"):
        return f"a lock order is no violation of {prop.name}"
    if any(edge.wanted != following.held for edge, following in zip(cycle, cycle[1:] + cycle[:1], strict=True)):
        return "the lock orders do not close a circle"
    if len({edge.process for edge in cycle}) != len(cycle):
        return "one process appears twice in the circle of locks"
    if len(witness.paths) != len(cycle) or witness.paths[-1] != witness.steps:
        return "the lock orders do not come with their paths"
    for edge, path in zip(cycle, witness.paths, strict=True):
        problem = _check_edge(system, edge, path)
        if problem:
            return problem
    return ""


def _check_edge(system: TransitionSystem, edge: LockEdge, path: Sequence[int]) -> str:
    states = replay(system, path)
    if isinstance(states, Mismatch):
        return str(states)
    if edge in lock_edges(system, states[-1], enabled(system, states[-1])):
        return ""
    process = system.processes[edge.process].name
    return f"{process} does not take lock {edge.wanted} while holding lock {edge.held}"
