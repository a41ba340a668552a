"""Reductions on automata made by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oomcheck.ir.expr import Var
from oomcheck.ir.sorts import BOOL
from oomcheck.prop.automaton import Automaton, Edge
from oomcheck.prop.reduce import degeneralised, least, reduced
from tests.prop.draws import words
from tests.prop.words import Lasso, accepts

P, Q = (Var(name, BOOL) for name in "pq")


@st.composite
def automata(draw: st.DrawFn) -> Automaton:
    """Automata with up to five states and three acceptance sets over two atoms."""
    count, sets = draw(st.integers(1, 5)), draw(st.integers(0, 3))
    states = st.integers(0, count - 1)
    cubes = st.sampled_from([(0, 0), (1, 0), (0, 1), (2, 0), (0, 2), (1, 2), (3, 0), (0, 3)])
    edges = draw(st.lists(st.tuples(states, cubes, states, st.integers(0, (1 << sets) - 1)), max_size=14))
    initial = draw(st.sets(states, max_size=2))
    found = sorted({Edge(source, *cube, target, marks) for source, cube, target, marks in edges})
    return Automaton((P, Q), count, tuple(sorted(initial)), tuple(found), sets)


@given(automata(), st.lists(words(), min_size=5, max_size=5))
def test_same_language(automaton: Automaton, checked: list[Lasso]) -> None:
    """Reductions and one acceptance set keep the language, whatever the automaton, and never make it larger."""
    small, simple = reduced(automaton), degeneralised(automaton)
    assert small.states <= automaton.states
    assert len(small.edges) <= len(automaton.edges)
    assert simple.sets == 1
    for word in checked:
        expected = accepts(automaton, word)
        assert accepts(small, word) is expected
        assert accepts(simple, word) is expected


@given(automata())
def test_final(automaton: Automaton) -> None:
    """What is reduced stays as it is, and every state of it is reached and has an edge."""
    small = reduced(automaton)
    assert reduced(small) == small
    reached = {*small.initial, *(edge.target for edge in small.edges)}
    assert reached == {edge.source for edge in small.edges} == set(range(small.states))


def test_dead_end() -> None:
    """States from which no run is accepting go."""
    edges = (Edge(0, 1, 0, 1, 1), Edge(0, 0, 1, 2, 1), Edge(1, 0, 0, 1, 1), Edge(2, 0, 0, 2, 0))
    assert reduced(Automaton((P,), 3, (0,), edges, 1)) == Automaton(
        (P,), 2, (0,), (Edge(0, 1, 0, 1, 0), Edge(1, 0, 0, 1, 0)), 0
    )


def test_rejecting_component() -> None:
    """A set stays where some component must not be accepting, even if the accepting ones need none."""
    edges = (Edge(0, 0, 0, 0, 0), Edge(0, 1, 0, 1, 0), Edge(1, 1, 0, 1, 1))
    assert reduced(Automaton((P,), 2, (0,), edges, 1)) == Automaton((P,), 2, (0,), edges, 1)


def test_sets_of_components() -> None:
    """Components that need different sets share one; a set that another one implies goes."""
    edges = (
        Edge(0, 0, 0, 1, 0),
        Edge(0, 0, 0, 2, 0),
        Edge(1, 1, 0, 1, 0b111),
        Edge(1, 0, 0, 1, 0b110),
        Edge(2, 2, 0, 2, 0b111),
        Edge(2, 0, 0, 2, 0b001),
    )
    small = reduced(Automaton((P, Q), 3, (0,), edges, 3))
    assert small.sets == 1
    assert sorted((edge.positive, edge.marks) for edge in small.edges if edge.source == edge.target) == [
        (0, 0),
        (0, 0),
        (1, 1),
        (2, 1),
    ]


def test_equal_states() -> None:
    """States with the same future are one."""
    edges = (Edge(0, 1, 0, 1, 0), Edge(0, 1, 0, 2, 0), Edge(1, 2, 0, 1, 1), Edge(2, 2, 0, 2, 1))
    assert reduced(Automaton((P, Q), 3, (0,), edges, 1)).states == 2


def test_complementary_edges() -> None:
    """Two edges for a literal and its negation are one."""
    edges = (Edge(0, 1, 0, 0, 1), Edge(0, 0, 1, 0, 1))
    assert reduced(Automaton((P,), 1, (0,), edges, 1)) == Automaton((), 1, (0,), (Edge(0, 0, 0, 0, 0),), 0)


def test_two_sets_in_turn() -> None:
    """With one acceptance set a state remembers which set it waits for."""
    edges = tuple(Edge(0, marks, 0, 0, marks) for marks in range(4))
    simple = degeneralised(Automaton((P, Q), 1, (0,), edges, 2))
    assert (simple.states, simple.sets) == (2, 1)
    assert [e.marks for e in simple.edges if e.positive == 3] == [1, 1]


@pytest.mark.parametrize(
    ("masks", "expected"),
    [([], ()), ([3, 1, 2], (1, 2)), ([6, 6, 5], (5, 6)), ([0, 7], (0,)), ([12, 4, 8, 3], (4, 8, 3))],
)
def test_least(masks: list[int], expected: tuple[int, ...]) -> None:
    """Masks that contain another one go; the smallest come first."""
    assert least(masks) == expected


@given(st.lists(st.integers(0, 63)))
def test_least_covers(masks: list[int]) -> None:
    """Each mask contains one that is kept, and no kept one contains another."""
    kept = least(masks)
    assert all(any(a & mask == a for a in kept) for mask in masks)
    assert [(a, b) for a in kept for b in kept if a != b and a & b == a] == []
