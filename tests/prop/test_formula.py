"""Formulas and what they are built from."""

from __future__ import annotations

from oomcheck.prop.formula import Next, Not, Until, leads_to, operands, subformulas
from tests.ltl_patterns import formula

P, Q = formula("p"), formula("q")


def test_operands() -> None:
    """Operands come from left to right."""
    assert operands(P) == ()
    assert operands(Not(P)) == operands(Next(P)) == (P,)
    assert operands(Until(P, Q)) == (P, Q)


def test_subformulas_once() -> None:
    """Each object comes once, operands first."""
    both = Until(Next(P), Next(P))
    assert len(subformulas(both)) == 4
    shared = Next(P)
    assert subformulas(Until(shared, shared)) == (P, shared, Until(shared, shared))
    assert subformulas(leads_to(P, Q))[-1] == leads_to(P, Q)


def test_subformulas_deep() -> None:
    """Depth is no problem."""
    deep = P
    for _ in range(5000):
        deep = Next(deep)
    assert len(subformulas(deep)) == 5001
