"""What `tests.interpreter` runs: shared memory by names, and code of a stack machine compiled from syntax trees.

Written from docs/language.md. The value of an expression is left on the stack; an address is a number of a cell of
the memory, or a `Wrong` that the access which uses it reports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from oomcheck.lang import tree as t

WORD = (-(2**31), 2**31 - 1)


class Halt(Exception):  # noqa: N818 - no error of the program, but an end of a behaviour
    """A misuse after which nothing has a meaning."""


@dataclass(frozen=True)
class Wrong:
    """An address that does not exist; says which sanitizer objects."""

    sanitizer: str


Address = int | Wrong


@dataclass(frozen=True)
class Kind:
    """A type: int, bool, enum, ptr, or the kind of an object; `bits` of a flag word, `name` of enum or struct."""

    form: str
    low: int = 0
    high: int = 1
    name: str = ""
    bits: tuple[str, ...] = ()


BOOL, INT = Kind("bool"), Kind("int", *WORD)


@dataclass
class Variable:
    """Cells from `base` on; `size` is None for one that is no array. `span` cells for each element."""

    kind: Kind
    base: int
    size: int | None
    span: int


@dataclass
class Memory:
    """The cells of a model: names as reports give them, first values, ranges, and what names stand for."""

    names: list[str] = field(default_factory=list)
    first: list[int] = field(default_factory=list)
    ranges: list[tuple[int, int]] = field(default_factory=list)
    ghosts: set[int] = field(default_factory=set)
    globals: dict[str, Variable] = field(default_factory=dict)
    fields: dict[str, dict[str, list[Variable]]] = field(default_factory=dict)  # struct, field, object
    objects: dict[str, tuple[str, int, int | None]] = field(default_factory=dict)  # struct, first, array size
    counts: dict[str, int] = field(default_factory=dict)  # objects of each struct
    enums: dict[str, tuple[str, ...]] = field(default_factory=dict)
    functions: dict[str, t.FunctionDecl] = field(default_factory=dict)
    threads: list[tuple[str, t.ThreadDecl, str]] = field(default_factory=list)  # name, template, process instance
    constants: dict[str, int] = field(default_factory=dict)


class Declarations:
    """Lays out the memory of a model file."""

    def __init__(self, model: t.ModelFile) -> None:
        self.memory = Memory()
        self.structs: dict[str, t.StructDecl] = {}
        for item in model.items:
            if isinstance(item, t.ThreadDecl):
                self._threads(item, "")
            elif isinstance(item, t.ProcessDecl):
                for process in instances(item.name.text, item.dims):
                    for thread in item.members:
                        if isinstance(thread, t.ThreadDecl):
                            self._threads(thread, process)
        for item in model.items:
            self._item(item)

    def _threads(self, item: t.ThreadDecl, process: str) -> None:
        for name in instances(item.name.text, item.dims):
            self.memory.threads.append((f"{process}.{name}" if process else name, item, process))

    def _item(self, item: t.Item) -> None:
        memory = self.memory
        match item:
            case t.EnumDecl(name=name, members=members):
                memory.enums[name.text] = tuple(m.text for m in members)
                memory.constants.update({m.text: i for i, m in enumerate(members)})
            case t.ConstDecl(name=name, value=value):
                memory.constants[name.text] = constant(value, memory)
            case t.StructDecl(name=name):
                memory.fields[name.text], memory.counts[name.text] = {}, 0
                self.structs[name.text] = item
            case t.FunctionDecl(name=name):
                memory.functions[name.text] = item
            case t.VarDecl(unallocated=True):
                raise NotImplementedError(item)
            case t.VarDecl(type=t.TypeExpr(form=t.TypeForm.NAMED, name=struct)) if struct in memory.fields:
                for declarator in item.declarators:
                    self._objects(struct, declarator)
            case t.ProcessDecl():
                for process in instances(item.name.text, item.dims):
                    for member in item.members:
                        if not isinstance(member, t.ThreadDecl):
                            for inner, variable in self._storage(member, f"{process}."):
                                memory.globals[f"{process}.{inner}"] = variable
            case t.VarDecl() | t.FlagsDecl() | t.ObjectDecl():
                memory.globals.update(self._storage(item, ""))
            case t.ThreadDecl():
                pass
            case _:
                raise NotImplementedError(item)

    def _objects(self, struct: str, declarator: t.Declarator) -> None:
        memory = self.memory
        size = constant(declarator.dims[0], memory) if declarator.dims else None
        memory.objects[declarator.name.text] = (struct, memory.counts[struct], size)
        for name in instances(declarator.name.text, declarator.dims):
            memory.counts[struct] += 1
            for member in self.structs[struct].fields:
                for inner, variable in self._storage(member, f"{name}."):
                    memory.fields[struct].setdefault(inner, []).append(variable)

    def _storage(self, item: object, prefix: str) -> Iterator[tuple[str, Variable]]:
        memory = self.memory
        match item:
            case t.VarDecl(type=kind, declarators=declarators, qualifiers=qualifiers):
                ghost = any(q.text == "ghost" for q in qualifiers)
                for d in declarators:
                    yield d.name.text, self._cells(prefix, d, kind_of(kind, memory), [""], ghost)
            case t.FlagsDecl(name=name, bits=bits, initial=initial, dims=dims):
                kind_ = Kind("flags", bits=tuple(b.text for b in bits))
                variable = self._cells(prefix, t.Declarator(name, dims), kind_, [f".{b.text}" for b in bits])
                for i in range(variable.base, len(memory.names)):
                    memory.first[i] = int(memory.names[i].rpartition(".")[2] in [b.text for b in initial])
                yield name.text, variable
            case t.ObjectDecl(kind=object_kind, declarators=declarators):
                threads = [name for name, _, _ in memory.threads]
                low, high, parts = {
                    "spinlock": (0, len(threads), [".owner"]),
                    "mutex": (0, len(threads), [".owner"]),
                    "refcount": (0, 255, [""]),
                    "completion": (0, 15, [""]),
                    "waitqueue": (0, 1, [f".sleeper[{name}]" for name in threads]),
                    "atomic": (*WORD, [""]),
                }[object_kind]
                if item.low is not None and item.high is not None:
                    low, high = constant(item.low, memory), constant(item.high, memory)
                for d in declarators:
                    variable = self._cells(prefix, d, Kind(object_kind, low, high), parts)
                    if object_kind == "refcount" and d.init is None:
                        memory.first[variable.base : len(memory.first)] = [1] * (len(memory.first) - variable.base)
                    yield d.name.text, variable
            case _:
                raise NotImplementedError(item)

    def _cells(self, prefix: str, d: t.Declarator, kind: Kind, parts: Sequence[str], ghost: bool = False) -> Variable:
        memory = self.memory
        base = len(memory.names)
        size = constant(d.dims[0], memory) if d.dims else None
        init = self._first(d.init, kind) if d.init is not None else kind.low if not kind.low <= 0 <= kind.high else 0
        for name in instances(d.name.text, d.dims):
            for part in parts:
                if ghost:
                    memory.ghosts.add(len(memory.names))
                memory.names.append(f"{prefix}{name}{part}")
                memory.first.append(init)
                memory.ranges.append((kind.low, kind.high))
        return Variable(kind, base, size, len(parts))

    def _first(self, init: t.Expr, kind: Kind) -> int:
        match init:
            case t.Address(place=t.Ident(name=name)):
                return self.memory.objects[name][1] + 1
            case t.Address(place=t.Element(base=t.Ident(name=name), index=index)):
                return self.memory.objects[name][1] + constant(index, self.memory) + 1
            case _:
                return constant(init, self.memory)


def instances(name: str, dims: tuple[t.Expr, ...]) -> list[str]:
    """Names of a declaration's elements."""
    if not dims:
        return [name]
    assert len(dims) == 1
    assert isinstance(dims[0], t.Number)
    return [f"{name}[{i}]" for i in range(dims[0].value)]


