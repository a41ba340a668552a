"""Expressions: from syntax to typed form (long: one case for each form of expression, all of one class)."""

from __future__ import annotations

from dataclasses import replace

from oomcheck.diag.diagnostic import OomcheckError, error
from oomcheck.diag.span import Span
from oomcheck.lang import model as m
from oomcheck.lang import tree as t
from oomcheck.lang.calls import subexpressions
from oomcheck.lang.known import constant_value, listed, needs_number
from oomcheck.lang.scope import (
    Argument,
    Bit,
    Constant,
    FunctionHead,
    Macro,
    Objects,
    Process,
    Scope,
    Threads,
    Variable,
    unknown,
)
from oomcheck.lang.types import (
    BOOLEAN,
    DEADLINE,
    INTEGER,
    NULL,
    TASK,
    ArrayType,
    BoolType,
    EnumType,
    Extent,
    IntType,
    NullType,
    ObjectType,
    PointerType,
    Size,
    StructType,
    TaskType,
    Type,
    VoidType,
    fits,
    is_value,
    show_type,
)
from oomcheck.lang.typing_inside import inner, is_scalar, local, place, total
from oomcheck.lang.typing_ops import COMPARE, type_operation
from oomcheck.records import dataclass

JIFFIES = "set a timer or a deadline: jiffies + n; compare it with a deadline: time_after(jiffies, d)"
MACRO_DEPTH = 60
MAX_WORK = 500_000  # expressions of a model, all macros expanded


@dataclass(frozen=True, slots=True)
class PartialPlace:
    """A place, or what becomes one by more indices and fields. `key` names a storage once `type` has no parts."""

    key: str
    steps: tuple[m.Step, ...]
    type: Type
    formal: m.ObjectFormal | None = None


@dataclass(frozen=True, slots=True)
class ThreadSet:
    """Threads not yet indexed: an array, or a process and its instances."""

    symbol: Threads | Process
    indices: tuple[tuple[m.TExpr, int], ...] = ()
    base: int = 0
    prefix: tuple[tuple[m.TExpr, int], ...] = ()  # process instance and its stride in threads


Thing = m.TExpr | PartialPlace | ThreadSet | Objects | m.LocalVar | Bit


