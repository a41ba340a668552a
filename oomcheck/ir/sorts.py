"""Sorts of the transition system: finite scalars, and arrays of them.

Every value is a Python int: a bool is 0 or 1, an enum member is its position.
"""

from __future__ import annotations

from oomcheck.records import dataclass


@dataclass(frozen=True, slots=True)
class BoolSort:
    """0 or 1."""


@dataclass(frozen=True, slots=True)
class IntSort:
    """The integers `lo .. hi`, both included."""

    lo: int
    hi: int


@dataclass(frozen=True, slots=True)
class EnumSort:
    """Named values; also references (member 0 is NULL) and program counters."""

    name: str
    members: tuple[str, ...]


Scalar = BoolSort | IntSort | EnumSort


@dataclass(frozen=True, slots=True)
class ArraySort:
    """`size` elements, indices from 0; with an `extent` so many for each unit of that parameter.

    The parameter is a variable with the role PARAM. Element i of unit u has the index `u * size + i`.
    """

    element: Scalar
    size: int
    extent: str = ""


Sort = Scalar | ArraySort
BOOL = BoolSort()


def bounds(sort: Scalar) -> tuple[int, int]:
    """Least and greatest value of a scalar sort."""
    match sort:
        case BoolSort():
            return 0, 1
        case IntSort(lo=lo, hi=hi):
            return lo, hi
        case EnumSort(members=members):
            return 0, len(members) - 1


def scalar_of(sort: Sort) -> Scalar:
    """The sort itself, or the element sort of an array."""
    return sort.element if isinstance(sort, ArraySort) else sort


def width(sort: Sort) -> int:
    """Number of scalar slots that a variable of this sort takes in a state; known only without an extent."""
    assert not (isinstance(sort, ArraySort) and sort.extent), "the size of this array is a parameter"
    return sort.size if isinstance(sort, ArraySort) else 1


def show(sort: Scalar, value: int) -> str:
    """A value in the words of the model."""
    match sort:
        case BoolSort():
            return "true" if value else "false"
        case IntSort():
            return str(value)
        case EnumSort(members=members):
            return members[value] if 0 <= value < len(members) else f"?{value}"
