"""Conditions made smaller keep their meaning."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given

from oomcheck.ir.expr import FALSE, TRUE, Expr, Lit, Var, and_, binary, eq, ite, not_, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, IntSort
from oomcheck.ir.walk import subexpressions
from oomcheck.semantics.evaluate import evaluate
from oomcheck.transform.cover import simplified
from tests.strategies import BOOLS, booleans

P, Q = BOOLS
X = Var("x", IntSort(0, 2))
ONE = Lit(1, IntSort(0, 2))
SLOTS = {"p": 0, "q": 1, "x": 2, "y": 3, "a": 4, "f": 7}
STATES = list(product((0, 1), (0, 1), (0, 1, 2), (-1, 0, 1), (0, 2), (1,), (0, 1), (0, 1), (0, 1)))


@given(booleans(4))
def test_the_meaning_stays(condition: Expr) -> None:
    """The same truth in every state, in an expression that is not larger."""
    smaller = simplified(condition)
    assert [bool(evaluate(smaller, s, SLOTS)) for s in STATES] == [bool(evaluate(condition, s, SLOTS)) for s in STATES]
    assert sum(1 for _ in subexpressions(smaller)) <= sum(1 for _ in subexpressions(condition))


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (or_(P, not_(P)), TRUE),
        (and_(P, not_(P)), FALSE),
        (or_(and_(P, Q), and_(P, not_(Q)), not_(P)), TRUE),
        (or_(not_(and_(P, Q)), and_(Q, P)), TRUE),
        (or_(eq(X, ONE), not_(eq(X, ONE))), TRUE),
        (or_(binary(Op.LT, X, ONE), binary(Op.LE, ONE, X)), TRUE),
        (ite(P, or_(Q, not_(Q)), TRUE), TRUE),
        (or_(and_(P, Q), and_(P, not_(Q))), P),
        (or_(P, and_(not_(P), Q)), or_(P, Q)),
        (P, P),
        (TRUE, TRUE),
    ],
)
def test_branches_of_a_choice(condition: Expr, found: Expr) -> None:
    """What is left of conditions that repeat their tests."""
    assert simplified(condition) == found


def test_a_condition_that_needs_too_much_stays() -> None:
    """A diagram in this order of tests would be exponential."""
    left = [Var(f"l{n}", BOOL) for n in range(14)]
    right = [Var(f"r{n}", BOOL) for n in range(14)]
    pairs = or_(*(and_(a, b) for a, b in zip(left, right, strict=True)))
    condition = or_(and_(*left), and_(*right), pairs)
    assert simplified(condition) == condition
