"""Which conditions a proof rests on, and proofs without those that are not needed."""

from __future__ import annotations

from oomcheck.ir.expr import Expr, binary, eq, not_
from oomcheck.ir.ops import Op
from oomcheck.smt.horn import plain
from oomcheck.smt.keeping import Keeping
from oomcheck.smt.outcome import Budget
from oomcheck.smt.support import BAD, Support
from tests import toys
from tests.smt.small import N, jumps

BUDGET = Budget(rlimit=1_000_000)
CHAIN = [(0, 1), (1, 0), (3, 4), (4, 5), (5, 6)]
IS = [eq(N, toys.number(value)) for value in range(8)]
NOT = [not_(one) for one in IS]


def support(*conditions: Expr, most: int = 1_000) -> Support:
    """For the question whether 6 can be reached."""
    found = Support(Keeping(plain(jumps(CHAIN), IS[6]), conditions, BUDGET), lambda: found.asked >= most)
    return found


def test_what_each_goal_rests_on() -> None:
    """6 comes from 5, 5 from 4, 4 from 3, and nothing leads to 3."""
    closed = support(NOT[6], NOT[5], NOT[4], NOT[3], NOT[7]).closed(range(5), {})
    assert closed == {BAD: frozenset((0,)), **{n: frozenset((n + 1,)) for n in range(3)}, 3: frozenset()}


def test_no_proof_without_what_is_needed() -> None:
    """Without the condition about 3 there is none, nor if one does not hold initially."""
    assert support(NOT[6], NOT[5], NOT[4]).closed(range(3), {}) is None
    assert support(NOT[6], NOT[5], NOT[4], NOT[3]).closed(range(3), {}) is None
    assert support(NOT[0], IS[0]).closed(range(2), {}) is None


def test_fewer_conditions() -> None:
    """`n <= 2` is enough, where the others are tried first; and the other way round."""
    small = binary(Op.LE, N, toys.number(2))
    asked = support(NOT[6], NOT[5], NOT[4], NOT[3], small)
    every = {BAD: frozenset((0, 4)), 0: frozenset((1,)), 1: frozenset((2,)), 2: frozenset((3,)), 3: frozenset[int]()}
    every[4] = frozenset()
    assert set(asked.fewer(dict(every), lambda n: (n,))) == {BAD, 4}
    assert set(asked.fewer(dict(every), lambda n: (-n,))) == {BAD, 0, 1, 2, 3}


def test_no_more_questions_than_allowed() -> None:
    """When it has to stop there is no proof, and what was found before stays."""
    assert support(NOT[6], NOT[5], NOT[4], NOT[3], most=2).closed(range(4), {}) is None
    found = {BAD: frozenset((0,)), 0: frozenset[int]()}
    assert support(NOT[6], most=0).fewer(found, lambda n: (n,)) == found
