"""The generic recursion."""

from __future__ import annotations

from oomcheck.ir.expr import TRUE, Apply, Expr, Index, Lit, Var, add, and_, eq, index
from oomcheck.ir.sorts import BOOL, ArraySort, IntSort
from oomcheck.ir.walk import Rewriting, parts, rewrite, subexpressions, variables

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


def test_parts_come_once() -> None:
    """A part that several expressions share is one part; equal parts of their own are several."""
    shared = add(X, ONE)
    assert list(parts([eq(shared, X), eq(shared, ONE)])) == [eq(shared, X), shared, X, ONE, eq(shared, ONE)]
    assert list(parts([index(A, X)])) == [index(A, X), X]
    assert len(list(parts([add(X, ONE), add(Var("x", IntSort(0, 3)), ONE)]))) == 5


def test_rewriting_is_rewrite() -> None:
    """Many expressions rewritten together are what each gives alone; a shared part is walked once and stays shared."""
    seen: list[Expr] = []

    def leaf(node: Lit | Var | Index) -> Expr:
        seen.append(node)
        return ONE if node == X else node

    shared = eq(index(A, add(X, ONE)), X)
    both = and_(Var("p", BOOL), shared), and_(Var("q", BOOL), shared)
    alone = [rewrite(expr, leaf) for expr in both]
    seen.clear()
    rewriting = Rewriting(leaf)
    together = [rewriting(expr) for expr in both]
    assert together == alone
    assert seen == [Var("p", BOOL), X, ONE, index(A, Lit(2, ONE.sort)), X, Var("q", BOOL)]
    assert isinstance(together[0], Apply)
    assert isinstance(together[1], Apply)
    assert together[0].args[1] is together[1].args[1]


def test_rewriting_keeps_what_does_not_change() -> None:
    """Nothing is copied without need, and a temporary expression is not taken for another."""
    rewriting = Rewriting(lambda node: node)
    assert rewriting(EXPR) is EXPR
    results = [rewriting(add(X, Lit(value, ONE.sort))) for value in (1, 2, 3) for _ in range(100)]
    assert results == [add(X, Lit(value, ONE.sort)) for value in (1, 2, 3) for _ in range(100)]
