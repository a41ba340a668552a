"""What is enabled, and what a step does."""

from __future__ import annotations

from dataclasses import replace

from oomcheck.ir.expr import Expr, Place, Var, add, index
from oomcheck.ir.sorts import ArraySort, IntSort
from oomcheck.semantics.successors import apply, enabled, faults, successors
from tests import toys
from tests.toys import number, process, step, system, variable

X, Y = Var("x", IntSort(0, 9)), Var("y", IntSort(0, 9))
A = Var("a", ArraySort(IntSort(0, 9), 2))


def test_enabled_in_index_order() -> None:
    """The order is that of the indices, not that of the processes."""
    toy = system("toy", [], [process("a", 2), process("b", 2)], [step(1, 0, 1), step(0, 0, 1), step(1, 0, 0)])
    assert [move.index for move in enabled(toy, toy.initial)] == [0, 1, 2]
    turned = replace(toy, transitions=tuple(reversed(toy.transitions)))
    assert [move.index for move in enabled(turned, toy.initial)] == [0, 1, 2]


def test_updates_are_simultaneous() -> None:
    """Two variables change places in one step."""
    swap = step(0, 0, 1, writes=[(X, Y), (Y, X)])
    toy = system("toy", [variable("x", X.sort, 3), variable("y", Y.sort, 4)], [process("a", 2)], [swap])
    assert [state for _, state in successors(toy, toy.initial)] == [(1, 4, 3)]


def test_later_updates_win() -> None:
    """Updates of one slot are made in order, with indices of the old state."""
    writes: list[tuple[Place, Expr]] = [
        (X, number(1)),
        (index(A, X), number(7)),
        (index(A, number(0)), number(8)),
        (X, add(X, number(2))),
    ]
    toy = system(
        "toy", [variable("x", X.sort), variable("a", A.sort)], [process("a", 1)], [step(0, 0, 0, writes=writes)]
    )
    assert apply(toy, toy.transitions[0], toy.initial) == (0, 2, 8, 0)


def test_write_outside_an_array_is_lost() -> None:
    """A neighbour of the array is never written."""
    writes = [(index(A, number(2)), number(7)), (index(A, number(-1)), number(7)), (index(A, add(X, X)), number(7))]
    toy = system(
        "toy", [variable("x", X.sort, 1), variable("a", A.sort)], [process("a", 1)], [step(0, 0, 0, writes=writes)]
    )
    assert apply(toy, toy.transitions[0], toy.initial) == toy.initial


def test_faults_belong_to_a_location() -> None:
    """A fault happens only where its process stands."""
    toy = toys.use_after_free()
    assert faults(toy, (1, 0, 0)) == ()
    assert [fault.index for fault in faults(toy, (1, 1, 0))] == [0]
