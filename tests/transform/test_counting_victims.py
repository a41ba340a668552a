"""The threads of an OOM victim are counted exactly, and the verdicts of small numbers of them are those of all."""

from __future__ import annotations

import re

import pytest

from oomcheck.ir.sorts import EnumSort
from oomcheck.ir.system import State, TransitionSystem
from oomcheck.result.exploration import Limits
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.paths import Mismatch, replay
from oomcheck.semantics.search import explore
from oomcheck.semantics.successors import successors
from oomcheck.transform.counting.counted import concrete_size, instance
from tests.transform.counting import reachable
from tests.transform.victims import KILLED, SELF_OOM, bad, family, victims

#: Local states, steps; states of one, two and, for some, three threads up to their order.
SIZES = {
    ("V6_18", ""): (21, 30, (38, 160, 450)),
    ("V7", ""): (37, 55, (43, 233)),
    ("V8", ""): (37, 55, (43, 233)),
    ("V6_18", KILLED): (24, 32, (29, 149)),
    ("V8", KILLED): (44, 65, (39, 297)),
    ("V6_18", SELF_OOM): (41, 81, (75, 719)),
}


def labels(system: TransitionSystem) -> list[tuple[str, str]]:
    """A name of each slot that does not count threads."""
    return [(re.sub(r"\[\d+\]$", "", variable.name), variable.names[element]) for variable, element in system.slots]


def enlarged(small: TransitionSystem, state: State, big: TransitionSystem) -> State:
    """A state of a system with few threads, in one with more: values by what they are called, the rest as at first."""
    values = dict(zip(labels(small), zip(small.slot_sorts, state, strict=True), strict=True))
    found = list(big.initial)
    for slot, (label, sort) in enumerate(zip(labels(big), big.slot_sorts, strict=True)):
        if label in values:
            old, value = values[label]
            named = isinstance(old, EnumSort) and isinstance(sort, EnumSort)
            found[slot] = sort.members.index(old.members[value]) if named else value  # type: ignore[union-attr]
    return tuple(found)


# ---------------------------------------------------------------- exactness


@pytest.mark.parametrize(("fix", "way"), SIZES)
def test_the_threads_of_a_victim_are_counted_exactly(fix: str, way: str) -> None:
    """States and steps are those of the model up to the order of threads."""
    counted = family(fix, way)
    assert (len(counted.counters), len(counted.system.transitions)) == SIZES[fix, way][:2]
    for members, states in enumerate(SIZES[fix, way][2], start=1):
        assert assert_same(fix, way, members) == states


def assert_same(fix: str, way: str, members: int) -> int:
    """Compare the model with the counted system, for so many threads; how many states that has."""
    counted = family(fix, way)
    big, _ = victims(fix, 4, way)
    system, _ = victims(fix, members, way)
    small = instance(counted, members)
    found: dict[State, set[State]] = {}
    image = {state: counted.state(enlarged(system, state, big), members) for state in reachable(system)}
    for state, mine in image.items():
        found.setdefault(mine, set()).update(image[new] for _, new in successors(system, state))
    assert found.keys() == reachable(small)
    assert found == {mine: {new for _, new in successors(small, mine)} for mine in found}
    return len(found)


def test_no_fault_is_left() -> None:
    """Whatever the number of threads, locks are released by their holders and references are not NULL."""
    assert [family(fix).system.faults for fix in ("V6_18", "V7", "V8")] == [()] * 3


# ---------------------------------------------------------------- verdicts


@pytest.mark.parametrize(("fix", "violated"), [("V6_18", False), ("V7", True), ("V8", True)])
def test_verdicts_are_those_of_the_model(fix: str, violated: bool) -> None:
    """v7 and v8 are violated from two threads on; a shortest way there is as long as in the model."""
    counted = family(fix)
    for members in (1, 2, 3):
        system, properties = victims(fix, members)
        real = explore(system, properties, Limits()).witnesses
        mine = explore(instance(counted, members), counted.properties, Limits()).witnesses
        expected = {"not_negative"} if violated and members > 1 else set()
        assert mine.keys() == real.keys() == expected
        assert [len(w.steps) for w in mine.values()] == [len(w.steps) for w in real.values()]


@pytest.mark.parametrize("fix", ["V7", "V8"])
def test_a_path_of_the_family_tells_how_many_threads_it_needs(fix: str) -> None:
    """The way to a negative count, after two threads came and started, is a path of the counted system."""
    counted = family(fix)
    start = next(step.index for step in counted.system.transitions if step.origin != step.target)
    witness = explore(instance(counted, 2), counted.properties, Limits()).witnesses["not_negative"]
    path = (counted.spawn, counted.spawn, start, *witness.steps)
    states = replay(counted.system, path)
    assert not isinstance(states, Mismatch)
    assert evaluate(bad(counted), states[-1], counted.system.slot)
    assert concrete_size(counted, path) == 2
    assert [evaluate(bad(counted), state, counted.system.slot) for state in states[:-1]] == [0] * (len(states) - 1)
