"""The typed model: names resolved, types known, constants and sizes computed (long: one closed list of node types).

Functions, threads and macros are still templates: statements and expressions
refer to locals and to values that are fixed when a template is instantiated.
"""

from __future__ import annotations

from dataclasses import field
from enum import Enum

from oomcheck.diag.span import Source, Span
from oomcheck.ir import expr as ir
from oomcheck.lang.types import Extent, FlagsType, ObjectType, Referents, Size, Type
from oomcheck.records import dataclass

# ---------------------------------------------------------------- storage


@dataclass(frozen=True, slots=True)
class Storage:
    """State of the model: a scalar, flag word or object, or an array of them in row-major order.

    `key` is unique. `dims` are its sizes, `names` how reports call each element,
    `init` the first value of each (for flag words a tuple of bit numbers is in
    `initial_bits`). `handler` is the softirq of a timer, `release` the last-put
    procedure of a refcount, `owner` the type that these are called with. Where
    the first size is an `Extent`, names and first values are those of one unit.
    """

    key: str
    type: Type
    dims: tuple[Size, ...]
    names: tuple[str, ...]
    init: tuple[int, ...]
    span: Span = field(compare=False)
    ghost: bool = False
    marked: bool = False
    initial_bits: frozenset[int] = frozenset()
    handler: str = ""
    release: str = ""
    owner: Type | None = None
    limits: tuple[int, int] | None = None  # declared range of an atomic
    heap: bool = False  # an `alive` bit of a struct that is allocated or freed

    @property
    def size(self) -> int:
        """Number of elements, of each unit if there is an extent."""
        return len(self.names)

    @property
    def extent(self) -> Extent | None:
        """The parameter without a value that is its first size."""
        first = self.dims[0] if self.dims else None
        return first if isinstance(first, Extent) else None


# ---------------------------------------------------------------- expressions


@dataclass(frozen=True, slots=True, eq=False)
class LocalVar:
    """A local of a function or thread; compared by identity. `initialised` if declared with a value."""

    name: str
    type: Type
    initialised: bool
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Fixed:
    """A name whose value is known when a template is instantiated: a quantifier's variable and the like."""

    name: str
    type: Type
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class ObjectFormal:
    """A kernel object passed to a function; a place takes its part at each call."""

    name: str
    type: ObjectType
    span: Span


@dataclass(frozen=True, slots=True)
class Const:
    """A value known now."""

    value: int
    type: Type
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter without a value."""

    extent: Extent
    type: Type
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class ReadLocal:
    """The value of a local."""

    local: LocalVar
    span: Span = field(compare=False)

    @property
    def type(self) -> Type:
        """Type of the local."""
        return self.local.type


@dataclass(frozen=True, slots=True)
class ReadFixed:
    """The value of a quantifier's variable."""

    fixed: Fixed
    span: Span = field(compare=False)

    @property
    def type(self) -> Type:
        """Type of the variable."""
        return self.fixed.type


@dataclass(frozen=True, slots=True)
class CurrentTask:
    """The running thread."""

    type: Type
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Load:
    """The value of a shared place; `marked` as by READ_ONCE, `racy` if data_race() says that a race is meant."""

    place: Place
    marked: bool
    type: Type
    span: Span = field(compare=False)
    racy: bool = False


@dataclass(frozen=True, slots=True)
class Operate:
    """A C operator on values; `->` is implication. && || -> ?: stop early."""

    operator: str
    args: tuple[TExpr, ...]
    type: Type
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Quantify:
    """`kind` (forall, exists, count) over the listed values of `variable`."""

    kind: str
    variable: Fixed
    values: tuple[int, ...]
    body: TExpr
    type: Type
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class QuantifyRange:
    """forall or exists over `low` .. `high`, which depend on a parameter without a value."""

    kind: str
    variable: Fixed
    low: TExpr
    high: TExpr
    body: TExpr
    type: Type
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Reference:
    """`&object`, or the thread that a name with indices stands for.

    The value is `base` + 1 + the sum of `indices`, each of which lies below its bound.
    """

    base: int
    indices: tuple[tuple[TExpr, Size], ...]
    type: Type
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class CallFunction:
    """A call of a function of the model; object arguments are places."""

    function: str
    args: tuple[TExpr | Place, ...]
    type: Type
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class CallOperation:
    """An operation on kernel objects, flag words, threads or plain variables."""

    operation: str
    args: tuple[TExpr | Place, ...]
    type: Type
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Located:
    """`thread at label` or `thread inside name`; `templates` are the thread templates that know the name."""

    kind: str
    thread: TExpr
    label: str
    type: Type
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Inner:
    """A slot inside of the transition system, or an element of an array there; only properties name such."""

    place: ir.Expr
    index: TExpr | None
    type: Type
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class PerThread:
    """What `choices` has for the thread, one for each; only properties name such."""

    thread: TExpr
    choices: tuple[ir.Expr, ...]
    type: Type
    span: Span = field(compare=False)


TOTAL = "internal"  # the operator of a value that needs nothing to have a meaning
EXPIRY = "jiffies +"  # the operator of a deadline's value, with the ticks to it as argument

TExpr = (
    Const
    | Parameter
    | ReadLocal
    | ReadFixed
    | CurrentTask
    | Load
    | Operate
    | Quantify
    | QuantifyRange
    | Reference
    | CallFunction
    | CallOperation
    | Located
    | Inner
    | PerThread
)


# ---------------------------------------------------------------- places


class Reach(Enum):
    """How one index of a place is found."""

    ELEMENT = "element"  # the value itself, below `size`
    STATIC = "static"  # `offset` + value below `size`: an object of a struct by its name
    POINTER = "pointer"  # reference to an object; must not be NULL
    TASK = "task"  # reference to a thread; must not be NULL
    GROUP = "group"  # the thread group of a thread; must not be NULL


