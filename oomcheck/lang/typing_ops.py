"""Calls of kernel operations: arguments against signatures."""

from __future__ import annotations

from typing import Protocol

from oomcheck.diag.diagnostic import error
from oomcheck.diag.span import Span
from oomcheck.lang import model as m
from oomcheck.lang import tree as t
from oomcheck.lang.known import needs_number
from oomcheck.lang.scope import Bit, FunctionHead, Macro, Objects, Scope, unknown
from oomcheck.lang.types import (
    BOOLEAN,
    DEADLINE,
    INTEGER,
    TASK,
    VOID,
    EnumType,
    Extent,
    FlagsType,
    ObjectType,
    PointerType,
    Type,
    is_value,
    show_type,
)
from oomcheck.objects.base import ArgKind, Operation, ResultKind
from oomcheck.objects.clock import EXCHANGED
from oomcheck.objects.table import KINDS, OPERATIONS
from oomcheck.objects.task import TASK_STATES

STATE_TYPE = EnumType(TASK_STATES.name, TASK_STATES.members)
COMPARE = "write time_after(jiffies, d) or time_before(jiffies, d)"
READS = frozenset({"READ_ONCE", "data_race", "dead", "holds", "waits", "alive"})  # pure, drawn by the front end


class Typer(Protocol):
    """What is needed of the expression typer."""

    @property
    def scope(self) -> Scope:
        """Names visible here."""
        ...

    @property
    def ghosts(self) -> bool:
        """Whether ghosts may be read."""
        ...

    @property
    def effects(self) -> bool:
        """Whether operations may do more than read."""
        ...

    @property
    def running(self) -> bool:
        """Whether a thread runs here."""
        ...

    def value(self, expr: t.Expr, wanted: Type | None = None) -> m.TExpr:
        """A value of a type."""
        ...

    def place(self, expr: t.Expr) -> m.Place | m.LocalVar:
        """A place."""
        ...

    def thing(self, expr: t.Expr) -> object:
        """What an expression names."""
        ...


def type_operation(typer: Typer, expr: t.Call) -> m.TExpr:
    """A call of an operation of the table; E0211 if there is none."""
    name = expr.function.text
    operation = OPERATIONS.get(name)
    if operation is None:
        callables = (n for n, s in typer.scope.globals.names.items() if isinstance(s, FunctionHead | Macro))
        raise unknown(
            "E0211", f"no function or operation `{name}`", name, [*OPERATIONS, *callables], expr.function.span
        )
    _context(typer, operation, expr.span)
    least, most = len(operation.args) - operation.optional, len(operation.args)
    if not least <= len(expr.arguments) <= most:
        wanted = str(most) if least == most else f"{least} or {most}"
        plural = "s" * (wanted != "1")
        raise error("E0204", f"`{name}` takes {wanted} argument{plural}, found {len(expr.arguments)}", expr.span)
    args = _arguments(typer, operation, expr)
    if operation.kind == "clock":
        return _comparison(name, args, expr)
    if name in ("READ_ONCE", "data_race"):
        place = args[0]
        assert isinstance(place, m.Place)
        return m.Load(place, True, place.type, expr.span, racy=name == "data_race")
    return m.CallOperation(name, args, _result(operation, args), expr.span)


def _context(typer: Typer, operation: Operation, span: Span) -> None:
    reads = operation.pure or operation.name in READS
    if not reads and not typer.effects:
        message = f"`{operation.name}` does more than read; it cannot stand in a property, await, assert or assume"
        raise error("E0217", message, span)
    if not reads and not typer.running:
        raise error("E0217", f"`{operation.name}` needs a running thread", span)


def _arguments(typer: Typer, operation: Operation, expr: t.Call) -> tuple[m.TExpr | m.Place, ...]:
    args: list[m.TExpr | m.Place] = []
    variable: Type | None = None
    if operation.args[:1] == (ArgKind.BIT,):
        return _flag_arguments(typer, expr)
    for kind, argument in zip(operation.args, expr.arguments, strict=False):
        match kind:
            case ArgKind.OBJECT:
                args.append(_object(typer, argument, operation.kind))
            case ArgKind.LOCK:
                args.append(_lock(typer, argument))
            case ArgKind.VARIABLE:
                place = _variable(typer, argument, operation.name)
                variable = place.type
                args.append(place)
            case ArgKind.VALUE:
                args.append(typer.value(argument, variable))
            case ArgKind.POOL:
                args.append(_pool(typer, argument))
            case ArgKind.POINTER:
                args.append(_pointer(typer, argument))
            case ArgKind.TICKS:
                args.append(_ticks(typer, argument))
            case ArgKind.INSTANT:
                args.append(_instant(typer, argument))
            case _:
                args.append(typer.value(argument, _WANTED[kind]))
    return tuple(args)


_WANTED: dict[ArgKind, Type] = {
    ArgKind.INT: INTEGER,
    ArgKind.TASK: TASK,
    ArgKind.CONDITION: BOOLEAN,
    ArgKind.STATE: STATE_TYPE,
}


