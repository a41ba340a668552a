"""Paths re-executed: the states that a sequence of transitions goes through, or the first one that it cannot take."""

from __future__ import annotations

from collections.abc import Sequence

from oomcheck.ir.system import Location, State, TransitionSystem
from oomcheck.records import dataclass
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.successors import apply, location


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Step `step` (from 1) cannot be taken where the path takes it; `reason` is a clause for people."""

    step: int
    reason: str

    def __str__(self) -> str:
        return f"step {self.step}: {self.reason}"


def replay(system: TransitionSystem, steps: Sequence[int], start: State | None = None) -> tuple[State, ...] | Mismatch:
    """The states along `steps` (transition indices) from `start` (None: the initial state), that state first.

    Or the step that is not one.
    """
    by_index = {transition.index: transition for transition in system.transitions}
    states = [system.initial if start is None else start]
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
