"""Why the last state of a path decides a property, in words."""

from __future__ import annotations

import re

from oomcheck.evidence.shown import step_text, with_indices
from oomcheck.ir.expr import Expr
from oomcheck.ir.system import Action, Fault, Location, LockInfo, State, Transition, TransitionSystem, View
from oomcheck.prop.property import Kind, Property
from oomcheck.result.exploration import Witness
from oomcheck.result.trace import Ending
from oomcheck.semantics.checks import may_rest
from oomcheck.semantics.evaluate import evaluate, slot_of

MAX_STUCK = 4  # threads to tell about in the message of a deadlock


def state_ending(system: TransitionSystem, prop: Property, witness: Witness, last: State) -> Ending:
    """Why `last`, the state behind the steps of a finite witness, decides `prop`."""
    return _Teller(system, prop, witness, last).ending()


def ending_at(message: str, process: str, text: str, action: Action | None) -> Ending:
    """An ending at the place of `action`."""
    span = action.span if action else None
    return Ending(
        message,
        process,
        text,
        span.path if span else "",
        span.line if span else 0,
        action.source if action else "",
    )


class _Teller:
    def __init__(self, system: TransitionSystem, prop: Property, witness: Witness, last: State) -> None:
        self._system = system
        self._prop = prop
        self._witness = witness
        self._last = last

    def ending(self) -> Ending:
        """The ending, by the kind of evidence."""
        witness, last = self._witness, self._last
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
        return ending_at(fault.message, name, step_text(self._system, action, None), action)

    def _race_ending(self, first: int, second: int) -> Ending:
        system, last = self._system, self._last
        one, two = system.transitions[first], system.transitions[second]
        where = self._raced(one, two, last)
        names = [system.processes[t.process].name for t in (one, two)]
        kinds = [("writes" if any(a.write for a in t.accesses) else "reads") for t in (one, two)]
        spans = [t.action.span for t in (one, two)]
        lines = [f"line {s.line}" if s else "?" for s in spans]
        message = (
            f"data race on {where}: {names[0]} {kinds[0]} it ({lines[0]}) while {names[1]} {kinds[1]} it ({lines[1]})"
        )
        return ending_at(message, names[0], one.action.text, one.action)

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
        return ending_at(message, system.processes[edge.process].name, action.text if action else "", action)

    def _acquiring(self, process: int, lock: int) -> Action | None:
        system, last = self._system, self._last
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
        return ending_at(message, "", "", Action(location.name, location.span, location.source))

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
        text = with_indices(system, steps[0].action, last) if steps else re.sub(r"^line \d+: ", "", location.name)
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
        ending = ending_at(message, "", "", action)
        return Ending(message, "", "", ending.file, ending.line, ending.source, parts if len(parts) > 1 else ())

    def _truth(self, formula: Expr, state: State) -> bool:
        return bool(evaluate(formula, state, self._system.slot))
