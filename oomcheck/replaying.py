"""Re-execution of a saved trace: same model, same parameters, each step a step of the model."""

from __future__ import annotations

from pathlib import Path

from oomcheck.diag.diagnostic import error
from oomcheck.evidence import facts, step_text, values, why
from oomcheck.ir.sorts import show
from oomcheck.ir.system import State, TransitionSystem
from oomcheck.lang.elaborate import elaborate
from oomcheck.lang.load import Files, read_files
from oomcheck.lang.lower import lower
from oomcheck.lang.mode import Mode
from oomcheck.prop.property import ABOUT_RUNS, Kind, Property, sanitizer
from oomcheck.prop.temporal import Fairness, FairnessKind
from oomcheck.records import dataclass
from oomcheck.result.amounts import TICKS
from oomcheck.result.exploration import REST, Witness
from oomcheck.result.trace import Step, Trace
from oomcheck.semantics.checks import deadlocked, lock_edges, race
from oomcheck.semantics.evident import ZENO, check_run
from oomcheck.semantics.runs import Run, run_of
from oomcheck.semantics.successors import enabled, faults
from oomcheck.semantics.waits import total_cost
from oomcheck.transform.clock import clocked


@dataclass(frozen=True, slots=True)
class Replayed:
    """A trace that was re-executed; `shown` gives name and value of each visible slot in each state."""

    model: str
    states: tuple[State, ...]
    shown: tuple[tuple[tuple[str, str], ...], ...]
    end_checked: bool  # whether the last state was found to be bad; a property of a spec is not in the trace


def replay_trace(trace: Trace, model: Path, include: tuple[Path, ...] = ()) -> Replayed:
    """Re-execute a trace; E0501 if the model changed, E0503 if a step does not fit."""
    files = read_files(model, include)
    if files.digest != trace.digest:
        message = f"`{model}` or one of its imports changed since the trace was written"
        raise error("E0501", message, None, f"the trace has {trace.digest[:19]}..., the model {files.digest[:19]}...")
    system = _remade(trace, files)
    witness = _witness(trace)
    run = run_of(system, witness)
    if isinstance(run, str):
        raise error("E0503", run)
    _same_story(trace, system, run)
    _same_amounts(trace, system, run)
    end = _same_end(trace, system, witness, run.states[-1])
    return Replayed(str(model), run.states, tuple(values(system, state) for state in run.states), end)


def _remade(trace: Trace, files: Files) -> TransitionSystem:
    """The system that was searched: same parameters, same reading of time and costs."""
    mode = Mode(trace.timed, trace.slack, frozenset(trace.costs))
    system = lower(elaborate(files, dict(_values(trace))), mode).system
    return clocked(system, idle=_about_runs(trace)) if trace.timed else system


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


def _same_end(trace: Trace, system: TransitionSystem, witness: Witness, last: State) -> bool:
    """Whether the end was found to be as claimed; E0503 if it is not, False if only the spec could tell."""
    if trace.facts != facts(system, last):
        raise error("E0503", "locks, waits, freezers or timers of the last state are other than the trace tells")
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


def _runs_into(trace: Trace, system: TransitionSystem, last: State) -> bool:
    """The next step of the thread that the trace names is the fault that it names."""
    claimed = (trace.prop, trace.ending.process, trace.ending.message)
    found = ((f.sanitizer, system.processes[f.process].name, f.message) for f in faults(system, last))
    return claimed in found
