"""What must be unreachable for each property."""

from __future__ import annotations

from dataclasses import replace

import pytest

from oomcheck.ir.expr import FALSE, Index, Lit, Var, eq
from oomcheck.ir.sorts import ArraySort, IntSort
from oomcheck.ir.system import ASSUME, Access, State, TransitionSystem
from oomcheck.prop.property import Kind, Part, Property, sanitizer
from oomcheck.result.exploration import LockEdge
from oomcheck.semantics.evaluate import evaluate
from oomcheck.smt.goals import Aim, Goal, Goals, circle, goals, orders, racing
from tests import toys
from tests.smt.states import reachable


def bad_states(system: TransitionSystem, goal: Goal) -> set[State]:
    """The reachable states of a small system that a goal looks for."""
    states = reachable(system, 10_000)
    assert len(states) < 10_000
    return {state for state in states if evaluate(goal.bad, state, system.slot)}


def only(found: Goals, prop: str, aim: Aim = Aim.DECIDES) -> Goal:
    """The one goal of a property with an aim."""
    (goal,) = found.of(prop, aim)
    return goal


def test_formulas() -> None:
    """An invariant is violated where it does not hold, a never and a cover are decided where their formula does."""
    toy = toys.counter(3)
    at_two = eq(Var("n", IntSort(0, 3)), toys.number(2))
    properties = (
        Property("inv", Kind.INVARIANT, at_two),
        Property("nev", Kind.NEVER, at_two),
        Property("cov", Kind.COVER, at_two),
    )
    found = goals(toy, properties)
    sizes = {goal.prop: len(bad_states(toy, goal)) for goal in found.goals}
    assert sizes == {"inv": 4, "nev": 1, "cov": 1}
    assert found.unsupported == ()


def test_undefined_formulas() -> None:
    """Where a formula has no meaning, an invariant is violated and a cover is not covered."""
    toy = toys.counter(3)
    undefined = Property("inv", Kind.INVARIANT, defined=FALSE)
    found = goals(toy, (undefined, replace(undefined, name="cov", kind=Kind.COVER)))
    assert [goal.prop for goal in found.goals] == ["inv"]
    assert len(bad_states(toy, only(found, "inv"))) == 5


def test_antecedents() -> None:
    """Each antecedent is a goal with its number."""
    toy = toys.counter(3)
    n = Var("n", IntSort(0, 3))
    parts = tuple(Part(f"n == {value}", eq(n, toys.number(value))) for value in (3, 7))
    found = goals(toy, (Property("inv", Kind.INVARIANT, antecedents=parts),))
    assert [(goal.number, len(bad_states(toy, goal))) for goal in found.of("inv", Aim.ANTECEDENT)] == [(0, 2), (1, 0)]
    assert found.of("inv") == ()


def test_faults() -> None:
    """A fault decides its sanitizer; a halting one is a goal of its own, also if its sanitizer is not asked."""
    toy = toys.use_after_free()
    found = goals(toy, (sanitizer("lifetime"), sanitizer("null")))
    assert [str(goal) for goal in found.goals] == ["lifetime", "end of behaviour by lifetime"]
    assert bad_states(toy, only(found, "lifetime")) == bad_states(toy, only(found, "lifetime", Aim.HALT)) != set()
    assert [str(goal) for goal in goals(toy, ()).goals] == ["end of behaviour by lifetime"]


def test_assumptions_stay_apart() -> None:
    """A false assumption ends behaviour, and its goal has the name that tells it from a fault."""
    toy = toys.use_after_free()
    assumed = replace(toy, faults=tuple(replace(fault, sanitizer=ASSUME) for fault in toy.faults))
    assert [(goal.prop, goal.aim) for goal in goals(assumed, (sanitizer("lifetime"),)).goals] == [(ASSUME, Aim.HALT)]


def test_deadlock() -> None:
    """Nothing is enabled and a thread has not finished; a property can accept such a rest."""
    toy = toys.philosophers(2)
    resting = Property("rests", Kind.DEADLOCK_FREE, rest=toy.at(0, 1))
    found = goals(toy, (sanitizer("deadlock"), resting))
    (state,) = bad_states(toy, only(found, "deadlock"))
    assert state[:2] == (1, 1)
    assert bad_states(toy, only(found, "rests")) == set()


def test_a_halting_fault_is_no_deadlock() -> None:
    """Where behaviour ends at a fault, nothing moves, and that is no deadlock."""
    toy = toys.use_after_free()
    assert bad_states(toy, only(goals(toy, (sanitizer("deadlock"),)), "deadlock")) == set()


