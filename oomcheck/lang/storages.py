"""What takes up state: variables, flag words, objects, and the fields of structs."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from oomcheck.diag.diagnostic import error
from oomcheck.diag.span import Span
from oomcheck.lang import model as m
from oomcheck.lang import tree as t
from oomcheck.lang.declare import Declarer, StorageDecl, count_of, element_names, variable_of
from oomcheck.lang.known import OUTERMOST, needs_number
from oomcheck.lang.scope import Bit, Globals, Process, Variable
from oomcheck.lang.types import (
    BOOLEAN,
    DEADLINE,
    INTEGER,
    TASK,
    Extent,
    IntType,
    ObjectType,
    PointerType,
    Size,
    StructType,
    Type,
    is_value,
    show_type,
)
from oomcheck.lang.typing_expr import ExprTyper
from oomcheck.objects.table import KINDS
from oomcheck.records import dataclass

ALIVE = "$alive"
MAX_ELEMENTS = 65_536


@dataclass(frozen=True, slots=True)
class Owner:
    """Where a declaration stands: prefix of keys, outer sizes with their element names, and what its timers pass on."""

    prefix: str
    dims: tuple[Size, ...]
    names: tuple[str, ...]
    type: Type | None = None

    def inside(self, field: str, dims: tuple[Size, ...], span: Span) -> Owner:
        """The owner that a struct-typed field is to its own fields."""
        _check_inner(dims, span)
        if count_of((*self.dims, *dims)) > MAX_ELEMENTS:
            raise error("E0303", f"`{field}` takes up too many elements", span)
        names = tuple(n for base in self.names for n in element_names(f"{base}.{field}", dims))
        return Owner(f"{self.prefix}.{field}", (*self.dims, *dims), names, self.type)


class StorageBuilder:
    """Creates the storages of a model once threads and objects are counted."""

    def __init__(self, declarer: Declarer) -> None:
        self._declarer = declarer
        self._globals: Globals = declarer.globals
        self.unallocated: set[str] = set()  # names of objects that start dead

    def run(self) -> None:
        """All storages; names them in the global scope."""
        for item in self._declarer.items:
            self._declarer.guard(partial(self._item, item))
        for struct, names in self._globals.objects.items():
            self._alive(struct, tuple(names))
        self._rcu()
        self._declarer.stop()

    def _item(self, item: t.Item) -> None:
        match item:
            case t.VarDecl() | t.FlagsDecl() | t.ObjectDecl() | t.TimerDecl():
                self._top(item)
            case t.FreezerDecl():
                kind = ObjectType("freezer", item.kind)
                storage = self._storage(item.name, kind, (), Owner("", (), ()), item)
                self._globals.declare(item.name, variable_of(storage, ()))
            case t.StructDecl():
                names = tuple(self._globals.objects.get(item.name.text, ()))
                sizes = (self._globals.extents.get(item.name.text, len(names)),)
                owner = Owner(item.name.text, sizes, names, PointerType(item.name.text))
                self._fields(item, owner)
            case t.ProcessDecl():
                self._process(item)
            case _:
                pass

    # ------------------------------------------------------------ where declarations stand

    def _top(self, item: StorageDecl) -> None:
        words = [q.text for q in item.qualifiers]
        per = next((w for w in words if w in ("per_task", "per_group")), "")
        for name, kind, dims in self._declarer.declared(item):
            if isinstance(kind, StructType):
                if isinstance(item, t.VarDecl) and item.unallocated:
                    self.unallocated.update(element_names(name.text, dims))
                continue
            if per == "per_task":
                names = tuple(self._globals.thread_names)
                owner = Owner("task", (len(names),), names, TASK)
                self._per(name, kind, dims, owner, item, self._globals.task_fields)
            elif per == "per_group":
                names = group_names(self._globals)
                owner = Owner("group", (len(names),), names)
                self._per(name, kind, dims, owner, item, self._globals.group_fields)
            else:
                storage = self._storage(name, kind, dims, Owner("", (), ()), item)
                self._globals.declare(name, variable_of(storage, dims))

    def _per(
        self,
        name: t.Name,
        kind: Type,
        dims: tuple[Size, ...],
        owner: Owner,
        item: StorageDecl,
        table: dict[str, Variable],
    ) -> None:
        if name.text in self._globals.task_fields or name.text in self._globals.group_fields:
            raise error("E0202", f"`{name.text}` is declared twice", name.span)
        storage = self._storage(name, kind, dims, owner, item)
        table[name.text] = variable_of(storage, dims)

    def _fields(self, struct: t.StructDecl, owner: Owner) -> None:
        for decl in struct.fields:
            for name, kind, dims in self._declarer.declared(decl):
                if isinstance(kind, StructType):
                    inner = self._struct(kind.name)
                    self._fields(inner, owner.inside(name.text, dims, name.span))
                else:
                    self._storage(name, kind, dims, owner, decl)

    def _struct(self, name: str) -> t.StructDecl:
        return next(i for i in self._declarer.items if isinstance(i, t.StructDecl) and i.name.text == name)

    def _process(self, item: t.ProcessDecl) -> None:
        process = self._globals.names[item.name.text]
        assert isinstance(process, Process)
        sizes = () if process.size is None else (process.size,)
        owner = Owner(item.name.text, (process.count,), element_names(item.name.text, sizes), INTEGER)
        for decl in item.members:
            if isinstance(decl, t.ThreadDecl):
                continue
            if any(q.text in ("per_task", "per_group") for q in decl.qualifiers):
                raise error("E0217", "per_task and per_group stand at top level", decl.qualifiers[0].span)
            for name, kind, dims in self._declarer.declared(decl):
                if isinstance(kind, StructType):
                    raise error("E0217", "objects of structs stand at top level", name.span)
                if name.text in process.variables or name.text in process.threads:
                    raise error("E0202", f"`{name.text}` is declared twice", name.span)
                storage = self._storage(name, kind, dims, owner, decl)
                process.variables[name.text] = variable_of(storage, dims, item.name.text)

    # ------------------------------------------------------------ one storage

    def _storage(
        self, name: t.Name, kind: Type, dims: tuple[Size, ...], owner: Owner, decl: StorageDecl | t.FreezerDecl
    ) -> m.Storage:
        if owner.dims:
            _check_inner(dims, name.span)
        outermost = next(iter((*owner.dims, *dims)), None)
        if isinstance(outermost, Extent) and kind in (DEADLINE, ObjectType("timer")):
            raise needs_number(outermost, name.span, "the ticks that are left of an instant are counted one by one")
        total = count_of((*owner.dims, *dims))
        if total > MAX_ELEMENTS:
            raise error("E0303", f"`{name.text}` takes up {total} elements", name.span)
        check_qualifiers(decl)
        key = f"{owner.prefix}.{name.text}" if owner.prefix else name.text
        bases = tuple(f"{base}.{name.text}" for base in owner.names) if owner.prefix else (name.text,)
        names = tuple(n for base in bases for n in element_names(base, dims))
        words = {q.text for q in decl.qualifiers} if not isinstance(decl, t.FreezerDecl) else set()
        storage = m.Storage(
            key,
            kind,
            (*owner.dims, *dims),
            names,
            (self._initial(name, kind, decl),) * len(names),
            name.span,
            ghost="ghost" in words,
            marked="marked" in words,
        )
        storage = self._details(storage, owner, decl, dims)
        self._globals.storages[key] = storage
        return storage

    def _details(
        self, storage: m.Storage, owner: Owner, decl: StorageDecl | t.FreezerDecl, dims: tuple[Size, ...]
    ) -> m.Storage:
        match decl:
            case t.FlagsDecl(initial=initial):
                return replace(storage, initial_bits=frozenset(self._bit(name, storage) for name in initial))
            case t.TimerDecl(handler=handler):
                passed = owner.type if owner.prefix else (INTEGER if dims else None)
                return replace(storage, handler=handler.text, owner=passed)
            case t.ObjectDecl(release=release, low=low, high=high):
                typer = ExprTyper(self._declarer.scope, effects=False, running=False)
                limits = (typer.constant(low), typer.constant(high)) if low is not None and high is not None else None
                if limits is not None and any(not limits[0] <= first <= limits[1] for first in storage.init):
                    raise error("E0301", f"the first value lies outside of {limits[0]}..{limits[1]}", decl.span)
                passed = owner.type if isinstance(owner.type, PointerType) else None
                return replace(storage, limits=limits, release=release.text if release else "", owner=passed)
            case _:
                if storage.ghost and not is_value(storage.type):
                    raise error("E0217", f"{show_type(storage.type)} cannot be ghost", decl.span)
                return storage

    def _bit(self, name: t.Name, storage: m.Storage) -> int:
        bit = self._globals.names.get(name.text)
        if not isinstance(bit, Bit) or bit.word != storage.type:
            raise error("E0213", f"`{name.text}` is no flag of this word", name.span)
        return bit.number

    def _initial(self, name: t.Name, kind: Type, decl: StorageDecl | t.FreezerDecl) -> int:
        """The declared first value, or zero brought into the range."""
        if isinstance(decl, t.FlagsDecl | t.TimerDecl | t.FreezerDecl):
            return 0
        declarator = next(d for d in decl.declarators if d.name == name)
        typer = ExprTyper(self._declarer.scope, effects=False, running=False)
        if isinstance(decl, t.ObjectDecl):
            default = KINDS[decl.kind].init
            if declarator.init is None:
                return default or 0
            if default is None:
                raise error("E0217", f"{decl.kind} has no first value", declarator.init.span)
            number = typer.constant(declarator.init)
            if decl.kind == "refcount" and not 0 <= number <= 255:
                raise error("E0301", f"a refcount starts in 0..255, found {number}", declarator.init.span)
            return number
        if declarator.init is None:
            return min(max(0, kind.lo), kind.hi) if isinstance(kind, IntType) else 0
        number = typer.fold(typer.value(declarator.init, kind))
        if isinstance(kind, IntType) and not kind.lo <= number <= kind.hi:
            raise error("E0301", f"{number} lies outside of {kind.lo}..{kind.hi}", declarator.init.span)
        return number

    def _rcu(self) -> None:
        """The kernel's own RCU, which `rcu { }` means where no rcu object is declared."""
        kind = ObjectType("rcu")
        if self._declarer.items and all(storage.type != kind for storage in self._globals.storages.values()):
            span = self._declarer.items[0].span
            self._globals.storages["rcu"] = m.Storage("rcu", kind, (), ("rcu",), (0,), span)

    def _alive(self, struct: str, names: tuple[str, ...]) -> None:
        """The bit that tells living objects of a struct from freed ones."""
        span = self._globals.structs[struct].span
        init = tuple(int(name not in self.unallocated) for name in names)
        key = f"{struct}.{ALIVE}"
        shown = tuple(f"alive({name})" for name in names)
        dims = (self._globals.extents.get(struct, len(names)),)
        self._globals.storages[key] = m.Storage(key, BOOLEAN, dims, shown, init, span, marked=True, heap=True)


