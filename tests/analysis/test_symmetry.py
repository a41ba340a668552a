"""Symmetry: what is found, what is refused, and that representatives show what all states show."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oomcheck.analysis.permutation import closure, identity, renamed, unfolded
from oomcheck.analysis.symmetry import Symmetry, refusal, symmetry
from oomcheck.ir.expr import Apply, Expr, Var, add, and_, eq, index, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import ArraySort, IntSort, bounds
from oomcheck.ir.system import LockInfo, State, Transition, TransitionSystem
from oomcheck.ir.walk import rewrite
from oomcheck.prop.property import Kind, Property, sanitizer
from oomcheck.prop.temporal import CostBound
from oomcheck.pygen.search import explore
from oomcheck.result.exploration import Limits, LockEdge
from oomcheck.semantics.successors import apply, enabled
from tests import toys
from tests.analysis import alike, quotient

SMALL = IntSort(0, 2)
random_systems = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
COMPLETE = (sanitizer("unreachable"),)


def never(formula: Expr) -> Property:
    """A state that must not be."""
    return Property("bad", Kind.NEVER, formula)


def processes(found: Symmetry) -> set[tuple[int, ...]]:
    """What the elements of the group do to processes."""
    return {element.processes for element in found.group}


# ---------------------------------------------------------------- by hand


def test_two_threads_that_run_one_program_change_places() -> None:
    """Two increments of one counter: the local of one thread becomes that of the other."""
    toy = toys.increments()
    found = symmetry(toy, COMPLETE)
    assert processes(found) == {(0, 1), (1, 0)}
    (swap,) = found.generators
    names = {toy.slot_names[old]: toy.slot_names[new] for old, new in enumerate(swap.slots)}
    assert names == {"a.pc": "b.pc", "b.pc": "a.pc", "n": "n", "x0": "x1", "x1": "x0"}
    assert swap.transitions == (2, 3, 0, 1)


def test_representatives_are_counted() -> None:
    """Of the 13 states of two increments 3 are their own image and the others are 5 pairs; philosophers go around."""
    counts = []
    for toy in (toys.increments(), toys.philosophers(3), toys.philosophers(4)):
        found = quotient.Quotient(toy, symmetry(toy, COMPLETE))
        counts.append((explore(toy, COMPLETE, Limits()).states, len(found.paths)))
    assert counts == [(13, 8), (45, 17), (161, 45)]


def test_a_value_that_names_a_thread_is_renamed() -> None:
    """In Peterson's algorithm `turn` names a thread; the threads are alike, once it begins with neither of them."""
    toy = toys.peterson()
    assert symmetry(toy, COMPLETE).is_trivial
    neither = tuple(replace(v, sort=IntSort(0, 2), init=(2,)) if v.name == "turn" else v for v in toy.variables)
    turn = Var("turn", IntSort(0, 2))
    steps = tuple(replace(step, guard=_with(step.guard, turn)) for step in toy.transitions)
    free = replace(toy, variables=neither, transitions=tuple(_aimed(step, turn) for step in steps))
    found = symmetry(free, (*COMPLETE, never(toys.both_critical(free))))
    assert processes(found) == {(0, 1), (1, 0)}
    assert found.generators[0].values[free.slot["turn"]] == ((0, 1), (1, 0))


def _with(expr: Expr, turn: Var) -> Expr:
    return rewrite(expr, lambda leaf: turn if leaf == Var("turn", IntSort(0, 1)) else leaf)


def _aimed(step: Transition, turn: Var) -> Transition:
    updates = (replace(u, target=turn) if isinstance(u.target, Var) else u for u in step.updates)
    return replace(step, updates=tuple(updates))


def test_locals_of_a_third_thread_that_share_a_name_stay() -> None:
    """Reports call locals of inlined functions alike; those of a thread that stays where it is stay as well."""
    locals_ = [toys.variable(name, SMALL) for name in ("x0", "x1", "y", "y'2")]
    shown = [*locals_[:2], *(replace(variable, names=("y",), owner=2) for variable in locals_[2:])]
    writes = [[(variable.var, toys.number(1))] for variable in locals_]
    steps = [toys.step(who, 0, 1, writes=written) for who, written in zip((0, 1, 2, 2), writes, strict=True)]
    toy = toys.system("shared", shown, [toys.process(name, 2) for name in ("a", "b", "c")], steps)
    (swap,) = symmetry(toy, COMPLETE).generators
    moved = {old for old, new in enumerate(swap.slots) if old != new}
    assert moved == {toy.slot[name] for name in ("a.pc", "b.pc", "x0", "x1")}


def test_philosophers_around_a_table_move_on_by_one() -> None:
    """No two of four philosophers can change places, but all can move to the next chair, and their locks with them."""
    found = symmetry(toys.philosophers(4), (*COMPLETE, sanitizer("deadlock"), sanitizer("lockdep")))
    assert processes(found) == {(0, 1, 2, 3), (1, 2, 3, 0), (2, 3, 0, 1), (3, 0, 1, 2)}
    assert found.generators[0].locks == (1, 2, 3, 0)