@pytest.mark.parametrize(("marked", "states"), [(False, 3), (True, 0)])
def test_race(marked: bool, states: int) -> None:
    """Two enabled steps of two processes touch one variable and one writes; marked accesses do not race."""
    toy = toys.increments(marked)
    found = goals(toy, (sanitizer("race"),)).of("race")
    assert sum(len(bad_states(toy, goal)) for goal in found) == states


def test_race_on_elements() -> None:
    """Computed elements race where their indices are equal and inside the array."""
    four = IntSort(0, 3)
    array, at = Var("a", ArraySort(IntSort(0, 1), 2)), Var("i", four)
    moves = [toys.step(0, 0, 0, writes=[(at, Lit(value, four))]) for value in range(4)]
    writers = [
        toys.step(who, 0, 1, accesses=(Access(Index(array, place), True, False),))
        for who, place in ((1, at), (2, toys.number(1)))
    ]
    variables = [toys.variable("a", array.sort), toys.variable("i", at.sort)]
    processes = [toys.process("mover", 1), toys.process("b", 2), toys.process("c", 2)]
    toy = toys.system("elements", variables, processes, moves + writers)
    bad = bad_states(toy, only(goals(toy, (sanitizer("race"),)), "race"))
    assert {state[-1] for state in bad} == {1}


@pytest.mark.parametrize(("place", "races"), [(1, True), (3, True), (4, False)])
def test_race_on_elements_of_a_parametric_array(place: int, races: bool) -> None:
    """Elements race inside of an array with an extent, two for each of its units, and not behind its end."""
    array, units = Var("a", ArraySort(IntSort(0, 1), 2, "N")), Var("N", IntSort(1, 2**31 - 1))
    element = Index(array, Lit(place, IntSort(0, 9)))
    steps = [toys.step(who, 0, 1, accesses=(Access(element, True, False),)) for who in (0, 1)]
    toy = toys.system("elements", [], [toys.process("b", 2), toys.process("c", 2)], steps)
    (bad,) = racing(toy)
    assert bool(evaluate(bad, (0, 0, 2), {"b.pc": 0, "c.pc": 1, units.name: 2})) == races


def test_lock_orders() -> None:
    """The edges that can be part of a circle, each with the states where the lock is taken."""
    toy = toys.philosophers(2)
    found = orders(toy)
    assert {edge for edge, bad in found.items() if bad_states(toy, Goal("lockdep", Aim.EDGE, bad))} == {
        LockEdge(0, 0, 1),
        LockEdge(1, 1, 0),
    }
    assert [goal.edge for goal in goals(toy, (sanitizer("lockdep"),)).of("lockdep", Aim.EDGE)] == list(found)
    assert goals(toy, (sanitizer("deadlock"),)).of("lockdep", Aim.EDGE) == ()


def test_lock_orders_of_one_process_alone() -> None:
    """What one process does cannot block it: without another one in the other order nothing has to be asked."""
    toy = toys.philosophers(2)
    steps = tuple(step for step in toy.transitions if step.process == 0)
    assert orders(replace(toy, transitions=steps)) == {}


def test_computed_acquisition() -> None:
    """A lock whose number is computed can be each of the locks that it does not already hold."""
    which = Var("which", IntSort(0, 3))
    toy = toys.philosophers(2)
    variables = (*toy.variables, toys.variable("which", which.sort))
    steps = tuple(step if step.acquire is None else replace(step, acquire=which) for step in toy.transitions)
    found = orders(replace(toy, variables=variables, transitions=steps))
    assert set(found) == {LockEdge(p, held, 1 - held) for p in (0, 1) for held in (0, 1)}


@pytest.mark.parametrize(
    ("edges", "length"),
    [
        ([(0, 0, 1), (1, 1, 0)], 2),
        ([(0, 0, 1), (0, 1, 0)], 0),
        ([(0, 0, 1), (1, 1, 2), (2, 2, 0)], 3),
        ([(0, 0, 1), (1, 1, 2)], 0),
        ([], 0),
    ],
)
def test_circle(edges: list[tuple[int, int, int]], length: int) -> None:
    """A circle takes a process of its own for each edge."""
    assert len(circle(LockEdge(*edge) for edge in edges)) == length


def test_unsupported() -> None:
    """Dead code and properties about runs are named, and have no goals."""
    found = goals(toys.counter(2), (sanitizer("unreachable"), sanitizer("zeno"), sanitizer("assert")))
    assert found == Goals((), ("unreachable", "zeno"))
