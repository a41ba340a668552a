"""Packed states: where fields lie, and that nothing is lost."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oomcheck.ir.expr import Expr, Index, Var
from oomcheck.ir.sorts import BOOL, ArraySort, IntSort, Sort, bounds
from oomcheck.ir.system import State, StateVar, TransitionSystem
from oomcheck.native.layout import NARROW, WIDEST, WORD, Layout, TooWideError, lay_out
from tests import strategies, toys

thorough = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)

NUMBER = IntSort(0, 9)


def of(*variables: StateVar) -> TransitionSystem:
    """A system of these variables, in which nothing happens."""
    return toys.system("layout", variables, [], [])


def reading(name: str, sort: Sort) -> Expr:
    """A read of an element whose index is computed."""
    return Index(Var(name, sort), Var("i", NUMBER))


@st.composite
def scalars(draw: st.DrawFn) -> IntSort:
    """Ranges of all widths, around zero or far from it."""
    low = draw(st.one_of(st.integers(-9, 9), st.integers(-(2**61) + 1, 2**60)))
    return IntSort(low, low + draw(st.one_of(st.integers(0, 9), st.integers(0, 2**60))))


@st.composite
def wide_systems(draw: st.DrawFn) -> tuple[TransitionSystem, list[Expr]]:
    """Scalars and arrays, and reads of some of the arrays at computed indices."""
    variables, reads = [toys.variable("i", NUMBER)], []
    for number in range(draw(st.integers(1, 12))):
        element = draw(scalars())
        size = draw(st.integers(0, 40))
        sort: Sort = ArraySort(element, size) if size else element
        if size and draw(st.booleans()):
            reads.append(reading(f"v{number}", sort))
        variables.append(toys.variable(f"v{number}", sort, element.lo))
    return of(*variables), reads


def draw_state(data: st.DataObject, system: TransitionSystem) -> State:
    """Any state whose values are in their sorts, ends of ranges more often than others."""
    return tuple(
        data.draw(st.one_of(st.sampled_from(bounds(sort)), st.integers(*bounds(sort)))) for sort in system.slot_sorts
    )


def used_bits(layout: Layout) -> list[tuple[int, int]]:
    """Each bit of each field, as word and position."""
    return [(f.word, f.shift + k) for f in layout.fields for k in range(f.width)]


@thorough
@given(question=wide_systems(), data=st.data())
def test_unpack_undoes_pack(question: tuple[TransitionSystem, list[Expr]], data: st.DataObject) -> None:
    """A state comes back as it was; words fit 64 bits, and no bit beyond `bits` is used."""
    system, reads = question
    layout = lay_out(system, reads)
    state = draw_state(data, system)
    words = layout.pack(state)
    assert layout.unpack(words) == state
    assert len(words) == layout.words
    assert sum(word << WORD * k for k, word in enumerate(words)) >> layout.bits == 0


@thorough
@given(question=wide_systems())
def test_fields_share_no_bit_and_cross_no_word(question: tuple[TransitionSystem, list[Expr]]) -> None:
    """Every bit belongs to one field at most, and each field lies in one word."""
    system, reads = question
    layout = lay_out(system, reads)
    bits = used_bits(layout)
    assert len(set(bits)) == len(bits)
    assert all(f.shift + f.width <= WORD and f.word < layout.words for f in layout.fields)


@thorough
@given(question=wide_systems())
def test_arrays_with_computed_indices_lie_in_one_piece(question: tuple[TransitionSystem, list[Expr]]) -> None:
    """Element i of a block is where the accessors look for it."""
    system, reads = question
    layout = lay_out(system, reads)
    assert set(layout.blocks) == {read.array.name for read in reads if isinstance(read, Index)}
    for name, block in layout.blocks.items():
        for i in range(block.size):
            field = layout.fields[system.slot[name] + i]
            word, position = divmod(i, block.per_word)
            assert field.word == block.first.word + word
            assert field.shift == block.first.shift + position * block.first.width
            assert (field.width, field.low) == (block.first.width, block.first.low)


@thorough
@given(system=strategies.systems())
def test_layout_of_equal_systems_is_equal(system: TransitionSystem) -> None:
    """The layout depends on nothing but the system."""
    assert lay_out(system, ()) == lay_out(system, ())


def test_fields_take_the_bits_of_their_sorts() -> None:
    """A value is stored minus the least one of its sort; a sort of one value takes no room."""
    layout = lay_out(of(toys.variable("a", IntSort(-3, 4), 0), toys.variable("b", IntSort(7, 7), 7)), ())
    assert [(f.width, f.low) for f in layout.fields] == [(3, -3), (0, 7)]
    assert (layout.words, layout.bits, layout.pack((4, 7))) == (1, 3, (7,))


def test_fields_lie_in_the_order_of_their_slots() -> None:
    """What is declared together lies together, where that takes no more room."""
    sorts: list[Sort] = [BOOL, IntSort(0, 100), BOOL, IntSort(0, 1000)]
    layout = lay_out(of(*(toys.variable(f"v{number}", sort) for number, sort in enumerate(sorts))), ())
    assert [f.shift for f in layout.fields] == [0, 1, 8, 9]


def test_fewer_words_go_before_order() -> None:
    """Where the order of slots would take another word, the largest fields are placed first."""
    sizes = (20, 30, 34, 44)
    variables = [toys.variable(f"v{number}", IntSort(0, 2**size - 1)) for number, size in enumerate(sizes)]
    layout = lay_out(of(*variables), ())
    assert (layout.words, layout.bits) == (2, 128)
    assert [f.word for f in layout.fields] == [0, 1, 1, 0]


def test_empty_system_has_a_word() -> None:
    """A state has one word at least."""
    layout = lay_out(of(), ())
    assert (layout.words, layout.bits, layout.pack(())) == (1, 0, (0,))


@pytest.mark.parametrize("sort", [IntSort(0, 2**WIDEST), IntSort(2**WIDEST, 2**WIDEST + 1), IntSort(-(2**WIDEST), 0)])
def test_too_wide_values_are_refused(sort: IntSort) -> None:
    """What does not fit 62 bits with its sign is refused, by name."""
    with pytest.raises(TooWideError, match="`v` has values from"):
        lay_out(of(toys.variable("v", sort, sort.lo)), ())


def test_large_arrays_take_words_of_their_own() -> None:
    """An array that is larger than a word has as many elements in each word as fit; others fill what it leaves."""
    sort = ArraySort(NUMBER, 20)
    layout = lay_out(of(toys.variable("i", NUMBER), toys.variable("a", sort)), [reading("a", sort)])
    assert (layout.blocks["a"].per_word, layout.words, layout.bits) == (16, 2, WORD + 20)
    assert (layout.fields[0].word, layout.fields[0].shift) == (1, 16)
    assert layout.words <= NARROW