@dataclass(frozen=True, slots=True)
class ExprTyper:
    """Types expressions of one scope.

    `ghosts` allows reading ghost variables, `effects` allows operations that do more than read
    (statements of threads), `running` tells that `current` has a meaning.
    """

    scope: Scope
    ghosts: bool = False
    effects: bool = True
    running: bool = True
    depth: int = 0

    # ------------------------------------------------------------ entry points

    def value(self, expr: t.Expr, wanted: Type | None = None) -> m.TExpr:
        """A value; with `wanted`, of a type that fits it."""
        if wanted == DEADLINE:
            return self.expiry(expr)
        thing = self.thing(expr)
        found = self.as_value(thing, expr.span)
        if isinstance(found.type, VoidType):
            raise error("E0203", f"`{_short(expr)}` returns no value", expr.span)
        if wanted is not None and not fits(found.type, wanted):
            raise error(
                "E0203",
                f"expected {show_type(wanted)}, found {show_type(found.type)}",
                expr.span,
                _conversion_hint(expr, found.type, wanted),
            )
        return found

    def expiry(self, expr: t.Expr) -> m.TExpr:
        """`jiffies + n`, the only value that a deadline can get."""
        match expr:
            case t.Ident(name="jiffies"):
                ticks: m.TExpr = m.Const(0, INTEGER, expr.span)
            case t.Binary(operator="+", left=t.Ident(name="jiffies"), right=right):
                ticks = self.value(right, INTEGER)
            case _:
                raise error("E0203", "expected `jiffies + n`", expr.span, "a deadline is relative to now")
        return m.Operate(m.EXPIRY, (ticks,), DEADLINE, expr.span)

    def value_or_void(self, call: t.Call) -> m.TExpr:
        """A call for its effect; it may return nothing."""
        return self.as_value(self.call(call), call.span)

    def condition(self, expr: t.Expr) -> m.TExpr:
        """A value of type bool."""
        return self.value(expr, BOOLEAN)

    def place(self, expr: t.Expr) -> m.Place | m.LocalVar:
        """A scalar, flag word or object that can be written or operated on."""
        inner = expr.place if isinstance(expr, t.Address) else expr
        thing = self.thing(inner)
        if isinstance(thing, m.LocalVar):
            return thing
        if isinstance(thing, PartialPlace):
            return self.finish(thing, expr.span)
        raise error("E0205", f"`{_short(expr)}` is not a variable, element or field", expr.span)

    def as_value(self, thing: Thing, span: Span) -> m.TExpr:
        """The value of what an expression names."""
        if isinstance(thing, PartialPlace | m.LocalVar) and thing.type == DEADLINE:
            raise error("E0217", "a deadline is only compared with jiffies", span, COMPARE)
        match thing:
            case PartialPlace(type=kind) if is_value(kind):
                place = self.finish(thing, span)
                storage = place.storage
                assert isinstance(storage, m.Storage)
                if storage.ghost and not self.ghosts:
                    raise error(
                        "E0210",
                        f"ghost variable `{span.text.strip()}` is read by a statement that is not ghost",
                        span,
                        "only properties, assertions and ghost statements read ghosts",
                    )
                return m.Load(place, storage.marked, kind, span)
            case PartialPlace(type=StructType()):
                raise error("E0203", "an object of a struct is no value", span, "take a reference: &")
            case PartialPlace(type=kind):
                raise error("E0212", f"{show_type(kind)} is used as a value", span, _object_hint(kind))
            case ThreadSet():
                return self.thread_value(thing, span)
            case Objects():
                raise error("E0203", "an object of a struct is no value", span, "take a reference: &")
            case m.LocalVar():
                return m.ReadLocal(thing, span)
            case Bit():
                raise error("E0203", "a flag is used outside of a flag operation", span, "use test_bit(FLAG, word)")
            case _:
                return thing

    def thread_value(self, thing: ThreadSet, span: Span) -> m.TExpr:
        """A reference to a single thread."""
        symbol = thing.symbol
        if isinstance(symbol, Process) or (symbol.size is not None and not thing.indices):
            raise error("E0203", "several threads are used as one", span, "index the array, or quantify over it")
        return m.Reference(thing.base, (*thing.prefix, *thing.indices), TASK, span)

    def finish(self, partial: PartialPlace, span: Span) -> m.Place:
        """A complete place."""
        if partial.formal is not None:
            return m.Place(partial.formal, partial.steps, partial.type, span)
        if isinstance(partial.type, ArrayType):
            raise error("E0203", f"{show_type(partial.type)} needs an index", span)
        if isinstance(partial.type, StructType):
            raise error("E0203", f"{show_type(partial.type)} is used where one of its fields is needed", span)
        return m.Place(self.scope.globals.storages[partial.key], partial.steps, partial.type, span)

    # ------------------------------------------------------------ forms

    def thing(self, expr: t.Expr) -> Thing:
        """What an expression names."""
        self.scope.globals.work += 1
        if self.scope.globals.work > MAX_WORK:
            raise error("E0009", "macros and quantifiers expand to too much", expr.span)
        match expr:
            case t.Number(value=value):
                return m.Const(value, INTEGER, expr.span)
            case t.Truth(value=truth):
                return m.Const(int(truth), BOOLEAN, expr.span)
            case t.Null():
                return m.Const(0, NULL, expr.span)
            case t.Current():
                if not self.running:
                    raise error("E0217", "`current` has no meaning here: no thread runs", expr.span)
                return m.CurrentTask(TASK, expr.span)
            case t.Ident(name=name):
                return self.named(name, expr.span)
            case t.Element():
                return self.element(expr)
            case t.Member():
                return self.member(expr)
            case t.Address(place=place):
                return self.address(place, expr.span)
            case t.Unary() | t.Binary() | t.Conditional():
                return self.operator(expr)
            case t.Quantified():
                return self.quantified(expr)
            case t.Where():
                return self.located(expr)
            case t.Call():
                return self.call(expr)
            case t.Inner():
                return inner(self, expr)

    def named(self, name: str, span: Span) -> Thing:
        """A name alone."""
        if name == "jiffies":
            raise error("E0217", "`jiffies` is no number of the model", span, JIFFIES)
        symbol = self.scope.resolve(name, span)
        match symbol:
            case Constant(value=value, type=kind):
                if symbol.expression is not None:
                    return replace(symbol.expression, span=span)
                if value is None:
                    hint = f"give -c {name}=VALUE, or `with {name} = VALUE` in the check"
                    raise error("E0305", f"parameter `{name}` has no value", span, hint)
                return m.Const(value, kind, span)
            case Bit() | Objects() | m.LocalVar():
                return self.single(symbol, span)
            case Variable():
                return self.variable(symbol, span)
            case Threads():
                return ThreadSet(symbol, base=symbol.base)
            case Process():
                return ThreadSet(symbol, base=symbol.base)
            case Macro(formals=None):
                return self.expand(name, symbol, (), span)
            case m.Fixed():
                return m.ReadFixed(symbol, span)
            case m.ObjectFormal():
                return PartialPlace("", (), symbol.type, symbol)
            case Argument(value=value):
                return value  # type: ignore[return-value]
            case Macro() | FunctionHead():
                raise error("E0203", f"`{name}` is used without its arguments", span, f"write {name}(...)")

    def single(self, symbol: Bit | Objects | m.LocalVar, span: Span) -> Thing:
        """An object of a struct as a place; others as they are."""
        if isinstance(symbol, Objects) and symbol.size is None:
            zero = m.Const(0, INTEGER, span)
            step = m.Step(m.Reach.STATIC, zero, 1, symbol.base, symbol.struct)
            return PartialPlace(symbol.struct, (step,), StructType(symbol.struct))
        return symbol

    def variable(self, symbol: Variable, span: Span) -> PartialPlace:
        """A variable; one of a process is that of the running thread's process."""
        kind = array_of(symbol.type, symbol.dims)
        if not symbol.process:
            return PartialPlace(symbol.key, (), kind)
        process = self.scope.globals.names[symbol.process]
        assert isinstance(process, Process)
        assert self.scope.where is not None
        where = m.ReadFixed(self.scope.where, span)
        return PartialPlace(symbol.key, (m.Step(m.Reach.ELEMENT, where, process.count),), kind)

    def element(self, expr: t.Element) -> Thing:
        """`base[index]`."""
        base = self.thing(expr.base)
        position = self.value(expr.index, INTEGER)
        match base:
            case PartialPlace(type=ArrayType(element=inner, size=size)):
                step = m.Step(m.Reach.ELEMENT, position, size)
                return PartialPlace(base.key, (*base.steps, step), inner)
            case Objects(struct=struct, base=first, size=int() | Extent() as size):
                step = m.Step(m.Reach.STATIC, position, size, first, struct)
                return PartialPlace(struct, (step,), StructType(struct))
            case ThreadSet(symbol=Threads(size=int(size)), indices=()):
                return ThreadSet(base.symbol, ((position, size),), base.base, base.prefix)
            case ThreadSet(symbol=Process(size=int(size)), prefix=()):
                return ThreadSet(base.symbol, (), base.base, ((position, size),))
            case _:
                raise error("E0203", f"`{_short(expr.base)}` is no array", expr.base.span)

    def member(self, expr: t.Member) -> Thing:
        """`base.member` or `base->member`."""
        base = self.thing(expr.base)
        if isinstance(base, ThreadSet) and isinstance(base.symbol, Process):
            inside = self.process_member(base, expr)
            if inside is not None:
                return inside
        if isinstance(base, PartialPlace) and isinstance(base.type, StructType):
            if expr.arrow:
                raise error("E0203", f"`{_short(expr.base)}` is an object, not a reference", expr.span, "write `.`")
            return self.field(base, expr.member)
        value = self.as_value(base, expr.base.span)
        if isinstance(value.type, TaskType):
            return self.task_field(value, expr.member)
        if isinstance(value.type, PointerType):
            if not expr.arrow:
                raise error("E0203", f"`{_short(expr.base)}` is a reference", expr.span, "write `->`")
            struct = value.type.struct
            count = len(self.scope.globals.objects.get(struct, ()))
            step = m.Step(m.Reach.POINTER, value, count, 0, struct)
            return self.field(PartialPlace(struct, (step,), StructType(struct)), expr.member)
        hint = "write the implication `a -> b` with blanks" if isinstance(value.type, BoolType) else ""
        raise error("E0203", f"{show_type(value.type)} has no fields", expr.base.span, hint)

    def field(self, base: PartialPlace, name: t.Name) -> PartialPlace:
        """A field of a struct object."""
        assert isinstance(base.type, StructType)
        struct = self.scope.globals.structs[base.type.name]
        found = struct.fields.get(name.text)
        if found is None:
            message = f"struct {struct.name} has no field `{name.text}`"
            raise unknown("E0209", message, name.text, struct.fields, name.span)
        return PartialPlace(f"{base.key}.{name.text}", base.steps, array_of(found.type, found.dims))

    def task_field(self, task: m.TExpr, name: t.Name) -> PartialPlace:
        """A per-task or per-group variable of a thread."""
        tables = self.scope.globals
        for fields, reach in ((tables.task_fields, m.Reach.TASK), (tables.group_fields, m.Reach.GROUP)):
            found = fields.get(name.text)
            if found is not None:
                count = len(tables.thread_names)
                step = m.Step(reach, task, count)
                return PartialPlace(found.key, (step,), array_of(found.type, found.dims))
        known = [*tables.task_fields, *tables.group_fields]
        raise unknown("E0209", f"threads have no per_task or per_group `{name.text}`", name.text, known, name.span)

    def process_member(self, base: ThreadSet, expr: t.Member) -> Thing | None:
        """A thread or variable of a process instance."""
        process = base.symbol
        assert isinstance(process, Process)
        if process.size is not None and not base.prefix:
            raise error("E0203", f"`{process.name}` is an array of processes: index it first", expr.base.span)
        inner = process.threads.get(expr.member.text)
        if inner is not None:
            stride = tuple((position, size * process.stride) for position, size in base.prefix)
            scaled = tuple((_times(position, process.stride), size) for position, size in stride)
            return ThreadSet(inner, (), process.base + inner.base, scaled)
        variable = process.variables.get(expr.member.text)
        if variable is None:
            known = [*process.threads, *process.variables]
            message = f"process {process.name} has no thread or variable `{expr.member.text}`"
            raise unknown("E0209", message, expr.member.text, known, expr.member.span)
        position = base.prefix[0][0] if base.prefix else m.Const(0, INTEGER, expr.span)
        step = m.Step(m.Reach.ELEMENT, position, process.count)
        return PartialPlace(variable.key, (step,), array_of(variable.type, variable.dims))

    def address(self, place: t.Expr, span: Span) -> Thing:
        """`&object` as a reference; `&thread`; `&object.lock` is the lock itself."""
        thing = self.thing(place)
        if isinstance(thing, PartialPlace) and isinstance(thing.type, StructType):
            if "." in thing.key or len(thing.steps) != 1:
                raise error("E0203", "only objects declared on their own can be referred to", span)
            step = thing.steps[0]
            if step.reach is m.Reach.POINTER:
                return step.value
            pair = ((step.value, step.size),)
            return m.Reference(step.offset, pair, PointerType(step.struct), span)
        if isinstance(thing, ThreadSet):
            return self.thread_value(thing, span)
        if isinstance(thing, PartialPlace):
            return thing
        raise error("E0205", "`&` needs an object, a thread, or a kernel object", span)

    # ------------------------------------------------------------ operators

    def operator(self, expr: t.Unary | t.Binary | t.Conditional) -> m.TExpr:
        """C's operators and implication."""
        match expr:
            case t.Unary(operator="!", operand=operand):
                return m.Operate("!", (self.condition(operand),), BOOLEAN, expr.span)
            case t.Unary(operand=operand):
                return m.Operate("neg", (self.value(operand, INTEGER),), INTEGER, expr.span)
            case t.Conditional():
                then, other = self.value(expr.then), self.value(expr.other)
                kind = _join(then.type, other.type)
                if kind is None:
                    message = f"the branches are {show_type(then.type)} and {show_type(other.type)}"
                    raise error("E0203", message, expr.span)
                return m.Operate("?:", (self.condition(expr.condition), then, other), kind, expr.span)
            case t.Binary(operator="&&" | "||" | "->"):
                args = (self.condition(expr.left), self.condition(expr.right))
                return m.Operate(expr.operator, args, BOOLEAN, expr.span)
            case t.Binary(operator="==" | "!="):
                left, right = self.value(expr.left), self.value(expr.right)
                if _join(left.type, right.type) is None:
                    message = f"{show_type(left.type)} is compared with {show_type(right.type)}"
                    raise error("E0203", message, expr.span)
                return m.Operate(expr.operator, (left, right), BOOLEAN, expr.span)
            case t.Binary():
                args = (self.value(expr.left, INTEGER), self.value(expr.right, INTEGER))
                kind = BOOLEAN if expr.operator in ("<", "<=", ">", ">=") else INTEGER
                return m.Operate(expr.operator, args, kind, expr.span)

    def quantified(self, expr: t.Quantified) -> m.TExpr:
        """forall, exists and count over a domain that is known now, or forall and exists up to an open size."""
        ends = self.open_range(expr.domain)
        if ends is not None:
            kind: Type = ends[2]
        else:
            kind, values = self.domain(expr.domain, expr.variable.span)
        variable = m.Fixed(expr.variable.text, kind, expr.variable.span)
        scope = self.scope.inner()
        scope.locals[expr.variable.text] = variable
        inner = ExprTyper(scope, self.ghosts, self.effects, self.running, self.depth)
        body = inner.condition(expr.body)
        result = INTEGER if expr.kind == "count" else BOOLEAN
        if ends is not None:
            if expr.kind == "count":
                raise needs_number(ends[3], expr.span, "`count` adds up a number of values that is known")
            return m.QuantifyRange(expr.kind, variable, ends[0], ends[1], body, result, expr.span)
        return m.Quantify(expr.kind, variable, values, body, result, expr.span)

    def open_range(self, domain: t.Domain) -> tuple[m.TExpr, m.TExpr, Type, Extent] | None:
        """Ends and type of a range, or of an array of structs, that depends on an open size; None if it does not."""
        if domain.high is not None:
            low, high = self.value(domain.low, INTEGER), self.value(domain.high, INTEGER)
            parts = [*subexpressions(low), *subexpressions(high)]
            extent = next((part.extent for part in parts if isinstance(part, m.Parameter)), None)
            inside = self.scope.globals.inside
            if not all(isinstance(part, m.Const | m.Parameter | m.Operate) for part in parts):
                if inside is None or not all(map(is_scalar, parts)):
                    return None
                extent = extent or inside.extent  # a property may quantify up to a value of the state
            if extent is None:
                return None
            return low, high, INTEGER, extent
        symbol: object = self.scope.lookup(domain.low.name) if isinstance(domain.low, t.Ident) else None
        if isinstance(symbol, Argument):
            symbol = symbol.value
        if not isinstance(symbol, Objects) or not isinstance(symbol.size, Extent):
            return None
        span, size = domain.low.span, symbol.size
        return m.Const(1, INTEGER, span), m.Parameter(size, INTEGER, span), PointerType(symbol.struct), size

    def domain(self, domain: t.Domain, span: Span) -> tuple[Type, tuple[int, ...]]:
        """Type and values of a set: a range, threads, objects, or an enum."""
        if domain.high is not None:
            return INTEGER, listed(self.constant(domain.low), self.constant(domain.high), span)
        if isinstance(domain.low, t.Ident):
            name = domain.low.name
            kind = self.scope.globals.types.get(name)
            if isinstance(kind, EnumType) and self.scope.lookup(name) is None:
                return kind, tuple(range(len(kind.members)))
            if name == "threads" and self.scope.lookup(name) is None:
                return TASK, tuple(range(1, len(self.scope.globals.thread_names) + 1))
        return self.named_domain(domain.low)

    def named_domain(self, expr: t.Expr) -> tuple[Type, tuple[int, ...]]:
        """Threads or objects by the name of their array or process."""
        thing = self.thing(expr)
        match thing:
            case ThreadSet(symbol=Threads() as threads, indices=()):
                first = thing.base + sum(self.fold(position) for position, _ in thing.prefix)
                return TASK, tuple(range(first + 1, first + threads.count + 1))
            case ThreadSet(symbol=Process() as process):
                if thing.prefix:
                    first = process.base + self.fold(thing.prefix[0][0]) * process.stride
                    return TASK, tuple(range(first + 1, first + process.stride + 1))
                total = process.count * process.stride
                return TASK, tuple(range(process.base + 1, process.base + total + 1))
            case Objects(size=Extent() as extent):
                raise needs_number(extent, expr.span, "a set whose values stand one by one has a size")
            case Objects(size=int() | None as size):
                count = 1 if size is None else size
                return PointerType(thing.struct), tuple(range(thing.base + 1, thing.base + count + 1))
            case PartialPlace(type=StructType(name=struct), steps=(m.Step(reach=m.Reach.STATIC) as step,)):
                return PointerType(struct), (step.offset + 1,)
            case _:
                hint = "a range a .. b, threads, a process, an array of structs or an enum"
                raise error("E0203", f"`{_short(expr)}` is no set", expr.span, hint)

    def located(self, expr: t.Where) -> m.TExpr:
        """`thread at label`, `thread inside name`."""
        thread = self.value(expr.thread, TASK)
        if expr.kind == "place":
            return place(self, expr, thread)
        labels = self.scope.globals.labels
        label = expr.label.text
        known = {name for names in labels.values() for name in names}
        functions = {name for name, s in self.scope.globals.names.items() if isinstance(s, FunctionHead)}
        if label not in known and (expr.kind == "at" or label not in functions):
            what = "label" if expr.kind == "at" else "label or function"
            candidates = known if expr.kind == "at" else known | functions
            raise unknown("E0214", f"no {what} `{label}` exists", label, candidates, expr.label.span)
        return m.Located(expr.kind, thread, label, BOOLEAN, expr.span)

    def constant(self, expr: t.Expr) -> int:
        """An integer known now; E0216 otherwise."""
        return self.fold(self.value(expr, INTEGER))

    def fold(self, value: m.TExpr) -> int:
        """The number that a typed expression is, without running anything."""
        try:
            return constant_value(value)
        except OomcheckError as failure:
            if isinstance(value, m.Parameter | m.Operate):  # it may be a constant, which stands elsewhere
                raise OomcheckError(
                    [replace(d, span=_inside(d.span, value.span)) for d in failure.diagnostics]
                ) from None
            raise

    # ------------------------------------------------------------ calls

    def call(self, expr: t.Call) -> Thing:
        """A macro, function or operation."""
        name = expr.function.text
        symbol = self.scope.lookup(name)
        if isinstance(symbol, Macro):
            if symbol.formals is None:
                raise error("E0204", f"`{name}` takes no arguments", expr.span)
            _count(name, len(symbol.formals), len(expr.arguments), expr.span)
            return self.expand(name, symbol, tuple(self.thing(a) for a in expr.arguments), expr.span)
        if isinstance(symbol, FunctionHead):
            return self.function_call(symbol, expr)
        if symbol is not None:
            raise error("E0211", f"`{name}` is no function", expr.function.span)
        if name == "local":
            return local(self, expr)
        if name == "internal":
            return total(self, expr)
        return type_operation(self, expr)

    def function_call(self, head: FunctionHead, expr: t.Call) -> m.TExpr:
        """A call of a function of the model."""
        if not self.effects:
            message = f"function `{head.name}` is called where only reading is possible"
            raise error("E0217", message, expr.span, "properties, await, assert and assume use `define` macros")
        _count(head.name, len(head.formals), len(expr.arguments), expr.span)
        args: list[m.TExpr | m.Place] = []
        for formal, argument in zip(head.formals, expr.arguments, strict=True):
            if isinstance(formal, m.ObjectFormal):
                place = self.place(argument)
                if isinstance(place, m.LocalVar) or not _same_object(place.type, formal.type):
                    raise error("E0203", f"expected {show_type(formal.type)}", argument.span)
                args.append(place)
            else:
                args.append(self.value(argument, formal.type))
        return m.CallFunction(head.name, tuple(args), head.result, expr.span)

    def expand(self, name: str, macro: Macro, arguments: tuple[Thing, ...], span: Span) -> Thing:
        """The body of a macro with its formals bound."""
        if self.depth > MACRO_DEPTH:
            raise error("E0206", f"macro `{name}` expands without end", span)
        scope = self.scope.top()
        for formal, argument in zip(macro.formals or (), arguments, strict=True):
            scope.locals[formal] = Argument(argument, span)
        return ExprTyper(scope, self.ghosts, self.effects, self.running, self.depth + 1).thing(macro.body)


