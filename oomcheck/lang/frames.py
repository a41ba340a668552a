"""What drawing a body needs to remember: the function being expanded, its scopes, loops and labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from oomcheck.diag.span import Span
from oomcheck.ir.expr import Lit, Var
from oomcheck.ir.sorts import Scalar, bounds
from oomcheck.lang import model as m
from oomcheck.lang.calls import statements_of
from oomcheck.records import dataclass


@dataclass(slots=True)
class Frame:
    """A function being expanded, or the thread itself."""

    function: str
    exit: int
    result: Var | None
    scopes: list[list[m.LocalVar]]
    loops: list[tuple[int, int, int]]  # (node of break, node of continue, scopes outside)
    labels: dict[str, tuple[int, int]]  # node and number of scopes around it
    sections: dict[int, m.Place]  # RCU read sections, by the scope that they are


def default(sort: object) -> Lit:
    """The value that a variable has while it is not in scope."""
    assert isinstance(sort, Scalar)
    low, high = bounds(sort)
    return Lit(min(max(0, low), high), sort)


def labels_in(stmt: m.TStmt) -> Iterator[str]:
    """Labels of a body."""
    for inner in statements_of(stmt):
        if isinstance(inner, m.SLabel):
            yield inner.label


def head(span: Span) -> Span:
    """The first line of a statement, up to its brace."""
    end = span.text.find("{")
    return replace(span, end=span.start + end) if end > 0 else span


def short(stmt: m.STest) -> str:
    """The condition on one line."""
    return " ".join(stmt.condition.span.text.split())
