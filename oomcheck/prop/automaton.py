"""Büchi automata on the states of a run, and their strongly connected components."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from oomcheck.ir.expr import Expr


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """A step of an automaton from `source` to `target`.

    Bit i of the masks stands for atom i: the edge can be taken when the letter has all bits of `positive` and
    none of `negative`. Bit i of `marks` says that the edge belongs to acceptance set i.
    """

    source: int
    positive: int
    negative: int
    target: int
    marks: int

    def reads(self, letter: int) -> bool:
        """Whether the edge can be taken with this letter: the mask of the atoms that hold."""
        return letter & self.positive == self.positive and not letter & self.negative


@dataclass(frozen=True)
class Automaton:
    """A Büchi automaton with generalised acceptance on edges.

    A run of it on a run of the system starts in one of `initial`; its i-th edge reads the letter of the i-th
    state, that is of the state that is left. It is accepting when it takes edges of each of the `sets`
    acceptance sets again and again; with no set every infinite run is. States are numbered from 0 in the order of a
    breadth-first search, edges are sorted. Without states nothing is accepted.
    """

    atoms: tuple[Expr, ...]
    states: int
    initial: tuple[int, ...]
    edges: tuple[Edge, ...]
    sets: int

    @cached_property
    def outgoing(self) -> tuple[tuple[Edge, ...], ...]:
        """The edges of each state, in order."""
        table: list[list[Edge]] = [[] for _ in range(self.states)]
        for edge in self.edges:
            table[edge.source].append(edge)
        return tuple(tuple(edges) for edges in table)

    @property
    def all_marks(self) -> int:
        """The mask of all acceptance sets."""
        return (1 << self.sets) - 1


def components(targets: Sequence[Sequence[int]]) -> list[int]:
    """Number of the strongly connected component of each node; a component comes after those that it reaches.

    Tarjan, Depth-first search and linear graph algorithms (1972), without recursion.
    """
    count = len(targets)
    component, low, order = [-1] * count, [0] * count, [-1] * count
    found: list[int] = []
    visited = numbered = 0
    for root in range(count):
        if order[root] >= 0:
            continue
        work = [(root, 0)]
        while work:
            node, position = work.pop()
            if position == 0:
                order[node] = low[node] = visited
                visited += 1
                found.append(node)
            elif component[targets[node][position - 1]] < 0:
                low[node] = min(low[node], low[targets[node][position - 1]])
            while position < len(targets[node]):
                target = targets[node][position]
                position += 1
                if order[target] < 0:
                    work += [(node, position), (target, 0)]
                    break
                if component[target] < 0:
                    low[node] = min(low[node], order[target])
            else:
                if low[node] == order[node]:
                    while component[node] < 0:
                        component[found.pop()] = numbered
                    numbered += 1
    return component