def _check_inner(dims: tuple[Size, ...], span: Span) -> None:
    """E0308 for an open size below another size."""
    if dims and isinstance(dims[0], Extent):
        raise needs_number(dims[0], span, OUTERMOST)


def check_qualifiers(decl: StorageDecl | t.FreezerDecl) -> None:
    """Each qualifier once, and only where it means something."""
    if isinstance(decl, t.FreezerDecl):
        return
    words = [q.text for q in decl.qualifiers]
    for number, qualifier in enumerate(decl.qualifiers):
        if qualifier.text in words[:number]:
            raise error("E0202", f"`{qualifier.text}` stands twice", qualifier.span)
        if qualifier.text in ("ghost", "marked") and not isinstance(decl, t.VarDecl):
            raise error("E0217", f"only plain variables can be {qualifier.text}", qualifier.span)
    if "per_task" in words and "per_group" in words:
        raise error("E0217", "per_task and per_group exclude each other", decl.qualifiers[0].span)
    if isinstance(decl, t.ObjectDecl) and decl.release is not None and decl.kind != "refcount":
        raise error("E0217", f"only a refcount has a release procedure, not a {decl.kind}", decl.release.span)


def group_names(tables: Globals) -> tuple[str, ...]:
    """A name for each thread group: the process, or the thread; of a handler with its argument it is all of that."""
    names: dict[int, str] = {}
    for thread, group in zip(tables.thread_names, tables.thread_groups, strict=True):
        process = thread.partition("(")[0].rpartition(".")[0]
        names.setdefault(group, process or thread)
    return tuple(names.values())
