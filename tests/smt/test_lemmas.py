"""Lemmas: which are proved, in whatever order, and what is said of the others."""

from __future__ import annotations

import pytest

from oomcheck.ir.expr import Expr, Var, add, binary, eq, not_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import IntSort
from oomcheck.ir.system import TransitionSystem
from oomcheck.smt.auxiliary import invariants
from oomcheck.smt.kinduction import k_induction
from oomcheck.smt.lemmas import prove_lemmas
from oomcheck.smt.outcome import Budget, Open, Proof, Question, Refutation
from tests import toys
from tests.smt.small import N, evens, is_proof, left_out, walker
from tests.toys import number

X, Y, Z = (Var(name, IntSort(0, 3)) for name in "xyz")
EVEN = eq(binary(Op.MOD, N, number(2)), number(0))
SHORT = Budget(depth=2)


def chain() -> TransitionSystem:
    """Z grows by y, y by x, and x by nothing; all begin at 0."""
    steps = [toys.step(0, 0, 0, writes=[(Y, add(Y, X))]), toys.step(0, 0, 0, writes=[(Z, add(Z, Y))])]
    return toys.system("chain", [toys.variable(v.name, v.sort) for v in (X, Y, Z)], [toys.process("t", 1)], steps)


def rotation() -> TransitionSystem:
    """x, y and z, all 0, get each other's values, in two ways; n goes to and fro."""
    steps = [
        toys.step(0, 0, 0, writes=[(X, Y), (Y, Z), (Z, X)]),
        toys.step(0, 0, 0, writes=[(X, Y), (Y, X)]),
        toys.step(0, 0, 0, writes=[(N, binary(Op.SUB, number(1), N))]),
    ]
    return toys.system("rotation", [toys.variable(v.name, v.sort) for v in (X, Y, Z, N)], [toys.process("t", 1)], steps)


def zero(variable: Var) -> Expr:
    """The variable is 0."""
    return eq(variable, number(0))


@pytest.mark.parametrize("order", ["xyz", "zyx", "yzx"])
def test_the_order_does_not_matter(order: str) -> None:
    """Z needs y and y needs x; each proof names what it rests on."""
    by_name = {"x": zero(X), "y": zero(Y), "z": zero(Z)}
    found = prove_lemmas(chain(), [(name, by_name[name]) for name in order], SHORT)
    assert found.failed == {}
    assert found.proved["x"] == Proof((zero(X),))
    assert found.proved["y"] == Proof((zero(X), zero(Y)))
    assert set(found.proved["z"].conjuncts) == {zero(X), zero(Y), zero(Z)}
    assert set(found.facts) == {zero(X), zero(Y), zero(Z)}


def test_lemmas_that_need_each_other() -> None:
    """None of the three is inductive without the others, in whatever number of steps."""
    toy = rotation()
    assert isinstance(k_induction(Question(toy, not_(zero(X))), Budget(depth=4)), Open)
    found = prove_lemmas(toy, [("x", zero(X)), ("y", zero(Y)), ("z", zero(Z))], SHORT)
    assert found.failed == {}
    assert {name: len(proof.conjuncts) for name, proof in found.proved.items()} == {"x": 3, "y": 3, "z": 3}
    for name, variable in (("x", X), ("y", Y), ("z", Z)):
        assert is_proof(toy, not_(zero(variable)), found.proved[name])


def test_without_one_of_them_none_is_proved() -> None:
    """Two of the three are not enough; the lemma that breaks is named."""
    found = prove_lemmas(rotation(), [("x", zero(X)), ("y", zero(Y))], SHORT)
    assert found.proved == {}
    assert found.facts == ()
    broken = [
        answer.induction.broken for answer in found.failed.values() if isinstance(answer, Open) and answer.induction
    ]
    assert broken == ["x", "y"]


def test_a_wrong_lemma_is_refuted_and_not_used() -> None:
    """A lemma that fails after two steps leaves the right one alone."""
    found = prove_lemmas(evens(), [("wrong", not_(eq(N, number(4)))), ("even", EVEN)], Budget(depth=4))
    assert found.proved == {"even": Proof((EVEN,))}
    assert found.failed == {"wrong": Refutation((0, 0), {})}
    assert found.facts == (EVEN,)


def test_a_lemma_may_rest_on_what_is_known() -> None:
    """What is known is no lemma, but is among the conjuncts, before the lemma itself."""
    lemma = not_(eq(N, number(5)))
    assert isinstance(prove_lemmas(evens(), [("odd", lemma)], SHORT).failed["odd"], Open)
    found = prove_lemmas(evens(), [("odd", lemma)], SHORT, [EVEN])
    assert found.proved == {"odd": Proof((EVEN, lemma))}


def test_a_lemma_about_all_units() -> None:
    """A quantified lemma about a parametric system."""
    toy = walker()
    found = prove_lemmas(toy, [("all", not_(left_out(toy)))], SHORT, invariants(toy, Budget()))
    assert {name: proof.k for name, proof in found.proved.items()} == {"all": 1}
