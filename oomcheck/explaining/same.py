"""A sanitizer can fail at many places; a trace is about one of them, and so are the questions that it raises."""

from __future__ import annotations

from dataclasses import replace

from oomcheck.explaining.reduced import Question
from oomcheck.ir.expr import Index, Place
from oomcheck.ir.system import Access, Action, Fault, State, TransitionSystem
from oomcheck.prop.property import Kind
from oomcheck.result.exploration import Witness
from oomcheck.semantics.evaluate import slot_of

ELSEWHERE = " elsewhere"  # behind the name of a sanitizer: another fault of it


def same_fault(question: Question, witness: Witness, last: State) -> Question:
    """The question about the fault or data race of a witness alone, whose last state is `last`.

    A fault is the same in every thread that runs the statement. Other faults still end behaviour, but violate
    nothing; data races are those on the same variables. Indices stay; other properties are as they were.
    """
    base = question.base
    if not is_alone(question, witness):
        return question
    if witness.fault is not None:
        own = _key(base.faults[witness.fault])
        return question.on(replace(base, faults=tuple(_apart(fault, own) for fault in base.faults)))
    if witness.racing is not None:
        raced = _raced(question.system, witness.racing, last)
        steps = tuple(replace(s, accesses=_on(s.accesses, raced)) for s in base.transitions)
        return question.on(replace(base, transitions=steps))
    return question


def is_alone(question: Question, witness: Witness) -> bool:
    """Whether a witness shows one fault or data race of a sanitizer, so that others are another matter."""
    shows = witness.fault is not None or witness.racing is not None
    return question.prop.kind is Kind.SANITIZER and shows


def _key(fault: Fault) -> tuple[str, str, tuple[str, str, int, int]]:
    return fault.sanitizer, fault.message, key_of(fault.action)


def _apart(fault: Fault, own: tuple[str, str, tuple[str, str, int, int]]) -> Fault:
    if fault.sanitizer != own[0] or _key(fault) == own:
        return fault
    return replace(fault, sanitizer=fault.sanitizer + ELSEWHERE)


def key_of(action: Action) -> tuple[str, str, int, int]:
    """What tells the statements of a model apart."""
    span = action.span
    return (action.text, span.path, span.start, span.end) if span else (action.text, "", 0, 0)


def _raced(system: TransitionSystem, racing: tuple[int, int], last: State) -> frozenset[str]:
    """The variables that two steps race on."""
    first, second = (system.transitions[index].accesses for index in racing)
    found = set()
    for one in first:
        slot = slot_of(one.place, last, system.slot)
        for two in second:
            clash = (one.write or two.write) and not (one.marked and two.marked)
            if clash and slot is not None and slot == slot_of(two.place, last, system.slot):
                found.add(name_of(one.place))
    return frozenset(found)


def _on(accesses: tuple[Access, ...], names: frozenset[str]) -> tuple[Access, ...]:
    return tuple(access for access in accesses if name_of(access.place) in names)


def name_of(place: Place) -> str:
    """The variable of a place."""
    return place.array.name if isinstance(place, Index) else place.name
