"""Declarations: constants, parameters, types, threads, and what takes up state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import product
from math import prod

from oomcheck.diag.diagnostic import Diagnostic, OomcheckError, error
from oomcheck.diag.span import Span
from oomcheck.lang import model as m
from oomcheck.lang import tree as t
from oomcheck.lang.known import OUTERMOST, needs_number
from oomcheck.lang.params import ParamReader
from oomcheck.lang.scope import (
    Bit,
    Constant,
    Globals,
    Macro,
    Objects,
    Process,
    Scope,
    Struct,
    StructField,
    Threads,
    Variable,
)
from oomcheck.lang.types import (
    INTEGER,
    EnumType,
    Extent,
    FlagsType,
    ObjectType,
    Size,
    StructType,
    Type,
    VoidType,
)
from oomcheck.lang.typing_expr import ExprTyper
from oomcheck.lang.typing_ops import STATE_TYPE
from oomcheck.lang.typing_stmt import TypeReader
from oomcheck.objects.table import KINDS

MAX_SIZE = 4096
MAX_THREADS = 256
StorageDecl = t.VarDecl | t.FlagsDecl | t.ObjectDecl | t.TimerDecl


class Declarer:
    """Fills the global names from the files of a model, in the order that sizes need."""

    def __init__(
        self,
        files: tuple[t.ModelFile, ...],
        values: Mapping[str, int | str],
        bindings: tuple[t.Binding, ...],
        symbolic: frozenset[str] = frozenset(),
    ) -> None:
        self.globals = Globals()
        self.items = [item for file in files for item in file.items]
        self.params = ParamReader(self.globals, values, bindings, symbolic)
        self.type_of = TypeReader()
        self.diagnostics: list[Diagnostic] = []
        self.templates: list[tuple[t.ThreadDecl, Process | None, str]] = []

    # ------------------------------------------------------------ order

    def run(self) -> None:
        """Declare everything but bodies; raises all errors at once at the end."""
        self._builtin()
        self._each(t.ParamDecl | t.EnumDecl, self.enum)
        self._each(t.FlagsDecl | t.StructDecl | t.ProcessDecl, self.bits)
        self._each(t.ConstDecl | t.ParamDecl | t.DefineDecl, self.constant)
        self.guard(self.params.unused)
        self._each(t.StructDecl, self.struct_name)
        self._each(t.StructDecl, self.struct)
        self._each(t.ThreadDecl | t.ProcessDecl, self.threads)
        self._each(t.VarDecl, self.objects)
        self.stop()

    def stop(self) -> None:
        """Raise what was collected so far."""
        if self.diagnostics:
            raise OomcheckError(self.diagnostics)

    def _each(self, kind: object, action: Callable[..., None]) -> None:
        for item in self.items:
            if isinstance(item, kind):  # type: ignore[arg-type]
                self.guard(partial(action, item))

    def guard(self, action: Callable[[], None]) -> None:
        """Do it; keep its errors for the end."""
        try:
            action()
        except OomcheckError as failure:
            self.diagnostics.extend(failure.diagnostics)

    @property
    def scope(self) -> Scope:
        """The global scope."""
        return Scope(self.globals, {})

    def _typer(self) -> ExprTyper:
        return ExprTyper(self.scope, effects=False, running=False)

    # ------------------------------------------------------------ constants and types

    def _builtin(self) -> None:
        nowhere = self.items[0].span if self.items else None
        for number, name in enumerate(STATE_TYPE.members):
            if nowhere is not None:
                self.globals.names[name] = Constant(number, STATE_TYPE, False, nowhere)

    def enum(self, item: t.ParamDecl | t.EnumDecl) -> None:
        """An enum, declared on its own or with a parameter."""
        if not item.members:
            return
        kind = EnumType(item.name.text, tuple(name.text for name in item.members))
        if isinstance(item, t.EnumDecl) and item.name.text in self.globals.types:
            raise error("E0202", f"type `{item.name.text}` is declared twice", item.name.span)
        self.globals.types[item.name.text] = kind
        for number, name in enumerate(item.members):
            self.globals.declare(name, Constant(number, kind, False, name.span))

    def bits(self, item: t.FlagsDecl | t.StructDecl | t.ProcessDecl) -> None:
        """The bits of flag words, whose names are global."""
        members: tuple[object, ...] = (item,)
        if isinstance(item, t.StructDecl):
            members = item.fields
        elif isinstance(item, t.ProcessDecl):
            members = item.members
        for member in members:
            if isinstance(member, t.FlagsDecl):
                word = FlagsType(tuple(bit.text for bit in member.bits))
                for number, bit in enumerate(member.bits):
                    self.globals.declare(bit, Bit(word, number, bit.span))

    def constant(self, item: t.ConstDecl | t.ParamDecl | t.DefineDecl) -> None:
        """A constant, parameter or macro."""
        match item:
            case t.ConstDecl(name=name, value=value):
                self.globals.declare(name, self._constant(self._typer().value(value), name.span))
            case t.ParamDecl():
                self.params.declare(item)
            case t.DefineDecl(name=name, formals=formals, body=body):
                names = tuple(f.text for f in formals) if formals is not None else None
                self.globals.declare(name, Macro(names, body, name.span))

    def _constant(self, value: m.TExpr, span: Span) -> Constant:
        """A constant; one that depends on a parameter without a value is an expression where it is used."""
        try:
            return Constant(self._typer().fold(value), value.type, False, span)
        except OomcheckError as failure:
            if any(d.code != "E0308" for d in failure.diagnostics):
                raise
            return Constant(None, value.type, False, span, value)

    def struct_name(self, item: t.StructDecl) -> None:
        """A struct as a type."""
        if item.name.text in self.globals.types:
            raise error("E0202", f"type `{item.name.text}` is declared twice", item.name.span)
        self.globals.types[item.name.text] = StructType(item.name.text)

    def struct(self, item: t.StructDecl) -> None:
        """The fields of a struct."""
        fields: dict[str, StructField] = {}
        for decl in item.fields:
            if decl.qualifiers and decl.qualifiers[0].text not in ("marked", "ghost"):
                raise error("E0217", "fields belong to their object", decl.qualifiers[0].span)
            for name, kind, dims in self.declared(decl):
                if name.text in fields:
                    raise error("E0202", f"field `{name.text}` is declared twice", name.span)
                if isinstance(kind, StructType) and kind.name not in self.globals.structs:
                    message = f"struct {kind.name} is used as a field before its declaration"
                    raise error("E0201", message, name.span, "declare it above, or use a reference: *")
                fields[name.text] = StructField(name.text, kind, dims, name.span)
        self.globals.structs[item.name.text] = Struct(item.name.text, fields, item.span)

    def declared(self, decl: StorageDecl) -> Iterator[tuple[t.Name, Type, tuple[Size, ...]]]:
        """Name, type and sizes of each thing that a declaration declares."""
        match decl:
            case t.VarDecl(type=written, declarators=declarators):
                kind = self.type_of(written, self.scope)
                if isinstance(kind, VoidType):
                    raise error("E0203", "a variable cannot be void", written.span)
                for d in declarators:
                    yield d.name, kind, self.sizes(d.dims)
            case t.FlagsDecl(name=name, dims=dims, bits=bits):
                yield name, FlagsType(tuple(bit.text for bit in bits)), self.sizes(dims)
            case t.TimerDecl(name=name, dims=dims):
                yield name, ObjectType("timer"), self.sizes(dims)
            case t.ObjectDecl(declarators=declarators):
                kind = ObjectType(decl.kind, self.variant(decl))
                for d in declarators:
                    yield d.name, kind, self.sizes(d.dims)

    def variant(self, decl: t.ObjectDecl) -> str:
        """The variant in parentheses, or the default one."""
        known = KINDS[decl.kind].variants
        if decl.variant is None:
            return known[0]
        if decl.variant.text not in known:
            message = f"{decl.kind} has no variant `{decl.variant.text}`"
            choices = ", ".join(v for v in known if v)
            raise error("E0203", message, decl.variant.span, f"one of: {choices}" if choices else "it has none")
        return decl.variant.text

    def sizes(self, dims: tuple[t.Expr, ...]) -> tuple[Size, ...]:
        """Array sizes; E0303 if one is out of bounds. Only the first may be a parameter without a value."""
        extent = self.extent(dims[0]) if dims else None
        for dim in dims[1:]:
            inner = self.extent(dim)
            if inner is not None:
                raise needs_number(inner, dim.span, OUTERMOST)
        if extent is None:
            return tuple(self.size(dim) for dim in dims)
        return (extent, *(self.size(dim) for dim in dims[1:]))

    def extent(self, dim: t.Expr) -> Extent | None:
        """The parameter without a value that a size is."""
        value = self._typer().value(dim, INTEGER)
        return value.extent if isinstance(value, m.Parameter) else None

    def size(self, dim: t.Expr) -> int:
        """One array size."""
        number = self._typer().constant(dim)
        if not 0 <= number <= MAX_SIZE:
            raise error("E0303", f"size {number} is outside of 0..{MAX_SIZE}", dim.span)
        return number

    def single_size(self, dims: tuple[t.Expr, ...], what: str) -> int | None:
        """The size of an array with at most one dimension."""
        if len(dims) > 1:
            raise error("E0303", f"{what} have at most one dimension", dims[1].span)
        extent = self.extent(dims[0]) if dims else None
        if extent is not None:
            raise needs_number(extent, dims[0].span, f"{what} are counted one by one")
        return self.size(dims[0]) if dims else None

    # ------------------------------------------------------------ threads and objects

    def threads(self, item: t.ThreadDecl | t.ProcessDecl) -> None:
        """Thread instances with their groups."""
        tables = self.globals
        if isinstance(item, t.ThreadDecl):
            size = self.single_size(item.dims, "threads")
            threads = Threads(item.name.text, len(tables.thread_names), size, item.name.span)
            tables.declare(item.name, threads)
            self.enough(threads.count, item.name.span)
            for suffix in _suffixes(() if size is None else (size,)):
                tables.thread_groups.append(max(tables.thread_groups, default=-1) + 1)
                tables.thread_names.append(item.name.text + suffix)
            tables.threads_by_template[item.name.text] = threads
            self.templates.append((item, None, item.name.text))
            return
        self._process(item)

    def enough(self, count: int, span: Span) -> None:
        """E0303 if `count` more threads are too many."""
        if len(self.globals.thread_names) + count > MAX_THREADS:
            raise error("E0303", f"the model has more than {MAX_THREADS} threads", span)

    def _process(self, item: t.ProcessDecl) -> None:
        tables = self.globals
        size = self.single_size(item.dims, "processes")
        inner: dict[str, Threads] = {}
        offset = 0
        templates = [member for member in item.members if isinstance(member, t.ThreadDecl)]
        for thread in templates:
            if thread.name.text in inner:
                raise error("E0202", f"thread `{thread.name.text}` is declared twice", thread.name.span)
            count = self.single_size(thread.dims, "threads")
            key = f"{item.name.text}.{thread.name.text}"
            inner[thread.name.text] = Threads(key, offset, count, thread.name.span)
            offset += inner[thread.name.text].count
        base = len(tables.thread_names)
        self.enough(offset * (1 if size is None else size), item.name.span)
        process = Process(item.name.text, size, base, offset, inner, {}, item.name.span)
        tables.declare(item.name, process)
        for suffix in _suffixes(() if size is None else (size,)):
            group = max(tables.thread_groups, default=-1) + 1
            for thread in templates:
                found = inner[thread.name.text]
                for end in _suffixes(() if found.size is None else (found.size,)):
                    tables.thread_groups.append(group)
                    tables.thread_names.append(f"{item.name.text}{suffix}.{thread.name.text}{end}")
        for thread in templates:
            key = f"{item.name.text}.{thread.name.text}"
            tables.threads_by_template[key] = inner[thread.name.text]
            self.templates.append((thread, process, key))

    def objects(self, item: t.VarDecl) -> None:
        """Objects of structs, numbered over all declarations of a struct."""
        kind = self.type_of(item.type, self.scope)
        if not isinstance(kind, StructType):
            if item.unallocated:
                raise error("E0217", "only objects of a struct can be unallocated", item.span)
            return
        if item.qualifiers:
            raise error("E0217", f"an object of a struct cannot be {item.qualifiers[0].text}", item.span)
        names = self.globals.objects.setdefault(kind.name, [])
        for d in item.declarators:
            if d.init is not None:
                raise error("E0217", "first values of fields stand in the struct", d.name.span)
            size = self._objects_size(d, kind.name)
            self.globals.declare(d.name, Objects(kind.name, len(names), size, d.name.span))
            names.extend(d.name.text + suffix for suffix in _suffixes(() if size is None else (size,)))

    def _objects_size(self, d: t.Declarator, struct: str) -> Size | None:
        """How many objects a name stands for; an array without a value as size holds all objects of its struct."""
        extent = self.extent(d.dims[0]) if len(d.dims) == 1 else None
        known = self.globals.extents.get(struct)
        if (extent is not None and self.globals.objects[struct]) or known is not None:
            clash = extent or known
            assert clash is not None
            raise needs_number(clash, d.name.span, f"an array of it is all that there is of struct {struct}")
        if extent is not None:
            self.globals.extents[struct] = extent
            return extent
        return self.single_size(d.dims, "objects of a struct")


def _suffixes(dims: tuple[Size, ...]) -> list[str]:
    """Index texts of all elements, in row-major order; `[#]` is for the unit where there is an extent."""
    ranges: list[Iterable[object]] = ["#" if isinstance(size, Extent) else range(size) for size in dims]
    return ["".join(f"[{i}]" for i in position) for position in product(*ranges)]


def count_of(dims: tuple[Size, ...]) -> int:
    """Number of elements, of one unit where there is an extent."""
    return prod(size for size in dims if not isinstance(size, Extent))


def element_names(base: str, dims: tuple[Size, ...]) -> tuple[str, ...]:
    """Names of all elements of an array, in row-major order."""
    return tuple(base + suffix for suffix in _suffixes(dims))


def variable_of(storage: m.Storage, dims: tuple[Size, ...], process: str = "") -> Variable:
    """The name of a storage."""
    return Variable(storage.key, storage.type, dims, storage.span, process)
