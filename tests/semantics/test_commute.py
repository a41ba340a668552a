"""The same run with fewer switches."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oomcheck.ir.expr import Var, add, eq
from oomcheck.ir.sorts import IntSort
from oomcheck.ir.system import TransitionSystem
from oomcheck.semantics.commute import fewest_switches
from oomcheck.semantics.replay import Mismatch, replay
from oomcheck.semantics.successors import enabled
from oomcheck.transform.clock import clocked
from tests import strategies, toys
from tests.toys import number, process, step, system, variable

quick = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def lines(writers: int, length: int) -> TransitionSystem:
    """Threads that do not know of each other, each with `length` steps on a variable of its own."""
    names = [Var(f"x{me}", IntSort(0, length)) for me in range(writers)]
    steps = [
        step(me, place, place + 1, writes=[(names[me], add(names[me], number(1)))])
        for me in range(writers)
        for place in range(length)
    ]
    processes = [process(f"t{me}", length + 1, length) for me in range(writers)]
    return system("lines", [variable(var.name, var.sort) for var in names], processes, steps)


def switches(toy: TransitionSystem, path: tuple[int, ...], last: int | None = None) -> int:
    """Number of times the running process changes."""
    owners = [toy.transitions[index].process for index in path] + ([] if last is None else [last])
    return sum(a != b for a, b in pairwise(owners))


def test_independent_threads_run_one_after_the_other() -> None:
    """Six steps that alternate need one switch only."""
    toy = lines(2, 3)
    assert fewest_switches(toy, (0, 3, 1, 4, 2, 5)) == (0, 1, 2, 3, 4, 5)


def test_time_stays_where_it_is() -> None:
    """Steps of one instant are put in order, but none is moved across a tick."""
    toy = clocked(lines(2, 3), idle=True)
    assert fewest_switches(toy, (0, 3, 1, 4, 6, 2, 5)) == (3, 4, 0, 1, 6, 2, 5)
    assert fewest_switches(toy, (0, 6, 3, 6, 1, 6, 4)) == (0, 6, 3, 6, 1, 6, 4)


def test_a_part_of_a_path_can_be_put_in_order() -> None:
    """The path may begin elsewhere than in the initial state."""
    toy = lines(2, 3)
    states = replay(toy, (0, 3))
    assert not isinstance(states, Mismatch)
    assert fewest_switches(toy, (1, 4, 2, 5), start=states[-1]) == (1, 2, 4, 5)


def test_last_process_runs_last() -> None:
    """The thread that acts after the path comes at its end."""
    toy = lines(2, 3)
    assert fewest_switches(toy, (0, 3, 1, 4, 2, 5), last=0) == (3, 4, 5, 0, 1, 2)
    assert fewest_switches(toy, (0, 3, 1, 4, 2, 5), last=1) == (0, 1, 2, 3, 4, 5)


def test_dependent_steps_stay() -> None:
    """Steps that hand a value to and fro cannot be moved."""
    x = Var("x", IntSort(0, 4))
    steps = [
        step(turn % 2, turn // 2, turn // 2 + 1, eq(x, number(turn)), [(x, number(turn + 1))]) for turn in range(4)
    ]
    toy = system("ball", [variable("x", x.sort)], [process("a", 3, 2), process("b", 3, 2)], steps)
    assert fewest_switches(toy, (0, 1, 2, 3)) == (0, 1, 2, 3)


def test_a_path_that_is_none_is_left_alone() -> None:
    """Reordering is no validation."""
    assert fewest_switches(lines(2, 3), (1, 0)) == (1, 0)


def test_greedy_order_beyond_the_bound() -> None:
    """A search that gets too large gives way to a simpler order."""
    toy = lines(6, 4)
    path = tuple(me * 4 + place for place in range(4) for me in range(6))
    assert switches(toy, path) == 23
    assert switches(toy, fewest_switches(toy, path, bound=10)) == 5
    assert switches(toy, fewest_switches(toy, path)) == 5


def optimum(toy: TransitionSystem, path: tuple[int, ...]) -> int:
    """Fewest switches among all orders of these steps with the same end, tried one swap at a time.

    Neighbours may trade places if both orders can be replayed and meet: that is
    coarser than independence of accesses, so this is a lower bound.
    """
    states = replay(toy, path)
    assert not isinstance(states, Mismatch)
    seen, frontier = {path}, deque([path])
    while frontier:
        order = frontier.popleft()
        for i in range(len(order) - 1):
            other = (*order[:i], order[i + 1], order[i], *order[i + 2 :])
            again = replay(toy, other)
            if other not in seen and not isinstance(again, Mismatch) and again[-1] == states[-1]:
                seen.add(other)
                frontier.append(other)
    return min(switches(toy, order) for order in seen)


def random_path(toy: TransitionSystem, data: st.DataObject, length: int) -> tuple[int, ...]:
    """A run of at most `length` steps."""
    path: list[int] = []
    for _ in range(length):
        states = replay(toy, path)
        assert not isinstance(states, Mismatch)
        moves = enabled(toy, states[-1])
        if not moves:
            break
        path.append(data.draw(st.sampled_from(moves)).index)
    return tuple(path)


@quick
@given(toy=strategies.systems(), data=st.data(), bound=st.sampled_from([1, 20_000]))
def test_random_runs(toy: TransitionSystem, data: st.DataObject, bound: int) -> None:
    """The result has the same steps and end, and no more switches; never fewer than can be."""
    path = random_path(toy, data, 6)
    found = fewest_switches(toy, path, bound=bound)
    before, after = replay(toy, path), replay(toy, found)
    assert not isinstance(before, Mismatch)
    assert not isinstance(after, Mismatch)
    assert before[-1] == after[-1]
    assert sorted(found) == sorted(path)
    assert optimum(toy, path) <= switches(toy, found) <= switches(toy, path)


def test_philosophers_find_their_best_order() -> None:
    """Two who sit apart share no lock: one eats, then the other."""
    toy = toys.philosophers(4)
    path = (0, 6, 1, 7, 2, 8)
    assert optimum(toy, path) == 1
    assert fewest_switches(toy, path) == (0, 1, 2, 6, 7, 8)
