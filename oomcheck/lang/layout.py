"""Where storages live in the state: variables of the transition system, and references into them."""

from __future__ import annotations

from collections.abc import Iterable

from oomcheck.ir.expr import Expr, Lit, Var
from oomcheck.ir.interval import interval, within
from oomcheck.ir.sorts import BOOL, ArraySort, EnumSort, IntSort, Scalar
from oomcheck.ir.system import Role, StateVar
from oomcheck.ir.walk import variables
from oomcheck.lang import model as m
from oomcheck.lang.calls import expressions_of
from oomcheck.lang.mode import UNTIMED, Mode
from oomcheck.lang.ranges import Ends, bounded, ends
from oomcheck.lang.types import DEADLINE, INT_MAX, INT_MIN, Extent, FlagsType, ObjectType, PointerType, sort_of
from oomcheck.objects.base import COUNTER, Field, FieldVar, ObjRef
from oomcheck.objects.table import KINDS
from oomcheck.objects.task import GROUP_FIELDS, TASK_FIELDS

#: Fields that observables show in better words
QUIET = frozenset(
    {"owner", "writer", "readers", "write_waiter", "read_waiter", "nesting", "awaited", "sleeper", "armed", "left"}
)
#: Fields that are called like their object
PLAIN = frozenset({"count", "value", "armed", "request", "done"})


