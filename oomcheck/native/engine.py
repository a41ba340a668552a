"""Breadth-first search as native code: the reference search, at the speed of memory and on all cores.

What it finds does not depend on the number of threads: counts and depths are those of the reference, and the path of
each witness is the one that the reference finds first (`runtime/trace.h`).
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from oomcheck.analysis.permutation import Permutation
from oomcheck.analysis.symmetry import symmetry
from oomcheck.ir.system import TransitionSystem
from oomcheck.native.binding import Facts, Loaded, RefusedError, Search, SearchOptions, Status, Target
from oomcheck.native.checkpoint import Keeper, Place, Spill, digest_of
from oomcheck.native.emit import WANT_ORDERS, WANT_RACES, emit
from oomcheck.native.evidence import Path, Seen, decided, note, note_sets
from oomcheck.native.fused import Passing
from oomcheck.native.items import Items, Orders, Races, items_of
from oomcheck.native.layout import NARROW
from oomcheck.native.reduce import ample_for
from oomcheck.native.room import log_space, most_bytes
from oomcheck.prop.property import Property
from oomcheck.records import dataclass
from oomcheck.result.exploration import Exploration, Limits
from oomcheck.semantics.budget import DECIDED, Budget, Report, StopCheck, depth_limit, state_limit
from oomcheck.semantics.findings import Findings
from oomcheck.ways import TITLES, Reduction

_HURRIED = ("interrupted", "terminated")  # somebody waits for the process to end

SLICE = 0.1  # seconds between two looks at the caller's wishes
GRACE = 0.7  # seconds to find paths after the caller wanted to stop

FOLDED = 0  # words of the core that keeps states of any width folded

#: Compiles a model's C text, and loads it with the core for states of so many words.
Build = Callable[[int, str], Loaded]


@dataclass(frozen=True, slots=True)
class Tuning:
    """How to search; nothing here changes what is found, reductions only how many states are looked at.

    `order` is for what `analysis.facts.order_refusal` has nothing against; `fuse` counts only with `order`.
    """

    threads: int = 1
    spill: Spill | None = None  # where the log goes instead of memory
    order: bool = False  # partial-order reduction
    fuse: bool = False  # pass through states with one step to take
    fold: bool = False  # of states that are alike keep one

    @property
    def reductions(self) -> tuple[Reduction, ...]:
        """Those that this search makes."""
        fuses = self.order and self.fuse
        asked = {Reduction.ORDER: self.order, Reduction.FUSION: fuses, Reduction.SYMMETRY: self.fold}
        return tuple(reduction for reduction, is_asked in asked.items() if is_asked)


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

    A search that ends early does so after a level, not after a state. With reductions the counts are those of the
    reduced search; all else is the same. Witnesses are of `real`, which has the same paths as `system` (None: `system`
    itself). Raises TooWideError and what `build` raises.
    """
    items = items_of(system, properties)
    ample = ample_for(system, properties) if tuning.order else None
    group = symmetry(system, properties).group if tuning.fold else ()
    tuning = replace(tuning, fold=len(group) > 1)
    emitted = emit(system, items, (), ample, group)
    words = emitted.layout.words
    # What folds states has a part of them in memory, so a log of folded states is of no use to another process.
    loaded = build(core_for(words) if tuning.spill is None else words, emitted.text)
    asked = Asked(properties, items, group)
    run = _Run(real or system, asked, limits, Budget(limits, should_stop, progress))
    passing = Passing(system, ample, items) if ample is not None and tuning.fuse else None
    return run.run(loaded, tuning, emitted.text, passing)


def core_for(words: int) -> int:
    """The core that searches states of so many words: wide ones take a fraction of the memory when they are folded."""
    return words if words <= NARROW else FOLDED


@dataclass(frozen=True, slots=True)
class _Reduced:
    """A reduced search that has ended; `passing` is for one with fused steps."""

    loaded: Loaded
    options: SearchOptions
    search: Search
    passing: Passing | None


@dataclass(frozen=True, slots=True)
class Asked:
    """Properties, what is looked out for because of them, and the group under which states are folded."""

    properties: Sequence[Property]
    items: Items
    group: Sequence[Permutation]


