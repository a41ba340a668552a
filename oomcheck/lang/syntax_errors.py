"""What the parser could not read, told in the reader's words."""

from __future__ import annotations

from dataclasses import dataclass

from oomcheck.diag.diagnostic import OomcheckError, error
from oomcheck.diag.span import Source, Span
from oomcheck.lang.scan import Lexeme


@dataclass(frozen=True, slots=True)
class Failure:
    """Where parsing stopped: `offset` is the start of the first token that does not fit, or the end of the text."""

    source: Source
    start: str
    lexemes: tuple[Lexeme, ...]
    offset: int
    accepts: frozenset[str]


def explain(failure: Failure) -> OomcheckError:
    """The error to show."""
    span = Span(failure.source, failure.offset, failure.offset + 1)
    return error("E0101", f"expected one of {', '.join(sorted(failure.accepts))}", span)
