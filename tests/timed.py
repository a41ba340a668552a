"""What timed models do: the system of a text, and what can be seen of it at each instant."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from oomcheck.ir.system import State, TransitionSystem
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.lower import Lowered, lower
from oomcheck.lang.mode import UNTIMED, Mode
from oomcheck.pygen.steps import compile_steps
from oomcheck.transform.clock import clocked

Sight = tuple[int, tuple[int, ...]]  # an instant, and the values of chosen slots


def lowered(text: str, mode: Mode = UNTIMED) -> Lowered:
    """The reading of a model that is given as text."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "m.oom"
        path.write_text(text, encoding="utf-8")
        return lower(load_model(path, {}), mode)


def timed(text: str, slack: int | None = 0, idle: bool = False) -> TransitionSystem:
    """A model with its time; threads that do not say otherwise have this slack."""
    return clocked(lowered(text, Mode(timed=True, slack=slack)).system, idle)


def slots(system: TransitionSystem, names: Sequence[str]) -> tuple[int, ...]:
    """Slots by the names that reports use."""
    return tuple(system.slot_names.index(name) for name in names)


def reachable(system: TransitionSystem) -> set[State]:
    """All reachable states."""
    expand = _Expand(system)
    seen, work = {system.initial}, [system.initial]
    while work:
        for _, following in expand(work.pop()):
            if following not in seen:
                seen.add(following)
                work.append(following)
    return seen


def sights(system: TransitionSystem, names: Sequence[str], horizon: int) -> set[Sight]:
    """What the named slots show at each instant up to the horizon."""
    expand, shown = _Expand(system), slots(system, names)
    ticks = {step.index for step in system.transitions if step.ticks}
    now, found = {system.initial}, set[Sight]()
    for instant in range(horizon + 1):
        seen, work, later = set(now), list(now), set[State]()
        while work:
            for step, following in expand(work.pop()):
                if step in ticks:
                    later.add(following)
                elif following not in seen:
                    seen.add(following)
                    work.append(following)
        found.update((instant, tuple(state[slot] for slot in shown)) for state in seen)
        now = later
    return found


def instants(system: TransitionSystem, name: str, value: int, horizon: int) -> list[int]:
    """When a variable can have a value, up to the horizon."""
    return sorted(instant for instant, (seen,) in sights(system, [name], horizon) if seen == value)


def first(system: TransitionSystem, name: str, value: int, horizon: int) -> list[int]:
    """When a variable that keeps this value can get it: the instants at which some run sees it change."""
    expand, (slot,) = _Expand(system), slots(system, [name])
    ticks = {step.index for step in system.transitions if step.ticks}
    now, found = {system.initial}, set[int]()
    for instant in range(horizon + 1):
        seen, work, later = set(now), list(now), set[State]()
        while work:
            state = work.pop()
            if state[slot] == value:
                found.add(instant)
                continue
            for step, following in expand(state):
                if step in ticks:
                    later.add(following)
                elif following not in seen:
                    seen.add(following)
                    work.append(following)
        now = later
    return sorted(found)


class _Expand:
    """Steps from a state, by index, each with its successor."""

    def __init__(self, system: TransitionSystem) -> None:
        self._table = compile_steps(system)

    def __call__(self, state: State) -> list[tuple[int, State]]:
        steps: list[int] = []
        states: list[State] = []
        for slot, functions in self._table:
            function = functions[state[slot]]
            if function is not None:
                function(state, steps.append, states.append)
        return list(zip(steps, states, strict=True))
