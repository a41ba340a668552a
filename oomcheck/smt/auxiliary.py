"""Candidates for auxiliary invariants, read off states that runs come to (Ernst et al., Daikon, 2007).

The shapes are those that proofs about threads need: what variables can be while a thread stands at a place, also for
one value of a local of it; which values exclude each other; how loop counters relate to each other and to the size of
an array; which part of an array a walker has dealt with. A candidate holds in all states that were looked at, and
that is all that is known of it; `houdini` keeps those that are inductive.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations, islice

from oomcheck.analysis.values import possible_values
from oomcheck.ir.expr import FALSE, Expr, Index, Lit, Var, add, binary, eq, not_, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import ArraySort, BoolSort, IntSort, Scalar, bounds, scalar_of
from oomcheck.ir.system import Role, State, StateVar, TransitionSystem
from oomcheck.records import dataclass
from oomcheck.smt.flow import live_locals, pointers
from oomcheck.smt.houdini import houdini
from oomcheck.smt.keeping import kept
from oomcheck.smt.outcome import Budget
from oomcheck.smt.segments import Case, Group, segments
from oomcheck.smt.tracked import tracked
from oomcheck.smt.units import as_units, extents
from oomcheck.smt.walks import reached
from oomcheck.transform.instantiate import instantiated

MOST = 6_000  # candidates
STATES = 3_000  # looked at, of each instance
UNITS = 4  # so many sizes of a parametric system are looked at
FEW = 6  # excluded values that get a candidate each
NEAR = 1  # largest constant in a relation of counters


@dataclass(frozen=True, slots=True)
class Feature:
    """A slot or a parameter; `column` is its place in a row."""

    expr: Expr
    sort: Scalar
    role: Role
    owner: int | None
    column: int

    @property
    def counts(self) -> bool:
        """Whether it is a number with more than a few values."""
        return isinstance(self.sort, IntSort) and self.sort.hi - self.sort.lo > 1

    def case(self, value: int) -> Case:
        """That it has a value."""
        match self.expr:
            case Index(array=array, index=Lit(value=offset)):
                return Case(array.name, offset, value)
            case Var(name=name):
                return Case(name, 0, value)
        raise AssertionError(self.expr)


def auxiliary(system: TransitionSystem, seed: int = 1) -> list[Expr]:
    """Candidates, each once, at most `MOST`; those of simple shapes come first."""
    shapes = _Shapes(system, seed)
    return list(islice(dict.fromkeys((*shapes.simple(), *shapes.double())), MOST))


def invariants(system: TransitionSystem, budget: Budget, hopes: Sequence[Expr] = ()) -> tuple[Expr, ...]:
    """Conditions that hold in all reachable states and are inductive together.

    `hopes` are further candidates, such as what is to be proved: others may hold only because of them.
    If half of the time is not enough for all shapes, the simple ones are left; if that is not enough either, none.
    """
    half = budget if budget.seconds is None else replace(budget, seconds=budget.seconds / 4)
    shapes = _Shapes(system, budget.seed)
    simple = dict.fromkeys((*hopes, *islice(shapes.simple(), MOST)))
    if extents(system):
        more = dict.fromkeys((*simple, *islice(shapes.double(), max(0, MOST - len(simple)))))
        return _by_units(system, list(more), budget)
    found = houdini(system, list(simple), half)
    more = dict.fromkeys((*simple, *islice(shapes.double(), max(0, MOST - len(simple)))))
    return (*found, *houdini(system, [c for c in more if c not in set(found)], half, found))


def _by_units(system: TransitionSystem, candidates: Sequence[Expr], budget: Budget) -> tuple[Expr, ...]:
    """Those that hold as one unit tells, which needs no quantifiers; others than such about one unit are left out."""
    parts = {candidate: as_units(system, candidate) for candidate in candidates}
    ideas = dict.fromkeys(part for found in parts.values() for part in found)
    held = set(kept(tracked(system, FALSE), tuple(ideas), budget))
    return tuple(candidate for candidate, found in parts.items() if found and held.issuperset(found))


class _Shapes:
    def __init__(self, system: TransitionSystem, seed: int) -> None:
        self._system = system
        self._features = list(_features(system))
        self._rows: list[tuple[int, ...]] = []
        self._groups: list[Group] = []
        self._not: dict[tuple[int, int], Expr] = {}
        for values in _sizes(system):
            small = instantiated(system, values)[0] if values else system
            states = reached(small, seed, STATES)
            self._groups.append(Group(small, values, tuple(states)))
            self._rows += self._table(small, values, states)
        self._seen = [{row[f.column] for row in self._rows} for f in self._features]
        self._live = live_locals(system)
        self._pointers = pointers(system)

    def _table(
        self, small: TransitionSystem, values: dict[str, int], states: Sequence[State]
    ) -> Iterator[tuple[int, ...]]:
        """Rows of what features are in states."""
        slots = []
        for feature in self._features:
            match feature.expr:
                case Var(name=name):
                    slots.append(-values[name] - 1 if name in values else small.slot[name])
                case Index(array=array, index=Lit(value=value)):
                    slots.append(small.slot[array.name] + value)
        for state in states:
            yield tuple([state[slot] if slot >= 0 else -slot - 1 for slot in slots])

    # ------------------------------------------------------------ all shapes

    def simple(self) -> Iterator[Expr]:
        """What is known of slots anywhere and at places of a process."""
        for feature in self._features:
            if feature.role is not Role.PARAM:
                yield from self._range(feature)
        yield from self._analysed()
        yield from segments(self._system, self._groups, (), None, frozenset())
        yield from self._relations([f for f in self._features if f.owner is None], (), self._rows)
        places = [
            (p, place) for p, process in enumerate(self._system.processes) for place in range(len(process.locations))
        ]
        for key in places:
            yield from self._place(*key, self._at(*key))

    def _analysed(self) -> Iterator[Expr]:
        """Bounds of numbers as an analysis of the smallest instance finds them; walks seldom come to both ends."""
        small = self._groups[0].system
        found = possible_values(small)
        for feature in self._features:
            if not feature.counts or feature.role is Role.PARAM or not isinstance(feature.expr, Var):
                continue
            slot = small.slot[feature.expr.name]
            if found.sets[slot]:
                yield from _bounded((), feature.expr, None, set(found.sets[slot] or ()))
            for (process, place), known in sorted(found.at.items(), key=lambda item: item[0]):
                if process == feature.owner and known.get(slot):
                    premise = (not_(self._system.at(process, place)),)
                    yield from _bounded(premise, feature.expr, None, set(known[slot] or ()))

    def double(self) -> Iterator[Expr]:
        """The same for one value of a local, and pairs of values."""
        for process, one in enumerate(self._system.processes):
            for place in range(len(one.locations)):
                yield from self._cases(process, place, self._at(process, place))
        yield from self._exclusions()

    def _at(self, process: int, place: int) -> list[tuple[int, ...]]:
        column = self._column(self._system.processes[process].pc)
        return [row for row in self._rows if row[column] == place]

    def _column(self, name: str) -> int:
        return next(f.column for f in self._features if f.expr == Var(name, f.sort))

    def _range(self, feature: Feature) -> Iterator[Expr]:
        """What is known of a slot in all states: its sort, and the values that it has."""
        low, high = bounds(feature.sort)
        if not isinstance(feature.sort, BoolSort) and high < 2**31 - 1:
            yield binary(Op.LE, Lit(low, feature.sort), feature.expr)
            yield binary(Op.LE, feature.expr, Lit(high, feature.sort))
        if feature.counts:
            yield from _bounded((), feature.expr, None, self._seen[feature.column])
        if not feature.counts or not self._system.parametric:
            yield from self._excluded((), feature, set(range(low, high + 1)) if high - low < 64 else set(), self._rows)

    def _place(self, process: int, place: int, rows: list[tuple[int, ...]]) -> Iterator[Expr]:
        """What is known while a process stands at a place."""
        if not rows:
            return
        premise = (not_(self._system.at(process, place)),)
        for feature in self._features:
            if self._concerns(feature, process, place):
                yield from self._excluded(premise, feature, self._seen[feature.column], rows)
        yield from self._relations(self._counters(process, place), premise, rows)
        yield from segments(
            self._system,
            self._groups,
            premise,
            (process, place),
            self._pointers & self._live.get((process, place), frozenset()),
        )

    def _concerns(self, feature: Feature, process: int, place: int) -> bool:
        """Whether facts about a feature are of use at places of a process."""
        if feature.role is Role.PARAM:
            return False
        if feature.role is Role.PC:
            return feature.owner is not None and feature.owner > process
        return feature.owner is None or (feature.owner == process and self._matters(feature, process, place))

    def _matters(self, feature: Feature, process: int, place: int) -> bool:
        """Whether the value of a local is read some time after a process was at a place."""
        return isinstance(feature.expr, Var) and feature.expr.name in self._live.get((process, place), ())

    def _counters(self, process: int, place: int) -> list[Feature]:
        return [
            f
            for f in self._features
            if f.role is Role.PARAM or (f.owner == process and f.counts and self._matters(f, process, place))
        ]

    def _cases(self, process: int, place: int, rows: list[tuple[int, ...]]) -> Iterator[Expr]:
        """What is known at a place for one value of a local."""
        at = not_(self._system.at(process, place))
        for local in self._features:
            values = {row[local.column] for row in rows}
            if local.owner != process or not self._matters(local, process, place) or not 1 < len(values) <= FEW:
                continue
            if self._grows(local):
                continue
            for value in sorted(values):
                some = [row for row in rows if row[local.column] == value]
                premise = (at, self._differs(local, value))
                for feature in self._features:
                    if feature is not local and self._concerns(feature, process, place):
                        seen = {row[feature.column] for row in rows}
                        yield from self._excluded(premise, feature, seen, some)
                case = local.case(value)
                yield from segments(self._system, self._groups, premise, (process, place), frozenset(), case)

    def _grows(self, feature: Feature) -> bool:
        """Whether the values of a number depend on the size of the system, as far as can be seen."""
        if not feature.counts or not self._system.parametric or not isinstance(feature.expr, Var):
            return False
        name = feature.expr.name
        tops = {max(state[group.system.slot[name]] for state in group.states) for group in self._groups[1:]}
        return len(tops) > 1

    def _exclusions(self) -> Iterator[Expr]:
        """Values of two shared slots that exclude each other."""
        shared = [f for f in self._features if f.owner is None and f.role is not Role.PARAM and not f.counts]
        for one, other in combinations(shared, 2):
            pairs = {(row[one.column], row[other.column]) for row in self._rows}
            for a in sorted(self._seen[one.column]):
                for b in sorted(self._seen[other.column]):
                    if (a, b) not in pairs:
                        yield or_(self._differs(one, a), self._differs(other, b))
        for one in shared:
            for a in sorted(self._seen[one.column]) if len(self._seen[one.column]) > 1 else ():
                premise = (self._differs(one, a),)
                yield from segments(self._system, self._groups, premise, None, frozenset(), one.case(a))

    # ------------------------------------------------------------ one shape

    def _differs(self, feature: Feature, value: int) -> Expr:
        """That a feature has another value; one object for each."""
        key = (feature.column, value)
        if key not in self._not:
            self._not[key] = not_(eq(feature.expr, Lit(value, feature.sort)))
        return self._not[key]

    def _excluded(
        self, premise: tuple[Expr, ...], feature: Feature, known: set[int], rows: Sequence[tuple[int, ...]]
    ) -> Iterator[Expr]:
        """The values of `known` that a feature does not have in these rows."""
        here = {row[feature.column] for row in rows}
        gone = sorted(known - here)
        if feature.counts and self._system.parametric:
            if len(here) == 1:
                yield or_(*premise, eq(feature.expr, Lit(next(iter(here)), feature.sort)))
        elif len(gone) <= FEW:
            yield from (or_(*premise, self._differs(feature, value)) for value in gone)
        elif len(here) <= FEW:
            yield or_(*premise, *(eq(feature.expr, Lit(value, feature.sort)) for value in sorted(here)))
        else:
            yield from (or_(*premise, self._differs(feature, value)) for value in gone[: 4 * FEW])

    def _relations(
        self, counters: Sequence[Feature], premise: tuple[Expr, ...], rows: Sequence[tuple[int, ...]]
    ) -> Iterator[Expr]:
        """Bounds of counters, of their differences and sums, by each other and by parameters."""
        varying = [f for f in counters if f.role is Role.PARAM or len({row[f.column] for row in rows}) > 1]
        for one in varying:
            if one.role is not Role.PARAM and one.counts:
                yield from _bounded(premise, one.expr, None, {row[one.column] for row in rows})
        for one, other in combinations((f for f in varying if f.counts or f.role is Role.PARAM), 2):
            if one.role is Role.PARAM and other.role is Role.PARAM:
                continue
            yield from _bounded(premise, one.expr, other.expr, {row[one.column] - row[other.column] for row in rows})
            yield from _sums(premise, one, other, counters, rows)


def _bounded(premise: tuple[Expr, ...], one: Expr, other: Expr | None, found: set[int]) -> Iterator[Expr]:
    """`one - other` is constant or not far from 0 at one end; of a single slot any bounds are told."""
    low, high = min(found), max(found)
    if low == high:
        yield or_(*premise, eq(one, _plus(other, low)))
        return
    if other is None or abs(low) <= NEAR:
        yield or_(*premise, binary(Op.LE, _plus(other, low), one))
    if other is None or abs(high) <= NEAR:
        yield or_(*premise, binary(Op.LE, one, _plus(other, high)))


def _sums(
    premise: tuple[Expr, ...],
    one: Feature,
    other: Feature,
    counters: Sequence[Feature],
    rows: Sequence[tuple[int, ...]],
) -> Iterator[Expr]:
    if Role.PARAM in (one.role, other.role):
        return
    total = add(one.expr, other.expr)
    for limit in (None, *(f for f in counters if f.role is Role.PARAM)):
        found = {row[one.column] + row[other.column] - (row[limit.column] if limit else 0) for row in rows}
        end = limit.expr if limit else None
        if len(found) == 1:
            yield or_(*premise, eq(total, _plus(end, next(iter(found)))))
        elif limit and abs(max(found)) <= NEAR:
            yield or_(*premise, binary(Op.LE, total, _plus(end, max(found))))


def _plus(base: Expr | None, value: int) -> Expr:
    number = Lit(value, IntSort(value, value))
    return number if base is None else add(base, number)


def _features(system: TransitionSystem) -> Iterator[Feature]:
    column = 0
    for variable in system.variables:
        for expr in _slots(variable):
            yield Feature(expr, scalar_of(variable.sort), variable.role, variable.owner, column)
            column += 1


def _slots(variable: StateVar) -> Iterator[Expr]:
    if not isinstance(variable.sort, ArraySort):
        yield variable.var
    elif not variable.sort.extent:
        for number in range(variable.sort.size):
            yield Index(variable.var, Lit(number, IntSort(0, variable.sort.size)))


def _sizes(system: TransitionSystem) -> Iterator[dict[str, int]]:
    """Small values of all parameters, from their lower ends."""
    if not system.parametric:
        yield {}
        return
    for more in range(UNITS):
        yield {v.name: bounds(scalar_of(v.sort))[0] + more for v in system.parametric}
