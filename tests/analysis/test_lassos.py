"""Fair lassos in random graphs, against their definition and against other algorithms."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import networkx as nx
from hypothesis import HealthCheck, given, settings

from oomcheck.analysis.graph import RunGraph
from oomcheck.analysis.lassos import Lasso, find_lasso
from oomcheck.prop.buchi import translate
from oomcheck.prop.formula import Formula, Not
from oomcheck.prop.temporal import Fairness
from tests.analysis import graphs

thorough = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))


def counterexample(graph: RunGraph, formula: Formula, assumed: tuple[Fairness, ...] = ()) -> Lasso | None:
    """A fair run that violates a formula."""
    automaton = translate(Not(formula))
    found = find_lasso(graphs.with_bits(graph, automaton.atoms), automaton, range(len(automaton.atoms)), assumed)
    assert found is None or graphs.is_counterexample(graph, formula, assumed, found.stem, found.loop)
    return found


class Subsets:
    """Whether a fair accepting loop exists, by trying all sets of nodes that it could visit.

    A loop that visits exactly these nodes does best to take all edges between them.
    """

    def __init__(self, graph: RunGraph, formula: Formula) -> None:
        automaton = translate(Not(formula))
        self.graph = graph
        masks = graphs.with_bits(graph, automaton.atoms).masks
        self.automaton = automaton
        self.product: nx.MultiDiGraph[tuple[int, int]] = nx.MultiDiGraph()
        queue = [(0, at) for at in automaton.initial]
        self.product.add_nodes_from(queue)
        for state, at in queue:
            letter = masks[graph.letter[state]]
            for edge in automaton.outgoing[at]:
                if not edge.reads(letter):
                    continue
                for arrow in graph.edges_of(state):
                    target = (graph.target[arrow], edge.target)
                    if target not in self.product:
                        queue.append(target)
                    self.product.add_edge((state, at), target, step=graph.step[arrow], marks=edge.marks)

    def small(self) -> bool:
        """Whether there are few enough sets."""
        return len(self.product) <= 9

    def loop_exists(self, assumed: tuple[Fairness, ...]) -> bool:
        """Whether some set of nodes carries a fair accepting loop."""
        edges = list(self.product.edges(data=True))
        nodes = sorted(self.product)
        return any(
            self._is_loop(set(chosen), edges, assumed)
            for size in range(1, len(nodes) + 1)
            for chosen in combinations(nodes, size)
        )

    def _is_loop(self, chosen: set[tuple[int, int]], edges: list, assumed: tuple[Fairness, ...]) -> bool:  # type: ignore[type-arg]
        inside = [(u, v, d) for u, v, d in edges if u in chosen and v in chosen]
        part: nx.DiGraph[tuple[int, int]] = nx.DiGraph()
        part.add_nodes_from(chosen)
        part.add_edges_from((u, v) for u, v, _ in inside)
        if not inside or not nx.is_strongly_connected(part):
            return False
        marks = {bit for _, _, d in inside for bit in range(self.automaton.sets) if d["marks"] >> bit & 1}
        steps = [d["step"] for _, _, d in inside]
        states = [state for state, _ in chosen]
        kept = all(graphs.keeps(self.graph, states, steps, assumption) for assumption in assumed)
        return kept and len(marks) == self.automaton.sets


@thorough
@given(graph=graphs.graphs(4), formula=graphs.formulas(), assumed=graphs.fairness())
def test_lasso_exactly_if_some_set_of_nodes_carries_one(
    graph: RunGraph, formula: Formula, assumed: tuple[Fairness, ...]
) -> None:
    """Apart from runs that rest, a lasso is found exactly if a set of product nodes carries a fair accepting loop."""
    still = replace(graph, rests=bytearray(graph.states))
    sets = Subsets(still, formula)
    if sets.small():
        assert (counterexample(still, formula, assumed) is not None) == sets.loop_exists(assumed)


@thorough
@given(graph=graphs.graphs(4), formula=graphs.formulas(), assumed=graphs.fairness())
def test_nothing_is_overlooked(graph: RunGraph, formula: Formula, assumed: tuple[Fairness, ...]) -> None:
    """If any short lasso is a counterexample by definition, the search finds one too."""
    found = counterexample(graph, formula, assumed)
    if found is None:
        for stem, loop in graphs.lassos(graph, 5):
            assert not graphs.is_counterexample(graph, formula, assumed, stem, loop)


@thorough
@given(graph=graphs.graphs(), formula=graphs.formulas())
def test_formula_or_negation_is_violated(graph: RunGraph, formula: Formula) -> None:
    """If there is any run, the formula or its negation is violated by one; without a run neither is."""
    both = [counterexample(graph, formula), counterexample(graph, Not(formula))]
    anything = next(graphs.lassos(graph, graph.states), None)
    assert (both == [None, None]) == (anything is None)
