"""Model and specs in, what random walks ran into out. Nothing here is a verdict on the model as a whole."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from pathlib import Path

from oomcheck.diag.diagnostic import error
from oomcheck.evidence import Subject, build_trace
from oomcheck.ir.system import TransitionSystem
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.load import read_spec
from oomcheck.lang.lower import Lowered, lower
from oomcheck.lang.spec import check_target, typed_properties
from oomcheck.prop.property import ABOUT_RUNS, SANITIZERS, Kind, Property, sanitizer
from oomcheck.records import dataclass
from oomcheck.result.trace import Trace
from oomcheck.result.verdict import Word
from oomcheck.simulate.experiment import Measured
from oomcheck.simulate.lookout import Tally
from oomcheck.simulate.walk import Plan, Told, Walks, walk, without_detours

ENGINE = "sim"

#: Sanitizers that a single run can violate: the others are about all runs, or about those that never end.
OF_STATES = tuple(name for name in SANITIZERS if name not in ("unreachable", "zeno"))


@dataclass(frozen=True, slots=True)
class Query:
    """What to run, and what to look out for: `select` are globs over the names of properties, none means all."""

    model: Path
    specs: tuple[Path, ...] = ()
    params: Mapping[str, int | str] = field(default_factory=dict)
    include: tuple[Path, ...] = ()
    select: tuple[str, ...] = ()
    without: frozenset[str] = frozenset()  # sanitizers turned off


@dataclass(frozen=True, slots=True)
class Sighting:
    """How often a property was violated, or a cover met, with the shortest example, of run number `run`."""

    name: str
    kind: Kind
    sentence: str
    runs: int
    run: int
    trace: Trace | None

    @property
    def is_violation(self) -> bool:
        """Whether something went wrong in some run."""
        return self.runs > 0 and self.kind is not Kind.COVER


@dataclass(frozen=True, slots=True)
class Report:
    """All that the runs of a plan showed: `done` runs of them were made, `cut` of those by the step limit,
    `halted` by a fault.

    `unseen` are statements that no run executed, of `statements`; `unasked` names properties about whole
    behaviours, which no finite run can decide. `stopped` tells why there are fewer runs than planned. Runs in time
    have measures; threads in `never_late` could have been late by any time, and were not.
    """

    model: str
    params: tuple[tuple[str, str], ...]
    chosen: tuple[str, ...]
    plan: Plan
    done: int
    steps: int
    cut: int
    sightings: tuple[Sighting, ...]
    statements: int
    unseen: tuple[str, ...]
    unasked: tuple[str, ...]
    stopped: str
    timed: bool = False
    hz: int = 0
    measures: tuple[Measured, ...] = ()
    never_late: tuple[str, ...] = ()
    halted: int = 0

    @property
    def violated(self) -> bool:
        """Whether something went wrong in some run."""
        return any(sighting.is_violation for sighting in self.sightings)


def walk_files(
    query: Query, plan: Plan, should_stop: Callable[[], str] | None = None, progress: Told | None = None
) -> Report:
    """Walk through a model at random, at the parameter values of the query; the checks of specs play no part."""
    lowered = lower(load_model(query.model, query.params, query.include))
    properties, about_runs = select(query, read_properties(query, lowered))
    system = lowered.system
    found = walk(system, properties, plan, should_stop, progress)
    statements, unseen = places(system, found.taken)
    return Report(
        str(query.model),
        system.params,
        system.chosen,
        plan,
        found.runs,
        found.steps,
        found.cut,
        tuple(_sighting(system, prop, found, query) for prop in properties),
        statements,
        unseen,
        tuple(prop.name for prop in about_runs),
        found.stopped,
    )


def places(system: TransitionSystem, taken: frozenset[int]) -> tuple[int, tuple[str, ...]]:
    """How many statements there are, and those that no transition in `taken` runs."""
    points = {p.index: p for p in system.points if p.span is not None and not p.by_parameter}
    executed = frozenset().union(*(step.covers for step in system.transitions if step.index in taken))
    unseen = sorted((p.span.path, p.span.line, p.text) for n, p in points.items() if n not in executed and p.span)
    return len(points), tuple(f"{path}:{line}: {text}" for path, line, text in unseen)


def read_properties(query: Query, lowered: Lowered) -> list[Property]:
    """The properties of the specs, then the sanitizers; names that two specs share get that of the spec in front."""
    found: list[Property] = []
    for path in query.specs:
        tree, _ = read_spec(path)
        check_target(tree, path, query.model)
        found += [replace(prop, name=f"{path.stem}/{prop.name}") for prop in typed_properties(tree, lowered).values()]
    names = [prop.name.partition("/")[2] for prop in found]
    plain = [
        replace(prop, name=name) if names.count(name) == 1 else prop for prop, name in zip(found, names, strict=True)
    ]
    return plain + [sanitizer(name) for name in OF_STATES if name not in query.without]


def select(query: Query, properties: list[Property]) -> tuple[list[Property], list[Property]]:
    """The properties that the globs choose: those of states, and those about whole behaviours."""
    for glob in query.select:
        if not any(_matches(prop, glob) for prop in properties):
            known = ", ".join(prop.name for prop in properties)
            raise error("E0006", f"`-p {glob}` matches nothing", None, f"the properties: {known}")
    chosen = [p for p in properties if not query.select or any(_matches(p, glob) for glob in query.select)]
    return [p for p in chosen if p.kind not in ABOUT_RUNS], [p for p in chosen if p.kind in ABOUT_RUNS]


def _matches(prop: Property, glob: str) -> bool:
    return prop.name == glob or fnmatch.fnmatchcase(prop.name, glob)


def _sighting(system: TransitionSystem, prop: Property, found: Walks, query: Query) -> Sighting:
    tally = found.tallies[prop.name]
    trace = None if tally.witness is None else _example(system, prop, tally, query)
    return Sighting(prop.name, prop.kind, prop.sentence, tally.runs, tally.run, trace)


def _example(system: TransitionSystem, prop: Property, tally: Tally, query: Query) -> Trace:
    """The witness as a trace, re-checked by the reference semantics like every other."""
    assert tally.witness is not None
    witness = without_detours(system, tally.witness)
    title = Word.COVERED if prop.kind is Kind.COVER else Word.VIOLATED
    identity = f"{query.model.stem}/sim/{prop.name}"
    subject = Subject(str(query.model), identity, title.value, len(witness.steps) + 1, ENGINE)
    return replace(build_trace(system, prop, witness, subject), shortest=False)
