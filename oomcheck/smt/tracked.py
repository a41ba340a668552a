"""Proofs for every number of units: one unit that is tracked stands for all.

A system whose arrays have an extent is seen from one unit, arbitrary but fixed: of each array its cells alone are
kept. What is read elsewhere can be anything that the same invariant allows at that place (Bjorner, McMillan and
Rybalchenko, On solving universally quantified Horn clauses, SAS 2013). What holds of the one unit holds of every unit
then. The abstraction is not relied on: whoever takes an invariant from it checks that on the system itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from oomcheck.ir.expr import (
    FALSE,
    Apply,
    Expr,
    Index,
    Lit,
    Place,
    Quantified,
    Quantifier,
    Var,
    add,
    and_,
    binary,
    eq,
    implies,
    ite,
    not_,
    or_,
)
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, Scalar, Sort, scalar_of
from oomcheck.ir.system import Role, StateVar, Transition, TransitionSystem, Update
from oomcheck.ir.walk import rebuild
from oomcheck.smt.ground import INT, instance, quantified
from oomcheck.smt.horn import Horn, Other, Part
from oomcheck.smt.units import cells_of, extent_of, extents, number, size_of, split, unit_of, within


def tracked(system: TransitionSystem, bad: Expr) -> Horn:
    """The Horn clauses for one unit of each kind; which unit it is, is a parameter (`unit_of`)."""
    views = [_View(system) for _ in range(len(system.transitions) + 1)]
    steps = tuple(view.step(step) for view, step in zip(views, system.transitions, strict=False))
    wrong = views[-1].condition(bad)
    views[-1].close()
    most = {extent: max(view.count(extent) for view in views) for extent in extents(system)}
    inputs: dict[str, StateVar] = {}
    for view in views:
        view.fill(most)
        inputs.update((v.name, _variable(v, Role.GHOST)) for v in view.inputs)
    small = replace(
        system,
        variables=(
            *(_variable(unit_of(extent), Role.PARAM) for extent in extents(system)),
            *(replace(v, sort=cells_of(v.var).sort) if extent_of(v.var) else v for v in system.variables),
            *inputs.values(),
        ),
        transitions=steps,
        faults=(),
        locks=(),
        observables=(),
    )
    return Horn(small, wrong, frozenset(inputs), tuple(view.part() for view in views))


def _variable(var: Var, role: Role) -> StateVar:
    size = _width(var.sort)
    return StateVar(var.name, var.sort, (0,) * size, role, (var.name,) * size)


def _width(sort: Sort) -> int:
    return getattr(sort, "size", 1)


class _View:
    """One transition, or the bad states, as the tracked units see it.

    Units that are read besides are numbered, for each extent. What is read there is in inputs.
    """

    def __init__(self, system: TransitionSystem) -> None:
        self._system = system
        self._arrays = [v.var for v in system.variables if extent_of(v.var)]
        self._others: dict[tuple[str, Expr], int] = {}
        self._open: list[tuple[Var, Quantified]] = []
        self._said: dict[Quantified, Var] = {}
        self._fresh = 0
        self.inputs: list[Var] = []
        self._sides: list[Expr] = [within(system, extent, unit_of(extent)) for extent in extents(system)]

    # ------------------------------------------------------------ a transition

    def step(self, step: Transition) -> Transition:
        """The transition; what else holds of it is in `part`."""
        guard = self.condition(step.guard)
        new: dict[Place, Expr] = {}
        for update in step.updates:
            value = self.condition(update.value)
            for place, written in self._written(update.target, value, new):
                new[place] = written
        self.close()
        updates = tuple(Update(place, value) for place, value in new.items())
        return replace(step, guard=guard, updates=updates, accesses=(), acquire=None)

    def _written(self, target: Place, value: Expr, new: dict[Place, Expr]) -> Iterator[tuple[Place, Expr]]:
        """What the tracked unit gets of a write; where the place is computed, each slot is written or kept."""
        if isinstance(target, Var):
            yield target, value
            return
        position, array = self.condition(target.index), target.array
        for slot in range(size_of(array)):
            place = Index(cells_of(array), number(slot)) if extent_of(array) else Index(array, number(slot))
            here = self._is_slot(array, position, slot) if extent_of(array) else eq(position, number(slot))
            if here != FALSE:
                yield place, ite(here, value, new.get(place, place))

    def _is_slot(self, array: Var, position: Expr, slot: int) -> Expr:
        """Whether a position is that of a cell of the tracked unit."""
        unit, size = unit_of(extent_of(array)), size_of(array)
        found = split(position, size)
        if found is not None:
            return eq(found[0], unit) if found[1] == slot else FALSE
        return eq(position, add(binary(Op.MUL, unit, number(size)), number(slot)))

    # ------------------------------------------------------------ expressions

    def condition(self, expr: Expr) -> Expr:
        """An expression over the tracked units and inputs."""
        match expr:
            case Lit() | Var():
                return expr
            case Index(array=array, index=position):
                inner = self.condition(position)
                return self._read(array, inner) if extent_of(array) else Index(array, inner)
            case Apply(op=op, args=args):
                return rebuild(op, tuple(self.condition(arg) for arg in args))
            case Quantified():
                if expr not in self._said:
                    self._said[expr] = self._input("?said", BOOL)
                    self._open.append((self._said[expr], expr))
                return self._said[expr]

    def _read(self, array: Var, position: Expr) -> Expr:
        size, extent = size_of(array), extent_of(array)
        found = split(position, size)
        if found is None:  # the unit is the one that fits
            unit: Expr = self._input("?at", INT)
            start = binary(Op.MUL, unit, number(size))
            self._sides += [binary(Op.LE, start, position), binary(Op.LT, position, add(start, number(size)))]
            element = binary(Op.SUB, position, start)
        else:
            unit, element = found[0], number(found[1])
        mine = Index(cells_of(array), element)
        if unit == unit_of(extent):
            return mine
        there = Index(_copy(array, self._other(extent, unit)), element)
        value = ite(eq(unit, unit_of(extent)), mine, there)
        return ite(within(self._system, extent, unit), value, Lit(0, scalar_of(array.sort)))

    def _other(self, extent: str, unit: Expr) -> int:
        """The number of a unit that is read; one that does not exist is the tracked one instead."""
        key = (extent, unit)
        if key not in self._others:
            inside = within(self._system, extent, unit)
            self._place(key, ite(inside, unit, unit_of(extent)))
        return self._others[key]

    def _place(self, key: tuple[str, Expr], unit: Expr) -> None:
        extent, found = key[0], self.count(key[0])
        self._others[key] = found
        self._sides.append(eq(_chosen(extent, found), unit))
        self.inputs.append(_chosen(extent, found))
        self.inputs += [_copy(array, found) for array in self._arrays if extent_of(array) == extent]

    def _input(self, name: str, sort: Scalar) -> Var:
        self._fresh += 1
        made = Var(f"{name}{self._fresh}", sort)
        self.inputs.append(made)
        return made

    # ------------------------------------------------------------ what else holds

    def close(self) -> None:
        """Say what quantified conditions mean: a witness if one exists, and instances at all units that matter."""
        meant: list[tuple[Var, Quantified]] = []
        while self._open:
            flag, expr = self._open.pop(0)
            self._sides.append(self._consequence(flag, expr, self._input("?witness", INT), exists=True))
            meant.append((flag, expr))
        terms = [*map(unit_of, extents(self._system)), *(unit for _, unit in self._others)]
        for flag, expr in meant:
            if not quantified(expr.body):
                self._sides += [self._consequence(flag, expr, term, exists=False) for term in terms]

    def _consequence(self, flag: Var, expr: Quantified, term: Expr, exists: bool) -> Expr:
        """What the truth of a quantified condition says of one number: that it is a witness, or that it is none."""
        inside, body = map(self.condition, instance(expr, term))
        every = expr.kind is Quantifier.FORALL
        if exists:
            return or_(flag, and_(inside, not_(body))) if every else or_(not_(flag), and_(inside, body))
        return or_(not_(flag), implies(inside, body)) if every else or_(flag, not_(and_(inside, body)))

    # ------------------------------------------------------------ other states

    def count(self, extent: str) -> int:
        """How many units of a kind are read besides the tracked one."""
        return sum(1 for other, _ in self._others if other == extent)

    def fill(self, most: dict[str, int]) -> None:
        """Have inputs for so many other units: the transitions of a process share them."""
        for extent, wanted in most.items():
            for missing in range(self.count(extent), wanted):
                self._place((extent, _chosen(extent, missing)), unit_of(extent))

    def part(self) -> Part:
        """What restricts the transition, and the same state as the other units see it."""
        return Part(tuple(dict.fromkeys(self._sides)), tuple(self._states()))

    def _states(self) -> Iterable[Other]:
        for (extent, _), place in self._others.items():
            here = {unit_of(extent).name: _chosen(extent, place)}
            here.update((a.name, _copy(a, place)) for a in self._arrays if extent_of(a) == extent)
            yield here


def _chosen(extent: str, place: int) -> Var:
    return Var(f"?{extent}?{place}", INT)


def _copy(array: Var, place: int) -> Var:
    return Var(f"{array.name}?{place}", cells_of(array).sort)
