"""Texts in Markdown: a reader sees the text and nothing that it would mean."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from markdown_it import MarkdownIt
from markdown_it.token import Token

from oomcheck.report.markdown import escape, fenced, table_row
from oomcheck.report.wording import plain
from tests.report.gates import NASTY, texts

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
TAGS = re.compile(r"</?([a-z0-9]+)")


def tables(page: list[Token]) -> list[list[list[str]]]:
    """The raw cells of all tables."""
    found: list[list[list[str]]] = []
    for token, following in zip(page, [*page[1:], None], strict=True):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type in ("th_open", "td_open"):
            assert following is not None
            found[-1][-1].append(following.content)
    return found


@pytest.mark.parametrize(
    "text", [*NASTY, "http://x.y/ www.x.y", "1. x", "- x", "+ x", "# x", "    x", "x  ", "![a](b)"]
)
def test_texts_stay_texts(text: str) -> None:
    """What a reader sees is the text, whatever it would mean as Markdown; leading blanks do not count."""
    shown = READER.render(f"x{escape(text)}x")
    assert set(TAGS.findall(shown)) <= {"p"}
    assert html.unescape(shown.removeprefix("<p>").removesuffix("</p>\n")) == f"x{plain(text, False)}x"


@given(text=texts, other=texts)
def test_cells_stay_cells(text: str, other: str) -> None:
    """A row has as many cells as it was given."""
    page = READER.parse("\n".join([table_row("ab"), table_row(["---"] * 2), table_row([escape(text), escape(other)])]))
    assert [len(row) for row in tables(page)[0]] == [2, 2]


def test_fence_is_longer_than_what_is_inside() -> None:
    """A line of backticks alone does not end the block."""
    assert fenced("a\n`````\nb\n") == ["``````text", "a", "`````", "b", "``````"]


@given(text=texts)
def test_fences_hold(text: str) -> None:
    """A code block ends with its last line."""
    page = READER.parse("\n".join(["<details>", "", *fenced(text), "", "</details>"]))
    assert [token.type for token in page] == ["html_block", "fence", "html_block"]
