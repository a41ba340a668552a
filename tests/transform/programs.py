"""Small timed programs, and what they do by absolute time: no countdowns, no system of transitions.

A program is text for the language as well as data for `run`, which keeps for each thread when it arrived at its
statement, for each timer and deadline the instant, and looks at the clock. Nothing here comes from the front end or
from `oomcheck.transform`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from hypothesis import strategies as st

Memory = tuple[int, ...]
T = TypeVar("T")
VARIABLES = ("x", "y")
LOCKS = {"l": "spinlock", "m": "mutex"}


@dataclass(frozen=True, slots=True)
class Op:
    """A statement: its kind and arguments; see `text`."""

    kind: str
    name: str = ""
    low: int = 0
    high: int = 0


@dataclass(frozen=True, slots=True)
class Program:
    """Threads with their slack (-1: any), and the value that each timer's handler writes to which variable."""

    threads: tuple[tuple[int, tuple[Op, ...]], ...]
    handlers: tuple[Op, ...]


def text(op: Op) -> str:
    """A statement in the language."""
    match op.kind:
        case "delay":
            return f"delay({op.low} .. {op.high});"
        case "sleep":
            return f"schedule_timeout({op.low});"
        case "set":
            return f"{op.name} = {op.low};"
        case "await":
            return f"await {op.name} == {op.low};"
        case "lock":
            return f"{'spin' if op.name == 'l' else 'mutex'}_lock({op.name});"
        case "unlock":
            return f"{'spin' if op.name == 'l' else 'mutex'}_unlock({op.name});"
        case "arm":
            return f"mod_timer({op.name}, jiffies + {op.low});"
        case "delete":
            return f"del_timer({op.name});"
        case "due":
            return f"d = jiffies + {op.low};"
        case "look":
            return f"if (time_before(jiffies, d)) {op.name} = {op.low}; else {op.name} = {op.high};"
        case _:
            raise AssertionError(op)


def model(program: Program) -> str:
    """The program in the language."""
    lines = ["model m;", *(f"marked int 0..3 {name};" for name in VARIABLES)]
    lines += [f"{kind} {name};" for name, kind in LOCKS.items()]
    lines.append("marked deadline d;")
    for number, handler in enumerate(program.handlers):
        lines += [f"timer t{number} = f{number};", f"softirq f{number}() {{ {text(handler)} }}"]
    for number, (slack, body) in enumerate(program.threads):
        inside = " ".join(map(text, body))
        lines.append(f"thread a{number} slack {'any' if slack < 0 else slack} {{ {inside} }}")
    return "\n".join(lines) + "\n"


# ---------------------------------------------------------------- drawing

_small = st.integers(0, 3)
_name = st.sampled_from(VARIABLES)


def _simple(timers: int, sleeping: bool) -> st.SearchStrategy[tuple[Op, ...]]:
    def one(op: Op) -> tuple[Op, ...]:
        return (op,)

    delays = st.tuples(_small, st.integers(0, 2)).map(lambda p: Op("delay", "", p[0], p[0] + p[1]))
    choices = [
        delays,
        st.builds(Op, st.just("set"), _name, _small),
        st.builds(Op, st.just("due"), st.just("d"), _small),
        st.builds(Op, st.just("look"), _name, _small, _small),
    ]
    if timers:
        timer = st.integers(0, timers - 1).map(lambda n: f"t{n}")
        choices += [st.builds(Op, st.just("arm"), timer, _small), st.builds(Op, st.just("delete"), timer)]
    if sleeping:
        choices += [
            st.builds(Op, st.just("sleep"), st.just(""), _small),
            st.builds(Op, st.just("await"), _name, _small),
        ]
    return st.one_of(*choices).map(one)


