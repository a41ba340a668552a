"""Circles in the order of locks."""

from __future__ import annotations

from oomcheck.result.exploration import LockEdge
from oomcheck.semantics.lockorder import LockOrder


def edges(*triples: tuple[int, int, int]) -> list[LockEdge]:
    """Edges from (process, held, wanted)."""
    return [LockEdge(*triple) for triple in triples]


def last_circle(*triples: tuple[int, int, int]) -> tuple[LockEdge, ...]:
    """What the last edge closes."""
    order = LockOrder()
    found = [order.add(edge, number) for number, edge in enumerate(edges(*triples))]
    assert not any(found[:-1])
    return found[-1]


def test_two_orders() -> None:
    """A circle of two, the closing edge last."""
    assert last_circle((0, 1, 2), (1, 2, 1)) == tuple(edges((0, 1, 2), (1, 2, 1)))


def test_one_process_cannot_block_itself() -> None:
    """Both orders by one process are no circle, nor is one that needs a process twice."""
    assert last_circle((0, 1, 2), (0, 2, 1)) == ()
    assert last_circle((0, 1, 2), (1, 2, 3), (0, 3, 1)) == ()


def test_another_process_takes_over() -> None:
    """If two processes have the same order, the one that is free is chosen."""
    assert last_circle((0, 1, 2), (1, 2, 3), (2, 1, 2), (0, 3, 1)) == tuple(edges((2, 1, 2), (1, 2, 3), (0, 3, 1)))


def test_shortest_circle() -> None:
    """Of several circles the shortest is reported."""
    found = last_circle((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 1, 4), (4, 4, 1))
    assert found == tuple(edges((3, 1, 4), (4, 4, 1)))


def test_known_edges_say_nothing() -> None:
    """An edge counts once, from the state where it was first seen."""
    order = LockOrder()
    first, second = edges((0, 1, 2), (1, 2, 1))
    assert order.add(first, 3) == ()
    assert order.add(second, 5) == (first, second)
    assert order.add(second, 8) == ()
    assert (order.origin(first), order.origin(second)) == (3, 5)
