"""Clauses about places: read, merged, compared, and told in fewer conditions that mean the same."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from oomcheck.ir.expr import Expr, Lit, Var, and_, binary, eq, not_, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, IntSort
from oomcheck.ir.system import State
from oomcheck.semantics.evaluate import evaluate
from oomcheck.smt.merging import (
    Clause,
    Counters,
    by_value,
    clauses_of_not,
    merged,
    split,
    told,
    without_weaker,
)
from tests import toys
from tests.smt.small import everything
from tests.toys import number

SORT = IntSort(0, 3)
X, B = Var("x", SORT), Var("b", BOOL)
TOY = toys.system(
    "places", [toys.variable("x", X.sort), toys.variable("b", B.sort)], [toys.process("p", 4), toys.process("q", 3)], []
)
COUNTERS = Counters(TOY)
STATES = list(everything(TOY))
ZERO, ONE, TWO = (eq(X, Lit(value, SORT)) for value in range(3))

PARTS = [
    *(not_(TOY.at(0, place)) for place in range(4)),
    *(not_(TOY.at(1, place)) for place in range(3)),
    *(not_(eq(X, number(value))) for value in range(4)),
    *(binary(Op.LE, X, number(value)) for value in range(3)),
    TOY.at(0, 2),
    ONE,
    B,
    not_(B),
]
clauses = st.lists(st.sampled_from(PARTS), min_size=1, max_size=3).map(lambda parts: or_(*parts))


def where(*conditions: Expr) -> set[State]:
    """The states in which all conditions hold."""
    return {s for s in STATES if all(evaluate(c, s, TOY.slot) for c in conditions)}


def exprs(found: Iterable[Clause]) -> list[Expr]:
    """Clauses as expressions."""
    return list(map(COUNTERS.expr, found))


def away(process: int, *places: int) -> list[Expr]:
    """That a process is not at these places, one by one."""
    return [not_(TOY.at(process, place)) for place in places]


def test_the_shorter_list_of_places_is_named() -> None:
    """One place of four is excluded; with three of four, the one that is left is told."""
    one, three = COUNTERS.clause(or_(*away(0, 1), B)), Clause((("p.pc", frozenset((0, 1, 2))),), (B,))
    assert COUNTERS.expr(one) == or_(not_(TOY.at(0, 1)), B)
    name = TOY.processes[0].pc
    assert COUNTERS.expr(Clause(((name, three.places[0][1]),), (B,))) == or_(TOY.at(0, 3), B)


def test_places_of_one_counter_are_joined() -> None:
    """Three clauses that say the same of three places of p become one; that of q stays."""
    given_ = [or_(part, B) for part in (*away(0, 0, 1, 3), *away(1, 2))]
    assert exprs(merged(map(COUNTERS.clause, given_))) == [or_(TOY.at(0, 2), B), or_(not_(TOY.at(1, 2)), B)]


def test_two_counters_are_joined_one_after_the_other() -> None:
    """All pairs of two places of p and two of q are one clause."""
    pairs = [or_(a, b, B) for a in away(0, 0, 1) for b in away(1, 0, 1)]
    (clause,) = merged(map(COUNTERS.clause, pairs))
    assert {here for _, here in clause.places} == {frozenset((0, 1))}
    assert where(COUNTERS.expr(clause)) == where(*pairs)


def test_weaker_clauses_go() -> None:
    """What is said everywhere need not be said of a place, nor what one value says of others."""
    given_ = [or_(*away(0, 1), B), B, not_(ONE), TWO, or_(B, ONE)]
    assert exprs(without_weaker(list(map(COUNTERS.clause, given_)))) == [B, TWO]
    bounds = [binary(Op.LE, X, number(value)) for value in (2, 1)]
    assert exprs(without_weaker(list(map(COUNTERS.clause, [*bounds, not_(eq(X, number(3)))])))) == [bounds[1]]


def test_what_is_left_of_a_slot() -> None:
    """At p 1 only the value 2 is left; anywhere at most 2; two orders are an equality."""
    at = away(0, 1)[0]
    some = [or_(at, not_(ZERO)), or_(at, not_(ONE)), binary(Op.LE, X, number(2))]
    y = Var("y", X.sort)
    orders = [binary(Op.LE, X, y), binary(Op.LE, y, X)]
    assert exprs(by_value(list(map(COUNTERS.clause, some)))) == [or_(at, TWO)]
    assert exprs(by_value([Clause((), (not_(eq(X, number(3))),))])) == [binary(Op.LE, X, Lit(2, SORT))]
    assert exprs(by_value([Clause((), (order,)) for order in orders])) == [eq(y, X)]


def test_both_sides_are_told_at_once() -> None:
    """`x == 1` at some places and `x == 0` at all others is one condition, as are both ends of a range."""
    ends = [binary(Op.LE, number(0), X), binary(Op.LE, X, number(2))]
    sides = [or_(*(TOY.at(0, place) for place in (1, 2)), ZERO), or_(not_(or_(TOY.at(0, 1), TOY.at(0, 2))), ONE)]
    found = told(COUNTERS, [*sides, *ends, B])
    assert len(found) == 3
    assert found[1:] == (and_(*ends), B)
    assert where(found[0]) == where(*sides)


def test_places_where_nobody_is() -> None:
    """They may be counted in, so that the list of places gets shorter."""
    counters = Counters(TOY)
    never = counters.clause(not_(TOY.at(0, 3)))
    counters.never([never])
    clause = counters.spread(counters.clause(or_(*away(0, 0), B)))
    assert dict(clause.places)[TOY.processes[0].pc] == frozenset((0, 3))
    assert counters.expr(clause) == or_(not_(TOY.at(0, 0)), B)
    assert counters.expr(counters.spread(never)) == not_(TOY.at(0, 3))


@given(clauses)
def test_an_expression_survives(expr: Expr) -> None:
    """Read as a clause and written again, it means the same."""
    assert where(COUNTERS.expr(COUNTERS.clause(expr))) == where(expr)


@given(st.lists(clauses, max_size=6))
def test_what_is_joined_means_the_same(given_: list[Expr]) -> None:
    """Merging changes nothing, nor does leaving out what is weaker, nor the telling; values follow in the sort."""
    found = list(map(COUNTERS.clause, given_))
    strong = without_weaker(merged(without_weaker(found)))
    assert where(*exprs(strong)) == where(*given_)
    assert where(*told(COUNTERS, exprs(strong))) == where(*given_)
    assert where(*exprs([*strong, *by_value(strong)])) == where(*given_)


@given(st.lists(st.lists(clauses, min_size=1, max_size=3).map(lambda parts: and_(*parts)), min_size=1, max_size=3))
def test_the_opposite_in_clauses(parts: list[Expr]) -> None:
    """What is not bad, in clauses; and a clause with a conjunction in it, as several."""
    bad = or_(*parts)
    assert where(*clauses_of_not(bad)) == where(not_(bad))
    assert where(*split(bad)) == where(bad)
