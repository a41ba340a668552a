"""Paths and witnesses that are not real are found out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from oomcheck.ir.expr import Var, eq
from oomcheck.ir.sorts import IntSort
from oomcheck.ir.system import TransitionSystem
from oomcheck.prop.property import Kind, Property, sanitizer
from oomcheck.result.exploration import Limits, LockEdge, Witness
from oomcheck.semantics.replay import Mismatch, check_witness, replay
from oomcheck.semantics.search import explore
from tests import toys
from tests.toys import number

COUNTER = toys.counter(5)
UNSAFE = toys.use_after_free()
N = Var("n", IntSort(0, 5))


def test_states_along_a_path() -> None:
    """The initial state comes first, then one state for each step."""
    assert replay(COUNTER, [0, 0]) == ((0, 0), (0, 1), (0, 2))
    assert replay(COUNTER, []) == ((0, 0),)


@pytest.mark.parametrize(
    ("toy", "path", "step", "reason"),
    [
        (COUNTER, [0, 7], 2, "the model has no transition 7"),
        (COUNTER, [0, -1], 2, "the model has no transition -1"),
        (COUNTER, [1], 1, "transition 1 of t is not enabled"),
        (UNSAFE, [2], 1, "b stands at L0, but transition 2 starts at L1"),
        (UNSAFE, [0, 1, 2], 3, "transition 2 of b is not enabled"),
    ],
)
def test_mismatches(toy: TransitionSystem, path: list[int], step: int, reason: str) -> None:
    """The first step that cannot be taken is named, with the reason."""
    found = replay(toy, path)
    assert found == Mismatch(step, reason)
    assert str(found) == f"step {step}: {reason}"


COVER = Property("c", Kind.COVER, eq(N, number(3)))
DEADLOCK, RACE, LOCKDEP, LIFETIME = (sanitizer(name) for name in ("deadlock", "race", "lockdep", "lifetime"))
TABLE = toys.philosophers(2)
CIRCLE = (LockEdge(0, 0, 1), LockEdge(1, 1, 0))


@pytest.mark.parametrize(
    ("toy", "prop", "witness", "problem"),
    [
        (COUNTER, COVER, Witness((1,)), "step 1: transition 1 of t is not enabled"),
        (COUNTER, COVER, Witness((0, 0)), "the last state does not decide c"),
        (COUNTER, LIFETIME, Witness((0, 0)), "nothing shows a violation of lifetime"),
        (COUNTER, DEADLOCK, Witness((0, 0)), "the last state is not a deadlock"),
        (COUNTER, DEADLOCK, Witness((0,) * 5 + (1,)), "the last state is not a deadlock"),
        (UNSAFE, LIFETIME, Witness((1,), fault=0), "fault 0 does not occur in the last state"),
        (UNSAFE, sanitizer("null"), Witness((0, 1), fault=0), "fault 0 is no violation of null"),
        (toys.increments(), RACE, Witness((), racing=(0, 2)), "transitions 0 and 2 do not race in the last state"),
        (toys.increments(), RACE, Witness((), racing=(1, 2)), "transitions 1 and 2 do not race in the last state"),
        (toys.increments(), LOCKDEP, Witness((0,), racing=(1, 2)), "a race is no violation of lockdep"),
        (TABLE, RACE, Witness((), cycle=CIRCLE), "a lock order is no violation of race"),
        (TABLE, LOCKDEP, Witness((), cycle=CIRCLE[:1]), "the lock orders do not close a circle"),
        (
            TABLE,
            LOCKDEP,
            Witness((), cycle=(CIRCLE[0], LockEdge(0, 1, 0))),
            "one process appears twice in the circle of locks",
        ),
        (TABLE, LOCKDEP, Witness((3,), cycle=CIRCLE), "the lock orders do not come with their paths"),
        (
            TABLE,
            LOCKDEP,
            Witness((3,), cycle=CIRCLE, paths=((3,), (3,))),
            "p0 does not take lock 1 while holding lock 0",
        ),
        (
            TABLE,
            LOCKDEP,
            Witness((3,), cycle=CIRCLE, paths=((1,), (3,))),
            "step 1: p0 stands at L0, but transition 1 starts at L1",
        ),
    ],
)
def test_false_witnesses(toy: TransitionSystem, prop: Property, witness: Witness, problem: str) -> None:
    """What is wrong with a witness is said."""
    assert check_witness(toy, prop, witness) == problem


def test_accepted_rest_is_no_deadlock() -> None:
    """The same end is a violation or not, as the property says."""
    witness = explore(TABLE, [DEADLOCK], Limits()).witnesses["deadlock"]
    own = Property("own", Kind.DEADLOCK_FREE)
    assert check_witness(TABLE, own, witness) == ""
    assert check_witness(TABLE, replace(own, rest=TABLE.at(0, 1)), witness) == "the last state is not a deadlock"