def _flag_arguments(typer: Typer, expr: t.Call) -> tuple[m.TExpr | m.Place, ...]:
    flag, word = expr.arguments
    bit = typer.thing(flag)
    place = typer.place(word)
    if isinstance(place, m.LocalVar) or not isinstance(place.type, FlagsType):
        raise error("E0203", f"expected a flag word, found {show_type(place.type)}", word.span)
    if not isinstance(bit, Bit):
        raise error("E0203", "expected a flag of that word", flag.span)
    if bit.word != place.type:
        known = ", ".join(place.type.bits)
        raise error("E0213", f"`{flag.span.text}` is no flag of this word", flag.span, f"its flags: {known}")
    return m.Const(bit.number, INTEGER, flag.span), place


def _object(typer: Typer, argument: t.Expr, kind: str) -> m.Place:
    place = typer.place(argument)
    if isinstance(place, m.LocalVar) or not (isinstance(place.type, ObjectType) and place.type.kind == kind):
        raise error("E0203", f"expected an object of kind {kind}, found {show_type(place.type)}", argument.span)
    return place


def _lock(typer: Typer, argument: t.Expr) -> m.Place:
    place = typer.place(argument)
    if isinstance(place, m.Place) and isinstance(place.type, ObjectType) and KINDS[place.type.kind].held:
        return place
    raise error("E0203", f"expected a lock, found {show_type(place.type)}", argument.span)


def _variable(typer: Typer, argument: t.Expr, name: str) -> m.Place:
    place = typer.place(argument)
    if isinstance(place, m.LocalVar):
        raise error("E0205", f"`{place.name}` is a local: no other thread can see it", argument.span)
    if not is_value(place.type):
        raise error("E0203", f"expected a plain variable, found {show_type(place.type)}", argument.span)
    if place.type == DEADLINE and name != "WRITE_ONCE":
        raise error("E0217", "a deadline is set, and compared with jiffies; nothing else", argument.span, COMPARE)
    assert isinstance(place.storage, m.Storage)
    if place.storage.ghost:
        raise error("E0210", "a ghost variable is no memory of the kernel", argument.span)
    return place


def _pool(typer: Typer, argument: t.Expr) -> m.TExpr:
    thing = typer.thing(argument)
    if isinstance(thing, Objects) and thing.size == 0:
        raise error("E0303", "there is nothing to allocate from an empty array", argument.span)
    if isinstance(thing, Objects) and isinstance(thing.size, Extent):
        raise needs_number(thing.size, argument.span, "kmalloc() looks at the objects one by one")
    if isinstance(thing, Objects) and thing.size is not None:
        return m.Const(thing.base, PointerType(thing.struct), argument.span)
    raise error("E0203", "expected an array of structs to allocate from", argument.span)


def _pointer(typer: Typer, argument: t.Expr) -> m.TExpr:
    value = typer.value(argument)
    if isinstance(value.type, PointerType):
        return value
    raise error("E0203", f"expected a reference to an object, found {show_type(value.type)}", argument.span)


def _ticks(typer: Typer, argument: t.Expr) -> m.TExpr:
    match argument:
        case t.Ident(name="jiffies"):
            return m.Const(0, INTEGER, argument.span)
        case t.Binary(operator="+", left=t.Ident(name="jiffies"), right=ticks):
            return typer.value(ticks, INTEGER)
        case _:
            raise error("E0203", "expected `jiffies + n`", argument.span, "the expiry is relative to now")


def _instant(typer: Typer, argument: t.Expr) -> m.TExpr:
    """A deadline to compare, or jiffies itself, as a constant."""
    if isinstance(argument, t.Ident) and argument.name == "jiffies":
        return m.Const(0, INTEGER, argument.span)
    place = typer.place(argument)
    if place.type != DEADLINE:
        message = f"expected jiffies or a deadline, found {show_type(place.type)}"
        raise error("E0203", message, argument.span, "declare it: deadline d = jiffies + n")
    if isinstance(place, m.LocalVar):
        return m.ReadLocal(place, argument.span)
    assert isinstance(place.storage, m.Storage)
    if place.storage.ghost and not typer.ghosts:
        raise error("E0210", "a ghost deadline is read by a statement that is not ghost", argument.span)
    return m.Load(place, place.storage.marked, DEADLINE, argument.span)


def _comparison(name: str, args: tuple[m.TExpr | m.Place, ...], expr: t.Call) -> m.TExpr:
    """A comparison of jiffies with a deadline, jiffies first."""
    left, right = args
    if isinstance(left, m.Const) == isinstance(right, m.Const):
        raise error("E0203", f"`{name}` compares jiffies with a deadline", expr.span, f"write {name}(jiffies, d)")
    if isinstance(left, m.Const):
        return m.CallOperation(name, (right,), BOOLEAN, expr.span)
    return m.CallOperation(EXCHANGED[name], (left,), BOOLEAN, expr.span)


def _result(operation: Operation, args: tuple[m.TExpr | m.Place, ...]) -> Type:
    match operation.result:
        case ResultKind.VOID:
            return VOID
        case ResultKind.BOOL:
            return BOOLEAN
        case ResultKind.INT:
            return INTEGER
        case ResultKind.STATE:
            return STATE_TYPE
        case ResultKind.VARIABLE | ResultKind.POOL:
            return args[0].type