def test_orders_of_locks_are_those_of_all_images() -> None:
    """Either `a` takes l0 and then l1, or `b` takes l1 and then l0: a circle that no representative shows alone."""
    gate, owner = Var("gate", IntSort(0, 2)), Var("owner", ArraySort(IntSort(0, 2), 2))
    steps = []
    for me in (0, 1):
        locks = [toys.number(me), toys.number(1 - me)]
        steps.append(toys.step(me, 0, 1, eq(gate, toys.number(0)), [(gate, toys.number(me + 1))]))
        steps += [
            toys.step(me, 1 + i, 2 + i, writes=[(index(owner, lock), toys.number(me + 1))], acquire=lock)
            for i, lock in enumerate(locks)
        ]
    held = [
        LockInfo(f"l{i}", tuple(eq(index(owner, toys.number(i)), toys.number(m + 1)) for m in (0, 1))) for i in (0, 1)
    ]
    variables = [toys.variable("gate", gate.sort), toys.variable("owner", owner.sort)]
    toy = toys.system("either", variables, [toys.process(name, 4, 3) for name in "ab"], steps, locks=held)
    asked = (*COMPLETE, sanitizer("lockdep"))
    found = quotient.Quotient(toy, symmetry(toy, asked))
    assert len(found.paths) == 4
    assert found.findings(asked).decided == {"lockdep": 0}
    assert [found.symmetry.generators[0].edge(LockEdge(0, 0, 1))] == [LockEdge(1, 1, 0)]


def test_one_philosopher_who_takes_the_other_fork_first_breaks_the_symmetry() -> None:
    """With the lesser lock first, the last philosopher is not like the others."""
    assert symmetry(toys.philosophers(3, ordered=True), COMPLETE).is_trivial


def test_a_property_about_one_thread_breaks_the_symmetry() -> None:
    """A bad state that is about the first thread alone must not be exchanged for another."""
    toy = toys.increments()
    assert symmetry(toy, (*COMPLETE, never(toy.at(0, 2)))).is_trivial
    assert not symmetry(toy, (*COMPLETE, never(and_(toy.at(0, 2), toy.at(1, 2))))).is_trivial
    assert not symmetry(toy, (*COMPLETE, never(or_(toy.at(1, 2), toy.at(0, 2))))).is_trivial


def test_a_property_that_tells_the_order_of_threads_breaks_the_symmetry() -> None:
    """`x0 < x1` is another condition than `x1 < x0`, but `x0 == x1` is the same as `x1 == x0`."""
    toy, one, other = toys.increments(), Var("x0", IntSort(0, 2)), Var("x1", IntSort(0, 2))
    assert symmetry(toy, (*COMPLETE, never(Apply(Op.LT, (one, other))))).is_trivial
    assert not symmetry(toy, (*COMPLETE, never(eq(one, other)))).is_trivial
    assert not symmetry(toy, (*COMPLETE, never(eq(add(one, other), toys.number(3))))).is_trivial


def test_different_first_values_break_the_symmetry() -> None:
    """A thread whose local begins with another value is another thread."""
    toy = toys.increments()
    variables = tuple(replace(v, init=(1,)) if v.name == "x1" else v for v in toy.variables)
    assert symmetry(replace(toy, variables=variables), COMPLETE).is_trivial


def test_a_daemon_is_not_like_a_thread_that_must_end() -> None:
    """What decides about deadlocks must be the same."""
    toy = toys.increments()
    first, second = toy.processes
    assert symmetry(replace(toy, processes=(first, replace(second, daemon=True))), COMPLETE).is_trivial


@pytest.mark.parametrize("change", [{"costs": (("c", 1),)}, {"covers": frozenset([7])}, {"accesses": ()}])
def test_what_steps_tell_besides_states_counts(change: dict[str, object]) -> None:
    """Costs, covered statements and places that can race are part of a step."""
    toy = toys.increments()
    steps = (replace(toy.transitions[0], **change), *toy.transitions[1:])  # type: ignore[arg-type]
    assert symmetry(replace(toy, transitions=steps), COMPLETE).is_trivial


def test_a_fault_of_one_thread_alone_breaks_the_symmetry() -> None:
    """A fault that halts is looked at always, another one only if it is asked for."""
    toy = toys.increments()
    halting = replace(toys.fault(0, 1, eq(toy.pc_var(0), toys.number(1)), "null"), index=0)
    assert symmetry(replace(toy, faults=(halting,)), COMPLETE).is_trivial
    quiet = replace(halting, halts=False)
    assert not symmetry(replace(toy, faults=(quiet,)), COMPLETE).is_trivial
    assert symmetry(replace(toy, faults=(quiet,)), (*COMPLETE, sanitizer("null"))).is_trivial


def test_a_group_that_is_too_large_is_made_smaller() -> None:
    """Four threads have 24 permutations; with room for 6 the first three of them may change places."""
    assert len(symmetry(many(4), COMPLETE).group) == 24
    small = symmetry(many(4), COMPLETE, most=6)
    assert processes(small) == {
        (*order, 3) for order in [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]
    }


