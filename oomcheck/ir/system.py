"""The transition system: what the front end makes and every engine reads.

A state is a flat tuple of ints, one slot for each scalar and for each element
of an array, in the order of `variables`. Each process has a program counter;
a transition belongs to one process and one location of it, so an engine finds
the candidates of a state by looking at the counters.
"""

from __future__ import annotations

from dataclasses import field
from enum import Enum
from functools import cached_property

from oomcheck.diag.span import Span
from oomcheck.ir.expr import FALSE, Expr, Lit, Place, Var, and_, eq
from oomcheck.ir.sorts import EnumSort, Scalar, Sort, scalar_of, width
from oomcheck.records import dataclass

State = tuple[int, ...]


class Role(Enum):
    """What a state variable stands for."""

    PC = "pc"
    LOCAL = "local"
    SHARED = "shared"
    GHOST = "ghost"
    OBJECT = "object"  # state inside a kernel object
    PARAM = "param"  # a parameter without a value: at least the lower end of its sort, without upper end; never written


@dataclass(frozen=True, slots=True)
class StateVar:
    """A variable; `init` and `names` (how reports call each slot) have one entry for each slot.

    Of an array with an extent they are those of one unit: all units start alike, and `#` in a name is for the unit.
    """

    name: str
    sort: Sort
    init: tuple[int, ...]
    role: Role
    names: tuple[str, ...]
    owner: int | None = None  # process index of locals and program counters
    quiet: bool = False  # shown by object observables, so left out of traces
    countdown: bool = False  # each tick of time takes one from every slot that is positive
    span: Span | None = field(default=None, compare=False)

    @property
    def var(self) -> Var:
        """The expression that names this variable."""
        return Var(self.name, self.sort)


class ProcessKind(Enum):
    """Thread kinds of the language."""

    THREAD = "thread"
    KTHREAD = "kthread"
    SOFTIRQ = "softirq"
    ENV = "env"
    CLOCK = "clock"  # the passing of time, or of rest; added by transforms, no thread of the model


@dataclass(frozen=True, slots=True)
class Location:
    """A place between two steps of a process; `source` is a kernel reference such as "mm/oom_kill.c:oom_reaper".

    While `patience` holds, time may pass here although a step is enabled: a delay that may end but need not yet.
    """

    name: str
    span: Span | None = field(default=None, compare=False)
    source: str = ""
    patience: Expr = FALSE


@dataclass(frozen=True, slots=True)
class Process:
    """A thread instance; `done` is the location where it has ended, None if it never does."""

    name: str
    kind: ProcessKind
    group: str  # name of its thread group
    pc: str  # name of its program counter variable
    locations: tuple[Location, ...]
    done: int | None
    daemon: bool = False  # may rest for ever
    fairness: str = ""  # "", "weak" or "strong"
    slack: int | None = None  # ticks that a runnable thread may be late; None: any
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Update:
    """`target := value`. All values and indices are of the old state; later updates win."""

    target: Place
    value: Expr


@dataclass(frozen=True, slots=True)
class Action:
    """What a part of a step does, for people: a statement, its place and its kernel reference.

    `result` is the value that it returns or reads, over the state before the step, with its sort;
    `note` says which of several outcomes an operation had. `indices` are the texts of indices
    in `text` with their values, over the same state.
    """

    text: str
    span: Span | None = field(default=None, compare=False)
    source: str = ""
    result: tuple[Expr, Scalar] | None = None
    note: str = ""
    indices: tuple[tuple[str, Expr, Scalar], ...] = ()


@dataclass(frozen=True, slots=True)
class Access:
    """A read or write of a plain variable, for the `race` sanitizer; `marked` as READ_ONCE is."""

    place: Place
    write: bool
    marked: bool
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Transition:
    """One step of `process` from location `origin` to `target`, enabled when `guard` holds.

    `guard` and `updates` leave the program counter out. `actions` holds at
    least one entry; `main` is the index of the one to show. `acquire` is the
    number of the lock that the step takes by blocking, or None. `costs` are the
    cost counters that the step raises, and by how much; `ticks` is the time that
    passes, which only the step of a clock has.
    """

    index: int
    process: int
    origin: int
    target: int
    guard: Expr
    updates: tuple[Update, ...]
    actions: tuple[Action, ...]
    main: int = 0
    accesses: tuple[Access, ...] = ()
    acquire: Expr | None = None
    covers: frozenset[int] = frozenset()  # numbers of the statements and branches that run
    costs: tuple[tuple[str, int], ...] = ()
    ticks: int = 0

    @property
    def action(self) -> Action:
        """The part of the step that a trace shows."""
        return self.actions[self.main]


#: The sanitizer of a false assumption: a fault that ends the behaviour and is never reported.
ASSUME = "assume"


