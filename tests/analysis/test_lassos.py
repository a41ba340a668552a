"""Fair lassos in random graphs, against their definition and against other algorithms."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import networkx as nx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oomcheck.analysis.components import Stopped
from oomcheck.analysis.graph import RunGraph
from oomcheck.analysis.lassos import Lasso, fair_cycle, fair_run, find_lasso
from oomcheck.analysis.longest import greatest_cost, greatest_time
from oomcheck.prop.buchi import translate
from oomcheck.prop.formula import BOTTOM, Formula, Next, Not, Until, always, eventually, leads_to
from oomcheck.prop.temporal import Fairness, FairnessKind
from oomcheck.result.exploration import REST
from tests import ltl_patterns
from tests.analysis import graphs
from tests.analysis.graphs import P, Q, graph_of

NOTHING = BOTTOM  # a property that every run violates

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


PATTERNS = {**ltl_patterns.PATTERNS, **ltl_patterns.CLASSICS}


@settings(thorough, max_examples=600)
@given(
    graph=graphs.graphs(4, len(ltl_patterns.PROPOSITIONS)),
    name=st.sampled_from(sorted(PATTERNS)),
    negated=st.booleans(),
)
def test_formulas_that_people_write(graph: RunGraph, name: str, negated: bool) -> None:
    """Patterns and classics: what is found is a counterexample, and what is not found has no short one."""
    formula = ltl_patterns.formula(PATTERNS[name])
    formula = Not(formula) if negated else formula
    if counterexample(graph, formula) is None:
        for stem, loop in graphs.lassos(graph, 5):
            assert not graphs.is_counterexample(graph, formula, (), stem, loop)


@thorough
@given(graph=graphs.graphs(), steps=st.frozensets(st.integers(0, graphs.STEPS - 1)), assumed=graphs.fairness())
def test_fair_cycle_takes_allowed_steps(graph: RunGraph, steps: frozenset[int], assumed: tuple[Fairness, ...]) -> None:
    """A loop of allowed steps is found exactly if the graph without the others has a fair run that does not rest."""
    found = fair_cycle(graph, steps, assumed)
    loops = [
        (stem, loop)
        for stem, loop in graphs.lassos(graph, 6)
        if loop != (REST,) and steps.issuperset(loop) and graphs.is_counterexample(graph, NOTHING, assumed, stem, loop)
    ]
    if found is None:
        assert not loops
    else:
        assert steps.issuperset(found.loop)
        assert graphs.is_counterexample(graph, NOTHING, assumed, found.stem, found.loop)


def test_shortest_stem_and_loop() -> None:
    """Of two loops the nearer one is shown, and it visits what it needs on the shortest way."""
    # 0 -> 1 -> 2 -> 1 with p at 2;  1 -> 3 -> 4 -> 5 -> 1 with p at 4
    arrows = [[(0, 1)], [(1, 2), (2, 3)], [(0, 1)], [(0, 4)], [(0, 5)], [(0, 1)]]
    graph = graph_of(arrows, [0, 0, 1, 0, 1, 0])
    assert counterexample(graph, Not(always(eventually(P)))) == Lasso((0,), (1, 0))
    weak = Fairness("far", FairnessKind.WEAK, frozenset([2]))
    assert counterexample(graph, Not(always(eventually(P))), (weak,)) == Lasso((0,), (1, 0))
    strong = Fairness("far", FairnessKind.STRONG, frozenset([2]))
    assert counterexample(graph, Not(always(eventually(P))), (strong,)) == Lasso((0,), (2, 0, 0, 0))


def test_strong_fairness_leaves_a_smaller_loop() -> None:
    """States that ask for a step outside of their component are given up; the loop goes through what is left."""
    # 0 -> 1 -> 2 -> 0 and 0 -> 1 -> 0; 2 can leave for good by step 3
    arrows = [[(0, 1)], [(0, 2), (1, 0)], [(0, 0), (3, 3)], []]
    graph = graph_of(arrows, [0, 0, 0, 1], [3])
    strong = Fairness("leaves", FairnessKind.STRONG, frozenset([3]))
    assert counterexample(graph, eventually(P), (strong,)) == Lasso((), (0, 1))
    through = graph_of([[(0, 1)], [(0, 2)], [(0, 0), (3, 3)], []], [0, 0, 0, 1], [3])
    assert counterexample(through, eventually(P), (strong,)) is None
    weak = Fairness("leaves", FairnessKind.WEAK, frozenset([3]))
    assert counterexample(through, eventually(P), (weak,)) == Lasso((), (0, 0, 0))


def test_loop_begins_as_early_as_it_can() -> None:
    """What repeats is part of the loop, not of the stem, although the automaton needs a step to notice."""
    graph = graph_of([[(0, 1)], [(1, 0)]], [0, 1])
    assert counterexample(graph, Not(Next(always(leads_to(P, Not(P)))))) == Lasso((), (0, 1))


def test_rest_needs_the_automaton_and_fairness() -> None:
    """A run that rests is a counterexample only if the repeated last state makes it one and nobody is owed a step."""
    graph = graph_of([[(0, 1), (1, 2)], [], [(0, 2)]], [0, 1, 2], [0, 1])
    assert counterexample(graph, eventually(P)) == Lasso((), (REST,))
    weak = Fairness("some", FairnessKind.WEAK, frozenset([0]))
    assert counterexample(graph, eventually(P), (weak,)) == Lasso((1,), (0,))
    assert counterexample(graph, Until(Not(Q), P), (weak,)) == Lasso((1,), (0,))
    assert counterexample(graph, eventually(Not(P)), (weak,)) is None


def test_unexpanded_states_end_no_run() -> None:
    """In a graph that a limit cut off, states without edges neither rest nor loop."""
    graph = graph_of([[(0, 1)], []], [0, 1])
    assert counterexample(graph, Not(P)) is None
    assert counterexample(graph, P) is None


def test_long_searches_can_be_stopped() -> None:
    """What `poll` raises ends each of the searches; the graph stays as it was."""

    def poll() -> None:
        raise Stopped("enough")

    graph = graph_of([[(0, 1)], [(1, 0)]], [0, 1])
    with pytest.raises(Stopped, match="enough"):
        find_lasso(graph, translate(Not(BOTTOM)), (), (), poll)
    with pytest.raises(Stopped, match="enough"):
        fair_cycle(graph, {0, 1}, (), poll)
    with pytest.raises(Stopped, match="enough"):
        greatest_cost(graph, {}, poll)
    with pytest.raises(Stopped, match="enough"):
        greatest_time(graph, 0, 1, {}, poll)
    assert fair_run(graph, ()) == Lasso((), (0, 1))


def test_no_fair_run() -> None:
    """Assumptions that no run keeps are found out: a step that never comes, an end that is no rest."""
    graph = graph_of([[(0, 0), (1, 1)], []], [0, 0])
    assert fair_run(graph, ()) == Lasso((), (0,))
    assert fair_run(graph, (Fairness("once", FairnessKind.PROGRESS, frozenset([1])),)) is None
    assert fair_run(graph, (Fairness("once", FairnessKind.WEAK, frozenset([1])),)) is None
