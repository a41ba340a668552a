"""Solvers in a process of their own: what crashes, hangs or eats memory there ends in a reason, not with the tool."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Final

from oomcheck.records import dataclass

Send = Callable[[object], None]
Work = Callable[[Send], None]

#: Address space that a child may take beyond its limit of memory: code, and pages that Z3 reserves but does not use.
RESERVED: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class Done:
    """The work came to its end."""


@dataclass(frozen=True, slots=True)
class Died:
    """The process ended before its work did."""

    reason: str


class Child:
    """Runs `work` in another process, which is the same program in the same state; what it sends arrives in order.

    Messages are pickled. The process ends when this object is closed, or when the process that made it ends, in
    whatever way. `memory` bounds what it takes beyond what was there when it started, in bytes.
    """

    def __init__(self, work: Work, memory: int | None = None) -> None:
        context = multiprocessing.get_context("fork")  # the system to ask about is in memory already
        self._mine, theirs = context.Pipe(duplex=False)
        alive, self._alive = context.Pipe(duplex=False)
        self._process = context.Process(
            target=_run, args=(work, theirs, alive, (self._mine, self._alive), memory), daemon=True
        )
        self._process.start()
        theirs.close()
        alive.close()
        self._ended: Done | Died | None = None

    def next(self, seconds: float) -> object | None:
        """The next message, Done or Died at the end (again and again), None if nothing came in this time."""
        if self._ended is not None:
            return self._ended
        try:
            if not self._mine.poll(seconds):
                return None
            message: object = self._mine.recv()
        except (EOFError, OSError):
            self._process.join()
            message = Died(_cause(self._process.exitcode))
        if isinstance(message, Done | Died):
            self._ended = message
        return message

    def close(self) -> None:
        """Kill the process if it runs, and reap it."""
        if self._process.is_alive():
            self._process.kill()
        self._process.join()
        self._mine.close()
        self._alive.close()


def _cause(code: int | None) -> str:
    if code is not None and code < 0:
        with suppress(ValueError):
            return f"the solver's process was ended by {signal.Signals(-code).name}"
    return f"the solver's process ended with status {code}"


def _run(work: Work, pipe: Connection, alive: Connection, others: tuple[Connection, ...], memory: int | None) -> None:
    """What happens in the child."""
    for other in others:
        other.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if memory is not None:
        most = memory + RESERVED + _size()
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    threading.Thread(target=_follow, args=(alive,), daemon=True).start()
    try:
        work(pipe.send)
        pipe.send(Done())
    except MemoryError:
        pipe.send(Died("the solver ran out of memory"))
    except BrokenPipeError:
        pass
    os._exit(0)  # nothing of the parent is to be closed, flushed or finished here


def _size() -> int:
    """Address space of this process, in bytes; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 0


def _follow(alive: Connection) -> None:
    """End when the parent has ended: nobody else holds the other side of this pipe."""
    with suppress(EOFError, OSError):
        alive.recv()
    os._exit(1)
