"""Countdowns with the least sorts that hold their values, known once all steps are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from oomcheck.diag.diagnostic import error
from oomcheck.diag.span import Span
from oomcheck.ir.expr import Expr, Index, Lit, Place, Var
from oomcheck.ir.interval import Bounds, interval
from oomcheck.ir.sorts import ArraySort, IntSort, Sort, scalar_of
from oomcheck.ir.system import Fault, Role, StateVar, Transition, Update
from oomcheck.ir.walk import Rewriting, rewrite
from oomcheck.lang.ranges import endless

MAX_TICKS = 10**9
ROUNDS = 8  # chains of registers that a number of ticks passes through


class Ticks:
    """Finds how far each countdown can start, and gives it that sort everywhere.

    `spans` tells where a countdown is declared, for E0307 where it has no bound.
    """

    def __init__(
        self, variables: Sequence[StateVar], transitions: Iterable[Transition], spans: Mapping[str, Span | None]
    ) -> None:
        self._sorts: dict[str, Sort] = {}
        self._folded = Rewriting(self._leaf)
        counting = [v for v in variables if v.countdown]
        if not counting:
            return
        ranges = _ranges(variables, tuple(transitions))
        for variable in counting:
            high = ranges[variable.name][1]
            if high > MAX_TICKS:
                hint = "use a constant, or a variable with a range: int 0..HZ x"
                message = f"{variable.names[0]} has no bound: it may be any number of ticks"
                raise error("E0307", message, variable.span or spans.get(variable.name), hint)
            self._sorts[variable.name] = _with_scalar(variable.sort, IntSort(0, high))

    def variable(self, variable: StateVar) -> StateVar:
        """A variable with its sort."""
        return replace(variable, sort=self._sorts.get(variable.name, variable.sort))

    def fold(self, expr: Expr) -> Expr:
        """An expression over the variables with their sorts."""
        return self._folded(expr) if self._sorts else expr

    def transition(self, transition: Transition) -> Transition:
        """A step over the variables with their sorts."""
        if not self._sorts:
            return transition
        actions = tuple(
            replace(
                a,
                result=None if a.result is None else (self.fold(a.result[0]), a.result[1]),
                indices=tuple((text, self.fold(value), sort) for text, value, sort in a.indices),
            )
            for a in transition.actions
        )
        return replace(
            transition,
            guard=self.fold(transition.guard),
            updates=tuple(Update(self._place(u.target), self.fold(u.value)) for u in transition.updates),
            actions=actions,
            accesses=tuple(replace(a, place=self._place(a.place)) for a in transition.accesses),
            acquire=None if transition.acquire is None else self.fold(transition.acquire),
        )

    def fault(self, fault: Fault) -> Fault:
        """A fault over the variables with their sorts."""
        return replace(fault, guard=self.fold(fault.guard))

    def _leaf(self, leaf: Lit | Var | Index) -> Expr:
        return leaf if isinstance(leaf, Lit) else self._named(leaf)

    def _place(self, place: Place) -> Place:
        if isinstance(place, Index):
            return self._named(Index(place.array, self.fold(place.index)))
        return self._named(place)

    def _named(self, place: Place) -> Place:
        if isinstance(place, Index):
            sort = self._sorts.get(place.array.name)
            return place if sort is None else Index(Var(place.array.name, sort), place.index)
        sort = self._sorts.get(place.name)
        return place if sort is None else Var(place.name, sort)


def _ranges(variables: Sequence[StateVar], transitions: Sequence[Transition]) -> dict[str, Bounds]:
    """Values that countdowns and the locals that pass numbers on to them can have.

    From the first values on, the ranges grow by what the steps store; one that has not come to rest after a few
    rounds is taken to have all values of its sort.
    """
    ranges: dict[str, Bounds] = {}
    wide: dict[str, Bounds] = {}
    for variable in variables:
        sort = scalar_of(variable.sort)
        if isinstance(sort, IntSort) and (variable.countdown or variable.role is Role.LOCAL):
            ranges[variable.name] = min(variable.init), max(variable.init)
            wide[variable.name] = sort.lo, sort.hi
    stored = [(_name(u.target), u.value) for t in transitions for u in t.updates if _name(u.target) in ranges]
    parametric = any(variable.role is Role.PARAM for variable in variables)
    if parametric:  # C's int is no bound: nothing is known of what depends on it
        ranges |= {name: wide[name] for name, value in stored if endless(value)}
    for _ in range(ROUNDS):
        grown = _grown(ranges, stored)
        if grown == ranges:
            return ranges
        ranges = grown
    while (grown := _grown(ranges, stored)) != ranges:
        ranges |= {name: wide[name] for name, old in ranges.items() if grown[name] != old}
        stored = [(name, value) for name, value in stored if ranges[name] != wide[name]]
    return ranges


def _grown(ranges: Mapping[str, Bounds], stored: Iterable[tuple[str, Expr]]) -> dict[str, Bounds]:
    def leaf(node: Lit | Var | Index) -> Expr:
        if isinstance(node, Lit):
            return node
        name = _name(node)
        if name not in ranges:
            return node
        sort = IntSort(*ranges[name])
        if isinstance(node, Var):
            return Var(name, sort)
        return Index(Var(name, _with_scalar(node.array.sort, sort)), node.index)

    found = dict(ranges)
    for name, value in stored:
        low, high = interval(rewrite(value, leaf))
        found[name] = min(low, found[name][0]), max(high, found[name][1])
    return found


def _name(place: Place) -> str:
    return place.array.name if isinstance(place, Index) else place.name


def _with_scalar(sort: Sort, scalar: IntSort) -> Sort:
    return replace(sort, element=scalar) if isinstance(sort, ArraySort) else scalar
