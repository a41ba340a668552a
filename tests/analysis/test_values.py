"""Possible values: what slots can hold, everywhere and where a process stands."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings

from oomcheck.analysis.values import Possible, Values, possible_values
from oomcheck.ir.expr import FALSE, TRUE, Apply, Expr, Place, Var, add, and_, binary, eq, index, ite, not_, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import ArraySort, IntSort
from oomcheck.ir.system import State, Transition, TransitionSystem
from oomcheck.semantics.successors import location, successors
from tests import strategies, toys

WIDE = IntSort(-(2**31), 2**31 - 1)
N, M = Var("n", WIDE), Var("m", IntSort(0, 9))
A = Var("a", ArraySort(IntSort(0, 9), 4))


def one(*steps: Transition, size: int = 3) -> Values:
    """One process, with the variables above."""
    variables = [toys.variable("n", N.sort), toys.variable("m", M.sort), toys.variable("a", A.sort)]
    return possible_values(toys.system("one", variables, [toys.process("t", size)], steps))


def step(origin: int, target: int, guard: Expr = TRUE, writes: Sequence[tuple[Place, Expr]] = ()) -> Transition:
    """A step of the process."""
    return toys.step(0, origin, target, guard, writes)


def of(values: Values, name: str, element: int = 0) -> Possible:
    """What a variable can hold."""
    return values.sets[values.system.slot[name] + element]


def some(*values: int) -> Possible:
    """A set of values."""
    return frozenset(values)


def less(limit: int) -> Expr:
    """`n < limit`."""
    return binary(Op.LT, N, toys.number(limit))


def test_what_nobody_writes_keeps_its_value() -> None:
    """And so does what is only written with the same value."""
    found = one(step(0, 1, writes=[(M, toys.number(0))]))
    assert of(found, "n") == of(found, "m") == of(found, "a", 3) == some(0)


def test_a_counter_ends_where_its_guard_does() -> None:
    """A loop with a limit: the greatest value is one more than the guard lets in."""
    found = one(step(0, 0, less(5), [(N, add(N, toys.number(1)))]))
    assert of(found, "n") == some(0, 1, 2, 3, 4, 5)


def test_a_counter_without_an_end_can_be_anything() -> None:
    """After a number of values the set is given up."""
    assert of(one(step(0, 0, writes=[(N, add(N, toys.number(1)))])), "n") is None


def test_a_step_that_cannot_be_taken_writes_nothing() -> None:
    """Neither one whose guard is never true, nor one from where the process never stands."""
    found = one(
        step(0, 1, less(0), [(M, toys.number(7))]),
        step(2, 0, writes=[(M, toys.number(8))]),
        step(0, 0, and_(less(1), eq(N, toys.number(1))), [(M, toys.number(9))]),
    )
    assert of(found, "m") == some(0)
    assert set(found.at) == {(0, 0)}


def test_a_process_knows_its_own_variables_where_it_stands() -> None:
    """A variable that goes up and down again has one value at each location."""
    up, down = add(M, toys.number(1)), binary(Op.SUB, M, toys.number(1))
    found = one(step(0, 1, writes=[(M, up)]), step(1, 2, writes=[(M, up)]), step(2, 0, writes=[(M, toys.number(0))]))
    slot = found.system.slot["m"]
    assert [found.at[0, at][slot] for at in range(3)] == [some(0), some(1), some(2)]
    again = one(step(0, 1, writes=[(M, up)]), step(1, 0, writes=[(M, down)]))
    assert of(again, "m") == some(0, 1)


def test_a_variable_that_others_write_is_known_nowhere() -> None:
    """What a process wrote may have been overwritten before its next step."""
    toy = toys.system(
        "two",
        [toys.variable("m", M.sort)],
        [toys.process("a", 2), toys.process("b", 2)],
        [step(0, 1, writes=[(M, toys.number(1))]), toys.step(1, 0, 1, writes=[(M, toys.number(2))])],
    )
    found = possible_values(toy)
    assert of(found, "m") == some(0, 1, 2)
    assert toy.slot["m"] not in found.at[0, 1]


def test_an_index_writes_the_elements_that_it_can_mean() -> None:
    """Others keep their value; a write that misses the array writes nothing."""
    found = one(
        step(0, 1, writes=[(M, toys.number(1))]),
        step(1, 2, writes=[(index(A, add(M, toys.number(1))), toys.number(5))]),
        step(2, 2, writes=[(index(A, add(M, toys.number(9))), toys.number(6))]),
    )
    assert [of(found, "a", element) for element in range(4)] == [some(0), some(0), some(0, 5), some(0)]


def test_values_outside_of_the_sort_are_not_written() -> None:
    """Lowering guards each such write, so the sort is kept."""
    assert of(one(step(0, 0, writes=[(M, add(M, toys.number(4)))])), "m") == some(0, 4, 8)


def test_conditions_tell_about_single_slots() -> None:
    """`under` narrows what a conjunction reads alone, and finds contradictions."""
    found = one(step(0, 0, less(5), [(N, add(N, toys.number(1)))]))
    slot = found.system.slot["n"]
    assert found.under(and_(less(3), not_(eq(N, toys.number(1))))) == {slot: some(0, 2)}
    assert found.under(and_(less(3), eq(N, toys.number(4)))) is None
    assert found.under(or_(eq(N, M), less(2))) == {}


def test_operators_on_sets() -> None:
    """Comparisons are decided where all values agree; branches that are not taken do not count."""
    found = one(step(0, 0, less(5), [(N, add(N, toys.number(1)))]))
    assert found.of(less(6)) == some(1)
    assert found.of(less(0)) == some(0)
    assert found.of(less(5)) == some(0, 1)
    assert found.of(binary(Op.LE, N, toys.number(5))) == some(1)
    assert found.of(not_(less(6))) == some(0)
    assert found.of(or_(less(6), eq(N, M))) == some(1)
    assert found.of(and_(less(6), FALSE)) == some(0)
    assert found.of(Apply(Op.AND, (less(5), less(6)))) == some(0, 1)
    assert found.of(Apply(Op.OR, (less(5), less(0)))) == some(0, 1)
    assert found.of(ite(less(6), toys.number(3), N)) == some(3)
    assert found.of(ite(less(5), toys.number(3), toys.number(4))) == some(3, 4)
    assert found.of(eq(N, toys.number(6))) == some(0)
    assert found.of(binary(Op.MUL, N, toys.number(2))) == some(0, 2, 4, 6, 8, 10)
    assert found.of(index(A, add(N, toys.number(9)))) == some(0)


def reachable(system: TransitionSystem, most: int) -> list[State]:
    """The first states of a system."""
    found = {system.initial: None}
    for state in (queue := list(found)):
        for _, new in successors(system, state):
            if new not in found and len(found) < most:
                found[new] = None
                queue.append(new)
    return queue


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(strategies.systems())
def test_every_reachable_state_is_possible(system: TransitionSystem) -> None:
    """Each slot holds one of its possible values, also of those where its process stands."""
    found = possible_values(system)
    for state in reachable(system, 300):
        assert all(possible is None or value in possible for value, possible in zip(state, found.sets, strict=True))
        for process in range(len(system.processes)):
            known = found.at[process, location(system, state, process)]
            assert all(possible is None or state[slot] in possible for slot, possible in known.items())
