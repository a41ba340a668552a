"""k-induction: what it proves, what it refutes, and what it leaves open."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings

from oomcheck.ir.expr import Expr, Index, binary, eq, forall, not_, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.system import TransitionSystem
from oomcheck.semantics.evaluate import evaluate
from oomcheck.smt.auxiliary import invariants
from oomcheck.smt.consecution import excludes
from oomcheck.smt.induction import holds_in
from oomcheck.smt.kinduction import is_inductive, k_induction
from oomcheck.smt.outcome import Budget, Open, Proof, Question, Refutation, UpTo
from oomcheck.transform.instantiate import instantiated
from tests import toys
from tests.smt.small import DONE, SIZE, UNIT, N, evens, everything, is_proof, jumps, left_out, reachable, walker
from tests.strategies import booleans, systems
from tests.toys import number

BUDGET = Budget(rlimit=1_000_000)
EVEN = eq(binary(Op.MOD, N, number(2)), number(0))


@pytest.mark.parametrize(
    ("edges", "k", "simple"),
    [
        ([(0, 1), (1, 0)], 1, False),
        ([(0, 1), (1, 0), (4, 5)], 2, False),
        ([(0, 1), (3, 4), (4, 5)], 3, False),
        ([(0, 1), (3, 3), (3, 4), (4, 5)], 3, True),
        ([(0, 1), (2, 3), (3, 2), (3, 4), (4, 5)], 4, True),
    ],
)
def test_the_least_k_is_found(edges: list[tuple[int, int]], k: int, simple: bool) -> None:
    """The longest path from outside to the bad state has this length; a loop on it needs paths without repetition."""
    toy, bad = jumps(edges), eq(N, number(5))
    proof = Proof((not_(bad),) if k == 1 else (), k, simple)
    assert k_induction(Question(toy, bad), Budget(depth=5)) == proof
    assert is_proof(toy, bad, proof)


def test_a_smaller_k_is_not_enough() -> None:
    """The check of this file tells k from k - 1."""
    toy, bad = jumps([(0, 1), (3, 4), (4, 5)]), eq(N, number(5))
    assert [is_proof(toy, bad, Proof((), k)) for k in (1, 2, 3)] == [False, False, True]


def test_a_lemma_closes_what_no_k_does() -> None:
    """Odd numbers lead to each other for ever; that the number is even excludes them."""
    question = Question(evens(), eq(N, number(5)))
    found = k_induction(question, Budget(depth=3))
    assert isinstance(found, Open)
    assert (found.reason, found.depth) == ("not inductive", 2)
    assert found.induction is not None
    assert [state["n"] for state in found.induction.states] == [-1, 1, 3, 5]
    assert found.induction.steps == (0, 0, 0)
    assert k_induction(question, Budget(depth=3), [EVEN]) == Proof((EVEN, not_(question.bad)))


def test_what_is_called_known_is_not_believed() -> None:
    """A condition that does not hold initially, or that steps break, makes no proof."""
    question = Question(evens(), eq(N, number(4)))
    for wrong in (eq(N, number(1)), binary(Op.LT, N, number(3))):
        assert k_induction(question, Budget(depth=5), [wrong]) == Refutation((0, 0), {})
        assert isinstance(k_induction(question, Budget(depth=1), [wrong]), Open)


def test_only_what_is_used_is_among_the_conjuncts() -> None:
    """Other conditions that are known do not get into a proof."""
    other = binary(Op.LE, number(0), N)
    bad = eq(N, number(5))
    assert k_induction(Question(evens(), bad), Budget(), [other, EVEN]) == Proof((EVEN, not_(bad)))


def test_an_initial_state_that_is_bad_is_found() -> None:
    """The path to it has no steps."""
    assert k_induction(Question(evens(), eq(N, number(0))), Budget()) == Refutation((), {})


def test_peterson() -> None:
    """With what is known of flags and places, mutual exclusion is 2-inductive; without flags it is wrong."""
    toy = toys.peterson()
    proof = k_induction(Question(toy, toys.both_critical(toy)), Budget(), invariants(toy, Budget()))
    assert isinstance(proof, Proof)
    assert (proof.k, len(proof.conjuncts), proof.simple_path) == (2, 6, False)
    assert len(list(everything(toy))) == 128
    assert is_proof(toy, toys.both_critical(toy), proof)
    broken = toys.peterson(broken=True)
    found = k_induction(Question(broken, toys.both_critical(broken)), Budget(), invariants(broken, Budget()))
    assert isinstance(found, Refutation)
    assert len(found.steps) == 6


def test_bounds_may_be_given() -> None:
    """Only the values of k that are asked for are tried, in any order."""
    question = Question(jumps([(0, 1), (4, 5)]), eq(N, number(5)))
    assert isinstance(k_induction(question, Budget(), bounds=[1]), Open)
    assert k_induction(question, Budget(), bounds=[3, 2]) == Proof((), 3)
    # A state without a way on ends a path: deeper frames, once made, must not exclude it.
    ends = Question(jumps([(0, 1), (4, 5), (3, 3)]), eq(N, number(5)))
    assert isinstance(k_induction(ends, Budget(), bounds=[3, 1]), Proof)


class TestParametric:
    """Proofs for all values of a parameter."""

    def test_a_walker_misses_no_unit(self) -> None:
        """All units before the counter are done, whatever their number."""
        toy = walker()
        proof = k_induction(Question(toy, left_out(toy)), Budget(), invariants(toy, Budget()))
        assert isinstance(proof, Proof)
        assert (proof.k, len(proof.conjuncts), proof.conjuncts[-1]) == (1, 2, not_(left_out(toy)))
        for size in (1, 2, 3):
            small = instantiated(toy, {"N": size})[0]
            states = reachable(small)
            assert len(states) == size + 2
            assert all(holds_in(small, {"N": size}, fact, s) for fact in proof.conjuncts for s in states)

    def test_a_walker_that_begins_late_is_refuted(self) -> None:
        """One unit is enough to see that the first is left out."""
        toy = walker(start=1)
        found = k_induction(Question(toy, left_out(toy)), Budget(), invariants(toy, Budget()))
        assert found == Refutation((1,), {"N": 1})

    def test_without_invariants_it_stays_open(self) -> None:
        """The counterexample to induction is a real step of an instance."""
        toy = walker()
        found = k_induction(Question(toy, left_out(toy)), Budget(depth=1))
        assert isinstance(found, Open)
        assert found.induction is not None
        assert [dict(state) for state in found.induction.states] == [
            {"N": 1, "t.pc": 0, "done[0]": 0, "t.v": 1},
            {"N": 1, "t.pc": 1, "done[0]": 0, "t.v": 1},
        ]


class TestRandom:
    """Random finite systems, with the search of all their states as the judge."""

    def test_without_invariants(self) -> None:
        """What is proved holds, what is refuted is reached by as many steps, and all three answers occur."""
        seen: Counter[str] = Counter()

        @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
        @given(systems(), booleans(2))
        def check(system: TransitionSystem, bad: Expr) -> None:
            seen[judged(system, bad, ())] += 1

        check()
        assert min(seen["Proof"], seen["Refutation"], seen["Open"]) > 5, seen

    def test_with_invariants(self) -> None:
        """The same with auxiliary invariants, which hold in all reachable states."""

        @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
        @given(systems(), booleans(2))
        def check(system: TransitionSystem, bad: Expr) -> None:
            judged(system, bad, invariants(system, Budget()))

        check()


def judged(system: TransitionSystem, bad: Expr, known: tuple[Expr, ...]) -> str:
    """What k-induction says, after a comparison with all reachable states."""
    states = reachable(system)
    hits = [depth for state, depth in states.items() if evaluate(bad, state, system.slot)]
    assert all(evaluate(fact, state, system.slot) for fact in known for state in states)
    found = k_induction(Question(system, bad), Budget(depth=2), known)
    match found:
        case Proof(conjuncts=conjuncts):
            assert not hits
            assert all(evaluate(fact, state, system.slot) for fact in conjuncts for state in states)
        case Refutation(steps=steps):
            assert len(steps) == min(hits)
        case UpTo(depth=depth) | Open(depth=depth):
            assert not [hit for hit in hits if hit <= depth]
    return type(found).__name__


def test_conditions_that_are_inductive_together() -> None:
    """As they are, with no other one: `n <= 2` is kept where 3 leads on, `n <= 3` is not, nor what fails at first."""
    toy = jumps([(0, 1), (1, 2), (3, 4)])
    most = [binary(Op.LE, N, number(value)) for value in range(4)]
    assert is_inductive(toy, most[2:3], BUDGET)
    assert not is_inductive(toy, most[3:4], BUDGET)
    assert is_inductive(toy, most[2:4], BUDGET)
    assert not is_inductive(toy, [not_(most[0]), most[2]], BUDGET)


def test_conditions_that_exclude_the_bad_states() -> None:
    """With instances of their quantifiers at the units that the bad states name."""
    toy = walker()
    last = binary(Op.SUB, SIZE, number(1))
    every = forall(UNIT, number(0), last, Index(DONE, UNIT))
    assert excludes(toy, [or_(not_(toy.at(0, 1)), every)], left_out(toy), BUDGET)
    assert not excludes(toy, [every], toy.at(0, 1), BUDGET)