@dataclass(frozen=True, slots=True)
class Fault:
    """A misuse that happens when `process` stands at `origin` and `guard` holds.

    A halting fault ends the behaviour: what follows has no meaning, so the
    transitions of that step are disabled where it applies.
    """

    index: int
    process: int
    origin: int
    guard: Expr
    sanitizer: str
    message: str
    action: Action
    halts: bool


@dataclass(frozen=True, slots=True)
class LockInfo:
    """A lock: its name, and for each process the condition under which it holds the lock.

    One that `spins` is waited for without sleeping, and its holder cannot be preempted.
    """

    name: str
    holders: tuple[Expr, ...]
    spins: bool = False


class View(Enum):
    """Kinds of facts that close a trace."""

    HELD = "held"
    WAITS = "waits"
    FROZEN = "frozen"
    TIMER = "timer"


@dataclass(frozen=True, slots=True)
class Observable:
    """A fact to report in a state where `condition` holds, e.g. HELD "mmap_lock (write)" by process 2.

    `count` is a number, over the state, that stands for `#` in `text`.
    """

    view: View
    text: str
    condition: Expr
    process: int | None = None
    count: Expr | None = None


@dataclass(frozen=True, slots=True)
class CoverPoint:
    """A statement or branch that some reachable step should run."""

    index: int
    text: str
    by_parameter: bool  # excluded by the values of constants: not dead code
    span: Span | None = field(default=None, compare=False)
    source: str = ""


@dataclass(frozen=True)
class TransitionSystem:
    """A closed system of processes; see the module for the shape of a state."""

    name: str
    variables: tuple[StateVar, ...]
    processes: tuple[Process, ...]
    transitions: tuple[Transition, ...]
    faults: tuple[Fault, ...] = ()
    locks: tuple[LockInfo, ...] = ()
    observables: tuple[Observable, ...] = ()
    points: tuple[CoverPoint, ...] = ()
    params: tuple[tuple[str, str], ...] = ()  # name and value as written
    chosen: tuple[str, ...] = ()  # names of those that differ from their declaration
    digest: str = ""
    timed: bool = False  # countdowns, patience and slack have a meaning; else time is abstracted
    hz: int = 0  # ticks in a second, 0 if the model does not say

    @cached_property
    def parametric(self) -> tuple[StateVar, ...]:
        """Parameters without a value; a system that has some is for proofs alone, as its states have no fixed shape."""
        return tuple(v for v in self.variables if v.role is Role.PARAM)

    @cached_property
    def slot(self) -> dict[str, int]:
        """First slot of each variable, by name."""
        slots: dict[str, int] = {}
        offset = 0
        for variable in self.variables:
            slots[variable.name] = offset
            offset += width(variable.sort)
        return slots

    @cached_property
    def slots(self) -> tuple[tuple[StateVar, int], ...]:
        """For each slot its variable and the element within it."""
        return tuple((v, i) for v in self.variables for i in range(width(v.sort)))

    @cached_property
    def slot_sorts(self) -> tuple[Scalar, ...]:
        """Scalar sort of each slot."""
        return tuple(scalar_of(v.sort) for v, _ in self.slots)

    @cached_property
    def slot_names(self) -> tuple[str, ...]:
        """How reports call each slot."""
        return tuple(v.names[i] for v, i in self.slots)

    @cached_property
    def initial(self) -> State:
        """The one initial state; choices are steps."""
        return tuple(value for v in self.variables for value in v.init)

    @cached_property
    def by_location(self) -> dict[tuple[int, int], tuple[Transition, ...]]:
        """Transitions of each (process, location)."""
        table: dict[tuple[int, int], list[Transition]] = {}
        for transition in self.transitions:
            table.setdefault((transition.process, transition.origin), []).append(transition)
        return {key: tuple(value) for key, value in table.items()}

    @cached_property
    def faults_by_location(self) -> dict[tuple[int, int], tuple[Fault, ...]]:
        """Faults of each (process, location)."""
        table: dict[tuple[int, int], list[Fault]] = {}
        for fault in self.faults:
            table.setdefault((fault.process, fault.origin), []).append(fault)
        return {key: tuple(value) for key, value in table.items()}

    def pc_var(self, process: int) -> Var:
        """The program counter of a process, as an expression."""
        name = self.processes[process].pc
        return next(v.var for v in self.variables if v.name == name)

    def at(self, process: int, location: int) -> Expr:
        """The condition that a process stands at a location."""
        pc = self.pc_var(process)
        assert isinstance(pc.sort, EnumSort)
        return eq(pc, Lit(location, pc.sort))

    def full_guard(self, step: Transition | Fault) -> Expr:
        """Guard of a step or fault, program counter included."""
        return and_(self.at(step.process, step.origin), step.guard)
