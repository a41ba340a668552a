"""Dead-variable reset: values that make no difference any more are forgotten, others are not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from oomcheck.analysis.live import liveness
from oomcheck.ir.expr import FALSE, TRUE, Expr, Lit, Var, add, and_, binary, eq, index, ite, not_, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import ArraySort, IntSort
from oomcheck.ir.system import Access, LockInfo, Transition, TransitionSystem, Update
from oomcheck.prop.property import Kind, Property, sanitizer
from oomcheck.pygen.search import explore
from oomcheck.result.exploration import Limits
from oomcheck.transform.narrow import narrowed
from oomcheck.transform.reset import reset
from oomcheck.transform.slice import sliced
from tests import strategies, toys
from tests.test_corpus import Params, cases
from tests.transform.answers import assert_same_answers, corpus_questions

COMPLETE = sanitizer("unreachable")
SMALL = IntSort(0, 3)
X, Y = Var("x", SMALL), Var("y", SMALL)
OUT = Var("out", ArraySort(SMALL, 2))
ONE, TWO = toys.number(1), toys.number(2)
NONE = Lit(0, SMALL)


def chosen() -> TransitionSystem:
    """A thread chooses x as 1 or 2, looks at it once, and goes on for two steps; another thread takes a step."""
    steps = [
        toys.step(0, 0, 1, writes=[(X, ONE)]),
        toys.step(0, 0, 1, writes=[(X, TWO)]),
        toys.step(0, 1, 2, not_(eq(X, toys.number(0)))),
        toys.step(0, 2, 3),
        toys.step(1, 0, 1),
    ]
    variables = [toys.variable("x", SMALL), toys.variable("y", SMALL)]
    return toys.system("chosen", variables, [toys.process("a", 4, 3), toys.process("b", 2, 1)], steps)


def dead(toy: TransitionSystem, *properties: Property, process: int = 0) -> list[set[str]]:
    """Names of the slots that are dead at each location of a process."""
    alive = liveness(toy, properties)
    places = range(len(toy.processes[process].locations))
    return [{toy.slot_names[slot] for slot in alive.dead(process, at)} for at in places]


def test_a_choice_is_forgotten_after_its_last_use() -> None:
    """Counted by hand: 5 places of the first thread with their x, then 4 without it after the use, times 2."""
    toy = chosen()
    reduced = reset(toy, [COMPLETE]).system
    assert (explore(toy, [COMPLETE], Limits()).states, explore(reduced, [COMPLETE], Limits()).states) == (14, 10)
    assert reduced.transitions[2].updates == (Update(X, NONE),)


def test_what_is_dead_already_is_not_reset_again() -> None:
    """Only the step that makes a variable dead writes its first value; nothing else changes."""
    toy = chosen()
    reduced = reset(toy, [COMPLETE]).system
    assert [step.updates for step in reduced.transitions[3:]] == [(), ()]
    for before, after in zip(toy.transitions, reduced.transitions, strict=True):
        assert replace(after, updates=before.updates) == before


def test_a_value_that_is_never_used_is_not_written() -> None:
    """A write to a variable that is dead afterwards becomes its first value."""
    toy = with_steps(toys.step(0, 0, 1, writes=[(X, ONE), (Y, X)]))
    assert reset(toy, [COMPLETE]).system.transitions[0].updates == (
        Update(X, NONE),
        Update(Y, NONE),
    )


def with_steps(*steps: Transition, holders: tuple[Expr, ...] = ()) -> TransitionSystem:
    """Two threads of four locations with x, y and out."""
    variables = [toys.variable("x", SMALL), toys.variable("y", SMALL), toys.variable("out", OUT.sort)]
    locks = [LockInfo("l", holders)] if holders else []
    return toys.system("own", variables, [toys.process("a", 4), toys.process("b", 4)], steps, locks=locks)


def use(where: int, guard: Expr = TRUE, **more: object) -> list[Transition]:
    """A thread writes x, then a line of four locations with a step of interest at `where`."""
    steps = [toys.step(0, at, at + 1) for at in range(3)]
    steps[0] = toys.step(0, 0, 1, writes=[(X, TWO)])
    steps[where] = toys.step(0, where, where + 1, guard, **more)  # type: ignore[arg-type]
    return steps


@pytest.mark.parametrize(
    "step",
    [
        {"guard": eq(X, TWO)},
        {"writes": [(index(OUT, ONE), X)]},
        {"writes": [(index(OUT, X), ONE)]},
        {"accesses": (Access(index(OUT, X), True, False),)},
        {"acquire": X},
    ],
    ids=["guard", "value", "index", "access", "acquire"],
)
def test_each_use_keeps_a_variable_alive_up_to_it(step: dict[str, object]) -> None:
    """Guards, values, indices, places of accesses and locks: x is live from its write to the use."""
    reading = toys.step(1, 0, 1, eq(index(OUT, ONE), ONE))
    toy = with_steps(*use(2, **step), reading)  # type: ignore[arg-type]
    assert ["x" in found for found in dead(toy)] == [True, False, False, True]


def test_a_variable_that_is_written_again_is_dead_before_that() -> None:
    """A value that is overwritten without being looked at makes no difference; a loop brings uses back."""
    steps = [
        toys.step(0, 0, 1, writes=[(X, TWO)]),
        toys.step(0, 1, 2, eq(X, TWO)),
        toys.step(0, 2, 3),
        toys.step(0, 3, 1, writes=[(X, ONE)]),
    ]
    assert ["x" in found for found in dead(with_steps(*steps))] == [True, False, True, True]
    steps[3] = toys.step(0, 3, 1)
    assert ["x" in found for found in dead(with_steps(*steps))] == [True, False, False, False]


def test_a_variable_that_only_feeds_itself_is_dead() -> None:
    """`x = x + 1` is no use if nobody looks at x; y, which is computed from it, is none either."""
    step = toys.step(0, 0, 0, writes=[(X, binary(Op.MOD, add(X, ONE), TWO)), (Y, X)])
    assert dead(with_steps(step))[0] == {"x", "y"}


def test_a_property_keeps_a_variable_alive_where_it_may_look() -> None:
    """Everywhere, or where the program counter that it asks for is."""
    toy = with_steps(*use(1))
    asked = Property("own", Kind.NEVER, eq(X, TWO))
    assert ["x" in found for found in dead(toy, asked)] == [False] * 4
    at_two = replace(asked, formula=and_(eq(X, TWO), toy.at(0, 2)))
    assert ["x" in found for found in dead(toy, at_two)] == [True, False, False, True]
    other_thread = replace(asked, formula=and_(eq(X, TWO), toy.at(1, 2)))
    assert ["x" in found for found in dead(toy, other_thread)] == [False] * 4


@pytest.mark.parametrize(
    ("formula", "live"),
    [
        (lambda pc: or_(not_(eq(pc, TWO)), eq(X, TWO)), [2]),
        (lambda pc: ite(binary(Op.LT, pc, TWO), eq(X, TWO), FALSE), [0, 1]),
        (lambda pc: ite(binary(Op.LT, pc, TWO), FALSE, eq(X, TWO)), [2, 3]),
        (lambda pc: ite(binary(Op.LE, pc, TWO), FALSE, eq(X, TWO)), [3]),
        (lambda pc: ite(not_(binary(Op.LT, pc, TWO)), eq(X, TWO), FALSE), [2, 3]),
        (lambda pc: and_(not_(eq(pc, ONE)), not_(eq(pc, TWO)), eq(X, TWO)), [0, 3]),
        (lambda pc: and_(eq(X, TWO), binary(Op.LT, TWO, pc)), [0, 1, 2, 3]),
    ],
)
def test_tests_of_the_program_counter_are_understood(formula: object, live: list[int]) -> None:
    """Where a condition looks at a variable under a test of its thread's place, it does so only there."""
    toy = with_steps(toys.step(0, 0, 1, writes=[(X, TWO)]), toys.step(0, 1, 0), toys.step(0, 2, 2), toys.step(0, 3, 3))
    asked = Property("own", Kind.NEVER, formula(toy.pc_var(0)))  # type: ignore[operator]
    reads = [at for at, found in enumerate(dead(toy, asked)) if "x" not in found]
    # Going from 1 to 0 keeps alive at 1 what is looked at in 0.
    assert reads == sorted({*live, *([1] if 0 in live else [])})


