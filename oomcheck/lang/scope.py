"""Names: what each stands for, and where it can be seen."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import field

from oomcheck.diag.diagnostic import OomcheckError, error
from oomcheck.diag.span import Span
from oomcheck.lang import model as m
from oomcheck.lang import tree as t
from oomcheck.lang.inside import Inside
from oomcheck.lang.types import Extent, FlagsType, Size, StructType, Type
from oomcheck.records import dataclass


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant, parameter or enum member; without a value it is the `expression`, if there is one."""

    value: int | None  # None: a parameter without a value, or what depends on an open one
    type: Type
    parameter: bool
    span: Span
    expression: m.TExpr | None = None


@dataclass(frozen=True, slots=True)
class Bit:
    """A flag of a word."""

    word: FlagsType
    number: int
    span: Span


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable, flag word or object, or an array of them; `where` is its process, if any."""

    key: str
    type: Type
    dims: tuple[Size, ...]
    span: Span
    process: str = ""


@dataclass(frozen=True, slots=True)
class Objects:
    """Objects of a struct: one (`size` None) or an array; `base` is the number of the first."""

    struct: str
    base: int
    size: Size | None
    span: Span


@dataclass(frozen=True, slots=True)
class Threads:
    """Instances of a thread template; `size` None if it is no array. `per_process` instances in each process."""

    template: str
    base: int
    size: int | None
    span: Span

    @property
    def count(self) -> int:
        """Instances (in each process)."""
        return 1 if self.size is None else self.size


@dataclass(frozen=True, slots=True)
class Process:
    """A process: its threads by their short names, `stride` threads in each of `size` instances."""

    name: str
    size: int | None
    base: int
    stride: int
    threads: dict[str, Threads]
    variables: dict[str, Variable]
    span: Span

    @property
    def count(self) -> int:
        """How many instances there are."""
        return 1 if self.size is None else self.size


@dataclass(frozen=True, slots=True)
class Macro:
    """A `define`."""

    formals: tuple[str, ...] | None
    body: t.Expr
    span: Span


@dataclass(frozen=True, slots=True)
class FunctionHead:
    """A function as its callers see it."""

    name: str
    formals: tuple[m.LocalVar | m.ObjectFormal, ...]
    result: Type
    softirq: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Struct:
    """A struct: declarations of its fields by name."""

    name: str
    fields: dict[str, StructField]
    span: Span


@dataclass(frozen=True, slots=True)
class StructField:
    """A field: its type without dimensions, its sizes, its span."""

    name: str
    type: Type
    dims: tuple[Size, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Argument:
    """What a macro's formal stands for at a use."""

    value: object  # a Thing of the expression typer
    span: Span


Symbol = (
    Constant
    | Bit
    | Variable
    | Objects
    | Threads
    | Process
    | Macro
    | FunctionHead
    | m.LocalVar
    | m.Fixed
    | m.ObjectFormal
    | Argument
)


@dataclass(slots=True)
class Globals:
    """All names of a model while it is elaborated."""

    names: dict[str, Symbol] = field(default_factory=dict)
    types: dict[str, Type] = field(default_factory=dict)  # enums and structs
    structs: dict[str, Struct] = field(default_factory=dict)
    task_fields: dict[str, Variable] = field(default_factory=dict)
    group_fields: dict[str, Variable] = field(default_factory=dict)
    storages: dict[str, m.Storage] = field(default_factory=dict)
    thread_names: list[str] = field(default_factory=list)
    thread_groups: list[int] = field(default_factory=list)
    objects: dict[str, list[str]] = field(default_factory=dict)  # struct -> object names
    extents: dict[str, Extent] = field(default_factory=dict)  # struct -> size of its one array, if that has no value
    labels: dict[str, set[str]] = field(default_factory=dict)  # function or template -> labels in it
    threads_by_template: dict[str, Threads] = field(default_factory=dict)
    work: int = 0  # expressions typed so far
    inside: Inside | None = None  # of the system, for properties

    def declare(self, name: t.Name, symbol: Symbol) -> None:
        """Add a global name; E0202 if it exists."""
        old = self.names.get(name.text)
        if old is not None:
            raise error("E0202", f"`{name.text}` is declared twice", name.span, f"first declared at {old.span}")
        self.names[name.text] = symbol

    def struct_type(self, name: str) -> StructType | None:
        """The struct of this name."""
        found = self.types.get(name)
        return found if isinstance(found, StructType) else None


@dataclass(frozen=True, slots=True)
class Scope:
    """Names visible at a place: local ones over those of the process over global ones."""

    globals: Globals
    locals: dict[str, Symbol]
    process: Process | None = None
    where: m.Fixed | None = None  # the process instance of the running thread

    def lookup(self, name: str) -> Symbol | None:
        """What a name stands for here."""
        if name in self.locals:
            return self.locals[name]
        if self.process is not None and name in self.process.variables:
            return self.process.variables[name]
        return self.globals.names.get(name)

    def resolve(self, name: str, span: Span) -> Symbol:
        """What a name stands for here; E0201 with a suggestion if nothing."""
        found = self.lookup(name)
        if found is None:
            known = [*self.locals, *(self.process.variables if self.process else ()), *self.globals.names]
            raise unknown("E0201", f"`{name}` is not declared", name, known, span)
        return found

    def inner(self) -> Scope:
        """A nested scope, whose names end with it."""
        return Scope(self.globals, dict(self.locals), self.process, self.where)

    def top(self) -> Scope:
        """The scope of macro bodies: no locals."""
        return Scope(self.globals, {}, None, None)


def unknown(code: str, message: str, name: str, known: Iterable[str], span: Span) -> OomcheckError:
    """An error with a suggestion, if a known name is close."""
    close = difflib.get_close_matches(name, sorted(set(known)), n=1, cutoff=0.7)
    return error(code, message, span, f"did you mean `{close[0]}`?" if close else "")
