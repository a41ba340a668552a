"""Orders of steps that a violation needs, and the windows that they make."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings

from oomcheck.explaining.explanation import Need, Order, Window
from oomcheck.explaining.orders import Pair, decided, pairs, windows_of
from oomcheck.explaining.reduced import Question
from oomcheck.explaining.story import story_of
from oomcheck.ir.expr import Expr, Var, and_, eq
from oomcheck.ir.sorts import IntSort
from oomcheck.ir.system import State, Transition, TransitionSystem
from oomcheck.prop.property import Kind, Property, sanitizer
from oomcheck.result.exploration import Limits, Witness
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.search import explore
from oomcheck.semantics.successors import apply, enabled
from tests import toys
from tests.explaining.samples import FREEZE, LOST_UPDATE, LOST_UPDATE_SPEC, LOST_WAKE_UP, explained, searcher, story
from tests.strategies import booleans, systems

NEEDED, NOT_NEEDED = Need.NEEDED, Need.NOT_NEEDED


def test_lost_update(tmp_path: Path) -> None:
    """Only that the load comes before the other one's store is needed; the stores may come in either order."""
    found = explained(tmp_path, LOST_UPDATE, LOST_UPDATE_SPEC, "lost")
    assert found.orders == (
        Order(1, 3, "users", NEEDED, free=True),
        Order(3, 4, "users", NOT_NEEDED),
    )
    assert found.windows == ()


def test_lost_wake_up(tmp_path: Path) -> None:
    """The waker does all it does between the test of the sleeper and its sleep."""
    found = explained(tmp_path, LOST_WAKE_UP, "", "deadlock")
    assert found.orders == (
        Order(1, 2, "ready", NEEDED, free=True),
        Order(3, 4, "asleep", NEEDED, free=True),
    )
    assert found.windows == (Window(1, 4, 2, 3),)


def test_forced(tmp_path: Path) -> None:
    """What a thread waits for comes first in every run: an order, but no race."""
    found = explained(tmp_path, FREEZE, "", "assert")
    assert found.orders == (Order(1, 2, "frozen", NEEDED, free=False),)
    assert found.windows == ()


def test_pairs() -> None:
    """A load before the other one's store, and the two stores; orders that follow from others are left out."""
    toy = toys.increments()
    lost = and_(toy.at(0, 2), toy.at(1, 2), eq(Var("n", IntSort(0, 2)), toys.number(1)))
    prop = Property("lost", Kind.NEVER, lost)
    run = story(toy, prop)
    names = [run.system.transitions[step.index].index for step in run.run.steps]
    assert names == [0, 2, 1, 3]  # load, load, store, store
    slot = toy.slot["n"]
    assert pairs(run) == [Pair(3, 4, slot), Pair(2, 3, slot)]


def test_undecided() -> None:
    """Within too small a limit nothing is known about an order, nor about its being free."""
    toy = toys.peterson(broken=True)
    run = story(toy, Property("bad", Kind.NEVER, toys.both_critical(toy)))
    found = [decided(pair, run, searcher(Limits(max_states=2))) for pair in pairs(run)]
    assert found
    assert {(order.need, order.free, order.reason) for order in found} == {(Need.UNDECIDED, None, "state limit 2")}


def test_no_deadlock_by_holding_back() -> None:
    """A thread that is held back does not make a deadlock, and so no order looks superfluous for that."""
    toy = toys.philosophers(2)
    run = story(toy, sanitizer("deadlock"))
    found = [decided(pair, run, searcher()) for pair in pairs(run)]
    assert [order.need for order in found] == []  # each takes a fork of its own
    assert windows_of(run, found) == ()


def test_holding_back_is_no_proof(tmp_path: Path) -> None:
    """A thread that is held back is late, which the model does not allow: such a run decides nothing."""
    model = """model m;
marked bool x = false;
marked bool bug = false;
marked bool done = false;
marked bool late = false;
thread a { x = true; }
thread b { delay(1); bug = x; done = true; }
thread timer { delay(5); late = !done; }
"""
    found = explained(tmp_path, model, "never bad : bug or late;\ncheck c : bad timed slack 0;", "bad")
    assert [(order.shared, order.need, order.reason) for order in found.orders] == [
        ("x", Need.UNDECIDED, "the run found without it exists only because a thread is held back")
    ]