@dataclass(frozen=True, slots=True)
class Step:
    """One index of a place into a storage."""

    reach: Reach
    value: TExpr
    size: Size
    offset: int = 0
    struct: str = ""  # for STATIC and POINTER: whose life is checked


@dataclass(frozen=True, slots=True)
class Place:
    """An element of a storage, or a formal that stands for one."""

    storage: Storage | ObjectFormal
    steps: tuple[Step, ...]
    type: Type
    span: Span = field(compare=False)


# ---------------------------------------------------------------- statements


@dataclass(frozen=True, slots=True)
class SBlock:
    """A scope: `locals` end with it."""

    body: tuple[TStmt, ...]
    locals: tuple[LocalVar, ...]


@dataclass(frozen=True, slots=True)
class SLabel:
    """A labelled statement."""

    label: str
    body: TStmt
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class SIf:
    """A branch."""

    condition: TExpr
    then: TStmt
    other: TStmt | None
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class SWhile:
    """A loop; None as condition is `loop`."""

    condition: TExpr | None
    body: TStmt
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class SFor:
    """A counting loop; bounds are evaluated once."""

    variable: LocalVar
    first: TExpr
    last: TExpr
    down: bool
    body: TStmt
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class SEach:
    """A loop over listed values, unrolled."""

    variable: Fixed
    values: tuple[int, ...]
    body: TStmt
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class SAtomic:
    """A block that is one step."""

    body: TStmt
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class SEither:
    """Nondeterministic branches."""

    branches: tuple[TStmt, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class SRcu:
    """An RCU read section as a scope."""

    domain: Place
    body: TStmt
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class SDeclare:
    """The declaration of a local, with its first value if any."""

    local: LocalVar
    value: TExpr | None
    source: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class SAssignLocal:
    """`local = value`."""

    local: LocalVar
    value: TExpr
    source: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class SAssign:
    """`place = value`; `ghost` ones are free."""

    place: Place
    value: TExpr
    ghost: bool
    source: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class SCall:
    """An expression evaluated for its effect."""

    call: CallFunction | CallOperation
    source: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class SChoose:
    """A local gets one of the listed values, or of `low .. high`."""

    local: LocalVar
    values: tuple[int, ...]
    source: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class STest:
    """`await`, `assert` or `assume`; the condition is looked at in one instant."""

    kind: str
    condition: TExpr
    message: str
    source: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class SReturn:
    """Return from the function, or end of the thread."""

    value: TExpr | None
    source: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class SDelay:
    """Time passes: low .. high ticks."""

    low: TExpr
    high: TExpr
    source: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class SCost:
    """A simple statement with a counter of the times that it had to wait."""

    counter: str
    body: TStmt
    span: Span = field(compare=False)  # of the counter's name


@dataclass(frozen=True, slots=True)
class SGoto:
    """Jump to a label of the same body."""

    label: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class SJump:
    """`break`, `continue` or `skip`."""

    kind: str
    span: Span = field(compare=False)


TStmt = (
    SBlock
    | SLabel
    | SIf
    | SWhile
    | SFor
    | SEach
    | SAtomic
    | SEither
    | SRcu
    | SDeclare
    | SAssignLocal
    | SAssign
    | SCall
    | SChoose
    | STest
    | SReturn
    | SDelay
    | SCost
    | SGoto
    | SJump
)


# ---------------------------------------------------------------- templates


@dataclass(frozen=True, slots=True)
class Function:
    """A function; formals of object types take places."""

    name: str
    formals: tuple[LocalVar | ObjectFormal, ...]
    result: Type
    body: TStmt
    source: str
    softirq: bool
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Instance:
    """A thread that will run: its name, group and what its template needs to know.

    `slack` None is any number if `any_slack`; else the thread does not say.
    """

    name: str
    kind: str
    group: int
    template: str
    process: int  # which instance of its process, 0 without one
    daemon: bool
    fairness: str
    slack: int | None
    argument: int | None = None  # for softirq handlers: the owner of the timer
    timer: tuple[str, int] | None = None  # storage key and element
    any_slack: bool = False


@dataclass(frozen=True, slots=True)
class Template:
    """The body of a thread; `where` is the process instance that it runs in."""

    name: str
    body: TStmt
    where: Fixed | None
    source: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Freezer:
    """A freezer: who belongs to it and who is exempt, over `task`."""

    storage: Storage
    kind: str
    task_member: tuple[Fixed, TExpr] | None
    task_exempt: tuple[Fixed, TExpr] | None
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter with its value and what may be chosen; an `open` one stands for every value."""

    name: str
    type: Type
    value: int | None
    default: int | None  # as declared, before imports and the command line
    low: int | None
    high: int | None
    source: str
    span: Span = field(compare=False)
    open: bool = False


@dataclass(frozen=True, slots=True)
class Model:
    """A typed model at fixed values of all parameters but open ones."""

    name: str
    path: str
    kernel: str
    params: tuple[Param, ...]
    referents: Referents
    storages: tuple[Storage, ...]
    functions: tuple[Function, ...]
    templates: tuple[Template, ...]
    instances: tuple[Instance, ...]
    groups: tuple[str, ...]
    freezers: tuple[Freezer, ...]
    sources: tuple[Source, ...]  # model and imports
    digest: str

    def storage(self, key: str) -> Storage:
        """The storage of this key."""
        return next(s for s in self.storages if s.key == key)

    def function(self, name: str) -> Function:
        """The function of this name."""
        return next(f for f in self.functions if f.name == name)


def flags_of(place: Place) -> FlagsType:
    """The flag word that a place is."""
    assert isinstance(place.type, FlagsType)
    return place.type
