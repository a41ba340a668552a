"""Expressions about the inside of a system, which only properties have: places, locals, hidden state."""

from __future__ import annotations

from collections.abc import Iterable

from oomcheck.diag.diagnostic import OomcheckError, error
from oomcheck.diag.span import Span
from oomcheck.ir.expr import FALSE, Expr, Index, Lit, Var
from oomcheck.ir.sorts import BoolSort, EnumSort, IntSort, Scalar, scalar_of
from oomcheck.lang import model as m
from oomcheck.lang import tree as t
from oomcheck.lang.inside import Inside, nearest
from oomcheck.lang.known import constant_value
from oomcheck.lang.types import BOOLEAN, INTEGER, TASK, EnumType, PointerType, Type
from oomcheck.lang.typing_ops import Typer

ZERO = Lit(0, IntSort(0, 0))


def is_scalar(expr: m.TExpr) -> bool:
    """Whether an expression, apart from those below it, always has a meaning: no index or reference can miss."""
    match expr:
        case m.Const() | m.Parameter() | m.Inner():
            return True
        case m.Operate(operator=operator):
            return operator not in ("/", "%")
        case m.Load(place=read):
            return not read.steps
        case m.PerThread(thread=thread) | m.Located(thread=thread):
            return isinstance(thread, m.Reference)
        case m.Reference(indices=indices):
            return all(isinstance(position, m.Const) for position, _ in indices)
        case _:
            return False


def place(typer: Typer, expr: t.Where, thread: m.TExpr) -> m.TExpr:
    """`thread at "place"`; E0214 if the thread, or every one where it is not known, has no such place."""
    inside = _inside(typer, expr.label.span)
    name = expr.label.text
    asked = _processes(inside, thread)
    if not any(name in inside.places[process] for process in asked):
        known = {one for process in asked for one in inside.places[process]}
        raise error("E0214", f'no place "{name}" exists', expr.label.span, nearest(name, known))
    choices = tuple(inside.at(process, name) or FALSE for process in range(len(inside.places)))
    return m.PerThread(thread, choices, BOOLEAN, expr.span)


def local(typer: Typer, expr: t.Call) -> m.TExpr:
    """`local(thread, name)` or `local(thread, name, number)`."""
    inside = _inside(typer, expr.function.span)
    if len(expr.arguments) not in (2, 3):
        raise error("E0204", f"`local` takes 2 or 3 arguments, found {len(expr.arguments)}", expr.span)
    thread = typer.value(expr.arguments[0], TASK)
    named = expr.arguments[1]
    if not isinstance(named, t.Ident):
        raise error("E0203", "expected the name of a local", named.span)
    number = constant_value(typer.value(expr.arguments[2], INTEGER)) if len(expr.arguments) == 3 else 1
    asked = _processes(inside, thread)
    found = {process: inside.locals[process].get((named.name, number)) for process in asked}
    sorts = {scalar_of(variable.sort) for variable in found.values() if variable is not None}
    types = {_type_of(typer, sort) for sort in sorts}
    if not types:
        _refuse_local(inside, asked, named.name, number, named.span)
    if len(types) > 1:
        raise error("E0203", f"`{named.name}` has not one type in all these threads", named.span)
    choices: list[Expr] = []
    for process in range(len(inside.locals)):
        variable = inside.locals[process].get((named.name, number))
        choices.append(variable.var if variable is not None else ZERO)
    return m.PerThread(thread, tuple(choices), types.pop(), expr.span)


def total(typer: Typer, expr: t.Call) -> m.TExpr:
    """`internal(value)`: the value, with all that it reads as the system has it."""
    _inside(typer, expr.function.span)
    if len(expr.arguments) != 1:
        raise error("E0204", f"`internal` takes a value or a text, found {len(expr.arguments)} arguments", expr.span)
    value = typer.value(expr.arguments[0])
    return m.Operate(m.TOTAL, (value,), value.type, expr.span)


def inner(typer: Typer, expr: t.Inner) -> m.TExpr:
    """`internal("name")` or `internal("name", index)`: a bool, or a number also of what has names in the model."""
    if expr.word.text != "internal":
        raise error("E0211", f'`{expr.word.text}` takes no text; `internal("name")` does', expr.word.span)
    inside = _inside(typer, expr.word.span)
    if expr.index is None:
        slot = inside.slot(expr.name)
        if slot is None:
            hint = "it is an array: give an index" if expr.name in inside.arrays else nearest(expr.name, inside.slots)
            raise error("E0201", f'nothing inside is called "{expr.name}"', expr.span, hint)
        return m.Inner(slot, None, _number_or_bool(slot), expr.span)
    array = inside.arrays.get(expr.name)
    if array is None:
        raise error("E0201", f'no array inside is called "{expr.name}"', expr.span, nearest(expr.name, inside.arrays))
    return m.Inner(array, typer.value(expr.index, INTEGER), _number_or_bool(array), expr.span)


def _inside(typer: Typer, span: Span) -> Inside:
    inside = typer.scope.globals.inside
    if inside is None:
        raise error("E0217", "only properties of specs look at places, locals of others, and hidden state", span)
    return inside


def _processes(inside: Inside, thread: m.TExpr) -> Iterable[int]:
    """The thread if it is written down, else all."""
    try:
        return (constant_value(thread) - 1,)
    except OomcheckError:
        return range(len(inside.system.processes))


def _refuse_local(inside: Inside, asked: Iterable[int], name: str, number: int, span: Span) -> None:
    known = {key for process in asked for key in inside.locals[process]}
    count = sum(1 for one, _ in known if one == name)
    if count:
        raise error("E0201", f"there are {count} locals `{name}`, no number {number}", span)
    raise error("E0201", f"no local `{name}` exists there", span, nearest(name, (one for one, _ in known)))


def _number_or_bool(slot: Expr) -> Type:
    assert isinstance(slot, Var | Index)
    sort = scalar_of((slot.array if isinstance(slot, Index) else slot).sort)
    return BOOLEAN if isinstance(sort, BoolSort) else INTEGER


def _type_of(typer: Typer, sort: Scalar) -> Type:
    """The type whose values a sort has."""
    match sort:
        case BoolSort():
            return BOOLEAN
        case IntSort():
            return INTEGER
        case EnumSort(name="task *"):
            return TASK
        case EnumSort(name=name) if name.endswith(" *"):
            return PointerType(name.removesuffix(" *"))
        case EnumSort(name=name):
            kind = typer.scope.globals.types.get(name)
            return kind if isinstance(kind, EnumType) else INTEGER
