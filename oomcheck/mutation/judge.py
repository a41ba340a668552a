"""Does a check notice a mutant? Runs the checks that its change can reach, cheapest first, until one fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Final

from oomcheck.check import check_rows, laid_out
from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.diag.span import Source
from oomcheck.lang.build import build_model
from oomcheck.lang.elaborate import Elaborated
from oomcheck.lang.load import Files, read_files, read_spec
from oomcheck.lang.parsing import parse_tree
from oomcheck.lang.tree import SpecFile
from oomcheck.mutation.mutants import Mutant
from oomcheck.mutation.same import same_reading
from oomcheck.readings import Group, Readings
from oomcheck.records import dataclass
from oomcheck.result.verdict import HoldsUpTo, Report, Result, Unknown, Word, word
from oomcheck.rows import Options, Row, rows_of

#: A mutant may have so many times the states of the model, but at least so many, before its search is given up.
MORE: Final = 4
LEAST_STATES: Final = 100_000


@dataclass(frozen=True, slots=True)
class Killed:
    """The row `identity` does not have its expected verdict on the mutant; `found` is the one it has."""

    identity: str
    found: str


@dataclass(frozen=True, slots=True)
class Equivalent:
    """No reading of the model that a check looks at changes: nothing could notice."""


@dataclass(frozen=True, slots=True)
class Survived:
    """The steps of the model changed, and every check says the same; `specs` are those that looked."""

    specs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Undecided:
    """No check failed, but a budget ended the one of `identity`."""

    identity: str
    reason: str


@dataclass(frozen=True, slots=True)
class Invalid:
    """The mutant is no model: `reason` is what the front end says."""

    reason: str


Fate = Killed | Equivalent | Survived | Undecided | Invalid


@dataclass(frozen=True, slots=True)
class Target:
    """A spec with its model, both read; `name` is what its identities begin with."""

    name: str
    path: Path
    tree: SpecFile
    files: Files

    def reads(self, path: str) -> bool:
        """Whether the model is made of this file, among others."""
        return any(Path(source.path).resolve() == Path(path) for source in self.files.sources)


@dataclass(frozen=True, slots=True)
class Reading:
    """Rows of a target that one search or proof settles, and what that took: seconds, and the most states of a row.

    `good` are the identities that are as expected without any mutant; others tell nothing.
    """

    target: int
    rows: tuple[int, ...]
    seconds: float
    states: int
    good: frozenset[str]


@dataclass(slots=True)
class Bench:
    """What mutants are tried on. Readings of the unchanged models are made once and kept."""

    targets: Sequence[Target]
    options: Options
    _plain: dict[tuple[int, tuple[int, ...]], Group] = field(default_factory=dict)

    def plain(self, reading: Reading) -> Group:
        """A reading of a model as it is."""
        key = (reading.target, reading.rows)
        if key not in self._plain:
            target = self.targets[reading.target]
            _, rows = laid(target, target.files, self.options)
            self._plain[key] = group_of(target.files, [rows[n] for n in reading.rows], self.options)
        return self._plain[key]


def open_target(name: str, path: Path, options: Options) -> Target:
    """Read a spec and its model; raises OomcheckError."""
    tree, _ = read_spec(path)
    model = path.parent / tree.model
    return Target(name, path, tree, read_files(model, options.include))


def laid(target: Target, files: Files, options: Options) -> tuple[Elaborated, list[Row]]:
    """The model to plan with, and the rows of a spec."""
    base, plans = laid_out(files, [(target.name, target.path, target.tree)], options)
    return base, list(rows_of(plans, Path(files.path), options, base))


def group_of(files: Files, rows: list[Row], options: Options) -> Group:
    """The one reading that settles all these rows."""
    (group,) = Readings(files, options).groups(rows, lambda: False)
    return group


def readings_of(number: int, target: Target, options: Options) -> tuple[tuple[Reading, ...], tuple[Result, ...]]:
    """All readings of a target, each with what its search says and takes, and the results."""
    base, rows = laid(target, target.files, options)
    found: list[Reading] = []
    results: list[Result] = []
    for group in Readings(target.files, options).groups(rows, lambda: False):
        start = time.perf_counter()
        report = check_rows(target.files, base, [rows[n] for n in group.rows], options)
        seconds = time.perf_counter() - start
        bad = {result.identity for result in report.results if not result.ok}
        good = frozenset(rows[n].identity for n in group.rows) - bad
        states = max((result.states for result in report.results), default=0)
        found.append(Reading(number, group.rows, seconds, states, good))
        results += report.results
    return tuple(found), tuple(results)


def judge(mutant: Mutant, bench: Bench, readings: Sequence[Reading], stop: Callable[[], str]) -> Fate | None:
    """What becomes of a mutant; None if the caller wants to stop. Readings are tried in the order given."""
    changed: dict[int, tuple[Files, Elaborated, list[Row]]] = {}
    looked: dict[str, None] = {}
    undecided: Undecided | None = None
    for reading in readings:
        target = bench.targets[reading.target]
        if not target.reads(mutant.path):
            continue
        if stop():
            return None
        try:
            if reading.target not in changed:
                files = mutated(target.files, mutant)
                changed[reading.target] = (files, *laid(target, files, bench.options))
            files, base, rows = changed[reading.target]
            asked = [rows[n] for n in reading.rows]
            if same_reading(group_of(files, asked, bench.options), bench.plain(reading)):
                continue
            report = check_rows(files, base, asked, _within(bench.options, reading))
        except OomcheckError as failure:
            return Invalid(failure.diagnostics[0].message)
        looked[target.name] = None
        found = _failed(report, reading.good)
        if isinstance(found, Killed):
            return found
        undecided = undecided or found
    return undecided or (Survived(tuple(looked)) if looked else Equivalent())


def _within(options: Options, reading: Reading) -> Options:
    """The budget of one search of a mutant: so much more than the model needs, and no more."""
    most = max(LEAST_STATES, reading.states * MORE)
    limits = options.limits
    if limits.max_states is not None:
        most = min(most, limits.max_states)
    return replace(options, limits=replace(limits, max_states=most))


def _failed(report: Report, good: frozenset[str]) -> Killed | Undecided | None:
    """The first row that is not as expected, if there is one; a verdict counts more than an open one."""
    bad = [result for result in report.results if not result.ok and result.identity in good]
    for result in bad:
        if word(result.verdict) not in (Word.UNKNOWN, Word.HOLDS_UP_TO):
            return Killed(result.identity, word(result.verdict).title)
    return Undecided(bad[0].identity, reason(bad[0])) if bad else None


def reason(result: Result) -> str:
    """Why a row is open."""
    match result.verdict:
        case Unknown(reason=text) | HoldsUpTo(reason=text):
            return text
        case _:
            return ""


def mutated(files: Files, mutant: Mutant) -> Files:
    """The files with a mutant in one of them; raises OomcheckError if that does not parse."""
    trees, sources = list(files.files), list(files.sources)
    for place, source in enumerate(sources):
        if Path(source.path).resolve() == Path(mutant.path):
            sources[place] = Source(source.path, mutant.applied(source.text))
            trees[place] = build_model(parse_tree(sources[place], "model"), sources[place])
    main = trees[files.files.index(files.main)]
    digest = f"{files.digest}, {mutant.name}"
    return replace(files, main=main, files=tuple(trees), sources=tuple(sources), digest=digest)
