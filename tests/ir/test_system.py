"""The tables of a transition system."""

from __future__ import annotations

from oomcheck.ir.expr import and_
from tests import toys


def test_slots() -> None:
    """Program counters, then variables; an array takes a slot for each element."""
    toy = toys.peterson()
    assert toy.slot == {"a.pc": 0, "b.pc": 1, "flag": 2, "turn": 4}
    assert toy.slot_names == ("a.pc", "b.pc", "flag[0]", "flag[1]", "turn")
    assert [element for _, element in toy.slots] == [0, 0, 0, 1, 0]
    assert len(toy.slot_sorts) == len(toy.initial) == 5


def test_tables_by_location() -> None:
    """Steps and faults are found by process and location."""
    toy = toys.use_after_free()
    assert {key: [step.index for step in steps] for key, steps in toy.by_location.items()} == {
        (0, 0): [0],
        (1, 0): [1],
        (1, 1): [2],
    }
    assert [fault.index for fault in toy.faults_by_location[1, 1]] == [0]


def test_full_guard() -> None:
    """The full guard says where the process stands."""
    toy = toys.use_after_free()
    step = toy.transitions[2]
    assert toy.full_guard(step) == and_(toy.at(1, 1), step.guard)
