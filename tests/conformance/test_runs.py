"""Properties about runs: the graph engine and the reference path agree on random systems, and every lasso is real."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from oomcheck import reference
from oomcheck.analysis.lassos import Lasso, fair_cycle, find_lasso
from oomcheck.analysis.longest import Greatest, Unbounded, greatest_cost, greatest_time
from oomcheck.ir.expr import FALSE, Expr
from oomcheck.ir.system import ASSUME, TransitionSystem
from oomcheck.prop.buchi import translate
from oomcheck.prop.formula import And, Atom, Formula, Next, Not, Or, Release, Until
from oomcheck.prop.property import Kind, Property
from oomcheck.prop.temporal import CostBound, Fairness, FairnessKind, Liveness, Response
from oomcheck.pygen import graph as generated
from oomcheck.result.exploration import Limits, Witness
from oomcheck.semantics import graph as plain
from oomcheck.semantics import search
from oomcheck.semantics.evident import check_run
from oomcheck.transform.enabled import some_ends
from tests import strategies

thorough = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
SMALL = Limits(max_states=150)


def conditions() -> st.SearchStrategy[Expr]:
    """Conditions on the variables of random systems, most of them simple."""
    return st.one_of(st.sampled_from(strategies.BOOLS), strategies.booleans(1))


def formulas() -> st.SearchStrategy[Formula]:
    """Formulas about random systems."""
    return st.recursive(
        conditions().map(Atom),
        lambda below: st.one_of(
            st.builds(Not, below),
            st.builds(Next, below),
            *(st.builds(kind, below, below) for kind in (And, Or, Until, Release)),
        ),
        max_leaves=3,
    )


@st.composite
def fair_systems(draw: st.DrawFn) -> tuple[TransitionSystem, tuple[Fairness, ...]]:
    """A random system, some of whose halting faults are assumptions, and fairness to its processes and single steps."""
    system = draw(strategies.systems())
    names = st.sampled_from([ASSUME, "assert"])
    system = replace(system, faults=tuple(replace(fault, sanitizer=draw(names)) for fault in system.faults))
    processes = [
        frozenset(step.index for step in system.transitions if step.process == number)
        for number in range(len(system.processes))
    ]
    steps = [frozenset([step.index]) for step in system.transitions]
    sets = st.sampled_from(processes + processes + steps)
    one = st.builds(Fairness, st.just("some"), st.sampled_from(FairnessKind), sets)
    return system, tuple(draw(st.lists(one, max_size=2)))


def small(system: TransitionSystem) -> bool:
    """Whether the reference can take the system in a moment."""
    return search.explore(system, (), SMALL).exhaustive


def by_graph(system: TransitionSystem, formula: Formula, fairness: tuple[Fairness, ...]) -> Lasso | None:
    """A counterexample of the graph engine."""
    automaton = translate(Not(formula))
    ends = [some_ends(system, item.steps) for item in fairness]
    found = generated.survey(system, [*automaton.atoms, *ends], (), Limits())
    count = len(automaton.atoms)
    bits = range(count, count + len(ends))
    return find_lasso(found.graph, automaton, range(count), fairness, ends=bits)


def by_reference(system: TransitionSystem, formula: Formula, fairness: tuple[Fairness, ...]) -> Lasso | None:
    """A counterexample of the reference path."""
    found = reference.find_lasso(system, translate(Not(formula)), fairness, Limits())
    assert found.stopped == ""
    return found.lasso


@thorough
@given(
    system=strategies.systems(),
    asked=st.lists(strategies.booleans(2), max_size=5),
    properties=strategies.properties(),
    limits=st.builds(
        Limits, max_states=st.one_of(st.none(), st.integers(1, 60)), depth=st.one_of(st.none(), st.integers(0, 6))
    ),
)
def test_graphs_agree(
    system: TransitionSystem, asked: list[Expr], properties: tuple[Property, ...], limits: Limits
) -> None:
    """Both builders give the same graph, number for number, and the same notes, under any limit."""
    about_runs = [replace(prop, kind=Kind.LTL) for prop in properties]
    assume(limits.max_states is not None or small(system))
    expected = plain.survey(system, asked, about_runs, limits)
    found = generated.survey(system, asked, about_runs, limits)
    assert found.graph == expected.graph
    assert replace(found.exploration, seconds=0.0) == replace(expected.exploration, seconds=0.0)


@thorough
@given(system=strategies.systems(), properties=strategies.properties())
def test_graph_is_what_a_search_visits(system: TransitionSystem, properties: tuple[Property, ...]) -> None:
    """Counts, antecedents, faults and coverage are those of the search for states."""
    assume(small(system))
    about_runs = [replace(prop, kind=Kind.LTL) for prop in properties]
    found = generated.survey(system, (), about_runs, Limits()).exploration
    expected = search.explore(system, about_runs, Limits())
    assert replace(found, seconds=0.0) == replace(expected, seconds=0.0, witnesses={})


@thorough
@given(drawn=fair_systems(), formula=formulas())
def test_lassos(drawn: tuple[TransitionSystem, tuple[Fairness, ...]], formula: Formula) -> None:
    """Both find a lasso or neither does; each lasso is a fair run of the system that violates the formula."""
    system, fairness = drawn
    assume(small(system))
    prop = Property("p", Kind.LTL, temporal=Liveness(formula, fairness))
    found = [by_graph(system, formula, fairness), by_reference(system, formula, fairness)]
    assert (found[0] is None) == (found[1] is None)
    for lasso in found:
        assert lasso is None or check_run(system, prop, Witness(lasso.stem, loop=lasso.loop)) == ""


@thorough
@given(drawn=fair_systems())
def test_fair_cycles(drawn: tuple[TransitionSystem, tuple[Fairness, ...]]) -> None:
    """Loops without some steps: both find one or neither does, and it is one."""
    system, fairness = drawn
    assume(small(system))
    allowed = {step.index for step in system.transitions if step.process != 0}
    ends = [some_ends(system, item.steps) for item in fairness]
    graph = generated.survey(system, ends, (), Limits()).graph
    found = fair_cycle(graph, allowed, fairness, ends=range(len(ends)))
    expected = reference.fair_cycle(system, allowed, fairness, Limits()).lasso
    assert (found is None) == (expected is None)
    always = Property("p", Kind.LTL, temporal=Liveness(Atom(FALSE), fairness))
    for lasso in (found, expected):
        if lasso is not None:
            assert allowed.issuperset(lasso.loop)
            assert check_run(system, always, Witness(lasso.stem, loop=lasso.loop)) == ""


@st.composite
def weighted_systems(draw: st.DrawFn) -> TransitionSystem:
    """A random system some of whose steps take time and cost something."""
    system = draw(strategies.systems())
    amounts = st.lists(st.sampled_from([0, 0, 0, 1, 2]), min_size=2, max_size=2)
    steps = tuple(
        replace(step, ticks=ticks, costs=(("cost", cost),) if cost else ())
        for step in system.transitions
        for ticks, cost in [draw(amounts)]
    )
    return replace(system, transitions=steps)


@thorough
@given(system=weighted_systems(), trigger=conditions(), response=conditions())
def test_worst_values_are_real(system: TransitionSystem, trigger: Expr, response: Expr) -> None:
    """The run of a worst value amounts to it, that of an unbounded one pumps; added up again from its states alone."""
    graph = generated.survey(system, [trigger, response], (), Limits()).graph
    ticks = {step.index: step.ticks for step in system.transitions}
    costs = {step.index: sum(amount for _, amount in step.costs) for step in system.transitions}
    time = Property("t", Kind.BOUND, temporal=Response(trigger, response))
    cost = Property("c", Kind.BOUND, temporal=CostBound("cost"))
    for prop, worst in ((time, greatest_time(graph, 0, 1, ticks)), (cost, greatest_cost(graph, costs))):
        match worst:
            case None:
                assert not any(graph.where(0))
            case Greatest(value=value, path=path):
                assert check_run(system, prop, Witness(path), value) == ""
            case Unbounded(stem=stem, loop=loop):
                assert check_run(system, prop, Witness(stem, loop=loop)) == ""