def needed(first: int, second: int, free: bool = True) -> Order:
    """A needed order."""
    return Order(first, second, "x", NEEDED, free)


@pytest.mark.parametrize(
    ("found", "windows"),
    [
        ([needed(1, 2), needed(3, 4)], [Window(1, 4, 2, 3)]),
        ([needed(1, 2), needed(2, 4), needed(3, 4)], [Window(1, 4, 2, 3)]),  # all that must fall into it
        ([needed(1, 3), needed(2, 4)], []),  # 3 comes after 2: no way there and back
        ([needed(1, 2), needed(3, 4, free=False)], []),
        ([needed(1, 2, free=False), needed(3, 4)], []),
        ([needed(1, 2), Order(3, 4, "x", NOT_NEEDED)], []),
        ([], []),
    ],
)
def test_windows(found: list[Order], windows: list[Window]) -> None:
    """A window has a needed order of luck at both ends; steps 1 and 4 are of one thread, 2 and 3 of the other."""
    toy = toys.increments()
    lost = and_(toy.at(0, 2), toy.at(1, 2), eq(Var("n", IntSort(0, 2)), toys.number(1)))
    prop = Property("lost", Kind.NEVER, lost)
    run = story_of(Question(toy, prop), Witness((0, 2, 3, 1)))
    assert run is not None
    assert windows_of(run, found) == tuple(windows)


def test_narrowest_windows() -> None:
    """Of windows that contain each other only the inner one is told; others that overlap are told as well."""
    toy = toys.peterson()
    steps = (0, 4, 1, 5, 2, 3, 6)  # of a, b, a, b, a, a, b
    run = story_of(Question(toy, Property("bad", Kind.NEVER, toy.at(1, 3))), Witness(steps))
    assert run is not None
    found = [needed(1, 2), needed(2, 3), needed(2, 5), needed(3, 4), needed(4, 5)]
    assert windows_of(run, found) == (
        Window(1, 3, 2, 2),
        Window(2, 4, 3, 3),
        Window(3, 5, 4, 4),
    )


# ---------------------------------------------------------------- against a search of its own


def reached(system: TransitionSystem, first: Transition, second: Transition) -> Iterator[State]:
    """All states where nobody runs the statement `second` after `first`."""
    start = (system.initial, False)
    seen, work = {start}, [start]
    while work:
        state, ran = work.pop()
        yield state
        for step in enabled(system, state):
            if ran and spot(step) == spot(second):
                continue
            following = (apply(system, step, state), ran or spot(step) == spot(first))
            if following not in seen:
                seen.add(following)
                work.append(following)


def early(system: TransitionSystem, first: Transition, second: Transition) -> bool:
    """Whether `second` can run before `first` has."""
    seen, work = {system.initial}, [system.initial]
    while work:
        state = work.pop()
        for step in enabled(system, state):
            if spot(step) == spot(second):
                return True
            following = apply(system, step, state)
            if spot(step) != spot(first) and following not in seen:
                seen.add(following)
                work.append(following)
    return False


def spot(step: Transition) -> tuple[int, int]:
    """What is one statement in random systems."""
    return step.process, step.origin


@settings(max_examples=40)
@given(system=systems(), bad=booleans(2))
def test_agrees_with_oracle(system: TransitionSystem, bad: Expr) -> None:
    """An order is needed exactly if no bad state is reached without it, and free if the other one exists."""
    prop = Property("bad", Kind.NEVER, bad)
    witness = explore(system, [prop], Limits()).witnesses.get("bad")
    run = None if witness is None else story_of(Question(system, prop), witness)
    for pair in [] if run is None else pairs(run):
        assert run is not None
        order = decided(pair, run, searcher())
        first, second = run.step(pair.first), run.step(pair.second)
        violated = any(evaluate(bad, state, system.slot) for state in reached(system, first, second))
        assert order.need is (NOT_NEEDED if violated else NEEDED)
        assert order.free == (None if violated else early(system, first, second))
