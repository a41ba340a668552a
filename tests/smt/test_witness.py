"""Paths of a solver as witnesses."""

from __future__ import annotations

import pytest

from oomcheck.prop.property import Kind, Property, sanitizer
from oomcheck.result.exploration import LockEdge, Witness
from oomcheck.semantics.replay import check_witness
from oomcheck.smt.witness import RefusedPathError, witness, witnesses
from tests import toys


def test_fault() -> None:
    """The fault that the last state runs into is named."""
    found = witness(toys.use_after_free(), sanitizer("lifetime"), (0, 1))
    assert found == Witness((0, 1), fault=0)


def test_race() -> None:
    """The two racing transitions are named."""
    found = witness(toys.increments(), sanitizer("race"), (0,))
    assert found.racing is not None
    assert check_witness(toys.increments(), sanitizer("race"), found) == ""


def test_circle_of_locks() -> None:
    """Each edge of the circle has its path."""
    toy, lockdep = toys.philosophers(2), sanitizer("lockdep")
    found = witness(toy, lockdep, (0,), (3,))
    assert set(found.cycle) == {LockEdge(0, 0, 1), LockEdge(1, 1, 0)}
    assert found.paths == ((0,), (3,))
    assert check_witness(toy, lockdep, found) == ""


def test_a_path_ends_where_the_property_is_decided() -> None:
    """What comes after the first deciding state is left out."""
    toy = toys.counter(3)
    never = Property("never", Kind.NEVER, toy.at(0, 0))
    assert witness(toy, never, (0, 0, 0, 1)) == Witness(())


def test_several_properties() -> None:
    """All that the states along a path decide is found."""
    toy = toys.counter(3)
    ended = Property("ended", Kind.COVER, toy.at(0, 1))
    found = witnesses(toy, (ended, sanitizer("deadlock")), [(0, 0, 0, 1)])
    assert found == {"ended": Witness((0, 0, 0, 1))}


def test_refused_path() -> None:
    """A step that cannot be taken is a defect, and so is a path that shows nothing."""
    toy = toys.counter(3)
    ended = Property("ended", Kind.COVER, toy.at(0, 1))
    with pytest.raises(RefusedPathError, match="cannot be taken: step 2: transition 1 of t is not enabled"):
        witnesses(toy, (ended,), [(0, 1)])
    with pytest.raises(RefusedPathError, match="does not decide it"):
        witness(toy, ended, (0,))
