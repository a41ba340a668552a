"""Counterexamples to induction in words."""

from __future__ import annotations

from oomcheck.inductions import told
from oomcheck.ir.sorts import BOOL, ArraySort, IntSort
from oomcheck.ir.system import Role, StateVar
from oomcheck.smt.outcome import Induction
from tests import toys

HEAD = "counterexample to induction; its states are not known to be reachable:"
TOY = toys.counter(3)
PC = (
    TOY.variables[-1].names[0]
    if TOY.variables[-1].role is Role.PC
    else next(v.names[0] for v in TOY.variables if v.role is Role.PC)
)


def test_only_what_differs_is_told() -> None:
    """The first state against the initial one, each other one against the state before; places always."""
    lines = told(TOY, Induction(({"n": 2, PC: 0}, {"n": 3, PC: 0}), (0,), "below"))
    assert lines[0] == HEAD
    assert lines[1] == "  0 (all else is as it is at first)"
    assert [line.strip() for line in lines if " = " in line] == ["n = 2", "n = 3"]
    assert sum(" at " in line for line in lines[2:]) == 1
    assert lines[-1] == "  in the last state this fails: below"


def test_values_outside_of_a_sort_are_shown() -> None:
    """A state that nothing excludes may be anywhere, also at no place."""
    lines = told(TOY, Induction(({"n": -7, PC: 99},), ()))
    assert "      n = -7" in lines
    assert any(line.endswith("at no place (99)") for line in lines)


def test_each_unit_is_told() -> None:
    """Of an array with an extent there are as many units as the state has."""
    size = toys.variable("N", IntSort(1, 2**31 - 1), 1, Role.PARAM)
    units = StateVar("a", ArraySort(BOOL, 1, "N"), (0,), Role.SHARED, ("a[#]",))
    toy = toys.system("units", [size, units], [toys.process("p", 1, 0)], [])
    lines = told(toy, Induction(({"N": 2, "a[0]": 0, "a[1]": 1},), ()))
    assert "      a[1] = true" in lines
    assert not any("a[0]" in line for line in lines)
