"""Greatest costs and times, against searches that count them in the state."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oomcheck.analysis.graph import RunGraph
from oomcheck.analysis.longest import Greatest, Unbounded, greatest_cost, greatest_time
from oomcheck.result.exploration import REST
from tests.analysis import graphs
from tests.analysis.graphs import graph_of

thorough = settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
weights = st.dictionaries(st.integers(0, graphs.STEPS - 1), st.integers(0, 2), max_size=3)
TRIGGER, RESPONSE = 0, 1


def holds(graph: RunGraph, state: int, bit: int) -> bool:
    """Whether a condition holds in a state."""
    return bool(graph.masks[graph.letter[state]] >> bit & 1)


class Counting:
    """All pairs of a state and what has been counted on the way to it, with the number of steps to each.

    `waiting` counts only from a trigger to a response (None: nothing is awaited). Counts beyond what a path without
    a repeated state can reach show that there is no greatest one.
    """

    def __init__(self, graph: RunGraph, weight: dict[int, int], waiting: bool) -> None:
        cap = graph.states * max(weight.values(), default=0)
        self.values: dict[int, int] = {}  # value, and the least number of steps to it
        self.unbounded = False
        start = self._begin(graph, 0, None) if waiting else 0
        found: dict[tuple[int, int | None], int] = {(0, start): 0}
        queue = list(found)
        if waiting and holds(graph, 0, TRIGGER):
            self.values[0] = 0
        for state, count in queue:
            steps = found[state, count]
            if count is not None:
                self.values.setdefault(count, steps)
                self.unbounded |= count > cap or (waiting and bool(graph.rests[state]))
            if count is not None and count > cap:
                continue
            for edge in graph.edges_of(state):
                target = graph.target[edge]
                more = None if count is None else count + weight.get(graph.step[edge], 0)
                if waiting:
                    if more is not None or holds(graph, target, TRIGGER):
                        self.values.setdefault(more or 0, steps + 1)
                    more = self._begin(graph, target, more)
                if (target, more) not in found:
                    found[target, more] = steps + 1
                    queue.append((target, more))

    @staticmethod
    def _begin(graph: RunGraph, state: int, count: int | None) -> int | None:
        if holds(graph, state, RESPONSE):
            return None
        return 0 if count is None and holds(graph, state, TRIGGER) else count


def total(weight: dict[int, int], steps: Sequence[int]) -> int:
    """Sum along some transitions."""
    return sum(weight.get(step, 0) for step in steps)


@thorough
@given(graph=graphs.graphs(), weight=weights)
def test_cost(graph: RunGraph, weight: dict[int, int]) -> None:
    """The greatest sum is that of an exhaustive count, on a shortest path; a loop that adds something has none."""
    expected = Counting(graph, weight, waiting=False)
    found = greatest_cost(graph, weight)
    if isinstance(found, Unbounded):
        assert expected.unbounded
        states = graphs.follow(graph, 0, (*found.stem, *found.loop))
        assert states[len(found.stem)] == states[-1]
        assert total(weight, found.loop) > 0
    else:
        assert not expected.unbounded
        assert found.value == max(expected.values) == total(weight, found.path)
        assert len(found.path) == expected.values[found.value]
        graphs.follow(graph, 0, found.path)


@thorough
@given(graph=graphs.graphs(), weight=weights)
def test_time(graph: RunGraph, weight: dict[int, int]) -> None:
    """The greatest time is that of an exhaustive count from each trigger; rest and endless waits have none."""
    expected = Counting(graph, weight, waiting=True)
    found = greatest_time(graph, TRIGGER, RESPONSE, weight)
    if found is None:
        assert not expected.values
        return
    steps = found.path if isinstance(found, Greatest) else found.stem
    states = graphs.follow(graph, 0, steps)
    assert holds(graph, states[found.start], TRIGGER)
    if isinstance(found, Greatest):
        assert not expected.unbounded
        assert found.value == max(expected.values) == total(weight, steps[found.start :])
        assert len(steps) == expected.values[found.value]
        assert not any(holds(graph, state, RESPONSE) for state in states[found.start : -1])
        return
    assert expected.unbounded
    assert not any(holds(graph, state, RESPONSE) for state in states[found.start :])
    if found.loop == (REST,):
        assert graph.rests[states[-1]]
    else:
        around = graphs.follow(graph, states[-1], found.loop)
        assert around[-1] == around[0]
        assert total(weight, found.loop) > 0
        assert not any(holds(graph, state, RESPONSE) for state in around)


def test_response_by_the_last_tick_counts() -> None:
    """A tick that brings the response is part of the time, and a later trigger does not start anew."""
    chain = graph_of([[(0, 1)], [(1, 2)], [(0, 3)], []], [1, 1, 0, 2])
    assert greatest_time(chain, TRIGGER, RESPONSE, {0: 1}) == Greatest(2, (0, 1, 0), 0)


def test_immediate_response_takes_no_time() -> None:
    """Trigger and response in one state: the time is 0, though the run goes on for ever."""
    loop = graph_of([[(0, 1)], [(0, 1)]], [0, 3])
    assert greatest_time(loop, TRIGGER, RESPONSE, {0: 1}) == Greatest(0, (0,), 1)


def test_no_trigger() -> None:
    """Without any trigger there is no time to speak of."""
    loop = graph_of([[(0, 0)]], [2])
    assert greatest_time(loop, TRIGGER, RESPONSE, {0: 1}) is None


def test_rest_waits_for_ever() -> None:
    """A run that may rest before the response has no greatest time, even if time is not modelled."""
    assert greatest_time(graph_of([[(0, 1)], []], [1, 2], [0]), TRIGGER, RESPONSE, {}) == Unbounded((), (REST,), 0)


def test_shortest_of_the_extreme_paths() -> None:
    """The way to the trigger counts as well as the way from it."""
    # 0 -> 1 (trigger) -> 2 -> 3 -tick-> 4, or 0 -> 5 -> 6 -> 7 -> 8 (trigger) -tick-> 4
    arrows = [[(0, 1), (1, 5)], [(0, 2)], [(0, 3)], [(2, 4)], [], [(0, 6)], [(0, 7)], [(0, 8)], [(2, 4)]]
    graph = graph_of(arrows, [0, 1, 0, 0, 2, 0, 0, 0, 1])
    assert greatest_time(graph, TRIGGER, RESPONSE, {2: 1}) == Greatest(1, (0, 0, 0, 2), 1)


def test_loop_that_pumps() -> None:
    """The loop is given from the state where it adds something, and leads back there."""
    pump = graph_of([[(0, 1)], [(1, 2), (2, 3)], [(3, 1)], []], [0, 0, 0, 0])
    assert greatest_cost(pump, {3: 1}) == Unbounded((0, 1), (3, 1), 0)
    assert greatest_cost(pump, {0: 1, 2: 5}) == Greatest(6, (0, 2), 0)
