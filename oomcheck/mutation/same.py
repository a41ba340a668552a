"""Whether two readings of a model mean the same: then no check can tell a mutant from the model.

What is compared is the transition system without what it is called: texts, places and notes of steps are for people.
Systems that are told apart here may still mean the same; then the checks are run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from oomcheck.families import Family, Size
from oomcheck.ir.system import Role, StateVar, TransitionSystem
from oomcheck.prop.property import Property
from oomcheck.readings import Group


def same_reading(one: Group, two: Group) -> bool:
    """Whether all rows of both groups have the same answers."""
    if (one.params, one.mode, one.open, one.proof, one.typed.keys()) != (
        two.params,
        two.mode,
        two.open,
        two.proof,
        two.typed.keys(),
    ):
        return False
    if not _same_family(one.family, two.family):
        return False
    same = all(_asked(prop) == _asked(two.typed[key]) for key, prop in one.typed.items())
    return same and same_system(one.lowered.system, two.lowered.system)


def same_system(one: TransitionSystem, two: TransitionSystem) -> bool:
    """Whether two systems have the same states and steps, in the same order."""
    return all(a == b for a, b in zip(_parts(one), _parts(two), strict=True))


def _same_family(one: Family | None, two: Family | None) -> bool:
    if one is None or two is None:
        return one is two
    named = (one.parameter, one.name, one.least, bool(one.refusal)) == (
        two.parameter,
        two.name,
        two.least,
        bool(two.refusal),
    )
    return named and len(one.sizes) == len(two.sizes) and all(map(_same_size, one.sizes, two.sizes))


def _same_size(one: Size, two: Size) -> bool:
    return (
        _asked(one.prop) == _asked(two.prop)
        and one.lemmas.keys() == two.lemmas.keys()
        and all(_asked(lemma) == _asked(two.lemmas[name]) for name, lemma in one.lemmas.items())
        and same_system(one.system, two.system)
    )


def _asked(prop: Property) -> Property:
    return replace(prop, text="", sentence="")


def _parts(system: TransitionSystem) -> Iterator[object]:
    yield system.timed, system.hz, system.params
    yield tuple(map(_variable, system.variables))
    yield tuple(
        (p.name, p.kind, p.pc, p.done, p.daemon, p.fairness, p.slack, tuple(place.patience for place in p.locations))
        for p in system.processes
    )
    yield tuple(
        (
            t.process,
            t.origin,
            t.target,
            t.guard,
            t.updates,
            tuple((a.place, a.write, a.marked) for a in t.accesses),
            t.acquire,
            t.costs,
            t.ticks,
        )
        for t in system.transitions
    )
    yield tuple((f.process, f.origin, f.guard, f.sanitizer, f.halts) for f in system.faults)
    yield system.locks


def _variable(variable: StateVar) -> object:
    """A variable; the members of a program counter are called after lines."""
    if variable.role is Role.PC:
        return variable.name, variable.init, variable.owner
    return variable.name, variable.sort, variable.init, variable.role, variable.owner, variable.countdown
