"""Breadth-first search as native code: the reference search, at the speed of memory and on all cores.

What it finds does not depend on the number of threads: counts and depths are those of the reference, and the path of
each witness is the one that the reference finds first (`runtime/trace.h`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from oomcheck.ir.system import TransitionSystem
from oomcheck.native.binding import Facts, Loaded, Search, SearchOptions, Status
from oomcheck.native.emit import WANT_ORDERS, WANT_RACES, emit
from oomcheck.native.evidence import Seen, decided, note
from oomcheck.native.items import Items, Races, items_of
from oomcheck.native.layout import NARROW
from oomcheck.native.room import log_space, most_bytes
from oomcheck.prop.property import Property
from oomcheck.records import dataclass
from oomcheck.result.exploration import Exploration, Limits
from oomcheck.semantics.budget import DECIDED, Budget, Report, StopCheck, depth_limit, state_limit
from oomcheck.semantics.findings import Findings

SLICE = 0.1  # seconds between two looks at the caller's wishes
GRACE = 0.7  # seconds to find paths after the caller wanted to stop

FOLDED = 0  # words of the core that keeps states of any width folded

#: Compiles a model's C text, and loads it with the core for states of so many words.
Build = Callable[[int, str], Loaded]


@dataclass(frozen=True, slots=True)
class Tuning:
    """How to search; nothing here changes what is found."""

    threads: int = 1


def explore(
    system: TransitionSystem,
    properties: Sequence[Property],
    limits: Limits,
    build: Build,
    tuning: Tuning,
    should_stop: StopCheck | None = None,
    progress: Report | None = None,
    real: TransitionSystem | None = None,
) -> Exploration:
    """The same as `semantics.search.explore`, with the same result where nothing ends the search early.

    A search that ends early does so after a level, not after a state. Witnesses are of `real`, which has the same paths
    as `system` (None: `system` itself). Raises TooWideError and what `build` raises.
    """
    items = items_of(system, properties)
    emitted = emit(system, items)
    loaded = build(core_for(emitted.layout.words), emitted.text)
    return _Run(real or system, properties, items, limits, Budget(limits, should_stop, progress)).run(loaded, tuning)


def core_for(words: int) -> int:
    """The core that searches states of so many words: wide ones take a fraction of the memory when they are folded."""
    return words if words <= NARROW else FOLDED


class _Run:
    """One search; see `run`."""

    def __init__(
        self, system: TransitionSystem, properties: Sequence[Property], items: Items, limits: Limits, budget: Budget
    ) -> None:
        self._system = system
        self._properties = properties
        self._items = items
        self._limits = limits
        self._budget = budget
        self._room = most_bytes(limits.max_memory)

    def run(self, loaded: Loaded, tuning: Tuning) -> Exploration:
        """Search level by level, then find the way to what was seen."""
        options = SearchOptions(
            most_states=self._limits.max_states or 0,
            most_bytes=self._room.amount,
            log_bytes=log_space(),
            depth=-1 if self._limits.depth is None else self._limits.depth,
            threads=tuning.threads,
            want=WANT_RACES | WANT_ORDERS,
        )
        search = Search(loaded, options)
        try:
            stopped = self._search(search)
            facts = search.facts()
            findings, reason = self._findings(search, facts, stopped)
        finally:
            search.close()
        return findings.exploration(
            facts.states, facts.transitions, facts.depth, stopped or reason, self._budget.seconds
        )

    def _search(self, search: Search) -> str:
        """Why the search ended early, or "" if it did not."""
        reason = self._spent(search.facts())
        while not reason:
            status = search.run(SLICE)
            match status:
                case Status.DONE:
                    return ""
                case Status.DEPTH:
                    return depth_limit(self._limits)
                case Status.STATES:
                    return state_limit(self._limits)
                case Status.MEMORY:
                    return self._room.reason
                case Status.PARTS:
                    return "states of this system have more different parts than can be numbered"
                case Status.REFUSED:
                    return refusal(search.facts().error)
                case Status.LEVEL:
                    reason = self._notice(search)
                case Status.SLICE:
                    pass
            reason = reason or self._spent(search.facts())
        return reason

    def _notice(self, search: Search) -> str:
        """After a level with something new: stop if that decides all, and look no more for what is decided."""
        seen = search.facts().items
        names = {prop.name for prop in self._properties}
        if names and names <= decided(self._items, seen):
            return DECIDED
        if any(isinstance(self._items.items[number], Races) for number in seen):
            search.want(WANT_ORDERS)
        return ""

    def _spent(self, facts: Facts) -> str:
        return self._budget.spent(facts.states, facts.transitions, facts.frontier, facts.depth)

    def _findings(self, search: Search, facts: Facts, stopped: str) -> tuple[Findings, str]:
        """Everything seen, with paths; and why some are missing, or ""."""
        paths: list[tuple[int, ...]] = []
        findings = Findings(self._properties, paths.__getitem__)
        covers = {step.index: step.covers for step in self._system.transitions}
        for step in facts.fired:
            findings.covered |= covers[step]
        late = self._budget.seconds + GRACE

        def poll() -> str:
            if stopped and stopped != DECIDED:
                return stopped if self._budget.seconds > late else ""
            return self._spent(facts)

        reason = note(
            Seen(self._system, self._items, facts.items), findings, paths, lambda t: search.paths(t, SLICE, poll)
        )
        return findings, reason


def refusal(number: int) -> str:
    """Why the system gave no more memory or disk, by errno."""
    return os.strerror(number).lower()