@st.composite
def _bodies(draw: st.DrawFn, timers: int) -> tuple[Op, ...]:
    body: list[Op] = []
    for _ in range(draw(st.integers(1, 3))):
        lock = draw(st.sampled_from(["", "", "l", "m"]))
        inner = draw(st.lists(_simple(timers, lock != "l"), min_size=1, max_size=2))
        ops = [op for group in inner for op in group]
        body += [Op("lock", lock), *ops, Op("unlock", lock)] if lock else ops
    return tuple(body)


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Two or three threads over two variables, a spinlock, a mutex, a deadline and up to two timers."""
    timers = draw(st.integers(0, 2))
    handlers = tuple(Op("set", draw(_name), draw(st.integers(1, 3))) for _ in range(timers))
    slack = st.sampled_from([0, 0, 1, 2, -1])
    count = draw(st.integers(2, 3))
    return Program(tuple((draw(slack), draw(_bodies(timers))) for _ in range(count)), handlers)


# ---------------------------------------------------------------- running


@dataclass(frozen=True, slots=True)
class Thread:
    """Where a thread is, since when, how late it has been since it woke; `branch` is what it saw of jiffies."""

    at: int = 0
    since: int = 0
    late: int = 0
    branch: int = -1


@dataclass(frozen=True, slots=True)
class World:
    """All that decides what comes next, at absolute time."""

    memory: Memory
    owners: tuple[int, ...]  # of the locks, -1 is nobody
    deadline: int
    expiry: tuple[int, ...]  # of the timers, -1 is not armed
    firing: tuple[bool, ...]  # whether a handler has started
    threads: tuple[Thread, ...]


def run(program: Program, horizon: int) -> set[tuple[int, Memory]]:
    """What the variables can be at each instant."""
    start = World(
        (0,) * len(VARIABLES),
        (-1,) * len(LOCKS),
        -1,
        (-1,) * len(program.handlers),
        (False,) * len(program.handlers),
        tuple(Thread() for _ in program.threads),
    )
    now = {_rested(program, start, 0)}
    found: set[tuple[int, Memory]] = set()
    for instant in range(horizon + 1):
        seen, work = set(now), list(now)
        while work:
            for following in _moves(program, work.pop(), instant):
                if following not in seen:
                    seen.add(following)
                    work.append(following)
        found.update((instant, world.memory) for world in seen)
        now = {later for world in seen if (later := _tick(program, world, instant)) is not None}
    return found


def _rested(program: Program, world: World, now: int) -> World:
    """The world, in which nobody who sleeps is late."""
    threads = tuple(
        replace(thread, late=0) if _asleep(program, world, number, now) else thread
        for number, thread in enumerate(world.threads)
    )
    return replace(world, threads=threads)


def _op(program: Program, world: World, number: int) -> Op | None:
    body = program.threads[number][1]
    at = world.threads[number].at
    return body[at] if at < len(body) else None


def _enabled(program: Program, world: World, number: int, now: int) -> bool:
    op, thread = _op(program, world, number), world.threads[number]
    if op is None:
        return False
    match op.kind:
        case "delay" | "sleep":
            return now >= thread.since + op.low
        case "await":
            return world.memory[VARIABLES.index(op.name)] == op.low
        case "lock":
            return world.owners[list(LOCKS).index(op.name)] < 0
        case _:
            return True


def _asleep(program: Program, world: World, number: int, now: int) -> bool:
    op = _op(program, world, number)
    sleeping = op is None or op.kind in ("sleep", "await") or (op.kind == "lock" and LOCKS[op.name] == "mutex")
    return sleeping and not _enabled(program, world, number, now)


def _tick(program: Program, world: World, now: int) -> World | None:
    """The world one tick later, None if somebody must move first."""
    if any(world.firing) or any(0 <= expiry <= now for expiry in world.expiry):
        return None
    threads = []
    for number, thread in enumerate(world.threads):
        op, slack = _op(program, world, number), program.threads[number][0]
        busy = op is not None and op.kind == "delay" and now < thread.since + op.high
        if not busy and _enabled(program, world, number, now):
            if world.owners[list(LOCKS).index("l")] == number or thread.late == slack:
                return None
            thread = replace(thread, late=thread.late + 1 if slack > 0 else 0)
        threads.append(thread)
    return _rested(program, replace(world, threads=tuple(threads)), now + 1)


def _moves(program: Program, world: World, now: int) -> Iterator[World]:
    for number, handler in enumerate(program.handlers):
        if world.firing[number]:
            stored = _with(world.memory, VARIABLES.index(handler.name), handler.low)
            yield _rested(program, replace(world, firing=_with(world.firing, number, False), memory=stored), now)
        elif 0 <= world.expiry[number] <= now:
            started = replace(world, expiry=_with(world.expiry, number, -1), firing=_with(world.firing, number, True))
            yield _rested(program, started, now)
    for number in range(len(world.threads)):
        if _enabled(program, world, number, now):
            yield _rested(program, _step(program, world, number, now), now)


def _step(program: Program, world: World, number: int, now: int) -> World:
    op, thread = _op(program, world, number), world.threads[number]
    assert op is not None
    if op.kind == "look" and thread.branch < 0:
        seen = replace(thread, branch=op.low if now < world.deadline else op.high)
        return replace(world, threads=_with(world.threads, number, seen))
    passed = replace(thread, at=thread.at + 1, since=now, branch=-1)
    world = replace(world, threads=_with(world.threads, number, passed))
    match op.kind:
        case "set":
            return replace(world, memory=_with(world.memory, VARIABLES.index(op.name), op.low))
        case "look":
            return replace(world, memory=_with(world.memory, VARIABLES.index(op.name), thread.branch))
        case "lock":
            return replace(world, owners=_with(world.owners, list(LOCKS).index(op.name), number))
        case "unlock":
            return replace(world, owners=_with(world.owners, list(LOCKS).index(op.name), -1))
        case "arm":
            return replace(world, expiry=_with(world.expiry, int(op.name[1:]), now + op.low))
        case "delete":
            return replace(world, expiry=_with(world.expiry, int(op.name[1:]), -1))
        case "due":
            return replace(world, deadline=now + op.low)
        case _:
            return world


def _with(values: tuple[T, ...], position: int, value: T) -> tuple[T, ...]:
    return (*values[:position], value, *values[position + 1 :])
