"""Models and specs in, a report of verdicts out: the one place where verdicts are decided."""

from __future__ import annotations

import fnmatch
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from oomcheck.diag.diagnostic import Diagnostic, OomcheckError, error
from oomcheck.evidence import Subject, build_trace
from oomcheck.ir.system import CoverPoint
from oomcheck.lang.elaborate import Elaborated, elaborate
from oomcheck.lang.load import Files, read_files, read_spec
from oomcheck.lang.lower import Lowered, lower, show_param
from oomcheck.lang.spec import Check, Spec, check_target, plan, provisional, typed_properties
from oomcheck.lang.tree import SpecFile
from oomcheck.prop.property import SANITIZERS, Kind, Property, sanitizer
from oomcheck.pygen.search import explore as explore_generated
from oomcheck.result.exploration import Exploration, Limits, Progress
from oomcheck.result.verdict import (
    Covered,
    DeadCode,
    Holds,
    Report,
    Result,
    Unknown,
    Unreachable,
    Vacuous,
    Verdict,
    Violated,
    Word,
    trace_of,
    word,
)
from oomcheck.semantics.search import explore as explore_reference
from oomcheck.vacuity import leaves_behaviour

ENGINES = ("auto", "explicit", "reference")
ASSUME = "assume"


@dataclass(frozen=True, slots=True)
class Options:
    """What to check and how. `select` and `exclude` are globs over property names and identities."""

    params: Mapping[str, int | str] = field(default_factory=dict)
    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    without: frozenset[str] = frozenset()  # sanitizers turned off
    limits: Limits = field(default_factory=Limits)
    engine: str = "auto"
    include: tuple[Path, ...] = ()
    should_stop: Callable[[], str] | None = None
    progress: Callable[[Progress], None] | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the report to come.

    `named` rows are those of a check's own list, which its expectation is about; `shown` ones were asked for,
    the others appear only if they fail.
    """

    identity: str
    check: Check
    spec: Spec | None
    prop: str
    params: tuple[tuple[str, int], ...]
    named: bool
    shown: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What the search of one parameter setting tells about all its rows."""

    lowered: Lowered
    exploration: Exploration
    dead: tuple[CoverPoint, ...]
    behaviour: bool | None  # whether assumptions leave any; None if that is not known


def check_files(model: Path, specs: tuple[Path, ...], options: Options) -> Report:
    """Check a model against its specs, or with its sanitizers alone if there are none."""
    if options.engine not in ENGINES:
        raise error("E0504", f"engine `{options.engine}` is not available in this version", None, "use auto")
    for number, path in enumerate(specs):
        if any(path.resolve() == other.resolve() for other in specs[:number]):
            raise error("E0003", f"the spec `{path}` is given twice")
    files = read_files(model, options.include)
    trees = _read_specs(model, specs)
    base = _elaborate_for(files, [tree for _, _, tree in trees], options)
    plans = [plan(tree, str(path), base, options.params, name) for name, path, tree in trees]
    rows = _select(list(_rows(plans, model, options, base)), plans, options)
    return _Runner(files, base, rows, options).run(str(model))


def _read_specs(model: Path, specs: tuple[Path, ...]) -> list[tuple[str, Path, SpecFile]]:
    """Each spec with the name that identities begin with: its stem, or its path where two share a stem."""
    found: list[tuple[str, Path, SpecFile]] = []
    seen: set[Path] = set()
    stems = Counter(path.stem for path in specs)
    for path in specs:
        tree, _ = read_spec(path)
        check_target(tree, path, model)
        if path.resolve() in seen:
            raise error("E0003", f"the spec `{path}` is given twice")
        seen.add(path.resolve())
        name = path.stem if stems[path.stem] == 1 else path.with_suffix("").as_posix().lstrip("/")
        found.append((name, path, tree))
    return found


def _elaborate_for(files: Files, trees: list[SpecFile], options: Options) -> Elaborated:
    """The model to plan with; a parameter that only the checks give a value has some value of theirs meanwhile."""
    try:
        return elaborate(files, options.params)
    except OomcheckError as failure:
        given = provisional(files, trees, options.params)
        if not given or any(d.code != "E0305" for d in failure.diagnostics):
            raise
    base = elaborate(replace(files, bindings=(*files.bindings, *given)), options.params)
    names = {binding.name.text for binding in given}
    params = tuple(replace(p, value=None) if p.name in names else p for p in base.model.params)
    return replace(base, model=replace(base.model, params=params))


