"""Re-execution of a saved trace: same model, same parameters, each step a step of the model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from oomcheck.diag.diagnostic import error
from oomcheck.evidence import step_text
from oomcheck.ir.sorts import show
from oomcheck.ir.system import Role, State, TransitionSystem
from oomcheck.lang.elaborate import elaborate
from oomcheck.lang.load import read_files
from oomcheck.lang.lower import lower
from oomcheck.result.trace import Trace
from oomcheck.semantics.replay import Mismatch, replay


@dataclass(frozen=True, slots=True)
class Replayed:
    """A trace that was re-executed; `shown` gives name and value of each visible slot in each state."""

    model: str
    states: tuple[State, ...]
    shown: tuple[tuple[tuple[str, str], ...], ...]


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
    return Replayed(str(model), states, tuple(_shown(system, state) for state in states))


def _values(trace: Trace) -> list[tuple[str, int | str]]:
    return [(name, value) for name, value in trace.params if value != "?"]


def _same_story(trace: Trace, system: TransitionSystem, states: tuple[State, ...]) -> None:
    """What the trace tells must be what happens."""
    for number, step in enumerate(trace.steps):
        transition = system.transitions[step.choice]
        name = system.processes[transition.process].name
        text = step_text(system, transition.action, states[number])
        if (step.process, step.text) != (name, text):
            message = f"step {step.number} is told as `{step.process}: {step.text}`, but is `{name}: {text}`"
            raise error("E0503", message)
        told = {(c.name, c.old, c.new) for c in step.changes}
        real = {
            (system.slot_names[i], show(system.slot_sorts[i], a), show(system.slot_sorts[i], b))
            for i, (a, b) in enumerate(zip(states[number], states[number + 1], strict=True))
            if a != b
        }
        if told != real:
            raise error("E0503", f"step {step.number} changes other variables than the trace tells")


def _shown(system: TransitionSystem, state: State) -> tuple[tuple[str, str], ...]:
    return tuple(
        (system.slot_names[slot], show(system.slot_sorts[slot], value))
        for slot, value in enumerate(state)
        if not system.slots[slot][0].quiet and system.slots[slot][0].role is not Role.PC
    )
