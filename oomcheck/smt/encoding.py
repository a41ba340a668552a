"""The two encodings of a system for bounded model checking: over bit-vectors, and over integers without bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import z3

from oomcheck.ir.expr import Expr, Index, Lit, Var
from oomcheck.ir.sorts import bounds, scalar_of, width
from oomcheck.ir.system import Transition, TransitionSystem
from oomcheck.smt.bits import (
    BitReader,
    Number,
    Value,
    cell,
    choice,
    constant,
    content,
    fits,
    less,
    number,
    stored,
    truth,
)
from oomcheck.smt.machine import Cell, Machine
from oomcheck.smt.terms import Term


class Encoding(Protocol):
    """A system as terms over the constants of one state, `now`; `then` are those of the state after a step.

    Both have everything that a step can change. `parameters` are the constants of parameters by name.
    """

    system: TransitionSystem
    now: Mapping[Cell, Term]
    then: Mapping[Cell, Term]
    parameters: Mapping[str, Term]

    def start(self) -> z3.BoolRef:
        """Whether the state is an initial one."""

    def in_range(self) -> z3.BoolRef:
        """Whether the constants of the state stand for values of their sorts."""

    def holds(self, expr: Expr) -> z3.BoolRef:
        """Whether `expr` holds in the state."""

    def effect(self, step: Transition) -> tuple[Mapping[Cell, Term], z3.BoolRef]:
        """The new values of what a step may change, and when one of them cannot be represented."""


def encoding(system: TransitionSystem) -> Encoding:
    """Bits for a finite system, else integers."""
    return Integers(system) if system.parametric else Bits(system)


class Integers:
    """A system over integers: all values can be represented."""

    def __init__(self, system: TransitionSystem) -> None:
        self.system = system
        self._machine = machine = Machine(system)
        self.now: Mapping[Cell, Term] = {at: machine.current[at] for at in machine.cells}
        self.then: Mapping[Cell, Term] = {at: machine.after[at] for at in machine.cells}
        self.parameters: Mapping[str, Term] = {v.name: machine.current[v.name, 0] for v in system.parametric}

    def start(self) -> z3.BoolRef:
        """The initial state, for any values that the parameters can have."""
        return z3.And(self._machine.given(), self._machine.initial(self._machine.current))

    def in_range(self) -> z3.BoolRef:
        """Whether all values are in their sorts, as far as these are finite."""
        return z3.And(list(self._machine.in_range(self._machine.current)))

    def holds(self, expr: Expr) -> z3.BoolRef:
        """Whether `expr` holds in the state."""
        return self._machine.current.truth(expr)

    def effect(self, step: Transition) -> tuple[Mapping[Cell, Term], z3.BoolRef]:
        """The new values of what a step may change."""
        return self._machine.effect(step), z3.BoolVal(False)


class Bits:
    """A finite system over bit-vectors that hold the values of the sorts and no others."""

    def __init__(self, system: TransitionSystem) -> None:
        self.system = system
        self._sorts = {v.name: scalar_of(v.sort) for v in system.variables}
        slots = [(v.name, slot) for v in system.variables for slot in range(width(v.sort))]
        self.now: Mapping[Cell, Term] = {
            (name, slot): cell(f"{name}[{slot}]", self._sorts[name]) for name, slot in slots
        }
        self.then: Mapping[Cell, Term] = {
            (name, slot): cell(f"{name}[{slot}]'", self._sorts[name]) for name, slot in slots
        }
        self.parameters: Mapping[str, Term] = {}
        self._values: dict[str, tuple[Value, ...]] = {
            v.name: tuple(content(self.now[v.name, slot], scalar_of(v.sort)) for slot in range(width(v.sort)))
            for v in system.variables
        }
        self._reader = BitReader(self._values)
        ranges = [bounds(sort) for sort in system.slot_sorts]
        assert all(low <= value <= high for (low, high), value in zip(ranges, system.initial, strict=True))

    def start(self) -> z3.BoolRef:
        """The initial state."""
        values = zip(self.now, self.system.initial, strict=True)
        return z3.And([self.now[at] == stored(constant(value), self._sorts[at[0]]) for at, value in values])

    def in_range(self) -> z3.BoolRef:
        """Whether the bits of each slot stand for a value of its sort."""
        found = []
        for name, slot in self.now:
            low, high = bounds(self._sorts[name])
            value = self._values[name][slot]
            if isinstance(value, Number):
                found += [z3.Not(less(value, constant(low))), z3.Not(less(constant(high), value))]
        return z3.And(found)

    def holds(self, expr: Expr) -> z3.BoolRef:
        """Whether `expr` holds in the state."""
        return self._reader.truth(expr)

    def effect(self, step: Transition) -> tuple[Mapping[Cell, Term], z3.BoolRef]:
        """The new values of what a step may change; those outside of their sorts cannot be represented."""
        new: dict[Cell, Value] = {}
        misfits = []
        for update in step.updates:
            value = self._reader.value(update.value)
            match update.target:
                case Var(name=name):
                    new[name, 0] = value
                case Index(array=array, index=position):
                    name = array.name
                    self._store(new, name, position, value)
            misfits.append(z3.Not(fits(value, self._sorts[name])))
        new[self.system.processes[step.process].pc, 0] = constant(step.target)
        return {at: stored(value, self._sorts[at[0]]) for at, value in new.items()}, z3.simplify(z3.Or(misfits))

    def _store(self, new: dict[Cell, Value], name: str, index: Expr, value: Value) -> None:
        """An element of an array gets a value; nothing happens outside of the array."""
        cells = self._values[name]
        if not isinstance(cells[0], Number):
            value = truth(value)
        if isinstance(index, Lit):
            if 0 <= index.value < len(cells):
                new[name, index.value] = value
            return
        position = number(self._reader.value(index))
        for slot, old in enumerate(cells):
            if position.low <= slot <= position.high:
                here = position.term == z3.BitVecVal(slot, position.term.size())
                new[name, slot] = choice(here, value, new.get((name, slot), old))
