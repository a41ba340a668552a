"""Native lassos and longest paths are those of the plain functions, number for number."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import oomcheck
from oomcheck.analysis import lassos, longest
from oomcheck.analysis.components import Stopped
from oomcheck.analysis.graph import Numbers, RunGraph
from oomcheck.analysis.lassos import Lasso
from oomcheck.analysis.longest import Greatest, Unbounded
from oomcheck.ir.expr import FALSE
from oomcheck.ir.system import ProcessKind, TransitionSystem
from oomcheck.prop.automaton import Automaton
from oomcheck.prop.buchi import translate
from oomcheck.prop.formula import BOTTOM, And, Atom, Formula, Next, Not, always, eventually, leads_to
from oomcheck.prop.temporal import Fairness, FairnessKind
from oomcheck.pygen.graph import survey
from oomcheck.result.exploration import REST, Limits
from oomcheck.semantics.runs import every_thread
from oomcheck.transform.enabled import some_ends
from tests.analysis import graphs
from tests.analysis.graphs import P, graph_of
from tests.native.run_graphs import chain, random_automaton, random_fairness, random_graph, tree
from tests.native.run_library import native_runs

ROOT = Path(__file__).parent.parent.parent
thorough = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
weights = st.dictionaries(st.integers(0, graphs.STEPS - 1), st.integers(0, 2), max_size=3)
ends = st.lists(st.sampled_from([None, 0, 1]), max_size=3)


def counterexample(graph: RunGraph, formula: Formula, assumed: tuple[Fairness, ...] = ()) -> Lasso | None:
    """A fair run that violates a formula over p and q."""
    automaton = translate(Not(formula))
    positions = range(len(automaton.atoms))
    return native_runs().find_lasso(graphs.with_bits(graph, automaton.atoms), automaton, positions, assumed)


# ---------------------------------------------------------------- random graphs


@thorough
@given(graph=graphs.graphs(), formula=graphs.formulas(), assumed=graphs.fairness(), ends=ends)
def test_same_lasso(graph: RunGraph, formula: Formula, assumed: tuple[Fairness, ...], ends: list[int | None]) -> None:
    """A counterexample to a formula has the same stem and loop."""
    automaton = translate(Not(formula))
    read = graphs.with_bits(graph, automaton.atoms)
    arguments = (read, automaton, range(len(automaton.atoms)), assumed)
    ends = ends[: len(assumed)]
    expected = lassos.find_lasso(*arguments, ends=ends)
    assert native_runs().find_lasso(*arguments, ends=ends) == expected


@thorough
@given(
    graph=graphs.graphs(),
    steps=st.frozensets(st.integers(0, graphs.STEPS)),
    assumed=graphs.fairness(),
    ends=ends,
)
def test_same_runs_and_cycles(
    graph: RunGraph, steps: frozenset[int], assumed: tuple[Fairness, ...], ends: list[int | None]
) -> None:
    """A fair run, and a loop of some transitions alone, are the same."""
    native, ends = native_runs(), ends[: len(assumed)]
    assert native.fair_run(graph, assumed, ends=ends) == lassos.fair_run(graph, assumed, ends=ends)
    expected = lassos.fair_cycle(graph, steps, assumed, ends=ends)
    assert native.fair_cycle(graph, steps, assumed, ends=ends) == expected


@thorough
@given(graph=graphs.graphs(), weight=weights)
def test_same_greatest_values(graph: RunGraph, weight: dict[int, int]) -> None:
    """Greatest costs and times have the same value and path, or the same endless run."""
    native = native_runs()
    assert native.greatest_cost(graph, weight) == longest.greatest_cost(graph, weight)
    assert native.greatest_time(graph, 0, 1, weight) == longest.greatest_time(graph, 0, 1, weight)


@pytest.mark.parametrize("seed", range(12))
def test_same_answers_on_larger_graphs(seed: int) -> None:
    """On graphs with large components, automata of any shape and several assumptions, all answers are the same."""
    random, native = Random(seed), native_runs()
    for _ in range(40):
        steps = random.choice([2, 5, 9])
        graph = random_graph(random, random.choice([6, 12, 40, 150]), steps)
        assumed = random_fairness(random, steps)
        ends = [random.choice([None, 2, 3]) for _ in assumed] if random.random() < 0.3 else []
        automaton, positions = random_automaton(random), random.sample(range(4), 2)
        arguments = (graph, automaton, positions, assumed)
        assert native.find_lasso(*arguments, ends=ends) == lassos.find_lasso(*arguments, ends=ends)
        assert native.fair_run(graph, assumed, ends=ends) == lassos.fair_run(graph, assumed, ends=ends)
        allowed = set(random.sample(range(steps + 1), random.randint(0, steps)))
        expected = lassos.fair_cycle(graph, allowed, assumed, ends=ends)
        assert native.fair_cycle(graph, allowed, assumed, ends=ends) == expected
        weight = {step: random.choice([0, 0, 1, 2]) for step in range(random.randint(0, steps))}
        assert native.greatest_cost(graph, weight) == longest.greatest_cost(graph, weight)
        assert native.greatest_time(graph, 0, 1, weight) == longest.greatest_time(graph, 0, 1, weight)


# ---------------------------------------------------------------- models


MODELS = [*sorted((ROOT / "models" / "examples").glob("*.oom")), ROOT / "models" / "exit_timing.oom"]


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_same_answers_on_models(path: Path) -> None:
    """On the first states of a model, with weak fairness of its threads, all answers are the same."""
    system = oomcheck.load(path).system
    fairness = every_thread(system)
    guards = list(dict.fromkeys(step.guard for step in system.transitions))
    first, last = guards[0], guards[min(2, len(guards) - 1)]
    automata = [translate(Not(formula)) for formula in formulas_about(Atom(first), Atom(last))]
    finished = [some_ends(system, item.steps) for item in fairness]
    needed = [first, last, *(atom for automaton in automata for atom in automaton.atoms)]
    conditions = list(dict.fromkeys([*needed, *(end for end in finished if end != FALSE)]))
    graph = survey(system, conditions, (), Limits(max_states=2000)).graph
    ends = [conditions.index(end) if end in conditions else None for end in finished]
    native = native_runs()
    for automaton in automata:
        arguments = (graph, automaton, [conditions.index(atom) for atom in automaton.atoms], fairness)
        assert native.find_lasso(*arguments, ends=ends) == lassos.find_lasso(*arguments, ends=ends)
    assert native.fair_run(graph, fairness, ends=ends) == lassos.fair_run(graph, fairness, ends=ends)
    moving = threads(system)
    expected = lassos.fair_cycle(graph, moving, fairness, ends=ends)
    assert native.fair_cycle(graph, moving, fairness, ends=ends) == expected
    ticks = {step.index: step.ticks or step.index % 2 for step in system.transitions}
    assert native.greatest_cost(graph, ticks) == longest.greatest_cost(graph, ticks)
    assert native.greatest_time(graph, 0, 1, ticks) == longest.greatest_time(graph, 0, 1, ticks)


def formulas_about(first: Formula, last: Formula) -> tuple[Formula, ...]:
    """Some that need fairness, an acceptance set, and the next state."""
    return (leads_to(first, last), Not(always(eventually(last))), always(Not(And(first, Next(last)))))


def threads(system: TransitionSystem) -> set[int]:
    """The transitions of all processes but environment and clock."""
    kinds = [process.kind for process in system.processes]
    return {s.index for s in system.transitions if kinds[s.process] not in (ProcessKind.ENV, ProcessKind.CLOCK)}


# ---------------------------------------------------------------- by hand


def test_strong_fairness_leaves_a_smaller_loop() -> None:
    """States that ask for a step outside of their component are given up; the loop goes through what is left."""
    arrows = [[(0, 1)], [(0, 2), (1, 0)], [(0, 0), (3, 3)], []]
    graph = graph_of(arrows, [0, 0, 0, 1], [3])
    strong = Fairness("leaves", FairnessKind.STRONG, frozenset([3]))
    assert counterexample(graph, eventually(P), (strong,)) == Lasso((), (0, 1))
    through = graph_of([[(0, 1)], [(0, 2)], [(0, 0), (3, 3)], []], [0, 0, 0, 1], [3])
    assert counterexample(through, eventually(P), (strong,)) is None
    weak = Fairness("leaves", FairnessKind.WEAK, frozenset([3]))
    assert counterexample(through, eventually(P), (weak,)) == Lasso((), (0, 0, 0))


def test_what_is_given_up_is_in_no_loop() -> None:
    """An edge to a state that strong fairness gives up is none of the loop, though that began with both."""
    graph = graph_of([[(0, 0), (1, 1)], [(0, 0), (3, 2)], []], [0, 0, 0])
    strong = Fairness("leaves", FairnessKind.STRONG, frozenset([3]))
    progress = Fairness("moves", FairnessKind.PROGRESS, frozenset([1]))
    assert native_runs().fair_run(graph, (strong,)) == Lasso((), (0,))
    assert native_runs().fair_run(graph, (strong, progress)) is None


def test_nearest_loop_and_rest() -> None:
    """The nearer of two loops is shown, a run that rests before both, and a loop that begins as early as it can."""
    arrows = [[(0, 1)], [(1, 2), (2, 3)], [(0, 1)], [(0, 4)], [(0, 5)], [(0, 1)]]
    graph = graph_of(arrows, [0, 0, 1, 0, 1, 0])
    assert counterexample(graph, Not(always(eventually(P)))) == Lasso((0,), (1, 0))
    assert counterexample(replace(graph, rests=bytearray([0, 1, 0, 0, 0, 0])), BOTTOM) == Lasso((0,), (REST,))
    assert counterexample(graph_of([[(0, 1)], [(1, 0)]], [0, 1]), Not(Next(eventually(P)))) == Lasso((), (0, 1))


def test_no_automaton_and_no_edges() -> None:
    """An automaton without states accepts nothing, and neither does a graph without edges and rest."""
    native, empty = native_runs(), Automaton((), 0, (), (), 0)
    assert native.find_lasso(chain(3, closed=True), empty, (), ()) is None
    lonely = graph_of([[]], [3])
    assert native.fair_run(lonely, ()) is None
    assert native.fair_run(replace(lonely, rests=bytearray([1])), ()) == Lasso((), (REST,))
    assert native.greatest_cost(lonely, {0: 1}) == Greatest(0, ())
    assert native.greatest_time(lonely, 0, 1, {}) == Greatest(0, (), 0)


def test_greatest_values() -> None:
    """The way to the trigger counts for the length of a path; a loop that adds something is given from there."""
    native = native_runs()
    arrows = [[(0, 1), (1, 5)], [(0, 2)], [(0, 3)], [(2, 4)], [], [(0, 6)], [(0, 7)], [(0, 8)], [(2, 4)]]
    graph = graph_of(arrows, [0, 1, 0, 0, 2, 0, 0, 0, 1])
    assert native.greatest_time(graph, 0, 1, {2: 1}) == Greatest(1, (0, 0, 0, 2), 1)
    assert native.greatest_time(graph_of([[(0, 0)]], [2]), 0, 1, {0: 1}) is None
    pump = graph_of([[(0, 1)], [(1, 2), (2, 3)], [(3, 1)], []], [0, 0, 0, 0])
    assert native.greatest_cost(pump, {3: 1}) == Unbounded((0, 1), (3, 1), 0)
    assert native.greatest_cost(pump, {0: 1, 2: 5}) == Greatest(6, (0, 2), 0)


# ---------------------------------------------------------------- large and odd


def test_a_million_states_in_breadth() -> None:
    """A tree with ways back is one component: a loop goes down and back, and visits what fairness asks for."""
    graph, native = tree(19), native_runs()
    assert native.fair_run(graph, ()) == Lasso((), (*[0] * 19, 2))
    progress = Fairness("right", FairnessKind.PROGRESS, frozenset([1]))
    assert native.fair_run(graph, (progress,)) == Lasso((), (1, *[0] * 18, 2))
    assert native.fair_run(graph, (replace(progress, steps=frozenset([7])),)) is None
    assert native.fair_cycle(graph, {0, 1}, ()) is None
    assert native.greatest_cost(graph, {1: 3}) == Unbounded((), (1, *[0] * 18, 2), 0)


def test_a_million_states_in_depth() -> None:
    """Paths as long as the graph are no deep recursion; a chain has its greatest cost at its end."""
    count, native = 1_000_000, native_runs()
    assert native.greatest_cost(chain(count, closed=False), {0: 2}) == Greatest(2 * (count - 1), (0,) * (count - 1))
    assert native.fair_run(chain(count, closed=True), ()) == Lasso((), (0,) * count)
    assert native.fair_run(chain(count, closed=False), ()) is None


def test_arrays_are_read_in_place() -> None:
    """A graph whose numbers lie in memory of somebody else gives the same answers."""

    def view(numbers: Numbers | bytearray, code: Literal["B", "I", "Q"]) -> memoryview:
        return memoryview(bytearray(memoryview(numbers).tobytes())).cast(code)

    plain = random_graph(Random(5), 40, 5)
    foreign = RunGraph(
        view(plain.first, "Q"),
        view(plain.target, "I"),
        view(plain.step, "I"),
        view(plain.parent, "I"),
        view(plain.found_by, "I"),
        view(plain.rests, "B"),
        view(plain.letter, "I"),
        plain.masks,
    )
    weak = (Fairness("some", FairnessKind.WEAK, frozenset([1])),)
    found = native_runs().fair_run(foreign, weak)
    assert found is not None
    assert found == lassos.fair_run(plain, weak) == lassos.fair_run(foreign, weak)
    assert native_runs().greatest_time(foreign, 0, 1, {0: 1}) == longest.greatest_time(plain, 0, 1, {0: 1})


def test_more_than_a_word_can_hold() -> None:
    """Seventy assumptions, and costs that could sum up to more than 64 bits but do not, get the same answers."""
    native = native_runs()
    graph = graph_of([[(0, 1), (1, 0)], [(0, 0), (2, 2)], []], [0, 0, 0])
    many = (Fairness("some", FairnessKind.STRONG, frozenset([1])),) * 70
    assert native.fair_run(graph, many) == Lasso((), (1,))
    assert native.fair_cycle(graph, {0, 1}, many) == Lasso((), (1,))
    assert native.greatest_cost(graph, {2: 2**62}) == Greatest(2**62, (0, 2))
    assert native.greatest_time(graph_of([[(0, 1)], []], [1, 2]), 0, 1, {0: 2**62}) == Greatest(2**62, (0,))


def test_sums_beyond_all_words_are_refused() -> None:
    """A greatest sum of 2^63 or more is not found, and nothing else is said in its place."""
    graph = graph_of([[(0, 1)], [(0, 2)], [(0, 3)], []], [1, 0, 0, 2])
    with pytest.raises(Stopped, match="sums of 2\\^63 or more"):
        native_runs().greatest_cost(graph, {0: 2**63 - 1})
    with pytest.raises(Stopped, match="sums of 2\\^63 or more"):
        native_runs().greatest_time(graph, 0, 1, {0: 2**63 - 1})


def test_first_poll_can_end_each_search() -> None:
    """What `poll` raises ends a search, however small it is."""

    def poll() -> None:
        raise Stopped("enough")

    graph, native = graph_of([[(0, 1)], [(1, 0)]], [0, 1]), native_runs()
    with pytest.raises(Stopped, match="enough"):
        native.find_lasso(graph, translate(Not(BOTTOM)), (), (), poll)
    with pytest.raises(Stopped, match="enough"):
        native.fair_cycle(graph, {0, 1}, (), poll)
    with pytest.raises(Stopped, match="enough"):
        native.greatest_cost(graph, {}, poll)
    with pytest.raises(Stopped, match="enough"):
        native.greatest_time(graph, 0, 1, {}, poll)
    assert native.fair_run(graph, ()) == Lasso((), (0, 1))
