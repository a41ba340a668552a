"""Swarm search: many short lossy searches, each with its own hash functions and its own order of transitions.

Searches with small tables that each cover another part of a state space too large for any table find more than one
search with a large table does, and they need not talk to each other (Holzmann, Joshi and Groce, Swarm verification
techniques, IEEE Transactions on Software Engineering 37, 2011).
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock
from typing import Final

from oomcheck.native.lossy import LossyOptions, LossyOutcome, RunReport, bounds_of, finish, kind_of, outcome
from oomcheck.native.lossy_core import POLL, Counts, DepthFirst, Findings, Task
from oomcheck.records import dataclass
from oomcheck.result.exploration import Limits
from oomcheck.semantics.budget import DECIDED, Budget, Report, StopCheck

DEFAULT_SIZE: Final = 2**27  # bytes of the table of each run

HALTED: Final = "halted"
SEED_STEP: Final = 0x9E3779B97F4A7C15  # between the seeds of two runs: they look nothing alike

Result = tuple[RunReport, Findings]


@dataclass(frozen=True, slots=True)
class Swarm:
    """So many runs, on so many threads at a time (None: one for each processor that this process may use)."""

    runs: int
    threads: int | None = None

    def __post_init__(self) -> None:
        if self.runs < 1 or (self.threads is not None and self.threads < 1):
            raise ValueError(f"a swarm of {self.runs} runs on {self.threads} threads")


def explore_swarm(
    task: Task,
    options: LossyOptions,
    swarm: Swarm,
    limits: Limits,
    watch: tuple[StopCheck | None, Report | None] = (None, None),
) -> LossyOutcome:
    """The union of what the runs find, and for each wanted item the shortest of their paths.

    Each run is a function of the seed and its number, and those after the first that makes it enough for `task` do
    not count. So the outcome does not depend on the number of threads, unless a limit of time or memory ends it; then
    the runs count that were under way. The depth and the number of states are bounded for each run; `watch` is asked
    and told, from the calling thread, about all of them together.
    """
    budget = Budget(limits, *watch)
    union, reason = _Flight(task, options, swarm, limits).fly(budget)
    found, runs = union.findings(), tuple(union.runs)
    stopped = DECIDED if task.enough(found.seen) else _summary(options, swarm, runs, reason)
    return outcome(runs, found, stopped, budget.seconds)


class _Union:
    """What runs have found together, added in the order of their numbers until it is enough."""

    def __init__(self, enough: Callable[[frozenset[int]], bool]) -> None:
        self._enough = enough
        self._paths: dict[int, tuple[int, ...]] = {}
        self._seen: frozenset[int] = frozenset()
        self._fired: set[int] = set()
        self.runs: list[RunReport] = []
        self.is_enough = False

    def add(self, run: RunReport, found: Findings) -> None:
        """Add a run, unless those before were enough."""
        if self.is_enough:
            return
        self.runs.append(run)
        for item, path in found.paths.items():
            # Of paths of one length that of the first run stays.
            if item not in self._paths or len(path) < len(self._paths[item]):
                self._paths[item] = path
        self._seen |= found.seen
        self._fired |= found.fired
        self.is_enough = self._enough(self._seen)

    def findings(self) -> Findings:
        """All that was added."""
        return Findings(dict(sorted(self._paths.items())), self._seen, frozenset(self._fired))


class _Flight:
    """The runs of one swarm: which are over, and which of them count."""

    def __init__(self, task: Task, options: LossyOptions, swarm: Swarm, limits: Limits) -> None:
        self._task = task
        self._options = options
        self._limits = limits
        self._runs = swarm.runs
        self._threads = swarm.threads or len(os.sched_getaffinity(0))
        self._halt = Event()
        self._over = Event()  # nothing is left to wait for
        self._lock = Lock()  # of the two below
        self._union = _Union(task.enough)
        self._early: dict[int, Result] = {}  # over, before some run with a lower number
        self._counts = [Counts()] * swarm.runs  # each run writes its own

    def fly(self, budget: Budget) -> tuple[_Union, str]:
        """What was found, and the reason to stop before the end, or ""."""
        reason = ""
        with ThreadPoolExecutor(min(self._threads, self._runs)) as pool:
            futures = [pool.submit(self._run, number) for number in range(self._runs)]
            try:
                while not reason and not self._over.wait(POLL):
                    reason = self._look(budget)
            finally:
                # Also when interrupted: the pool waits for its threads, and they look at this between two slices.
                self._halt.set()
                for future in futures[1:]:  # the first run always counts, so that there is something to report
                    future.cancel()
        for future in futures:
            if not future.cancelled():
                future.result()  # raises what the run raised
        for _, result in sorted(self._early.items()):
            self._union.add(*result)
        return self._union, reason

    def _run(self, number: int) -> None:
        try:
            result = self._search(number)
        except BaseException:
            self._over.set()
            raise
        with self._lock:
            self._early[number] = result
            while (following := self._early.pop(len(self._union.runs), None)) and not self._union.is_enough:
                self._union.add(*following)
            if self._union.is_enough or len(self._union.runs) == self._runs:
                self._over.set()

    def _search(self, number: int) -> Result:
        seed = (self._options.seed + (number + 1) * SEED_STEP) % 2**64
        bounds = bounds_of(self._options, self._limits)
        search = DepthFirst(self._task, self._options.table, bounds, seed, shuffle=True)

        def look(counts: Counts) -> str:
            self._counts[number] = counts
            return HALTED if self._halt.is_set() else ""

        return finish(search, self._options, self._limits, look)

    def _look(self, budget: Budget) -> str:
        counts = list(self._counts)
        totals = (sum(column) for column in zip(*((c.states, c.transitions, c.waiting) for c in counts), strict=True))
        states, transitions, waiting = totals
        return budget.spent(states, transitions, waiting, max(c.depth for c in counts))


def _summary(options: LossyOptions, swarm: Swarm, runs: Sequence[RunReport], reason: str) -> str:
    """What the end of a swarm is worth: it is complete if one of its runs is, and they are independent."""
    whole = [run for run in runs if not run.limit]
    least, most = min(run.counts.states for run in runs), max(run.counts.states for run in runs)
    states = f"{most} states each" if least == most else f"{least} to {most} states each"
    text = f"swarm of {swarm.runs} runs, {kind_of(options.table)}: {states}"
    if whole:
        chance = math.prod(run.omission.chance for run in whole)
        text += f"; probability that every run omitted a state at least {chance:.2g}"
    cut = len(runs) - len(whole)
    limits = sorted({run.limit for run in runs if run.limit and run.limit != HALTED})
    if cut:
        text += f"; {cut} ended early" + (f" ({', '.join(limits)})" if limits else "")
    return f"{reason} ({text})" if reason else text
