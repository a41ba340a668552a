"""Time as a process: one step, the tick, that is taken when nothing urgent can move.

Steps of the model take no time. A tick takes one from every countdown that runs. It may pass a process by that has
no step to take, that is busy (its location has patience), or that is late within its slack; an environment need
never move. This is the discrete-time semantics of Henzinger, Manna and Pnueli, What good are digital clocks? (1992),
with urgency instead of invariants, and with relative times only, so that the state space stays finite.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from oomcheck.ir.expr import FALSE, TRUE, Apply, Expr, Index, Lit, Place, Var, add, and_, binary, eq, ite, not_, or_
from oomcheck.ir.interval import interval
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import ArraySort, EnumSort, IntSort, Scalar, scalar_of, width
from oomcheck.ir.system import (
    Action,
    Location,
    Process,
    ProcessKind,
    Role,
    StateVar,
    Transition,
    TransitionSystem,
    Update,
)
from oomcheck.ir.walk import variables
from oomcheck.records import dataclass
from oomcheck.transform.after import after, updates_of, written
from oomcheck.transform.cover import simplified
from oomcheck.transform.enabled import by_location

TICK = Action("a tick passes")


def clocked(system: TransitionSystem, idle: bool = False) -> TransitionSystem:
    """`system` with its time: the last process, whose only step, the last one, is the tick.

    Indices of processes, transitions and slots of the model stay as they are. With `idle` time also passes where it
    changes nothing, for ever; without, a state of rest has no step at all.
    """
    threads = [_Thread(system, number) for number in range(len(system.processes))]
    late = [thread for thread in threads if thread.late is not None]
    name = _fresh("time", {process.name for process in system.processes})
    counter = EnumSort(f"pc({name})", ("0",))
    clock = Process(name, ProcessKind.CLOCK, name, counter.name, (Location("time"),), None, daemon=True)
    pc = StateVar(counter.name, counter, (0,), Role.PC, (counter.name,), len(threads), quiet=True)
    lateness = tuple(thread.variable for thread in late)
    steps = tuple(_settled(system, step, late) for step in system.transitions)
    return replace(
        system,
        variables=(*system.variables, *lateness, pc),
        processes=(*system.processes, clock),
        transitions=(*steps, _tick(system, threads, idle)),
        locks=tuple(replace(lock, holders=(*lock.holders, FALSE)) for lock in system.locks),
        timed=True,
    )


def _fresh(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "'"
    return name


@dataclass(frozen=True)
class _Thread:
    """What the clock must know about a process."""

    system: TransitionSystem
    number: int

    @property
    def process(self) -> Process:
        """The process itself."""
        return self.system.processes[self.number]

    @cached_property
    def slack(self) -> int | None:
        """Ticks that it may be late, None for any number; a handler runs at once."""
        match self.process.kind:
            case ProcessKind.SOFTIRQ:
                return 0
            case ProcessKind.ENV | ProcessKind.CLOCK:
                return None
            case ProcessKind.THREAD | ProcessKind.KTHREAD:
                return self.process.slack

    @cached_property
    def late(self) -> Var | None:
        """The ticks that it is late since it woke, where that is counted."""
        return Var(f"{self.process.name}.$late", IntSort(0, self.slack)) if self.slack else None

    @property
    def variable(self) -> StateVar:
        """The variable behind `late`."""
        assert self.late is not None
        shown = f"late({self.process.name})"
        return StateVar(self.late.name, self.late.sort, (0,), Role.LOCAL, (shown,), self.number, quiet=True)

    @cached_property
    def enabled(self) -> tuple[Expr, ...]:
        """For each location, whether some step can be taken there."""
        return tuple(
            simplified(or_(*(step.guard for step in self._steps(at)))) for at in range(len(self.process.locations))
        )

    @cached_property
    def halted(self) -> tuple[Expr, ...]:
        """For each location, whether the next step is a halting fault."""
        table = self.system.faults_by_location
        return tuple(
            simplified(or_(*(fault.guard for fault in table.get((self.number, at), ()) if fault.halts)))
            for at in range(len(self.process.locations))
        )

    def _steps(self, location: int) -> Sequence[Transition]:
        return self.system.by_location.get((self.number, location), ())

    @cached_property
    def _spinning(self) -> Expr:
        """Whether it holds a lock that spins: then it is not preempted."""
        return or_(*(lock.holders[self.number] for lock in self.system.locks if lock.spins))

    def _may_be_late(self) -> Expr:
        if self.late is None:
            return FALSE if self.slack == 0 else not_(self._spinning)
        assert self.slack is not None
        return and_(binary(Op.LT, self.late, Lit(self.slack, IntSort(0, self.slack))), not_(self._spinning))

    def lets_time_pass(self) -> Expr:
        """Whether a tick may pass the process by where it stands.

        Where its next step is a halting fault there is no time any more: behaviour ends there.
        """
        lateness = self._may_be_late()
        environment = self.process.kind is ProcessKind.ENV
        values: dict[int, Expr] = {}
        for at, place in enumerate(self.process.locations):
            passed_by = TRUE if environment else or_(lateness, place.patience)
            enabled, halted = self.enabled[at], self.halted[at]
            if simplified(or_(enabled, halted)) == TRUE:
                values[at] = and_(passed_by, enabled)
            elif halted == FALSE:
                values[at] = or_(passed_by, not_(enabled))
            else:
                values[at] = ite(enabled, passed_by, not_(halted))
        return by_location(self.system, self.number, values, TRUE)

    def gets_later(self) -> Expr:
        """Whether a tick that passes the process by makes it late."""
        values = {at: and_(self.enabled[at], not_(place.patience)) for at, place in enumerate(self.process.locations)}
        return by_location(self.system, self.number, values, FALSE)

    # ------------------------------------------------------------ asleep

    @cached_property
    def sleeps(self) -> dict[int, Expr]:
        """Where the process can be asleep, and when it is awake there all the same.

        A busy thread does not sleep, nor does one that waits for a lock that spins.
        """
        found: dict[int, Expr] = {}
        for at, place in enumerate(self.process.locations):
            spinning = (spins(self.system, step.acquire) for step in self._steps(at))
            awake = simplified(or_(self.enabled[at], self.halted[at], *spinning))
            if awake != TRUE and place.patience == FALSE:
                found[at] = awake
        return found

    def lateness_after(self, updates: Sequence[Update], target: int | None, value: Expr) -> Expr:
        """Its lateness `value` once updates are made: none if they leave it asleep.

        `target` is where they leave it if they are its own step, None if they are of somebody else.
        """
        assert self.late is not None
        none = Lit(0, IntSort(0, 0))
        if target is not None:
            return ite(after(self.sleeps.get(target, TRUE), updates), value, none)
        changed = written(updates)
        values = {
            at: ite(after(awake, updates), value, none)
            for at, awake in self.sleeps.items()
            if changed & variables(awake)
        }
        return by_location(self.system, self.number, values, value)


def spins(system: TransitionSystem, acquire: Expr | None) -> Expr:
    """Whether the lock that a step takes by waiting is one that spins."""
    if acquire is None:
        return FALSE
    low, high = interval(acquire)
    if isinstance(acquire, Apply) and acquire.op is Op.ADD and isinstance(acquire.args[0], Lit):
        low = max(low, acquire.args[0].value)  # the first of an array of locks, whose index is not negative
    possible = {number: lock.spins for number, lock in enumerate(system.locks) if low <= number <= high}
    if len(set(possible.values())) <= 1:
        return TRUE if any(possible.values()) else FALSE
    sort = IntSort(0, len(system.locks))
    return or_(*(eq(acquire, Lit(number, sort)) for number, spins in possible.items() if spins))


def _settled(system: TransitionSystem, step: Transition, late: Sequence[_Thread]) -> Transition:
    """A step after which no sleeping thread is late any more."""
    updates = updates_of(system, step)
    more: list[Update] = []
    for thread in late:
        assert thread.late is not None
        target = step.target if thread.number == step.process else None
        value = thread.lateness_after(updates, target, thread.late)
        if value != thread.late:
            zero = Lit(0, IntSort(0, 0))
            more.append(Update(thread.late, zero if value == zero else ite(eq(thread.late, zero), zero, value)))
    return replace(step, updates=(*step.updates, *more)) if more else step


def _tick(system: TransitionSystem, threads: Sequence[_Thread], idle: bool) -> Transition:
    running = tuple(_countdowns(system))
    updates = [Update(place, ite(_runs(place), binary(Op.SUB, place, Lit(1, sort)), place)) for place, sort in running]
    changes = [_runs(place) for place, _ in running]
    elapsed = tuple(updates)
    for thread in threads:
        if thread.late is not None:
            later = thread.gets_later()
            value = ite(later, add(thread.late, Lit(1, IntSort(0, 1))), thread.late)
            updates.append(Update(thread.late, thread.lateness_after(elapsed, None, value)))
            changes.append(later)
    first_urgent = sorted(threads, key=lambda thread: (thread.slack is None, thread.slack or 0))
    guard = and_(*(thread.lets_time_pass() for thread in first_urgent), *(() if idle else (or_(*changes),)))
    return Transition(len(system.transitions), len(threads), 0, 0, guard, tuple(updates), (TICK,), ticks=1)


def _countdowns(system: TransitionSystem) -> Iterator[tuple[Place, Scalar]]:
    """Every slot that counts ticks, and its sort."""
    for variable in system.variables:
        if variable.countdown:
            for element in range(width(variable.sort)):
                sort = scalar_of(variable.sort)
                is_array = isinstance(variable.sort, ArraySort)
                yield (Index(variable.var, Lit(element, IntSort(0, element))) if is_array else variable.var), sort


def _runs(place: Place) -> Expr:
    return binary(Op.LT, Lit(0, IntSort(0, 0)), place)
