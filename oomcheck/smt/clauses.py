"""Horn clauses for Spacer, the engine for property-directed reachability of Z3, and what it answers.

One predicate over the slots of a state says what is reachable. A slot with few values is as many truth values, one for
each: clauses over these are what Spacer generalizes best.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from time import monotonic

import z3

from oomcheck.ir.expr import Expr, Index, Lit, Var, eq
from oomcheck.ir.sorts import ArraySort, BoolSort, EnumSort, IntSort, bounds, scalar_of
from oomcheck.ir.system import Role, StateVar, TransitionSystem
from oomcheck.records import dataclass
from oomcheck.smt.horn import Horn, Other
from oomcheck.smt.machine import Cell, Machine
from oomcheck.smt.outcome import Budget, Open
from oomcheck.smt.readback import UnreadableError, conjuncts, read
from oomcheck.smt.terms import Term, literal

FEW = 12  # a number with at most so many values is taken apart
MANY = 64  # and a named value with at most so many


@dataclass(frozen=True, slots=True)
class Solved:
    """`invariant` holds in all reachable states and in no bad one, says Spacer."""

    invariant: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Reached:
    """A bad state can be reached, says Spacer."""


class Coding:
    """The arguments of the predicate, and how the slots of a state are made of them.

    If `apart`, slots with few values are truth values, which is right as long as they stay in their sorts.
    """

    def __init__(self, system: TransitionSystem, inputs: frozenset[str], apart: bool) -> None:
        self._apart = apart
        self.cells: list[Cell] = []  # of the predicate
        self.arguments: list[Term] = []
        self.meaning: list[Expr] = []  # of each argument
        self.terms: dict[str, tuple[Term, ...]] = {}
        self.all: list[Term] = []  # constants, inputs included
        self._codes: dict[Cell, range | None] = {}  # the values that are taken apart
        self._made: dict[Cell, list[Term]] = {}
        for variable in system.variables:
            slots = places(variable)
            self.terms[variable.name] = tuple(self._slot(variable, slot) for slot in range(len(slots)))
            for slot, place in enumerate(slots):
                self.all += self._made[variable.name, slot]
                if variable.name not in inputs:
                    self._argument((variable.name, slot), place)

    def _slot(self, variable: StateVar, slot: int) -> Term:
        """A slot as a term; its constants are noted."""
        cell, sort = (variable.name, slot), scalar_of(variable.sort)
        name = f"{variable.name}[{slot}]"
        low, high = bounds(sort)
        most = MANY if isinstance(sort, EnumSort) else FEW
        if isinstance(sort, BoolSort):
            self._codes[cell], self._made[cell] = None, [z3.Bool(name)]
        elif variable.role is Role.PARAM or high - low >= most or not self._apart:
            self._codes[cell], self._made[cell] = None, [z3.Int(name)]
        else:
            values = self._codes[cell] = range(low, high + 1)
            self._made[cell] = [z3.Bool(f"{name}={value}") for value in values]
            found: Term = z3.IntVal(low)
            for value, flag in list(zip(values, self._made[cell], strict=True))[1:]:
                found = z3.If(flag, z3.IntVal(value), found)
            return found
        return self._made[cell][0]

    def _argument(self, cell: Cell, place: Var | Index) -> None:
        self.cells.append(cell)
        self.arguments += self._made[cell]
        values = self._codes[cell]
        sort = scalar_of(place.sort if isinstance(place, Var) else place.array.sort)
        self.meaning += [place] if values is None else [eq(place, Lit(value, sort)) for value in values]

    def coded(self, new: Mapping[Cell, Term], same: Mapping[Cell, Cell] | None = None) -> list[Term]:
        """Arguments for a state whose slots have new terms; the others are as in the present state, or as in `same`."""
        found: list[Term] = []
        for cell in self.cells:
            values = self._codes[cell]
            if cell not in new:
                found += self._made[(same or {}).get(cell, cell)]
            elif values is None:
                found.append(z3.simplify(new[cell]))
            else:
                found += [z3.simplify(new[cell] == value) for value in values]
        return found


def places(variable: StateVar) -> list[Var | Index]:
    """The slots of a variable."""
    if not isinstance(variable.sort, ArraySort):
        return [variable.var]
    assert not variable.sort.extent, "arrays with an extent are for `tracked`"
    size = variable.sort.size
    return [Index(variable.var, Lit(slot, IntSort(0, size - 1))) for slot in range(size)]


def solve(horn: Horn, budget: Budget, apart: bool = True) -> Solved | Reached | Open:
    """What Spacer says; nothing of it is checked. See `Coding` for `apart`."""
    try:
        return _Clauses(horn, budget, apart).answer()
    except UnreadableError as why:
        return Open(f"the invariant cannot be read: {why}")
    except z3.Z3Exception as why:
        return Open(f"Spacer gave up: {_reason(why)}")
    except MemoryError:
        return Open("out of memory")


def _reason(why: z3.Z3Exception) -> str:
    text = why.value if hasattr(why, "value") else str(why)
    return text.decode(errors="replace") if isinstance(text, bytes) else str(text)


class _Clauses:
    def __init__(self, horn: Horn, budget: Budget, apart: bool) -> None:
        self._horn = horn
        self._end = None if budget.seconds is None else monotonic() + budget.seconds
        self._machine = Machine(horn.system)
        self._coding = Coding(horn.system, horn.inputs, apart)
        self._machine.current.cells.update(self._coding.terms)
        self._truth = self._machine.current.truth
        sorts = [argument.sort() for argument in self._coding.arguments]
        self._reachable = z3.Function("Reachable", *sorts, z3.BoolSort())
        self._bad = z3.Function("Bad", z3.BoolSort())
        self._solver = _fixedpoint(budget)
        for predicate in (self._reachable, self._bad):
            self._solver.register_relation(predicate)
        for constant in self._coding.all:
            self._solver.declare_var(constant)

    def answer(self) -> Solved | Reached | Open:
        """Put the clauses in and ask."""
        self._start()
        self._steps()
        self._end_state()
        if self._end is not None:
            self._solver.set("timeout", max(1, int((self._end - monotonic()) * 1000)))
        result = self._solver.query(self._bad())
        if result == z3.sat:
            return Reached()
        if result != z3.unsat:
            return Open(f"Spacer gave up: {self._solver.reason_unknown()}")
        found = self._solver.get_cover_delta(-1, self._reachable)
        return Solved(conjuncts(read(found, self._coding.meaning)))

    def _start(self) -> None:
        system = self._horn.system
        new = {
            (v.name, slot): literal(value, scalar_of(v.sort))
            for v in system.variables
            if v.role is not Role.PARAM
            for slot, value in enumerate(v.init)
        }
        self._solver.rule(self._reachable(*self._coding.coded(new)), self._given())

    def _given(self) -> list[z3.BoolRef]:
        return [self._machine.given()] if self._horn.system.parametric else []

    def _steps(self) -> None:
        """One clause for each process: a choice of its transitions."""
        taken: dict[int, list[int]] = {}
        for number, step in enumerate(self._horn.system.transitions):
            if not z3.is_false(z3.simplify(self._machine.guard(step))):
                taken.setdefault(step.process, []).append(number)
        for process, numbers in taken.items():
            self._process(process, numbers)

    def _process(self, process: int, numbers: Sequence[int]) -> None:
        chosen = z3.Int(f"?step{process}")
        self._solver.declare_var(chosen)
        present = self._coding.arguments
        new, body = list(present), [chosen >= 0, chosen < len(numbers)]
        others = 0
        for position, number in enumerate(numbers):
            step, part, here = self._horn.system.transitions[number], self._horn.parts[number], chosen == position
            others = max(others, len(part.others))
            conditions = [self._machine.guard(step), *map(self._truth, part.conditions)]
            body.append(z3.Implies(here, z3.simplify(z3.And(conditions))))
            for place, term in enumerate(self._coding.coded(self._machine.effect(step))):
                if not term.eq(present[place]):
                    new[place] = z3.If(here, term, new[place])
        head = [self._named(old, term, body, process) for old, term in zip(present, new, strict=True)]
        apart = [number for number in numbers if self._horn.parts[number].others]
        states = self._others(self._horn.parts[apart[0]].others) if apart else []
        assert all(len(self._horn.parts[number].others) in (0, others) for number in apart)
        self._solver.rule(self._reachable(*head), [self._reachable(*present), *states, *self._given(), *body])

    def _named(self, old: Term, term: Term, body: list[z3.BoolRef], process: int) -> Term:
        """A constant for a new value that is no constant itself."""
        if term.eq(old):
            return old
        name = z3.Const(f"{old.decl().name()}'{process}", term.sort())
        self._solver.declare_var(name)
        body.append(name == term)
        return name

    def _others(self, others: Iterable[Other]) -> list[z3.BoolRef]:
        """That other states are reachable as well."""
        found = []
        for other in others:
            same = {cell: (other[cell[0]].name, cell[1]) for cell in self._coding.cells if cell[0] in other}
            found.append(self._reachable(*self._coding.coded({}, same)))
        return found

    def _end_state(self) -> None:
        part = self._horn.parts[-1]
        body = [self._truth(self._horn.bad), *map(self._truth, part.conditions)]
        states = [self._reachable(*self._coding.arguments), *self._others(part.others)]
        self._solver.rule(self._bad(), [*states, *self._given(), *map(z3.simplify, body)])


def _fixedpoint(budget: Budget) -> z3.Fixedpoint:
    """Spacer with limits; nothing is inlined, so that the answer speaks of the predicate."""
    solver = z3.Fixedpoint()
    solver.set("engine", "spacer")
    solver.set("spacer.random_seed", budget.seed)
    for name in ("xform.inline_eager", "xform.inline_linear", "xform.slice"):
        solver.set(name, False)
    if budget.rlimit is not None:
        solver.set("rlimit", budget.rlimit)
    return solver
