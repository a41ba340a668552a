"""The reachable states of a system as a graph of dense numbers: what remains of them for questions about runs."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import TypeAlias

from oomcheck.records import dataclass

#: Numbers in one block of memory: an array, or a view of memory that belongs to somebody else.
Numbers: TypeAlias = "array[int] | memoryview[int]"


@dataclass(frozen=True)
class RunGraph:
    """States by number, in the order in which a breadth-first search found them; 0 is the initial one.

    The edges that leave state `s` have the numbers `first[s] .. first[s + 1] - 1`, in the order of their transition;
    edge `e` leads to state `target[e]` by transition `step[e]`. `parent` and `found_by` give a shortest path to each
    state (-1 for the initial one). `rests[s]` is 1 where a run may stay for ever. The conditions that were asked of
    the states hold in state `s` as the bits of `masks[letter[s]]`.

    Where a limit ended the search, states that were not expanded have no edges and do not rest, so a lasso in
    this graph is real all the same, and every edge that a state may lack is lacking along with all its others.
    """

    first: Numbers
    target: Numbers
    step: Numbers
    parent: Numbers
    found_by: Numbers
    rests: bytearray | memoryview[int]
    letter: Numbers
    masks: tuple[int, ...]

    @property
    def states(self) -> int:
        """Number of states."""
        return len(self.parent)

    @property
    def edges(self) -> int:
        """Number of edges, rest left out."""
        return len(self.target)

    def path_to(self, state: int) -> tuple[int, ...]:
        """Transitions of a shortest path from the initial state."""
        steps: list[int] = []
        while state:
            steps.append(self.found_by[state])
            state = self.parent[state]
        return tuple(reversed(steps))

    def depths(self) -> array[int]:
        """Number of steps on a shortest path to each state."""
        depth = array("i", [0])
        for parent in self.parent[1:]:
            depth.append(depth[parent] + 1)
        return depth

    def edges_of(self, state: int) -> range:
        """Numbers of the edges that leave a state."""
        return range(self.first[state], self.first[state + 1])

    def where(self, bit: int) -> bytearray:
        """For each state 1 if the condition with this bit holds there."""
        held = bytes((mask >> bit) & 1 for mask in self.masks)
        return bytearray(map(held.__getitem__, self.letter))


class GraphBuilder:
    """A graph in the making: states are added when they are found, edges when their source is expanded."""

    def __init__(self) -> None:
        self._first = array("q", [0])
        self._target = array("i")
        self._step = array("i")
        self.parent = array("i")
        self.found_by = array("i")
        self.depth = array("i")
        self.rests = bytearray()
        self._letter = array("i")
        self._classes: dict[int, int] = {}
        self._masks: list[int] = []

    def add(self, parent: int, step: int, mask: int) -> int:
        """Add a state that `step` reaches from `parent`; its number."""
        self.parent.append(parent)
        self.found_by.append(step)
        self.depth.append(self.depth[parent] + 1 if parent >= 0 else 0)
        if mask not in self._classes:
            self._classes[mask] = len(self._masks)
            self._masks.append(mask)
        self._letter.append(self._classes[mask])
        self.rests.append(0)
        return len(self.parent) - 1

    def mask_of(self, state: int) -> int:
        """The conditions that hold in a state, as bits."""
        return self._masks[self._letter[state]]

    @property
    def edges(self) -> int:
        """Number of edges so far."""
        return len(self._target)

    def close(self, targets: Sequence[int], steps: Sequence[int]) -> None:
        """The next state in order is expanded, with these edges; none if it was given up."""
        self._target.extend(targets)
        self._step.extend(steps)
        self._first.append(len(self._target))

    def finish(self) -> RunGraph:
        """The graph; states that were never expanded have no edges."""
        while len(self._first) <= len(self.parent):
            self._first.append(len(self._target))
        return RunGraph(
            self._first,
            self._target,
            self._step,
            self.parent,
            self.found_by,
            self.rests,
            self._letter,
            tuple(self._masks),
        )
