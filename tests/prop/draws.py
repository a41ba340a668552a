"""Hypothesis strategies: random temporal formulas and lassos."""

from __future__ import annotations

from functools import cache

from hypothesis import strategies as st

from oomcheck.ir.expr import Apply, Expr, Lit, Var
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, IntSort
from oomcheck.prop.formula import (
    BOTTOM,
    TOP,
    And,
    Atom,
    Formula,
    Next,
    Not,
    Or,
    Release,
    Until,
    always,
    equivalence,
    eventually,
    implication,
    weak_until,
)
from tests.prop.words import NUMBER, Lasso, letter

BOOLS = tuple(Var(name, BOOL) for name in "pqr")


@cache
def conditions() -> st.SearchStrategy[Expr]:
    """Conditions that may exclude or imply each other."""
    numbers = st.builds(Lit, st.integers(0, 2), st.just(IntSort(0, 2)))
    compared = st.builds(
        lambda op, number, swapped: Apply(op, (number, NUMBER) if swapped else (NUMBER, number)),
        st.sampled_from([Op.EQ, Op.NE, Op.LT, Op.LE]),
        numbers,
        st.booleans(),
    )
    simple = st.one_of(st.sampled_from(BOOLS), compared)
    negated = st.builds(lambda arg: Apply(Op.NOT, (arg,)), simple)
    junction = st.builds(
        lambda op, args: Apply(op, tuple(args)),
        st.sampled_from([Op.AND, Op.OR]),
        st.lists(st.one_of(simple, negated), min_size=2, max_size=3),
    )
    return st.one_of(simple, negated, junction)


def formulas(atoms: st.SearchStrategy[Formula], depth: int) -> st.SearchStrategy[Formula]:
    """Formulas over some atoms, at most `depth` operators deep."""
    if depth == 0:
        return st.one_of(atoms, atoms, atoms, st.sampled_from([TOP, BOTTOM]))
    below = formulas(atoms, depth - 1)
    unary = (st.builds(operator, below) for operator in (Not, Next, eventually, always))
    binary = (
        st.builds(operator, below, below)
        for operator in (And, Or, Until, Release, weak_until, implication, equivalence)
    )
    return st.one_of(atoms, *unary, *binary)


PLAIN = formulas(st.sampled_from([Atom(var) for var in BOOLS]), 4)
RICH = formulas(conditions().map(Atom), 3)


@st.composite
def words(draw: st.DrawFn) -> Lasso:
    """Lassos with up to six states."""
    letters = st.builds(letter, st.sets(st.sampled_from("pqr")), st.integers(0, 2))
    states = draw(st.lists(letters, min_size=1, max_size=6))
    return Lasso(tuple(states), draw(st.integers(0, len(states) - 1)))
