"""The order in which processes take locks, and circles in it."""

from __future__ import annotations

from collections import deque

from oomcheck.result.exploration import LockEdge


class LockOrder:
    """A growing graph of locks; each edge remembers the number of the state where it first appeared."""

    def __init__(self) -> None:
        self._seen: dict[LockEdge, int] = {}
        self._leaving: dict[int, list[LockEdge]] = {}

    @property
    def edges(self) -> frozenset[LockEdge]:
        """All edges that were added."""
        return frozenset(self._seen)

    def origin(self, edge: LockEdge) -> int:
        """The state in which `edge` was added."""
        return self._seen[edge]

    def add(self, edge: LockEdge, state: int) -> tuple[LockEdge, ...]:
        """Add an edge; the circle that it closes, itself last, or ()."""
        if edge in self._seen:
            return ()
        self._seen[edge] = state
        self._leaving.setdefault(edge.held, []).append(edge)
        return self.circle(edge)

    def circle(self, closing: LockEdge) -> tuple[LockEdge, ...]:
        """A shortest circle through an edge of the graph that no process appears in twice, that edge last, or ().

        One process that takes locks in two orders at different times cannot
        block itself; a deadlock needs a process of its own for each edge.
        """
        start = (closing.wanted, frozenset([closing.process]))
        paths: dict[tuple[int, frozenset[int]], tuple[LockEdge, ...]] = {start: ()}
        frontier = deque([start])
        while frontier:
            lock, used = node = frontier.popleft()
            for edge in self._leaving.get(lock, ()):
                if edge.process in used:
                    continue
                path = (*paths[node], edge)
                if edge.wanted == closing.held:
                    return (*path, closing)
                following = (edge.wanted, used | {edge.process})
                if following not in paths:
                    paths[following] = path
                    frontier.append(following)
        return ()
