"""What the proof of each condition rests on, and few conditions that exclude the bad states and are kept together.

After Ghassabani, Gacek and Whalen, Efficient generation of inductive validity cores for safety properties (FSE 2016):
cores first, then one condition after the other is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from oomcheck.smt.keeping import Keeping

BAD = -1  # the goal that the bad states are excluded


class Support:
    """For each goal, conditions from which it follows after each step; the first goal is BAD."""

    def __init__(self, keeping: Keeping, stop: Callable[[], bool]) -> None:
        self._keeping = keeping
        self._stop = stop
        self._steps = range(len(keeping.horn.system.transitions))
        self._starts: dict[int, bool] = {}
        self.asked = 0  # goals

    def closed(self, assumed: Collection[int], old: Mapping[int, frozenset[int]]) -> dict[int, frozenset[int]] | None:
        """All goals that the proof needs, with their support among `assumed`; None if there is no proof.

        `old` supports are used where they may be.
        """
        every = frozenset(assumed)
        found: dict[int, frozenset[int]] = {}
        waiting = [BAD]
        while waiting:
            goal = waiting.pop()
            if goal in found:
                continue
            support = old[goal] if goal in old and old[goal] <= every else self._of(goal, every)
            if support is None:
                return None
            found[goal] = support
            waiting += sorted(support - found.keys())
        return found

    def _of(self, goal: int, assumed: frozenset[int]) -> frozenset[int] | None:
        """Conditions from which a goal follows; None if it does not."""
        if self._stop():
            return None
        self.asked += 1
        if goal == BAD:
            core = self._keeping.about(len(self._steps)).core({}, assumed)
            return core if isinstance(core, frozenset) else None
        if goal not in self._starts:
            self._starts[goal] = self._keeping.starts(goal)
        if not self._starts[goal]:
            return None
        needed: set[int] = set()
        for clause in self._steps:
            after = self._keeping.after(clause, [goal])
            if after:
                core = self._keeping.about(clause).core(after, assumed)
                if not isinstance(core, frozenset):
                    return None
                needed |= core
        return frozenset(needed - {goal})

    def fewer(
        self, found: dict[int, frozenset[int]], order: Callable[[int], tuple[int, ...]]
    ) -> dict[int, frozenset[int]]:
        """Without as many conditions as possible, one by one; those that come first in `order` are tried first."""
        for number in sorted(found.keys() - {BAD}, key=order):
            if number in found and not self._stop():
                found = self.without(found, (number,)) or found
        return found

    def without(self, found: dict[int, frozenset[int]], gone: Iterable[int]) -> dict[int, frozenset[int]] | None:
        """A proof without some conditions, if there is one."""
        return self.closed(found.keys() - {BAD, *gone}, found)
