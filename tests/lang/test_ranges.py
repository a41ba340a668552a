"""Bounds of expressions where C's int stands for all integers."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oomcheck.ir.expr import Apply, Expr, Index, Lit, Var
from oomcheck.ir.ops import ARITY, BOOLEAN_ARGUMENTS, Op
from oomcheck.ir.sorts import BOOL, ArraySort, IntSort
from oomcheck.lang.ranges import Ends, as_sort, bounded, endless, ends, sort_ends
from oomcheck.lang.types import INT_MAX, INT_MIN
from oomcheck.semantics.evaluate import evaluate

N = Var("n", IntSort(1, INT_MAX))  # a parameter without a value
I = Var("i", IntSort(INT_MIN, INT_MAX))  # noqa: E741 C's int
D = Var("d", IntSort(-3, 4))
B = Var("b", BOOL)
VARIABLES = (N, I, D, B)
ARITHMETIC = tuple(op for op in Op if op not in BOOLEAN_ARGUMENTS and ARITY[op] == 2)


def lit(value: int) -> Lit:
    """A number."""
    return Lit(value, IntSort(INT_MIN, INT_MAX))


def expressions() -> st.SearchStrategy[Expr]:
    """Integer expressions over the variables."""
    leaves = st.one_of(st.sampled_from(VARIABLES), st.integers(-(10**10), 10**10).map(lit), st.integers(-3, 3).map(lit))

    def larger(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
        binary = st.builds(lambda op, a, b: Apply(op, (a, b)), st.sampled_from(ARITHMETIC), inner, inner)
        choice = st.builds(lambda a, b: Apply(Op.ITE, (B, a, b)), inner, inner)
        return st.one_of(binary, choice, st.builds(lambda a: Apply(Op.NEG, (a,)), inner))

    return st.recursive(leaves, larger, max_leaves=6)


@given(
    expr=expressions(),
    n=st.integers(1, 10**12),
    i=st.one_of(st.integers(-(10**12), 10**12), st.integers(-3, 3)),
    d=st.integers(-3, 4),
    b=st.booleans(),
)
def test_values_lie_between_the_ends(expr: Expr, n: int, i: int, d: int, b: bool) -> None:
    """No value leaves the ends, however far beyond C's int a variable goes."""
    low, high = ends(expr)
    assert low <= evaluate(expr, (n, i, d, int(b)), {"n": 0, "i": 1, "d": 2, "b": 3}) <= high


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        (Apply(Op.SUB, (N, lit(1))), (0, inf)),
        (Apply(Op.SUB, (lit(5), N)), (-inf, 4)),
        (Apply(Op.MUL, (lit(0), N)), (0, 0)),
        (Apply(Op.MUL, (D, N)), (-inf, inf)),
        (Apply(Op.DIV, (N, lit(10**18))), (0, inf)),
        (Apply(Op.DIV, (lit(7), N)), (0, 7)),
        (Apply(Op.DIV, (lit(7), I)), (-7, 7)),
        (Apply(Op.MOD, (N, lit(4))), (0, 3)),
        (Apply(Op.MOD, (I, lit(4))), (-3, 3)),
        (Apply(Op.LT, (N, I)), (0, 1)),
        (Index(Var("a", ArraySort(IntSort(2, 5), 1, "n")), N), (0, 5)),
    ],
)
def test_ends(expr: Expr, expected: Ends) -> None:
    """Ends where some are infinite."""
    assert ends(expr) == expected


def test_nothing_is_implied_by_the_size_of_an_int() -> None:
    """A number that would be small if N were a number of C may be large."""
    assert bounded(Apply(Op.MOD, (N, lit(4))), 0, 3)
    assert not bounded(Apply(Op.SUB, (N, lit(INT_MAX))), INT_MIN, 0)
    assert not bounded(N, 1, INT_MAX)


def test_sorts() -> None:
    """The ends of C's int are none, and stand for those that are infinite."""
    assert sort_ends(IntSort(INT_MIN, INT_MAX)) == (-inf, inf)
    assert sort_ends(IntSort(-4, INT_MAX - 1)) == (-4, INT_MAX - 1)
    assert as_sort(-1, inf) == IntSort(-1, INT_MAX)
    assert as_sort(-inf, 3) == IntSort(INT_MIN, 3)


def test_endless() -> None:
    """What reads a variable without a bound, in an index too."""
    array = Var("a", ArraySort(IntSort(0, 1), 4))
    assert endless(Apply(Op.MOD, (N, lit(2))))
    assert endless(Index(array, N))
    assert not endless(Apply(Op.ADD, (D, Index(array, D))))