def many(count: int) -> TransitionSystem:
    """Threads that set their element of an array."""
    done = Var("done", ArraySort(IntSort(0, 1), count))
    steps = [toys.step(me, 0, 1, writes=[(index(done, toys.number(me)), toys.number(1))]) for me in range(count)]
    places = [toys.process(f"t{me}", 2, 1) for me in range(count)]
    return toys.system("many", [toys.variable("done", done.sort)], places, steps)


def test_threads_that_are_told_apart_by_nothing_are_counted() -> None:
    """Four threads with two locations: 16 states, and 5 up to symmetry: how many have moved."""
    toy = many(4)
    assert explore(toy, COMPLETE, Limits()).states == 16
    assert len(quotient.Quotient(toy, symmetry(toy, COMPLETE)).paths) == 5


def test_runs_are_refused() -> None:
    """Symmetry keeps states; what a property about runs asks may be lost."""
    bound = Property("cost", Kind.BOUND, temporal=CostBound("c"))
    assert refusal([never(toys.number(0))]) == ""
    assert refusal([never(toys.number(0)), bound]) == "symmetry keeps states, not runs, and `cost` is about runs"
    assert refusal([sanitizer("zeno")]) == "symmetry keeps states, not runs, and `zeno` is about runs"


def test_a_product_does_one_permutation_after_the_other() -> None:
    """`then` on three threads that change places is the product, for slots, steps and processes alike."""
    toy = many(3)
    group = symmetry(toy, COMPLETE).group
    state = (1, 0, 0, 1, 0, 0)
    for one in group:
        for other in group:
            assert one.then(other).state(state) == other.state(one.state(state))


def test_a_closure_has_a_limit() -> None:
    """None says that there are more elements than asked for."""
    toy = many(3)
    generators = symmetry(toy, COMPLETE).generators
    assert closure(identity(toy), generators, 5) is None
    assert len(closure(identity(toy), generators, 6) or ()) == 6


# ---------------------------------------------------------------- random systems


def states(toy: TransitionSystem, count: int) -> list[State]:
    """Random states, reachable or not."""
    draw = random.Random(0)
    return [tuple(draw.randint(*bounds(sort)) for sort in toy.slot_sorts) for _ in range(count)]


@random_systems
@given(st.data(), alike.programs(), st.integers(2, 3))
def test_what_is_found_commutes_with_every_step(data: st.DataObject, program: alike.Program, count: int) -> None:
    """In any state at all, what can be done in the image is the image of what can be done."""
    toy = program.system(count)
    found = symmetry(toy, data.draw(alike.questions(count)))
    for element in found.group:
        assert all(quotient.commutes(toy, element, state) for state in states(toy, 30))


@random_systems
@given(st.data(), alike.programs(), st.integers(2, 3))
def test_representatives_show_everything(data: st.DataObject, program: alike.Program, count: int) -> None:
    """Verdicts, distances, antecedents and covered statements are those of the search of all states."""
    toy = program.system(count)
    asked = data.draw(alike.questions(count))
    everything = explore(toy, asked, Limits())
    found = quotient.Quotient(toy, symmetry(toy, asked))
    assert found.findings(asked) == quotient.of(everything)
    assert len(found.paths) <= everything.states


@random_systems
@given(alike.programs(), st.integers(2, 3))
def test_threads_that_run_one_program_are_found(program: alike.Program, count: int) -> None:
    """Whatever the program is, its threads change places: two by two, or around where locks make a chain."""
    found = symmetry(program.system(count), (*COMPLETE, sanitizer("race"), sanitizer("lockdep")))
    assert {element.processes[0] for element in found.group} == set(range(count))


@random_systems
@given(st.data(), alike.programs(), st.integers(2, 3))
def test_a_thread_that_runs_something_else_stays(data: st.DataObject, program: alike.Program, count: int) -> None:
    """A thread with one line changed never changes places with another."""
    odd = data.draw(alike.altered(program))
    found = symmetry(program.system(count, odd), COMPLETE)
    assert {element.processes[-1] for element in found.group} == {count - 1}


@random_systems
@given(alike.programs(), st.integers(2, 3))
def test_paths_of_representatives_unfold(program: alike.Program, count: int) -> None:
    """A path along representatives becomes one of the system that ends in a state with the same representative."""
    toy = program.system(count)
    found = quotient.Quotient(toy, symmetry(toy, COMPLETE))
    for state, path in list(found.paths.items())[:20]:
        real = toy.initial
        for taken in unfolded(found.symmetry.group, toy.initial, path, lambda t, s: apply(toy, toy.transitions[t], s)):
            assert toy.transitions[taken] in enabled(toy, real)
            real = apply(toy, toy.transitions[taken], real)
        assert found.symmetry.canonical(real) == state


def test_a_renaming_leaves_other_values() -> None:
    """Only the values that it names change."""
    assert [renamed(((1, 2), (2, 1)), value) for value in range(4)] == [0, 2, 1, 3]
