"""Positions in source texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oomcheck.diag.span import Source, Span


@pytest.mark.parametrize(
    ("offset", "position"),
    [(0, (1, 1)), (2, (1, 3)), (3, (2, 1)), (5, (3, 1)), (6, (3, 2))],
)
def test_position(offset: int, position: tuple[int, int]) -> None:
    """Lines and columns count from 1; a line end belongs to its line; the end of the text has a place too."""
    assert Source("m.oom", "ab\nc\nd").position(offset) == position


@pytest.mark.parametrize(("line", "text"), [(1, "ab"), (2, ""), (3, "c"), (4, "")])
def test_line_text(line: int, text: str) -> None:
    """The text of a line comes without its end, be it LF or CRLF; the last line may be empty."""
    assert Source("m.oom", "ab\r\n\nc\n").line_text(line) == text


def test_span() -> None:
    """A span knows its text and place, and reaches to another one."""
    source = Source("m.oom", "int x;\nint yy;\n")
    x, yy = Span(source, 4, 5), Span(source, 11, 13)
    assert (x.text, str(x)) == ("x", "m.oom:1:5")
    assert (yy.text, str(yy)) == ("yy", "m.oom:2:5")
    assert x.to(yy) == Span(source, 4, 13)
    assert yy.to(x) == yy


@given(text=st.text(st.sampled_from("ab\t\r\n")))
def test_positions_name_each_offset_once(text: str) -> None:
    """Going through a text, positions grow, and the line and column lead back to the character."""
    source = Source("m.oom", text)
    positions = [source.position(offset) for offset in range(len(text) + 1)]
    assert positions == sorted(set(positions))
    for offset, (line, column) in enumerate(positions):
        rest = text.split("\n")[line - 1][column - 1 :]
        assert text[offset:].split("\n")[0] == rest
