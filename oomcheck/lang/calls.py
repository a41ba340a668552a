"""The call graph: no recursion, since functions are expanded where they are called."""

from __future__ import annotations

from collections.abc import Iterator

from oomcheck.diag.diagnostic import Diagnostic, OomcheckError
from oomcheck.diag.span import Span
from oomcheck.lang import model as m


def check_calls(model: m.Model) -> None:
    """E0206 for each function that can call itself."""
    releases = {s.key: s.release for s in model.storages if s.release}
    callees = {f.name: list(called_by(f.body, releases)) for f in model.functions}
    found: list[Diagnostic] = []
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> None:
        for callee, span in callees.get(name, ()):
            if callee in path:
                cycle = " -> ".join([*path[path.index(callee) :], callee])
                found.append(Diagnostic("E0206", f"recursion: {cycle}", span))
            elif callee not in done:
                visit(callee, [*path, callee])
        done.add(name)

    for function in model.functions:
        if function.name not in done:
            visit(function.name, [function.name])
    if found:
        raise OomcheckError(found)


def called_by(stmt: m.TStmt, releases: dict[str, str]) -> Iterator[tuple[str, Span]]:
    """Functions that a statement calls, each with the place of the call."""
    for expr in expressions_of(stmt):
        if isinstance(expr, m.CallFunction):
            yield expr.function, expr.span
        elif isinstance(expr, m.CallOperation) and expr.operation == "put":
            place = expr.args[0]
            if isinstance(place, m.Place) and isinstance(place.storage, m.Storage):
                release = releases.get(place.storage.key)
                if release:
                    yield release, expr.span


def expressions_of(stmt: m.TStmt) -> Iterator[m.TExpr]:
    """All expressions below a statement, outer ones first."""
    for inner in statements_of(stmt):
        for expr in own_expressions(inner):
            yield from subexpressions(expr)


def statements_of(stmt: m.TStmt) -> Iterator[m.TStmt]:
    """A statement and all below it."""
    yield stmt
    children: tuple[m.TStmt, ...]
    match stmt:
        case m.SBlock(body=body):
            children = body
        case m.SIf(then=then, other=other):
            children = (then,) if other is None else (then, other)
        case m.SEither(branches=branches):
            children = branches
        case (
            m.SLabel(body=inner)
            | m.SWhile(body=inner)
            | m.SFor(body=inner)
            | m.SEach(body=inner)
            | m.SAtomic(body=inner)
            | m.SRcu(body=inner)
            | m.SCost(body=inner)
        ):
            children = (inner,)
        case _:
            children = ()
    for child in children:
        yield from statements_of(child)


def own_expressions(stmt: m.TStmt) -> tuple[m.TExpr, ...]:
    """Expressions that stand in a statement itself."""
    match stmt:
        case m.SIf(condition=condition) | m.STest(condition=condition):
            return (condition,)
        case m.SWhile(condition=test):
            return () if test is None else (test,)
        case m.SFor(first=first, last=last):
            return (first, last)
        case m.SDeclare(value=value) | m.SReturn(value=value):
            return () if value is None else (value,)
        case m.SAssignLocal(value=stored):
            return (stored,)
        case m.SAssign(place=place, value=stored):
            return (stored, *place_values(place))
        case m.SCall(call=call):
            return (call,)
        case m.SDelay(low=low, high=high):
            return (low, high)
        case m.SRcu(domain=domain):
            return place_values(domain)
        case _:
            return ()


def place_values(place: m.Place) -> tuple[m.TExpr, ...]:
    """Index expressions of a place."""
    return tuple(step.value for step in place.steps)


def subexpressions(expr: m.TExpr) -> Iterator[m.TExpr]:
    """An expression and all below it, also in the indices of places."""
    yield expr
    children: tuple[m.TExpr, ...]
    match expr:
        case m.Load(place=place):
            children = place_values(place)
        case m.Operate(args=args):
            children = args
        case m.Quantify(body=body):
            children = (body,)
        case m.QuantifyRange(low=low, high=high, body=body):
            children = (low, high, body)
        case m.Reference(indices=indices):
            children = tuple(position for position, _ in indices)
        case m.CallFunction(args=mixed) | m.CallOperation(args=mixed):
            nested = [place_values(a) if isinstance(a, m.Place) else (a,) for a in mixed]
            children = tuple(child for group in nested for child in group)
        case m.Located(thread=thread) | m.PerThread(thread=thread):
            children = (thread,)
        case m.Inner(index=position) if position is not None:
            children = (position,)
        case _:
            children = ()
    for child in children:
        yield from subexpressions(child)
