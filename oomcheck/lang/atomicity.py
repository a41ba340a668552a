"""Places where one step sees or writes more than one shared place: what kernel code cannot do."""

from __future__ import annotations

from collections.abc import Iterator

from oomcheck.diag.span import Span
from oomcheck.lang import model as m
from oomcheck.lang.calls import expressions_of, statements_of, subexpressions
from oomcheck.objects.table import OPERATIONS

COMPOSITE = frozenset({"freezing", "try_to_freeze", "send_sigkill", "kmalloc"})


def wide_places(model: m.Model) -> list[tuple[Span, str]]:
    """Atomic blocks, and conditions and operations that read several shared places at one instant."""
    found: dict[tuple[str, int], tuple[Span, str]] = {}
    for body in bodies(model):
        for span, text in _in_body(body):
            found.setdefault((span.path, span.start), (span, text))
    return sorted(found.values(), key=lambda place: (place[0].path, place[0].start))


def bodies(model: m.Model) -> Iterator[m.TStmt]:
    """All function and thread bodies."""
    for function in model.functions:
        yield function.body
    for template in model.templates:
        yield template.body


def _in_body(body: m.TStmt) -> Iterator[tuple[Span, str]]:
    for stmt in statements_of(body):
        if isinstance(stmt, m.SAtomic):
            yield stmt.span, "atomic block"
        elif isinstance(stmt, m.STest) and shared_reads(stmt.condition) > 1:
            yield stmt.span, f"{stmt.kind} with {shared_reads(stmt.condition)} shared reads"
    for expr in expressions_of(body):
        if isinstance(expr, m.CallOperation) and expr.operation in COMPOSITE:
            yield expr.span, f"{expr.operation} is one step on several fields"


def shared_reads(expr: m.TExpr) -> int:
    """How many shared places an expression names; one under a quantifier counts for each value."""
    match expr:
        case m.Quantify(values=values, body=body):
            return len(values) * shared_reads(body)
        case m.QuantifyRange(body=body):
            return 2 * shared_reads(body)  # of two values or more
        case m.Load() | m.Located():
            return 1 + sum(shared_reads(child) for child in _children(expr))
        case m.CallOperation(operation=operation):
            own = 1 if OPERATIONS[operation].pure or OPERATIONS[operation].kind == "thread" else 0
            return own + sum(shared_reads(child) for child in _children(expr))
        case _:
            return sum(shared_reads(child) for child in _children(expr))


def _children(expr: m.TExpr) -> list[m.TExpr]:
    """Direct subexpressions."""
    everything = list(subexpressions(expr))[1:]
    below = {id(inner) for child in everything for inner in list(subexpressions(child))[1:]}
    return [child for child in everything if id(child) not in below]
