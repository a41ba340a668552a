"""Exact greatest values along runs: sums of a cost, and times until a response.

Both are longest paths. A loop that adds something has no longest path; without such a loop a component adds nothing,
and one pass over the components in topological order gives the greatest sum with which each state is reached
(Bellman, On a routing problem (1958), for graphs without cycles). A path of edges that keep these sums is an extreme
one; of those the shortest is handed back.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from heapq import heappop, heappush

from oomcheck.analysis.components import Components, Poll, never
from oomcheck.analysis.graph import RunGraph
from oomcheck.records import dataclass
from oomcheck.result.exploration import REST


@dataclass(frozen=True, slots=True)
class Greatest:
    """The greatest value, and a shortest path from the initial state that reaches it.

    What counts begins after `start` steps: 0 for a cost, for a time the state with the trigger.
    """

    value: int
    path: tuple[int, ...]
    start: int = 0


@dataclass(frozen=True, slots=True)
class Unbounded:
    """A lasso whose loop adds something each time, or nothing ever ends; `start` as in `Greatest`."""

    stem: tuple[int, ...]
    loop: tuple[int, ...]
    start: int = 0


def greatest_cost(graph: RunGraph, cost: Mapping[int, int], poll: Poll = never) -> Greatest | Unbounded:
    """The greatest sum of `cost`, by transition (0 where there is none), over all paths from the initial state."""
    return _Region(graph, [0], bytearray(graph.states), cost, poll).solve()


def greatest_time(
    graph: RunGraph, trigger: int, response: int, ticks: Mapping[int, int], poll: Poll = never
) -> Greatest | Unbounded | None:
    """The greatest time from a state with the trigger to the first one with the response; None without any trigger.

    `trigger` and `response` are bits of the graph's masks, `ticks` the time that transitions take. A response in the
    state of the trigger takes no time. A run that rests before the response waits for ever.
    """
    triggers, answered = graph.where(trigger), graph.where(response)
    if not any(triggers):
        return None
    asked = [state for state in range(graph.states) if triggers[state] and not answered[state]]
    region = _Region(graph, asked, answered, ticks, poll)
    found = region.first_rest() or region.solve()
    if isinstance(found, Greatest) and not found.value:
        path = graph.path_to(triggers.index(1))
        return Greatest(0, path, len(path))
    return found


class _Region:
    """Paths from one of `sources` up to and with the first of the `exits`, given as flags."""

    def __init__(
        self, graph: RunGraph, sources: list[int], exits: bytearray, weight: Mapping[int, int], poll: Poll
    ) -> None:
        self._graph = graph
        self._sources = sources
        self._exits = exits
        self._poll = poll
        self._weight = [weight.get(step, 0) for step in range(max(graph.step, default=-1) + 1)]
        self._from = array("i", [-1]) * graph.states  # edge that found a state inside, -2 for sources
        self._states = self._reach()
        self._best = array("q", [-1]) * graph.states  # greatest sum with which a state inside is reached

    def _reach(self) -> list[int]:
        """States inside, nearest to the sources first."""
        graph, reached = self._graph, self._from
        states = list(self._sources)
        for state in states:
            reached[state] = -2
        for state in states:  # grows meanwhile
            for edge in graph.edges_of(state):
                target = graph.target[edge]
                if reached[target] == -1 and not self._exits[target]:
                    reached[target] = edge
                    states.append(target)
        return states

    def _inside(self, state: int) -> Iterator[int]:
        """Targets inside of the edges that leave a state."""
        target, reached = self._graph.target, self._from
        return (target[edge] for edge in self._graph.edges_of(state) if reached[target[edge]] != -1)

    def first_rest(self) -> Unbounded | None:
        """A run that rests inside."""
        state = next((state for state in self._states if self._graph.rests[state]), None)
        return None if state is None else self._endless(state, (REST,))

    def solve(self) -> Greatest | Unbounded:
        """The greatest sum, or a loop that has none."""
        graph, weight = self._graph, self._weight
        components = Components(graph.states, self._inside, self._poll)
        parts = list(components.split(self._states))
        label = components.label
        for state in self._states:
            for edge in graph.edges_of(state):
                target = graph.target[edge]
                if weight[graph.step[edge]] and label[target] == label[state]:
                    return self._endless(state, (graph.step[edge], *self._back(target, state, label)))
        return self._extreme(self._sums(parts))

    def _sums(self, parts: list[list[int]]) -> int:
        """Fill in the greatest sum of each state inside; the greatest of all, with edges to exits."""
        graph, best, weight = self._graph, self._best, self._weight
        for state in self._sources:
            best[state] = 0
        greatest = 0
        for part in reversed(parts):
            value = max(best[state] for state in part)
            greatest = max(greatest, value)
            for state in part:
                best[state] = value
            for state in part:
                for edge in graph.edges_of(state):
                    target, total = graph.target[edge], value + weight[graph.step[edge]]
                    if self._from[target] == -1:
                        greatest = max(greatest, total)
                    elif total > best[target]:
                        best[target] = total
        return greatest

    def _extreme(self, value: int) -> Greatest:
        """A shortest path with this sum: each of its edges leads from a best sum to a best one (Dijkstra 1959)."""
        if not value:
            return Greatest(0, ())
        graph, best, depth = self._graph, self._best, self._graph.depths()
        queue = [(depth[state], state, -2) for state in self._sources if best[state] == 0]
        queue.sort()
        found: dict[int, int] = {}
        while queue:
            length, state, by = heappop(queue)
            if state in found:
                continue
            found[state] = by
            if self._from[state] == -1 or best[state] == value:
                return self._path(state, found, value)
            for edge in graph.edges_of(state):
                target, total = graph.target[edge], best[state] + self._weight[graph.step[edge]]
                if total == (value if self._from[target] == -1 else best[target]):
                    heappush(queue, (length + 1, target, edge))
        raise AssertionError("some path reaches the greatest sum")

    def _path(self, state: int, found: Mapping[int, int], value: int) -> Greatest:
        steps, source = self._trail(state, found)
        stem = self._graph.path_to(source)
        return Greatest(value, (*stem, *steps), len(stem))

    def _trail(self, state: int, found: Mapping[int, int] | array[int]) -> tuple[list[int], int]:
        """Transitions to a state from the source where the edges in `found` begin, and that source."""
        steps: list[int] = []
        while found[state] != -2:
            edge = found[state]
            steps.append(self._graph.step[edge])
            state = bisect_right(self._graph.first, edge) - 1
        return steps[::-1], state

    def _endless(self, state: int, loop: tuple[int, ...]) -> Unbounded:
        steps, source = self._trail(state, self._from)
        stem = self._graph.path_to(source)
        return Unbounded((*stem, *steps), loop, len(stem))

    def _back(self, start: int, goal: int, label: array[int]) -> list[int]:
        """Transitions of a shortest path from `start` to `goal` within their component."""
        graph = self._graph
        found = {start: -2}
        queue = [start]
        for state in queue:  # grows meanwhile
            if state == goal:
                break
            for edge in graph.edges_of(state):
                target = graph.target[edge]
                if target not in found and label[target] == label[start]:
                    found[target] = edge
                    queue.append(target)
        return self._trail(goal, found)[0]
