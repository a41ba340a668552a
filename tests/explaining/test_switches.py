"""The run with the fewest switches, against a fixpoint over sets of states."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings

from oomcheck.explaining.switches import Fewest, fewest
from oomcheck.ir.expr import Expr, Var, and_, eq
from oomcheck.ir.sorts import IntSort
from oomcheck.ir.system import State, TransitionSystem
from oomcheck.prop.property import Kind, Property, sanitizer
from oomcheck.result.exploration import Limits, Witness
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.replay import check_witness
from oomcheck.semantics.search import explore
from oomcheck.semantics.successors import successors
from tests import toys
from tests.explaining.samples import searcher
from tests.strategies import booleans, systems


def least(system: TransitionSystem, bad: Expr) -> int | None:
    """Fewest switches on any run to a bad state: let one process run, then another, and look at what is reached."""
    processes = range(len(system.processes))
    reached = {process: closed(system, {system.initial}, process) for process in processes}
    seen: set[tuple[int, State]] = set()
    for switches in range(10_000):
        if any(evaluate(bad, state, system.slot) for states in reached.values() for state in states):
            return switches
        new = {(process, state) for process, states in reached.items() for state in states} - seen
        if not new:
            return None
        seen |= new
        turned = {p: {state for other, state in new if other != p} for p in processes}
        reached = {p: closed(system, turned[p], p) for p in processes}
    raise AssertionError(system)


def closed(system: TransitionSystem, states: set[State], process: int) -> set[State]:
    """All states that one process reaches alone."""
    found, work = set(states), list(states)
    while work:
        for step, following in successors(system, work.pop()):
            if step.process == process and following not in found:
                found.add(following)
                work.append(following)
    return found


def switches(system: TransitionSystem, witness: Witness) -> int:
    """How often the process changes."""
    return sum(a != b for a, b in pairwise(system.transitions[index].process for index in witness.steps))


def test_lost_update() -> None:
    """One thread loads, the other one does all, the first one stores: two switches, as two are needed."""
    toy = toys.increments()
    lost = and_(toy.at(0, 2), toy.at(1, 2), eq(Var("n", IntSort(0, 2)), toys.number(1)))
    found = fewest(toy, Property("lost", Kind.NEVER, lost), searcher())
    assert found == Fewest(Witness((0, 2, 3, 1)))


def test_deadlock() -> None:
    """A deadlock is the end of a run too: each philosopher takes one fork."""
    toy = toys.philosophers(3)
    found = fewest(toy, sanitizer("deadlock"), searcher())
    assert found.witness is not None
    assert (len(found.witness.steps), switches(toy, found.witness)) == (3, 2)
    assert check_witness(toy, sanitizer("deadlock"), found.witness) == ""


def test_fault() -> None:
    """The witness of a sanitizer names the fault."""
    toy = toys.use_after_free()
    assert fewest(toy, sanitizer("lifetime"), searcher()) == Fewest(Witness((0, 1), fault=0))


def test_race() -> None:
    """The witness of a data race names the two steps."""
    toy = toys.increments()
    found = fewest(toy, sanitizer("race"), searcher())
    assert found.witness is not None
    assert (found.witness.steps, found.witness.racing) == ((0,), (1, 2))


def test_nothing_to_find() -> None:
    """Without a violation all is searched, and there is no reason to doubt that."""
    toy = toys.peterson()
    assert fewest(toy, Property("bad", Kind.NEVER, toys.both_critical(toy)), searcher()) == Fewest(None)


def test_bound() -> None:
    """A bound that ends the search is told."""
    toy = toys.peterson()
    found = fewest(toy, Property("bad", Kind.NEVER, toys.both_critical(toy)), searcher(), max_nodes=5)
    assert found == Fewest(None, "the search for fewer switches ended after 5 pairs of state and thread")


def test_time_is_over() -> None:
    """So is a limit of time."""
    toy = toys.peterson()
    prop = Property("bad", Kind.NEVER, toys.both_critical(toy))
    many = fewest(
        toys.counter(999), Property("bad", Kind.NEVER, toys.counter(999).at(0, 1)), searcher(Limits(timeout=1e-9))
    )
    assert many.reason == "time limit 1e-09 s"
    assert fewest(toy, prop, searcher()).reason == ""


@settings(max_examples=40)
@given(system=systems(), bad=booleans(2))
def test_agrees_with_fixpoint(system: TransitionSystem, bad: Expr) -> None:
    """A run is found exactly if there is one, it is real, and none has fewer switches."""
    prop = Property("bad", Kind.NEVER, bad)
    found = fewest(system, prop, searcher())
    expected = least(system, bad)
    assert found.reason == ""
    assert (found.witness is None) == (expected is None)
    if found.witness is not None:
        assert check_witness(system, prop, found.witness) == ""
        assert switches(system, found.witness) == expected


@settings(max_examples=40)
@given(system=systems())
def test_agrees_on_sanitizers(system: TransitionSystem) -> None:
    """Deadlocks, races and faults are found exactly where the reference finds them."""
    for name in ("deadlock", "race", "assert", "uninit"):
        prop = sanitizer(name)
        found = fewest(system, prop, searcher())
        expected = explore(system, [prop], Limits()).witnesses.get(name)
        assert (found.witness is None) == (expected is None)
        if found.witness is not None and expected is not None:
            assert check_witness(system, prop, found.witness) == ""
            assert switches(system, found.witness) <= switches(system, expected)
