"""Hypothesis strategies: systems of threads that all run one program, and systems where one of them does not quite."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import strategies as st

from oomcheck.ir.expr import FALSE, TRUE, Expr, Lit, Place, Var, add, and_, binary, eq, index, not_, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import ArraySort, EnumSort, IntSort
from oomcheck.ir.system import Access, Fault, LockInfo, Transition, TransitionSystem
from oomcheck.prop.property import Kind, Part, Property, sanitizer
from oomcheck.records import dataclass
from tests import toys

SMALL = IntSort(0, 2)
LOCATIONS = 3

Made = Callable[["Thread"], Expr]


@dataclass(frozen=True, slots=True)
class Thread:
    """One of `count` threads: what its program is about."""

    me: int
    count: int

    @property
    def own(self) -> Var:
        """An array with a number for each thread."""
        return Var("own", ArraySort(SMALL, self.count))

    @property
    def turn(self) -> Var:
        """A thread as a reference: 0 is none."""
        return Var("turn", self.reference)

    @property
    def reference(self) -> EnumSort:
        """References to threads."""
        return EnumSort("task *", ("NULL", *(f"t[{i}]" for i in range(self.count))))

    @property
    def last(self) -> Var:
        """A thread as a number; `count` is none."""
        return Var("last", IntSort(0, self.count))

    @property
    def mine(self) -> Place:
        """The own number."""
        return index(self.own, toys.number(self.me))

    @property
    def turns(self) -> Place:
        """The number of the thread whose turn it is, if there is one."""
        return index(self.own, binary(Op.SUB, self.turn, toys.number(1)))

    @property
    def lasts(self) -> Place:
        """The number of the last thread."""
        return index(self.own, self.last)

    def everybody(self, value: int) -> list[Expr]:
        """Who has that number, from the own thread on."""
        order = [(self.me + i) % self.count for i in range(self.count)]
        return [eq(index(self.own, toys.number(other)), toys.number(value)) for other in order]


SHARED = Var("shared", SMALL)

CONDITIONS: tuple[tuple[Made, Made], ...] = (
    (lambda t: TRUE, lambda t: not_(eq(SHARED, toys.number(0)))),
    (lambda t: eq(t.mine, toys.number(1)), lambda t: eq(t.mine, toys.number(2))),
    (lambda t: eq(t.turn, Lit(0, t.reference)), lambda t: not_(eq(t.turn, Lit(0, t.reference)))),
    (lambda t: eq(t.turn, toys.number(t.me + 1)), lambda t: not_(eq(t.turn, toys.number(t.me + 1)))),
    (lambda t: eq(toys.number(t.me), t.last), lambda t: not_(eq(t.last, toys.number(t.me)))),
    (lambda t: or_(*t.everybody(1)), lambda t: and_(*(not_(part) for part in t.everybody(2)))),
    (lambda t: eq(t.turns, toys.number(1)), lambda t: binary(Op.LT, t.turns, toys.number(1))),
    (lambda t: eq(t.lasts, toys.number(0)), lambda t: binary(Op.LE, t.lasts, t.mine)),
    (lambda t: binary(Op.LT, toys.number(0), t.turn), lambda t: binary(Op.LE, t.mine, SHARED)),
)
WRITES: tuple[tuple[tuple[Callable[[Thread], Place], Made], ...], ...] = (
    ((lambda t: t.mine, lambda t: toys.number(1)), (lambda t: t.mine, lambda t: toys.number(2))),
    ((lambda t: t.turn, lambda t: toys.number(t.me + 1)), (lambda t: t.turn, lambda t: toys.number(0))),
    ((lambda t: t.last, lambda t: toys.number(t.me)), (lambda t: t.mine, lambda t: toys.number(0))),
    ((lambda t: t.turns, lambda t: toys.number(1)), (lambda t: t.turns, lambda t: SHARED)),
    ((lambda t: t.lasts, lambda t: toys.number(2)), (lambda t: t.mine, lambda t: t.lasts)),
    (
        (lambda t: SHARED, lambda t: binary(Op.MOD, add(SHARED, toys.number(1)), toys.number(3))),
        (lambda t: SHARED, lambda t: t.mine),
    ),
)

#: What no program writes, but a thread may that does not quite run it.
ODD = (len(WRITES), 0)
WRITES += (((lambda t: SHARED, lambda t: toys.number(2)),),)
ODD_GUARD = (len(CONDITIONS), 0)
CONDITIONS += ((lambda t: eq(SHARED, toys.number(2)), lambda t: eq(SHARED, toys.number(1))),)

Choice = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Line:
    """A step of the program, by numbers into the tables above; one that takes a lock takes its own thread's."""

    origin: int
    target: int
    guard: Choice
    writes: tuple[Choice, ...]
    access: bool
    takes: bool

    def step(self, thread: Thread) -> Transition:
        """The step of one thread."""
        writes = [WRITES[kind][which] for kind, which in self.writes]
        made = [(place(thread), value(thread)) for place, value in writes]
        accesses = (Access(thread.lasts, True, False),) if self.access else ()
        guard = CONDITIONS[self.guard[0]][self.guard[1]](thread)
        acquire = toys.number(thread.me) if self.takes else None
        return toys.step(thread.me, self.origin, self.target, guard, made, accesses=accesses, acquire=acquire)


