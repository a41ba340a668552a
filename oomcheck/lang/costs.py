"""Cost counters: which there are, and steps that show that a statement has to wait."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from oomcheck.diag.diagnostic import Diagnostic, OomcheckError, error
from oomcheck.diag.span import Span
from oomcheck.ir.expr import TRUE, Expr, not_, or_
from oomcheck.lang import model as m
from oomcheck.lang.calls import called_by, expressions_of, statements_of
from oomcheck.lang.flow import Edge, Flow
from oomcheck.objects.base import EdgeKind
from oomcheck.objects.table import OPERATIONS

SPINNING = frozenset({"spin_lock", "spin_lock_irqsave"})  # they wait, but do not sleep


def counters(model: m.Model) -> dict[str, tuple[Span, ...]]:
    """The cost counters of a model, each with the places that raise it, in the order of the text."""
    found: dict[str, tuple[Span, ...]] = {}
    for stmt in _costly(model):
        found[stmt.counter] = (*found.get(stmt.counter, ()), stmt.span)
    return found


def _costly(model: m.Model) -> Iterator[m.SCost]:
    """All statements with a counter."""
    bodies = (*(f.body for f in model.functions), *(t.body for t in model.templates))
    for body in bodies:
        for stmt in statements_of(body):
            if isinstance(stmt, m.SCost):
                yield stmt


def check_costs(model: m.Model) -> None:
    """E0409 for each statement with a counter that can never wait."""
    releases = {s.key: s.release for s in model.storages if s.release}
    found = [
        Diagnostic("E0409", "this statement never waits", stmt.span, "`cost` counts waits: of locks, events, delays")
        for stmt in _costly(model)
        if not _waits(stmt.body, model, releases)
    ]
    if found:
        raise OomcheckError(found)


def _waits(stmt: m.TStmt, model: m.Model, releases: dict[str, str]) -> bool:
    """Whether a statement, or a function that it calls, can wait."""
    if any(isinstance(s, m.SDelay) or (isinstance(s, m.STest) and s.kind == "await") for s in statements_of(stmt)):
        return True
    for expr in expressions_of(stmt):
        if isinstance(expr, m.CallOperation) and may_wait(expr.operation):
            return True
    called = {name for name, _ in called_by(stmt, releases)}
    return any(_waits(model.function(name).body, model, releases) for name in sorted(called))


def may_wait(operation: str) -> bool:
    """Whether an operation can wait for another thread or for time."""
    return OPERATIONS[operation].sleeps or operation in SPINNING


# ---------------------------------------------------------------- steps that show waits


def show_waits(flow: Flow) -> None:
    """Count the waits of the edges that are to be counted.

    A place where such a statement may have to wait gets another one beside it: a step that is enabled while the
    statement cannot go on leads there, and from there it goes on as before. A pause always waits, so the step that
    ends it counts. Nothing else changes.
    """
    incoming: dict[int, list[Edge]] = {}
    for edge in flow.edges:
        incoming.setdefault(edge.target, []).append(edge)
    outgoing = flow.outgoing()
    for node, edges in outgoing.items():
        counted = tuple(dict.fromkeys(name for edge in edges for name in edge.counted))
        if not counted or any(edge.kind is not EdgeKind.STEP for edge in edges):
            continue
        costs = tuple((name, 1) for name in counted)
        if node in flow.pauses:
            flow.edges = [replace(e, costs=costs) if e.origin == node else e for e in flow.edges]
        elif not _always([edge.guard for edge in edges]):
            before = _before(node, flow, incoming)
            _check_settled(before - {node}, edges[0], outgoing)
            _split(flow, node, edges, costs, before)


def _split(flow: Flow, node: int, edges: list[Edge], costs: tuple[tuple[str, int], ...], before: set[int]) -> None:
    """A place to wait beside `node`, with the same labels as those that a thread has on its way there."""
    waiting = flow.node(flow.regions[node], False)
    for nodes in flow.labels.values():
        if nodes & before:
            nodes.add(waiting)
    action = edges[0].action
    if action is not None:
        action = replace(action, note="has to wait")
    stuck = not_(or_(*(edge.guard for edge in edges)))
    flow.edges.append(Edge(node, waiting, EdgeKind.STEP, action, stuck, costs=costs))
    flow.edges += [replace(edge, origin=waiting, point=None) for edge in edges]


def _always(guards: list[Expr]) -> bool:
    """Whether some guard holds in each state, as far as their form tells."""
    return TRUE in guards or any(not_(guard) in guards for guard in guards)


def _before(node: int, flow: Flow, incoming: dict[int, list[Edge]]) -> set[int]:
    """A node, and those from which a step leads through it without an access before; none beyond a label."""
    stops = {stop for stops in flow.labels.values() for stop in stops if stop not in flow.inner}
    found, work = {node}, [node]
    while work:
        place = work.pop()
        for edge in incoming.get(place, ()) if place not in stops else ():
            if edge.kind is not EdgeKind.STEP and edge.origin not in found:
                found.add(edge.origin)
                work.append(edge.origin)
    return found


def _check_settled(before: set[int], edge: Edge, outgoing: dict[int, list[Edge]]) -> None:
    """E0409 if a choice is made together with the wait: the thread may go another way meanwhile."""
    for place in sorted(before):
        if sum(e.kind is EdgeKind.BIND for e in outgoing.get(place, ())) > 1:
            span = edge.action.span if edge.action is not None else None
            hint = "put a label before the statement: then the choice is a step of its own"
            raise error("E0409", "the wait is part of a choice, so it cannot be counted", span, hint)
