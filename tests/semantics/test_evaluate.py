"""Values of expressions, and what they read."""

from __future__ import annotations

from oomcheck.ir.expr import FALSE, TRUE, Apply, Var, add, and_, binary, eq, index, ite, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, ArraySort, IntSort
from oomcheck.semantics.evaluate import evaluate, slot_of, slots_read
from tests.toys import number

P, X, A = Var("p", BOOL), Var("x", IntSort(-9, 9)), Var("a", ArraySort(IntSort(0, 9), 3))
SLOTS = {"p": 0, "x": 1, "a": 2}
STATE = (1, 2, 7, 8, 9)


def test_reads_variables_and_elements() -> None:
    """A variable has the value of its slot, an element that of its array's slot plus its index."""
    assert evaluate(X, STATE, SLOTS) == 2
    assert evaluate(index(A, add(X, number(-1))), STATE, SLOTS) == 8


def test_index_outside_the_array_reads_zero() -> None:
    """No neighbour is read, on either side."""
    assert evaluate(index(A, number(3)), STATE, SLOTS) == 0
    assert evaluate(index(A, number(-1)), STATE, SLOTS) == 0
    assert slot_of(index(A, number(3)), STATE, SLOTS) is None


def test_zero_divisor_gives_zero() -> None:
    """Division is total."""
    assert evaluate(Apply(Op.DIV, (X, number(0))), STATE, SLOTS) == 0


def test_lazy_operators_read_what_decides() -> None:
    """Conjunction, disjunction and choice leave out what no longer matters."""
    large = binary(Op.LT, number(5), X)
    assert slots_read(and_(large, P), STATE, SLOTS) == (1,)
    assert slots_read(and_(P, large), STATE, SLOTS) == (0, 1)
    assert slots_read(or_(P, large), STATE, SLOTS) == (0,)
    assert slots_read(ite(P, index(A, X), X), STATE, SLOTS) == (0, 1, 4)
    assert slots_read(or_(TRUE, P), STATE, SLOTS) == ()


def test_truth_values_are_ints() -> None:
    """States hold ints only."""
    for expr in (and_(P, eq(X, number(2))), or_(Apply(Op.NOT, (P,)), P), eq(X, number(2)), FALSE):
        assert type(evaluate(expr, STATE, SLOTS)) is int