def choices(table: tuple[tuple[object, ...], ...]) -> st.SearchStrategy[Choice]:
    """A row and a column."""
    return st.tuples(st.integers(0, len(table) - 1), st.integers(0, 1))


@st.composite
def lines(draw: st.DrawFn, origin: int) -> Line:
    """A step that begins at a location."""
    target = draw(st.sampled_from([(origin + 1) % LOCATIONS, (origin + 1) % LOCATIONS, origin]))
    writes = tuple(draw(st.lists(choices(WRITES[:-1]), min_size=1, max_size=2)))
    return Line(origin, target, draw(choices(CONDITIONS[:-1])), writes, draw(st.booleans()), draw(st.booleans()))


@dataclass(frozen=True, slots=True)
class Program:
    """What all threads run: lines, conditions of faults, when a lock is held; `chain`: by the thread before."""

    lines: tuple[Line, ...]
    faults: tuple[tuple[int, Choice, str], ...]
    holds: Choice
    chain: bool

    def system(self, count: int, odd: tuple[Line, ...] | None = None) -> TransitionSystem:
        """`count` threads that run it; the last one may run other lines."""
        threads = [Thread(me, count) for me in range(count)]
        chosen = [self.lines] * (count - 1) + [self.lines if odd is None else odd]
        steps = [line.step(thread) for thread, own in zip(threads, chosen, strict=True) for line in own]
        faults = [self._fault(thread, *given) for thread in threads for given in self.faults]
        first = threads[0]
        variables = [toys.variable(v.name, v.sort) for v in (first.own, first.turn, SHARED)]
        variables.append(toys.variable("last", first.last.sort, count))
        processes = [toys.process(f"t[{me}]", LOCATIONS) for me in range(count)]
        return toys.system("alike", variables, processes, steps, faults, [self._lock(thread) for thread in threads])

    def _fault(self, thread: Thread, origin: int, guard: Choice, name: str) -> Fault:
        return toys.fault(thread.me, origin, CONDITIONS[guard[0]][guard[1]](thread), name, halts=False)

    def _lock(self, thread: Thread) -> LockInfo:
        """A lock that its thread holds under a condition, or the thread before."""
        holder = (thread.me + 1) % thread.count if self.chain else thread.me
        holders: list[Expr] = [FALSE] * thread.count
        holders[holder] = CONDITIONS[self.holds[0]][self.holds[1]](Thread(holder, thread.count))
        return LockInfo(f"l[{thread.me}]", tuple(holders))


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """A line or two at each location."""
    found = [draw(lines(at)) for at in range(LOCATIONS) for _ in range(draw(st.integers(1, 2)))]
    places = st.tuples(st.integers(0, LOCATIONS - 1), choices(CONDITIONS), st.sampled_from(["assert", "uninit"]))
    return Program(
        tuple(found), tuple(draw(st.lists(places, max_size=1))), draw(choices(CONDITIONS)), draw(st.booleans())
    )


@st.composite
def altered(draw: st.DrawFn, program: Program) -> tuple[Line, ...]:
    """The lines of a program, one of which does something that no line of it does."""
    number = draw(st.integers(0, len(program.lines) - 1))
    line = program.lines[number]
    new = draw(
        st.sampled_from(
            [
                replace(line, writes=(*line.writes, ODD)),
                replace(line, guard=ODD_GUARD),
                replace(line, takes=not line.takes),
                replace(line, access=not line.access),
            ]
        )
    )
    return (*program.lines[:number], new, *program.lines[number + 1 :])


@st.composite
def questions(draw: st.DrawFn, count: int) -> tuple[Property, ...]:
    """Sanitizers and properties that are about all threads alike."""
    names = draw(st.lists(st.sampled_from(["race", "lockdep", "deadlock", "assert", "uninit"]), unique=True))
    chosen = [sanitizer(name) for name in ("unreachable", *names)]
    for number in range(draw(st.integers(0, 2))):
        one, other = draw(choices(CONDITIONS)), draw(choices(CONDITIONS))
        threads = [Thread(me, count) for me in range(count)]
        any_one = or_(*(CONDITIONS[one[0]][one[1]](thread) for thread in threads))
        every = and_(*(CONDITIONS[other[0]][other[1]](thread) for thread in threads))
        kind = draw(st.sampled_from([Kind.NEVER, Kind.INVARIANT, Kind.COVER, Kind.DEADLOCK_FREE]))
        chosen.append(Property(f"own{number}", kind, any_one, antecedents=(Part("part", every),), rest=every))
    return tuple(chosen)
