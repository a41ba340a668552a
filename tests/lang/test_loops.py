"""Counting loops: their counter keeps to its sort, whatever the bounds are."""

from __future__ import annotations

from pathlib import Path

import pytest

from oomcheck.ir.sorts import bounds
from oomcheck.ir.system import State, TransitionSystem
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.lower import lower
from oomcheck.semantics.successors import successors
from tests.cli.samples import put

MODEL = """model m;
bool done;
thread t {{
	int 0..10 x;
	choose x in 0 .. 10;
	done = true;
	for ({loop}) skip;
	done = false;
}}
"""


def reachable(system: TransitionSystem) -> set[State]:
    """All reachable states."""
    found, work = {system.initial}, [system.initial]
    while work:
        new = {state for _, state in successors(system, work.pop())} - found
        found |= new
        work += new
    return found


@pytest.mark.parametrize(
    ("loop", "states"),
    [("i in x .. 3", 23), ("i in 3 down to x", 23), ("i in x down to 6", 28), ("i in 6 .. x", 28), ("i in x .. x", 24)],
)
def test_counter_keeps_to_its_sort(loop: str, states: int, tmp_path: Path) -> None:
    """A loop that starts past its last value is left at once, and its counter has that value meanwhile."""
    system = lower(load_model(put(tmp_path, "m.oom", MODEL.format(loop=loop)), {})).system
    found = reachable(system)
    assert len(found) == states
    for state in found:
        assert all(
            low <= value <= high for value, (low, high) in zip(state, map(bounds, system.slot_sorts), strict=True)
        )
