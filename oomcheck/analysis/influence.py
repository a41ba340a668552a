"""What a search of states observes, and which variables influence that: the cone of influence.

A search looks at enabled steps, program counters, the formulas of the properties, faults that halt or are asked for,
and at more where the sanitizers `race` and `lockdep` are asked. Whatever keeps all of that may change the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from oomcheck.ir.expr import Expr, Index, Place
from oomcheck.ir.system import Fault, TransitionSystem
from oomcheck.ir.walk import variables
from oomcheck.prop.formula import Atom, subformulas
from oomcheck.prop.property import Kind, Property
from oomcheck.prop.temporal import CostBound, Liveness, Response

RACE, LOCKDEP, DEADLOCK = "race", "lockdep", "deadlock"


def asks(properties: Iterable[Property], name: str) -> bool:
    """Whether the sanitizer of that name is among the properties."""
    return any(prop.kind is Kind.SANITIZER and prop.name == name for prop in properties)


def is_watched(fault: Fault, properties: Iterable[Property]) -> bool:
    """Whether a search tells where this fault happens: one that halts always, others if they are asked for."""
    return fault.halts or asks(properties, fault.sanitizer)


def formulas(properties: Iterable[Property]) -> Iterator[Expr]:
    """The conditions on states that decide properties, or that they must not hold without."""
    for prop in properties:
        yield from (prop.formula, prop.defined)
        yield from (part.formula for part in prop.antecedents)
        if prop.kind is Kind.DEADLOCK_FREE or asks([prop], DEADLOCK):
            yield prop.rest
        match prop.temporal:
            case Liveness(formula=formula):
                yield from (node.condition for node in subformulas(formula) if isinstance(node, Atom))
            case Response(trigger=trigger, response=response):
                yield from (trigger, response)
            case CostBound() | None:
                pass


def observed(system: TransitionSystem, properties: Sequence[Property]) -> Iterator[Expr]:
    """Everything whose value a search sees: as long as all of these keep their values, so do its findings.

    What is due at a location of a process is seen while the process stands there; the program counters are seen too.
    """
    yield from formulas(properties)
    for fault in system.faults:
        if is_watched(fault, properties):
            yield fault.guard
    races = asks(properties, RACE)
    for step in system.transitions:
        yield step.guard
        if races:
            yield from indices(access.place for access in step.accesses)
    if asks(properties, LOCKDEP):
        acquiring = {step.process: None for step in system.transitions if step.acquire is not None}
        yield from (step.acquire for step in system.transitions if step.acquire is not None)
        yield from (lock.holders[process] for process in acquiring for lock in system.locks)


def indices(places: Iterable[Place]) -> Iterator[Expr]:
    """The indices of those places that are elements."""
    return (place.index for place in places if isinstance(place, Index))


def name_of(place: Place) -> str:
    """The variable that a place belongs to."""
    return place.array.name if isinstance(place, Index) else place.name


def influential(system: TransitionSystem, properties: Sequence[Property]) -> frozenset[str]:
    """The variables whose values can make a difference to what is observed, now or later; program counters are."""
    found = {process.pc for process in system.processes}
    sources: dict[str, set[str]] = {}  # what the values of a variable are computed from, and where they are put
    for step in system.transitions:
        for update in step.updates:
            read = variables(update.value) | frozenset().union(*map(variables, indices([update.target])))
            sources.setdefault(name_of(update.target), set()).update(read)
    new = set().union(*map(variables, observed(system, properties)))
    while new:
        found |= new
        new = set().union(*(sources.get(name, ()) for name in new)) - found
    return frozenset(found)
