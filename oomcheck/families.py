"""Models whose number of threads is open: read at two sizes, and counted (docs/counting.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from oomcheck.ir.expr import and_
from oomcheck.ir.system import TransitionSystem
from oomcheck.lang.families import ThreadNumber
from oomcheck.prop.property import Property
from oomcheck.records import dataclass
from oomcheck.smt.targets import Lemma
from oomcheck.transform.counting.counted import Counted, Refused
from oomcheck.transform.counting.facts import invariants
from oomcheck.transform.counting.family import LEAST_MEMBERS
from oomcheck.transform.counting.uniform import counted_family
from oomcheck.transform.reset import reset
from oomcheck.transform.slice import sliced

SIZES: Final = 2


@dataclass(frozen=True, slots=True)
class Size:
    """The system at one size, with the property that is asked and the lemmas that may help."""

    system: TransitionSystem
    prop: Property
    lemmas: Mapping[str, Property]


@dataclass(frozen=True, slots=True)
class Family:
    """The threads `name[0]`, `name[1]`, ... of a model: `least` of them or more, as many as `parameter` says.

    `sizes` are readings at sizes that follow each other; `refusal` says why they cannot stand for all sizes, "" if
    nothing is known against it yet.
    """

    parameter: str
    name: str
    least: int
    sizes: tuple[Size, ...]
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Counting:
    """What a prover is asked for all sizes at once."""

    counted: Counted
    system: TransitionSystem
    prop: Property
    lemmas: tuple[Lemma, ...]


def sizes_to_read(least: int) -> tuple[int, ...]:
    """The sizes at which a family is read."""
    first = max(LEAST_MEMBERS, least)
    return tuple(range(first, first + SIZES))


def refusal_of(parameter: str, threads: ThreadNumber, opened: frozenset[str], mentioned: str = "") -> str:
    """Why a number of threads cannot stay open together with all that is asked; `mentioned` is where a spec has it."""
    others = sorted(opened - {parameter})
    if others:
        return f"`{parameter}` is a number of threads: it cannot stay open together with `{others[0]}`"
    where = mentioned
    if threads.elsewhere is not None:
        where = f"{threads.elsewhere.path}:{threads.elsewhere.line}"
    told = f"`{parameter}` is to be the number of threads `{threads.family}` alone, but it occurs at {where}"
    return told if where else ""


def count(family: Family) -> Counting | Refused:
    """Count the threads of a family; lemmas that cannot be counted together with the property are left out."""
    if family.refusal:
        return Refused(family.refusal)
    found = _counted(family, with_lemmas=True)
    if isinstance(found, Refused) and any(size.lemmas for size in family.sizes):
        found = _counted(family, with_lemmas=False)
    return found


def _counted(family: Family, with_lemmas: bool) -> Counting | Refused:
    names = list(family.sizes[0].lemmas) if with_lemmas else []
    sizes = [_smaller(one.system, [one.prop, *(one.lemmas[name] for name in names)]) for one in family.sizes]
    found = counted_family(sizes, family.name, family.least)
    if isinstance(found, Refused):
        asked = family.sizes[0].prop.name
        return Refused(found.reason.replace(asked, asked.rpartition(":")[2]))
    prop, *lemmas = found.properties
    stated = [Lemma(name, and_(p.defined, p.formula)) for name, p in zip(names, lemmas, strict=True)]
    derived = [Lemma(f"@{number}", fact, derived=True) for number, fact in enumerate(dict.fromkeys(invariants(found)))]
    params = tuple((name, "any" if name == family.parameter else shown) for name, shown in found.system.params)
    return Counting(found, replace(found.system, params=params), prop, (*stated, *derived))


def _smaller(system: TransitionSystem, properties: Sequence[Property]) -> tuple[TransitionSystem, tuple[Property, ...]]:
    """Without what makes no difference to the question, so that there are fewer local states.

    A variable without value may hold any value of its type where there are few, else behaviour ends there. References
    to threads have few values or many by the number of threads, so behaviour ends where any variable has none.
    """
    faults = tuple(replace(f, halts=True) if f.sanitizer == "uninit" else f for f in system.faults)
    cut = sliced(replace(system, faults=faults), properties)
    done = reset(cut.system, cut.properties)
    return done.system, done.properties
