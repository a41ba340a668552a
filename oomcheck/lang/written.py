"""Written-bits that are always set where they are read: definite assignment, as C compilers do it."""

from __future__ import annotations

from dataclasses import replace

from oomcheck.ir.expr import FALSE, TRUE, Expr, Lit, Var
from oomcheck.ir.walk import rewrite, subexpressions
from oomcheck.lang.flow import Edge, Flow
from oomcheck.objects.base import EdgeKind


def drop_settled_bits(flow: Flow, bits: set[str]) -> None:
    """Replace each bit by true where every path has set it; a bit that is never doubtful disappears."""
    if not bits:
        return
    known = _definitely_set(flow, bits)
    edges = [_resolve(edge, known.get(edge.origin, frozenset())) for edge in flow.edges]
    edges = [edge for edge in edges if edge.guard != FALSE or edge.kind is not EdgeKind.FREE]  # `await false` stays
    doubtful = {name for edge in edges for name in _reads(edge) if name in bits}
    flow.edges[:] = [
        replace(
            e, updates=tuple((p, v) for p, v in e.updates if not (isinstance(p, Var) and p.name in bits - doubtful))
        )
        for e in edges
    ]


def _definitely_set(flow: Flow, bits: set[str]) -> dict[int, frozenset[str]]:
    """For each reachable node the bits that are set on all paths to it (greatest fixpoint)."""
    outgoing = flow.outgoing()
    known: dict[int, frozenset[str]] = {flow.entry: frozenset()}
    work = [flow.entry]
    while work:
        node = work.pop()
        for edge in outgoing.get(node, ()):
            after = _after(edge, known[node], bits)
            old = known.get(edge.target)
            new = after if old is None else old & after
            if new != old:
                known[edge.target] = new
                work.append(edge.target)
    return known


def _after(edge: Edge, before: frozenset[str], bits: set[str]) -> frozenset[str]:
    found = set(before)
    if isinstance(edge.guard, Var) and edge.guard.name in bits:
        found.add(edge.guard.name)
    for place, value in edge.updates:
        if isinstance(place, Var) and place.name in bits:
            if value == TRUE:
                found.add(place.name)
            else:
                found.discard(place.name)
    return frozenset(found)


def _resolve(edge: Edge, known: frozenset[str]) -> Edge:
    if not known:
        return edge

    def leaf(node: Expr) -> Expr:
        return TRUE if isinstance(node, Var) and node.name in known else node

    checks = tuple(replace(check, ok=rewrite(check.ok, leaf)) for check in edge.checks)
    return replace(edge, guard=rewrite(edge.guard, leaf), checks=checks)


def _reads(edge: Edge) -> set[str]:
    names: set[str] = set()
    for expr in (edge.guard, *(check.ok for check in edge.checks), *(value for _, value in edge.updates)):
        for node in subexpressions(expr):
            if isinstance(node, Var) and not isinstance(node, Lit):
                names.add(node.name)
    return names
