"""One question again and again: whether a system that lacks something can violate the property."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from oomcheck.explicit import Explicit
from oomcheck.ir.system import ASSUME, TransitionSystem
from oomcheck.prop.property import Property
from oomcheck.records import dataclass
from oomcheck.result.exploration import Exploration, Limits, Progress, Witness
from oomcheck.runs import about_runs, search_runs
from oomcheck.semantics.search import explore as explore_reference

StopCheck = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Found:
    """A run that violates the property (or reaches what a cover asks for)."""

    witness: Witness


@dataclass(frozen=True, slots=True)
class Absent:
    """There is none: all states were visited. `halted` are the sanitizers at whose faults some behaviour ended."""

    halted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Open:
    """Not known, and why."""

    reason: str


Answer = Found | Absent | Open


class Searcher:
    """Asks an engine within limits: `max_states` is for one question, `timeout` (seconds) for all of them together.

    `explicit` None is the reference search. `progress` hears of each search what it is about.
    """

    def __init__(
        self,
        explicit: Explicit | None,
        limits: Limits,
        should_stop: StopCheck | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> None:
        self._explicit = explicit
        self._limits = limits
        self._should_stop = should_stop
        self._progress = progress
        self._start = time.perf_counter()

    @property
    def stopped(self) -> str:
        """Why no more questions are answered; "" if they are."""
        reason = "" if self._should_stop is None else self._should_stop()
        if reason:
            return reason
        timeout = self._limits.timeout
        spent = timeout is not None and time.perf_counter() - self._start >= timeout
        return f"time limit {timeout:g} s" if spent else ""

    def ask(self, system: TransitionSystem, prop: Property, task: str = "") -> Answer:
        """Whether a run of `system` decides `prop`; `task` says for people what is asked."""
        stopped = self.stopped
        if stopped:
            return Open(stopped)
        witness, found = self._search(system, prop, self._telling(task))
        if witness is not None:
            return Found(witness)
        if found.stopped:
            return Open(self.stopped or found.stopped)
        return Absent(tuple(sorted(found.halted - {ASSUME, prop.name})))

    def _telling(self, task: str) -> Callable[[Progress], None] | None:
        progress = self._progress
        return None if progress is None else lambda now: progress(replace(now, task=task))

    def _search(
        self, system: TransitionSystem, prop: Property, progress: Callable[[Progress], None] | None
    ) -> tuple[Witness | None, Exploration]:
        limits = self.limits()
        if about_runs(prop):
            searched = search_runs(system, [prop], limits, self._should_stop, progress, self._explicit)
            finding = searched.findings.get(prop.name)
            return (finding.witness if finding is not None and finding.violates else None), searched.exploration
        explore = explore_reference if self._explicit is None else self._explicit.explore
        found = explore(system, [prop], limits, self._should_stop, progress)
        return found.witnesses.get(prop.name), found

    def part(self, share: float) -> Searcher:
        """A searcher that ends when a share of the time that is left is over."""
        limits = self.limits()
        timeout = None if limits.timeout is None else limits.timeout * share
        return Searcher(self._explicit, replace(limits, timeout=timeout), self._should_stop, self._progress)

    def limits(self) -> Limits:
        """What is left for the next question."""
        timeout = self._limits.timeout
        if timeout is None:
            return self._limits
        return replace(self._limits, timeout=max(timeout - (time.perf_counter() - self._start), 1e-9))
