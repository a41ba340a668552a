"""What fairness asks of a loop, as bits: one for each assumption."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

from oomcheck.analysis.graph import RunGraph
from oomcheck.prop.temporal import Fairness, FairnessKind


class Demands:
    """Fairness assumptions on the runs of a graph; assumption i has bit i.

    A step is enabled where it has an edge. `ends[i]` is the bit of the graph's masks for "a step of assumption i is due
    and would end the behaviour", None if that never is: such a step is owed too, and what takes it is no run.
    """

    def __init__(self, graph: RunGraph, fairness: Sequence[Fairness], ends: Sequence[int | None] = ()) -> None:
        self.weak = _bits(fairness, FairnessKind.WEAK)
        self.strong = _bits(fairness, FairnessKind.STRONG)
        self.progress = _bits(fairness, FairnessKind.PROGRESS)
        self._taken: dict[int, int] = {}
        for bit, assumption in enumerate(fairness):
            for step in assumption.steps:
                self._taken[step] = self._taken.get(step, 0) | 1 << bit
        # Few sets of assumptions occur, so each state has the number of one.
        self._sets = [0]
        self._class = array("i", bytes(4 * graph.states))
        if fairness:
            self._look(graph, [(own, 1 << bit) for own, bit in enumerate(ends) if bit is not None])

    def _look(self, graph: RunGraph, ends: Sequence[tuple[int, int]]) -> None:
        """Note for each state which assumptions have a step enabled there."""
        known = {0: 0}
        taken = [self._taken.get(step, 0) for step in range(max(graph.step, default=-1) + 1)]
        due = [sum(1 << own for own, bit in ends if mask & bit) for mask in graph.masks]
        step, letter = graph.step, graph.letter
        for state in range(graph.states):
            enabled = due[letter[state]]
            for edge in graph.edges_of(state):
                enabled |= taken[step[edge]]
            if enabled not in known:
                known[enabled] = len(self._sets)
                self._sets.append(enabled)
            self._class[state] = known[enabled]

    def taken(self, step: int) -> int:
        """The assumptions that a transition is a step of."""
        return self._taken.get(step, 0)

    def enabled(self, state: int) -> int:
        """The assumptions that have a step enabled in a state."""
        return self._sets[self._class[state]]

    def lacking(self, states: Iterable[int], taken: int) -> int:
        """Assumptions that no loop through some of `states` with steps of those in `taken` alone can keep.

        For weak fairness such a loop must visit a state where no step is enabled.
        """
        always = self.weak & ~taken
        for state in states:
            if not always:
                break
            always &= self.enabled(state)
        return always | (self.progress & ~taken)

    def starved(self, states: Iterable[int], taken: int) -> int:
        """Strong assumptions with a step enabled in some of `states`, and none of their steps taken."""
        asked = 0
        for state in states if self.strong & ~taken else ():
            asked |= self.enabled(state)
        return asked & self.strong & ~taken

    def allow_rest(self, state: int) -> bool:
        """Whether a run that stays in a state for ever keeps all assumptions."""
        return not self.progress and not self.enabled(state)


def _bits(fairness: Sequence[Fairness], kind: FairnessKind) -> int:
    return sum(1 << bit for bit, assumption in enumerate(fairness) if assumption.kind is kind)
