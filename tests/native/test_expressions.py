"""Expressions as C have the values that the reference gives them."""

from __future__ import annotations

import re
from itertools import accumulate, product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oomcheck.ir.expr import FALSE, TRUE, Apply, Expr, Index, Lit, Var, and_, eq, not_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, ArraySort, IntSort, bounds
from oomcheck.ir.system import TransitionSystem
from oomcheck.native.expressions import Writer, number
from oomcheck.native.layout import TooWideError, lay_out
from oomcheck.semantics.evaluate import evaluate
from tests import strategies, toys
from tests.native.calls import Values

thorough = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)

CLANG_BRACKETS = 256  # that it takes within each other
SMALL = IntSort(-2, 3)
P, Q, X, Y = Var("p", BOOL), Var("q", BOOL), Var("x", SMALL), Var("y", SMALL)
SYSTEM = toys.system("expressions", [toys.variable(v.name, v.sort) for v in (P, Q, X, Y)], [], [])


def nesting(text: str) -> int:
    """How deep brackets are in brackets."""
    depths = accumulate((char == "(") - (char == ")") for char in text)
    return max(depths, default=0)


def written(expr: Expr, system: TransitionSystem = SYSTEM) -> str:
    """The C text of an expression."""
    return Writer(system.slot, lay_out(system, [expr])).value(expr)


@st.composite
def questions(draw: st.DrawFn) -> tuple[TransitionSystem, list[Expr], list[tuple[int, ...]]]:
    """A system, expressions over it, and some of its states, reachable or not."""
    system = draw(strategies.systems())
    expressions = draw(st.lists(st.one_of(strategies.numbers(3), strategies.booleans(3)), min_size=1, max_size=6))
    values = st.tuples(*(st.integers(*bounds(sort)) for sort in system.slot_sorts))
    return system, expressions, draw(st.lists(values, min_size=1, max_size=8))


@thorough
@given(question=questions())
def test_values_are_those_of_the_reference(
    question: tuple[TransitionSystem, list[Expr], list[tuple[int, ...]]],
) -> None:
    """For random expressions in random states, elements outside of their arrays included."""
    system, expressions, states = question
    native = Values(system, expressions)
    for state in states:
        assert native(state) == [evaluate(expr, state, system.slot) for expr in expressions]


@pytest.mark.parametrize("low", [0, -5, 3])
@pytest.mark.parametrize("size", [1, 3, 64, 100])
def test_elements_are_read_inside_and_zero_outside(low: int, size: int) -> None:
    """A computed index finds its element in whichever word it is; outside of the array there is 0."""
    sort, position = ArraySort(IntSort(low, low + 6), size), IntSort(-3, 130)
    variables = [toys.variable("a", sort, [low + k % 7 for k in range(size)]), toys.variable("i", position)]
    system = toys.system("array", variables, [], [])
    read = Index(Var("a", sort), Var("i", position))
    native = Values(system, [read])
    elements = system.initial[:size]
    for i in range(-3, 131):
        assert native((*elements, i)) == [elements[i] if 0 <= i < size else 0]


def test_elements_of_one_value_take_no_room() -> None:
    """An array whose elements can have one value only is read without looking at the state."""
    sort, position = ArraySort(IntSort(4, 4), 3), IntSort(-1, 3)
    system = toys.system("array", [toys.variable("a", sort, 4), toys.variable("i", position)], [], [])
    native = Values(system, [Index(Var("a", sort), Var("i", position))])
    assert [native((4, 4, 4, i)) for i in range(-1, 4)] == [[0], [4], [4], [4], [0]]


@pytest.mark.parametrize("levels", [61, 150])
def test_deep_expressions_become_functions(levels: int) -> None:
    """No compiler sees brackets that nest deeper than it takes; the value is the same."""
    expr: Expr = X
    for level in range(levels):
        expr = Apply(Op.ITE, (eq(expr, Lit(level % 4, SMALL)), Y, X))
    native = Values(SYSTEM, [expr])
    for state in product((0,), (0,), range(-2, 4), range(-2, 4)):
        assert native(state) == [evaluate(expr, state, SYSTEM.slot)]
    assert max(nesting(line) for line in native.text.splitlines()) < CLANG_BRACKETS


def test_alternatives_at_one_location_share_its_test() -> None:
    """Neighbours in a disjunction that begin alike are asked for that once; the value is the same."""
    first = eq(X, Lit(1, SMALL))
    cases = [and_(first, P), and_(first, Q, eq(Y, Lit(2, SMALL))), and_(first, not_(P)), eq(Y, Lit(3, SMALL)), Q]
    expr = Apply(Op.OR, tuple(cases))
    assert written(expr).count("== 1") == 1
    native = Values(SYSTEM, [expr])
    for state in product((0, 1), (0, 1), range(-2, 4), range(-2, 4)):
        assert native(state) == [evaluate(expr, state, SYSTEM.slot)]


def test_an_alternative_that_is_the_shared_test_decides() -> None:
    """Where one alternative is nothing but the shared condition, the others are of no matter."""
    first = eq(X, Lit(1, SMALL))
    text = written(Apply(Op.OR, (and_(first, P), first, Q)))
    assert text == f"({written(first)} || {written(Q)})"


def test_constants_stay_apart() -> None:
    """Truth values as literals, among others, do what they do anywhere."""
    native = Values(SYSTEM, [Apply(Op.OR, (P, FALSE)), Apply(Op.AND, (P, TRUE)), Apply(Op.OR, (TRUE, Q))])
    assert [native((p, 0, 0, 0)) for p in (0, 1)] == [[0, 0, 1], [1, 1, 1]]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (2**31 - 1, "2147483647"),
        (2**31, "INT64_C(2147483648)"),
        (-1, "(-INT64_C(1))"),
        (-(2**40), "(-INT64_C(1099511627776))"),
    ],
)
def test_numbers_have_64_bits(value: int, text: str) -> None:
    """A literal is of a type that holds it, also below zero."""
    assert number(value) == text


@pytest.mark.parametrize("op", [Op.ADD, Op.SUB, Op.MUL])
def test_what_could_overflow_is_refused(op: Op) -> None:
    """An expression whose values need more than 62 bits is not written at all."""
    large = Var("n", IntSort(-(2**60), 2**61))
    system = toys.system("large", [toys.variable("n", large.sort)], [], [])
    with pytest.raises(TooWideError, match="an expression has values from"):
        written(Apply(op, (large, Apply(Op.NEG, (large,)) if op is Op.SUB else large)), system)


@thorough
@given(question=questions())
def test_text_is_made_of_numbers_and_our_own_names(
    question: tuple[TransitionSystem, list[Expr], list[tuple[int, ...]]],
) -> None:
    """No name of a model is in the text: words are those of C and of the writer."""
    system, expressions, _ = question
    allowed = r"s|0x[0-9a-f]+|[0-9]+|int64_t|uint64_t|U?INT64_C|get_[0-9]+|part_[0-9]+|quotient|remainder_of"
    for expr in expressions:
        assert all(re.fullmatch(allowed, name) for name in re.findall(r"\w+", written(expr, system)))