def test_another_thread_keeps_a_variable_alive_everywhere() -> None:
    """Its guard may look at any time."""
    toy = with_steps(*use(1), toys.step(1, 0, 1, eq(X, TWO)))
    assert ["x" in found for found in dead(toy)] == [False] * 4


def test_a_variable_that_another_thread_writes_is_left_alone() -> None:
    """It could not be kept at its first value."""
    toy = with_steps(*use(1), toys.step(1, 0, 1, writes=[(X, ONE)]))
    assert dead(toy) == [set()] * 4


def test_a_fault_keeps_a_variable_alive_where_it_stands() -> None:
    """If it halts or is asked for."""
    toy = with_steps(*use(1))
    quiet = replace(toy, faults=(replace(toys.fault(0, 2, eq(X, TWO), "range", halts=False), index=0),))
    halting = replace(toy, faults=(replace(toys.fault(0, 2, eq(X, TWO), "range"), index=0),))
    assert ["x" in found for found in dead(quiet)] == [True] * 4
    assert ["x" in found for found in dead(quiet, sanitizer("range"))] == [True, False, False, True]
    assert ["x" in found for found in dead(halting)] == [True, False, False, True]


def test_holders_of_locks_are_looked_at_where_a_lock_is_taken() -> None:
    """Only if orders of locks are asked for."""
    toy = with_steps(*use(2, acquire=ONE), holders=(eq(X, TWO), FALSE))
    assert ["x" in found for found in dead(toy)] == [True] * 4
    assert ["x" in found for found in dead(toy, sanitizer("lockdep"))] == [True, False, False, True]


