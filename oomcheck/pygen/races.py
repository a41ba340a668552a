"""Which enabled transitions race; decided once for each pair as far as it can be."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from oomcheck.ir.expr import FALSE
from oomcheck.ir.system import TransitionSystem
from oomcheck.pygen.expressions import Condition, compile_conditions
from oomcheck.semantics.sought import clash

#: Two transitions that race in those states where the function is true.
Candidate = tuple[int, int, Condition]


class Races:
    """Candidates for each set of enabled transitions; remembers what it found for each pair."""

    def __init__(self, system: TransitionSystem) -> None:
        self._slots = system.slot
        self._steps = {step.index: step for step in system.transitions}
        self._pairs: dict[tuple[int, int], Candidate | None] = {}

    def candidates(self, enabled: Sequence[int]) -> tuple[Candidate, ...]:
        """Pairs of `enabled` transitions that can race, in order."""
        active = [index for index in enabled if self._steps[index].accesses]
        found = (self._pair(pair) for pair in combinations(active, 2))
        return tuple(candidate for candidate in found if candidate is not None)

    def _pair(self, pair: tuple[int, int]) -> Candidate | None:
        if pair not in self._pairs:
            condition = clash(self._steps[pair[0]], self._steps[pair[1]])
            self._pairs[pair] = None if condition == FALSE else (*pair, compile_conditions([condition], self._slots)[0])
        return self._pairs[pair]
