"""Strongly connected components of implicit graphs, split again and again."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator

Successors = Callable[[int], Iterable[int]]

#: Called now and then by long computations; it ends one by raising `Stopped`.
Poll = Callable[[], None]
POLL = 4096  # nodes between two calls

_OUT = 1 << 62  # greater than any number of a visit and of a component


class Stopped(Exception):  # noqa: N818 (no error: somebody asked for it)
    """A computation was asked to end; `reason` is for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def never() -> None:
    """The poll that ends nothing."""


class Components:
    """The components of subgraphs of a graph whose nodes are 0 .. size - 1.

    `label[node]` is the same number for all nodes of one component and for no other node, as long as the component
    is not split again.
    """

    def __init__(self, size: int, successors: Successors, poll: Poll = never) -> None:
        self.label = array("q", [_OUT]) * size
        self._successors = successors
        self._poll = poll
        self._next = _OUT - 1

    def split(self, nodes: Iterable[int]) -> Iterator[list[int]]:
        """The components of the subgraph of `nodes`; each comes after those that it reaches.

        What is not among `nodes` must not be the rest of a component that is still needed. Pearce, A space-efficient
        algorithm for finding strongly connected components (2016): Tarjan's with one number for each node, the least
        visit that it reaches, then the component; without recursion.
        """
        label, successors = self.label, self._successors
        roots = list(nodes)
        for node in roots:
            label[node] = 0
        for number, root in enumerate(roots):
            if number % POLL == 0:
                self._poll()
            if label[root]:
                continue
            visits = 1
            label[root] = visits
            path = [(root, visits, iter(successors(root)))]
            waiting: list[int] = []
            while path:
                node, own, following = path[-1]
                least = label[node]
                for target in following:
                    seen = label[target]
                    if not seen:
                        label[node] = least
                        visits += 1
                        if visits % POLL == 0:
                            self._poll()
                        label[target] = visits
                        path.append((target, visits, iter(successors(target))))
                        break
                    if seen < least:
                        least = seen
                else:
                    label[node] = least
                    path.pop()
                    if path and least < label[path[-1][0]]:
                        label[path[-1][0]] = least
                    waiting.append(node)
                    if least == own:
                        yield self._close(node, own, waiting)

    def _close(self, root: int, own: int, waiting: list[int]) -> list[int]:
        """The component of `root`, the last of those `waiting` that were visited after it."""
        label = self.label
        component = []
        number, self._next = self._next, self._next - 1
        while waiting and label[waiting[-1]] >= own:
            node = waiting.pop()
            label[node] = number
            component.append(node)
        return component
