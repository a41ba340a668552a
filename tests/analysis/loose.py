"""Random systems whose processes have much to do on their own, so that reductions apply."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from oomcheck.ir.expr import FALSE, TRUE, Expr, Index, Lit, Place, Var, add, and_, binary, eq, not_, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, ArraySort, EnumSort, IntSort
from oomcheck.ir.system import Access, Fault, LockInfo, ProcessKind, StateVar, Transition, TransitionSystem
from oomcheck.prop.property import SANITIZERS, Kind, Part, Property, sanitizer
from tests import toys

SMALL = IntSort(0, 2)
FLAGS = tuple(Var(f"flag{k}", BOOL) for k in range(3))
COUNTERS = tuple(Var(f"count{k}", SMALL) for k in range(2))
CELLS = Var("cells", ArraySort(SMALL, 3))
OWNERS = Var("owner", ArraySort(IntSort(0, 4), 2))  # 0: free, else 1 + process
MAX_PROCESSES = 4


def local(who: int) -> Var:
    """The number that process `who` keeps for itself."""
    return Var(f"own{who}", SMALL)


def number(value: int) -> Lit:
    """A small number."""
    return Lit(value, SMALL)


def owner(lock: int) -> Index:
    """Who holds a lock."""
    return Index(OWNERS, Lit(lock, IntSort(0, 1)))


def counter(who: int, size: int) -> Var:
    """The program counter of a process with `size` locations."""
    return Var(f"t{who}.pc", EnumSort(f"t{who}.pc", tuple(f"L{k}" for k in range(size))))


@st.composite
def tests_on(draw: st.DrawFn, who: int | None, sizes: list[int]) -> Expr:
    """A condition on one shared variable, on what `who` keeps for itself, or on where somebody stands."""
    kind = draw(st.integers(0, 9))
    value = number(draw(st.integers(0, 2)))
    if kind < 3:
        flag = draw(st.sampled_from(FLAGS))
        return flag if draw(st.booleans()) else not_(flag)
    if kind < 5:
        return binary(draw(st.sampled_from([Op.EQ, Op.LT, Op.LE, Op.NE])), draw(st.sampled_from(COUNTERS)), value)
    if kind < 6:
        position: Expr = local(who) if who is not None and draw(st.booleans()) else value
        return eq(Index(CELLS, position), number(draw(st.integers(0, 2))))
    if kind < 7:
        other = draw(st.integers(0, len(sizes) - 1))
        place = counter(other, sizes[other])
        assert isinstance(place.sort, EnumSort)
        return eq(place, Lit(draw(st.integers(0, sizes[other] - 1)), place.sort))
    if kind < 8:
        return binary(Op.LE, draw(st.sampled_from(COUNTERS)), draw(st.sampled_from(COUNTERS)))
    if who is None:
        return eq(owner(draw(st.integers(0, 1))), Lit(draw(st.integers(0, 2)), IntSort(0, 4)))
    return binary(draw(st.sampled_from([Op.EQ, Op.LT])), local(who), value)


@st.composite
def conditions(draw: st.DrawFn, who: int | None, sizes: list[int], most: int = 2) -> Expr:
    """A conjunction or disjunction of few tests."""
    parts = draw(st.lists(tests_on(who, sizes), min_size=0, max_size=most))
    return or_(*parts) if parts and draw(st.integers(0, 4)) == 0 else and_(*parts)


@st.composite
def writes(draw: st.DrawFn, who: int) -> tuple[Place, Expr]:
    """An assignment within range."""
    kind = draw(st.integers(0, 9))
    if kind < 3:
        flag = draw(st.sampled_from(FLAGS))
        return flag, draw(st.sampled_from([TRUE, FALSE, not_(flag), FLAGS[0]]))
    target: Place
    if kind < 5:
        target = draw(st.sampled_from(COUNTERS))
    elif kind < 6:
        choices: list[Expr] = [local(who), number(0), number(1)]
        target = Index(CELLS, draw(st.sampled_from(choices)))
    else:
        target = local(who)
    up = binary(Op.MOD, add(target, number(1)), number(3))
    values = [number(0), number(1), number(2), up, up, local(who), COUNTERS[0]]
    return target, draw(st.sampled_from(values))


@st.composite
def steps_of(draw: st.DrawFn, who: int, origin: int, sizes: list[int]) -> Transition:
    """A step: on its own, on shared variables, or on a lock."""
    size = sizes[who]
    target = draw(st.sampled_from([origin + 1, origin + 1, origin + 1, draw(st.integers(0, size - 1))])) % size
    covers = draw(st.frozensets(st.integers(0, 8), max_size=1))
    kind = draw(st.integers(0, 9))
    lock = draw(st.integers(0, 1))
    mine = Lit(who + 1, IntSort(0, 4))
    free = Lit(0, IntSort(0, 4))
    if kind < 2:
        wanted = Lit(lock, IntSort(0, 1))
        step = toys.step(who, origin, target, eq(owner(lock), free), [(owner(lock), mine)], acquire=wanted)
    elif kind < 4:
        step = toys.step(who, origin, target, eq(owner(lock), mine), [(owner(lock), free)])
    elif kind < 6:
        step = toys.step(who, origin, target, TRUE, [(local(who), number(draw(st.integers(0, 2))))])
    else:
        guard = draw(conditions(who, sizes))
        step = toys.step(who, origin, target, guard, draw(st.lists(writes(who), max_size=2)))
    places = st.sampled_from([*COUNTERS, Index(CELLS, local(who)), Index(CELLS, number(0))])
    accesses = draw(st.lists(st.builds(Access, places, st.booleans(), st.booleans()), max_size=1))
    if draw(st.integers(0, 2)):
        accesses = []
    return replace(step, covers=covers, accesses=tuple(accesses))


@st.composite
def faults_of(draw: st.DrawFn, sizes: list[int]) -> Fault:
    """A misuse at some place."""
    who = draw(st.integers(0, len(sizes) - 1))
    origin = draw(st.integers(0, sizes[who] - 1))
    name = draw(st.sampled_from(["null", "lifetime", "range", "assert"]))
    return toys.fault(who, origin, draw(conditions(who, sizes)), name, draw(st.booleans()))


@st.composite
def loose_systems(draw: st.DrawFn) -> TransitionSystem:
    """Two to four processes with variables of their own, some shared ones, and two locks."""
    sizes = draw(st.lists(st.integers(2, 5), min_size=2, max_size=MAX_PROCESSES))
    kinds = st.sampled_from([ProcessKind.THREAD, ProcessKind.THREAD, ProcessKind.ENV])
    processes = [
        toys.process(f"t{who}", size, draw(st.sampled_from([None, size - 1])), draw(kinds))
        for who, size in enumerate(sizes)
    ]
    steps = [
        draw(steps_of(who, origin, sizes))
        for who, size in enumerate(sizes)
        for origin in range(size)
        for _ in range(draw(st.sampled_from([0, 0, 1]) if origin == size - 1 else st.sampled_from([1, 1, 2])))
    ]
    shared: list[StateVar] = [toys.variable(v.name, v.sort) for v in (*FLAGS, *COUNTERS, CELLS, OWNERS)]
    own = [replace(toys.variable(local(who).name, SMALL), owner=who) for who in range(len(sizes))]
    locks = [
        LockInfo(f"l{k}", tuple(eq(owner(k), Lit(who + 1, IntSort(0, 4))) for who in range(len(sizes))))
        for k in range(2)
    ]
    faults = draw(st.lists(faults_of(sizes), max_size=3))
    return toys.system("loose", shared + own, processes, steps, faults, locks)


@st.composite
def questions(draw: st.DrawFn) -> tuple[TransitionSystem, tuple[Property, ...]]:
    """A system, some sanitizers and some formulas about it."""
    system = draw(loose_systems())
    sizes = [len(process.locations) for process in system.processes]
    names = draw(st.lists(st.sampled_from(sorted(SANITIZERS)), unique=True))
    chosen = [sanitizer(name) for name in names]
    kinds = st.sampled_from([Kind.INVARIANT, Kind.NEVER, Kind.COVER, Kind.DEADLOCK_FREE])
    for position in range(draw(st.integers(0, 2))):
        parts = tuple(Part("part", draw(conditions(None, sizes))) for _ in range(draw(st.integers(0, 1))))
        formula, rest = draw(conditions(None, sizes, 3)), draw(conditions(None, sizes, 1))
        kind = draw(kinds)
        chosen.append(Property(f"own{position}", kind, formula, antecedents=parts, rest=rest))
    return system, tuple(chosen)
