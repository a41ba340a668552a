"""What time does in a system, compiled for runs in which it jumps from one event to the next."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import cast

from oomcheck.ir.expr import FALSE, Apply, Expr, Index, Lit, Var, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.system import ProcessKind, TransitionSystem
from oomcheck.pygen.expressions import compile_conditions
from oomcheck.pygen.watch import slots_below
from oomcheck.simulate.program import Enabled, Program, countdown_slots
from oomcheck.transform.clock import spins

#: A condition on a state, which may be a list here.
Test = Callable[[Sequence[int]], object]
#: A slot that counts down, and the values at which something that reads it may change; None: at each.
Event = tuple[int, tuple[int, ...] | None]

_COMPARISONS = frozenset({Op.EQ, Op.NE, Op.LT, Op.LE})


class Timing:
    """The compiled form; made once, shared by all runs. Tables of locations are by process, then location."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.system = system = program.system
        self.steps = {step.index: step for step in system.transitions}
        self.countdowns = tuple(countdown_slots(system))
        counting = frozenset(self.countdowns)
        self.readers = program.readers(counting)
        self.patience = _by_location(system, lambda process, at: system.processes[process].locations[at].patience)
        self.spins = _by_location(system, lambda process, at: _spins(system, process, at))
        self.holds = _compile(system, [_holds(system, process) for process in range(len(system.processes))])
        self.halts = _compile(system, [or_(*(system.full_guard(f) for f in system.faults if f.halts))])[0]
        self.slack = tuple(_slack(system, process) for process in range(len(system.processes)))
        self.is_environment = tuple(process.kind is ProcessKind.ENV for process in system.processes)
        self.events = {
            place: events((step.guard for step in steps), system.slot, counting)
            for place, steps in system.by_location.items()
        }
        self._bounds: dict[tuple[int, int, tuple[int, ...]], tuple[int, int]] = {}
        self._reads = {
            (number, at): sorted(
                slots_below(place.patience, system.slot) | program.reads.get((number, at), frozenset())
            )
            for number, process in enumerate(system.processes)
            for at, place in enumerate(process.locations)
            if place.patience != FALSE
        }

    def later(self, state: Sequence[int], ticks: int) -> list[int]:
        """The state when so much time has passed and nothing else has happened."""
        new = [*state]
        for slot in self.countdowns:
            left = new[slot]
            if left:
                new[slot] = left - ticks if left > ticks else 0
        return new

    def delay(self, process: int, at: int, state: Sequence[int]) -> tuple[int, int]:
        """The shortest and the longest time that a process which is busy at a location stays there."""
        key = (process, at, tuple(state[slot] for slot in self._reads[process, at]))
        found = self._bounds.get(key)
        if found is None:
            found = self._bounds[key] = self._measure(process, at, state)
        return found

    def _measure(self, process: int, at: int, state: Sequence[int]) -> tuple[int, int]:
        patience, enabled = self.patience[process][at], self.program.enabled[process][at]
        assert patience is not None
        highest = max(state[slot] for slot in self.countdowns)
        longest = _first(highest, lambda ticks: not patience(self.later(state, ticks)))
        if enabled is None:
            return longest, longest

        return _first(longest, partial(self._can_leave, enabled, state)), longest

    def _can_leave(self, enabled: Enabled, state: Sequence[int], ticks: int) -> bool:
        moves: list[int] = []
        enabled(self.later(state, ticks), moves.append)
        return bool(moves)


def _first(limit: int, test: Callable[[int], bool]) -> int:
    """The least number up to `limit` that passes a test which, once passed, stays passed; `limit` if none does."""
    low, high = 0, limit
    while low < high:
        middle = (low + high) // 2
        if test(middle):
            high = middle
        else:
            low = middle + 1
    return low


def next_event(events: Iterable[Event], state: Sequence[int]) -> int:
    """Ticks until a countdown comes to a value that matters, 0 if none will."""
    nearest = 0
    for slot, values in events:
        left = state[slot]
        if left:
            ticks = 1 if values is None else left - values[bisect_left(values, left) - 1]
            if not nearest or ticks < nearest:
                nearest = ticks
    return nearest


def events(conditions: Iterable[Expr], slots: Mapping[str, int], counting: frozenset[int]) -> tuple[Event, ...]:
    """The values of countdowns at which some of the conditions may change; 0 always counts."""
    found: dict[int, set[int] | None] = {}
    for condition in conditions:
        for slot, value in _values(condition, slots, counting):
            known = found.setdefault(slot, {0})
            if value is None or known is None:
                found[slot] = None
            else:
                known.update(number for number in (value - 1, value) if number > 0)
    return tuple((slot, None if values is None else tuple(sorted(values))) for slot, values in sorted(found.items()))


def _values(expr: Expr, slots: Mapping[str, int], counting: frozenset[int]) -> Iterator[tuple[int, int | None]]:
    """Countdowns with the constants that they are compared with; None where they are used in another way."""
    match expr:
        case Lit():
            return
        case Apply(op=op, args=(Var() | Index() as place, Lit(value=value))) if op in _COMPARISONS:
            read = slots_below(place, slots)
            yield from ((slot, value if len(read) == 1 else None) for slot in read & counting)
        case Apply(op=op, args=(Lit(value=value), Var() | Index() as place)) if op in _COMPARISONS:
            read = slots_below(place, slots)
            # `value < place` changes between value + 1 and value, as `place <= value` does
            yield from ((slot, value if len(read) == 1 else None) for slot in read & counting)
        case Var() | Index():
            yield from ((slot, None) for slot in slots_below(expr, slots) & counting)
        case Apply(args=args):
            for arg in args:
                yield from _values(arg, slots, counting)


def _by_location(
    system: TransitionSystem, condition: Callable[[int, int], Expr]
) -> tuple[tuple[Test | None, ...], ...]:
    """Compiled conditions of locations, None where they are never true."""
    return tuple(
        tuple(_compile(system, [condition(number, at) for at in range(len(process.locations))]))
        for number, process in enumerate(system.processes)
    )


def _compile(system: TransitionSystem, conditions: Sequence[Expr]) -> list[Test | None]:
    possible = [number for number, condition in enumerate(conditions) if condition != FALSE]
    functions = compile_conditions([conditions[number] for number in possible], system.slot)
    found: list[Test | None] = [None] * len(conditions)
    for number, function in zip(possible, functions, strict=True):
        found[number] = cast("Test", function)
    return found


def _spins(system: TransitionSystem, process: int, at: int) -> Expr:
    """Whether a process that cannot go on at a location waits there without sleeping."""
    return or_(*(spins(system, step.acquire) for step in system.by_location.get((process, at), ())))


def _holds(system: TransitionSystem, process: int) -> Expr:
    return or_(*(lock.holders[process] for lock in system.locks if lock.spins))


def _slack(system: TransitionSystem, process: int) -> int | None:
    """Ticks that a process may be late each time it wakes, None for any number; a handler runs at once."""
    owner = system.processes[process]
    return 0 if owner.kind is ProcessKind.SOFTIRQ else owner.slack