# ---------------------------------------------------------------- what to check


def _rows(plans: list[Spec], model: Path, options: Options, base: Elaborated) -> Iterator[Row]:
    params = {param.name: param for param in base.model.params}

    def shown(name: str, value: int) -> str:
        return show_param(replace(params[name], value=value))

    if not plans:
        names = tuple(name for name in SANITIZERS if _by_default(name, options) and name not in options.without)
        check = Check("default", names, ({},), (), frozenset(), "", "", "", None)
        yield from _check_rows(check, None, model.stem, options, shown)
    for spec in plans:
        for check in spec.checks:
            yield from _check_rows(check, spec, spec.name, options, shown)


def _check_rows(
    check: Check, spec: Spec | None, name: str, options: Options, shown: Callable[[str, int], str]
) -> Iterator[Row]:
    implicit = [
        s
        for s in SANITIZERS
        if s not in check.properties and s not in check.without and s not in options.without and _by_default(s, options)
    ]
    for instance in check.instances:
        params = tuple(sorted({**instance, **_numbers(options.params)}.items()))
        ranged = [f"{p}={shown(p, instance[p])}" for p in check.ranged]
        suffix = f"[{','.join(ranged)}]" if ranged else ""
        for prop in (*check.properties, *implicit):
            if prop in options.without and check.name == "default":
                continue
            named = prop in check.properties
            yield Row(f"{name}/{check.name}/{prop}{suffix}", check, spec, prop, params, named, named)


def _numbers(params: Mapping[str, int | str]) -> dict[str, int]:
    return {name: value for name, value in params.items() if isinstance(value, int)}


def _by_default(name: str, options: Options) -> bool:
    """Dead code is always listed, but fails only where it is asked for."""
    return name != "unreachable" or name in options.select


def _select(rows: list[Row], plans: list[Spec], options: Options) -> list[Row]:
    """The rows that the globs choose; each glob must choose something, or E0006."""
    chosen = [row for row in rows if not options.select or any(_matches(row, glob) for glob in options.select)]
    left = [row for row in chosen if not any(_matches(row, glob) for glob in options.exclude)]
    if options.select and not any(row.named for row in left):
        left = [replace(row, shown=True) for row in left]  # sanitizers were asked for by name
    if not any(row.shown for row in left):
        raise error("E0006", "no property is selected", None, _selection_hint(plans, options))
    for flag, globs in (("-p", options.select), ("--exclude", options.exclude)):
        for glob in globs:
            if not any(_matches(row, glob) for row in rows):
                raise error("E0006", f"`{flag} {glob}` matches nothing", None, _selection_hint(plans, options))
    return left


def _matches(row: Row, glob: str) -> bool:
    names = (row.prop, row.identity, row.identity.partition("[")[0], f"{row.check.name}/{row.prop}")
    return any(name == glob or fnmatch.fnmatchcase(name, glob) for name in names)


def _selection_hint(plans: list[Spec], options: Options) -> str:
    names = sorted({name for p in plans for check in p.checks for name in check.properties} | set(SANITIZERS))
    wanted = ", ".join(options.select) or "everything"
    return f"-p {wanted}; the properties: {', '.join(names)}"


# ---------------------------------------------------------------- running