def _inside(span: Span | None, whole: Span) -> Span:
    """A place if it is part of a whole, else the whole."""
    if span is not None and span.path == whole.path and whole.start <= span.start and span.end <= whole.end:
        return span
    return whole


def array_of(kind: Type, dims: tuple[Size, ...]) -> Type:
    """The type of an array with these sizes, the first one outermost."""
    for size in reversed(dims):
        kind = ArrayType(kind, size)
    return kind


def _times(value: m.TExpr, factor: int) -> m.TExpr:
    if factor == 1:
        return value
    return m.Operate("*", (value, m.Const(factor, INTEGER, value.span)), INTEGER, value.span)


def _join(left: Type, right: Type) -> Type | None:
    """A type that both fit, if there is one."""
    if isinstance(left, IntType) and isinstance(right, IntType):
        return INTEGER
    if isinstance(left, NullType) and isinstance(right, PointerType | TaskType | NullType):
        return right
    return left if fits(right, left) else None


def _same_object(found: Type, wanted: ObjectType) -> bool:
    return isinstance(found, ObjectType) and found.kind == wanted.kind


def _count(name: str, wanted: int, found: int, span: Span) -> None:
    if wanted != found:
        raise error("E0204", f"`{name}` takes {wanted} argument{'s' * (wanted != 1)}, found {found}", span)


def _short(expr: t.Expr) -> str:
    text = " ".join(expr.span.text.split())
    return text if len(text) <= 40 else text[:37] + "..."


def _object_hint(kind: Type) -> str:
    match kind:
        case ObjectType(kind=what):
            reads = {"refcount": "refcount_read(...)", "atomic": "atomic_read(...)", "spinlock": "spin_is_locked(...)"}
            return f"use {reads[what]}" if what in reads else ""
        case _:
            return ""


def _conversion_hint(expr: t.Expr, found: Type, wanted: Type) -> str:
    if isinstance(wanted, BoolType) and isinstance(found, IntType):
        return f"did you mean `{_short(expr)} > 0`?"
    if isinstance(wanted, BoolType) and isinstance(found, PointerType | TaskType):
        return f"did you mean `{_short(expr)} != NULL`?"
    if isinstance(wanted, IntType) and isinstance(found, BoolType):
        return f"did you mean `({_short(expr)} ? 1 : 0)`?"
    return ""