class Layout:
    """State variables of a model's storages, and how operations reach them."""

    def __init__(self, model: m.Model, mode: Mode = UNTIMED) -> None:
        self.model = model
        self.mode = mode
        self.processes = tuple(instance.name for instance in model.instances)
        self.variables: dict[str, StateVar] = {}
        self._fields: dict[str, dict[str, FieldVar]] = {}
        self._bound: dict[tuple[str, int], str] = {}
        self.parametric = any(param.open for param in model.params)
        for param in model.params:
            if param.open:
                assert param.low is not None
                sort = Extent(param.name, param.low).var.sort
                self._add(StateVar(param.name, sort, (param.low,), Role.PARAM, (param.name,), span=param.span))
        for storage in model.storages:
            self._place(storage)
        self._builtin()
        self._mortal = frozenset(_mortal(model))
        self.lock_bases = self._number_locks()

    # ------------------------------------------------------------ variables

    def _add(self, variable: StateVar) -> Var:
        assert variable.name not in self.variables, variable.name
        self.variables[variable.name] = variable
        return variable.var

    def _place(self, storage: m.Storage) -> None:
        kind = storage.type
        if isinstance(kind, FlagsType):
            self._flags(storage, kind)
        elif isinstance(kind, ObjectType):
            for field in KINDS[kind.kind].fields:
                self._object_field(storage, field)
        else:
            sort: Scalar | ArraySort = sort_of(kind, self.model.referents)
            if storage.dims:
                sort = ArraySort(sort_of(kind, self.model.referents), storage.size, _extent(storage))
            role = Role.GHOST if storage.ghost else Role.SHARED
            countdown = kind == DEADLINE
            # kmalloc and kfree tell of life; that everything else needs a living object does not
            quiet = storage.heap or countdown
            self._add(
                StateVar(storage.key, sort, storage.init, role, storage.names, None, quiet, countdown, storage.span)
            )

    def _flags(self, storage: m.Storage, kind: FlagsType) -> None:
        count = len(kind.bits)
        names = tuple(f"{name}.{bit}" for name in storage.names for bit in kind.bits)
        init = tuple(int(bit in storage.initial_bits) for bit in range(count)) * storage.size
        sort = ArraySort(BOOL, count * storage.size, _extent(storage))
        var = self._add(StateVar(f"{storage.key}.bits", sort, init, Role.OBJECT, names, span=storage.span))
        self._fields[storage.key] = {"bits": FieldVar(var, count)}

    def _object_field(self, storage: m.Storage, field: Field) -> None:
        stride = self._stride(field)
        names = tuple(part for name in storage.names for part in self._part_names(name, field))
        sort = field.sort(self.processes)
        if storage.limits is not None and field.from_declaration:
            sort = IntSort(*storage.limits)
        init = tuple(
            (storage.init[i] if field.from_declaration else field.init)
            for i in range(storage.size)
            for _ in range(stride)
        )
        array = ArraySort(sort, storage.size * stride, _extent(storage))
        name = f"{storage.key}.{field.name}"
        quiet = field.name in QUIET
        variable = StateVar(name, array, init, Role.OBJECT, names, None, quiet, field.countdown, storage.span)
        self._fields.setdefault(storage.key, {})[field.name] = FieldVar(self._add(variable), stride)

    def _stride(self, field: Field) -> int:
        count = len(self.processes)
        return 1 if not field.per_process else count * count if field.square else count

    def _part_names(self, name: str, field: Field) -> list[str]:
        if not field.per_process:
            return [name if field.name in PLAIN else f"{name}.{field.name}"]
        if field.square:
            return [f"{name}.{field.name}[{a}][{b}]" for a in self.processes for b in self.processes]
        return [f"{name}.{field.name}[{process}]" for process in self.processes]

    def _builtin(self) -> None:
        """Task states and signals; those that a model never touches are dropped later."""
        names = {"state": "state", "sigkill": "sigkill", "v2_frozen": "cgroup_task_frozen"}
        for field in TASK_FIELDS:
            shown = tuple(f"{names[field.name]}({process})" for process in self.processes)
            self._builtin_field("$task", field, shown)
        for field in GROUP_FIELDS:
            self._builtin_field("$group", field, tuple(f"group_exit({group})" for group in self.model.groups))

    def _builtin_field(self, key: str, field: Field, names: tuple[str, ...]) -> None:
        sort = ArraySort(field.sort(self.processes), len(names))
        init = (field.init,) * len(names)
        var = self._add(StateVar(f"{key}.{field.name}", sort, init, Role.OBJECT, names))
        self._fields.setdefault(key, {})[field.name] = FieldVar(var, len(names))

    # ------------------------------------------------------------ references

    def variable(self, storage: m.Storage) -> Var:
        """The state variable of a plain storage."""
        return self.variables[storage.key].var

    def object(self, storage: m.Storage, element: Expr, text: str) -> ObjRef:
        """A kernel object or flag word."""
        kind = storage.type
        if isinstance(element, Lit) and 0 <= element.value < storage.size and storage.extent is None:
            text = storage.names[element.value]
        if isinstance(kind, ObjectType):
            return ObjRef(kind.kind, kind.variant, storage.key, text, element, self._fields[storage.key])
        return ObjRef("flags", "", storage.key, text, element, self._fields[storage.key])

    def builtin(self, key: str) -> ObjRef:
        """The fields of all tasks ("$task") or groups ("$group")."""
        return ObjRef(key, "", key, key, Lit(0, COUNTER), self._fields[key])

    def objects(self, kind: str) -> Iterable[tuple[m.Storage, int]]:
        """All kernel objects of a kind, as elements of storages with a known size."""
        for storage in self.model.storages:
            if isinstance(storage.type, ObjectType) and storage.type.kind == kind and storage.extent is None:
                for element in range(storage.size):
                    yield storage, element

    def element(self, storage: m.Storage, number: int) -> ObjRef:
        """A known element of a storage of objects."""
        return self.object(storage, Lit(number, COUNTER), storage.names[number])

    def mortal(self, struct: str) -> bool:
        """Whether objects of the struct can be dead: some start so, or one is freed somewhere."""
        return struct in self._mortal

    # ------------------------------------------------------------ locks

    def _number_locks(self) -> dict[str, int]:
        """The number of the first lock of each storage.

        Those of an array whose size is open are one class. It has a number for each process that may take a lock of
        it, and whoever holds a lock of it holds all of these numbers: so two processes that each take a second lock of
        the class close a circle, whatever the elements.
        """
        bases: dict[str, int] = {}
        total = 0
        for storage in self.model.storages:
            if isinstance(storage.type, ObjectType) and KINDS[storage.type.kind].held is not None:
                bases[storage.key] = total
                total += len(self.processes) if storage.extent is not None else storage.size
        return bases

    def thread_sort(self) -> EnumSort:
        """References to threads."""
        return EnumSort("task *", ("NULL", *self.processes))

    # ------------------------------------------------------------ bounds

    def bound_name(self, variable: m.Fixed) -> str:
        """The name of what a quantifier binds; the same for each use of the same text, so that these are equal."""
        place = variable.span.path, variable.span.start
        return self._bound.setdefault(place, f"?{variable.name}{len(self._bound) + 1}")

    def ends(self, expr: Expr) -> Ends:
        """Least and greatest value of an expression; infinite where C's int stands for all integers."""
        return ends(expr) if self.parametric else interval(expr)

    def within(self, expr: Expr, low: int, high: int) -> bool:
        """Whether an expression always lies in `low .. high`."""
        return bounded(expr, low, high) if self.parametric else within(expr, low, high)

    def never_changes(self, expr: Expr) -> bool:
        """Whether an expression reads nothing but parameters without a value."""
        return isinstance(expr, Lit) or (self.parametric and all(self._is_parameter(name) for name in variables(expr)))

    def _is_parameter(self, name: str) -> bool:
        return name in self.variables and self.variables[name].role is Role.PARAM

    def open_ends(self, expr: Expr, low: int, high: int) -> tuple[bool, bool]:
        """Which ends of a type of integers an expression may be beyond; C's int has no ends where a size is open."""
        if not self.parametric:
            return (False, False) if within(expr, low, high) else (True, True)
        least, greatest = ends(expr)
        return low > INT_MIN and least < low, high < INT_MAX and high < greatest


def _extent(storage: m.Storage) -> str:
    return "" if storage.extent is None else storage.extent.name


def _mortal(model: m.Model) -> Iterable[str]:
    for storage in model.storages:
        if storage.heap and not all(storage.init):
            yield storage.key.partition(".")[0]
    for body in (*(f.body for f in model.functions), *(t.body for t in model.templates)):
        for expr in expressions_of(body):
            if isinstance(expr, m.CallOperation) and expr.operation == "kfree":
                kind = expr.args[0].type
                assert isinstance(kind, PointerType)
                yield kind.struct