def test_elements_of_an_array_die_one_by_one() -> None:
    """A write to one element kills that one; a computed index keeps all alive, and kills none."""
    first, second = index(OUT, toys.number(0)), index(OUT, ONE)
    steps = [
        toys.step(0, 0, 1, writes=[(first, ONE), (second, ONE)]),
        toys.step(0, 1, 2, eq(first, ONE)),
        toys.step(0, 2, 3, eq(second, ONE)),
    ]
    assert dead(with_steps(*steps)) == [{"out[0]", "out[1]"}, set(), {"out[0]"}, {"out[0]", "out[1]"}]
    steps[2] = toys.step(0, 2, 3, eq(index(OUT, Y), ONE))
    assert dead(with_steps(*steps)) == [{"out[0]", "out[1]"}, set(), set(), {"out[0]", "out[1]"}]
    steps[0] = toys.step(0, 0, 1, writes=[(index(OUT, Y), ONE)])
    assert dead(with_steps(*steps))[0] == set()


def test_a_reset_comes_after_a_write_by_a_computed_index() -> None:
    """All values are of the old state and the last write wins, so that what is dead has its first value."""
    first, second = index(OUT, toys.number(0)), index(OUT, ONE)
    steps = [toys.step(0, 0, 1, writes=[(index(OUT, Y), TWO)]), toys.step(0, 1, 2, eq(second, ONE))]
    updates = reset(with_steps(*steps), [COMPLETE]).system.transitions[0].updates
    assert updates == (Update(index(OUT, Y), TWO), Update(first, NONE))


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(strategies.systems(), strategies.properties())
def test_random_systems_give_the_same_answers(system: TransitionSystem, properties: tuple[Property, ...]) -> None:
    """The same witnesses, antecedents, covered statements and halting faults."""
    assert_same_answers(system, properties, reset(system, properties))


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(strategies.systems(), strategies.properties())
def test_all_reductions_together_give_the_same_answers(
    system: TransitionSystem, properties: tuple[Property, ...]
) -> None:
    """One pass after the other, in the order in which they are meant to be used."""
    small = narrowed(system, properties)
    less = sliced(small.system, small.properties)
    assert_same_answers(system, properties, reset(less.system, less.properties))


@pytest.mark.parametrize(("path", "params"), list(cases())[1::8])
def test_models_give_the_same_answers(path: Path, params: Params) -> None:
    """The same on models, alone and after the other reductions."""
    for system, properties in corpus_questions(path, params):
        assert_same_answers(system, properties, reset(system, properties))
        small = narrowed(system, properties)
        less = sliced(small.system, small.properties)
        assert_same_answers(system, properties, reset(less.system, less.properties))
