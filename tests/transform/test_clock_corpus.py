"""Models of the corpus: time only takes behaviour away, and takes none where nothing has a length."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.ir.system import Role, State, TransitionSystem
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.lower import lower
from oomcheck.lang.mode import Mode
from oomcheck.transform.clock import clocked
from tests.timed import reachable, slots

CORPUS = Path(__file__).parents[1] / "corpus"
MODELS = sorted(path for path in CORPUS.rglob("*.oom") if path.parent.name != "lib")
LENGTHS = re.compile(r"\b(delay|timeout|timer|spin_|deadline|softirq)|slack \d")
MAX_SLOTS = 120


def memories(system: TransitionSystem, states: set[State], names: list[str]) -> set[tuple[int, ...]]:
    """The values of the named slots."""
    chosen = slots(system, names)
    return {tuple(state[slot] for slot in chosen) for state in states}


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.relative_to(CORPUS).as_posix())
def test_timed_states_are_untimed_states(path: Path) -> None:
    """Shared memory that is seen in time, with little or any slack, is seen without."""
    try:
        model = load_model(path, {})
        untimed = lower(model).system
    except OomcheckError:
        pytest.skip("needs parameters")
    if len(untimed.initial) > MAX_SLOTS:
        pytest.skip("large")
    free = reachable(untimed)
    for slack in (0, 1, None):
        system = clocked(lower(model, Mode(timed=True, slack=slack)).system)
        states = reachable(system)
        shown = [
            name
            for (variable, _), name in zip(untimed.slots, untimed.slot_names, strict=True)
            if variable.role in (Role.SHARED, Role.GHOST) and name in system.slot_names
        ]
        assert memories(system, states, shown) <= memories(untimed, free, shown)
        if slack is None and not LENGTHS.search(path.read_text(encoding="utf-8")):
            width = len(untimed.initial)
            assert {state[:width] for state in states} == free
            assert len(states) == len(free)
