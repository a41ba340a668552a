"""Which enabled transitions race; decided once for each pair as far as it can be."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from oomcheck.ir.expr import FALSE, Expr, Index, Lit, Place, Var, and_, binary, boolean, eq, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import IntSort, width
from oomcheck.ir.system import Transition, TransitionSystem
from oomcheck.pygen.expressions import Condition, compile_conditions

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
            condition = _clash(self._steps[pair[0]], self._steps[pair[1]])
            self._pairs[pair] = None if condition == FALSE else (*pair, compile_conditions([condition], self._slots)[0])
        return self._pairs[pair]


def _clash(first: Transition, second: Transition) -> Expr:
    """When two transitions touch the same slot, one writes, and not both accesses are marked."""
    if first.process == second.process:
        return FALSE
    return or_(
        *(
            _same(a.place, b.place)
            for a in first.accesses
            for b in second.accesses
            if (a.write or b.write) and not (a.marked and b.marked)
        )
    )


def _same(left: Place, right: Place) -> Expr:
    match left, right:
        case Var(name=a), Var(name=b):
            return boolean(a == b)
        case Index(array=a), Index(array=b) if a.name == b.name:
            return and_(
                _inside(left.index, width(a.sort)), _inside(right.index, width(b.sort)), eq(left.index, right.index)
            )
        case _:
            return FALSE


def _inside(index: Expr, size: int) -> Expr:
    sort = IntSort(0, size)
    return and_(binary(Op.LE, Lit(0, sort), index), binary(Op.LT, index, Lit(size, sort)))
