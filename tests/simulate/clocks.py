"""Small systems with time, by hand, and what the clocked system says about a timed run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from oomcheck.ir.expr import FALSE, Expr, Place, Var, and_, binary, eq, not_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, IntSort
from oomcheck.ir.system import Location, LockInfo, Process, ProcessKind, StateVar, Transition, TransitionSystem
from tests import toys


def countdown(name: str, limit: int, init: int = 0) -> StateVar:
    """A variable that time takes from."""
    return replace(toys.variable(name, IntSort(0, limit), init), countdown=True)


def patient(process: Process, *places: tuple[int, Var]) -> Process:
    """A process that is busy at some locations while a countdown runs."""
    waits = dict(places)
    locations = tuple(
        Location(place.name, patience=positive(waits[number]) if number in waits else FALSE)
        for number, place in enumerate(process.locations)
    )
    return replace(process, locations=locations)


def positive(left: Var) -> Expr:
    """Whether a countdown runs."""
    return binary(Op.LT, toys.number(0), left)


def at_most(left: Var, limit: int) -> Expr:
    """Whether a countdown has come down to a value."""
    return binary(Op.LE, left, toys.number(limit))


def delays(low: int, high: int, times: int = 1, slack: int | None = 0) -> TransitionSystem:
    """One thread that is busy for `low` to `high` ticks, several times one after the other, and ends."""
    pause = Var("pause", IntSort(0, high))
    leave = at_most(pause, high - low)
    steps = [
        toys.step(0, at, at + 1, leave, [(pause, toys.number(0 if at == times - 1 else high))]) for at in range(times)
    ]
    thread = patient(toys.process("t", times + 1, done=times), *((at, pause) for at in range(times)))
    return timed("delays", [countdown("pause", high, high)], [replace(thread, slack=slack)], steps)


def sleeper(ticks: int, slack: int | None) -> TransitionSystem:
    """One thread that sleeps for some ticks, and may be late when it wakes."""
    left = Var("left", IntSort(0, ticks))
    steps = [
        toys.step(0, 0, 1, writes=[(left, toys.number(ticks))]),
        toys.step(0, 1, 2, eq(left, toys.number(0))),
    ]
    thread = replace(toys.process("t", 3, done=2), slack=slack)
    return timed("sleeper", [countdown("left", ticks)], [thread], steps)


def contention(held: int, slack: int = 0) -> TransitionSystem:
    """Two threads take a lock that spins, hold it for `held` ticks, and end."""
    owner = Var("owner", IntSort(0, 2))
    steps: list[Transition] = []
    processes, variables = [], [toys.variable("owner", owner.sort)]
    for me in (0, 1):
        pause = Var(f"pause{me}", IntSort(0, held))
        variables.append(countdown(pause.name, held))
        free, mine = toys.number(0), toys.number(me + 1)
        writes: list[tuple[Place, Expr]] = [(owner, mine), (pause, toys.number(held))]
        steps.append(toys.step(me, 0, 1, eq(owner, free), writes, acquire=toys.number(0)))
        steps.append(toys.step(me, 1, 2, at_most(pause, 0), [(owner, free)]))
        processes.append(replace(patient(toys.process(f"t{me}", 3, done=2), (1, pause)), slack=slack))
    lock = LockInfo("l", tuple(eq(owner, toys.number(me + 1)) for me in (0, 1)), spins=True)
    return timed("contention", variables, processes, steps, [lock])


def ticker(period: int, beats: int) -> TransitionSystem:
    """A timer whose handler counts and arms it again, `beats` times; a thread waits for the last one."""
    left, beat, armed = Var("left", IntSort(0, period)), Var("beat", IntSort(0, beats)), Var("armed", BOOL)
    more = binary(Op.LT, beat, toys.number(beats - 1))
    fires = and_(armed, eq(left, toys.number(0)))
    count = (beat, binary(Op.ADD, beat, toys.number(1)))
    steps = [
        toys.step(0, 0, 0, and_(fires, more), [count, (left, toys.number(period))]),
        toys.step(0, 0, 0, and_(fires, not_(more)), [count, (armed, toys.number(0))]),
        toys.step(1, 0, 1, eq(beat, toys.number(beats))),
    ]
    handler = toys.process("timer", 1, kind=ProcessKind.SOFTIRQ, daemon=True)
    waiter = replace(toys.process("waiter", 2, done=1), slack=0)
    variables = [countdown("left", period, period), toys.variable("beat", beat.sort), toys.variable("armed", BOOL, 1)]
    return timed("ticker", variables, [handler, waiter], steps)


def timed(
    name: str,
    variables: Sequence[StateVar],
    processes: Sequence[Process],
    steps: Sequence[Transition],
    locks: Sequence[LockInfo] = (),
) -> TransitionSystem:
    """A system with time."""
    return replace(toys.system(name, variables, processes, steps, locks=locks), timed=True, hz=1000)
