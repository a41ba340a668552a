"""A transition system as Z3 terms: its states, its initial state, and what each transition does."""

from __future__ import annotations

from collections.abc import Iterator

import z3

from oomcheck.ir.expr import Expr, Index, Lit, Var
from oomcheck.ir.sorts import ArraySort, IntSort, bounds, scalar_of
from oomcheck.ir.system import Role, StateVar, Transition, TransitionSystem
from oomcheck.smt.terms import Reader, Term, fitted, literal, number, sort_of

Cell = tuple[str, int]  # a variable and one of its slots; of an array with an extent the whole array is slot 0


class Frame:
    """The variables of one state as Z3 constants, and expressions over them.

    The constant of a slot is called like the variable, with the slot's number if it has several, and the mark.
    """

    def __init__(self, system: TransitionSystem, mark: str = "") -> None:
        self.system = system
        self.cells: dict[str, tuple[Term, ...]] = {v.name: _constants(v, mark) for v in system.variables}
        for variable in system.parametric:  # one for all states
            self.cells[variable.name] = _constants(variable, "")
        self._reader = Reader(self.cells)
        self.term = self._reader.term
        self.truth = self._reader.truth
        self.number = self._reader.number
        self.inside = self._reader.inside

    def __getitem__(self, cell: Cell) -> Term:
        return self.cells[cell[0]][cell[1]]


def _constants(variable: StateVar, mark: str) -> tuple[Term, ...]:
    sort = sort_of(variable.var)
    if not isinstance(variable.sort, ArraySort) or variable.sort.extent:
        return (z3.Const(f"{variable.name}{mark}", sort),)
    return tuple(z3.Const(f"{variable.name}[{i}]{mark}", sort) for i in range(variable.sort.size))


class Machine:
    """A system over a frame for the present state, `current`, and one for the state after a step, `after`."""

    def __init__(self, system: TransitionSystem) -> None:
        self.system = system
        self.current = Frame(system)
        self.after = Frame(system, "'")
        self._guards: dict[int, Expr] = {}
        self.cells: tuple[Cell, ...] = tuple(  # all that a step can change
            (v.name, slot)
            for v in system.variables
            if v.role is not Role.PARAM
            for slot in range(len(self.current.cells[v.name]))
        )

    # ------------------------------------------------------------ states

    def given(self) -> z3.BoolRef:
        """What holds of the parameters, always."""
        low = [self.current.cells[v.name][0] >= bounds(scalar_of(v.sort))[0] for v in self.system.parametric]
        return z3.And(low)

    def initial(self, frame: Frame) -> z3.BoolRef:
        """Whether a state is the initial one; the values of parameters are left open."""
        return z3.And([frame[cell] == value for cell, value in self._initial(frame)])

    def _initial(self, frame: Frame) -> Iterator[tuple[Cell, Term]]:
        for variable in self.system.variables:
            if variable.role is Role.PARAM:
                continue
            sort = scalar_of(variable.sort)
            values = [literal(value, sort) for value in variable.init]
            if not (isinstance(variable.sort, ArraySort) and variable.sort.extent):
                yield from (((variable.name, slot), value) for slot, value in enumerate(values))
                continue
            index = z3.Int("?unit")
            first = values[0]
            for part, value in enumerate(values[1:], start=1):
                first = z3.If(index % variable.sort.size == part, value, first)
            same = all(value.eq(values[0]) for value in values)
            yield (
                (variable.name, 0),
                z3.K(z3.IntSort(), values[0]) if same else z3.Lambda([index], first),
            )

    def in_range(self, frame: Frame) -> Iterator[z3.BoolRef]:
        """For each slot with a finite sort that is no truth value, that its value lies in the sort.

        The front end keeps values in their sorts by faults, so this holds in all reachable states; a proof that uses
        it takes it up among its conjuncts nevertheless.
        """
        for variable in self.system.variables:
            low, high = bounds(scalar_of(variable.sort))
            if variable.role is Role.PARAM or z3.is_array(frame.cells[variable.name][0]):
                continue
            for cell in frame.cells[variable.name]:
                if not z3.is_bool(cell) and not (isinstance(scalar_of(variable.sort), IntSort) and high >= 2**31 - 1):
                    yield z3.And(low <= cell, cell <= high)

    # ------------------------------------------------------------ steps

    def guard(self, transition: Transition) -> z3.BoolRef:
        """Whether a transition can be taken in the current state, program counter included."""
        return self.current.truth(self.full_guard(transition))

    def full_guard(self, transition: Transition) -> Expr:
        """The guard with the program counter, one object for each transition."""
        if transition.index not in self._guards:
            self._guards[transition.index] = self.system.full_guard(transition)
        return self._guards[transition.index]

    def effect(self, transition: Transition) -> dict[Cell, Term]:
        """The new values, over the current state, of the slots that a transition may change; all others keep theirs."""
        found: dict[Cell, Term] = {}
        pc = self.system.pc_var(transition.process)
        found[pc.name, 0] = z3.IntVal(transition.target)
        for update in transition.updates:
            match update.target:
                case Var(name=name, sort=sort):
                    found[name, 0] = fitted(self.current.term(update.value), scalar_of(sort))
                case Index():
                    self._store(found, update.target, update.value)
        return found

    def _store(self, found: dict[Cell, Term], place: Index, value: Expr) -> None:
        """An element of an array gets a value; nothing happens outside of the array."""
        array, term = place.array, fitted(self.current.term(value), scalar_of(place.array.sort))
        assert isinstance(array.sort, ArraySort)
        position = self.current.number(place.index)
        if array.sort.extent:
            old = found.get((array.name, 0), self.current[array.name, 0])
            new = z3.Store(old, position, term)
            found[array.name, 0] = z3.If(self.current.inside(array, position), new, old)
            return
        if isinstance(place.index, Lit):
            if 0 <= place.index.value < array.sort.size:
                found[array.name, place.index.value] = term
            return
        for slot in range(array.sort.size):
            old = found.get((array.name, slot), self.current[array.name, slot])
            found[array.name, slot] = z3.If(position == slot, term, old)

    def taken(self, transition: Transition) -> z3.BoolRef:
        """That a transition leads from the current state to the one after it."""
        effect = self.effect(transition)
        kept = [self.after[cell] == effect.get(cell, self.current[cell]) for cell in self.cells]
        return z3.And(self.guard(transition), *kept)

    def step(self, chosen: z3.ArithRef) -> z3.BoolRef:
        """That some transition leads from the current state to the one after it; `chosen` is its number in order.

        One definition for each slot, with a choice over the transitions that change it.
        """
        new: dict[Cell, Term] = {cell: self.current[cell] for cell in self.cells}
        guards = []
        for number_, transition in enumerate(self.system.transitions):
            here = chosen == number_
            guards.append(z3.Implies(here, self.guard(transition)))
            for cell, term in self.effect(transition).items():
                new[cell] = z3.If(here, term, new[cell])
        inside = z3.And(chosen >= 0, chosen < len(self.system.transitions))
        return z3.And(inside, *guards, *(self.after[cell] == term for cell, term in new.items()))


def value_of(model: z3.ModelRef, term: Term) -> int:
    """The value that a model gives to a term; one that it leaves open is 0."""
    found = model.eval(number(term), model_completion=True)
    assert z3.is_int_value(found), found
    return int(found.as_long())
