"""Statements to be covered: each once, however often it is expanded."""

from __future__ import annotations

from dataclasses import replace

from oomcheck.diag.span import Span
from oomcheck.ir.expr import FALSE
from oomcheck.ir.system import CoverPoint
from oomcheck.lang.flow import Flow


class Points:
    """Numbers the statements of a model by their place in its text."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, int, int], int] = {}
        self._points: list[CoverPoint] = []
        self._enabled: dict[int, bool] = {}
        self._started: frozenset[int] = frozenset()

    def classify(self, flow: Flow) -> None:
        """Note which statements of a thread can be reached as far as its graph tells."""
        real = _reachable(flow, closed=False)
        any_way = _reachable(flow, closed=True)
        for edge in flow.edges:
            if edge.point is not None:
                enabled = edge.origin in real or edge.origin not in any_way
                self._enabled[edge.point] = self._enabled.get(edge.point, False) or enabled

    def cover_points(self) -> tuple[CoverPoint, ...]:
        """What a step should run; what only constants keep from running is marked so."""
        return tuple(
            replace(point, by_parameter=not self._enabled.get(point.index, True))
            for point in self._points
            if point.index not in self._started
        )

    def started(self, passed: frozenset[int]) -> None:
        """Note statements that run as part of the initial state: they need no step."""
        self._started |= passed

    def point(self, span: Span, source: str) -> int:
        """The number of the statement at `span`."""
        key = (span.path, span.start, span.end)
        if key not in self._numbers:
            self._numbers[key] = len(self._points)
            text = " ".join(span.text.split())
            short = text if len(text) <= 60 else text[:57] + "..."
            self._points.append(CoverPoint(len(self._points), short, False, span, source))
        return self._numbers[key]


def _reachable(flow: Flow, closed: bool) -> set[int]:
    """Nodes reachable from the entry, with or without edges that constants close."""
    outgoing = flow.outgoing()
    found = {flow.entry}
    work = [flow.entry]
    while work:
        for edge in outgoing.get(work.pop(), ()):
            if edge.target not in found and (closed or edge.guard != FALSE):
                found.add(edge.target)
                work.append(edge.target)
    return found