class _Runner:
    """Searches each parameter setting once, for all rows that need it."""

    def __init__(self, files: Files, base: Elaborated, rows: list[Row], options: Options) -> None:
        self._files = files
        self._base = base
        self._rows = rows
        self._options = options
        self._results: dict[int, Result] = {}  # by the number of the row
        self._dead: dict[str, bool] = {}  # statements by place, and whether some search never ran them
        self._partial = ""
        self._start = time.perf_counter()
        self._exhaustive = True

    def run(self, model: str) -> Report:
        """The report, rows in the order of the specs."""
        groups: dict[tuple[tuple[str, int], ...], list[int]] = {}
        for number, row in enumerate(self._rows):
            groups.setdefault(row.params, []).append(number)
        systems: dict[tuple[tuple[str, int], ...], Lowered] = {}
        typed: dict[tuple[tuple[str, int], ...], dict[tuple[str, str], Property]] = {}
        for params, numbers in groups.items():
            if self._stop_asked():
                break
            systems[params] = self._lower(params)
            typed[params] = self._typed(systems[params], [self._rows[n] for n in numbers])
        for params, numbers in groups.items():
            if self._stop_asked():
                break
            self._group(systems[params], typed[params], numbers)
        ordered = tuple(result for _, result in sorted(self._results.items()))
        asked = {row.prop for row in self._rows}
        on = tuple(s for s in SANITIZERS if s in asked or (s == "unreachable" and s not in self._options.without))
        dead = tuple(place for place, never in self._dead.items() if never) if self._exhaustive else ()
        values, chosen = self._values(systems)
        return Report(model, values, ordered, on, dead, (), chosen, self._partial)

    def _stop_asked(self) -> bool:
        """Whether the caller wants to stop; then the report is partial."""
        if not self._partial and self._options.should_stop is not None:
            self._partial = self._options.should_stop()
        return bool(self._partial)

    def _values(
        self, systems: Mapping[tuple[tuple[str, int], ...], Lowered]
    ) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
        """Parameters with values, and those that differ from their declaration: of the one setting, or as given."""
        if len(systems) == 1:
            system = next(iter(systems.values())).system
            return system.params, system.chosen
        params = self._base.model.params
        chosen = tuple(p.name for p in params if p.value is not None and p.value != p.default)
        return tuple((p.name, show_param(p)) for p in params), chosen

    def _lower(self, params: tuple[tuple[str, int], ...]) -> Lowered:
        values = {**self._options.params, **dict(params)}
        return lower(elaborate(self._files, values))

    def _typed(self, lowered: Lowered, rows: list[Row]) -> dict[tuple[str, str], Property]:
        """Properties by (spec, name); sanitizers have no spec."""
        found: dict[tuple[str, str], Property] = {("", name): sanitizer(name) for name in SANITIZERS}
        errors: list[Diagnostic] = []
        for spec in {row.spec.path: row.spec for row in rows if row.spec is not None}.values():
            try:
                for name, prop in typed_properties(spec.tree, lowered).items():
                    found[(spec.path, name)] = replace(prop, name=f"{spec.path}:{name}")
            except OomcheckError as failure:
                errors.extend(failure.diagnostics)
        if errors:
            raise OomcheckError(errors)
        return found

    def _group(self, lowered: Lowered, typed: dict[tuple[str, str], Property], numbers: list[int]) -> None:
        rows = [self._rows[number] for number in numbers]
        chosen: dict[str, Property] = {}
        for row in rows:
            prop = typed[_key(row)]
            chosen[prop.name] = prop
        search = explore_reference if self._options.engine == "reference" else explore_generated
        asked = [p for p in chosen.values() if p.name != "unreachable"]
        limits = self._options.limits
        if limits.timeout is not None:  # the time is for all searches together
            limits = replace(limits, timeout=max(limits.timeout - (time.perf_counter() - self._start), 1e-9))
        found = search(
            lowered.system,
            [*asked, sanitizer("unreachable")],
            limits,
            self._options.should_stop,
            self._options.progress,
        )
        if limits.timeout is not None and found.stopped.startswith("time limit"):
            found = replace(found, stopped=f"time limit {self._options.limits.timeout:g} s")
        if found.stopped in ("interrupted", "terminated"):
            self._partial = found.stopped
        behaviour: bool | None = True
        if ASSUME in found.halted and not found.stopped:
            behaviour = leaves_behaviour(lowered.system, should_stop=self._options.should_stop)
        known = Found(lowered, found, tuple(self._dead_code(lowered, found)), behaviour)
        for number, row in zip(numbers, rows, strict=True):
            result = self._result(row, typed[_key(row)], known)
            unsettled = bool(found.stopped) and not result.ok
            if row.shown or unsettled or word(result.verdict) is Word.VIOLATED:
                self._results[number] = result

    def _dead_code(self, lowered: Lowered, found: Exploration) -> list[CoverPoint]:
        """Statements that this search never ran; remembers those that some search of the command ran."""
        points = []
        for point in sorted(lowered.system.points, key=lambda p: (p.span.path, p.span.start) if p.span else ("", 0)):
            if point.span is None or point.by_parameter:
                continue
            dead = point.index not in found.covered
            if dead:
                points.append(point)
            self._dead[_place(point)] = self._dead.get(_place(point), True) and dead
        self._exhaustive = self._exhaustive and found.exhaustive
        return points

    def _result(self, row: Row, prop: Property, known: Found) -> Result:
        lowered, found = known.lowered, known.exploration
        engine = "reference" if self._options.engine == "reference" else "explicit"
        shown = replace(prop, name=row.prop)
        verdict = decide(prop, found, tuple(map(_place, known.dead)), known.behaviour)
        witness = found.witnesses.get(prop.name)
        if witness is not None:
            title = Word.COVERED if prop.kind is Kind.COVER else Word.VIOLATED
            subject = Subject(self._files.path, row.identity, title.value, found.states, engine)
            trace = build_trace(lowered.system, shown, witness, subject)
            if prop.kind is not Kind.COVER:
                verdict = Violated(trace)
            elif known.behaviour is not False:
                verdict = Covered(trace)
        sources = tuple(point.source for point in known.dead)
        ok, note = _judge(row, verdict, sources)
        trace_found = trace_of(verdict)
        return Result(
            row.identity,
            row.prop,
            prop.kind.value,
            verdict,
            ok,
            engine,
            found.exhaustive,
            found.states,
            found.transitions,
            found.depth,
            found.seconds,
            prop.sentence,
            row.check.expect if row.named else "",
            row.check.because if row.named else "",
            note,
            trace_found.ending.source if trace_found is not None else "",
            lowered.system.params,
            span=row.check.span,
        )


