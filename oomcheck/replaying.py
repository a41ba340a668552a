"""Re-execution of a saved trace: same model, same parameters, each step a step of the model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from oomcheck.diag.diagnostic import error
from oomcheck.evidence import facts, lasting, step_text, truths, values, why
from oomcheck.evidence.timeline import OTHER
from oomcheck.ir.sorts import show
from oomcheck.ir.system import State, TransitionSystem
from oomcheck.lang.elaborate import Elaborated, elaborate
from oomcheck.lang.load import Files, read_files, read_spec, text_digest
from oomcheck.lang.lower import Lowered, lower
from oomcheck.lang.mode import Mode
from oomcheck.lang.parsing import read_source
from oomcheck.lang.spec import check_target, typed_properties
from oomcheck.prop.property import ABOUT_RUNS, SANITIZERS, Kind, Property, sanitizer
from oomcheck.prop.temporal import Fairness, FairnessKind
from oomcheck.records import dataclass
from oomcheck.result.amounts import TICKS
from oomcheck.result.exploration import REST, Witness
from oomcheck.result.trace import Step, Trace
from oomcheck.result.verdict import Word
from oomcheck.semantics.checks import deadlocked, lock_edges, race
from oomcheck.semantics.evident import ZENO, check_run
from oomcheck.semantics.replay import check_witness
from oomcheck.semantics.runs import Run, run_of
from oomcheck.semantics.successors import enabled, faults
from oomcheck.semantics.waits import total_cost
from oomcheck.transform.clock import clocked


@dataclass(frozen=True, slots=True)
class Reopened:
    """A trace whose model was read again: the system that was searched, with time and costs as it was read then.

    `prop` is None if the trace is about a property of a spec that is not at hand.
    """

    files: Files
    elaborated: Elaborated
    system: TransitionSystem
    witness: Witness
    run: Run
    prop: Property | None


@dataclass(frozen=True, slots=True)
class Replayed:
    """A trace that was re-executed; `shown` gives name and value of each visible slot in each state."""

    model: str
    states: tuple[State, ...]
    shown: tuple[tuple[tuple[str, str], ...], ...]
    end_checked: bool  # whether the end was found to decide the property; not without the spec that it stands in


def replay_trace(trace: Trace, model: Path, include: tuple[Path, ...] = (), spec: Path | None = None) -> Replayed:
    """Re-execute a trace; E0501 if the model or the spec changed, E0503 if a step does not fit."""
    again = reopen(trace, model, include, spec)
    system, run = again.system, again.run
    _same_story(trace, system, run)
    _same_amounts(trace, system, run)
    _same_views(trace, again)
    end = _same_end(trace, again)
    return Replayed(str(model), run.states, tuple(values(system, state) for state in run.states), end)


def reopen(trace: Trace, model: Path, include: tuple[Path, ...] = (), spec: Path | None = None) -> Reopened:
    """Read the model of a trace again and take its steps; E0501 if a text changed, E0503 if a step cannot be taken.

    `spec` is where the spec lies now. Where it lay is tried too; a property of a spec that is gone stays unknown.
    """
    files = read_files(model, include)
    if files.digest != trace.digest:
        message = f"`{model}` or one of its imports changed since the trace was written"
        raise error("E0501", message, None, f"the trace has {trace.digest[:19]}..., the model {files.digest[:19]}...")
    elaborated = elaborate(files, dict(_values(trace)))
    lowered = lower(elaborated, Mode(trace.timed, trace.slack, frozenset(trace.costs)))
    system = clocked(lowered.system, idle=_about_runs(trace)) if trace.timed else lowered.system
    prop = _property(trace, lowered, model, spec)
    witness = _witness(trace)
    run = run_of(system, witness)
    if isinstance(run, str):
        raise error("E0503", run)
    return Reopened(files, elaborated, system, _completed(trace, system, witness, run.states[-1]), run, prop)


def _property(trace: Trace, lowered: Lowered, model: Path, spec: Path | None) -> Property | None:
    """The property of a trace, as it was when the trace was written."""
    if trace.kind == Kind.SANITIZER.value:
        return sanitizer(trace.prop) if trace.prop in SANITIZERS else None
    path = spec if spec is not None else Path(trace.spec) if trace.spec else None
    if path is None or (spec is None and not path.is_file()):
        return None
    # Looked at before it is parsed: a path in a trace may name any file, and messages quote what they are about.
    if trace.spec_digest and text_digest(read_source(path, str(path))) != trace.spec_digest:
        raise error("E0501", f"the spec `{path}` changed since the trace was written", None, "check again")
    tree, _ = read_spec(path)
    check_target(tree, path, model)
    found = typed_properties(tree, lowered, {trace.prop}).get(trace.prop)
    if found is None:
        raise error("E0503", f"`{path}` has no property `{trace.prop}`")
    if found.kind.value != trace.kind:  # a formula about runs that has no meaning somewhere
        return replace(found, kind=Kind(trace.kind), temporal=None)
    return found


def _completed(trace: Trace, system: TransitionSystem, witness: Witness, last: State) -> Witness:
    """The witness with what a trace tells in words only: the fault or the race at its end."""
    if trace.kind != Kind.SANITIZER.value or witness.loop:
        return witness
    for fault in faults(system, last):
        name = system.processes[fault.process].name
        if (trace.prop, trace.ending.process, trace.ending.message) == (fault.sanitizer, name, fault.message):
            return replace(witness, fault=fault.index)
    racing = race(system, last, enabled(system, last)) if trace.prop == "race" else None
    return replace(witness, racing=racing)


def _about_runs(trace: Trace) -> bool:
    return trace.kind in {kind.value for kind in ABOUT_RUNS} or _zeno(trace)


def _zeno(trace: Trace) -> bool:
    return trace.kind == Kind.SANITIZER.value and trace.prop == ZENO


def _witness(trace: Trace) -> Witness:
    steps = tuple(step.choice for step in trace.steps)
    if trace.loop is None:
        return Witness(steps)
    return Witness(steps[: trace.loop], loop=steps[trace.loop :] or (REST,))


def _values(trace: Trace) -> list[tuple[str, int | str]]:
    return [(name, value) for name, value in trace.params if value != "?"]


def _same_story(trace: Trace, system: TransitionSystem, run: Run) -> None:
    """What the trace tells must be what happens."""
    if trace.initial != values(system, run.states[0]):
        raise error("E0503", "the initial state is not that of the model")
    for step, before, following in zip(trace.steps, run.states, run.states[1:], strict=False):
        _same_step(step, system, before, following)


def _same_step(step: Step, system: TransitionSystem, before: State, following: State) -> None:
    transition = system.transitions[step.choice]
    name = system.processes[transition.process].name
    text = step_text(system, transition.action, before)
    if (step.process, step.text) != (name, text):
        message = f"step {step.number} is told as `{step.process}: {step.text}`, but is `{name}: {text}`"
        raise error("E0503", message)
    span = transition.action.span
    if (step.line, step.source) != (span.line if span else 0, transition.action.source):
        raise error("E0503", f"step {step.number} is told to stand at another place than it does")
    if (step.ticks, step.costs) != (transition.ticks, transition.costs):
        raise error("E0503", f"step {step.number} takes another time or costs something else than the trace tells")
    told = {(c.name, c.old, c.new) for c in step.changes}
    real = {
        (system.slot_names[i], show(system.slot_sorts[i], a), show(system.slot_sorts[i], b))
        for i, (a, b) in enumerate(zip(before, following, strict=True))
        if a != b
    }
    if told != real:
        raise error("E0503", f"step {step.number} changes other variables than the trace tells")


def _same_amounts(trace: Trace, system: TransitionSystem, run: Run) -> None:
    """The value of a bound, as far as it shows without the spec, and the fairness of whole threads."""
    if trace.value is not None:
        possible = trace.value <= run.ticks if trace.unit == TICKS else trace.value == total_cost(run.steps, trace.unit)
        if not possible:
            raise error("E0503", f"the steps do not amount to {trace.value} ({trace.unit})")
    if trace.hz != (system.hz if trace.timed else 0):
        raise error("E0503", f"a second has {system.hz} ticks, the trace tells {trace.hz}")
    if trace.promises and run.loop is None:
        raise error("E0503", "a trace without a loop promises nothing")
    for promise in trace.promises:
        number = next((n for n, p in enumerate(system.processes) if p.name == promise.name), None)
        if number is not None:
            own = frozenset(step.index for step in system.transitions if step.process == number)
            fairness = Fairness(promise.name, FairnessKind(promise.kind), own)
            if why(system, fairness, run) != promise.why:
                raise error("E0503", f"the loop does not keep {promise.kind} fairness of {promise.name} as it is told")


def _same_views(trace: Trace, again: Reopened) -> None:
    """What is told to be true when must be so; truths of properties are known only with the spec."""
    system, run = again.system, again.run
    if trace.lasting and trace.lasting != lasting(system, run.states):
        raise error("E0503", "locks, waits, sleep, freezers or timers last otherwise than the trace tells")
    if again.prop is None:
        return
    told = tuple(one for one in trace.truths if one.role != OTHER)
    if told and told != truths(system, again.prop, again.witness, run) and not _circle(trace):
        raise error("E0503", f"{trace.prop} or a part of it is true or false elsewhere than the trace tells")


def _circle(trace: Trace) -> bool:
    """Whether the trace may show one edge of a circle of locks, whose other edges are not in it."""
    return trace.prop == "lockdep" and trace.kind == Kind.SANITIZER.value


def _same_end(trace: Trace, again: Reopened) -> bool:
    """Whether the end was found to be as claimed; E0503 if it is not, False if only the spec could tell."""
    system, witness, last = again.system, again.witness, again.run.states[-1]
    if not _can_show(trace):
        raise error("E0503", f"no run shows that {trace.prop} is {Word(trace.verdict).title}")
    if trace.facts != facts(system, last):
        raise error("E0503", "locks, waits, freezers or timers of the last state are other than the trace tells")
    if trace.kind != Kind.SANITIZER.value and again.prop is not None:
        claimed = trace.value if trace.verdict == Word.HOLDS.value else None
        problem = check_witness(system, again.prop, witness, claimed)
        if problem:
            raise error("E0503", f"the end is not as the trace tells: {problem}")
        return True
    if trace.kind not in (Kind.SANITIZER.value, Kind.DEADLOCK_FREE.value):
        return False
    if _zeno(trace):
        problem = check_run(system, Property(ZENO, Kind.SANITIZER), witness)
        if problem:
            raise error("E0503", problem)
        return True
    moves = enabled(system, last)
    if trace.ending.process and _runs_into(trace, system, last):
        return True
    match trace.prop:
        case "race":
            shown = race(system, last, moves) is not None
        case "lockdep":
            shown = any(True for _ in lock_edges(system, last, moves))
        case _ if trace.prop == "deadlock" or trace.kind == Kind.DEADLOCK_FREE.value:
            shown = deadlocked(system, sanitizer("deadlock"), last, moves)
        case _:
            shown = False
    if not shown:
        raise error("E0503", f"the last state does not violate {trace.prop}")
    return True


def _can_show(trace: Trace) -> bool:
    """Whether a run can be evidence of the verdict: HOLDS it shows only of a bound, by the worst value."""
    if trace.verdict == Word.HOLDS.value:
        return trace.value is not None
    shown: str = (Word.COVERED if trace.kind == Kind.COVER.value else Word.VIOLATED).value
    return trace.verdict == shown


def _runs_into(trace: Trace, system: TransitionSystem, last: State) -> bool:
    """The next step of the thread that the trace names is the fault that it names."""
    claimed = (trace.prop, trace.ending.process, trace.ending.message)
    found = ((f.sanitizer, system.processes[f.process].name, f.message) for f in faults(system, last))
    return claimed in found
