"""The reachable states of a system by number, with what each of them is."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Final, cast

from oomcheck.analysis.components import POLL, Poll, Stopped, never
from oomcheck.analysis.graph import RunGraph
from oomcheck.diag.diagnostic import error
from oomcheck.explicit import Explicit, Means
from oomcheck.ir.expr import or_
from oomcheck.ir.system import ASSUME, State, Transition, TransitionSystem
from oomcheck.prop.property import sanitizer
from oomcheck.pygen.expressions import Emitter, load
from oomcheck.pygen.steps import successor
from oomcheck.records import dataclass
from oomcheck.result.exploration import Limits
from oomcheck.semantics.budget import Report, StopCheck
from oomcheck.semantics.checks import deadlocked
from oomcheck.semantics.successors import faults

PATIENCE: Final = 0.5  # seconds for what is done with the states after the wish to stop
_BAD: Final = 0  # the bit of the one condition that is asked of states
_DEADLOCK: Final = sanitizer("deadlock")


@dataclass(frozen=True)
class Space:
    """States and steps that a search has found; all there are, unless `stopped` says why it ended early."""

    system: TransitionSystem
    graph: RunGraph
    depth: int  # the most steps on a shortest path to a state
    stopped: str
    poll: Poll = never  # called now and then by what takes long; it ends that by raising Stopped

    @cached_property
    def steps(self) -> Mapping[int, Transition]:
        """Transitions by their index."""
        return {step.index: step for step in self.system.transitions}

    @cached_property
    def states(self) -> tuple[State, ...]:
        """The states by number, made again along the paths by which they were found."""
        graph, apply = self.graph, _appliers(self.system)
        found = [self.system.initial]
        for number in range(1, graph.states):
            if number % POLL == 0:
                self.poll()
            found.append(apply[graph.found_by[number]](found[graph.parent[number]]))
        return tuple(found)

    @cached_property
    def bad(self) -> bytearray:
        """1 for each state where the next step of some process runs into a fault."""
        return self.graph.where(_BAD)

    @cached_property
    def open(self) -> frozenset[int]:
        """States that were not expanded, or whose steps are unknown; none if the search was complete."""
        if not self.stopped:
            return frozenset()
        return frozenset(s for s in self._final() if not self.graph.rests[s] and not self._halts(s))

    @cached_property
    def deadlocks(self) -> frozenset[int]:
        """States where nobody can move although some thread has not finished."""
        finals = (s for s in self._final() if s not in self.open)
        return frozenset(s for s in finals if deadlocked(self.system, _DEADLOCK, self.states[s], ()))

    @cached_property
    def ends(self) -> frozenset[int]:
        """States where nobody moves any more, and nobody must."""
        finals = (s for s in self._final() if s not in self.open)
        return frozenset(s for s in finals if s not in self.deadlocks and not self._halts(s))

    def _final(self) -> Iterator[int]:
        first = self.graph.first
        return (s for s in self.numbers() if first[s] == first[s + 1])

    def _halts(self, number: int) -> bool:
        return any(fault.halts for fault in faults(self.system, self.states[number]))

    def numbers(self) -> Iterator[int]:
        """The numbers of the states, for a loop that may be ended."""
        for start in range(0, self.graph.states, POLL):
            self.poll()
            yield from range(start, min(start + POLL, self.graph.states))

    def sources(self) -> array[int]:
        """For each edge the state that it leaves."""
        found = array("i")
        for state in self.numbers():
            found.extend([state] * len(self.graph.edges_of(state)))
        return found


def explore_space(
    system: TransitionSystem,
    limits: Limits,
    environ: Mapping[str, str],
    should_stop: StopCheck | None = None,
    progress: Report | None = None,
) -> Space:
    """All reachable states, or those that were found when `should_stop` ended the search.

    Raises OomcheckError: E0303 if a limit ended it, E0506 if the user chose a compiler that does not work.
    """
    bad = or_(*(system.full_guard(fault) for fault in system.faults if fault.sanitizer != ASSUME))
    explicit = Explicit(Means(environ=environ))
    found, _ = explicit.survey(system, [bad], [], limits, should_stop, progress)
    stopped = told(found.exploration.stopped, limits)
    if stopped.startswith("state limit"):
        hint = "raise --max-states, or make the model smaller: `oomcheck info` lists its parameters"
        raise error("E0303", f"the model has more than {limits.max_states} states", None, hint)
    poll = never if should_stop is None else patient(should_stop)
    return Space(system, found.graph, found.exploration.depth, stopped, poll)


def patient(should_stop: StopCheck, patience: float = PATIENCE) -> Poll:
    """A poll that raises Stopped some time after the wish to stop, so that what is small can still be shown."""
    end: list[float] = []

    def poll() -> None:
        reason = should_stop()
        if reason:
            end.append(time.monotonic() + patience)
            if time.monotonic() > end[0]:
                raise Stopped(reason)

    return poll


def told(stopped: str, limits: Limits) -> str:
    """Why a search stopped; the time limit as the user gave it, not what was left of it."""
    return f"time limit {limits.timeout:g} s" if stopped.startswith("time limit") else stopped


Applier = Callable[[State], State]


def _appliers(system: TransitionSystem) -> dict[int, Applier]:
    """What each transition makes of a state in which it is enabled, by its index."""
    emitter = Emitter(system.slot)
    text: list[str] = []
    for step in system.transitions:
        body = [f" {line}" for line in successor(system, step, emitter)]
        text += [f"def g{step.index}(s):", *body, " return (*n,)"]
    functions = load("".join(emitter.helpers) + "\n".join(text) + "\n")
    return {step.index: cast("Applier", functions[f"g{step.index}"]) for step in system.transitions}
