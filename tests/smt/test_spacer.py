from __future__ import annotations

import pytest
from hypothesis import assume, given, settings

from oomcheck.ir.expr import Expr, Var, and_, binary, eq
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import IntSort
from oomcheck.ir.system import TransitionSystem
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.successors import apply, enabled
from oomcheck.smt.outcome import Budget, Open, Proof, Question, Refutation
from oomcheck.smt.spacer import pdr
from tests import toys
from tests.smt.proofs import turns_proof
from tests.smt.small import N, evens, is_proof, jumps, reachable
from tests.strategies import booleans, systems

BUDGET = Budget(rlimit=1_000_000)


def is_path(system: TransitionSystem, bad: Expr, path: Refutation) -> bool:
    """Whether the steps can be taken and end in a bad state."""
    state = system.initial
    for number in path.steps:
        move = system.transitions[number]
        if move not in enabled(system, state):
            return False
        state = apply(system, move, state)
    return bool(evaluate(bad, state, system.slot))


def test_mutual_exclusion_is_proved() -> None:
    """Peterson's algorithm: the invariant is inductive by a check of all states."""
    toy = toys.peterson()
    answer = pdr(Question(toy, toys.both_critical(toy)), BUDGET)
    assert isinstance(answer, Proof)
    assert (answer.k, answer.simple_path) == (1, False)
    assert is_proof(toy, toys.both_critical(toy), answer)


def test_broken_mutual_exclusion_is_refuted() -> None:
    """Without the intention flags there is a path, and it is a real one."""
    toy = toys.peterson(broken=True)
    answer = pdr(Question(toy, toys.both_critical(toy)), BUDGET)
    assert isinstance(answer, Refutation)
    assert len(answer.steps) == 6
    assert is_path(toy, toys.both_critical(toy), answer)


def test_a_lock_keeps_rooms_apart() -> None:
    """A system with an owner and an array."""
    question, _ = turns_proof()
    answer = pdr(question, BUDGET)
    assert isinstance(answer, Proof)
    assert is_proof(question.system, question.bad, answer)


def test_an_unbounded_counter_is_proved() -> None:
    """Numbers without an end: 0, 2, 4, .. never falls below 0."""
    answer = pdr(Question(evens(), binary(Op.LT, N, toys.number(0))), BUDGET)
    assert isinstance(answer, Proof)


def test_the_initial_state_may_be_bad() -> None:
    """The path has no step."""
    assert pdr(Question(jumps([]), eq(N, toys.number(0))), BUDGET) == Refutation((), {})


def test_known_conditions_become_conjuncts() -> None:
    """What is known is used, and is in the proof, as it must stand for itself."""
    toy = toys.increments()
    counted = Var("n", IntSort(0, 2))
    bad = and_(toy.at(0, 0), toy.at(1, 0), eq(counted, toys.number(2)))
    known = binary(Op.LE, counted, toys.number(2))
    answer = pdr(Question(toy, bad), BUDGET, [known])
    assert isinstance(answer, Proof)
    assert is_proof(toy, bad, answer)


def test_a_false_known_condition_makes_no_proof() -> None:
    """A condition that does not hold leads to no proof that rests on it."""
    toy = jumps([(0, 1), (1, 2)])
    answer = pdr(Question(toy, eq(N, toys.number(2))), BUDGET, [binary(Op.LT, N, toys.number(1))])
    assert isinstance(answer, Open)
    assert answer.reason == "the invariant that Spacer found fails its check"


@pytest.mark.parametrize("budget", [Budget(rlimit=50), Budget(seconds=0.001)])
def test_a_limit_leaves_it_open(budget: Budget) -> None:
    """No answer within a limit is no proof."""
    toy = toys.peterson()
    assert isinstance(pdr(Question(toy, toys.both_critical(toy)), budget), Open)


@settings(max_examples=40)
@given(systems(), booleans(2))
def test_agrees_with_the_search(system: TransitionSystem, bad: Expr) -> None:
    """A proof only where no reachable state is bad, a real path else; proofs hold in all reachable states."""
    states = reachable(system)
    assume(len(states) < 2000)
    reached = [state for state in states if evaluate(bad, state, system.slot)]
    match pdr(Question(system, bad), BUDGET):
        case Proof(conjuncts=conjuncts):
            assert not reached
            assert all(evaluate(fact, state, system.slot) for fact in conjuncts for state in states)
        case Refutation() as path:
            assert is_path(system, bad, path)
        case Open(reason=reason):
            assert reason
