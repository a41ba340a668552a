"""Limits of a running search: when it must stop, and why."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from resource import getpagesize

from oomcheck.result.exploration import Limits, Progress

POLL = 64  # states between two looks at the clock; a few milliseconds of work
MEMORY_POLLS = 16  # reading the memory size costs as much as some states, so look less often

StopCheck = Callable[[], str]
Report = Callable[[Progress], None]


def resident_memory() -> int:
    """Bytes of memory that this process occupies; files that are mapped do not count, as the kernel can drop them."""
    _, resident, shared, *_ = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return (int(resident) - int(shared)) * getpagesize()


class Budget:
    """Watches time, memory and the caller's wish to stop; its clock starts when it is made."""

    def __init__(self, limits: Limits, should_stop: StopCheck | None, progress: Report | None) -> None:
        self._limits = limits
        self._should_stop = should_stop
        self._progress = progress
        self._start = time.perf_counter()
        self._polls = 0

    @property
    def seconds(self) -> float:
        """Time since the start."""
        return time.perf_counter() - self._start

    def spent(self, states: int, transitions: int, frontier: int, depth: int) -> str:
        """Report progress; the reason to stop now, or ""."""
        seconds = self.seconds
        if self._progress is not None:
            self._progress(Progress(states, transitions, frontier, depth, seconds))
        reason = self._should_stop() if self._should_stop is not None else ""
        if reason:
            return reason
        if self._limits.timeout is not None and seconds >= self._limits.timeout:
            return f"time limit {self._limits.timeout:g} s"
        return self._memory()

    def _memory(self) -> str:
        self._polls += 1
        limit = self._limits.max_memory
        if limit is None or self._polls % MEMORY_POLLS != 1 or resident_memory() <= limit:
            return ""
        return f"memory limit {limit / 2**20:g} MiB"


def state_limit(limits: Limits) -> str:
    """The reason that `max_states` gives."""
    return f"state limit {limits.max_states}"


def depth_limit(limits: Limits) -> str:
    """The reason that `depth` gives."""
    return f"depth limit {limits.depth}"


DECIDED = "all properties decided"
