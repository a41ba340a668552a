"""Edges, and strongly connected components."""

from __future__ import annotations

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oomcheck.prop.automaton import Automaton, Edge, components


@pytest.mark.parametrize(
    ("letter", "reads"), [(0b00, False), (0b01, True), (0b10, False), (0b11, False), (0b101, True)]
)
def test_reads(letter: int, reads: bool) -> None:
    """An edge wants all of its positive atoms and none of the negative ones; others do not matter."""
    assert Edge(0, positive=0b01, negative=0b10, target=0, marks=0).reads(letter) is reads


def test_outgoing() -> None:
    """Each state has its own edges."""
    edges = (Edge(0, 0, 0, 1, 0), Edge(1, 0, 0, 0, 1), Edge(1, 1, 0, 1, 0))
    automaton = Automaton((), 3, (0,), edges, 2)
    assert automaton.outgoing == (edges[:1], edges[1:], ())
    assert automaton.all_marks == 0b11


@given(
    st.integers(0, 8).flatmap(
        lambda n: st.lists(st.lists(st.integers(0, max(n - 1, 0)), max_size=4), min_size=n, max_size=n)
    )
)
def test_components(targets: list[list[int]]) -> None:
    """Components are those of networkx, and each comes after those that it reaches."""
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(len(targets)))
    graph.add_edges_from((node, target) for node, below in enumerate(targets) for target in below)
    found = components(targets)
    expected = {frozenset(component) for component in nx.strongly_connected_components(graph)}
    assert {frozenset(n for n, c in enumerate(found) if c == own) for own in found} == expected
    assert all(found[target] <= found[node] for node, below in enumerate(targets) for target in below)
