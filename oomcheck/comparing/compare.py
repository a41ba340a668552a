"""The whole comparison: verdicts of both sides, and one schedule on both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from oomcheck.comparing.course import Course
from oomcheck.comparing.pairs import Pair, Relation, pairs_of
from oomcheck.comparing.schedule import follow
from oomcheck.comparing.sides import Given, Side, Specs, blamed, check_side
from oomcheck.comparing.texts import TextChanges, text_changes
from oomcheck.diag.diagnostic import OomcheckError, error
from oomcheck.ir.system import TransitionSystem
from oomcheck.lang.elaborate import elaborate
from oomcheck.lang.load import read_spec, text_digest
from oomcheck.lang.lower import Lowered, lower, show_param
from oomcheck.lang.mode import Mode
from oomcheck.lang.parsing import read_source
from oomcheck.lang.spec import typed_properties
from oomcheck.lang.tree import ParamDecl, SpecFile
from oomcheck.prop.property import ABOUT_RUNS, SANITIZERS, Kind, Property, sanitizer
from oomcheck.records import dataclass
from oomcheck.result.exploration import REST, Witness
from oomcheck.result.trace import Trace
from oomcheck.result.verdict import Report, Result, Word, trace_of
from oomcheck.rows import Options
from oomcheck.semantics.checks import race
from oomcheck.semantics.evident import ZENO
from oomcheck.semantics.paths import Mismatch, replay
from oomcheck.semantics.replay import check_witness
from oomcheck.semantics.successors import enabled, faults
from oomcheck.transform.clock import clocked

NO_VALUES = ("?", "any")  # how traces and reports write that a parameter has none


@dataclass(frozen=True, slots=True)
class Schedule:
    """The steps of a trace of side `own`, taken on side `other`.

    `decides` tells whether the end of the schedule shows on the other side what it shows on its own; None if that is
    not known, or if the other side does not come to the end.
    """

    own: Side
    other: Side
    trace: Trace
    course: Course
    decides: bool | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `compare` found; `schedule` and `texts` are None where nothing was asked, or where there is no trace."""

    a: Side
    b: Side
    reports: tuple[Report, Report]
    pairs: tuple[Pair, ...]
    schedule: Schedule | None
    texts: TextChanges | None


def compare(a: Side, b: Side, specs: Specs, options: Options, trace: Trace | None, with_texts: bool) -> Comparison:
    """Check both sides, run one schedule on both: `trace`, or that of the first row that differs and has one."""
    reports = check_side(a, specs, options), check_side(b, specs, options)
    pairs = pairs_of(*reports)
    texts = text_changes(a, b) if with_texts else None
    if trace is not None:
        own, other = owner(trace, a, b)
        return Comparison(a, b, reports, pairs, run_on_both(trace, own, other, specs, None), texts)
    for pair in pairs if not any(report.partial for report in reports) else ():
        for own, other, result, theirs in ((a, b, pair.a, pair.b), (b, a, pair.b, pair.a)):
            found = None if result is None else trace_of(result.verdict)
            if pair.relation is not Relation.SAME and found is not None:
                return Comparison(a, b, reports, pairs, run_on_both(found, own, other, specs, theirs), texts)
    return Comparison(a, b, reports, pairs, None, texts)


def owner(trace: Trace, a: Side, b: Side) -> tuple[Side, Side]:
    """The side that a trace belongs to, by model and parameters, and the other one; E0501 if it is of neither."""
    fitting = [side for side in (a, b) if side.files.digest == trace.digest]
    if not fitting:
        raise error("E0501", "the trace is of neither model, or the models changed since it was written")
    own = max(fitting, key=lambda side: len(set(trace.params) & set(_declared(side, side.given).items())))
    return own, b if own is a else a


