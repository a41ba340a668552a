"""Re-execution of a saved trace: same model, same parameters, each step a step of the model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from oomcheck.diag.diagnostic import error
from oomcheck.evidence import facts, step_text, values
from oomcheck.ir.sorts import show
from oomcheck.ir.system import State, TransitionSystem
from oomcheck.lang.elaborate import elaborate
from oomcheck.lang.load import read_files
from oomcheck.lang.lower import lower
from oomcheck.prop.property import Kind, sanitizer
from oomcheck.result.trace import Trace
from oomcheck.semantics.checks import deadlocked, lock_edges, race
from oomcheck.semantics.replay import Mismatch, replay
from oomcheck.semantics.successors import enabled, faults


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
    system = lower(elaborate(files, dict(_values(trace)))).system
    steps = [step.choice for step in trace.steps]
    states = replay(system, steps)
    if isinstance(states, Mismatch):
        raise error("E0503", str(states))
    _same_story(trace, system, states)
    end = _same_end(trace, system, states[-1])
    return Replayed(str(model), states, tuple(values(system, state) for state in states), end)


def _values(trace: Trace) -> list[tuple[str, int | str]]:
    return [(name, value) for name, value in trace.params if value != "?"]


def _same_story(trace: Trace, system: TransitionSystem, states: tuple[State, ...]) -> None:
    """What the trace tells must be what happens."""
    if trace.initial != values(system, states[0]):
        raise error("E0503", "the initial state is not that of the model")
    for number, step in enumerate(trace.steps):
        transition = system.transitions[step.choice]
        name = system.processes[transition.process].name
        text = step_text(system, transition.action, states[number])
        if (step.process, step.text) != (name, text):
            message = f"step {step.number} is told as `{step.process}: {step.text}`, but is `{name}: {text}`"
            raise error("E0503", message)
        span = transition.action.span
        if (step.line, step.source) != (span.line if span else 0, transition.action.source):
            raise error("E0503", f"step {step.number} is told to stand at another place than it does")
        told = {(c.name, c.old, c.new) for c in step.changes}
        real = {
            (system.slot_names[i], show(system.slot_sorts[i], a), show(system.slot_sorts[i], b))
            for i, (a, b) in enumerate(zip(states[number], states[number + 1], strict=True))
            if a != b
        }
        if told != real:
            raise error("E0503", f"step {step.number} changes other variables than the trace tells")


def _same_end(trace: Trace, system: TransitionSystem, last: State) -> bool:
    """Whether the end was found to be as claimed; E0503 if it is not, False if only the spec could tell."""
    if trace.facts != facts(system, last):
        raise error("E0503", "locks, waits, freezers or timers of the last state are other than the trace tells")
    if trace.kind not in (Kind.SANITIZER.value, Kind.DEADLOCK_FREE.value):
        return False
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
