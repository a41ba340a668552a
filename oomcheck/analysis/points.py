"""Control points: where a process stands, together with the values of those of its variables that steer it.

A location says little about a step like `pages[vma]--`. With the value of `vma` the step is about one page, and a loop
that counts `vma` up is no cycle. So each location is unfolded into one control point for each combination of values
that the steering variables of the process can have there; a state determines the point of each process.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import product

from oomcheck.analysis.columns import Supports
from oomcheck.analysis.slots import slots_named, slots_read
from oomcheck.ir.expr import FALSE, Expr, Index, Lit, Place, Var
from oomcheck.ir.interval import interval
from oomcheck.ir.sorts import bounds, scalar_of
from oomcheck.ir.system import Fault, State, Transition, TransitionSystem, Update
from oomcheck.ir.walk import rewrite, subexpressions
from oomcheck.records import dataclass

MAX_VALUES = 16  # of a steering variable
MAX_POINTS = 512  # of a process
MAX_CELLS = 1 << 14  # of all tables of a process that lead from values to points

Known = dict[int, int]


@dataclass(frozen=True, slots=True)
class Entry:
    """A step or fault at one control point, its expressions specialised to that point.

    `position` counts the transitions of the location, then the faults; `known` are the values of the point. `targets`
    are the points that the step leads to; () for a fault, which does nothing.
    """

    source: Transition | Fault
    point: int
    position: int
    guard: Expr
    updates: tuple[Update, ...]
    places: tuple[Place, ...]  # of its accesses
    acquire: Expr | None
    targets: tuple[int, ...]
    known: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Lookup:
    """`fields` are slots with the least and the greatest value that they have; `numbers` has the point for each
    combination of values, the last field varies fastest; -1 where there is none.
    """

    fields: tuple[tuple[int, int, int], ...]
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Control:
    """The control points of a process: their locations and values, and what may happen at each.

    `fields` are the slots of the steering variables; point 0 is that of the initial state.
    """

    process: int
    counter: int  # slot of the program counter
    fields: tuple[int, ...]
    points: tuple[tuple[int, tuple[int, ...]], ...]
    entries: tuple[tuple[Entry, ...], ...]

    @cached_property
    def number(self) -> dict[tuple[int, tuple[int, ...]], int]:
        """Number of each point by location and values."""
        return {point: number for number, point in enumerate(self.points)}

    @cached_property
    def by_location(self) -> dict[int, dict[tuple[int, ...], int]]:
        """Numbers of the points of each location that has some, by values."""
        found: dict[int, dict[tuple[int, ...], int]] = {}
        for number, (place, values) in enumerate(self.points):
            found.setdefault(place, {})[values] = number
        return found

    def point(self, state: State) -> int:
        """The point at which the process stands in a state."""
        return self.number[state[self.counter], tuple(state[slot] for slot in self.fields)]

    def lookup(self, location: int) -> Lookup:
        """The shortest way from a state to the point, when the location is known.

        Most locations need few of the fields: the others have one value there, or follow from these.
        """
        here = self.by_location.get(location, {})
        needed = list(range(len(self.fields)))
        for field in range(len(self.fields)):
            fewer = [other for other in needed if other != field]
            if len({tuple(values[k] for k in fewer) for values in here}) == len(here):
                needed = fewer
        ranges = tuple((min(v[k] for v in here), max(v[k] for v in here)) for k in needed) if here else ()
        table = {tuple(values[k] for k in needed): number for values, number in here.items()}
        cells = product(*(range(lo, hi + 1) for lo, hi in ranges))
        numbers = tuple(table.get(cell, -1) for cell in cells)
        return Lookup(tuple((self.fields[k], *ends) for k, ends in zip(needed, ranges, strict=True)), numbers)


def unfold(system: TransitionSystem, faults: Sequence[Fault], specialiser: Specialiser) -> tuple[Control, ...]:
    """The control points of each process; `faults` are those that matter."""
    owners = _owners(system)
    controls = []
    for process in range(len(system.processes)):
        own = [fault for fault in faults if fault.process == process]
        fields = _Steering(system, process, own, specialiser.support).slots(owners)
        while True:
            control = _Unfolding(system, process, own, tuple(fields), specialiser).run()
            if control is not None:
                break
            fields.pop()
        controls.append(control)
    return tuple(controls)


def _owners(system: TransitionSystem) -> dict[int, int | None]:
    """For each slot that is written its writer; None for several, or where an index is computed."""
    owners: dict[int, int | None] = {}
    for step in system.transitions:
        for update in step.updates:
            certain = isinstance(update.target, Var) or isinstance(update.target.index, Lit)
            for slot in slots_named(system, update.target):
                same = owners.setdefault(slot, step.process) == step.process
                owners[slot] = step.process if same and certain else None
    return owners


class _Steering:
    """Which variables steer a process."""

    def __init__(self, system: TransitionSystem, process: int, faults: Sequence[Fault], support: Supports) -> None:
        self._system = system
        self._process = process
        self._faults = faults
        self._support = support

    def slots(self, owners: dict[int, int | None]) -> list[int]:
        """Slots that only this process writes and that its indices or guards read; best first."""
        system = self._system
        usable = {
            slot for slot, owner in owners.items() if owner == self._process and _size(system, slot) <= MAX_VALUES
        }
        indices, guards = set[int](), set[int]()
        for expr, is_guard in self._expressions() if usable else ():
            read = self._support(expr)
            if not usable.isdisjoint(read):
                indices |= self._in_indices(expr)
                guards |= read if is_guard else set()

        def rank(slot: int) -> tuple[bool, bool, int, int]:
            is_own = system.slots[slot][0].owner == self._process
            return slot not in indices, not is_own, _size(system, slot), slot

        return sorted(usable & (indices | guards), key=rank)

    def _in_indices(self, expr: Expr) -> set[int]:
        found = set[int]()
        for node in subexpressions(expr):
            if isinstance(node, Index) and not isinstance(node.index, Lit):
                found.update(slots_read(self._system, node.index))
        return found

    def _expressions(self) -> Iterator[tuple[Expr, bool]]:
        """All that the process looks at, and whether it is the guard of a step."""
        for step in self._system.transitions:
            if step.process == self._process:
                yield step.guard, True
                for update in step.updates:
                    yield update.target, False
                    yield update.value, False
                yield from ((access.place, False) for access in step.accesses)
                if step.acquire is not None:
                    yield step.acquire, False
        yield from ((fault.guard, False) for fault in self._faults)


def _size(system: TransitionSystem, slot: int) -> int:
    lo, hi = bounds(system.slot_sorts[slot])
    return hi - lo + 1


class Specialiser:
    """Expressions with the known slots replaced by their values; remembers what it did."""

    def __init__(self, system: TransitionSystem) -> None:
        self._system = system
        self.support = Supports(system)
        self._done: dict[tuple[int, tuple[tuple[int, int], ...]], Expr] = {}

    def apply(self, expr: Expr, known: Known) -> Expr:
        """`expr` at a point where the slots of `known` have those values."""
        support = self.support(expr)
        relevant = tuple((slot, value) for slot, value in known.items() if slot in support)
        if not relevant:
            return expr
        key = (id(expr), relevant)
        if key not in self._done:
            self._done[key] = specialise(expr, self._system, known)
        return self._done[key]


def specialise(expr: Expr, system: TransitionSystem, known: Known) -> Expr:
    """`expr` with known slots replaced and constants folded."""

    def leaf(node: Lit | Var | Index) -> Expr:
        match node:
            case Lit():
                return node
            case Var(name=name, sort=sort):
                slot = system.slot[name]
                return Lit(known[slot], scalar_of(sort)) if slot in known else node
            case Index(array=array, index=Lit()):
                places = slots_named(system, node)
                if not places:
                    return Lit(0, scalar_of(array.sort))
                return Lit(known[places[0]], scalar_of(array.sort)) if places[0] in known else node
            case Index():
                return node

    return rewrite(expr, leaf)


class _Unfolding:
    """Explores the points of one process, whatever the others do."""

    def __init__(
        self,
        system: TransitionSystem,
        process: int,
        faults: Sequence[Fault],
        fields: tuple[int, ...],
        specialiser: Specialiser,
    ) -> None:
        self._system = system
        self._process = process
        self._fields = fields
        self._specialiser = specialiser
        self._faults: dict[int, list[Fault]] = {}
        for fault in faults:
            self._faults.setdefault(fault.origin, []).append(fault)
        self._counter = system.slot[system.processes[process].pc]
        self._points: dict[tuple[int, tuple[int, ...]], int] = {}
        self._found: list[tuple[int, tuple[int, ...]]] = []

    def run(self) -> Control | None:
        """The control points; None if there are too many, or a table of them would be too large."""
        initial = self._system.initial
        self._number(initial[self._counter], tuple(initial[slot] for slot in self._fields))
        entries: list[tuple[Entry, ...]] = []
        for location, values in self._found:  # grows meanwhile
            known = dict(zip(self._fields, values, strict=True))
            entries.append(tuple(self._entries(len(entries), location, known)))
            if self._fields and len(self._found) > MAX_POINTS:
                return None
        control = Control(self._process, self._counter, self._fields, tuple(self._found), tuple(entries))
        locations = {location for location, _ in self._found} if self._fields else ()
        cells = sum(len(control.lookup(location).numbers) for location in locations)
        return control if cells <= MAX_CELLS else None

    def _number(self, location: int, values: tuple[int, ...]) -> int:
        point = (location, values)
        if point not in self._points:
            self._points[point] = len(self._found)
            self._found.append(point)
        return self._points[point]

    def _entries(self, point: int, location: int, known: Known) -> Iterator[Entry]:
        apply = self._specialiser.apply
        steps = self._system.by_location.get((self._process, location), ())
        pairs = tuple(known.items())
        for position, step in enumerate(steps):
            guard = apply(step.guard, known)
            if guard == FALSE:
                continue
            updates = tuple(Update(self._place(u.target, known), apply(u.value, known)) for u in step.updates)
            yield Entry(
                step,
                point,
                position,
                guard,
                updates,
                tuple(self._place(access.place, known) for access in step.accesses),
                None if step.acquire is None else apply(step.acquire, known),
                tuple(self._number(step.target, values) for values in self._following(updates, known)),
                pairs,
            )
        for position, fault in enumerate(self._faults.get(location, ()), start=len(steps)):
            guard = apply(fault.guard, known)
            if guard != FALSE:
                yield Entry(fault, point, position, guard, (), (), None, (), pairs)

    def _place(self, place: Place, known: Known) -> Place:
        if isinstance(place, Var):
            return place
        return Index(place.array, self._specialiser.apply(place.index, known))

    def _following(self, updates: Sequence[Update], known: Known) -> Iterator[tuple[int, ...]]:
        """Values of the steering variables after the updates."""
        after: dict[int, Sequence[int]] = {slot: (value,) for slot, value in known.items()}
        for update in updates:
            for slot in slots_named(self._system, update.target):
                if slot in after:
                    lo, hi = bounds(self._system.slot_sorts[slot])
                    least, most = interval(update.value)
                    values = range(max(lo, least), min(hi, most) + 1)
                    after[slot] = values or range(lo, hi + 1)
        yield from product(*(after[slot] for slot in self._fields))
