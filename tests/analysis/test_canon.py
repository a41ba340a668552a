"""Keys of expressions: what they say about the permuted state is what the expression says about the state."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from oomcheck.analysis.canon import Image, Key, NotInvariantError, negated
from oomcheck.analysis.permutation import Permutation, Renaming, renamed
from oomcheck.ir.expr import Apply, Expr, Index, Lit, Var, add, and_, binary, eq, index, ite, not_, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import ArraySort, IntSort, bounds, width
from oomcheck.ir.system import State, TransitionSystem
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.meaning import MEANING
from tests import strategies, toys

A = Var("a", ArraySort(IntSort(0, 2), 3))
X, Y = Var("x", IntSort(0, 2)), Var("y", IntSort(0, 2))
BOOKS = toys.system(
    "books", [toys.variable("a", A.sort), toys.variable("x", X.sort), toys.variable("y", Y.sort)], [], []
)
TURN: Renaming = ((0, 1), (1, 2), (2, 0))


def image(slots: Sequence[int], values: Sequence[Renaming]) -> Image:
    """The image of `BOOKS`, whose slots are a[0], a[1], a[2], x, y."""
    return Image(BOOKS, tuple(slots), tuple(values))


STILL = image(range(5), [()] * 5)


def meaning(key: Key, system: TransitionSystem, state: State) -> int:
    """The value of a key in a state."""
    assert isinstance(key, tuple)

    def of(part: Key) -> int:
        return meaning(part, system, state)

    match key:
        case ("#", value):
            return int(value)
        case ("s", slot):
            return state[slot]
        case ("[]", base, position):
            size = next(width(v.sort) for v in system.variables if system.slot[v.name] == base)
            return state[base + of(position)] if 0 <= of(position) < size else 0
        case ("&&", parts):
            return int(all(map(of, parts)))
        case ("||", parts):
            return int(any(map(of, parts)))
        case ("!", part):
            return int(not of(part))
        case ("==", parts):
            return int(len({of(part) for part in parts}) == 1)
        case ("<", left, right):
            return int(of(left) < of(right))
        case ("?", test, then, other):
            return of(then) if of(test) else of(other)
        case ("+", offset, terms):
            return int(offset + sum(factor * of(term) for term, factor in terms))
        case ("*", orders):
            left, right = next(iter(orders))
            return of(left) * of(right)
        case (op, *args):
            return MEANING[Op(op)](*map(of, args))
        case _:
            raise AssertionError(key)


def states(system: TransitionSystem, count: int = 12) -> list[State]:
    """Random states."""
    draw = random.Random(1)
    return [tuple(draw.randint(*bounds(sort)) for sort in system.slot_sorts) for _ in range(count)]


#: Slots of `tests.strategies`: p, q, x, y, a[0..2], f[0..1]; a move of each keeps its sort.
ORDERS = st.tuples(st.sampled_from([(0, 1), (1, 0)]), st.permutations([4, 5, 6]), st.permutations([7, 8])).map(
    lambda parts: (*parts[0], 2, 3, *parts[1], *parts[2])
)
X_NAMES = st.permutations([0, 1, 2]).map(lambda new: tuple((i, v) for i, v in enumerate(new) if i != v))


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.one_of(strategies.booleans(2), strategies.numbers(2)), ORDERS, X_NAMES, X_NAMES)
def test_a_key_means_in_the_image_what_the_expression_means(
    expr: Expr, slots: tuple[int, ...], names: Renaming, elements: Renaming
) -> None:
    """Wherever there is a key at all, it has the same value; the renamed one has the renamed value."""
    variables = [toys.variable(v.name, v.sort) for v in (*strategies.BOOLS, *strategies.NUMBERS, *strategies.ARRAYS)]
    system = toys.system("random", variables, [], [])
    values: tuple[Renaming, ...] = ((), (), names, (), elements, elements, elements, (), ())
    moved = Permutation((), slots, values, (), ())
    made = Image(system, slots, values)
    found: list[tuple[Key, Renaming]] = []
    for renaming in ((), names):
        try:
            found.append((made.under(expr, renaming), renaming))
        except NotInvariantError:
            continue
    assume(found)
    for key, renaming in found:
        for state in states(system):
            expected = renamed(renaming, evaluate(expr, state, system.slot))
            assert meaning(key, system, moved.state(state)) == expected


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (and_(eq(X, Y), X), and_(X, eq(Y, X))),
        (or_(eq(X, Y), Y), or_(Y, eq(X, Y))),
        (add(X, Y), add(Y, X)),
        (add(add(X, toys.number(1)), Y), add(Y, add(X, toys.number(1)))),
        (binary(Op.SUB, add(X, Y), X), Y),
        (binary(Op.MUL, X, Y), binary(Op.MUL, Y, X)),
        (Apply(Op.NE, (X, Y)), not_(eq(Y, X))),
        (binary(Op.LE, X, Y), not_(binary(Op.LT, Y, X))),
        (binary(Op.MUL, X, toys.number(2)), add(X, X)),
    ],
)
def test_expressions_that_are_written_differently_have_one_key(left: Expr, right: Expr) -> None:
    """The order of arguments and the choice of comparisons do not count."""
    assert STILL.of(left) == STILL.of(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (binary(Op.LT, X, Y), binary(Op.LT, Y, X)),
        (binary(Op.SUB, X, Y), binary(Op.SUB, Y, X)),
        (binary(Op.DIV, X, Y), binary(Op.DIV, Y, X)),
        (ite(eq(X, Y), X, Y), ite(eq(X, Y), Y, X)),
        (index(A, X), index(A, Y)),
    ],
)
def test_expressions_that_mean_something_else_have_other_keys(left: Expr, right: Expr) -> None:
    """Where the order of arguments counts, it does in keys."""
    assert STILL.of(left) != STILL.of(right)


def test_an_index_goes_where_its_elements_go() -> None:
    """If `x` names an element and elements move around, `a[x]` stays `a[x]` if the value of `x` moves with them."""
    around = image([1, 2, 0, 3, 4], [(), (), (), TURN, ()])
    assert around.of(index(A, X)) == STILL.of(index(A, X))
    with pytest.raises(NotInvariantError):
        around.of(index(A, Y))


def test_an_index_with_an_offset_goes_where_its_elements_go() -> None:
    """`a[z - 1]` with references: 0 is nobody and stays so."""
    z = Var("y", IntSort(0, 2))
    swapped = image([1, 0, 2, 3, 4], [(), (), (), (), ((1, 2), (2, 1))])
    place = index(A, binary(Op.SUB, z, toys.number(1)))
    assert swapped.of(place) == STILL.of(place)


def test_an_index_that_may_miss_its_array_reads_nothing_that_is_renamed() -> None:
    """Outside of the array it reads 0, in every permutation: elements whose 0 becomes 1 are refused there."""
    renaming: Renaming = ((0, 1), (1, 0))
    elements = image(range(5), [renaming, renaming, renaming, (), ()])
    assert elements.under(index(A, X), renaming) == STILL.of(index(A, X))
    with pytest.raises(NotInvariantError):
        elements.under(index(A, add(X, toys.number(1))), renaming)


def test_an_order_of_renamed_values_is_refused() -> None:
    """Numbers that name threads may be compared for equality, but not for their order, unless all are on one side."""
    names = image(range(5), [(), (), (), ((1, 2), (2, 1)), ()])
    assert names.of(eq(X, toys.number(1))) == STILL.of(eq(X, toys.number(2)))
    positive = binary(Op.LT, toys.number(0), X)
    assert names.of(positive) == STILL.of(positive)
    for refused in (binary(Op.LT, X, toys.number(2)), binary(Op.LT, X, Y), eq(X, Y), add(X, Y)):
        with pytest.raises(NotInvariantError):
            names.of(refused)


def test_an_element_by_number_moves() -> None:
    """A place that is known is followed; one outside of its array reads 0."""
    moved = image([2, 0, 1, 3, 4], [()] * 5)
    assert moved.of(index(A, toys.number(0))) == STILL.of(index(A, toys.number(2)))
    assert moved.of(Index(A, Lit(7, IntSort(7, 7)))) == ("#", 0)


def test_a_double_negation_vanishes() -> None:
    """Keys are negated once at most."""
    assert negated(negated(("s", 0))) == ("s", 0)
