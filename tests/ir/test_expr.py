"""Smart constructors simplify without changing a value."""

from __future__ import annotations

from hypothesis import given, settings

from oomcheck.ir.expr import (
    FALSE,
    TRUE,
    Apply,
    Expr,
    Lit,
    Var,
    add,
    and_,
    binary,
    boolean,
    eq,
    implies,
    ite,
    negate,
    not_,
    or_,
)
from oomcheck.ir.ops import ARITY, Op
from oomcheck.ir.sorts import BOOL, IntSort
from oomcheck.ir.walk import rewrite
from tests import oracle, strategies

P, Q, X = Var("p", BOOL), Var("q", BOOL), Var("x", IntSort(0, 9))
ZERO, ONE, TWO = (Lit(value, IntSort(0, 9)) for value in (0, 1, 2))


def test_arity_covers_the_operators() -> None:
    """Each operator has an arity."""
    assert set(ARITY) == set(Op)


def test_negation() -> None:
    """Literals, double negation and equality are turned round."""
    assert not_(TRUE) == FALSE
    assert not_(not_(P)) == P
    assert not_(eq(X, ONE)) == Apply(Op.NE, (X, ONE))
    assert not_(not_(eq(X, ONE))) == eq(X, ONE)


def test_junctions() -> None:
    """Units vanish, zeros decide, repetition and nesting go."""
    assert and_() == TRUE
    assert or_() == FALSE
    assert and_(P, TRUE) == P
    assert and_(P, FALSE, Q) == FALSE
    assert or_(P, TRUE) == TRUE
    assert and_(P, Q, P) == Apply(Op.AND, (P, Q))
    assert and_(P, and_(Q, eq(X, ONE))) == Apply(Op.AND, (P, Q, eq(X, ONE)))
    assert implies(FALSE, P) == TRUE
    assert implies(TRUE, P) == P


def test_choice() -> None:
    """A known condition, equal branches and truth values need no choice."""
    assert ite(TRUE, X, ONE) == X
    assert ite(FALSE, X, ONE) == ONE
    assert ite(P, X, X) == X
    assert ite(P, TRUE, FALSE) == P
    assert ite(P, FALSE, TRUE) == not_(P)
    assert ite(P, X, ONE) == Apply(Op.ITE, (P, X, ONE))


def test_arithmetic() -> None:
    """Literals are computed, neutral elements vanish."""
    assert add(ONE, ONE) == TWO
    assert add(X, ZERO) == X
    assert add(ZERO, X) == X
    assert binary(Op.SUB, X, ZERO) == X
    assert binary(Op.MUL, X, ONE) == X
    assert negate(TWO) == Lit(-2, TWO.sort)


def test_equality() -> None:
    """Comparisons with truth values need no comparison."""
    assert eq(X, X) == TRUE
    assert eq(P, TRUE) == P
    assert eq(P, FALSE) == not_(P)
    assert eq(ONE, TWO) == boolean(False)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(expr=strategies.booleans(3))
def test_rebuilding_keeps_the_value(expr: Expr) -> None:
    """Putting values in for variables and simplifying gives the value of the expression."""
    world = {("p", 0): 1, ("q", 0): 0, ("x", 0): 2, ("y", 0): -1, ("f", 0): 1, ("f", 1): 0}
    world |= {("a", 0): 2, ("a", 1): 0, ("a", 2): 1}
    known = {"p": TRUE, "q": FALSE, "x": Lit(2, IntSort(0, 2)), "y": Lit(-1, IntSort(-1, 1))}
    simple = rewrite(expr, lambda leaf: known[leaf.name] if isinstance(leaf, Var) else leaf)
    assert oracle.reader(simple)(world) == oracle.reader(expr)(world)
