"""Locks taken while others are held, noticed once for each step and each situation of the locks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import itemgetter

from oomcheck.ir.expr import FALSE, or_
from oomcheck.ir.system import State, TransitionSystem
from oomcheck.pygen.watch import slots_below
from oomcheck.result.exploration import LockEdge
from oomcheck.semantics.checks import lock_edges

Situation = Callable[[State], object]


class Orders:
    """Which steps take a lock, and what decides which locks their process holds.

    What `lock_edges` says of an enabled step depends only on the step and on the
    slots that its lock number and the holders of locks read; so each combination
    is looked at once.
    """

    def __init__(self, system: TransitionSystem) -> None:
        self._system = system
        self._steps = {step.index: step for step in system.transitions if step.acquire is not None}
        self._situations: dict[int, Situation] = {}
        self._seen: set[tuple[int, object]] = set()

    def candidates(self, indices: tuple[int, ...]) -> tuple[tuple[int, Situation], ...]:
        """The steps among `indices` that may take a lock while another is held."""
        found = []
        for index in indices:
            if index in self._steps and (situation := self._situation(index)) is not None:
                found.append((index, situation))
        return tuple(found)

    def _situation(self, index: int) -> Situation | None:
        if index not in self._situations:
            system, step = self._system, self._steps[index]
            held = [lock.holders[step.process] for lock in system.locks]
            if or_(*held) == FALSE:
                del self._steps[index]
                return None
            assert step.acquire is not None
            slots: set[int] = set()
            for expr in (*held, step.acquire):
                slots |= slots_below(expr, system.slot)
            self._situations[index] = itemgetter(*sorted(slots)) if slots else _always
        return self._situations[index]

    def edges(self, index: int, situation: Situation, state: State) -> Iterator[LockEdge]:
        """Edges that this step shows in `state`, if its situation is new."""
        key = (index, situation(state))
        if key not in self._seen:
            self._seen.add(key)
            yield from lock_edges(self._system, state, (self._steps[index],))


def _always(_state: State) -> object:
    """The situation where nothing depends on the state."""
    return ()
