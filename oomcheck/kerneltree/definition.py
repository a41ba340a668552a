"""What a C file defines."""

from __future__ import annotations

from enum import Enum

from oomcheck.records import dataclass


class Kind(Enum):
    """What a name is in C; a macro that defines a name (`DEFINE_SPINLOCK(x)`) makes a variable or a function."""

    FUNCTION = "function"
    MACRO = "macro"
    TYPE = "type"
    MEMBER = "member"
    ENUMERATOR = "enumerator"
    VARIABLE = "variable"
    DECLARATION = "declaration"  # of a function or a variable that is defined somewhere else


@dataclass(frozen=True, slots=True)
class Definition:
    """A name and the bytes `start .. end` that define it; `owner` is the tag of the structure of a member or ""."""

    name: str
    kind: Kind
    line: int
    start: int
    end: int
    owner: str = ""
