"""The parts of a model's syntax tree: functions, blocks, statements, conditions, expressions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from oomcheck.lang import tree as t
from oomcheck.records import dataclass


@dataclass(frozen=True, slots=True)
class Function:
    """A function or thread."""

    name: str
    body: t.Block


def functions(file: t.ModelFile) -> Iterator[Function]:
    """Functions and threads of a file, also those inside of processes."""
    for item in file.items:
        for inner in (item, *(item.members if isinstance(item, t.ProcessDecl) else ())):
            if isinstance(inner, t.FunctionDecl | t.ThreadDecl):
                yield Function(inner.name.text, inner.body)


def statements(stmt: t.Stmt) -> Iterator[t.Stmt]:
    """A statement and all below it, in the order of the text."""
    yield stmt
    for child in _children(stmt):
        yield from statements(child)


def _children(stmt: t.Stmt) -> tuple[t.Stmt, ...]:
    match stmt:
        case t.Block(body=body):
            return body
        case t.If(then=then, other=other):
            return (then,) if other is None else (then, other)
        case t.Either(branches=branches):
            return branches
        case (
            t.Labelled(body=inner)
            | t.While(body=inner)
            | t.ForRange(body=inner)
            | t.ForEach(body=inner)
            | t.RcuSection(body=inner)
            | t.Atomic(body=inner)
        ):
            return (inner,)
        case _:
            return ()


def blocks(body: t.Block) -> Iterator[t.Block]:
    """A block and all below it."""
    return (stmt for stmt in statements(body) if isinstance(stmt, t.Block))


def conditions(body: t.Block) -> Iterator[tuple[t.Expr, bool]]:
    """What decides whether something happens, and whether it is the condition of a loop."""
    for stmt in statements(body):
        match stmt:
            case t.If(condition=condition):
                yield condition, False
            case t.While(condition=condition) if condition is not None:
                yield condition, True
            case t.TestStmt(kind=t.Test.AWAIT, condition=condition):
                yield condition, False
            case t.CallStmt(call=call) if call.function.text.startswith("wait_event") and len(call.arguments) > 1:
                yield call.arguments[1], False
            case _:
                pass


def expressions(stmt: t.Stmt) -> tuple[t.Expr, ...]:
    """The expressions that stand in a statement itself, not in statements below it."""
    match stmt:
        case t.If(condition=condition) | t.TestStmt(condition=condition):
            return (condition,)
        case t.While(condition=condition):
            return () if condition is None else (condition,)
        case t.ForRange(first=first, last=last):
            return (first, last)
        case t.ForEach(domain=domain):
            return (domain,)
        case t.RcuSection(domain=domain):
            return () if domain is None else (domain,)
        case t.Local(declarators=declarators):
            return tuple(one.init for one in declarators if one.init is not None)
        case t.Assign(place=place, value=value):
            return (place, value)
        case t.CallStmt(call=call):
            return (call,)
        case t.Choose(domain=domain):
            return _ends(domain)
        case t.Return(value=value):
            return () if value is None else (value,)
        case t.Delay(low=low, high=high):
            return (low, high)
        case t.Block() | t.Labelled() | t.Atomic() | t.Either() | t.Goto() | t.Jump():
            return ()
        case _:
            assert_never(stmt)


def _ends(domain: t.Domain) -> tuple[t.Expr, ...]:
    return (domain.low,) if domain.high is None else (domain.low, domain.high)


def subterms(expr: t.Expr) -> Iterator[t.Expr]:
    """An expression and all below it."""
    yield expr
    for child in _operands(expr):
        yield from subterms(child)


def _operands(expr: t.Expr) -> tuple[t.Expr, ...]:
    match expr:
        case t.Element(base=base, index=index):
            return (base, index)
        case t.Member(base=base):
            return (base,)
        case t.Address(place=place):
            return (place,)
        case t.Unary(operand=operand):
            return (operand,)
        case t.Binary(left=left, right=right):
            return (left, right)
        case t.Conditional(condition=condition, then=then, other=other):
            return (condition, then, other)
        case t.Quantified(domain=domain, body=body):
            return (*_ends(domain), body)
        case t.Where(thread=thread):
            return (thread,)
        case t.Call(arguments=arguments):
            return arguments
        case t.Inner(index=index):
            return () if index is None else (index,)
        case t.Number() | t.Truth() | t.Null() | t.Current() | t.Ident():
            return ()
        case _:
            assert_never(expr)
