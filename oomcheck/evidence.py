"""From what a search found to a trace that people can read; every trace is replayed first."""

from __future__ import annotations

import re
from dataclasses import dataclass

from oomcheck.ir.expr import Expr
from oomcheck.ir.sorts import Scalar, show
from oomcheck.ir.system import (
    Action,
    Fault,
    Location,
    LockInfo,
    ProcessKind,
    Role,
    State,
    Transition,
    TransitionSystem,
    View,
)
from oomcheck.prop.property import Kind, Property
from oomcheck.result.exploration import Witness
from oomcheck.result.trace import Change, Ending, Fact, Step, Trace
from oomcheck.semantics.checks import may_rest
from oomcheck.semantics.commute import fewest_switches
from oomcheck.semantics.evaluate import evaluate, slot_of, slots_read
from oomcheck.semantics.replay import Mismatch, check_witness, replay

MAX_STUCK = 4  # threads to tell about in the message of a deadlock


class EvidenceError(Exception):
    """Evidence that fails its re-check: a defect of the tool, never a verdict (exit code 4)."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a trace is about, for its header."""

    model: str
    identity: str
    verdict: str
    states: int
    engine: str


def build_trace(system: TransitionSystem, prop: Property, witness: Witness, subject: Subject) -> Trace:
    """The trace of a witness, with as few thread switches as its order of steps allows."""
    problem = check_witness(system, prop, witness)
    if problem:
        raise EvidenceError(f"{subject.identity}: {problem}")
    last = _acting(system, witness)
    steps = fewest_switches(system, witness.steps, last)
    better = Witness(steps, witness.fault, witness.racing, witness.cycle, witness.paths)
    if check_witness(system, prop, better):
        steps, better = witness.steps, witness
    states = replay(system, steps)
    if isinstance(states, Mismatch):
        raise EvidenceError(f"{subject.identity}: {states}")
    return _Writer(system, prop, better, subject, states).trace()


def _acting(system: TransitionSystem, witness: Witness) -> int | None:
    if witness.fault is not None:
        return system.faults[witness.fault].process
    return None


