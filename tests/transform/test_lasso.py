"""Questions about runs as questions about states: the automaton, the loop, and what a path means for the system."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from oomcheck import reference
from oomcheck.analysis.lassos import Lasso
from oomcheck.analysis.product import EVERYTHING
from oomcheck.ir.expr import FALSE, TRUE, Lit, Var, eq
from oomcheck.ir.sorts import BOOL, scalar_of
from oomcheck.ir.system import ASSUME, TransitionSystem, Update
from oomcheck.prop.automaton import Automaton, Edge
from oomcheck.prop.buchi import translate
from oomcheck.prop.formula import BOTTOM, TOP, Atom, Formula, Not, always, eventually, leads_to
from oomcheck.prop.property import Kind, Property
from oomcheck.prop.temporal import Fairness, FairnessKind
from oomcheck.result.exploration import REST, Limits
from oomcheck.semantics.paths import Mismatch, replay
from oomcheck.semantics.search import explore
from oomcheck.transform.lasso import LassoQuestion, lasso_question
from oomcheck.transform.reader import reader
from tests import ltl_patterns, toys
from tests.conformance.test_runs import fair_systems, small
from tests.prop import draws
from tests.prop.words import NUMBER, Meaning
from tests.prop.words import Lasso as Word

FLAG = Var("flag", BOOL)
P, Q = (Atom(Var(name, BOOL)) for name in "pq")
PATTERNS = {**ltl_patterns.PATTERNS, **ltl_patterns.CLASSICS}

thorough = settings(max_examples=300, suppress_health_check=list(HealthCheck))


def found(question: LassoQuestion) -> Lasso | None:
    """The lasso of a shortest path to a bad state, if there is one."""
    result = explore(question.system, [Property("bad", Kind.NEVER, question.bad)], Limits(max_states=60_000))
    assert not result.stopped.startswith("state limit")
    witness = result.witnesses.get("bad")
    return None if witness is None else question.lift(witness.steps)


def counterexample(system: TransitionSystem, formula: Formula, *fairness: Fairness) -> Lasso | None:
    """A run that violates a formula."""
    return found(lasso_question(system, translate(Not(formula)), fairness))


def chain(word: Word) -> TransitionSystem:
    """The system whose only run shows the letters of a word."""
    count = len(word.states)
    names = (*(Var(name, BOOL) for name in ltl_patterns.PROPOSITIONS), NUMBER)
    steps = []
    for here in range(count):
        after = word.position(here + 1)
        values = zip(names, word.states[after], strict=True)
        steps.append(
            toys.step(0, here, after, writes=[(var, Lit(value, scalar_of(var.sort))) for var, value in values])
        )
    start = zip(names, word.states[0], strict=True)
    variables = [toys.variable(var.name, var.sort, value) for var, value in start]
    return toys.system("chain", variables, [toys.process("t", count)], steps)


def assert_is_the_run(system: TransitionSystem, lasso: Lasso | None, word: Word) -> None:
    """The lasso goes round the loop of the word, some number of times."""
    assert lasso is not None
    length = len(word.states) - word.loop
    assert len(lasso.stem) >= word.loop
    assert len(lasso.loop) % length == 0
    assert not isinstance(replay(system, lasso.stem + lasso.loop), Mismatch)


@thorough
@given(word=draws.words(), formula=st.one_of(draws.PLAIN, draws.RICH))
def test_word_violates_exactly_what_it_does_not_satisfy(word: Word, formula: Formula) -> None:
    """Of a system with one run, a formula has a counterexample exactly if the run does not satisfy it by definition."""
    system = chain(word)
    lasso = counterexample(system, formula)
    if Meaning(word).holds(formula):
        assert lasso is None
    else:
        assert_is_the_run(system, lasso, word)


@settings(thorough, max_examples=200)
@given(
    states=st.lists(st.integers(0, 63), min_size=1, max_size=4),
    loop=st.integers(0, 3),
    name=st.sampled_from(sorted(PATTERNS)),
    negated=st.booleans(),
)
def test_formulas_that_people_write(states: list[int], loop: int, name: str, negated: bool) -> None:
    """Patterns and classics, some with large automata."""
    letters = tuple((*(mask >> bit & 1 for bit in range(6)), 0) for mask in states)
    word = Word(letters, min(loop, len(letters) - 1))
    formula = ltl_patterns.formula(PATTERNS[name])
    formula = Not(formula) if negated else formula
    assert (counterexample(chain(word), formula) is None) == Meaning(word).holds(formula)


@settings(thorough, max_examples=80)
@given(drawn=fair_systems(), data=st.data())
def test_loops_of_allowed_steps(drawn: tuple[TransitionSystem, tuple[Fairness, ...]], data: st.DataObject) -> None:
    """A loop without some steps is found exactly if the reference finds one, and it has none of them."""
    system, fairness = drawn
    assume(small(system))
    allowed = data.draw(st.frozensets(st.sampled_from([step.index for step in system.transitions])))
    lasso = found(lasso_question(system, EVERYTHING, fairness, allowed))
    expected = reference.fair_cycle(system, allowed, fairness, Limits()).lasso
    assert (lasso is None) == (expected is None)
    assert lasso is None or (lasso.loop and allowed.issuperset(lasso.loop))


@pytest.mark.parametrize(("kind", "loop"), [("weak", (0, 1)), ("strong", None), ("progress", None)])
def test_fairness_to_a_step_that_is_enabled_now_and_then(kind: str, loop: tuple[int, ...] | None) -> None:
    """Weak fairness lets `b` of the blinker wait for ever, for it cannot always move; strong fairness does not."""
    fair = Fairness("b", FairnessKind(kind), frozenset([2]))
    lasso = counterexample(toys.blinker(), eventually(Atom(FLAG)), fair)
    assert (None if lasso is None else lasso.loop) == loop
    once = counterexample(toys.blinker(), Not(eventually(Atom(FLAG))), fair)
    assert (once is None) == (kind == "progress")  # `b` moves once, not again and again


def test_assumption_about_nothing() -> None:
    """Weak and strong fairness of no step is kept by every run, progress by none."""
    for kind in FairnessKind:
        lasso = counterexample(toys.blinker(), eventually(Atom(FLAG)), Fairness("none", kind, frozenset()))
        assert (lasso is None) == (kind is FairnessKind.PROGRESS)


@pytest.mark.parametrize("kind", list(FairnessKind))
def test_false_assumption_is_owed(kind: FairnessKind) -> None:
    """A thread that waits for ever at an assumption which is false is not treated fairly, though it cannot move."""
    steps = [toys.step(0, 0, 1), toys.step(0, 1, 0), toys.step(1, 0, 1, FALSE)]
    processes = [toys.process("a", 2), toys.process("b", 2, 1)]
    toy = toys.system("assuming", [], processes, steps, [toys.fault(1, 0, TRUE, ASSUME)])
    assert counterexample(toy, BOTTOM) == Lasso((), (0, 1))
    assert counterexample(toy, BOTTOM, Fairness("b", kind, frozenset([2]))) is None


def test_rest_is_a_loop_of_its_own() -> None:
    """A visitor that never rings lets the first state last for ever; once it has rung, the last one does."""
    opened = Atom(Var("opened", BOOL))
    assert counterexample(toys.visitor(), eventually(opened)) == Lasso((), (REST,))
    assert counterexample(toys.visitor(), Not(eventually(opened))) == Lasso((0, 1), (REST,))


def test_no_rest_where_something_is_taken_again_and_again() -> None:
    """Progress is no business of a run that rests: the question has no step for it."""
    ticks = Fairness("time", FairnessKind.PROGRESS, frozenset([0]))
    assert lasso_question(toys.visitor(), EVERYTHING, (ticks,)).rests == frozenset()
    assert len(lasso_question(toys.visitor(), EVERYTHING, ()).rests) == 2


def test_only_what_changes_and_matters_is_saved() -> None:
    """What steps read of peterson is saved; a variable that is never written, or that nobody reads, is not."""
    toy = toys.peterson()
    constant, log = Var("constant", BOOL), Var("log", BOOL)
    noting = Update(log, toy.at(0, 3))
    toy = replace(
        toy,
        variables=(*toy.variables, toys.variable("constant", BOOL, 1), toys.variable("log", BOOL)),
        transitions=tuple(replace(step, updates=(*step.updates, noting)) for step in toy.transitions),
    )
    question = lasso_question(toy, translate(Not(leads_to(Atom(constant), Atom(toy.at(0, 3))))), ())
    names = [v.name for v in question.system.variables]
    saved = ["a.pc", "b.pc", "flag", "turn", "@rest"]
    assert names == [
        *("a.pc", "b.pc", "flag", "turn", "constant", "@rest"),
        *("@automaton", "@choice", "@saved", "@done.0"),
        *(f"@saved.{name}" for name in saved),
        "@observer",
    ]


def test_steps_keep_their_indices() -> None:
    """A transition of the system is there once; behind them come rest, the save and the choices."""
    toy = toys.peterson()
    question = lasso_question(toy, translate(eventually(always(Atom(FLAG)))), ())
    assert [step.index for step in question.system.transitions] == list(range(8 + 2 + 1 + 2))
    for old, new in zip(toy.transitions, question.system.transitions[:8], strict=True):
        assert (new.process, new.origin, new.target) == (old.process, old.origin, old.target)
        assert new.updates[: len(old.updates)] == old.updates


def test_automaton_without_a_choice_is_a_guard() -> None:
    """One state that reads everything adds nothing; what is accepted by a single state is not compared."""
    nothing = reader(EVERYTHING)
    assert (nothing.variables, nothing.updates, nothing.goals, nothing.state) == ((), (), (), None)
    response = reader(translate(Not(leads_to(P, Q))))
    assert (len(response.variables), response.choices, response.goals, response.state) == (2, 2, (), None)


def test_automaton_that_must_come_back() -> None:
    """Where two states of an automaton take turns, the loop is even."""
    edges = (Edge(0, 1, 0, 1, 1), Edge(1, 0, 0, 0, 0))
    automaton = Automaton((Var("p", BOOL),), 2, (0,), edges, 1)
    word = Word(((1, *[0] * 6),), 0)
    assert found(lasso_question(chain(word), automaton, ())) == Lasso((), (0, 0))


def test_automaton_with_several_starts_or_none() -> None:
    """Each start is tried; an automaton without states accepts nothing."""
    edges = (Edge(0, 1, 0, 0, 1), Edge(1, 0, 1, 1, 1))
    both = Automaton((Var("p", BOOL),), 2, (0, 1), edges, 1)
    blinks = chain(Word(((1, *[0] * 6), (0, *[0] * 6)), 1))
    for value in (0, 1):
        still = chain(Word(((value, *[0] * 6),), 0))
        assert found(lasso_question(still, both, ())) is not None
    assert found(lasso_question(blinks, both, ())) is None
    assert found(lasso_question(blinks, translate(BOTTOM), ())) is None
    assert found(lasso_question(blinks, translate(TOP), ())) == Lasso((0,), (1,))


def test_bad_states_are_a_matter_of_the_loop() -> None:
    """Before anything is saved nothing is bad, whatever the state."""
    question = lasso_question(toys.blinker(), EVERYTHING, ())
    unsaved = Property("unsaved", Kind.NEVER, eq(Var("@saved", BOOL), Lit(0, BOOL)))
    first = explore(question.system, [unsaved, Property("bad", Kind.NEVER, question.bad)], Limits()).witnesses
    assert first["unsaved"].steps == ()
    assert question.lift(first["bad"].steps) == Lasso((), (0, 1))
