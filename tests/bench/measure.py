"""One run of a tool as a child process: wall time, peak resident memory, output."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.bench.points import Verdict

#: So many ticks of a tool's own clock a time must last, so that rounding is at most a tenth of it.
RESOLUTION = 10


class BenchError(Exception):
    """Something that makes figures meaningless: a tool fails, or tools count differently."""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a child ended; `killed` if it was over the limit of time.

    `peak` in bytes and `cpu` (seconds of the processor) include its own children, `cpu` those it has waited for.
    """

    status: int
    out: str
    seconds: float
    peak: int
    killed: bool
    cpu: float = 0.0


@dataclass(frozen=True, slots=True)
class Measured:
    """What a run of a tool says.

    `search` is the time that rates are taken from: the tool's own where it reports one and that lasts long enough
    (`own_clock`), else the run's. `seconds` is of the whole process, `peak` its largest resident memory in bytes.
    """

    verdict: Verdict
    states: int
    transitions: int | None
    search: float
    own_clock: bool
    seconds: float
    peak: int


@dataclass(frozen=True, slots=True)
class Counted:
    """What the output of a tool says; `seconds` is None if it does not tell."""

    verdict: Verdict
    states: int
    transitions: int | None
    seconds: float | None


def run(command: Sequence[str | Path], folder: Path, limit: float, extra: Mapping[str, str] | None = None) -> Finished:
    """Run a command in `folder` with both outputs together; it is killed with all its children after `limit` seconds.

    `extra` is added to the environment. The kernel counts the pages of the parent at the time of the fork as the
    child's, so that a peak is never below that of the caller (some 20 MB).
    """
    with tempfile.TemporaryFile() as sink:
        start = time.perf_counter()
        child = subprocess.Popen(
            [os.fspath(part) for part in command],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(extra or {})},
            start_new_session=True,
        )
        over = threading.Event()
        timer = threading.Timer(limit, _kill, (child.pid, over))
        timer.start()
        try:
            _, status, usage = os.wait4(child.pid, 0)
        except BaseException:
            _kill(child.pid, over)
            child.wait()
            raise
        finally:
            timer.cancel()
        seconds = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        sink.seek(0)
        out = sink.read().decode("utf-8", "replace")
    cpu = usage.ru_utime + usage.ru_stime
    return Finished(child.returncode, out, seconds, usage.ru_maxrss * 1024, over.is_set(), cpu)


def _kill(group: int, over: threading.Event) -> None:
    over.set()
    with suppress(ProcessLookupError):  # it may have ended meanwhile
        os.killpg(group, signal.SIGKILL)


def build(command: Sequence[str | Path], folder: Path, limit: float) -> float:
    """Run a command that must succeed; its seconds."""
    done = run(command, folder, limit)
    if done.status != 0:
        raise BenchError(f"`{' '.join(map(str, command))}` failed with {done.status}:\n{done.out[-2000:]}")
    return done.seconds


def measured(done: Finished, counted: Counted, resolution: float) -> Measured:
    """The run with its counts; the tool's clock is taken if it ticks (each `resolution` seconds) often enough."""
    search, own = done.seconds, False
    if counted.seconds is not None and counted.seconds >= RESOLUTION * resolution:
        search, own = counted.seconds, True
    return Measured(counted.verdict, counted.states, counted.transitions, search, own, done.seconds, done.peak)


def unfinished(done: Finished) -> Measured:
    """A run that was killed."""
    return Measured(Verdict.UNKNOWN, 0, None, done.seconds, False, done.seconds, done.peak)
