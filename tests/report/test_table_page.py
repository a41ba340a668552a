"""Pages that people write around tables."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.diag.span import Source
from oomcheck.gate.subjects import Subject
from oomcheck.report.table_page import AnswersOf, Difference, TableOf, difference, filled, regions_of, shares

PAGE = """# Title

<!-- begin: table museum/* !museum/b -->
| old |
<!-- end: table -->
between
<!-- begin: answers ../specs/a.toml one -->
<!-- end -->
<!-- begin: table * -->
<!-- end -->
"""
SOURCE = Source("page.md", PAGE)
BASE = Subject("", "", "", "", "", "", (), ())


def test_regions() -> None:
    """What is asked for, in order; whatever is between the comments belongs to the region."""
    regions = regions_of(SOURCE)
    assert [region.what for region in regions] == [
        TableOf(("museum/*", "!museum/b")),
        AnswersOf("../specs/a.toml", "one"),
        TableOf(("*",)),
    ]
    assert [PAGE[region.start : region.end] for region in regions] == ["| old |\n", "", ""]


def test_filled() -> None:
    """Only regions change, and what was filled is filled again to the same text."""
    text = filled(SOURCE, regions_of(SOURCE), lambda number: [f"row {number}", "and"])
    assert text == PAGE.replace("| old |\n", "").replace("museum/b -->\n", "museum/b -->\nrow 0\nand\n").replace(
        "one -->\n", "one -->\nrow 1\nand\n"
    ).replace("table * -->\n", "table * -->\nrow 2\nand\n")
    again = Source("page.md", text)
    assert filled(again, regions_of(again), lambda number: [f"row {number}", "and"]) == text


def test_shares() -> None:
    """A spec is in the first table that it fits."""
    subjects = [replace(BASE, place=place) for place in ("museum/a", "museum/b", "c")]
    found = [[one.place for one in some] for some in shares(regions_of(SOURCE), subjects)]
    assert found == [["museum/a"], [], ["museum/b", "c"]]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("# Title\n", "page.md has no place for a table"),
        ("text <!-- begin: table * -->\n<!-- end -->\n", "page.md has no place for a table"),
        ("<!-- begin: table * -->\n| old |\n", "this table has no end"),
        ("<!-- begin: table a -->\n<!-- begin: table b -->\n<!-- end -->\n", "this table has no end"),
        ("<!-- begin: table -->\n<!-- end -->\n", "expected `table GLOB...` or `answers FILE NAME`"),
        ("<!-- begin: answers a.toml -->\n<!-- end -->\n", "expected `table GLOB...` or `answers FILE NAME`"),
        ("<!-- begin: picture * -->\n<!-- end -->\n", "expected `table GLOB...` or `answers FILE NAME`"),
    ],
)
def test_wrong_pages(text: str, why: str) -> None:
    """A page without tables, and a comment that is not understood, are errors: nothing is silently left as it is."""
    with pytest.raises(OomcheckError) as raised:
        regions_of(Source("page.md", text))
    assert (raised.value.diagnostics[0].code, raised.value.diagnostics[0].message) == ("E0003", why)


TABLE = (
    "text\n| a | b | check | v | s |\n| --- | --- | --- | --- | ---: |\n| m | k | c | HOLDS | 0.1 |\n\n| s |\n| x |\n"
)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("0.1", "17.5", None),
        ("---:", "---", (3, "it has `---:`, this run `---`")),
        ("HOLDS", "VIOLATED", (4, "it has `HOLDS`, this run `VIOLATED`")),
        ("| c |", "| d |", (4, "it has `| m | k | c | HOLDS | 0.1 |`, this run `| m | k | d | HOLDS | 0.1 |`")),
        ("text", "other", (1, "it has `text`, this run `other`")),
        ("| x |\n", "", (7, "it has `| x |`, this run ``")),
        ("| x |", "| y |", (7, "it has `| x |`, this run `| y |`")),
        ("| x |\n", "| x |\n\x1b\n", (8, "it has ``, this run `\\x1b`")),
    ],
)
def test_difference(old: str, new: str, found: tuple[int, str] | None) -> None:
    """The first line that differs, and the cells if these are all; seconds do not count, below their heading only."""
    expected = None if found is None else Difference(*found)
    assert difference(TABLE, TABLE.replace(old, new, 1), ("s",)) == expected


def test_a_bar_in_a_cell_is_no_border() -> None:
    """An escaped bar does not shift the columns."""
    table = "| a | s |\n| --- | --- |\n| x \\| y | 1 |\n"
    assert difference(table, table.replace(" 1 ", " 2 "), ("s",)) is None
    assert difference(table, table.replace("y", "z"), ("s",)) is not None


@given(old=st.text(alphabet="|a-s \n", max_size=30), new=st.text(alphabet="|a-s \n", max_size=30))
def test_nothing_hidden_without_blind_columns(old: str, new: str) -> None:
    """Without columns to leave out, texts that differ in more than blanks beside bars differ."""
    same = [[cell.strip() if line[:1] == "|" else line for cell in line.split("|")] for line in old.split("\n")] == [
        [cell.strip() if line[:1] == "|" else line for cell in line.split("|")] for line in new.split("\n")
    ]
    assert (difference(old, new, ()) is None) == same
