"""Pages that people write around tables that a gate makes.

A table stands between two comments, and what else is on the page is left alone:

    <!-- begin: table museum/* -->
    <!-- end -->

`table GLOB...` are the checks of all specs whose path below the folder of the gate fits, without those that a glob
behind `!` fits and those that a table further up has; `answers FILE NAME` is a table of a file of answers, by its path
from the page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import zip_longest
from typing import Final

from oomcheck.diag.diagnostic import error
from oomcheck.diag.span import Source, Span
from oomcheck.gate.subjects import Subject
from oomcheck.records import dataclass
from oomcheck.report.wording import plain, shorten

BEGIN: Final = re.compile(r"^<!-- begin: (\S.*?) *-->[ \t]*\n", re.M)
END: Final = re.compile(r"^<!-- end\b[^\n]*-->[ \t]*$", re.M)
LONGEST: Final = 120  # characters of a line in a message
_BAR: Final = re.compile(r"(?<!\\)\|")
_RULE: Final = re.compile(r"[|:\- ]+")  # between the heading of a table and its rows


@dataclass(frozen=True, slots=True)
class TableOf:
    """A table of specs, by globs of their places; one that begins with `!` leaves out what it fits."""

    globs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnswersOf:
    """A table of a file of answers."""

    file: str
    name: str


@dataclass(frozen=True, slots=True)
class Region:
    """What is between two comments of a page, `start .. end`."""

    what: TableOf | AnswersOf
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a page differs from what it should be; `line` is counted from 1."""

    line: int
    text: str


def regions_of(page: Source) -> tuple[Region, ...]:
    """The regions of a page in their order; E0003 if it has none, or one that is not understood or does not end."""
    found: list[Region] = []
    text = page.text
    for begin in BEGIN.finditer(text):
        span = Span(page, begin.start(), begin.end() - 1)
        end = END.search(text, begin.end())
        following = BEGIN.search(text, begin.end())
        if end is None or (following is not None and following.start() < end.start()):
            raise error("E0003", "this table has no end", span, "`<!-- end -->` on a line of its own ends it")
        found.append(Region(_what(begin[1].split(), span), begin.end(), end.start()))
    if not found:
        raise error(
            "E0003", f"{page.path} has no place for a table", None, "`<!-- begin: table * -->` and `<!-- end -->`"
        )
    return tuple(found)


def _what(words: list[str], span: Span) -> TableOf | AnswersOf:
    match words:
        case ["table", _, *_]:
            return TableOf(tuple(words[1:]))
        case ["answers", file, name]:
            return AnswersOf(file, name)
        case _:
            raise error("E0003", "expected `table GLOB...` or `answers FILE NAME`", span)


def shares(regions: Sequence[Region], subjects: Sequence[Subject]) -> Iterator[tuple[Subject, ...]]:
    """The specs of each region, none for one of answers; each spec is in the first table that it fits."""
    left = list(subjects)
    for region in regions:
        globs = region.what.globs if isinstance(region.what, TableOf) else ()
        taken = [one for one in left if _fits(one.place, globs)]
        left = [one for one in left if one not in taken]
        yield tuple(taken)


def _fits(place: str, globs: Sequence[str]) -> bool:
    out = any(glob.startswith("!") and fnmatchcase(place, glob[1:]) for glob in globs)
    return not out and any(fnmatchcase(place, glob) for glob in globs)


def filled(page: Source, regions: Sequence[Region], fill: Callable[[int], Sequence[str]]) -> str:
    """The page with new lines in its regions; `fill` makes them for the region of a number."""
    pieces, position = [], 0
    for number, region in enumerate(regions):
        lines = "".join(f"{line}\n" for line in fill(number))
        pieces += [page.text[position : region.start], lines]
        position = region.end
    return "".join([*pieces, page.text[position:]])


def difference(old: str, new: str, blind: Sequence[str]) -> Difference | None:
    """The first line that differs, columns of these names left out of account."""
    before, after = old.split("\n"), new.split("\n")
    pairs = zip_longest(_seen(before, blind), _seen(after, blind))
    for number, (one, other) in enumerate(pairs):
        if one != other:
            return Difference(number + 1, _told(_at(before, number), _at(after, number), one, other))
    return None


def _at(lines: list[str], number: int) -> str:
    return lines[number] if number < len(lines) else ""


def _seen(lines: Sequence[str], blind: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Each line as cells; those of blind columns are empty, but for the heading."""
    hidden: frozenset[int] = frozenset()
    above: tuple[str, ...] = ()
    for line in lines:
        cells = tuple(text.strip() for text in _BAR.split(line)) if line.startswith("|") else (line,)
        if len(cells) == 1:
            hidden = frozenset()
        elif _RULE.fullmatch(line):
            hidden = frozenset(place for place, text in enumerate(above) if text in blind)
            yield cells
            continue
        yield tuple("" if place in hidden else text for place, text in enumerate(cells))
        above = cells


def _told(old: str, new: str, before: tuple[str, ...] | None, after: tuple[str, ...] | None) -> str:
    """The cells that differ, if that is all; else both lines."""
    if before is not None and after is not None and len(before) == len(after) and before[:4] == after[:4]:
        pairs = [(one, other) for one, other in zip(before, after, strict=True) if one != other]
        return "; ".join(f"it has `{_short(one)}`, this run `{_short(other)}`" for one, other in pairs)
    return f"it has `{_short(old)}`, this run `{_short(new)}`"


def _short(text: str) -> str:
    return plain(shorten(text, LONGEST), False)
