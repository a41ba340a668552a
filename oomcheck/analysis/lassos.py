"""Fair lassos that an automaton accepts: counterexamples to properties of runs.

A run is a lasso in the product of graph and automaton, and the loop lies in a strongly connected component. Weak
fairness and acceptance are questions about the component as a whole; for strong fairness the component loses the
states that ask for what it cannot give, and what is left is split again (Lichtenstein and Pnueli, Checking that
finite state concurrent programs satisfy their linear specification (1985), section 5).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from oomcheck.analysis.components import Components, Poll, never
from oomcheck.analysis.demands import Demands
from oomcheck.analysis.graph import RunGraph
from oomcheck.analysis.loops import Loops
from oomcheck.analysis.product import EVERYTHING, Hop, Product, accepting_parts
from oomcheck.prop.automaton import Automaton
from oomcheck.prop.temporal import Fairness
from oomcheck.records import dataclass
from oomcheck.result.exploration import REST


@dataclass(frozen=True, slots=True)
class Lasso:
    """Transitions from the initial state to a state, and from there back to it; (REST,) for a run that rests."""

    stem: tuple[int, ...]
    loop: tuple[int, ...]


def find_lasso(
    graph: RunGraph,
    automaton: Automaton,
    positions: Sequence[int],
    fairness: Sequence[Fairness],
    poll: Poll = never,
    ends: Sequence[int | None] = (),
) -> Lasso | None:
    """A run of the graph that the automaton accepts and that keeps all of `fairness`; None if there is none.

    `positions[i]` is the bit of the graph's masks for atom i of the automaton. The stem to the first state of a fair
    component is shortest, the loop is short. `poll` is called now and then and ends the search by raising `Stopped`;
    `ends` is told by `Demands`.
    """
    return _Search(Product(graph, automaton, positions, poll), Demands(graph, fairness, ends), None, poll).run()


def fair_run(
    graph: RunGraph, fairness: Sequence[Fairness], poll: Poll = never, ends: Sequence[int | None] = ()
) -> Lasso | None:
    """Some run that keeps all of `fairness`; where there is none, every property of runs holds for no reason."""
    return find_lasso(graph, EVERYTHING, (), fairness, poll, ends)


def fair_cycle(
    graph: RunGraph,
    steps: Collection[int],
    fairness: Sequence[Fairness],
    poll: Poll = never,
    ends: Sequence[int | None] = (),
) -> Lasso | None:
    """A lasso whose loop consists of transitions in `steps` and keeps `fairness`; its stem may take any. No rest."""
    product, demands = Product(graph, EVERYTHING, (), poll), Demands(graph, fairness, ends)
    return _Search(product, demands, frozenset(steps), poll).run()


class _Search:
    """One search; `allowed` are the transitions of which loops may consist (None: all, and rest)."""

    def __init__(self, product: Product, demands: Demands, allowed: frozenset[int] | None, poll: Poll) -> None:
        self._product = product
        self._demands = demands
        self._allowed = allowed
        self._parts = accepting_parts(product.automaton)
        self._components = Components(len(product.parent), self._inside, poll)
        self._fair: set[int] = set()  # labels of the components that have a fair loop

    def run(self) -> Lasso | None:
        """The lasso that is reached first."""
        parts, width = self._parts, self._product.width
        self._judge([node for node in self._product.order if parts[node % width] >= 0])
        label = self._components.label
        for node in self._product.order:
            if self._allowed is None and self._can_rest(node):
                return Lasso(tuple(hop.step for hop in self._stem(node)), (REST,))
            if label[node] in self._fair:
                return self._lasso(node)
        return None

    def _inside(self, node: int) -> Iterator[int]:
        """Targets of the edges that a loop through `node` can take."""
        product = self._product
        graph, width = product.graph, product.width
        state, at = divmod(node, width)
        part = self._parts[at]
        for after, _ in product.moves[graph.letter[state]][at]:
            if self._parts[after] == part:
                for edge in range(graph.first[state], graph.first[state + 1]):
                    if self._allowed is None or graph.step[edge] in self._allowed:
                        yield graph.target[edge] * width + after

    def _hops(self, node: int) -> Iterator[Hop]:
        """Edges from a node to its own component."""
        label = self._components.label
        for hop in self._product.hops(node):
            if label[hop.target] == label[node] and (self._allowed is None or hop.step in self._allowed):
                yield hop

    def _judge(self, nodes: list[int]) -> None:
        """Find all fair components among `nodes`."""
        left = [nodes]
        while left:
            for component in list(self._components.split(left.pop())):
                if len(component) == 1 and component[0] not in self._inside(component[0]):
                    continue
                marks = taken = 0
                for node in component:
                    for hop in self._hops(node):
                        marks |= hop.marks
                        taken |= self._demands.taken(hop.step)
                if marks == self._product.automaton.all_marks:
                    left += self._trim(component, taken)

    def _trim(self, component: list[int], taken: int) -> list[list[int]]:
        """Note a component if it has a fair loop; else what is left of it to look at, if anything is."""
        demands, width = self._demands, self._product.width
        states = [node // width for node in component]
        if demands.lacking(states, taken):
            return []
        starved = demands.starved(states, taken)
        if not starved:
            self._fair.add(self._components.label[component[0]])
            return []
        return [[node for node in component if not demands.enabled(node // width) & starved]]

    def _can_rest(self, node: int) -> bool:
        state = node // self._product.width
        graph = self._product.graph
        return bool(graph.rests[state]) and self._demands.allow_rest(state) and self._product.accepts_rest(node)

    def _lasso(self, entry: int) -> Lasso:
        way, loop = Loops(self._product, self._demands, self._hops).from_node(entry)
        return _rotated([*self._stem(entry), *way], loop, self._product.width)

    def _stem(self, node: int) -> list[Hop]:
        """Edges of a shortest path from an initial node."""
        product = self._product
        return [
            next(hop for hop in product.hops(source) if hop.target == target)
            for source, target in pairwise(product.stem(node))
        ]


def _rotated(stem: list[Hop], loop: list[Hop], width: int) -> Lasso:
    """The same run, with a loop that begins as early as it can."""

    def source(path: list[Hop], start: int) -> int:
        return path[-2].target // width if len(path) > 1 else start

    while stem and stem[-1].step == loop[-1].step and source(stem, 0) == source(loop, loop[-1].target // width):
        loop = [stem.pop(), *loop[:-1]]
    return Lasso(tuple(hop.step for hop in stem), tuple(hop.step for hop in loop))
