from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from hypothesis import given, settings
from hypothesis import strategies as st

from oomcheck.ir.expr import FALSE, TRUE, Expr, binary, eq, not_, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.system import State, TransitionSystem
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.successors import successors
from oomcheck.smt.horn import excluded, plain, settled, strengthened
from oomcheck.smt.keeping import Keeping, closure, kept
from oomcheck.smt.outcome import Budget
from tests import toys
from tests.smt.small import N, everything, jumps, reachable
from tests.strategies import booleans, systems

BUDGET = Budget(rlimit=1_000_000)
SPREAD = 397  # of all states, every so many one is looked at


def is_kept(system: TransitionSystem, facts: Sequence[Expr], states: Iterable[State]) -> bool:
    """Whether conditions hold initially, and after each step from those of the states in which all of them hold."""

    def good(state: State) -> bool:
        return all(evaluate(fact, state, system.slot) for fact in facts)

    return good(system.initial) and all(
        good(after) for state in states if good(state) for _, after in successors(system, state)
    )


def at_most(value: int) -> Expr:
    """N is no greater."""
    return binary(Op.LE, N, toys.number(value))


def test_the_largest_inductive_set() -> None:
    """0 leads to 1 and 3 to 4: `n <= 2` and `n <= 1` are kept, `n <= 0` is broken at once, `n <= 3` from 3."""
    horn = plain(jumps([(0, 1), (3, 4)]), FALSE)
    assert kept(horn, [at_most(0), at_most(1), at_most(2)], BUDGET) == (at_most(1), at_most(2))
    assert kept(horn, [at_most(3)], BUDGET) == ()
    assert kept(horn, [at_most(3), at_most(2)], BUDGET) == (at_most(3), at_most(2))


def test_what_does_not_hold_initially_is_dropped() -> None:
    """The initial state counts."""
    assert kept(plain(jumps([(0, 1)]), FALSE), [eq(N, toys.number(1)), TRUE], BUDGET) == (TRUE,)


def test_no_time_no_conditions() -> None:
    """A set that is not known to be inductive is none."""
    assert kept(plain(jumps([(0, 1)]), FALSE), [at_most(1)], Budget(seconds=0.0)) == ()


def test_closure_has_what_is_needed() -> None:
    """`n != 4` needs `n <= 2` to be kept, and nothing needs `n <= 5`."""
    never = not_(eq(N, toys.number(4)))
    keeping = Keeping(plain(jumps([(0, 1), (3, 4)]), eq(N, toys.number(4))), [at_most(5), never, at_most(2)], BUDGET)
    found = closure(keeping)
    assert found is not None
    assert 0 not in found
    assert 2 in found


def test_closure_of_too_little() -> None:
    """Conditions that do not exclude the bad states, or are not kept, have none."""
    horn = plain(jumps([(0, 1), (3, 4)]), eq(N, toys.number(4)))
    assert closure(Keeping(horn, [at_most(5)], BUDGET)) is None
    assert closure(Keeping(horn, [at_most(3)], BUDGET)) is None
    assert closure(Keeping(horn, [at_most(3), at_most(2)], BUDGET), [0]) is None


def test_clauses_about_other_places_say_nothing() -> None:
    """`not at L1 or ..` holds wherever the process is elsewhere, so it is not among what is known there."""
    toy = toys.counter(2)
    there = two_at_the_end(toy)
    assert excluded(toy, there) == {("t.pc", 1)}
    assert settled(excluded(toy, there), ("t.pc", 0))
    assert not settled(excluded(toy, there), ("t.pc", 1))
    assert not settled(excluded(toy, there), None)
    horn = strengthened(plain(toy, FALSE), [there])
    assert [part.conditions for part in horn.parts] == [(), (), (there,)]


def two_at_the_end(toy: TransitionSystem) -> Expr:
    """At the end the count is 2."""
    return or_(not_(toy.at(0, 1)), eq(toy.variables[-1].var, toys.number(2)))


@settings(max_examples=25)
@given(systems(), st.lists(booleans(2), min_size=1, max_size=6), st.integers(0, SPREAD - 1))
def test_what_is_kept_is_inductive(system: TransitionSystem, candidates: list[Expr], start: int) -> None:
    """By a look at the reachable states and at a part of all others."""
    found = kept(plain(system, FALSE), candidates, BUDGET)
    assert is_kept(system, found, islice(everything(system), start, None, SPREAD))
    assert is_kept(system, found, islice(reachable(system), 500))
