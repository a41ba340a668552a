"""Source texts and positions in them."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import field
from itertools import accumulate

from oomcheck.records import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """A text and where it came from; `path` is shown to the user as given."""

    path: str
    text: str = field(repr=False)
    _starts: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the line starts, so that columns are computed and never stored."""
        lines = self.text.split("\n")
        object.__setattr__(self, "_starts", tuple(accumulate((len(line) + 1 for line in lines[:-1]), initial=0)))

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of `offset`, both counted from 1."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def line_text(self, line: int) -> str:
        """Text of a line (counted from 1) without its end."""
        start = self._starts[line - 1]
        end = self._starts[line] if line < len(self._starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")


@dataclass(frozen=True, slots=True)
class Span:
    """The half-open range `start .. end` of character offsets in a source."""

    source: Source
    start: int
    end: int

    @property
    def path(self) -> str:
        """Path of the source, as the user named it."""
        return self.source.path

    @property
    def line(self) -> int:
        """Line of the first character, from 1."""
        return self.source.position(self.start)[0]

    @property
    def column(self) -> int:
        """Column of the first character, from 1."""
        return self.source.position(self.start)[1]

    @property
    def text(self) -> str:
        """The characters of the span."""
        return self.source.text[self.start : self.end]

    def to(self, other: Span) -> Span:
        """The span from the start of this one to the end of `other`."""
        return Span(self.source, self.start, max(self.end, other.end))

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"
