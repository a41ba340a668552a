"""Races in generated code: found where the reference finds one, in any state."""

from __future__ import annotations

from itertools import product

import pytest

from oomcheck.ir.expr import Index, Lit, Place, Var
from oomcheck.ir.sorts import ArraySort, IntSort
from oomcheck.ir.system import Access, TransitionSystem
from oomcheck.native.items import items_of
from oomcheck.prop.property import sanitizer
from oomcheck.semantics.checks import race
from oomcheck.semantics.successors import enabled
from tests import toys
from tests.native.calls import Model

SORT = IntSort(0, 3)
POSITION = IntSort(-1, 4)
X, Y = Var("x", SORT), Var("y", SORT)
LEFT, RIGHT = Var("i", POSITION), Var("j", POSITION)
ARRAY = Var("a", ArraySort(SORT, 3))

PLACES: dict[str, Place] = {
    "x": X,
    "y": Y,
    "a[i]": Index(ARRAY, LEFT),
    "a[j]": Index(ARRAY, RIGHT),
    "a[1]": Index(ARRAY, Lit(1, SORT)),
    "a[9]": Index(ARRAY, Lit(9, SORT)),
}


def accessing(first: tuple[Access, ...], second: tuple[Access, ...]) -> TransitionSystem:
    """Two processes with one step each, which touch these places."""
    variables = [
        *(toys.variable(v.name, v.sort) for v in (X, Y, LEFT, RIGHT)),
        toys.variable("a", ARRAY.sort),
    ]
    steps = [toys.step(0, 0, 1, accesses=first), toys.step(1, 0, 1, accesses=second)]
    return toys.system("race", variables, [toys.process("t", 2), toys.process("u", 2)], steps)


def agree(system: TransitionSystem) -> bool:
    """Whether some state has a race; each is compared with the reference."""
    items = items_of(system, (sanitizer("race"),))
    model, found = Model(system, items), False
    for i, j, here, there in product((-1, 0, 1, 3, 4), (-1, 0, 1, 3), (0, 1), (0, 1)):
        state = (here, there, 0, 0, i, j, 0, 0, 0)
        expected = race(system, state, enabled(system, state)) is not None
        assert (items.races in model.expand(state)[1]) == expected, state
        found |= expected
    return found


@pytest.mark.parametrize("first", PLACES)
@pytest.mark.parametrize("second", PLACES)
def test_places_are_compared(first: str, second: str) -> None:
    """A write and a read race if they can be of one slot; elements outside of their array are of none."""
    alike = first == second and first != "a[9]"
    elements = {first, second} <= {"a[i]", "a[j]", "a[1]"}
    system = accessing((Access(PLACES[first], True, False),), (Access(PLACES[second], False, False),))
    assert agree(system) == (alike or elements)


@pytest.mark.parametrize("place", ["x", "a[1]", "a[i]"])
@pytest.mark.parametrize(("writes", "marks"), list(product(product((False, True), repeat=2), repeat=2)))
def test_reads_and_marked_accesses(place: str, writes: tuple[bool, bool], marks: tuple[bool, bool]) -> None:
    """Two reads never race, nor do two marked accesses; any other two do."""
    first, second = ((Access(PLACES[place], write, marked),) for write, marked in zip(writes, marks, strict=True))
    assert agree(accessing(first, second)) == (any(writes) and not all(marks))


def test_one_of_several_accesses_suffices() -> None:
    """Steps race if any two of their accesses do."""
    first = (Access(X, False, False), Access(PLACES["a[i]"], True, False))
    second = (Access(Y, True, False), Access(PLACES["a[j]"], True, True))
    assert agree(accessing(first, second))


def test_steps_without_accesses_do_not_race() -> None:
    """Where nothing is shared there is nothing to compare."""
    assert not agree(accessing((), (Access(X, True, False),)))


def test_more_places_than_fit_a_word() -> None:
    """Shared places are told apart beyond the 64th."""
    sort = ArraySort(SORT, 70)
    places = [Index(Var("b", sort), Lit(k, IntSort(0, 69))) for k in range(70)]
    variables = [toys.variable("b", sort)]
    for last in (3, 69):
        steps = [
            toys.step(0, 0, 1, accesses=tuple(Access(place, True, False) for place in places)),
            toys.step(1, 0, 1, accesses=(Access(places[last], False, False),)),
            toys.step(2, 0, 1, accesses=tuple(Access(place, False, True) for place in places)),
        ]
        processes = [toys.process(name, 2) for name in "tuv"]
        system = toys.system("many", variables, processes, steps)
        items = items_of(system, (sanitizer("race"),))
        model = Model(system, items)
        for where in product((0, 1), repeat=3):
            state = (*where, *system.initial[3:])
            expected = race(system, state, enabled(system, state)) is not None
            assert (items.races in model.expand(state)[1]) == expected
