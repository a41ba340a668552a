"""A lossy search of a system for its properties: what `engine` does exactly, done with a table that forgets."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from oomcheck.ir.system import TransitionSystem
from oomcheck.native.binding import Loaded, Target
from oomcheck.native.emit import WANT_ORDERS, WANT_RACES, emit
from oomcheck.native.evidence import Seen, decided, note, note_sets
from oomcheck.native.items import Items, Races, items_of
from oomcheck.native.lossy import LossyOptions, LossyOutcome, explore_lossy
from oomcheck.native.lossy_core import Task
from oomcheck.native.lossy_swarm import Swarm, explore_swarm
from oomcheck.prop.property import Property
from oomcheck.records import dataclass
from oomcheck.result.exploration import Exploration, Limits
from oomcheck.semantics.budget import Report, StopCheck
from oomcheck.semantics.findings import Findings
from oomcheck.semantics.sought import Occurs

Build = Callable[[int, str], Loaded]
Part = Callable[[int], ctypes.CDLL]


@dataclass(frozen=True, slots=True)
class Lossy:
    """How to search: once, or as a swarm."""

    options: LossyOptions
    swarm: Swarm | None = None
    reduce: bool = False  # use the model's partial-order reduction, if it has one
    symmetry: bool = False  # use the model's symmetry reduction, if it has one


def explore(
    system: TransitionSystem,
    properties: Sequence[Property],
    limits: Limits,
    build: Build,
    part: Part,
    mode: Lossy,
    should_stop: StopCheck | None = None,
    progress: Report | None = None,
) -> Exploration:
    """What a lossy search finds; `stopped` is never empty, so that nothing it did not find counts as absent.

    Witnesses are real but not shortest, and `states` counts only states that were visited. `part` gives the library of
    lossy searches for states of so many words. Raises TooWideError and what `build` and `part` raise.
    """
    items = items_of(system, properties)
    emitted = emit(system, items)
    loaded = build(emitted.layout.words, emitted.text)
    task = _task((part(loaded.words), loaded), items, properties, mode)
    if mode.swarm is None:
        found = explore_lossy(task, mode.options, limits, should_stop, progress)
    else:
        found = explore_swarm(task, mode.options, mode.swarm, limits, (should_stop, progress))
    findings = _findings(system, properties, items, found)
    record = findings.exploration(found.states, found.transitions, found.depth, found.stopped, found.seconds)
    return replace(record, shortest=False)


def _task(libraries: tuple[ctypes.CDLL, Loaded], items: Items, properties: Sequence[Property], mode: Lossy) -> Task:
    core, loaded = libraries
    names = frozenset(prop.name for prop in properties)

    def enough(seen: frozenset[int]) -> bool:
        return bool(names) and names <= decided(items, seen)

    def want(seen: frozenset[int]) -> int:
        is_decided = any(isinstance(items.items[number], Races) for number in seen)
        return WANT_ORDERS | (0 if is_decided else WANT_RACES)

    return Task(
        core=core,
        model=ctypes.addressof(loaded.model.contents),
        items=loaded.model.contents.items,
        steps=loaded.steps,
        wanted=frozenset(number for number, item in enumerate(items.items) if not isinstance(item, Occurs)),
        enough=enough,
        want=want,
        reduce=mode.reduce,
        symmetry=mode.symmetry,
    )


def _findings(system: TransitionSystem, properties: Sequence[Property], items: Items, found: LossyOutcome) -> Findings:
    paths: list[tuple[int, ...]] = []
    findings = Findings(properties, paths.__getitem__)
    covers = {step.index: step.covers for step in system.transitions}
    for step in found.fired:
        findings.covered |= covers[step]
    # An antecedent has no path; what else was seen without one found no memory for it, and is not known to be real.
    depths = {number: 0 for number in sorted(found.seen) if isinstance(items.items[number], Occurs)}
    depths |= {number: len(path) for number, path in found.paths.items()}
    seen = Seen(system, items, depths)
    note_sets(seen, findings)
    note(seen, findings, paths, lambda targets: ([_path(t, found.paths) for t in targets], ""))
    return findings


def _path(target: Target, paths: Mapping[int, tuple[int, ...]]) -> tuple[int, ...]:
    return next(paths[item] for item in sorted(target.items) if len(paths[item]) == target.depth)
