"""Checks specs in processes of their own, several at once. One that dies takes nobody with it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Final

from oomcheck.gate.options import GateOptions, Standing
from oomcheck.gate.outcome import Outcome
from oomcheck.gate.suite import SuiteSpec
from oomcheck.gate.worker import outcome_of
from oomcheck.records import dataclass

#: Seconds between two questions whether to stop.
BEAT: Final = 0.05
#: Seconds that those who are told to stop have to say what they know.
GRACE: Final = 0.7
#: A limit of time ends searches; what goes on for so much longer hangs.
LATE_FACTOR, LATE_SECONDS = 2.0, 60.0


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of the spec with this number, and the seconds that it took."""

    number: int
    outcome: Outcome
    seconds: float


@dataclass(frozen=True, slots=True)
class ModelIs:
    """A process says which model its spec is for."""

    path: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A process says what makes it slower."""

    text: str


@dataclass(slots=True)
class _Job:
    number: int
    name: str
    process: BaseProcess
    pipe: Connection
    start: float
    model: str = ""
    outcome: Outcome | None = None


def check_fresh(todo: Sequence[tuple[int, SuiteSpec]], options: GateOptions, threads: int) -> Iterator[Checked]:
    """Check specs, in this order, as many at once as `options` say; yields each once it is done.

    Ends early when `options.should_stop` gives a reason; specs that have nothing to say by then are missing.
    """
    waiting = list(reversed(todo))
    running: list[_Job] = []
    try:
        while waiting or running:
            if options.should_stop is not None and options.should_stop():
                yield from _last_words(running)
                return
            while waiting and len(running) < options.workers:
                running.append(_started(*waiting.pop(), options, threads))
                _show(options, todo, waiting, running)
            for job in _heard(running, options):
                running.remove(job)
                yield _ended(job)
                _show(options, todo, waiting, running)
    finally:
        for job in running:
            _end(job)


def _show(options: GateOptions, todo: Sequence[object], waiting: Sequence[object], running: Sequence[_Job]) -> None:
    if options.progress is not None:
        done = len(todo) - len(waiting) - len(running)
        options.progress(Standing(done, len(todo), tuple(job.name for job in running)))


def _started(number: int, spec: SuiteSpec, options: GateOptions, threads: int) -> _Job:
    context = multiprocessing.get_context("fork")  # all that a check needs is loaded already
    mine, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(spec, options, threads, theirs, os.getpid()))
    process.start()
    theirs.close()
    return _Job(number, spec.name, process, mine, time.perf_counter())


def _heard(running: Sequence[_Job], options: GateOptions, seconds: float = BEAT) -> list[_Job]:
    """Listen to the processes for a moment; those that are done, and those that hang, whose outcome says so."""
    ready = wait([job.pipe for job in running], seconds)
    done = []
    for job in running:
        if job.pipe in ready:
            _listen(job, options)
        late = _is_late(job, options)
        if late and job.outcome is None:
            job.outcome = Outcome(job.model, failure=f"did not come to its end within {late:.0f} s")
        if job.outcome is not None:
            done.append(job)
    return done


def _is_late(job: _Job, options: GateOptions) -> float:
    """The seconds after which a process hangs, if it has had them; else 0."""
    if options.limits.timeout is None:
        return 0
    most = options.limits.timeout * LATE_FACTOR + LATE_SECONDS
    return most if time.perf_counter() - job.start > most else 0


def _listen(job: _Job, options: GateOptions) -> None:
    try:
        message = job.pipe.recv()
    except (EOFError, OSError):
        job.process.join()
        message = Outcome(job.model, failure=_cause(job.process.exitcode))
    match message:
        case ModelIs(path=path):
            job.model = path
        case Notice(text=text):
            options.tell(text)
        case Outcome():
            job.outcome = message


def _cause(code: int | None) -> str:
    if code is not None and code < 0:
        with suppress(ValueError):
            return f"the process that checked it was ended by {signal.Signals(-code).name}"
    return f"the process that checked it ended with status {code}"


def _ended(job: _Job) -> Checked:
    assert job.outcome is not None
    seconds = time.perf_counter() - job.start
    _end(job)
    return Checked(job.number, job.outcome, seconds)


def _last_words(running: list[_Job]) -> Iterator[Checked]:
    """Tell all processes to stop, and take what they still say in time."""
    for job in running:
        _signal(job, signal.SIGTERM)
    deadline = time.perf_counter() + GRACE
    while running and (left := deadline - time.perf_counter()) > 0:
        for job in _heard(running, GateOptions(), min(left, BEAT)):
            running.remove(job)
            if job.outcome is not None and job.outcome.report is not None:
                yield _ended(job)
            else:
                _end(job)


def _end(job: _Job) -> None:
    """Kill the process with all that it started, if it runs, and reap it."""
    _signal(job, signal.SIGKILL)
    job.process.join()
    job.pipe.close()


def _signal(job: _Job, number: signal.Signals) -> None:
    """Send a signal to the process, and the deadly one to all that it started as well."""
    if number is signal.SIGKILL and job.process.pid is not None and job.process.exitcode is None:
        with suppress(OSError):
            os.killpg(job.process.pid, number)
    if job.process.is_alive() and job.process.pid is not None:
        with suppress(OSError):
            os.kill(job.process.pid, number)


# ---------------------------------------------------------------- in the process


def _work(spec: SuiteSpec, options: GateOptions, threads: int, pipe: Connection, parent: int) -> None:
    with suppress(OSError):
        os.setpgid(0, 0)  # so that it can be killed with all that it starts, and Ctrl-C is for the parent to decide
    reason = ""

    def stop(_number: int, _frame: object) -> None:
        nonlocal reason
        reason = "interrupted"

    def should_stop() -> str:
        return reason if os.getppid() == parent else "the gate is gone"

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, stop)
    given = replace(options, should_stop=should_stop, progress=None, tell=lambda text: pipe.send(Notice(text)))
    try:
        try:
            outcome = outcome_of(spec, given, threads, lambda model: pipe.send(ModelIs(model)))
        except BrokenPipeError:
            raise
        except Exception as failure:  # a defect of the tool in one spec must not hide the verdicts of the others
            outcome = Outcome("", failure=_defect(failure))
        pipe.send(outcome)
    except BrokenPipeError:
        pass
    os._exit(0)  # nothing of the parent is to be closed, flushed or finished here


def _defect(failure: Exception) -> str:
    """What an exception tells a developer, in one line."""
    frames = traceback.extract_tb(failure.__traceback__)
    place = f" at {os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""
    return f"internal error: {type(failure).__name__}: {failure}{place}; this is a defect of oomcheck"