class _Run:
    """One search; see `run`."""

    def __init__(self, system: TransitionSystem, asked: Asked, limits: Limits, budget: Budget) -> None:
        self._system = system
        self._properties = asked.properties
        self._items = asked.items
        self._group = asked.group
        self._limits = limits
        self._budget = budget
        self._names = frozenset(prop.name for prop in asked.properties)
        self._room = most_bytes(limits.max_memory)

    def run(self, loaded: Loaded, tuning: Tuning, text: str, passing: Passing | None) -> Exploration:
        """Search level by level, then find the way to what was seen. `text` is the model's."""
        options = SearchOptions(
            most_states=self._limits.max_states or 0,
            most_bytes=self._room.amount,
            log_bytes=log_space(),
            depth=-1 if self._limits.depth is None else self._limits.depth,
            threads=tuning.threads,
            want=WANT_RACES | WANT_ORDERS,
            reduce=int(tuning.order),
            fuse=int(tuning.order and tuning.fuse),
            canonical=int(tuning.fold),
        )
        place = None
        if tuning.spill is not None:
            place = tuning.spill.place(digest_of(text, f"{options.reduce} {options.fuse} {options.canonical}"))
        try:
            search = self._open(loaded, options, place)
        except RefusedError as problem:
            too_large = problem.number == errno.ENOMEM and place is not None
            reason = self._room.reason if too_large else refusal(problem.number)
            return Findings(self._properties, _no_path).exploration(0, 0, 0, reason, self._budget.seconds)
        try:
            keeper = None if place is None or tuning.spill is None else Keeper(place, search, tuning.spill.every)
            stopped = self._search(search, keeper, self._names)
            if keeper is not None:
                keeper.end(hurry=stopped in _HURRIED)
            facts = search.facts()
            if tuning.reductions:
                findings, reason, shortest = self._after_reduction(_Reduced(loaded, options, search, passing), stopped)
            else:
                (findings, reason), shortest = self._findings(search, facts, stopped, None), True
            note_sets(self._seen(facts), findings)
            self._note_covers(facts, findings)
        finally:
            search.close()
        if place is not None:
            place.finished = stopped in ("", DECIDED) and not reason
        record = findings.exploration(
            facts.states, facts.transitions, facts.depth, stopped or reason, self._budget.seconds
        )
        titles = tuple(TITLES[reduction] for reduction in tuning.reductions)
        seen = (self._items.items[number] for number in facts.items)
        orders = frozenset(item.edge for item in seen if isinstance(item, Orders))
        return replace(record, reductions=titles, shortest=shortest, orders=orders)

    def _after_reduction(self, reduced: _Reduced, stopped: str) -> tuple[Findings, str, bool]:
        """What was decided, with paths; why some are missing, or ""; whether they are the shortest."""
        facts = reduced.search.facts()
        names = self._names & decided(self._items, facts.items, self._group)
        if not names:
            return Findings(self._properties, _no_path), "", True
        findings, reason = Findings(self._properties, _no_path), stopped
        if stopped not in _HURRIED:
            findings, reason = self._in_full(reduced, facts, names)
        if not reason:
            return findings, "", True
        if reduced.options.canonical:  # its paths go through states that are only like those of the system
            return Findings(self._properties, _no_path), reason, True
        return (*self._findings(reduced.search, facts, reason, reduced.passing), False)

    def _in_full(self, reduced: _Reduced, facts: Facts, names: Collection[str]) -> tuple[Findings, str]:
        """The shortest witnesses of what a reduced search has seen, from a second search that is not reduced.

        Or the reason why there are none: limits are the same, and it leaves the other search its memory.
        """
        some = reduced.options
        options = SearchOptions(
            most_states=some.most_states,
            most_bytes=max(some.most_bytes - facts.memory, 1) if some.most_bytes else 0,
            log_bytes=some.log_bytes,
            depth=-1,
            threads=some.threads,
            want=some.want,
        )
        try:
            search = Search(reduced.loaded, options)
        except RefusedError as problem:
            return Findings(self._properties, _no_path), refusal(problem.number)
        try:
            # The last level may be the one that shows it.
            ended = self._search(search, None, names) or self._notice(search, names)
            seen = search.facts()
            if ended not in ("", DECIDED):
                return Findings(self._properties, _no_path), ended
            assert decided(self._items, seen.items).issuperset(names), "a reduced search has seen what is not there"
            return self._findings(search, seen, DECIDED, None)
        finally:
            search.close()

    def _open(self, loaded: Loaded, options: SearchOptions, place: Place | None) -> Search:
        """A new search, or one that goes on with what is in its place. Raises RefusedError, E0507."""
        if place is None:
            return Search(loaded, options)
        options.log_path = os.fsencode(place.log)
        try:
            return Search(loaded, options, place.record())
        except RefusedError as problem:
            if problem.number != errno.EINVAL:
                raise
            raise place.unfit("record and log do not belong together, or are damaged") from problem

    def _search(self, search: Search, keeper: Keeper | None, names: Collection[str]) -> str:
        """Why the search ended early, or "" if it did not; all properties of these names are decided, maybe."""
        reason = self._notice(search, names) or self._spent(search.facts())  # one that goes on has seen things already
        while not reason:
            status = search.run(SLICE)
            if keeper is not None:
                keeper.poll()
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
                    reason = self._notice(search, names)
                case Status.SLICE:
                    pass
            reason = reason or self._spent(search.facts())
        return reason

    def _notice(self, search: Search, names: Collection[str]) -> str:
        """After a level with something new: stop if that decides all, and look no more for what is decided."""
        seen = search.facts().items
        if names and decided(self._items, seen).issuperset(names):
            return DECIDED
        if any(isinstance(self._items.items[number], Races) for number in seen):
            search.want(WANT_ORDERS)
        return ""

    def _spent(self, facts: Facts) -> str:
        return self._budget.spent(facts.states, facts.transitions, facts.frontier, facts.depth)

    def _seen(self, facts: Facts) -> Seen:
        return Seen(self._system, self._items, facts.items)

    def _note_covers(self, facts: Facts, findings: Findings) -> None:
        covers = {step.index: step.covers for step in self._system.transitions}
        for step in facts.fired:
            findings.covered |= covers[step]

    def _findings(self, search: Search, facts: Facts, stopped: str, passing: Passing | None) -> tuple[Findings, str]:
        """What was decided, with paths; and why some are missing, or ""."""
        paths: list[tuple[int, ...]] = []
        findings = Findings(self._properties, paths.__getitem__)
        late = self._budget.seconds + GRACE

        def poll() -> str:
            if stopped and stopped != DECIDED:
                return stopped if self._budget.seconds > late else ""
            return self._spent(facts)

        def find(targets: Sequence[Target]) -> tuple[list[Path], str]:
            found, reason = search.paths(targets, SLICE, poll)
            if passing is not None:
                found = [passing.lengthen(path, target) for path, target in zip(found, targets, strict=False)]
            return found, reason

        try:
            return findings, note(self._seen(facts), findings, paths, find)
        except MemoryError:  # what is violated has no trace then, so it is told as unknown
            return findings, refusal(errno.ENOMEM)


def _no_path(_: int) -> tuple[int, ...]:
    raise AssertionError("nothing was found")


def refusal(number: int) -> str:
    """Why the system gave no more memory or disk, by errno."""
    return os.strerror(number).lower()
