"""The control-flow graph of one thread: nodes and edges, before they are joined into steps."""

from __future__ import annotations

from dataclasses import field

from oomcheck.ir.expr import TRUE, Expr, Var
from oomcheck.ir.system import Access, Action
from oomcheck.objects.base import Assignment, Check, EdgeKind
from oomcheck.records import dataclass


@dataclass(frozen=True, slots=True)
class Edge:
    """A piece of a step. `inner` ones lie inside an atomic block and never end a step."""

    origin: int
    target: int
    kind: EdgeKind
    action: Action | None
    guard: Expr = TRUE
    updates: tuple[Assignment, ...] = ()
    checks: tuple[Check, ...] = ()
    accesses: tuple[Access, ...] = ()
    acquire: Expr | None = None
    point: int | None = None
    inner: bool = False
    counted: tuple[str, ...] = ()  # cost counters of the statements that it belongs to
    costs: tuple[tuple[str, int], ...] = ()  # cost counters that taking it raises, and by how much


@dataclass(slots=True)
class Flow:
    """A graph under construction.

    `regions` gives for each node the labels and functions that it lies in;
    `labels` the nodes that stand at a label (one for each expansion of its function).
    `waits` are the nodes at which it waits for a countdown, with what it is in; at those with `patience` it is
    busy meanwhile, and need not go on as long as that holds.
    """

    edges: list[Edge] = field(default_factory=list)
    regions: list[frozenset[str]] = field(default_factory=list)
    labels: dict[str, set[int]] = field(default_factory=dict)
    inner: set[int] = field(default_factory=set)
    pauses: set[int] = field(default_factory=set)  # nodes that a delay or schedule_timeout() leaves
    names: dict[int, tuple[str, Action | None]] = field(default_factory=dict)
    waits: dict[int, tuple[str, Var]] = field(default_factory=dict)
    patience: dict[int, Expr] = field(default_factory=dict)
    entry: int = 0
    exit: int = 0

    def node(self, region: frozenset[str], inner: bool) -> int:
        """A fresh node."""
        number = len(self.regions)
        self.regions.append(region)
        if inner:
            self.inner.add(number)
        return number

    def outgoing(self) -> dict[int, list[Edge]]:
        """Edges by origin, in the order in which they were drawn."""
        table: dict[int, list[Edge]] = {}
        for edge in self.edges:
            table.setdefault(edge.origin, []).append(edge)
        return table
