"""Texts made safe for GitHub's Markdown: nothing in them is markup, a link, a mention or HTML."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from oomcheck.report.wording import plain

_MARKS: Final = frozenset("\\`*_{}[]()#|~@$:!^=+-")
_ENTITIES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_DOMAIN: Final = re.compile(r"www\.", re.IGNORECASE)


def escape(text: str) -> str:
    """`text` on one line as the same text in Markdown, also in a cell of a table; "" stays ""."""
    plainly = plain(text, False)
    marked = "".join(_ENTITIES.get(char) or (f"\\{char}" if char in _MARKS else char) for char in plainly)
    return _DOMAIN.sub(lambda found: found.group()[:-1] + "\\.", marked)


def fenced(text: str) -> list[str]:
    """Lines of text as a code block, behind a fence longer than any run of backticks inside."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}text", *(plain(line, False) for line in text.rstrip("\n").split("\n")), fence]


def table_row(cells: Iterable[str]) -> str:
    """A row of a table; the cells are Markdown already."""
    return f"| {' | '.join(cells)} |"
