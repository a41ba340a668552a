"""A graph of runs together with a Büchi automaton that reads them, on integers."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from oomcheck.analysis.components import POLL, Components, Poll, never
from oomcheck.analysis.graph import RunGraph
from oomcheck.prop.automaton import Automaton, Edge

#: Reads every run and accepts it.
EVERYTHING = Automaton((), 1, (0,), (Edge(0, 0, 0, 0, 0),), 0)

Moves = tuple[tuple[int, int], ...]  # targets and marks of the edges that an automaton can take


class Hop(NamedTuple):
    """An edge of the product: to node `target`, by transition `step`, with the acceptance marks of the automaton."""

    target: int
    step: int
    marks: int


class Product:
    """Pairs of a state and an automaton state; pair (s, q) is node `s * width + q`.

    `positions[i]` is the bit of the graph's masks that stands for atom i of the automaton.
    """

    def __init__(self, graph: RunGraph, automaton: Automaton, positions: Sequence[int], poll: Poll = never) -> None:
        self.graph = graph
        self.automaton = automaton
        self.width = automaton.states
        letters = [sum(((mask >> bit) & 1) << atom for atom, bit in enumerate(positions)) for mask in graph.masks]
        #: By class of states and state of the automaton.
        self.moves: list[list[Moves]] = [
            [tuple((edge.target, edge.marks) for edge in edges if edge.reads(letter)) for edges in automaton.outgoing]
            for letter in letters
        ]
        self._stutters = [_accepted_stutters(automaton, moves) for moves in self.moves]
        self.order = array("q")  # reached nodes, in the order of a breadth-first search
        self.parent = array("q", [-1]) * (graph.states * self.width)
        self._reach(poll)

    def _reach(self, poll: Poll) -> None:
        """Find the nodes that runs reach, each by a shortest path."""
        graph, width, order, parent = self.graph, self.width, self.order, self.parent
        first, target, letter, moves = graph.first, graph.target, graph.letter, self.moves
        for start in self.automaton.initial:
            parent[start] = start
            order.append(start)
        for number, node in enumerate(order):  # grows meanwhile
            if number % POLL == 0:
                poll()
            state, at = divmod(node, width)
            for after, _ in moves[letter[state]][at]:
                for edge in range(first[state], first[state + 1]):
                    found = target[edge] * width + after
                    if parent[found] < 0:
                        parent[found] = node
                        order.append(found)

    def hops(self, node: int) -> Iterator[Hop]:
        """The edges that leave a node."""
        state, at = divmod(node, self.width)
        moves = self.moves[self.graph.letter[state]][at]
        for edge in self.graph.edges_of(state):
            base, step = self.graph.target[edge] * self.width, self.graph.step[edge]
            for after, marks in moves:
                yield Hop(base + after, step, marks)

    def stem(self, node: int) -> list[int]:
        """Nodes of a shortest path from an initial node, that one and `node` included."""
        nodes = [node]
        while self.parent[nodes[-1]] != nodes[-1]:
            nodes.append(self.parent[nodes[-1]])
        return nodes[::-1]

    def accepts_rest(self, node: int) -> bool:
        """Whether the automaton accepts that the state lasts for ever."""
        state, at = divmod(node, self.width)
        return self._stutters[self.graph.letter[state]][at]


def accepting_parts(automaton: Automaton) -> list[int]:
    """For each state of an automaton the number of its component if that may accept, else -1."""
    return _accepting(automaton, [[(e.target, e.marks) for e in edges] for edges in automaton.outgoing])


def _accepting(automaton: Automaton, moves: Sequence[Sequence[tuple[int, int]]]) -> list[int]:
    parts = Components(automaton.states, lambda at: [target for target, _ in moves[at]])
    found = [-1] * automaton.states
    for number, component in enumerate(list(parts.split(range(automaton.states)))):
        inside = [marks for at in component for target, marks in moves[at] if parts.label[target] == parts.label[at]]
        if inside and _union(inside) == automaton.all_marks:
            for at in component:
                found[at] = number
    return found


def _union(masks: Sequence[int]) -> int:
    union = 0
    for mask in masks:
        union |= mask
    return union


def _accepted_stutters(automaton: Automaton, moves: Sequence[Moves]) -> list[bool]:
    """For each state of an automaton whether it accepts from there that one letter, with these moves, is repeated."""
    accepting = _accepting(automaton, moves)
    accepted = [part >= 0 for part in accepting]
    changed = True
    while changed:
        changed = False
        for at in range(automaton.states):
            if not accepted[at] and any(accepted[target] for target, _ in moves[at]):
                accepted[at] = changed = True
    return accepted
