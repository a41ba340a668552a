"""What the timeline of a trace shows: spans of threads, bars of locks and timers, words of flags."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from oomcheck.records import dataclass
from oomcheck.report.html.variables import Variable
from oomcheck.result.trace import Lasting, Trace

_MODE = re.compile(r"(?P<name>.+?)(?: \((?P<mode>[^()]*)\))?", re.DOTALL)
_FLAG = re.compile(r"(?P<word>.+)\.(?P<bit>[A-Z][A-Z0-9_]*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Bar:
    """Something that lasts from state `first` to `last`; bars of one track that overlap lie in different rows."""

    process: str
    text: str
    first: int
    last: int
    row: int


@dataclass(frozen=True, slots=True)
class Lock:
    """Who held a lock and who waited for it; the text of a bar is the way: `read`, `write` or ""."""

    name: str
    holders: tuple[Bar, ...]
    waiters: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Word:
    """A word of flags: the numbers of the variables that are its bits and change, and how many never do."""

    name: str
    bits: tuple[tuple[str, int], ...]
    constant: int


def locks(trace: Trace) -> list[Lock]:
    """The locks that somebody held or waited for, in the order in which that begins."""
    taken: dict[str, tuple[list[Lasting], list[Lasting]]] = {}
    for one in sorted(trace.lasting, key=lambda one: one.first):
        if one.view in ("held", "blocked"):
            taken.setdefault(_mode(one.text)[0], ([], []))[one.view == "blocked"].append(one)
    return [Lock(name, _stacked(held), _stacked(waits)) for name, (held, waits) in taken.items()]


def timers(trace: Trace) -> list[tuple[str, tuple[Bar, ...]]]:
    """The timers that were armed, each with the spans in which it was."""
    armed: dict[str, list[Lasting]] = {}
    for one in trace.lasting:
        if one.view == "timer":
            armed.setdefault(one.text.removesuffix(" armed"), []).append(one)
    return [(name, tuple(Bar("", "armed", one.first, one.last, 0) for one in times)) for name, times in armed.items()]


def spans(trace: Trace, process: str) -> list[Lasting]:
    """When a thread was blocked, sleeping or frozen."""
    return [one for one in trace.lasting if one.process == process and one.view in ("blocked", "sleeping", "frozen")]


def words(found: Sequence[Variable]) -> list[Word]:
    """Words of flags of which a bit changes. A bit is a boolean `word.NAME` in capitals."""
    grouped: dict[str, list[tuple[str, int]]] = {}
    for place, variable in enumerate(found):
        match = _FLAG.fullmatch(variable.name)
        if match is not None and variable.boolean and not variable.quiet:
            grouped.setdefault(match["word"], []).append((match["bit"], place))
    moving = {name: [bit for bit in bits if found[bit[1]].changes] for name, bits in grouped.items()}
    return [Word(name, tuple(bits), len(grouped[name]) - len(bits)) for name, bits in moving.items() if bits]


def _mode(text: str) -> tuple[str, str]:
    """`mmap_lock (read)` as the lock and the way it is held."""
    match = _MODE.fullmatch(text)
    return (text, "") if match is None else (match["name"], match["mode"] or "")


def _stacked(found: Iterable[Lasting]) -> tuple[Bar, ...]:
    """Bars in as few rows as they need; they come in the order of their beginnings."""
    ends: list[int] = []
    bars = []
    for one in found:
        row = next((row for row, end in enumerate(ends) if end < one.first), len(ends))
        ends[row:] = [one.last, *ends[row + 1 :]]
        bars.append(Bar(one.process, _mode(one.text)[1], one.first, one.last, row))
    return tuple(bars)
