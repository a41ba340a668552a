"""Where a long search stands, on a terminal; nothing in a pipe or a file."""

from __future__ import annotations

import os
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TextIO

from oomcheck.records import dataclass
from oomcheck.report.wording import plain
from oomcheck.result.exploration import Progress
from oomcheck.semantics.budget import resident_memory

PATIENCE = 1.0  # seconds before a search counts as long
PERIOD = 0.25  # seconds between two lines
ERASE = "\r\x1b[K"
LONGEST_TASK: Final = 40  # columns for what is searched
WINDOW: Final = 40  # lines that an estimate looks back
FEWEST: Final = 12  # lines before there is an estimate
LEAST: Final = 0.05  # the part of the frontier that must be gone within the window


@contextmanager
def progress(
    stream: TextIO, clock: Callable[[], float] = time.monotonic, max_states: int | None = None
) -> Iterator[Callable[[Progress], None] | None]:
    """A sink for progress that keeps one line of `stream` up to date, gone at the end; None if that is no terminal."""
    if not stream.isatty():
        yield None
        return
    line = _Line(stream, clock, max_states)
    try:
        yield line.show
    finally:
        line.erase()


@contextmanager
def counted(
    stream: TextIO, what: str, clock: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[int, int], None] | None]:
    """A sink that keeps one line of `stream` up to date: how many of how many are done; None if that is no terminal."""
    if not stream.isatty():
        yield None
        return
    last = clock()

    def show(done: int, total: int) -> None:
        nonlocal last
        if clock() - last >= PERIOD:
            stream.write(f"{ERASE}{done}/{total} {what}")
            stream.flush()
            last = clock()

    try:
        yield show
    finally:
        stream.write(ERASE)
        stream.flush()


class _Line:
    def __init__(self, stream: TextIO, clock: Callable[[], float], max_states: int | None) -> None:
        self._stream = stream
        self._clock = clock
        self._max_states = max_states
        self._trend = Trend()
        self._last = 0.0
        self._shown = False

    def show(self, now: Progress) -> None:
        """Write the line anew if the last one is old; erase it when a new search begins."""
        if now.seconds < PATIENCE:
            self._trend = Trend()
            self.erase()
            return
        if self._clock() - self._last < PERIOD:
            return
        self._last, self._shown = self._clock(), True
        self._trend.add(now)
        parts = proof_parts(now) if now.phase else search_parts(now, resident_memory(), self._estimate(now))
        self._stream.write(f"{ERASE}{fitted(parts, columns(self._stream) - 1)}\r")
        self._stream.flush()

    def _estimate(self, now: Progress) -> str:
        """How much is done: of what there may be, if that shows, or of the limit."""
        percent = self._trend.percent
        if percent is not None:
            return f"about {percent} % if the frontier keeps shrinking"
        if self._max_states is not None:
            return f"{100 * now.states // self._max_states} % of --max-states"
        return ""

    def erase(self) -> None:
        """Take the line away, if there is one."""
        if self._shown:
            self._stream.write(ERASE)
            self._stream.flush()
            self._shown = False


class Trend:
    """How the frontier of a breadth-first search has changed lately.

    The frontier grows, then shrinks, most often for good, but nobody knows that. Over the last lines, each state that
    was expanded took so many out of the frontier on balance; if that goes on, the frontier is empty after so many
    more. That is all an estimate says. There is none while the frontier does not shrink in both halves of the window.
    """

    def __init__(self) -> None:
        self._seen: deque[tuple[int, int]] = deque(maxlen=WINDOW)  # states that were expanded, frontier

    def add(self, now: Progress) -> None:
        """Where the search stands now."""
        self._seen.append((now.states - now.frontier, now.frontier))

    @property
    def percent(self) -> int | None:
        """How much of all states is expanded, from 1 to 99; None if that cannot be said."""
        if len(self._seen) < FEWEST:
            return None
        (begin, most), (_, middle), (done, left) = self._seen[0], self._seen[len(self._seen) // 2], self._seen[-1]
        if not (most > middle > left and most - left >= LEAST * most and done > begin):
            return None
        more = left * (done - begin) / (most - left)
        return min(max(int(100 * done / (done + more)), 1), 99)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the line; where there is no room, those with the highest rank are left out first."""

    text: str
    rank: int


def search_parts(now: Progress, memory: int, estimate: str) -> list[Part]:
    """What is searched, states, rate, frontier, depth and memory of a search, time, and how much is done."""
    rate = now.states / max(now.seconds, 1e-9)
    parts = [
        Part(_task(now), 3),
        Part(f"{_short(now.states)} states", 0),
        Part(f"{_short(int(rate))}/s", 5),
        Part(f"frontier {_short(now.frontier)}", 4),
        Part(f"depth {now.depth}", 6),
        Part(f"{memory / 2**20:.0f} MiB", 7),
        Part(f"{now.seconds:.0f} s", 1),
        Part(estimate, 2),
    ]
    return [part for part in parts if part.text]


def proof_parts(now: Progress) -> list[Part]:
    """What is to be proved, what is tried, and the time."""
    parts = [Part(_task(now), 2), Part(f"proof of {plain(now.phase, False)}", 0), Part(f"{now.seconds:.0f} s", 1)]
    return [part for part in parts if part.text]


def fitted(parts: list[Part], width: int) -> str:
    """The parts in one line of at most `width` columns."""
    left = list(parts)
    while len(left) > 1 and len(", ".join(part.text for part in left)) > width:
        left.remove(max(left, key=lambda part: part.rank))
    return ", ".join(part.text for part in left)[: max(width, 0)]


def columns(stream: TextIO) -> int:
    """The width of a terminal; what the environment says where the terminal does not tell."""
    try:
        found = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        found = 0
    return found or shutil.get_terminal_size().columns


def _task(now: Progress) -> str:
    text = plain(now.task, False)
    return text if len(text) <= LONGEST_TASK else f"{text[: LONGEST_TASK - 3]}..."


def _short(number: int) -> str:
    """A number in at most five characters: 999, 12.3k, 4.56M."""
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= size:
            value = number / size
            return f"{value:.{0 if value >= 100 else 1 if value >= 10 else 2}f}{unit}"
    return str(number)
