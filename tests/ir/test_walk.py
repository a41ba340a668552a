"""The generic recursion."""

from __future__ import annotations

from oomcheck.ir.expr import TRUE, Expr, Index, Lit, Var, add, and_, eq, index
from oomcheck.ir.sorts import BOOL, ArraySort, IntSort
from oomcheck.ir.walk import rewrite, subexpressions, variables

X = Var("x", IntSort(0, 3))
A = Var("a", ArraySort(IntSort(0, 3), 4))
ONE = Lit(1, IntSort(0, 3))
EXPR = and_(Var("p", BOOL), eq(index(A, add(X, ONE)), X))


def test_subexpressions_come_parents_first() -> None:
    """A node comes before its parts, parts from left to right."""
    nodes = list(subexpressions(EXPR))
    assert nodes[0] == EXPR
    assert nodes[1:] == [Var("p", BOOL), eq(index(A, add(X, ONE)), X), index(A, add(X, ONE)), add(X, ONE), X, ONE, X]


def test_variables_include_arrays_and_indices() -> None:
    """The array below an index counts, and so does what the index reads."""
    assert variables(EXPR) == {"p", "a", "x"}


def test_rewrite_simplifies_upward() -> None:
    """Replaced leaves fold; an index arrives with its own index rewritten."""
    seen: list[Expr] = []

    def leaf(node: Lit | Var | Index) -> Expr:
        seen.append(node)
        return ONE if node == X else TRUE if node == Var("p", BOOL) else node

    assert rewrite(EXPR, leaf) == eq(index(A, Lit(2, ONE.sort)), ONE)
    assert index(A, Lit(2, ONE.sort)) in seen


def test_rewrite_keeps_what_does_not_change() -> None:
    """Nothing is copied without need."""
    assert rewrite(EXPR, lambda node: node) is EXPR
