"""Rest as a step, and a Büchi automaton as a variable: what they add to a system and what they leave alone."""

from __future__ import annotations

from hypothesis import given, settings

from oomcheck.ir.expr import TRUE, Var, not_
from oomcheck.ir.sorts import BOOL
from oomcheck.ir.system import ProcessKind, TransitionSystem
from oomcheck.prop.buchi import degeneralised, translate
from oomcheck.prop.formula import BOTTOM, TOP, Atom, always, eventually
from oomcheck.result.exploration import REST, Limits
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.nested import accepting_lasso
from oomcheck.semantics.runs import may_rest
from oomcheck.semantics.search import explore
from oomcheck.semantics.successors import enabled, successors
from oomcheck.transform.product import product
from oomcheck.transform.stutter import stuttering
from tests import strategies, toys


@settings(max_examples=60)
@given(system=strategies.systems())
def test_rest_is_enabled_exactly_where_a_run_may_rest(system: TransitionSystem) -> None:
    """In each state near the start: the condition is that of the semantics, and after rest only rest is left."""
    endless = stuttering(system)
    states = [system.initial]
    for state in states:
        if len(states) < 50:
            states += [after for _, after in successors(system, state) if after not in states]
        resting = may_rest(system, state)
        assert bool(evaluate(endless.may_rest, state, system.slot)) == resting
        moves = list(successors(endless.system, (*state, 0)))
        assert endless.lift([move.index for move, _ in moves if move.index >= endless.original]) == (REST,) * resting
        assert [move.index for move, _ in moves if move.index < endless.original] == [
            move.index for move in enabled(system, state)
        ]
        if resting:
            assert moves[-1][1] == (*state, 1)
            assert [(endless.lift([move.index]), after) for move, after in successors(endless.system, (*state, 1))] == [
                ((REST,), (*state, 1))
            ]


def test_states_are_doubled_at_most_where_a_run_may_rest() -> None:
    """The counter's last state is there twice; a system that goes on for ever stays as it was."""
    assert explore(toys.counter(3), (), Limits()).states == 5
    assert explore(stuttering(toys.counter(3)).system, (), Limits()).states == 6
    peterson = toys.peterson()
    assert explore(stuttering(peterson).system, (), Limits()).states == explore(peterson, (), Limits()).states


def test_product_with_everything_is_the_system() -> None:
    """The automaton of `true` adds a state before its first step, and each step lifts to itself."""
    toy = toys.counter(3)
    both = product(toy, degeneralised(translate(TOP)))
    assert explore(both.system, (), Limits()).states == explore(toy, (), Limits()).states
    assert set(both.lift([step.index for step in both.system.transitions])) == {0, 1}
    assert both.fold(frozenset([1])) == {s.index for s in both.system.transitions if both.lift([s.index]) == (1,)}


def test_product_with_nothing_cannot_move() -> None:
    """No run satisfies `false`."""
    both = product(toys.counter(3), degeneralised(translate(BOTTOM)))
    assert explore(both.system, (), Limits()).transitions == 0
    assert accepting_lasso(both.system, both.accepted, Limits()).lasso is None


def test_nested_search_stops_at_its_limit() -> None:
    """A search that may not finish finds nothing, and says why."""
    flip = Var("p", BOOL)
    steps = [toys.step(0, 0, 0, writes=[(flip, not_(flip))])]
    toy = toys.system("flip", [toys.variable("p", BOOL)], [toys.process("t", 1, kind=ProcessKind.THREAD)], steps)
    both = product(toy, degeneralised(translate(always(eventually(Atom(flip))))))
    assert accepting_lasso(both.system, both.accepted, Limits()).lasso is not None
    stopped = accepting_lasso(both.system, both.accepted, Limits(max_states=1))
    assert (stopped.lasso, stopped.stopped) == (None, "state limit 1")
    asked = accepting_lasso(both.system, TRUE, Limits(), lambda: "interrupted")
    assert (asked.lasso, asked.stopped) == (None, "interrupted")
