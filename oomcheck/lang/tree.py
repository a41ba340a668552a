"""The syntax tree: what a file says, before names and types are known (long: one closed list of node types)."""

from __future__ import annotations

from dataclasses import field
from enum import Enum

from oomcheck.diag.span import Span
from oomcheck.records import dataclass


@dataclass(frozen=True, slots=True)
class Name:
    """An identifier where it stands."""

    text: str
    span: Span = field(compare=False)


# ---------------------------------------------------------------- expressions


@dataclass(frozen=True, slots=True)
class Number:
    """An integer literal."""

    value: int
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Truth:
    """`true` or `false`."""

    value: bool
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Null:
    """`NULL`."""

    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Current:
    """`current`, the running thread."""

    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Ident:
    """A name used as an expression."""

    name: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Element:
    """`base[index]`."""

    base: Expr
    index: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Member:
    """`base.member`, or `base->member` if `arrow`."""

    base: Expr
    member: Name
    arrow: bool
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Address:
    """`&place`."""

    place: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Unary:
    """`operator operand`, the operator is `-` or `!`."""

    operator: str
    operand: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """`left operator right`; operators are C's, and `->` for implication."""

    operator: str
    left: Expr
    right: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Conditional:
    """`condition ? then : other`."""

    condition: Expr
    then: Expr
    other: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Domain:
    """`low .. high`, or the set that `low` names if `high` is None."""

    low: Expr
    high: Expr | None


