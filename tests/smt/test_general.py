"""Stronger clauses, and which of them walks refute."""

from __future__ import annotations

from oomcheck.ir.expr import TRUE, Expr, Index, Var, binary, eq, not_, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, ArraySort
from oomcheck.smt.general import Failing, stronger
from oomcheck.smt.merging import Counters
from tests import toys
from tests.smt.small import PLACE, N, walker
from tests.toys import number

STEPS = [toys.step(0, 0, 1, TRUE, [(N, number(1))]), toys.step(0, 1, 2, TRUE, [(N, number(2))])]
TOY = toys.system("line", [toys.variable("n", N.sort)], [toys.process("t", 3)], STEPS)
DONE = Index(Var("done", ArraySort(BOOL, 1)), number(0))  # of the tracked unit


def at_most(value: int) -> Expr:
    """N is no greater."""
    return binary(Op.LE, N, number(value))


def test_parts_are_left_out_and_places_changed() -> None:
    """`n <= 1` at 1 holds at 0 too, not at 2; `n <= 1 or n == 7` holds there without the second part."""
    counters = Counters(TOY)
    given = [counters.clause(or_(not_(TOY.at(0, 1)), at_most(1), eq(N, number(7))))]
    found = list(map(counters.expr, stronger(TOY, counters, given, [], 1)))
    here = not_(TOY.at(0, 1))
    assert or_(here, at_most(1)) in found
    assert or_(not_(TOY.at(0, 0)), at_most(1), eq(N, number(7))) in found
    assert or_(not_(TOY.at(0, 2)), at_most(1), eq(N, number(7))) not in found
    assert at_most(1) not in found
    assert or_(here, eq(N, number(7))) not in found


def test_what_is_known_of_other_places_is_taken() -> None:
    """Only what says the same."""
    counters = Counters(TOY)
    given = [counters.clause(at_most(2))]
    facts = [counters.clause(or_(not_(TOY.at(0, 2)), part)) for part in (at_most(2), at_most(3))]
    assert stronger(TOY, counters, given, facts, 1) == [facts[0], given[0]]


def test_walks_of_small_instances_refute() -> None:
    """At the end of the walk all units are done; before, some are not, whatever their number."""
    toy = walker()
    failing = Failing(toy, Counters(toy), 1)
    at_end, at_first = (Counters(toy).clause(or_(not_(toy.at(0, place)), DONE)) for place in (1, 0))
    assert failing.passes(at_end)
    assert not failing.passes(at_first)
    assert not failing.passes(Counters(toy).clause(binary(Op.LE, PLACE, number(1))))
