"""Sorts: ranges, sizes, and values in the words of the model."""

from __future__ import annotations

import pytest

from oomcheck.ir.sorts import BOOL, ArraySort, EnumSort, IntSort, Scalar, bounds, scalar_of, show, width

COLOUR = EnumSort("colour", ("RED", "GREEN"))


@pytest.mark.parametrize(
    ("sort", "expected"), [(BOOL, (0, 1)), (IntSort(-2, 5), (-2, 5)), (COLOUR, (0, 1))], ids=["bool", "int", "enum"]
)
def test_bounds(sort: Scalar, expected: tuple[int, int]) -> None:
    """Least and greatest value."""
    assert bounds(sort) == expected


def test_arrays() -> None:
    """An array has the width of its size and the scalar of its elements."""
    assert width(ArraySort(COLOUR, 3)) == 3
    assert width(COLOUR) == 1
    assert scalar_of(ArraySort(COLOUR, 3)) == COLOUR
    assert scalar_of(BOOL) == BOOL


@pytest.mark.parametrize(
    ("sort", "value", "text"),
    [(BOOL, 1, "true"), (BOOL, 0, "false"), (IntSort(0, 9), 7, "7"), (COLOUR, 1, "GREEN"), (COLOUR, 2, "?2")],
)
def test_show(sort: Scalar, value: int, text: str) -> None:
    """Values read as the model writes them; one outside an enumeration is marked."""
    assert show(sort, value) == text
