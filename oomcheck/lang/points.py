"""Statements to be covered: each once, however often it is expanded."""

from __future__ import annotations

from oomcheck.diag.span import Span
from oomcheck.ir.system import CoverPoint


class Points:
    """Numbers the statements of a model by their place in its text."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, int, int], int] = {}
        self.points: list[CoverPoint] = []

    def point(self, span: Span, source: str) -> int:
        """The number of the statement at `span`."""
        key = (span.path, span.start, span.end)
        if key not in self._numbers:
            self._numbers[key] = len(self.points)
            text = " ".join(span.text.split())
            short = text if len(text) <= 60 else text[:57] + "..."
            self.points.append(CoverPoint(len(self.points), short, False, span, source))
        return self._numbers[key]