def _place(point: CoverPoint) -> str:
    assert point.span is not None
    return f"{point.span.path}:{point.span.line}: {point.text}"


def _key(row: Row) -> tuple[str, str]:
    return ("", row.prop) if row.prop in SANITIZERS or row.spec is None else (row.spec.path, row.prop)


def decide(prop: Property, found: Exploration, dead: tuple[str, ...] = (), behaviour: bool | None = True) -> Verdict:
    """The verdict on a property that has no witness; a positive one only if nothing was left out.

    `behaviour` tells whether assumptions leave any, None if that is not known.
    """
    if found.stopped:
        return Unknown(f"{found.stopped}: {found.states} states, depth {found.depth}")
    halted = sorted(found.halted - {ASSUME})
    if halted:
        return Unknown(f"behaviour ends at a fault that has no meaning beyond it: {', '.join(halted)}")
    if prop.kind is Kind.SANITIZER and prop.name == "unreachable" and dead:
        return DeadCode(dead)
    if behaviour is None:
        return Unknown("not settled whether the assumptions leave any behaviour")
    if not behaviour:
        return Vacuous("assume leaves no behaviour")
    if prop.kind is Kind.COVER:
        return Unreachable()
    missing = [part.text for n, part in enumerate(prop.antecedents) if (prop.name, n) not in found.antecedents]
    if missing:
        return Vacuous(f"`{missing[0]}` never holds")
    return Holds()


def _judge(row: Row, verdict: Verdict, sources: tuple[str, ...] = ()) -> tuple[bool, str]:
    """Whether a verdict is the expected one, and if not, why; `sources` are the places of dead code."""
    found = word(verdict)
    expect = row.check.expect if row.named else ""
    if not expect:
        return found in (Word.HOLDS, Word.COVERED), ""
    if found.value != expect:
        return False, f"expected {expect}"
    trace = trace_of(verdict)
    places = sources if trace is None else (trace.ending.source,)
    if row.check.at and row.check.at not in places:
        elsewhere = ", ".join(dict.fromkeys(filter(None, places))) or "a place without reference"
        return False, f"expected at {row.check.at}, found at {elsewhere}"
    return True, ""
