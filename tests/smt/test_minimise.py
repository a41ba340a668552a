from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings

from oomcheck.ir.expr import Apply, Expr, Lit, binary, not_, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import scalar_of
from oomcheck.ir.system import TransitionSystem
from oomcheck.smt.kinduction import k_induction
from oomcheck.smt.merging import clauses_of_not
from oomcheck.smt.minimise import minimised
from oomcheck.smt.outcome import Budget, Proof, Question
from oomcheck.smt.spacer import pdr
from tests import toys
from tests.smt.proofs import counter, turns_proof
from tests.smt.small import PLACE, N, is_proof, jumps, left_out, walker
from tests.strategies import booleans, systems

BUDGET = Budget(rlimit=1_000_000)


def parts_of(bad: Expr) -> tuple[Expr, ...]:
    """The parts of a disjunction."""
    assert isinstance(bad, Apply)
    return bad.args


def test_idle_conjuncts_are_left_out() -> None:
    """What has nothing to do with the bad states goes."""
    question, proof = turns_proof()
    owner_in_sort = binary(Op.LE, toys.number(0), question.system.variables[-2].var)
    larger = replace(proof, conjuncts=(owner_in_sort, *proof.conjuncts, or_(question.system.at(0, 0), owner_in_sort)))
    smaller = minimised(question, larger, BUDGET)
    assert is_proof(question.system, question.bad, smaller)
    assert len(smaller.conjuncts) < len(proof.conjuncts)
    assert owner_in_sort not in smaller.conjuncts


def test_idle_parts_of_a_clause_are_left_out() -> None:
    """`n <= 1 or n == 7` is `n <= 1` where nothing leads to 7."""
    toy = jumps([(0, 1), (1, 0), (7, 7)])
    small, far = binary(Op.LE, N, toys.number(1)), binary(Op.EQ, N, toys.number(7))
    question = Question(toy, binary(Op.EQ, N, toys.number(4)))
    assert minimised(question, Proof((or_(far, small),)), BUDGET) == Proof((small,))


def test_the_goal_is_no_conjunct_if_others_exclude_the_bad_states() -> None:
    """`n <= 2` is enough; that the state is not bad goes."""
    toy = jumps([(0, 1), (1, 2), (2, 0), (4, 5)])
    bad = binary(Op.EQ, N, toys.number(5))
    found = minimised(Question(toy, bad), Proof((binary(Op.LE, N, toys.number(2)), not_(bad))), BUDGET)
    assert found == Proof((binary(Op.LE, N, toys.number(2)),))


def test_the_goal_in_parts() -> None:
    """Where nothing but the goal is given, its parts are the conjuncts, here four excluded values as one bound."""
    toy = jumps([(0, 1), (1, 2), (4, 5), (6, 7)])
    bad = or_(*(binary(Op.EQ, N, toys.number(value)) for value in (4, 5, 6, 7)))
    assert minimised(Question(toy, bad), Proof((not_(bad),)), BUDGET) == Proof(
        (binary(Op.LE, N, Lit(3, scalar_of(N.sort))),)
    )
    some = or_(*(binary(Op.EQ, N, toys.number(value)) for value in (4, 6)))
    whole, parts = Proof((not_(some),)), Proof(tuple(map(not_, parts_of(some))))
    assert minimised(Question(toy, some), whole, BUDGET) == parts


def test_places_are_gathered() -> None:
    """That a room is marked only by the owner of the lock is told once for all places where it holds."""
    question, proof = turns_proof()
    split = [part for conjunct in proof.conjuncts for part in clauses_of_not(not_(conjunct))]
    smaller = minimised(question, replace(proof, conjuncts=tuple(split)), BUDGET)
    assert is_proof(question.system, question.bad, smaller)
    assert len(smaller.conjuncts) <= 5


def test_what_is_no_proof_stays() -> None:
    """Conditions that do not exclude the bad states come back as they are."""
    toy = jumps([(0, 1)])
    proof = Proof((binary(Op.LE, N, toys.number(5)),))
    assert minimised(Question(toy, binary(Op.EQ, N, toys.number(1))), proof, BUDGET) == proof


def test_deeper_induction_stays() -> None:
    """Proofs with a larger k are none of its business."""
    question, proof = counter()
    assert minimised(question, proof, BUDGET) is proof


def test_proofs_for_all_sizes_get_smaller() -> None:
    """A needless part of a condition about all units goes; what is left is inductive at each small size."""
    question = Question(walker(), left_out(walker()))
    answer = pdr(question, BUDGET)
    assert isinstance(answer, Proof)
    needless = or_(binary(Op.LT, PLACE, toys.number(0)), answer.conjuncts[0])
    smaller = minimised(question, replace(answer, conjuncts=(*answer.conjuncts, needless)), BUDGET)
    assert needless not in smaller.conjuncts
    assert len(smaller.conjuncts) <= len(answer.conjuncts)


def test_the_same_twice() -> None:
    """The result depends on nothing but the question and the proof."""
    question, proof = turns_proof()
    assert minimised(question, proof, BUDGET) == minimised(question, proof, BUDGET)


@settings(max_examples=25)
@given(systems(), booleans(2))
def test_a_smaller_proof_is_one(system: TransitionSystem, bad: Expr) -> None:
    """It is inductive: induction with k = 1 needs nothing but its conjuncts."""
    answer = pdr(Question(system, bad), BUDGET)
    if isinstance(answer, Proof):
        smaller = minimised(Question(system, bad), answer, BUDGET)
        assert len(smaller.conjuncts) <= len(answer.conjuncts)
        assert isinstance(k_induction(Question(system, bad), BUDGET, smaller.conjuncts, (1,)), Proof)
