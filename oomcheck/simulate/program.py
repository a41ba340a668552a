"""A transition system compiled for running it: which steps are enabled, and what one of them does.

A search wants all successors of a state; a run wants one, and most steps leave most processes as they were.
So guards and updates are apart here, and each step knows whose guards it may have changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import cast

from oomcheck.ir.sorts import width
from oomcheck.ir.system import TransitionSystem
from oomcheck.pygen.branches import emit
from oomcheck.pygen.expressions import Emitter, load
from oomcheck.pygen.steps import successor
from oomcheck.pygen.watch import slots_below, written_slots
from oomcheck.semantics.guarded import guarded

#: Called with a state and a sink for the indices of the transitions that are enabled there.
Enabled = Callable[[Sequence[int], Callable[[int], None]], None]
#: The state after a transition; the one given stays as it is.
Take = Callable[[Sequence[int]], list[int]]
#: Other processes whose enabled steps a transition may change, each with the locations where it may.
Influence = tuple[tuple[int, frozenset[int]], ...]


class Program:
    """The compiled form of `system`; made once, shared by all runs."""

    def __init__(self, system: TransitionSystem) -> None:
        self.system = system
        self.counters = tuple(system.slot[process.pc] for process in system.processes)
        self.owner = {step.index: step.process for step in system.transitions}
        self.reads = {
            place: frozenset().union(*(slots_below(step.guard, system.slot) for step in steps))
            for place, steps in system.by_location.items()
        }
        self.writes = {step.index: written_slots(system, step) for step in system.transitions}
        self.enabled, self.take = _compile(system)
        self._steps = {step.index: step for step in system.transitions}
        self._influence: dict[int, Influence] = {}

    def influence(self, index: int) -> Influence:
        """Whose steps transition `index` may enable or disable, its own process left out."""
        found = self._influence.get(index)
        if found is None:
            found = self._influence[index] = self.readers(self.writes[index], self.owner[index])
        return found

    def readers(self, slots: frozenset[int], without: int | None = None) -> Influence:
        """Processes with the locations where some guard reads one of `slots`."""
        places: dict[int, set[int]] = {}
        for (process, location), read in self.reads.items():
            if process != without and not read.isdisjoint(slots):
                places.setdefault(process, set()).add(location)
        return tuple((process, frozenset(found)) for process, found in sorted(places.items()))


def _compile(system: TransitionSystem) -> tuple[tuple[tuple[Enabled | None, ...], ...], dict[int, Take]]:
    """For each process its enabledness by location, and for each transition its effect."""
    emitter = Emitter(system.slot)
    text: list[str] = []
    for (process, location), steps in system.by_location.items():
        text.append(f"def f{process}_{location}(s, t):")
        text += emit([guarded(step.guard, [f"t({step.index})"]) for step in steps], emitter)
    for step in system.transitions:
        text.append(f"def g{step.index}(s):")
        text += [f" {line}" for line in successor(system, step, emitter)]
        text.append(" return n")
    functions = load("".join(emitter.helpers) + "\n".join(text) + "\n")
    table = tuple(
        tuple(cast("Enabled | None", functions.get(f"f{number}_{place}")) for place in range(len(owner.locations)))
        for number, owner in enumerate(system.processes)
    )
    return table, {step.index: cast("Take", functions[f"g{step.index}"]) for step in system.transitions}


class Run:
    """A run in the making: its state, and for each process the transitions that it can take there."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self.state: list[int] = [*program.system.initial]
        self.moves: list[list[int]] = [[] for _ in program.counters]
        self.steps: list[int] = []
        for process in range(len(program.counters)):
            self.refresh(process)

    def refresh(self, process: int) -> None:
        """Find out again what `process` can do."""
        found: list[int] = []
        enabled = self._program.enabled[process][self.state[self._program.counters[process]]]
        if enabled is not None:
            enabled(self.state, found.append)
        self.moves[process] = found

    def take(self, index: int) -> list[int]:
        """Take transition `index`; the processes whose moves were looked at again."""
        program = self._program
        self.state = program.take[index](self.state)
        self.steps.append(index)
        changed = [program.owner[index]]
        self.refresh(changed[0])
        self._look_again(program.influence(index), changed)
        return changed

    def _look_again(self, influence: Influence, changed: list[int]) -> None:
        state, counters = self.state, self._program.counters
        for process, places in influence:
            if state[counters[process]] in places:
                self.refresh(process)
                changed.append(process)

    def replace(self, state: list[int], influence: Influence) -> list[int]:
        """Go on in another state, which differs in what `influence` reads; the processes looked at again."""
        self.state = state
        changed: list[int] = []
        self._look_again(influence, changed)
        return changed

    @property
    def indices(self) -> tuple[int, ...]:
        """All enabled transitions, in the order of their index."""
        return tuple(sorted(index for moves in self.moves for index in moves))


def countdown_slots(system: TransitionSystem) -> Iterator[int]:
    """All slots that time takes from."""
    for variable in system.variables:
        if variable.countdown:
            base = system.slot[variable.name]
            yield from range(base, base + width(variable.sort))
