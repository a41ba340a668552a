"""Candidates about all units of a parametric system, and about those before or behind a counter of a thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Final

from oomcheck.ir.expr import Expr, Index, Lit, Var, add, binary, eq, forall, not_, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import ArraySort, BoolSort, IntSort, bounds, scalar_of
from oomcheck.ir.system import State, StateVar, TransitionSystem
from oomcheck.records import dataclass
from oomcheck.smt.ground import INT

UNIT = Var("unit", INT)
ONE = Lit(1, IntSort(1, 1))
ZERO = Lit(0, IntSort(0, 0))


@dataclass(frozen=True, slots=True)
class Group:
    """States of an instance of a system, at these values of its parameters."""

    system: TransitionSystem
    values: Mapping[str, int]
    states: tuple[State, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """A slot of a variable has a value."""

    name: str
    offset: int
    value: int


@dataclass(frozen=True, slots=True)
class Cell:
    """Element `part` of each unit of an array with an extent."""

    variable: StateVar
    part: int

    @property
    def sort(self) -> ArraySort:
        """The sort of the array."""
        assert isinstance(self.variable.sort, ArraySort)
        return self.variable.sort

    @property
    def expr(self) -> Expr:
        """The element, of the unit that the quantifier means."""
        size = Lit(self.sort.size, INT)
        place = UNIT if self.sort.size == 1 else add(binary(Op.MUL, UNIT, size), Lit(self.part, INT))
        return Index(self.variable.var, place)

    def differs(self, value: int) -> Expr:
        """That the element has another value."""
        return not_(eq(self.expr, Lit(value, scalar_of(self.sort))))


def segments(
    system: TransitionSystem,
    groups: Sequence[Group],
    premise: tuple[Expr, ...],
    place: tuple[int, int] | None,
    pointers: frozenset[str],
    case: Case | None = None,
) -> Iterator[Expr]:
    """What all units, or those on one side of a counter, do not have: at a place of a process, or anywhere.

    `pointers` are the locals of the process that count units there. With a `case` it is
    about the states in which a slot has a value, and only what does not hold in the others as well.
    """
    arrays = [v for v in system.variables if isinstance(v.sort, ArraySort) and v.sort.extent]
    for extent in dict.fromkeys(v.sort.extent for v in arrays if isinstance(v.sort, ArraySort)):
        cells = [
            Cell(v, part)
            for v in arrays
            if isinstance(v.sort, ArraySort) and v.sort.extent == extent and bounds(v.sort.element)[1] < 2**31 - 1
            for part in range(v.sort.size)
        ]
        units = _Units(system, groups, cells, extent, place, pointers, case)
        yield from units.all(premise) if case is None else units.here(premise)


class _Units:
    """Rows: the values of the cells of one unit in one state, its number, and the counters of the process."""

    def __init__(
        self,
        system: TransitionSystem,
        groups: Sequence[Group],
        cells: Sequence[Cell],
        extent: str,
        place: tuple[int, int] | None,
        pointers: frozenset[str],
        case: Case | None,
    ) -> None:
        self._cells = cells
        self._extent = Var(extent, INT)
        self._counters = [v for v in system.variables if place and v.owner == place[0] and v.name in pointers]
        self._rows: list[tuple[tuple[int, ...], int, tuple[int, ...]]] = []
        self._others: list[tuple[int, ...]] = []  # cells in the other cases
        for group in groups:
            slot = group.system.slot
            bases = [(slot[c.variable.name] + c.part, c.sort.size) for c in cells]
            counters = [slot[v.name] for v in self._counters]
            pc = None if place is None else slot[system.processes[place[0]].pc]
            for state in group.states:
                if pc is not None and place is not None and state[pc] != place[1]:
                    continue
                counts = tuple(state[c] for c in counters)
                apart = case is not None and state[slot[case.name] + case.offset] != case.value
                for unit in range(group.values[extent]):
                    values = tuple(state[base + unit * size] for base, size in bases)
                    if apart:
                        self._others.append(values)
                    else:
                        self._rows.append((values, unit, counts))
        self._seen = [
            set(range(bounds(scalar_of(c.sort))[0], min(bounds(scalar_of(c.sort))[1], 16) + 1)) for c in cells
        ]

    def all(self, premise: tuple[Expr, ...]) -> Iterator[Expr]:
        """Candidates about the whole, about parts of it, and about two cells of a unit."""
        if not self._rows:
            return
        everywhere = [{row[0][n] for row in self._rows} for n in range(len(self._cells))]
        for cell in self._cells if not premise else ():
            low, high = bounds(scalar_of(cell.sort))
            if not isinstance(cell.sort.element, BoolSort):
                inside = (Lit(low, cell.sort.element), cell.expr), (cell.expr, Lit(high, cell.sort.element))
                yield from (self._forall(binary(Op.LE, *pair)) for pair in inside)
        for n, cell in enumerate(self._cells):
            for value in sorted(self._seen[n] - everywhere[n]):
                yield or_(*premise, self._forall(cell.differs(value)))
        for position, counter in enumerate(self._counters):
            yield from self._around(premise, counter.var, position, everywhere)
        for (n, one), (m, other) in combinations(enumerate(self._cells), 2):
            pairs = {(row[0][n], row[0][m]) for row in self._rows}
            for a in sorted(everywhere[n]):
                for b in sorted(everywhere[m]):
                    if (a, b) not in pairs:
                        yield or_(*premise, self._forall(or_(one.differs(a), other.differs(b))))

    def here(self, premise: tuple[Expr, ...]) -> Iterator[Expr]:
        """Candidates about the whole that hold in this case only."""
        for n, cell in enumerate(self._cells):
            known = {row[0][n] for row in self._rows}
            for value in sorted({row[n] for row in self._others} - known if known else ()):
                yield or_(*premise, self._forall(cell.differs(value)))

    def _around(self, premise: tuple[Expr, ...], counter: Expr, position: int, known: list[set[int]]) -> Iterator[Expr]:
        """Candidates about the units before a counter, behind it, and at it."""
        for n, cell in enumerate(self._cells):
            gone: dict[str, set[int]] = {}
            for side, (inside, outside) in SIDES.items():
                found = {row[0][n] for row in self._rows if inside(row[1], row[2][position])}
                gone[side] = known[n] - found if found else set()
                wider = {"before": "upto", "behind": "from"}.get(side)
                for value in sorted(gone[side] - (gone[wider] if wider else set())):
                    yield or_(*premise, self._forall(or_(outside(counter), cell.differs(value))))

    def _forall(self, body: Expr) -> Expr:
        """For all units."""
        return forall(UNIT, ZERO, binary(Op.SUB, self._extent, ONE), body)


#: Parts of an array by a counter: whether a unit lies in it, and that the unit of the quantifier does not.
SIDES: Final[Mapping[str, tuple[Callable[[int, int], bool], Callable[[Expr], Expr]]]] = {
    "upto": (int.__le__, lambda counter: binary(Op.LT, counter, UNIT)),
    "before": (int.__lt__, lambda counter: binary(Op.LE, counter, UNIT)),
    "from": (int.__ge__, lambda counter: binary(Op.LT, UNIT, counter)),
    "behind": (int.__gt__, lambda counter: binary(Op.LE, UNIT, counter)),
    "at": (int.__eq__, lambda counter: not_(eq(UNIT, counter))),
    "other": (int.__ne__, lambda counter: eq(UNIT, counter)),
}