@dataclass(frozen=True, slots=True)
class Quantified:
    """`kind variable in domain : body`; the kind is forall, exists or count."""

    kind: str
    variable: Name
    domain: Domain
    body: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Where:
    """`thread at label`, `thread inside name` or `thread at "place"`, which has the kind "place"."""

    kind: str
    thread: Expr
    label: Name
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """`function(arguments)`: a function, a macro or a kernel operation."""

    function: Name
    arguments: tuple[Expr, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Inner:
    """`internal("name")` or `internal("name", index)`: state without a name in the model. `word` stands first."""

    word: Name
    name: str
    index: Expr | None
    span: Span = field(compare=False)


Expr = (
    Number
    | Truth
    | Null
    | Current
    | Ident
    | Element
    | Member
    | Address
    | Unary
    | Binary
    | Conditional
    | Quantified
    | Where
    | Call
    | Inner
)


# ---------------------------------------------------------------- types and declarators


class TypeForm(Enum):
    """How a type is written."""

    VOID = "void"
    BOOL = "bool"
    INT = "int"
    NAMED = "named"
    POINTER = "pointer"
    OBJECT = "object"  # a reference to a kernel object, in formals only


@dataclass(frozen=True, slots=True)
class TypeExpr:
    """A type as written; `name` for NAMED, POINTER and OBJECT, bounds for INT (both or none)."""

    form: TypeForm
    span: Span = field(compare=False)
    name: str = ""
    low: Expr | None = None
    high: Expr | None = None


@dataclass(frozen=True, slots=True)
class Declarator:
    """`name[dims] = init`."""

    name: Name
    dims: tuple[Expr, ...] = ()
    init: Expr | None = None


# ---------------------------------------------------------------- statements


@dataclass(frozen=True, slots=True)
class Block:
    """`{ statements }`; its locals end with it."""

    body: tuple[Stmt, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Labelled:
    """`label: body`."""

    label: Name
    body: Stmt
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class If:
    """`if (condition) then else other`."""

    condition: Expr
    then: Stmt
    other: Stmt | None
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class While:
    """`while (condition) body`; `loop` has no condition."""

    condition: Expr | None
    body: Stmt
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class ForRange:
    """`for (variable in first .. last)`, or `first down to last`."""

    variable: Name
    first: Expr
    last: Expr
    down: bool
    body: Stmt
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class ForEach:
    """`for (variable in set)`; `threads` tells that it was written `for each thread`."""

    variable: Name
    domain: Expr
    body: Stmt
    threads: bool
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class RcuSection:
    """`rcu (domain) body`."""

    domain: Expr | None
    body: Stmt
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Atomic:
    """`atomic { }`."""

    body: Block
    source: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Either:
    """`either { } or { }`."""

    branches: tuple[Block, ...]
    source: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Local:
    """Local variables of one type; `cost` counts how often a first value had to be waited for."""

    type: TypeExpr
    declarators: tuple[Declarator, ...]
    source: str
    span: Span = field(compare=False)
    cost: Name | None = None


@dataclass(frozen=True, slots=True)
class Assign:
    """`place operator value`; `++` and `--` arrive as `+=` and `-=` of 1; `cost` counts waits of the value."""

    place: Expr
    operator: str
    value: Expr
    source: str
    span: Span = field(compare=False)
    cost: Name | None = None


@dataclass(frozen=True, slots=True)
class CallStmt:
    """A call whose result, if any, is dropped; `cost` is the counter of its waits."""

    call: Call
    source: str
    span: Span = field(compare=False)
    cost: Name | None = None


@dataclass(frozen=True, slots=True)
class Choose:
    """`choose variable in domain`."""

    variable: Name
    domain: Domain
    source: str
    span: Span = field(compare=False)


class Test(Enum):
    """Statements that look at a condition in one instant."""

    AWAIT = "await"
    ASSERT = "assert"
    ASSUME = "assume"


@dataclass(frozen=True, slots=True)
class TestStmt:
    """`await`, `assert` or `assume` of a condition."""

    kind: Test
    condition: Expr
    message: str
    source: str
    span: Span = field(compare=False)
    cost: Name | None = None


@dataclass(frozen=True, slots=True)
class Return:
    """`return value`."""

    value: Expr | None
    source: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Delay:
    """`delay(low .. high)` in ticks."""

    low: Expr
    high: Expr
    source: str
    span: Span = field(compare=False)
    cost: Name | None = None


@dataclass(frozen=True, slots=True)
class Goto:
    """`goto label`."""

    label: Name
    source: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Jump:
    """`break`, `continue` or `skip`."""

    kind: str
    source: str
    span: Span = field(compare=False)


Stmt = (
    Block
    | Labelled
    | If
    | While
    | ForRange
    | ForEach
    | RcuSection
    | Atomic
    | Either
    | Local
    | Assign
    | CallStmt
    | Choose
    | TestStmt
    | Return
    | Delay
    | Goto
    | Jump
)


# ---------------------------------------------------------------- declarations


@dataclass(frozen=True, slots=True)
class Binding:
    """`name = value`, `name in low .. high` or `name in { values }`."""

    name: Name
    value: Expr | None
    low: Expr | None = None
    high: Expr | None = None
    values: tuple[Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class Import:
    """`import "path" with bindings`."""

    path: str
    bindings: tuple[Binding, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class ConstDecl:
    """`const name = value`."""

    name: Name
    value: Expr
    source: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class ParamDecl:
    """A parameter; `form` is int, bool or enum. `members` declare a new enum, `enum` names one."""

    name: Name
    form: str
    default: Expr | None
    source: str
    span: Span = field(compare=False)
    low: Expr | None = None
    high: Expr | None = None
    members: tuple[Name, ...] = ()
    enum: Name | None = None


@dataclass(frozen=True, slots=True)
class EnumDecl:
    """`enum name { members }`."""

    name: Name
    members: tuple[Name, ...]
    source: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class VarDecl:
    """Variables of one type; qualifiers are ghost, marked, per_task, per_group."""

    qualifiers: tuple[Name, ...]
    type: TypeExpr
    declarators: tuple[Declarator, ...]
    unallocated: bool
    source: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class FlagsDecl:
    """A flag word with its bits and those set at the start."""

    qualifiers: tuple[Name, ...]
    name: Name
    dims: tuple[Expr, ...]
    bits: tuple[Name, ...]
    initial: tuple[Name, ...]
    source: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class ObjectDecl:
    """Kernel objects of one kind; `variant` stands in parentheses, `low .. high` for atomics."""

    qualifiers: tuple[Name, ...]
    kind: str
    variant: Name | None
    declarators: tuple[Declarator, ...]
    release: Name | None
    source: str
    span: Span = field(compare=False)
    low: Expr | None = None
    high: Expr | None = None


@dataclass(frozen=True, slots=True)
class TimerDecl:
    """`timer name = handler`."""

    qualifiers: tuple[Name, ...]
    name: Name
    dims: tuple[Expr, ...]
    handler: Name
    source: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class FreezerDecl:
    """`freezer name kind member(t) = expr exempt(t) = expr`."""

    name: Name
    kind: str
    member: tuple[Name, Expr] | None
    exempt: tuple[Name, Expr] | None
    source: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class DefineDecl:
    """`define name(formals) = body`; `formals` is None where no list is written."""

    name: Name
    formals: tuple[Name, ...] | None
    body: Expr
    source: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Formal:
    """A parameter of a function."""

    type: TypeExpr
    name: Name


@dataclass(frozen=True, slots=True)
class FunctionDecl:
    """A function; softirq handlers are functions with `softirq` set."""

    type: TypeExpr
    name: Name
    formals: tuple[Formal, ...]
    body: Block
    source: str
    span: Span = field(compare=False)
    softirq: bool = False


@dataclass(frozen=True, slots=True)
class ThreadDecl:
    """A thread template; `kind` is thread, kthread or env; slack None is `any` if `any_slack`, else not given."""

    kind: str
    name: Name
    dims: tuple[Expr, ...]
    daemon: bool
    fairness: str
    slack: Expr | None
    body: Block
    source: str
    span: Span = field(compare=False)
    any_slack: bool = False


@dataclass(frozen=True, slots=True)
class StructDecl:
    """`struct name { fields }`."""

    name: Name
    fields: tuple[VarDecl | FlagsDecl | ObjectDecl | TimerDecl, ...]
    source: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class ProcessDecl:
    """`process name[dims] { members }`."""

    name: Name
    dims: tuple[Expr, ...]
    members: tuple[VarDecl | FlagsDecl | ObjectDecl | TimerDecl | ThreadDecl, ...]
    span: Span = field(compare=False)


Item = (
    Import
    | ConstDecl
    | ParamDecl
    | EnumDecl
    | StructDecl
    | ProcessDecl
    | VarDecl
    | FlagsDecl
    | ObjectDecl
    | TimerDecl
    | FreezerDecl
    | DefineDecl
    | FunctionDecl
    | ThreadDecl
)


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model or library file; `source` is the kernel it describes."""

    name: Name
    library: bool
    source: str
    items: tuple[Item, ...]
    span: Span = field(compare=False)


# ---------------------------------------------------------------- specs


@dataclass(frozen=True, slots=True)
class Temporal:
    """`X`, `G`, `F` of one operand, `U`, `R`, `W` of two; words and symbols arrive as these letters."""

    operator: str
    operands: tuple[Formula, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Connective:
    """`!`, `&&`, `||`, `->` with a temporal operator below, and `<->`."""

    operator: str
    operands: tuple[Formula, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Each:
    """`forall` or `exists` with a temporal operator below."""

    kind: str
    variable: Name
    domain: Domain
    body: Formula
    span: Span = field(compare=False)


Formula = Temporal | Connective | Each | Expr


@dataclass(frozen=True, slots=True)
class Ltl:
    """A formula over runs."""

    formula: Formula
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class LeadsTo:
    """`trigger ~> response`."""

    trigger: Expr
    response: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Within:
    """`trigger ~> response within limit`, or `sup time(trigger ~> response) <= limit`, which may have no limit."""

    trigger: Expr
    response: Expr
    limit: Expr | None
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class MaxCost:
    """`max cost <= limit`."""

    cost: Name
    limit: Expr | None
    span: Span = field(compare=False)


Asked = Ltl | LeadsTo | Within | MaxCost


@dataclass(frozen=True, slots=True)
class Fair:
    """`kind(threads)` or `kind(threads at label)`; no threads: `all`. The kind is weak or strong."""

    kind: str
    threads: Expr | None
    label: Name | None
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class PropertyDecl:
    """`kind name "sentence" : formula`; `rest` is the `except` of deadlock_free, `asked` of properties about runs."""

    kind: str
    name: Name
    sentence: str
    formula: Expr | None
    rest: Expr | None
    span: Span = field(compare=False)
    asked: Asked | None = None
    fair: tuple[Fair, ...] = ()


@dataclass(frozen=True, slots=True)
class Timing:
    """`timed slack E` or `untimed`."""

    timed: bool
    slack: Expr | None
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Quick:
    """What a quick run does with a check: it leaves it out if there are no bindings."""

    bindings: tuple[Binding, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class CheckDecl:
    """A check; `properties` is None for `all`."""

    name: Name
    properties: tuple[Name, ...] | None
    bindings: tuple[Binding, ...]
    without: tuple[Name, ...]
    timing: Timing | None
    quick: Quick | None
    expect: str
    value: Expr | None
    at: str
    because: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class EquivalentDecl:
    """Why no check can notice a mutant of the model; `mutant` is its name, such as `exit.oom: swap ...`."""

    mutant: str
    because: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class SpecFile:
    """A spec and the model file that it names."""

    model: str
    model_span: Span = field(compare=False)
    defines: tuple[DefineDecl, ...]
    properties: tuple[PropertyDecl, ...]
    checks: tuple[CheckDecl, ...]
    equivalents: tuple[EquivalentDecl, ...]
    span: Span = field(compare=False)