class _Writer:
    def __init__(
        self,
        system: TransitionSystem,
        prop: Property,
        witness: Witness,
        subject: Subject,
        states: tuple[State, ...],
    ) -> None:
        self._system = system
        self._prop = prop
        self._witness = witness
        self._subject = subject
        self._states = states

    def trace(self) -> Trace:
        """The whole trace."""
        system, subject = self._system, self._subject
        quiet = {ProcessKind.ENV, ProcessKind.SOFTIRQ}
        return Trace(
            subject.model,
            system.digest,
            system.params,
            system.chosen,
            subject.identity,
            self._prop.name,
            self._prop.kind.value,
            subject.verdict,
            self._prop.sentence,
            tuple(p.name for p in system.processes),
            tuple(p.name for p in system.processes if p.kind in quiet),
            values(system, self._states[0]),
            tuple(self._step(n, index) for n, index in enumerate(self._witness.steps, start=1)),
            self._ending(),
            facts(system, self._states[-1]),
            subject.states,
            True,
            subject.engine,
        )

    def _step(self, number: int, index: int) -> Step:
        system = self._system
        before, after = self._states[number - 1], self._states[number]
        transition = system.transitions[index]
        action = transition.action
        changes = tuple(
            Change(
                system.slot_names[slot],
                show(system.slot_sorts[slot], old),
                show(system.slot_sorts[slot], new),
                _hidden(system, slot),
            )
            for slot, (old, new) in enumerate(zip(before, after, strict=True))
            if old != new
        )
        span = action.span
        return Step(
            number,
            system.processes[transition.process].name,
            index,
            step_text(system, action, before),
            span.path if span else "",
            span.line if span else 0,
            action.source,
            changes,
            self._reads(transition, before),
        )

    def _reads(self, transition: Transition, before: State) -> tuple[tuple[str, str], ...]:
        """Shared values that the guard looked at, where the text does not tell what was read."""
        if transition.action.result is not None:
            return ()
        system = self._system
        slots = slots_read(transition.guard, before, system.slot)
        return tuple(
            (system.slot_names[slot], show(system.slot_sorts[slot], before[slot]))
            for slot in slots
            if not _hidden(system, slot)
        )

    # ------------------------------------------------------------ the end

    def _ending(self) -> Ending:
        witness, last = self._witness, self._states[-1]
        if witness.fault is not None:
            return self._fault_ending(self._system.faults[witness.fault])
        if witness.racing is not None:
            return self._race_ending(*witness.racing)
        if witness.cycle:
            return self._cycle_ending()
        if self._prop.kind is Kind.DEADLOCK_FREE or self._prop.name == "deadlock":
            return self._deadlock_ending(last)
        return self._state_ending(last)

    def _fault_ending(self, fault: Fault) -> Ending:
        action = fault.action
        name = self._system.processes[fault.process].name
        return _ending(fault.message, name, step_text(self._system, action, None), action)

    def _race_ending(self, first: int, second: int) -> Ending:
        system, last = self._system, self._states[-1]
        one, two = system.transitions[first], system.transitions[second]
        where = self._raced(one, two, last)
        names = [system.processes[t.process].name for t in (one, two)]
        kinds = [("writes" if any(a.write for a in t.accesses) else "reads") for t in (one, two)]
        spans = [t.action.span for t in (one, two)]
        lines = [f"line {s.line}" if s else "?" for s in spans]
        message = (
            f"data race on {where}: {names[0]} {kinds[0]} it ({lines[0]}) while {names[1]} {kinds[1]} it ({lines[1]})"
        )
        return _ending(message, names[0], one.action.text, one.action)

    def _raced(self, one: Transition, two: Transition, last: State) -> str:
        system = self._system
        slots = {slot_of(a.place, last, system.slot) for a in one.accesses}
        for access in two.accesses:
            slot = slot_of(access.place, last, system.slot)
            if slot is not None and slot in slots:
                return system.slot_names[slot]
        return "a variable"

    def _cycle_ending(self) -> Ending:
        system = self._system
        parts = [
            f"{system.processes[e.process].name} takes {system.locks[e.wanted].name} while it holds "
            f"{system.locks[e.held].name}"
            for e in self._witness.cycle
        ]
        edge = self._witness.cycle[-1]
        action = self._acquiring(edge.process, edge.wanted)
        message = "locks are taken in two orders: " + "; ".join(parts)
        return _ending(message, system.processes[edge.process].name, action.text if action else "", action)

    def _acquiring(self, process: int, lock: int) -> Action | None:
        system, last = self._system, self._states[-1]
        for transition in system.transitions:
            if transition.process != process or transition.acquire is None:
                continue
            here = evaluate(system.at(process, transition.origin), last, system.slot)
            if here and evaluate(transition.acquire, last, system.slot) == lock:
                return transition.action
        return None

    def _deadlock_ending(self, last: State) -> Ending:
        system = self._system
        stuck = []
        for number, process in enumerate(system.processes):
            place = last[system.slot[process.pc]]
            if place != process.done and not may_rest(system, number):
                stuck.append((number, process.locations[place]))
        parts = [self._waiting(number, location, last) for number, location in stuck[:MAX_STUCK]]
        if len(stuck) > MAX_STUCK:
            parts.append(f"{len(stuck) - MAX_STUCK} more threads are stuck")
        message = "nobody can move: " + "; ".join(parts)
        if not stuck:
            return Ending("nobody can move")
        location = stuck[0][1]
        return _ending(message, "", "", Action(location.name, location.span, location.source))

    def _waiting(self, number: int, location: Location, last: State) -> str:
        """What a stuck thread waits for: a lock and who holds it, or the statement that cannot go on."""
        system = self._system
        name = system.processes[number].name
        for observable in system.observables:
            if (
                observable.view is View.WAITS
                and observable.process == number
                and self._truth(observable.condition, last)
            ):
                wanted = re.sub(r" \((read|write)\)$", "", observable.text)
                lock = next((lock for lock in system.locks if lock.name == wanted), None)
                if lock is not None:
                    return f"{name} waits for {observable.text}{self._held(lock, last)}"
        line = f" (line {location.span.line})" if location.span else ""
        place = last[system.slot[system.processes[number].pc]]
        steps = system.by_location.get((number, place), ())
        if not steps and location.span is None:
            return f"{name} can never go on"
        text = _with_indices(system, steps[0].action, last) if steps else re.sub(r"^line \d+: ", "", location.name)
        text = text.rstrip(";")
        if text.startswith("await "):
            return f"{name} waits for {text.removeprefix('await ')}{line}"
        return f"{name} is stuck in {text}{line}"

    def _held(self, lock: LockInfo, last: State) -> str:
        system = self._system
        holders = [p.name for p, held in zip(system.processes, lock.holders, strict=True) if self._truth(held, last)]
        return f", held by {' and '.join(holders)}" if holders else ""

    def _state_ending(self, last: State) -> Ending:
        prop, system = self._prop, self._system
        if not self._truth(prop.defined, last):
            message = "the property reads through NULL or outside of an array here"
        elif prop.kind is Kind.COVER:
            message = prop.text
        elif prop.kind is Kind.NEVER:
            message = f"{prop.text} is true"
        else:
            message = f"{prop.text} is false"
        parts = tuple((part.text, self._truth(part.formula, last)) for part in prop.conjuncts)
        action = None
        if self._witness.steps:
            action = system.transitions[self._witness.steps[-1]].action
        ending = _ending(message, "", "", action)
        return Ending(message, "", "", ending.file, ending.line, ending.source, parts if len(parts) > 1 else ())

    def _truth(self, formula: Expr, state: State) -> bool:
        return bool(evaluate(formula, state, self._system.slot))