def run_on_both(trace: Trace, own: Side, other: Side, specs: Specs, theirs: Result | None) -> Schedule:
    """Take the steps of a trace on both sides; E0503 if they are none on its own side.

    `theirs` is the row of the other side, whose parameters count; without it those that the trace was given.
    """
    choices = [step.choice for step in trace.steps]
    with blamed(own):
        system = _read(trace, lower(elaborate(own.files, _valued(trace.params)), _mode(trace)))
    run = replay(system, choices)
    if isinstance(run, Mismatch):
        raise error("E0503", str(run))
    with blamed(other):
        given = _carried(trace, own, other) if theirs is None else _valued(theirs.params)
        lowered = lower(elaborate(other.files, given), _mode(trace))
    course = follow(system, run, choices, _read(trace, lowered))
    return Schedule(own, other, trace, course, _decides(trace, lowered, course, specs))


def _mode(trace: Trace) -> Mode:
    return Mode(trace.timed, trace.slack, frozenset(trace.costs))


def _read(trace: Trace, lowered: Lowered) -> TransitionSystem:
    """The system as it was searched for the trace: with time as a process, if it is timed."""
    about_runs = trace.kind in {kind.value for kind in ABOUT_RUNS}
    zeno = trace.kind == Kind.SANITIZER.value and trace.prop == ZENO
    return clocked(lowered.system, idle=about_runs or zeno) if trace.timed else lowered.system


def _valued(params: Sequence[tuple[str, str]]) -> dict[str, int | str]:
    return {name: value for name, value in params if value not in NO_VALUES}


def _carried(trace: Trace, own: Side, other: Side) -> dict[str, int | str]:
    """The other side's own parameters, and those that the trace was given and that the other model has too."""
    base = _declared(own, {})
    known = {param.name.text for file in other.files.files for param in file.items if isinstance(param, ParamDecl)}
    set_ = {n: v for n, v in _valued(trace.params).items() if base.get(n) != v and n in known}
    return {**set_, **other.given}


def _declared(side: Side, given: Given) -> dict[str, str]:
    """The values of a model's parameters; none at all if one has a value only in checks."""
    try:
        model = elaborate(side.files, given).model
    except OomcheckError:
        return {}
    return {param.name: show_param(param) for param in model.params}


# ---------------------------------------------------------------- the end on the other side


def _decides(trace: Trace, lowered: Lowered, course: Course, specs: Specs) -> bool | None:
    """Whether the other side's run is evidence for the same verdict."""
    if course.divergence is not None:
        return None
    prop = _property(trace, lowered, specs)
    if prop is None:
        return None
    system = _read(trace, lowered)
    claimed = trace.value if trace.verdict == Word.HOLDS.value else None
    return any(not check_witness(system, prop, witness, claimed) for witness in _witnesses(trace, system, course))


def _property(trace: Trace, lowered: Lowered, specs: Specs) -> Property | None:
    """The property of the trace over the other side; None if it is not at hand or has no meaning there."""
    if trace.kind == Kind.SANITIZER.value:
        return sanitizer(trace.prop) if trace.prop in SANITIZERS and trace.prop != "lockdep" else None
    tree = _spec(trace, specs)
    if tree is None:
        return None
    try:
        found = typed_properties(tree, lowered, {trace.prop}).get(trace.prop)
    except OomcheckError:
        return None
    if found is not None and found.kind.value != trace.kind:  # a formula about runs that has no meaning somewhere
        return replace(found, kind=Kind(trace.kind), temporal=None)
    return found


def _spec(trace: Trace, specs: Specs) -> SpecFile | None:
    for _, path, tree in specs:
        if str(path) == trace.spec:
            return tree
    path = Path(trace.spec)
    if not trace.spec or not path.is_file() or text_digest(read_source(path, trace.spec)) != trace.spec_digest:
        return None
    return read_spec(path)[0]


def _witnesses(trace: Trace, system: TransitionSystem, course: Course) -> list[Witness]:
    """What the run could be evidence as: a path, a lasso, a path to a fault or to a race."""
    if trace.loop is not None:
        stem = sum(len(f.extra) + (f.text != "") for f in course.followed[: trace.loop])
        return [Witness(course.steps[:stem], loop=course.steps[stem:] or (REST,))]
    last = course.states[-1]
    found = [Witness(course.steps)]
    found += [Witness(course.steps, fault=f.index) for f in faults(system, last) if f.sanitizer == trace.prop]
    racing = race(system, last, enabled(system, last)) if trace.prop == "race" else None
    return found if racing is None else [*found, Witness(course.steps, racing=racing)]
