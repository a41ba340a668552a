"""Paths of a search with fused steps made whole: the steps through states that it did not store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from oomcheck.analysis.ample import Ample, Situation, choose
from oomcheck.ir.system import State, Transition, TransitionSystem
from oomcheck.native.binding import Target
from oomcheck.native.items import Items, Orders, Races
from oomcheck.semantics.checks import lock_edges, race
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.sought import Fails
from oomcheck.semantics.successors import apply, enabled, faults


class Passing:
    """Knows which states of a system are passed through: those where a reduced search takes just one step."""

    def __init__(self, system: TransitionSystem, ample: Ample, items: Items) -> None:
        self._system = system
        self._ample = ample
        self._items = items
        self._steps = {step.index: step for step in system.transitions}

    def lengthen(self, path: Sequence[int], target: Target) -> tuple[int, ...]:
        """All steps to a state where `target` holds: `path` has those from states that are stored, up to the last one
        from which the target is seen.
        """
        steps: list[int] = []
        state = self._system.initial
        for index in path:
            for move, after in self._way(state, self._steps[index]):
                steps.append(move)
                state = after
        if self._holds(state, target):
            return tuple(steps)
        for first in self._moves(state):
            ahead: list[int] = []
            for move, after in self._way(state, first):
                ahead.append(move)
                if self._holds(after, target):
                    return (*steps, *ahead)
        raise AssertionError("what the search has seen is not where it was seen")

    def _way(self, state: State, first: Transition) -> Iterator[tuple[int, State]]:
        """Steps from `first` on, each with the state after it, to the next state that is stored."""
        step: Transition | None = first
        while step is not None:
            state = apply(self._system, step, state)
            yield step.index, state
            step = self._only(state)

    def _only(self, state: State) -> Transition | None:
        """The one step to be taken from a state that is passed."""
        moves = self._moves(state)
        if len(moves) != 1:
            return None
        process = moves[0].process
        point = self._ample.points[process][self._ample.controls[process].point(state)]
        sticky = any(item.sticky and item.source == moves[0] for item in point.items)
        return None if sticky else moves[0]

    def _moves(self, state: State) -> list[Transition]:
        """The steps that a reduced search takes."""
        ample, slots = self._ample, self._system.slot
        every = enabled(self._system, state)
        true = sum(1 << number for number, test in enumerate(ample.tests) if evaluate(test, state, slots))
        points = tuple(control.point(state) for control in ample.controls)
        chosen = choose(ample, Situation(points, frozenset(step.index for step in every), true))
        return [step for step in every if (chosen >> step.process) & 1]

    def _holds(self, state: State, target: Target) -> bool:
        return any(self._item_holds(state, number) for number in target.items)

    def _item_holds(self, state: State, number: int) -> bool:
        system = self._system
        match self._items.items[number]:
            case Races():
                return race(system, state, enabled(system, state)) is not None
            case Orders(edge=edge):
                return edge in lock_edges(system, state, enabled(system, state))
            case Fails(fault=fault):
                return any(other.index == fault.index for other in faults(system, state))
            case _:
                rests = number not in self._items.stuck or not enabled(system, state)
                return rests and bool(evaluate(self._items.conditions[number], state, system.slot))
