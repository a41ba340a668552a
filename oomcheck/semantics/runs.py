"""Runs as states: lassos unrolled once, where a run may rest, and how it keeps its fairness assumptions."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from oomcheck.ir.system import ProcessKind, State, Transition, TransitionSystem
from oomcheck.prop.temporal import Fairness, FairnessKind, Liveness
from oomcheck.records import dataclass
from oomcheck.result.exploration import REST, Witness
from oomcheck.semantics.paths import Mismatch, replay
from oomcheck.semantics.successors import enabled, faults

TIME = "time"  # what the assumption that time goes on is called


@dataclass(frozen=True, slots=True)
class Run:
    """The states of a finite path, or of a lasso unrolled once, and the transitions between them.

    `states` has one entry more than `steps`. A lasso has `loop`: the number of the state from which the steps repeat;
    there the last state equals that one. If no steps follow it, that state lasts for ever.
    """

    states: tuple[State, ...]
    steps: tuple[Transition, ...]
    loop: int | None = None

    @property
    def positions(self) -> tuple[State, ...]:
        """Each state of the run once, as a lasso is read: after the last one comes `loop` again."""
        return self.states if self.loop is None or self.rests else self.states[:-1]

    @property
    def rests(self) -> bool:
        """Whether nothing moves any more after the last state."""
        return self.loop == len(self.steps)

    @property
    def repeated(self) -> tuple[Transition, ...]:
        """The steps of the loop."""
        return () if self.loop is None else self.steps[self.loop :]

    @property
    def ticks(self) -> int:
        """The time from the first state to the last."""
        return sum(step.ticks for step in self.steps)


def may_rest(system: TransitionSystem, state: State, moves: Iterable[Transition] | None = None) -> bool:
    """Whether a run may stay in `state` for ever: nobody but the environment can move, and no fault ends it here.

    `moves` are the enabled transitions of `state`, if they are known.
    """
    moves = enabled(system, state) if moves is None else moves
    if any(system.processes[move.process].kind is not ProcessKind.ENV for move in moves):
        return False
    return not any(fault.halts for fault in faults(system, state))


def run_of(system: TransitionSystem, witness: Witness) -> Run | str:
    """The run of a witness, or why it is none: a clause for people."""
    resting = witness.loop == (REST,)
    path = witness.steps if resting else (*witness.steps, *witness.loop)
    states = replay(system, path)
    if isinstance(states, Mismatch):
        return str(states)
    by_index = {transition.index: transition for transition in system.transitions}
    steps = tuple(by_index[index] for index in path)
    if not witness.loop:
        return Run(states, steps)
    loop = len(witness.steps)
    if resting and not may_rest(system, states[-1]):
        return "the run does not end where it may rest"
    if states[loop] != states[-1]:
        return "the loop does not lead back to where it starts"
    return Run(states, steps, loop)


def owed(system: TransitionSystem, liveness: Liveness) -> tuple[Fairness, ...]:
    """The fairness of a property; where time is modelled, that it goes on comes last."""
    ticks = frozenset(step.index for step in system.transitions if step.ticks)
    passing = Fairness(TIME, FairnessKind.PROGRESS, ticks)
    if not ticks or any((f.kind, f.steps) == (passing.kind, passing.steps) for f in liveness.fairness):
        return liveness.fairness
    return (*liveness.fairness, passing)


def every_thread(system: TransitionSystem) -> tuple[Fairness, ...]:
    """Weak fairness of each process that is neither environment nor clock."""
    own: dict[int, set[int]] = {}
    for step in system.transitions:
        own.setdefault(step.process, set()).add(step.index)
    return tuple(
        Fairness(process.name, FairnessKind.WEAK, frozenset(own.get(number, ())))
        for number, process in enumerate(system.processes)
        if process.kind not in (ProcessKind.ENV, ProcessKind.CLOCK)
    )


class Keeping(Enum):
    """How a loop keeps a fairness assumption."""

    TAKEN = "taken"  # a step of the set is in the loop
    BLOCKED = "blocked"  # in some state of the loop none is enabled
    NEVER = "never"  # in no state of the loop one is enabled


@dataclass(frozen=True, slots=True)
class Kept:
    """How and where: `position` is the number of the step that is taken, or of the state in which none is enabled."""

    how: Keeping
    position: int


def kept(system: TransitionSystem, fairness: Fairness, run: Run) -> Kept | None:
    """How the loop of a lasso keeps `fairness`; None if it does not. Steps count from 1, states from 0."""
    assert run.loop is not None, "only what repeats can be fair"
    for number, step in enumerate(run.repeated, start=run.loop + 1):
        if step.index in fairness.steps:
            return Kept(Keeping.TAKEN, number)
    if fairness.kind is FairnessKind.PROGRESS:
        return None
    places = range(run.loop, len(run.positions))
    free = [i for i in places if not any(m.index in fairness.steps for m in enabled(system, run.states[i]))]
    if len(free) == len(places):
        return Kept(Keeping.NEVER, run.loop)
    if free and fairness.kind is FairnessKind.WEAK:
        return Kept(Keeping.BLOCKED, free[0])
    return None
