"""Live variables: where the value of a slot can still make a difference.

The backward analysis of compilers (Aho, Lam, Sethi and Ullman, Compilers, section 9.2.5), for slots that one process
alone writes, at the locations of that process. A value that only goes into a slot that is not live is not used: that
is faint variables (Giegerich, Möncke and Wilhelm, 1981). Other processes, faults and properties read where they may.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from oomcheck.analysis.influence import LOCKDEP, asks, formulas, indices, is_watched
from oomcheck.analysis.slots import own_slots, slots_named, slots_read
from oomcheck.ir.expr import Apply, Expr, Index, Lit, Var
from oomcheck.ir.ops import Op
from oomcheck.ir.system import Transition, TransitionSystem, Update
from oomcheck.prop.property import Property
from oomcheck.records import dataclass

Where = Mapping[int, int]  # by process: the set of locations, as bits, where it must stand


@dataclass(frozen=True, slots=True)
class Liveness:
    """For each process the slots that it alone writes, and for each of its locations those that are live there."""

    own: tuple[frozenset[int], ...]
    live: tuple[tuple[frozenset[int], ...], ...]

    def dead(self, process: int, location: int) -> frozenset[int]:
        """Slots of a process whose values make no difference while it stands there."""
        return self.own[process] - self.live[process][location]


def liveness(system: TransitionSystem, properties: Sequence[Property]) -> Liveness:
    """Where slots are live, for a search for these properties; `system` must have nothing that is not asked for."""
    own = tuple(own_slots(system))
    reads = _Reads(system, own)
    for formula in formulas(properties):
        reads.note(formula, {})
    for lock in system.locks if asks(properties, LOCKDEP) else ():
        for process, held in enumerate(lock.holders):
            reads.note(held, {process: _acquiring(system, process)})
    for fault in system.faults:
        if is_watched(fault, properties):
            reads.note(fault.guard, {fault.process: 1 << fault.origin})
    for step in system.transitions:
        for expr in _read_by(step, step.updates):
            reads.note(expr, {step.process: 1 << step.origin}, writer=step.process)
    live = tuple(_solve(system, process, own[process], reads) for process in range(len(system.processes)))
    return Liveness(own, live)


def _acquiring(system: TransitionSystem, process: int) -> int:
    """The locations where a process takes a lock by waiting."""
    origins = {t.origin for t in system.transitions if t.process == process and t.acquire is not None}
    return sum(1 << origin for origin in origins)


def _read_by(step: Transition, updates: Sequence[Update]) -> Iterator[Expr]:
    """What a step reads if these are its updates that count."""
    yield step.guard
    yield from indices(access.place for access in step.accesses)
    if step.acquire is not None:
        yield step.acquire
    for update in updates:
        yield update.value
        yield from indices([update.target])


def _solve(system: TransitionSystem, process: int, own: frozenset[int], reads: _Reads) -> tuple[frozenset[int], ...]:
    """The least sets that hold what is read, and what is live after a step that does not overwrite it."""
    size = len(system.processes[process].locations)
    live = [{slot for slot in own if reads.at.get(slot, 0) >> location & 1} for location in range(size)]
    steps = [step for step in system.transitions if step.process == process]
    killed = [_overwritten(system, step) for step in steps]
    changed = bool(own)
    while changed:
        changed = False
        for step, overwritten in zip(reversed(steps), reversed(killed), strict=True):
            after = live[step.target]
            counting = [u for u in step.updates if not (own - after).issuperset(slots_named(system, u.target))]
            used = {slot for expr in _read_by(step, counting) for slot in slots_read(system, expr)} & own
            new = (used | (after - overwritten)) - live[step.origin]
            if new:
                live[step.origin] |= new
                changed = True
    return tuple(map(frozenset, live))


def _overwritten(system: TransitionSystem, step: Transition) -> frozenset[int]:
    """The slots that a step writes whatever the state is."""
    targets = (u.target for u in step.updates)
    sure = (place for place in targets if isinstance(place, Var) or isinstance(place.index, Lit))
    return frozenset(slot for place in sure for slot in slots_named(system, place))


class _Reads:
    """By slot: the locations of its process where somebody else, a fault or a property may read it."""

    def __init__(self, system: TransitionSystem, own: Sequence[frozenset[int]]) -> None:
        self._system = system
        self._owner = {slot: process for process, slots in enumerate(own) for slot in slots}
        self._process = {process.pc: number for number, process in enumerate(system.processes)}
        self._all = [(1 << len(process.locations)) - 1 for process in system.processes]
        self.at: dict[int, int] = {}

    def note(self, expr: Expr, where: Where, writer: int | None = None) -> None:
        """Note an expression that is read where processes stand as `where` says; not what `writer` alone writes."""
        if not any(slot in self._owner and self._owner[slot] != writer for slot in slots_read(self._system, expr)):
            return
        match expr:
            case Lit():
                pass
            case Var() | Index():
                for slot in slots_named(self._system, expr):
                    owner = self._owner.get(slot)
                    if owner is not None and owner != writer:
                        self.at[slot] = self.at.get(slot, 0) | where.get(owner, self._all[owner])
                if isinstance(expr, Index):
                    self.note(expr.index, where, writer)
            case Apply(op=Op.ITE, args=(test, then, other)):
                self.note(test, where, writer)
                self.note(then, self._where(test, where, True), writer)
                self.note(other, self._where(test, where, False), writer)
            case Apply(op=(Op.AND | Op.OR) as op, args=args):
                # An argument is of no interest where another one decides.
                for number, arg in enumerate(args):
                    narrower = where
                    for other_number, test in enumerate(args):
                        if other_number != number:
                            narrower = self._where(test, narrower, op is Op.AND)
                    self.note(arg, narrower, writer)
            case Apply(args=args):
                for arg in args:
                    self.note(arg, where, writer)

    def _where(self, test: Expr, where: Where, outcome: bool) -> Where:
        """Where processes stand, if a test of a program counter has this outcome."""
        match test:
            case Apply(op=Op.NOT, args=(inner,)):
                return self._where(inner, where, not outcome)
            case Apply(op=op, args=(Var(name=name), Lit(value=value))) if name in self._process and value >= 0:
                process = self._process[name]
                places = _places(op, value, self._all[process])
                if places is None:
                    return where
                found = places if outcome else self._all[process] & ~places
                return {**where, process: where.get(process, self._all[process]) & found}
            case _:
                return where


def _places(op: Op, value: int, every: int) -> int | None:
    """The locations whose number is in this relation to a value, as bits."""
    match op:
        case Op.EQ:
            return every & (1 << value)
        case Op.NE:
            return every & ~(1 << value)
        case Op.LT:
            return every & ((1 << value) - 1)
        case Op.LE:
            return every & ((2 << value) - 1)
        case _:
            return None