def facts(system: TransitionSystem, state: State) -> tuple[Fact, ...]:
    """Who holds what, waits for what, is frozen, and which timers are armed."""
    found = []
    for observable in system.observables:
        if evaluate(observable.condition, state, system.slot):
            name = "" if observable.process is None else system.processes[observable.process].name
            found.append(Fact(observable.view.value, name, observable.text))
    return tuple(dict.fromkeys(found))


def values(system: TransitionSystem, state: State) -> tuple[tuple[str, str], ...]:
    """Name and value of each variable that traces show."""
    return tuple(
        (system.slot_names[slot], show(system.slot_sorts[slot], value))
        for slot, value in enumerate(state)
        if not _hidden(system, slot)
    )


def step_text(system: TransitionSystem, action: Action, before: State | None) -> str:
    """What a step does: the statement, with what it returned or which way it went."""
    text = action.text if before is None else _with_indices(system, action, before)
    if before is not None and action.result is not None:
        value, sort = action.result
        text = f"{text} is {_value(value, sort, before, system)}"
    return f"{text}: {action.note}" if action.note else text


def _with_indices(system: TransitionSystem, action: Action, state: State) -> str:
    """The text of a statement, indices as values."""
    text = action.text
    for index, value, sort in action.indices:
        text = text.replace(f"[{index}]", f"[{_value(value, sort, state, system)}]")
    return text


def _value(value: Expr, sort: Scalar, state: State, system: TransitionSystem) -> str:
    return show(sort, evaluate(value, state, system.slot))


def _hidden(system: TransitionSystem, slot: int) -> bool:
    variable = system.slots[slot][0]
    return variable.quiet or variable.role is Role.PC


def _ending(message: str, process: str, text: str, action: Action | None) -> Ending:
    span = action.span if action else None
    return Ending(
        message,
        process,
        text,
        span.path if span else "",
        span.line if span else 0,
        action.source if action else "",
    )
