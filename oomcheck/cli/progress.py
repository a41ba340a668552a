"""Where a long search stands, on a terminal; nothing in a pipe or a file."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from oomcheck.result.exploration import Progress
from oomcheck.semantics.budget import resident_memory

PATIENCE = 1.0  # seconds before a search counts as long
PERIOD = 0.25  # seconds between two lines
ERASE = "\r\x1b[K"


@contextmanager
def progress(
    stream: TextIO, clock: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[Progress], None] | None]:
    """A sink for progress that keeps one line of `stream` up to date, gone at the end; None if that is no terminal."""
    if not stream.isatty():
        yield None
        return
    line = _Line(stream, clock)
    try:
        yield line.show
    finally:
        line.erase()


class _Line:
    def __init__(self, stream: TextIO, clock: Callable[[], float]) -> None:
        self._stream = stream
        self._clock = clock
        self._last = 0.0
        self._shown = False

    def show(self, now: Progress) -> None:
        """Write the line anew if the last one is old; erase it when a new search begins."""
        if now.seconds < PATIENCE:
            self.erase()
            return
        if self._clock() - self._last < PERIOD:
            return
        self._last, self._shown = self._clock(), True
        self._stream.write(f"{ERASE}{progress_text(now, resident_memory())}\r")
        self._stream.flush()

    def erase(self) -> None:
        """Take the line away, if there is one."""
        if self._shown:
            self._stream.write(ERASE)
            self._stream.flush()
            self._shown = False


def progress_text(now: Progress, memory: int) -> str:
    """States, rate, frontier, depth and memory of a search."""
    rate = now.states / max(now.seconds, 1e-9)
    return (
        f"{_short(now.states)} states, {_short(int(rate))}/s, frontier {_short(now.frontier)}, depth {now.depth}, "
        f"{memory / 2**20:.0f} MiB, {now.seconds:.0f} s"
    )


def _short(number: int) -> str:
    """A number in at most five characters: 999, 12.3k, 4.56M."""
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= size:
            value = number / size
            return f"{value:.{0 if value >= 100 else 1 if value >= 10 else 2}f}{unit}"
    return str(number)
