from __future__ import annotations

import pytest

from oomcheck.ir.expr import FALSE
from oomcheck.semantics.evaluate import evaluate
from oomcheck.transform.cost import cost_var, with_cost
from tests import toys
from tests.smt.small import reachable


@pytest.mark.parametrize("limit", [0, 1, 3])
def test_the_counter_stops_above_its_limit(limit: int) -> None:
    """`blinker` pays one turn each time it goes back, for ever: all amounts up to one above the limit are reached."""
    toy, exceeded = with_cost(toys.blinker(), "turns", limit)
    states = reachable(toy)
    slot = toy.slot[cost_var("turns", limit).name]
    assert {state[slot] for state in states} == set(range(limit + 2))
    assert all((state[slot] == limit + 1) == bool(evaluate(exceeded, state, toy.slot)) for state in states)
    assert min(depth for state, depth in states.items() if evaluate(exceeded, state, toy.slot)) == 2 * (limit + 1)


def test_other_counters_are_not_counted() -> None:
    """Only steps with that cost raise it, and nothing else changes."""
    toy, exceeded = with_cost(toys.blinker(), "waits", 0)
    assert exceeded != FALSE
    assert [step.updates for step in toy.transitions] == [step.updates for step in toys.blinker().transitions]
    assert len(reachable(toy)) == len(reachable(toys.blinker()))
