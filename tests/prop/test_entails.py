"""What the form of conditions tells about each other."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given

from oomcheck.ir.expr import Apply, Expr, Lit, Var, and_, eq, not_, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, IntSort
from oomcheck.prop.entails import entails
from oomcheck.semantics.evaluate import evaluate
from tests.prop.draws import conditions
from tests.prop.words import SLOTS, letter

P, Q, R = (Var(name, BOOL) for name in "pqr")
X = Var("x", IntSort(0, 2))


def at(value: int) -> Expr:
    """`x == value`."""
    return eq(X, Lit(value, IntSort(0, 2)))


KNOWN = [
    (P, P),
    (and_(P, Q), P),
    (and_(P, Q, R), and_(R, P)),
    (P, or_(Q, P)),
    (or_(P, Q), or_(Q, P, R)),
    (not_(or_(P, Q)), not_(P)),
    (not_(P), not_(and_(P, Q))),
    (at(0), not_(at(1))),
    (at(0), not_(and_(at(1), P))),
    (and_(at(0), P), not_(at(2))),
    (at(1), or_(P, not_(at(2)))),
]


@pytest.mark.parametrize(("left", "right"), KNOWN)
def test_known(left: Expr, right: Expr) -> None:
    """Facts that keep automata small are seen, in one direction."""
    assert entails(left, right)
    assert left == right or not entails(right, left)


@pytest.mark.parametrize(("left", "right"), [(P, Q), (P, not_(P)), (not_(at(0)), at(1)), (at(0), Apply(Op.LT, (X, X)))])
def test_unknown(left: Expr, right: Expr) -> None:
    """Nothing is claimed beyond."""
    assert not entails(left, right)


@given(conditions(), conditions())
def test_sound(left: Expr, right: Expr) -> None:
    """What is said to follow does follow, in every state."""
    if entails(left, right):
        for p, q, r, x in product((0, 1), (0, 1), (0, 1), (0, 1, 2)):
            state = letter({name for name, value in zip("pqr", (p, q, r), strict=True) if value}, x)
            assert evaluate(left, state, SLOTS) <= evaluate(right, state, SLOTS)
