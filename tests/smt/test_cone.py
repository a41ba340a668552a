"""The cone of influence: what decides a condition stays, exactly; all else is gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oomcheck.ir.expr import FALSE, TRUE, Expr, Index, Var, add, and_, binary, eq, exists, not_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, ArraySort
from oomcheck.ir.system import Role, State, StateVar, TransitionSystem
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.paths import Mismatch, replay
from oomcheck.semantics.successors import successors
from oomcheck.smt.bmc import bmc
from oomcheck.smt.cone import cone
from oomcheck.smt.outcome import Budget, Question, Refutation
from oomcheck.transform.instantiate import instantiated
from tests import toys
from tests.smt.small import DONE, PLACE, SIZE, UNIT, left_out, reachable, walker
from tests.strategies import booleans, systems
from tests.toys import number

P, Q, R = (Var(name, BOOL) for name in "pqr")


def paths(system: TransitionSystem) -> dict[State, tuple[int, ...]]:
    """All reachable states with a shortest path to each."""
    found: dict[State, tuple[int, ...]] = {system.initial: ()}
    queue = [system.initial]
    for state in queue:
        for step, after in successors(system, state):
            if after not in found:
                found[after] = (*found[state], step.index)
                queue.append(after)
    return found


def projected(system: TransitionSystem, small: TransitionSystem, states: Sequence[State]) -> set[State]:
    """States of a system, but only the slots that a smaller one has."""
    slots = [
        system.slot[variable.name] + offset for variable in small.variables for offset in range(len(variable.init))
    ]
    return {tuple(state[slot] for slot in slots) for state in states}


def test_random_systems() -> None:
    """Both reach the same values of the variables that stay; a path of the smaller one is a path of the other."""
    seen: Counter[str] = Counter()

    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(systems(), st.lists(booleans(2), min_size=1, max_size=2))
    def check(system: TransitionSystem, conditions: list[Expr]) -> None:
        small = cone(system, conditions)
        seen["smaller"] += len(small.variables) < len(system.variables)
        seen["fewer steps"] += len(small.transitions) < len(system.transitions)
        found = paths(small)
        assert set(found) == projected(system, small, list(reachable(system)))
        for state, path in list(found.items())[:20]:
            states = replay(system, path)
            assert not isinstance(states, Mismatch)
            assert projected(system, small, states[-1:]) == {state}
            for condition in conditions:
                assert evaluate(condition, state, small.slot) == evaluate(condition, states[-1], system.slot)

    check()
    assert min(seen["smaller"], seen["fewer steps"]) >= 25, seen


def test_bounded_search_of_the_cone() -> None:
    """A bad state is found in the cone exactly if it is found in the system, in no more steps, by a path of both."""

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(systems(), booleans(2))
    def check(system: TransitionSystem, bad: Expr) -> None:
        hits = [depth for state, depth in reachable(system).items() if evaluate(bad, state, system.slot)]
        found = bmc(Question(cone(system, [bad]), bad), Budget(depth=30))
        assert isinstance(found, Refutation) == bool(hits)
        if isinstance(found, Refutation):
            states = replay(system, found.steps)
            assert not isinstance(states, Mismatch)
            assert evaluate(bad, states[-1], system.slot)
            assert len(found.steps) <= min(hits)

    check()


def chains() -> TransitionSystem:
    """Thread a sets p and then q, if p; thread b sets r, for ever to and fro; nobody reads r."""
    steps = [
        toys.step(0, 0, 1, writes=[(P, TRUE)]),
        toys.step(0, 1, 2, P, writes=[(Q, TRUE), (R, FALSE)]),
        toys.step(1, 0, 0, not_(R), writes=[(R, TRUE)]),
        toys.step(1, 0, 0, R, writes=[(R, FALSE)]),
    ]
    variables = [toys.variable(v.name, BOOL) for v in (P, Q, R)]
    return toys.system("chains", variables, [toys.process("a", 3, 2), toys.process("b", 1)], steps)


def shape(system: TransitionSystem) -> tuple[list[str], list[tuple[int, int]]]:
    """The variables, and each transition by index with the number of its writes."""
    return [v.name for v in system.variables], [(step.index, len(step.updates)) for step in system.transitions]


def test_what_is_read_on_the_way_stays() -> None:
    """Of q its writer, and what decides that; the write of r in the same step is gone."""
    toy = chains()
    assert shape(cone(toy, [Q])) == (["a.pc", "p", "q"], [(0, 1), (1, 1)])
    assert shape(cone(toy, [P])) == (["a.pc", "p"], [(0, 1), (1, 0)])
    assert shape(cone(toy, [R])) == (["a.pc", "b.pc", "p", "r"], [(0, 1), (1, 1), (2, 1), (3, 1)])
    assert shape(cone(toy, [P, R])) == shape(cone(toy, [R]))
    assert shape(cone(toy, [TRUE])) == ([], [])


def test_processes_are_counted_anew() -> None:
    """A process that does not matter is gone with its program counter; the owners of variables are still theirs."""
    toy = chains()
    swapped = replace(
        toy,
        variables=tuple(v if v.owner is None else replace(v, owner=1 - v.owner) for v in toy.variables),
        processes=toy.processes[::-1],
        transitions=tuple(replace(step, process=1 - step.process) for step in toy.transitions),
    )
    small = cone(swapped, [Q])
    assert [process.name for process in small.processes] == ["a"]
    assert [(step.index, step.process) for step in small.transitions] == [(0, 0), (1, 0)]
    assert [(v.name, v.owner) for v in small.variables] == [("a.pc", 0), ("p", None), ("q", None)]


def test_a_parametric_system() -> None:
    """The extent of an array stays with it, unread arrays go, and a proof of the cone is one of all sizes."""
    toy = walker()
    other = Var("seen", ArraySort(BOOL, 1, "N"))
    marks = StateVar("seen", other.sort, (0,), Role.SHARED, ("seen[#]",))
    first, last = toy.transitions
    noisy = replace(
        toy,
        variables=(*toy.variables, marks, toys.variable("r", BOOL)),
        transitions=(
            replace(first, updates=(*first.updates, *toys.step(0, 0, 0, writes=[(Index(other, PLACE), R)]).updates)),
            last,
            replace(toys.step(0, 0, 0, writes=[(R, not_(R))]), index=2),
        ),
    )
    small = cone(noisy, [left_out(toy)])
    assert [v.name for v in small.variables] == [v.name for v in toy.variables]
    assert (small.variables, small.transitions) == (toy.variables, toy.transitions)
    assert [v.name for v in cone(noisy, [Index(other, number(0))]).variables] == ["t.pc", "N", "t.v", "seen", "r"]
    for size in (1, 2, 3):
        one = instantiated(small, {"N": size})[0]
        other_one = instantiated(noisy, {"N": size})[0]
        assert set(paths(one)) == projected(other_one, one, list(reachable(other_one)))


def test_a_parameter_that_only_a_quantifier_reads() -> None:
    """Names bound by a quantifier are no variables; its bounds are read."""
    toy = walker()
    some = exists(UNIT, number(0), binary(Op.SUB, SIZE, number(1)), eq(UNIT, number(3)))
    assert [v.name for v in cone(toy, [some]).variables] == ["N"]
    every = and_(some, Index(DONE, add(PLACE, number(1))))
    assert [v.name for v in cone(toy, [every]).variables] == ["t.pc", "N", "done", "t.v"]