def constant(expr: t.Expr, memory: Memory) -> int:
    """The value of a constant expression."""
    match expr:
        case t.Number(value=value):
            return value
        case t.Truth(value=truth):
            return int(truth)
        case t.Null():
            return 0
        case t.Unary(operator="-", operand=operand):
            return -constant(operand, memory)
        case t.Ident(name=name):
            return memory.constants[name]
        case _:
            raise NotImplementedError(expr)


def kind_of(written: t.TypeExpr, memory: Memory) -> Kind:
    """A type as written."""
    match written.form:
        case t.TypeForm.BOOL:
            return BOOL
        case t.TypeForm.INT if written.low is None or written.high is None:
            return INT
        case t.TypeForm.INT:
            assert written.low is not None
            assert written.high is not None
            return Kind("int", constant(written.low, memory), constant(written.high, memory))
        case t.TypeForm.POINTER:
            return Kind("ptr", 0, 99, written.name)
        case t.TypeForm.NAMED:
            return Kind("enum", 0, len(memory.enums[written.name]) - 1, written.name)
        case _:
            raise NotImplementedError(written)


def arithmetic(operator: str, left: int, right: int) -> int:
    """C's operators; division by zero halts."""
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "==":
            return int(left == right)
        case "!=":
            return int(left != right)
        case "<":
            return int(left < right)
        case "<=":
            return int(left <= right)
        case ">":
            return int(left > right)
        case ">=":
            return int(left >= right)
        case _:
            if right == 0:
                raise Halt("range")
            quotient = abs(left) // abs(right) * (1 if left * right >= 0 else -1)
            return quotient if operator == "/" else left - right * quotient


# ---------------------------------------------------------------- code


@dataclass(eq=False)
class Mark:
    """A place in the code, known when it is `put`."""

    position: int = -1


@dataclass(frozen=True, eq=False)
class Instruction:
    """One instruction; `block` tells that it lies in an atomic block."""

    name: str
    args: tuple[Any, ...]
    block: bool

    def targets(self) -> list[int]:
        """Where it may jump to."""
        flat = [a for arg in self.args for a in (arg if isinstance(arg, tuple) else (arg,))]
        return [a.position for a in flat if isinstance(a, Mark)]


@dataclass
class Slot:
    """A local."""

    number: int
    kind: Kind


Symbol = Slot | int | t.Expr  # a local, a value known now
Look = Callable[[Sequence[int], Sequence[int | None]], int]  # a value in one instant: of memory and locals


@dataclass
class Code:
    """The code of one thread."""

    instructions: list[Instruction] = field(default_factory=list)
    slots: int = 0
    cut: bool = False  # has loops without access
