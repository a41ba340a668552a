"""Models and specs in, a report of verdicts out: the one place where verdicts are decided."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from oomcheck.diag.diagnostic import Diagnostic, OomcheckError, error
from oomcheck.evidence import Subject, build_trace
from oomcheck.lang.elaborate import Elaborated, elaborate
from oomcheck.lang.load import Files, read_files, read_spec
from oomcheck.lang.lower import Lowered, lower, show_param
from oomcheck.lang.spec import Check, Spec, check_target, plan, typed_properties
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
    """One line of the report to come. `named` rows were asked for; others appear only if they fail."""

    identity: str
    check: Check
    spec: Spec | None
    prop: str
    params: tuple[tuple[str, int], ...]
    named: bool


def check_files(model: Path, specs: tuple[Path, ...], options: Options) -> Report:
    """Check a model against its specs, or with its sanitizers alone if there are none."""
    if options.engine not in ENGINES:
        raise error("E0504", f"engine `{options.engine}` is not available in this version", None, "use auto")
    for number, path in enumerate(specs):
        if any(path.resolve() == other.resolve() for other in specs[:number]):
            raise error("E0003", f"the spec `{path}` is given twice")
    files = read_files(model, options.include)
    base = elaborate(files, options.params)
    plans = [_plan(path, model, base, options) for path in specs]
    rows = list(_rows(plans, model, options, base))
    if not rows or not any(row.named for row in rows):
        raise error("E0006", "no property is selected", None, _selection_hint(plans, options))
    return _Runner(files, base, rows, options).run(str(model))


def _plan(path: Path, model: Path, base: Elaborated, options: Options) -> Spec:
    tree, _ = read_spec(path)
    check_target(tree, path, model)
    return plan(tree, str(path), base, options.params)


def _selection_hint(plans: list[Spec], options: Options) -> str:
    names = sorted({name for p in plans for check in p.checks for name in check.properties} | set(SANITIZERS))
    wanted = ", ".join(options.select) or "everything"
    return f"-p {wanted}; the properties: {', '.join(names)}"


# ---------------------------------------------------------------- what to check


def _rows(plans: list[Spec], model: Path, options: Options, base: Elaborated) -> Iterator[Row]:
    params = {param.name: param for param in base.model.params}

    def shown(name: str, value: int) -> str:
        return show_param(replace(params[name], value=value))

    if not plans:
        names = tuple(name for name in SANITIZERS if name != "unreachable" and name not in options.without)
        check = Check("default", names, ({},), (), frozenset(), "", "", "", None)
        yield from _selected(_check_rows(check, None, model.stem, options, shown), options)
    for spec in plans:
        for check in spec.checks:
            yield from _selected(_check_rows(check, spec, spec.name, options, shown), options)


def _check_rows(
    check: Check, spec: Spec | None, name: str, options: Options, shown: Callable[[str, int], str]
) -> Iterator[Row]:
    implicit = [
        s
        for s in SANITIZERS
        if s not in check.properties and s not in check.without and s not in options.without and s != "unreachable"
    ]
    for instance in check.instances:
        params = tuple(sorted({**instance, **_numbers(options.params)}.items()))
        ranged = [f"{p}={shown(p, instance[p])}" for p in check.ranged]
        suffix = f"[{','.join(ranged)}]" if ranged else ""
        for prop in (*check.properties, *implicit):
            if prop in options.without and check.name == "default":
                continue
            yield Row(f"{name}/{check.name}/{prop}{suffix}", check, spec, prop, params, prop in check.properties)


def _numbers(params: Mapping[str, int | str]) -> dict[str, int]:
    return {name: value for name, value in params.items() if isinstance(value, int)}


def _selected(rows: Iterator[Row], options: Options) -> Iterator[Row]:
    for row in rows:
        names = (row.prop, row.identity, row.identity.partition("[")[0], f"{row.check.name}/{row.prop}")
        if options.select and not any(fnmatch.fnmatchcase(n, g) for n in names for g in options.select):
            continue
        if any(fnmatch.fnmatchcase(n, g) for n in names for g in options.exclude):
            continue
        yield row


# ---------------------------------------------------------------- running


class _Runner:
    """Searches each parameter setting once, for all rows that need it."""

    def __init__(self, files: Files, base: Elaborated, rows: list[Row], options: Options) -> None:
        self._files = files
        self._base = base
        self._rows = rows
        self._options = options
        self._results: dict[str, Result] = {}
        self._dead: dict[str, bool] = {}  # statements by place, and whether some search never ran them
        self._partial = ""
        self._exhaustive = True

    def run(self, model: str) -> Report:
        """The report, rows in the order of the specs."""
        groups: dict[tuple[tuple[str, int], ...], list[Row]] = {}
        for row in self._rows:
            groups.setdefault(row.params, []).append(row)
        systems = {params: self._lower(params) for params in groups}
        typed = {params: self._typed(systems[params], rows) for params, rows in groups.items()}
        for params, rows in groups.items():
            if self._partial:
                break
            self._group(systems[params], typed[params], rows)
        ordered = tuple(self._results[row.identity] for row in self._rows if row.identity in self._results)
        on = tuple(s for s in SANITIZERS if s not in self._options.without)
        shown = next(iter(systems.values())).system if len(systems) == 1 else lower(self._base).system
        dead = tuple(place for place, never in self._dead.items() if never) if self._exhaustive else ()
        return Report(model, shown.params, ordered, on, dead, (), shown.chosen, self._partial)

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

    def _group(self, lowered: Lowered, typed: dict[tuple[str, str], Property], rows: list[Row]) -> None:
        chosen: dict[str, Property] = {}
        for row in rows:
            prop = typed[_key(row)]
            chosen[prop.name] = prop
        search = explore_reference if self._options.engine == "reference" else explore_generated
        asked = [p for p in chosen.values() if p.name != "unreachable"]
        found = search(
            lowered.system,
            [*asked, sanitizer("unreachable")],
            self._options.limits,
            self._options.should_stop,
            self._options.progress,
        )
        if found.stopped in ("interrupted", "terminated"):
            self._partial = found.stopped
        dead = self._dead_code(lowered, found)
        for row in rows:
            result = self._result(row, typed[_key(row)], lowered, found, tuple(dead))
            if row.named or word(result.verdict) is Word.VIOLATED:
                self._results[row.identity] = result

    def _dead_code(self, lowered: Lowered, found: Exploration) -> list[str]:
        """Statements that this search never ran; remembers those that some search of the command ran."""
        places = []
        for point in sorted(lowered.system.points, key=lambda p: (p.span.path, p.span.start) if p.span else ("", 0)):
            if point.span is None or point.by_parameter:
                continue
            place = f"{point.span.path}:{point.span.line}: {point.text}"
            dead = point.index not in found.covered
            if dead:
                places.append(place)
            self._dead[place] = self._dead.get(place, True) and dead
        self._exhaustive = self._exhaustive and found.exhaustive
        return places

    def _result(self, row: Row, prop: Property, lowered: Lowered, found: Exploration, dead: tuple[str, ...]) -> Result:
        engine = "reference" if self._options.engine == "reference" else "explicit"
        shown = replace(prop, name=row.prop)
        verdict = decide(prop, found, dead)
        witness = found.witnesses.get(prop.name)
        if witness is not None:
            title = Word.COVERED if prop.kind is Kind.COVER else Word.VIOLATED
            subject = Subject(self._files.path, row.identity, title.value, found.states, engine)
            trace = build_trace(lowered.system, shown, witness, subject)
            verdict = Covered(trace) if prop.kind is Kind.COVER else Violated(trace)
        ok, note = _judge(row, verdict)
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
            row.check.span,
        )


def _key(row: Row) -> tuple[str, str]:
    return ("", row.prop) if row.prop in SANITIZERS or row.spec is None else (row.spec.path, row.prop)


def decide(prop: Property, found: Exploration, dead: tuple[str, ...] = ()) -> Verdict:
    """The verdict on a property that has no witness; a positive one only if nothing was left out."""
    if found.stopped:
        return Unknown(f"{found.stopped}: {found.states} states, depth {found.depth}")
    halted = sorted(found.halted - {ASSUME})
    if halted:
        return Unknown(f"behaviour ends at a fault that has no meaning beyond it: {', '.join(halted)}")
    if prop.kind is Kind.COVER:
        return Unreachable()
    if ASSUME in found.halted and found.transitions == 0:
        return Vacuous("assume leaves no behaviour")
    if prop.kind is Kind.SANITIZER and prop.name == "unreachable":
        return DeadCode(dead) if dead else Holds()
    missing = [part.text for n, part in enumerate(prop.antecedents) if (prop.name, n) not in found.antecedents]
    if missing:
        return Vacuous(f"`{missing[0]}` never holds")
    return Holds()


def _judge(row: Row, verdict: Verdict) -> tuple[bool, str]:
    """Whether a verdict is the expected one, and if not, why."""
    found = word(verdict)
    expect = row.check.expect if row.named else ""
    if not expect:
        return found in (Word.HOLDS, Word.COVERED), ""
    if found.value != expect:
        return False, f"expected {expect}"
    trace = trace_of(verdict)
    if row.check.at and trace is not None and trace.ending.source != row.check.at:
        return False, f"expected at {row.check.at}, found at {trace.ending.source or 'a place without reference'}"
    return True, ""
