"""The order in which processes take locks, as lockdep sees it: an edge from each lock held to the lock taken."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from oomcheck.evidence import EvidenceError
from oomcheck.explicit import Explicit, Means
from oomcheck.graphs.picture import Edge, Mark, Node, Picture, short
from oomcheck.graphs.space import told
from oomcheck.ir.expr import Expr, Lit, and_, eq, or_
from oomcheck.ir.interval import interval
from oomcheck.ir.sorts import IntSort
from oomcheck.ir.system import Transition, TransitionSystem
from oomcheck.prop.property import Kind, Property, sanitizer
from oomcheck.records import dataclass
from oomcheck.result.exploration import Exploration, Limits, LockEdge
from oomcheck.semantics.budget import Report, StopCheck
from oomcheck.semantics.lockorder import LockOrder
from oomcheck.ways import Ways


@dataclass(frozen=True, slots=True)
class Order:
    """`edge` is seen in some reachable state; `sources` are the kernel references (or lines) of the steps that take it.

    `circular` if it is part of a circle of locks in which each process takes part once.
    """

    edge: LockEdge
    sources: tuple[str, ...]
    circular: bool


@dataclass(frozen=True, slots=True)
class Orders:
    """All orders over the reachable states, or those seen until `stopped`."""

    system: TransitionSystem
    orders: tuple[Order, ...]
    stopped: str


@dataclass(frozen=True, slots=True)
class Search:
    """How to search; see `Explicit.explore`."""

    limits: Limits
    environ: Mapping[str, str]
    should_stop: StopCheck | None = None
    progress: Report | None = None

    def __call__(self, system: TransitionSystem, properties: Sequence[Property]) -> Exploration:
        """Visit the reachable states without any reduction, as it might leave out an order."""
        ways = Ways(len(os.sched_getaffinity(0)), frozenset())
        explicit = Explicit(Means(ways, environ=self.environ))
        return explicit.explore(system, properties, self.limits, self.should_stop, self.progress)


def lock_orders(system: TransitionSystem, search: Search) -> Orders:
    """The order of locks over all reachable states; two searches where one step does not tell who takes a lock."""
    # `unreachable` is never decided, so a circle of locks does not end the search.
    found = search(system, [sanitizer("lockdep"), sanitizer("unreachable")])
    edges = sorted(found.orders, key=lambda edge: (edge.held, edge.wanted, edge.process))
    order = LockOrder()
    for edge in edges:
        order.add(edge, 0)
    places = {edge: _sources(system, edge) for edge in edges}
    unclear = {edge: by for edge, by in places.items() if len(by) > 1}
    stopped = told(found.stopped, search.limits)
    if unclear and not stopped:
        places |= _seen_sources(system, unclear, search)
    circular = {edge: bool(order.circle(edge)) for edge in edges}
    return Orders(system, tuple(Order(e, tuple(sorted(places[e])), circular[e]) for e in edges), stopped)


def _seen_sources(
    system: TransitionSystem, unclear: Mapping[LockEdge, Mapping[str, Expr]], search: Search
) -> dict[LockEdge, dict[str, Expr]]:
    """Those of several places that are really reached with that order; all of them if a limit hides it."""
    pairs = [(edge, source) for edge, by in unclear.items() for source in by]
    covers = [Property(f"{number}", Kind.COVER, unclear[e][s]) for number, (e, s) in enumerate(pairs)]
    found = search(system, covers)
    if found.stopped and len(found.witnesses) < len(covers):
        return {edge: {f"{s}?": condition for s, condition in by.items()} for edge, by in unclear.items()}
    kept: dict[LockEdge, dict[str, Expr]] = {edge: {} for edge in unclear}
    for number, (edge, source) in enumerate(pairs):
        if f"{number}" in found.witnesses:
            kept[edge][source] = unclear[edge][source]
    if not all(kept.values()):
        raise EvidenceError("an order of locks was seen that no step shows")
    return kept


def _sources(system: TransitionSystem, edge: LockEdge) -> dict[str, Expr]:
    """For each place that may take the lock of an edge the condition under which it does, holding the other."""
    found: dict[str, list[Expr]] = {}
    for step in _takers(system, edge):
        assert step.acquire is not None
        takes = eq(step.acquire, Lit(edge.wanted, IntSort(0, len(system.locks))))
        holds = system.locks[edge.held].holders[edge.process]
        found.setdefault(source_of(step), []).append(and_(system.full_guard(step), takes, holds))
    return {source: or_(*conditions) for source, conditions in found.items()}


def _takers(system: TransitionSystem, edge: LockEdge) -> Iterator[Transition]:
    for step in system.transitions:
        if step.process == edge.process and step.acquire is not None:
            low, high = interval(step.acquire)
            if low <= edge.wanted <= high:
                yield step


def source_of(step: Transition) -> str:
    """The kernel function of a step, else its line."""
    action = step.action
    return action.source or (f"line {action.span.line}" if action.span is not None else action.text)


def lock_picture(found: Orders) -> Picture:
    """Locks as nodes, orders as edges with threads and kernel functions; circles are marked."""
    system = found.system
    circular = {lock for one in found.orders if one.circular for lock in (one.edge.held, one.edge.wanted)}
    nodes = tuple(
        Node(f"l{number}", (short(lock.name),), frozenset([Mark.CYCLE]) if number in circular else frozenset())
        for number, lock in enumerate(system.locks)
    )
    together: dict[tuple[int, int], list[Order]] = {}
    for one in found.orders:
        together.setdefault((one.edge.held, one.edge.wanted), []).append(one)
    edges = tuple(
        Edge(
            f"l{held}",
            f"l{wanted}",
            tuple(_lines(system, orders)),
            frozenset([Mark.CYCLE]) if any(one.circular for one in orders) else frozenset(),
        )
        for (held, wanted), orders in together.items()
    )
    notes = ["an edge A -> B: B is taken while A is held"]
    if circular:
        notes.append("bold: locks are taken in a circle, as lockdep reports it")
    if found.stopped:
        notes.append(f"PARTIAL ({found.stopped}): there may be more edges")
    return Picture(f"lock order of {system.name}", nodes, edges, tuple(notes))


def _lines(system: TransitionSystem, orders: Sequence[Order]) -> Iterator[str]:
    for one in orders:
        yield short(system.processes[one.edge.process].name)
        yield from (short(f"  {source}") for source in one.sources)
