"""Terms over integers have the values that the reference gives."""

from __future__ import annotations

import pytest
import z3
from hypothesis import given, settings
from hypothesis import strategies as st

from oomcheck.ir.expr import Expr, Index, Lit, Var, binary, eq, exists, forall
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, ArraySort, IntSort, bounds, scalar_of, width
from oomcheck.semantics.evaluate import evaluate
from oomcheck.smt.bits import BitReader, Value, constant, resized
from oomcheck.smt.bits import number as bit_number
from oomcheck.smt.terms import Reader, literal, number, sort_of
from tests.strategies import ARRAYS, BOOLS, NUMBERS, booleans, numbers

VARIABLES = BOOLS + NUMBERS + ARRAYS
SLOT = {var.name: sum(width(other.sort) for other in VARIABLES[:i]) for i, var in enumerate(VARIABLES)}
STATES = st.tuples(*(st.integers(*bounds(scalar_of(var.sort))) for var in VARIABLES for _ in range(width(var.sort))))
EXPRESSIONS = st.one_of(numbers(3), booleans(3))


def parts(var: Var, state: tuple[int, ...]) -> tuple[int, ...]:
    """The values of a variable."""
    return state[SLOT[var.name] : SLOT[var.name] + width(var.sort)]


@settings(max_examples=400)
@given(expr=EXPRESSIONS, state=STATES)
def test_reader_agrees_with_evaluation(expr: Expr, state: tuple[int, ...]) -> None:
    """Random expressions, with indices that miss their arrays and zero divisors."""
    cells = {var.name: tuple(literal(v, scalar_of(var.sort)) for v in parts(var, state)) for var in VARIABLES}
    term = z3.simplify(number(Reader(cells).term(expr)))
    assert term.as_long() == evaluate(expr, state, SLOT)


@settings(max_examples=400)
@given(expr=EXPRESSIONS, state=STATES)
def test_bits_agree_with_evaluation(expr: Expr, state: tuple[int, ...]) -> None:
    """The same over bit-vectors whose widths come from the sorts; results lie in the bounds that they carry."""

    def cell(var: Var, value: int) -> Value:
        sort = scalar_of(var.sort)
        return z3.BoolVal(bool(value)) if sort == BOOL else resized(constant(value), *bounds(sort))

    cells = {var.name: tuple(cell(var, value) for value in parts(var, state)) for var in VARIABLES}
    found = bit_number(BitReader(cells).value(expr))
    value = z3.simplify(found.term).as_signed_long()
    assert value == evaluate(expr, state, SLOT)
    assert found.low <= value <= found.high


def test_each_expression_is_built_once() -> None:
    """One object gives one term, as expressions share most of their parts."""
    reader = Reader({"x": (z3.Int("x"),)})
    expr = eq(Var("x", IntSort(0, 3)), Lit(1, IntSort(0, 3)))
    assert reader.term(expr) is reader.term(expr)


SIZE = Var("N", IntSort(1, 2**31 - 1))
TALL = Var("a", ArraySort(IntSort(0, 9), 2, "N"))  # two elements for each of N units
HERE = Var("i", IntSort(0, 2**31 - 1))
ZERO, ONE = Lit(0, IntSort(0, 1)), Lit(1, IntSort(0, 1))
LAST = binary(Op.SUB, binary(Op.MUL, SIZE, Lit(2, IntSort(2, 2))), ONE)


def tall(units: int, values: list[int]) -> Reader:
    """A reader of the array, whose elements after the given ones are 7."""
    array = z3.K(z3.IntSort(), z3.IntVal(7))
    for position, value in enumerate(values):
        array = z3.Store(array, position, value)
    return Reader({"N": (z3.IntVal(units),), "a": (array,)})


@pytest.mark.parametrize(("position", "value"), [(-1, 0), (0, 3), (3, 5), (4, 0), (100, 0)])
def test_array_with_an_extent(position: int, value: int) -> None:
    """Elements of two units can be read; outside of them everything is 0."""
    term = tall(2, [3, 4, 6, 5]).number(Index(TALL, Lit(position, IntSort(-1, 100))))
    assert z3.simplify(term).as_long() == value


def proved(claim: z3.BoolRef) -> bool:
    """Whether a claim without free constants is true."""
    solver = z3.Solver()
    answers = [solver.check(part) for part in (claim, z3.Not(claim))]
    assert sorted(map(str, answers)) == ["sat", "unsat"]
    return bool(answers[0] == z3.sat)


@pytest.mark.parametrize(
    ("values", "bound", "everywhere", "somewhere"),
    [([1, 2, 3, 4], 4, True, True), ([1, 2, 3, 4], 2, False, True), ([5, 5, 5, 5], 4, False, False)],
)
def test_quantifiers_range_over_the_array(values: list[int], bound: int, everywhere: bool, somewhere: bool) -> None:
    """`forall` and `exists` look at the elements of all units, and at nothing behind them."""
    body = binary(Op.LE, Index(TALL, HERE), Lit(bound, IntSort(0, 9)))
    reader = tall(2, values)
    assert proved(reader.truth(forall(HERE, ZERO, LAST, body))) == everywhere
    assert proved(reader.truth(exists(HERE, ZERO, LAST, body))) == somewhere


def test_quantifiers_over_nothing() -> None:
    """Over an empty range `forall` is true and `exists` is false."""
    reader = tall(1, [1, 1])
    false = binary(Op.LT, HERE, HERE)
    assert proved(reader.truth(forall(HERE, ONE, ZERO, false)))
    assert not proved(reader.truth(exists(HERE, ONE, ZERO, binary(Op.LE, HERE, HERE))))


def test_nested_quantifiers_keep_their_variables_apart() -> None:
    """The inner body reads the outer variable too."""
    other = Var("j", IntSort(0, 2**31 - 1))
    sorted_up = forall(
        HERE, ZERO, LAST, forall(other, HERE, LAST, binary(Op.LE, Index(TALL, HERE), Index(TALL, other)))
    )
    assert proved(tall(2, [1, 2, 2, 4]).truth(sorted_up))
    assert not proved(tall(2, [1, 2, 1, 4]).truth(sorted_up))


@pytest.mark.parametrize(
    ("var", "sort"),
    [
        (Var("p", BOOL), z3.BoolSort()),
        (Var("x", IntSort(0, 2)), z3.IntSort()),
        (ARRAYS[1], z3.BoolSort()),
        (TALL, z3.ArraySort(z3.IntSort(), z3.IntSort())),
    ],
)
def test_sorts(var: Var, sort: z3.SortRef) -> None:
    """Truth values are Bool, numbers Int; only an array with an extent is an array."""
    assert sort_of(var) == sort
