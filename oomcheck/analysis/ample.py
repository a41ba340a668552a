"""Ample sets: which processes are enough to go on from a state, decided from the state alone.

The data is computed once for a system and the questions asked about it (`prepare` in facts.py). NOTES.md says why the
choice keeps all answers.
"""

from __future__ import annotations

from collections.abc import Sequence

from oomcheck.analysis.points import Control
from oomcheck.ir.expr import Expr
from oomcheck.ir.system import Fault, Transition
from oomcheck.records import dataclass


@dataclass(frozen=True, slots=True)
class Item:
    """A step or fault at a control point.

    `clashes` are the classes that it disturbs when it is taken, or that disturb it, `visible` the formulas that it can
    make false (masks). `tests` is its guard, in the order in which to look for one that is false. A `sticky` step may
    be taken only together with all that are enabled.
    """

    source: Transition | Fault
    clashes: int
    visible: int
    tests: tuple[int, ...]
    sticky: bool


@dataclass(frozen=True, slots=True)
class Point:
    """A control point: its items, and as masks the classes of all that may happen from here on (`future`) and the tests
    that the process can make true before it needs help (`makes`).

    A cut (test, classes) says that those classes are no future as long as the test is false.
    """

    items: tuple[Item, ...]
    future: int
    makes: int
    cuts: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Ample:
    """All that `choose` needs, by process and control point.

    Masks of tests have a bit for each of `tests`, masks of classes as many as `classes`. `formulas` are the guards of
    the state predicates to look out for, like `Item.tests`.
    """

    controls: tuple[Control, ...]
    points: tuple[tuple[Point, ...], ...]
    tests: tuple[Expr, ...]
    formulas: tuple[tuple[int, ...], ...]
    classes: int


@dataclass(frozen=True, slots=True)
class Situation:
    """A state as `choose` sees it: the control point of each process, the numbers of the enabled transitions, and the
    tests that are true (a mask).
    """

    points: tuple[int, ...]
    enabled: frozenset[int]
    true: int


def choose(facts: Ample, now: Situation) -> int:
    """Processes whose enabled steps are enough to take, as bits; 0 if nothing is enabled.

    Everybody who can move, unless fewer steps will do. Each process that can move is tried in turn with all whom it
    needs, and the first choice with the fewest steps is taken.
    """
    return _Choice(facts, now).run()


class _Choice:
    """One choice; see NOTES.md for the closure."""

    def __init__(self, facts: Ample, now: Situation) -> None:
        self._facts = facts
        self._now = now
        self._at = [points[point] for points, point in zip(facts.points, now.points, strict=True)]
        self._steps = [sum(self._is_enabled(item) for item in point.items) for point in self._at]
        self._moving = sum(1 << process for process, steps in enumerate(self._steps) if steps)
        self._stuck = sum(
            1 << process
            for process, point in enumerate(self._at)
            if any(item.sticky and self._is_enabled(item) for item in point.items)
        )

    def run(self) -> int:
        best, least = self._moving, sum(self._steps)
        for process in range(len(self._at)):
            if least <= 1 or not (self._moving & ~self._stuck) >> process & 1:
                continue
            found = self._close(1 << process) & self._moving
            count = sum(steps for number, steps in enumerate(self._steps) if (found >> number) & 1)
            if not found & self._stuck and count < least:
                best, least = found, count
        return best

    def _is_enabled(self, item: Item) -> bool:
        return isinstance(item.source, Transition) and item.source.index in self._now.enabled

    def _close(self, chosen: int) -> int:
        """`chosen` with all processes that it needs."""
        while True:
            clashes, wanted = self._demands(chosen)
            for process, point in enumerate(self._at):
                if not (chosen >> process) & 1 and self._future(point, chosen) & clashes:
                    wanted |= 1 << process
            if not wanted & ~chosen:
                return chosen
            chosen |= wanted

    def _demands(self, chosen: int) -> tuple[int, int]:
        """Classes that clash with what is enabled in `chosen`, and processes that may enable the rest."""
        clashes = visible = wanted = 0
        for process, point in enumerate(self._at):
            if (chosen >> process) & 1:
                for item in point.items:
                    if self._is_enabled(item):
                        clashes |= item.clashes
                        visible |= item.visible
                    else:
                        wanted |= self._enablers(item.tests)
        for number, tests in enumerate(self._facts.formulas):
            if (visible >> number) & 1:
                wanted |= self._enablers(tests)
        return clashes, wanted

    def _enablers(self, tests: Sequence[int]) -> int:
        """Processes without which the first false test stays false; none if all are true: then it happens now."""
        for test in tests:
            if not (self._now.true >> test) & 1:
                return self._makers(test)
        return 0

    def _makers(self, test: int) -> int:
        return sum(1 << process for process, point in enumerate(self._at) if (point.makes >> test) & 1)

    def _future(self, point: Point, chosen: int) -> int:
        """Classes of what may happen before anybody in `chosen` moves."""
        future = point.future
        for test, gone in point.cuts:
            if not (self._now.true >> test) & 1 and not self._makers(test) & ~chosen:
                future &= ~gone
        return future
