"""What a kernel object is made of: fields, operations, misuse checks.

An operation is a function that draws a small graph at a `Site`, the place in a
thread where it is called: nodes, and edges with guards, updates and checks. The
site belongs to the front end; objects know only this interface and the IR.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Protocol

from oomcheck.ir.expr import TRUE, Expr, Index, Lit, Place, Var, add, binary, eq
from oomcheck.ir.interval import interval
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, ArraySort, EnumSort, IntSort, Scalar
from oomcheck.ir.system import View
from oomcheck.records import dataclass

COUNTER = IntSort(0, 2**31 - 1)
TICKS = IntSort(0, 2**31)  # of countdowns, until their greatest values are known
READ_DEPTH = 3  # nested read sections of one thread on one lock


class EdgeKind(Enum):
    """How an edge takes part in a step."""

    FREE = "free"  # local; joins the step before it
    BIND = "bind"  # joins the step after it
    STEP = "step"  # an access: exactly one in each step


@dataclass(frozen=True, slots=True)
class Check:
    """`ok` must hold where the edge is taken; else a fault of `sanitizer`. A halting one ends the behaviour."""

    sanitizer: str
    ok: Expr
    message: str
    halts: bool = False


Assignment = tuple[Place, Expr]


@dataclass(frozen=True, slots=True)
class FieldVar:
    """The array of one field over all elements of a storage; `stride` slots for each element."""

    var: Var
    stride: int


@dataclass(frozen=True, slots=True)
class ObjRef:
    """One kernel object or flag word: element `element` of its storage."""

    kind: str
    variant: str
    key: str
    text: str
    element: Expr
    fields: Mapping[str, FieldVar]

    def at(self, field: str, sub: Expr | int = 0) -> Index:
        """The place of a field, or of its part `sub`."""
        found = self.fields[field]
        part = Lit(sub, COUNTER) if isinstance(sub, int) else sub
        scaled = binary(Op.MUL, self.element, Lit(found.stride, COUNTER)) if found.stride != 1 else self.element
        return Index(found.var, add(scaled, part))

    def stride(self, field: str) -> int:
        """How many parts a field has."""
        return self.fields[field].stride


Condition = Callable[[int, int], None]  # draws the test of a condition: (node if true, node if false)
Operand = ObjRef | Expr | int | Condition


class Site(Protocol):
    """Where an operation is drawn; `here` is the node that drawing goes on from."""

    here: int

    @property
    def me(self) -> int:
        """Index of the running process."""
        ...

    @property
    def processes(self) -> tuple[str, ...]:
        """Names of all processes."""
        ...

    @property
    def facts(self) -> Facts:
        """What the operation may need to know about the rest of the model."""
        ...

    def node(self) -> int:
        """A fresh node."""
        ...

    def edge(
        self,
        origin: int,
        target: int,
        *,
        guard: Expr = TRUE,
        updates: Sequence[Assignment] = (),
        checks: Sequence[Check] = (),
        kind: EdgeKind = EdgeKind.STEP,
        acquire: Expr | None = None,
        note: str = "",
    ) -> None:
        """Draw an edge."""
        ...

    def temp(self, sort: Scalar) -> Var:
        """A register that lives until the statement ends."""
        ...

    def countdown(self) -> Var | None:
        """The ticks that the running thread has left to wait; None where nothing has a length."""
        ...

    def rest_at(self, node: int, left: Var, what: str) -> None:
        """The thread can be seen at a node in `what`, with a countdown that has started before."""
        ...


@dataclass(frozen=True, slots=True)
class Facts:
    """The rest of the model, as far as objects need it.

    `preempt` counts spinlocks and RCU sections of the running thread (None if the
    model has neither); `task` are the built-in per-task fields in use; `group_of`
    gives the thread group of a process; `freezing(task expression)` is the request
    of any legacy freezer, `trapped` that of any v2 freezer; `dead(task expression)`
    tells that a thread has ended. `timed` tells that ticks are counted.
    """

    preempt: Var | None
    softirq: bool
    task: ObjRef
    group_of: tuple[int, ...]
    group_flags: ObjRef
    freezing: Callable[[Expr], Expr]
    trapped: Callable[[Expr], Expr]
    lock_number: Callable[[ObjRef], Expr]
    handler_busy: Callable[[ObjRef], Expr]
    dead: Callable[[Expr], Expr]
    timed: bool


class ArgKind(Enum):
    """What an argument of an operation must be."""

    OBJECT = "object"
    BIT = "a flag"
    WORD = "a flag word"
    INT = "an int"
    TASK = "a thread"
    CONDITION = "a condition"
    VARIABLE = "a plain variable"
    VALUE = "a value of that variable"
    STATE = "a task state"
    POOL = "an array of structs"
    POINTER = "a reference"
    TICKS = "jiffies + ticks"
    INSTANT = "jiffies or a deadline"
    LOCK = "a lock"


class ResultKind(Enum):
    """What an operation returns."""

    VOID = "void"
    BOOL = "bool"
    INT = "int"
    STATE = "task state"
    VARIABLE = "the type of the variable"
    POOL = "a reference into the pool"


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation: what it takes, what it returns, and how it is drawn.

    `kind` is the object kind of OBJECT arguments. A `pure` operation is one
    read: `value` gives it as an expression, so that properties may use it.
    Others have `draw`, which returns the result or None. `sleeps` operations
    may not run in atomic context. `must_use` results should not be dropped.
    """

    name: str
    kind: str
    args: tuple[ArgKind, ...]
    result: ResultKind = ResultKind.VOID
    value: Callable[[Facts, Sequence[Operand]], Expr] | None = None
    draw: Callable[[Site, Sequence[Operand]], Expr | None] | None = None
    sleeps: bool = False
    must_use: bool = False
    optional: int = 0  # how many of the last arguments may be left out

    @property
    def pure(self) -> bool:
        """Whether it only reads, in one step."""
        return self.value is not None


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an object: its sort, whether it has a part for each process, first value."""

    name: str
    sort: Callable[[tuple[str, ...]], Scalar]
    per_process: bool = False
    square: bool = False  # with `per_process`: a part for each pair of processes
    init: int = 0
    from_declaration: bool = False  # the first value is the one declared
    countdown: bool = False  # ticks that are left


@dataclass(frozen=True, slots=True)
class ObjectKind:
    """A kind of kernel object.

    `held` gives the condition that a process holds it (locks only), `waiting`
    that it waits in a queue; `views` the facts that close a trace. A lock that
    `spins` is waited for without sleeping.
    """

    name: str
    fields: tuple[Field, ...]
    operations: tuple[Operation, ...]
    variants: tuple[str, ...] = ("",)  # the first is the default
    init: int | None = None  # default of the declared first value; None: no value may be declared
    held: Callable[[ObjRef, int], Expr] | None = None
    waiting: Callable[[ObjRef, int], Expr] | None = None
    views: Callable[[ObjRef, tuple[str, ...]], list[tuple[View, str, Expr, int | None]]] | None = None
    spins: bool = False


def thread_sort(names: tuple[str, ...]) -> EnumSort:
    """References to threads: 0 is nobody, k is process k-1."""
    return EnumSort("task *", ("none", *names))


def bool_sort(_names: tuple[str, ...]) -> Scalar:
    """The sort of a truth value, whatever the processes."""
    return BOOL


def this(site: Site) -> Lit:
    """The running thread as a value of `thread_sort`."""
    return Lit(site.me + 1, thread_sort(site.processes))


def nobody(names: tuple[str, ...]) -> Lit:
    """No thread."""
    return Lit(0, thread_sort(names))


def obj(operand: Operand) -> ObjRef:
    """The operand, which the signature makes an object."""
    assert isinstance(operand, ObjRef)
    return operand


def expr(operand: Operand) -> Expr:
    """The operand, which the signature makes a value."""
    assert isinstance(operand, Expr)
    return operand


def owner_literal(owner: Index, process: int | None) -> Lit:
    """A process, or nobody, as a value of an owner field."""
    assert isinstance(owner.array.sort, ArraySort)
    return Lit(0 if process is None else process + 1, owner.array.sort.element)


def parts(ref: ObjRef, field: str) -> list[Index]:
    """All parts of a field."""
    return [ref.at(field, i) for i in range(ref.stride(field))]


def step(site: Site, updates: Sequence[Assignment] = (), checks: Sequence[Check] = (), guard: Expr = TRUE) -> None:
    """Draw one step from `here` to a fresh node and go on from there."""
    target = site.node()
    site.edge(site.here, target, guard=guard, updates=updates, checks=checks)
    site.here = target


def ticks_sort(_names: tuple[str, ...]) -> Scalar:
    """The sort of a countdown, whatever the processes."""
    return TICKS


def tick_checks(ticks: Expr, what: str) -> list[Check]:
    """A number of ticks is not negative."""
    if interval(ticks)[0] >= 0:
        return []
    return [Check("range", binary(Op.LE, Lit(0, COUNTER), ticks), f"{what}: a negative number of ticks", True)]


def atomic_context(site: Site, what: str) -> list[Check]:
    """The checks of an operation that may sleep."""
    if site.facts.softirq:
        from_softirq = Lit(0, BOOL)
        return [Check("lockdep", from_softirq, f"{what} may sleep, but this is a softirq")]
    preempt = site.facts.preempt
    if preempt is None:
        return []
    calm = eq(preempt, Lit(0, COUNTER))
    return [Check("lockdep", calm, f"{what} may sleep, but a spinlock is held or an RCU read section is open")]


def enter_atomic(site: Site) -> list[Assignment]:
    """Count one more spinlock or RCU section of the running thread."""
    preempt = site.facts.preempt
    return [] if preempt is None else [(preempt, add(preempt, Lit(1, COUNTER)))]


def leave_atomic(site: Site) -> list[Assignment]:
    """Count one spinlock or RCU section less."""
    preempt = site.facts.preempt
    return [] if preempt is None else [(preempt, binary(Op.SUB, preempt, Lit(1, COUNTER)))]
