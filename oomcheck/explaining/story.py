"""A run with what each of its steps reads and writes, and who else depends on that."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from oomcheck.explaining.explanation import Place
from oomcheck.explaining.reduced import SEEN, Question
from oomcheck.explaining.same import key_of
from oomcheck.ir.expr import Index
from oomcheck.ir.system import Action, ProcessKind, Role, State, Transition, TransitionSystem
from oomcheck.records import dataclass
from oomcheck.result.exploration import Witness
from oomcheck.semantics.evaluate import slots_read
from oomcheck.semantics.replay import check_witness
from oomcheck.semantics.runs import Run, run_of
from oomcheck.semantics.successors import effects

#: Processes of which a trace shows actions, not a thread.
ACTORS = frozenset({ProcessKind.ENV, ProcessKind.SOFTIRQ})


@dataclass(frozen=True)
class Story:
    """A run that decides the property of a question. Steps are numbered from 1; state n is that after step n."""

    question: Question
    witness: Witness
    run: Run

    @cached_property
    def system(self) -> TransitionSystem:
        """The system that the run is one of."""
        return self.question.system

    def step(self, number: int) -> Transition:
        """Step `number` of the run."""
        return self.run.steps[number - 1]

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        """The steps that are no ticks of the clock."""
        return tuple(n for n, step in enumerate(self.run.steps, start=1) if not step.ticks)

    def name(self, number: int) -> str:
        """Who takes a step."""
        return self.system.processes[self.step(number).process].name

    def kind(self, process: int) -> ProcessKind:
        """The kind of a process."""
        return self.system.processes[process].kind

    @cached_property
    def movers(self) -> tuple[int, ...]:
        """The processes that take a step, in the order of their first."""
        return tuple(dict.fromkeys(self.step(n).process for n in self.numbers))

    @cached_property
    def failing(self) -> int | None:
        """The process whose next step is the fault at the end."""
        return None if self.witness.fault is None else self.system.faults[self.witness.fault].process

    def reads(self, number: int) -> frozenset[int]:
        """The slots that a step looks at, its own program counter left out."""
        return self._footprints[number - 1][0]

    def writes(self, number: int) -> frozenset[int]:
        """The slots that a step writes, its own program counter included."""
        return self._footprints[number - 1][1]

    @cached_property
    def _footprints(self) -> tuple[tuple[frozenset[int], frozenset[int]], ...]:
        pairs = zip(self.run.steps, self.run.states, strict=False)
        return tuple(_footprint(self.system, step, state) for step, state in pairs)

    def statement(self, number: int) -> frozenset[int]:
        """The transitions of the statement of a step, wherever it is inlined in the process and however it ends."""
        step = self.step(number)
        return self._statements[step.process, key_of(step.action)]

    @cached_property
    def _statements(self) -> dict[tuple[int, tuple[str, str, int, int]], frozenset[int]]:
        """The transitions of each statement of each process."""
        found: dict[tuple[int, tuple[str, str, int, int]], set[int]] = {}
        for step in self.question.base.transitions:
            found.setdefault((step.process, key_of(step.action)), set()).add(step.index)
        return {key: frozenset(indices) for key, indices in found.items()}

    def here(self, number: int) -> frozenset[int]:
        """The transitions of the statement of a step that start where this step does."""
        origin, steps = self.step(number).origin, self.question.base.transitions
        return frozenset(index for index in self.statement(number) if steps[index].origin == origin)

    def is_seen(self, number: int) -> bool:
        """Whether a step changes anything that others can see, ghosts left out: erasing these changes nothing."""
        before, after = self.run.states[number - 1], self.run.states[number]
        slots = (s for s in self.writes(number) if before[s] != after[s])
        return any(self.system.slots[slot][0].role in SEEN - GHOSTS for slot in slots)

    def shown(self, slot: int) -> str:
        """How reports call a slot; a place in the code for a program counter."""
        variable = self.system.slots[slot][0]
        if variable.role is Role.PC and variable.owner is not None:
            return f"where {self.system.processes[variable.owner].name} stands"
        return self.system.slot_names[slot]


GHOSTS = frozenset({Role.GHOST})


def story_of(question: Question, witness: Witness) -> Story | None:
    """The story of a witness; None if it decides nothing here."""
    system = question.system
    if check_witness(system, question.prop, witness):
        return None
    run = run_of(system, witness)
    return None if isinstance(run, str) else Story(question, witness, run)


def place_of(action: Action) -> Place:
    """Where an action stands."""
    span = action.span
    return Place(action.source, span.path if span else "", span.line if span else 0)


def _footprint(system: TransitionSystem, step: Transition, state: State) -> tuple[frozenset[int], frozenset[int]]:
    return frozenset(_reads(system, step, state)), frozenset(slot for slot, _ in effects(system, step, state))


def _reads(system: TransitionSystem, step: Transition, state: State) -> Iterator[int]:
    yield from slots_read(step.guard, state, system.slot)
    for update in step.updates:
        yield from slots_read(update.value, state, system.slot)
        if isinstance(update.target, Index):
            yield from slots_read(update.target.index, state, system.slot)
