"""Small transition systems, written by hand, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from oomcheck.ir.expr import FALSE, TRUE, Expr, Lit, Place, Var, add, and_, binary, eq, index, not_, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, ArraySort, EnumSort, IntSort, Sort, width
from oomcheck.ir.system import (
    Access,
    Action,
    Fault,
    Location,
    LockInfo,
    Process,
    ProcessKind,
    Role,
    StateVar,
    Transition,
    TransitionSystem,
    Update,
)

ACTION = Action("step")


def variable(name: str, sort: Sort, init: int | Sequence[int] = 0, role: Role = Role.SHARED) -> StateVar:
    """A state variable; a single initial value is that of each element."""
    values = (init,) * width(sort) if isinstance(init, int) else tuple(init)
    names = tuple(f"{name}[{i}]" for i in range(width(sort))) if isinstance(sort, ArraySort) else (name,)
    return StateVar(name, sort, values, role, names)


def process(
    name: str, size: int, done: int | None = None, kind: ProcessKind = ProcessKind.THREAD, daemon: bool = False
) -> Process:
    """A process with locations L0, L1, ...; its program counter is called like itself."""
    locations = tuple(Location(f"L{number}") for number in range(size))
    return Process(name, kind, name, f"{name}.pc", locations, done, daemon)


def step(
    who: int,
    origin: int,
    target: int,
    guard: Expr = TRUE,
    writes: Sequence[tuple[Place, Expr]] = (),
    *,
    accesses: tuple[Access, ...] = (),
    acquire: Expr | None = None,
    covers: Sequence[int] = (),
    costs: tuple[tuple[str, int], ...] = (),
) -> Transition:
    """A transition; `system` numbers it."""
    updates = tuple(Update(place, value) for place, value in writes)
    return Transition(
        -1,
        who,
        origin,
        target,
        guard,
        updates,
        (ACTION,),
        accesses=accesses,
        acquire=acquire,
        covers=frozenset(covers),
        costs=costs,
    )


def fault(who: int, origin: int, guard: Expr, sanitizer: str, halts: bool = True) -> Fault:
    """A fault; `system` numbers it."""
    return Fault(-1, who, origin, guard, sanitizer, f"{sanitizer} violated", ACTION, halts)


def system(
    name: str,
    variables: Sequence[StateVar],
    processes: Sequence[Process],
    steps: Sequence[Transition],
    faults: Sequence[Fault] = (),
    locks: Sequence[LockInfo] = (),
) -> TransitionSystem:
    """A system whose program counters come first, all at location 0."""
    counters = tuple(
        replace(variable(p.pc, EnumSort(p.pc, tuple(place.name for place in p.locations)), role=Role.PC), owner=number)
        for number, p in enumerate(processes)
    )
    return TransitionSystem(
        name,
        counters + tuple(variables),
        tuple(processes),
        tuple(replace(move, index=number) for number, move in enumerate(steps)),
        tuple(replace(item, index=number) for number, item in enumerate(faults)),
        tuple(locks),
    )


def number(value: int) -> Lit:
    """An integer literal."""
    return Lit(value, IntSort(value, value))


def counter(limit: int) -> TransitionSystem:
    """One thread counts to `limit` and ends: a chain of states."""
    n = Var("n", IntSort(0, limit))
    steps = [
        step(0, 0, 0, binary(Op.LT, n, number(limit)), [(n, add(n, number(1)))], covers=[0]),
        step(0, 0, 1, eq(n, number(limit)), covers=[1]),
    ]
    return system("counter", [variable("n", n.sort)], [process("t", 2, done=1)], steps)


def peterson(broken: bool = False) -> TransitionSystem:
    """Peterson's mutual exclusion for two threads that try for ever; location 3 is the critical section.

    `broken` leaves the intention flags out.
    """
    flag = Var("flag", ArraySort(BOOL, 2))
    turn = Var("turn", IntSort(0, 1))
    steps: list[Transition] = []
    for me in (0, 1):
        other = number(1 - me)
        raised = FALSE if broken else index(flag, other)
        steps += [
            step(me, 0, 1, writes=[(index(flag, number(me)), TRUE)]),
            step(me, 1, 2, writes=[(turn, other)]),
            step(me, 2, 3, or_(not_(raised), eq(turn, number(me)))),
            step(me, 3, 0, writes=[(index(flag, number(me)), FALSE)]),
        ]
    return system(
        "peterson",
        [variable("flag", flag.sort), variable("turn", turn.sort)],
        [process("a", 4), process("b", 4)],
        steps,
    )


def both_critical(toy: TransitionSystem) -> Expr:
    """Both threads of `peterson` are in the critical section."""
    return and_(toy.at(0, 3), toy.at(1, 3))


def increments(marked: bool = False) -> TransitionSystem:
    """Two threads do `n = n + 1` as a load and a store each, without a lock."""
    n = Var("n", IntSort(0, 2))
    steps: list[Transition] = []
    for me in (0, 1):
        local = Var(f"x{me}", IntSort(0, 2))
        steps += [
            step(me, 0, 1, writes=[(local, n)], accesses=(Access(n, False, marked),)),
            step(me, 1, 2, writes=[(n, add(local, number(1)))], accesses=(Access(n, True, marked),)),
        ]
    variables = [variable("n", n.sort), variable("x0", n.sort), variable("x1", n.sort)]
    return system("increments", variables, [process("a", 3, 2), process("b", 3, 2)], steps)


def philosophers(size: int, ordered: bool = False) -> TransitionSystem:
    """Each of `size` threads takes lock i, then i + 1, and releases both; `ordered` takes the lesser first."""
    owner = Var("owner", ArraySort(IntSort(0, size), size))  # 0: free, else 1 + thread
    steps: list[Transition] = []
    for me in range(size):
        pair = [me, (me + 1) % size]
        first, second = (number(i) for i in (sorted(pair) if ordered else pair))
        free, mine = number(0), number(me + 1)
        steps += [
            step(me, 0, 1, eq(index(owner, first), free), [(index(owner, first), mine)], acquire=first),
            step(me, 1, 2, eq(index(owner, second), free), [(index(owner, second), mine)], acquire=second),
            step(me, 2, 3, writes=[(index(owner, first), free), (index(owner, second), free)]),
        ]
    locks = [
        LockInfo(f"l{i}", tuple(eq(index(owner, number(i)), number(me + 1)) for me in range(size))) for i in range(size)
    ]
    processes = [process(f"p{me}", 4, 3) for me in range(size)]
    return system("philosophers", [variable("owner", owner.sort)], processes, steps, locks=locks)


def use_after_free() -> TransitionSystem:
    """One thread frees, another reads: a halting fault in the reader."""
    alive = Var("alive", BOOL)
    steps = [
        step(0, 0, 1, writes=[(alive, FALSE)], covers=[0]),
        step(1, 0, 1, covers=[1]),
        step(1, 1, 2, alive, covers=[2]),
    ]
    faults = [fault(1, 1, not_(alive), "lifetime")]
    return system(
        "use_after_free", [variable("alive", BOOL, 1)], [process("a", 2, 1), process("b", 3, 2)], steps, faults
    )


def blinker() -> TransitionSystem:
    """A thread `a` goes to and fro for ever; `b` may set the flag once, and only while `a` is at L0.

    Going back costs one `turns`. Steps: 0 and 1 of `a`, 2 of `b`.
    """
    flag = Var("flag", BOOL)
    at_home = eq(Var("a.pc", EnumSort("a.pc", ("L0", "L1"))), Lit(0, EnumSort("a.pc", ("L0", "L1"))))
    steps = [step(0, 0, 1), step(0, 1, 0, costs=(("turns", 1),)), step(1, 0, 1, at_home, [(flag, TRUE)])]
    return system("blinker", [variable("flag", BOOL)], [process("a", 2), process("b", 2, 1)], steps)


def visitor(kind: ProcessKind = ProcessKind.ENV) -> TransitionSystem:
    """A process of some kind may ring (step 0); then thread `t` opens (step 1) and rests."""
    rung, opened = Var("rung", BOOL), Var("opened", BOOL)
    steps = [step(0, 0, 1, writes=[(rung, TRUE)]), step(1, 0, 1, rung, [(opened, TRUE)])]
    processes = [process("e", 2, kind=kind), process("t", 2, 1, daemon=True)]
    return system("visitor", [variable("rung", BOOL), variable("opened", BOOL)], processes, steps)


def sleeper(ticks: int) -> TransitionSystem:
    """A thread asks (step 0), sleeps for some ticks, answers (step 1) and ends; without its clock."""
    left = Var("left", IntSort(0, ticks))
    asked, answered = Var("asked", BOOL), Var("answered", BOOL)
    steps = [
        step(0, 0, 1, writes=[(left, number(ticks)), (asked, TRUE)]),
        step(0, 1, 2, eq(left, number(0)), [(answered, TRUE)]),
    ]
    counting = replace(variable("left", left.sort), countdown=True)
    variables = [counting, variable("asked", BOOL), variable("answered", BOOL)]
    toy = system("sleeper", variables, [replace(process("t", 3, 2), slack=0)], steps)
    return replace(toy, hz=10)
