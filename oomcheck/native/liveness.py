"""Lassos and longest paths by native code: the functions of `analysis.lassos` and `analysis.longest`, made fast.

Same arguments, same results, number for number; only `poll` is called by time and not by work, from a thread that
waits. Where numbers do not fit the words of the C code (more than 64 assumptions, astronomic costs), the plain
functions answer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

from oomcheck.analysis import lassos, longest
from oomcheck.analysis.components import Poll, Stopped, never
from oomcheck.analysis.graph import RunGraph
from oomcheck.analysis.lassos import Lasso
from oomcheck.analysis.longest import Greatest, Unbounded
from oomcheck.analysis.product import EVERYTHING
from oomcheck.native.run_core import GREATEST, MOST_BITS, MOST_SUM, NO_SOURCE, RunCore, Weights, graph_record
from oomcheck.native.run_tables import automaton_tables, demand_tables, limit_to, query_of, weights_of
from oomcheck.prop.automaton import Automaton
from oomcheck.prop.temporal import Fairness
from oomcheck.result.exploration import REST

Ends = Sequence[int | None]
Sum = TypeVar("Sum", Greatest | Unbounded, Greatest | Unbounded | None)


class NativeRuns:
    """The functions of a core library, by the names and with the arguments of the plain ones.

    The arrays of a graph may be anything that is a writable buffer of the same item sizes; they are read in place.
    """

    def __init__(self, core: RunCore) -> None:
        self._core = core

    def find_lasso(
        self,
        graph: RunGraph,
        automaton: Automaton,
        positions: Sequence[int],
        fairness: Sequence[Fairness],
        poll: Poll = never,
        ends: Ends = (),
    ) -> Lasso | None:
        """See `analysis.lassos.find_lasso`."""
        if max(len(fairness), automaton.sets) > MOST_BITS:
            return lassos.find_lasso(graph, automaton, positions, fairness, poll, ends)
        return self._lasso(graph, (automaton, positions), (fairness, ends), None, poll)

    def fair_run(
        self, graph: RunGraph, fairness: Sequence[Fairness], poll: Poll = never, ends: Ends = ()
    ) -> Lasso | None:
        """See `analysis.lassos.fair_run`."""
        return self.find_lasso(graph, EVERYTHING, (), fairness, poll, ends)

    def fair_cycle(
        self,
        graph: RunGraph,
        steps: Collection[int],
        fairness: Sequence[Fairness],
        poll: Poll = never,
        ends: Ends = (),
    ) -> Lasso | None:
        """See `analysis.lassos.fair_cycle`."""
        if len(fairness) > MOST_BITS:
            return lassos.fair_cycle(graph, steps, fairness, poll, ends)
        return self._lasso(graph, (EVERYTHING, ()), (fairness, ends), frozenset(steps), poll)

    def _lasso(
        self,
        graph: RunGraph,
        reader: tuple[Automaton, Sequence[int]],
        assumed: tuple[Sequence[Fairness], Ends],
        allowed: frozenset[int] | None,
        poll: Poll,
    ) -> Lasso | None:
        tables, demands = automaton_tables(reader[0], graph.masks, reader[1]), demand_tables(graph.masks, *assumed)
        found = self._core.lasso(query_of(graph_record(graph), tables, demands, assumed[0], allowed), poll)
        return None if found is None else Lasso(tuple(found[0]), tuple(found[1]) or (REST,))

    def greatest_cost(self, graph: RunGraph, cost: Mapping[int, int], poll: Poll = never) -> Greatest | Unbounded:
        """See `analysis.longest.greatest_cost`."""
        if _is_astronomic(graph, cost):
            return _small(lambda: longest.greatest_cost(graph, cost, poll))
        found = self._longest(graph, weights_of(graph_record(graph), cost), poll)
        assert found is not None, "the initial state is a source"
        return found

    def greatest_time(
        self, graph: RunGraph, trigger: int, response: int, ticks: Mapping[int, int], poll: Poll = never
    ) -> Greatest | Unbounded | None:
        """See `analysis.longest.greatest_time`."""
        if _is_astronomic(graph, ticks):
            return _small(lambda: longest.greatest_time(graph, trigger, response, ticks, poll))
        weights = weights_of(graph_record(graph), ticks)
        return self._longest(graph, limit_to(weights, graph.masks, trigger, response), poll)

    def _longest(self, graph: RunGraph, weights: Weights, poll: Poll) -> Greatest | Unbounded | None:
        found, steps = self._core.longest(weights, poll)
        if found.end == NO_SOURCE:
            return None
        before = graph.path_to(found.source)
        path = (*before, *steps[: found.stem])
        if found.end == GREATEST:
            return Greatest(found.value, path, len(before))
        return Unbounded(path, tuple(steps[found.stem :]) or (REST,), len(before))


def _is_astronomic(graph: RunGraph, weight: Mapping[int, int]) -> bool:
    """Whether a path might have a sum that does not fit a word of the C code."""
    return max(weight.values(), default=0) * (graph.states + 1) >= MOST_SUM


def _small(search: Callable[[], Sum]) -> Sum:
    """What the plain functions find; their sums have bounds too."""
    try:
        return search()
    except OverflowError as problem:
        raise Stopped("sums of 2^63 or more") from problem
