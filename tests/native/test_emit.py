"""Generated models: in any state, reachable or not, they do what the reference does."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oomcheck.ir.expr import TRUE, Expr, Index, Lit, Place, Var, eq
from oomcheck.ir.sorts import ArraySort, IntSort, bounds
from oomcheck.ir.system import State, TransitionSystem
from oomcheck.native.emit import INLINE_WORDS, emit, in_index_order
from oomcheck.native.items import items_of
from oomcheck.native.layout import WIDEST
from oomcheck.prop.property import SANITIZERS, Property, sanitizer
from oomcheck.semantics.checks import deadlocked, lock_edges, race
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.sought import Decides, sought
from oomcheck.semantics.successors import enabled, successors
from tests import strategies, toys
from tests.native.calls import Model

thorough = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)

ALL = tuple(sanitizer(name) for name in SANITIZERS)


@st.composite
def questions(draw: st.DrawFn) -> tuple[TransitionSystem, list[State]]:
    """A system and some of its states, reachable or not."""
    system = draw(strategies.systems())
    states = st.tuples(*(st.integers(*bounds(sort)) for sort in system.slot_sorts))
    return system, draw(st.lists(states, min_size=1, max_size=10))


@thorough
@given(question=questions())
def test_successors_are_those_of_the_reference(question: tuple[TransitionSystem, list[State]]) -> None:
    """Each enabled step is given once, with the state to which it leads."""
    system, states = question
    model = Model(system, items_of(system, ALL))
    for state in states:
        expected = [(step.index, after) for step, after in successors(system, state)]
        assert model.expand(state)[0] == expected
        assert len(expected) <= model.facts.most_moves


@thorough
@given(question=questions(), properties=strategies.properties())
def test_items_are_those_of_the_reference(
    question: tuple[TransitionSystem, list[State]], properties: tuple[Property, ...]
) -> None:
    """Conditions, faults, deadlocks, races and lock orders are reported where they are, and nowhere else."""
    system, states = question
    items = items_of(system, properties)
    model = Model(system, items)
    for state in states:
        moves = enabled(system, state)
        holds = {
            subject for condition, subject in sought(system, properties) if evaluate(condition, state, system.slot)
        }
        expected = {n for n, item in enumerate(items.items) if n not in items.stuck and item in holds}
        for number in items.stuck:
            item = items.items[number]
            assert isinstance(item, Decides)
            prop = next(prop for prop in properties if prop.name == item.prop)
            expected |= {number} if deadlocked(system, prop, state, moves) else set()
        if items.races is not None and race(system, state, moves) is not None:
            expected.add(items.races)
        if items.orders:
            expected |= {items.orders[edge] for edge in lock_edges(system, state, moves)}
        assert model.expand(state)[1] == expected


@thorough
@given(question=questions(), conditions=st.lists(strategies.booleans(2), min_size=1, max_size=64))
def test_letters_are_the_conditions_that_hold(
    question: tuple[TransitionSystem, list[State]], conditions: list[Expr]
) -> None:
    """Bit i is condition i, up to 64 of them."""
    system, states = question
    model = Model(system, items_of(system, ()), conditions)
    for state in states:
        expected = sum(evaluate(condition, state, system.slot) << bit for bit, condition in enumerate(conditions))
        assert model.letters(state) == expected


def test_last_condition_is_the_highest_bit() -> None:
    """64 conditions fill the word."""
    system = toys.system("letters", [], [toys.process("a", 2)], [toys.step(0, 0, 1)])
    assert Model(system, items_of(system, ()), [TRUE] * 64).letters(system.initial) == 2**64 - 1


def writing(index: int, value: int, size: int) -> TransitionSystem:
    """One step that writes to a computed element, then to element 0, then to the counter that was the index."""
    sort, position = ArraySort(IntSort(-1, 5), size), IntSort(-2, size + 2)
    array, where = Var("a", sort), Var("i", position)
    variables = [toys.variable("a", sort, -1), toys.variable("i", position, index)]
    first = Index(array, Lit(0, position))
    writes: list[tuple[Place, Expr]] = [
        (Index(array, where), Lit(value, sort.element)),
        (first, Lit(3, sort.element)),
        (where, Lit(1, position)),
    ]
    return toys.system("writing", variables, [toys.process("t", 2)], [toys.step(0, 0, 1, TRUE, writes)])


@pytest.mark.parametrize("size", [1, 4, 50])
@pytest.mark.parametrize("index", [-2, -1, 0, 1, 3, 4, 49, 50, 51])
def test_computed_writes_come_in_order(size: int, index: int) -> None:
    """The index is of the old state, a later write wins, and a write outside of the array is lost."""
    if index > size + 2:
        pytest.skip("not a value of the index")
    system = writing(index, 5, size)
    model = Model(system, items_of(system, ()))
    assert model.expand(system.initial)[0] == [(step.index, s) for step, s in successors(system, system.initial)]


@pytest.mark.parametrize("words", [INLINE_WORDS, INLINE_WORDS + 1, 9])
def test_only_narrow_states_are_copied_in_place(words: int) -> None:
    """Copying a wide state in each step is most of what is to be compiled; there it is a call."""
    pads = [toys.variable(f"pad{number}", IntSort(0, 2 ** (WIDEST - 1)), 1) for number in range(words)]
    step = toys.step(0, 0, 1, TRUE, [(Var("x", IntSort(0, 1)), Lit(1, IntSort(0, 1)))])
    variables = [toys.variable("x", IntSort(0, 1)), *pads]
    system = toys.system("wide", variables, [toys.process("t", 2)], [step])
    items = items_of(system, ())
    text = emit(system, items).text
    assert ("noinline" in text, "static inline uint64_t *successor" in text) == (words > INLINE_WORDS, words <= 2)
    model = Model(system, items)
    assert model.layout.words == words
    assert model.expand(system.initial)[0] == [(0, next(successors(system, system.initial))[1])]


@thorough
@given(system=strategies.systems())
def test_equal_systems_have_equal_text(system: TransitionSystem) -> None:
    """The text depends on the question only, so that it is found in the cache."""
    items = items_of(system, ALL)
    assert emit(system, items).text == emit(system, items).text


@thorough
@given(system=strategies.systems())
def test_names_of_a_model_are_not_in_the_text(system: TransitionSystem) -> None:
    """Other names give the same text: nothing that a user writes reaches the compiler."""
    renamed = replace(
        system,
        name='"; #include <evil.h>',
        processes=tuple(replace(process, name=f"{process.name}*/") for process in system.processes),
        transitions=tuple(
            replace(step, actions=tuple(replace(act, text='\\"\n#error') for act in step.actions))
            for step in system.transitions
        ),
    )
    assert emit(renamed, items_of(renamed, ALL)).text == emit(system, items_of(system, ALL)).text


def test_order_of_steps_is_told() -> None:
    """Whether going through processes and locations finds the steps in the order of their index."""
    processes = [toys.process("a", 3), toys.process("b", 2)]
    own = [toys.step(0, 0, 1), toys.step(0, 1, 2), toys.step(1, 0, 1)]
    assert in_index_order(toys.system("ordered", [], processes, own))
    assert not in_index_order(toys.system("mixed", [], processes, [own[0], own[2], own[1]]))


def test_facts_of_a_model() -> None:
    """Steps, items and the largest number of successors: the sum over the processes of the most at one location."""
    steps = [toys.step(0, 0, 1), toys.step(0, 0, 0), toys.step(0, 1, 0), toys.step(1, 0, 1)]
    system = toys.system("facts", [], [toys.process("a", 2), toys.process("b", 2)], steps)
    facts = Model(system, items_of(system, ())).facts
    assert (facts.words, facts.bits, facts.steps, facts.items) == (1, 2, 4, 1)
    assert (facts.most_moves, facts.conditions, facts.ordered) == (3, 0, 1)


def test_long_guards_are_tested_once() -> None:
    """Steps at one location whose guards begin alike ask for that once, and for its opposite in an else branch."""
    sort = IntSort(0, 7)
    x, y = Var("x", sort), Var("y", sort)
    first = eq(x, Lit(5, sort))
    steps = [toys.step(0, 0, 1, first), toys.step(0, 0, 0, first), toys.step(0, 0, 1, eq(y, Lit(6, sort)))]
    system = toys.system(
        "guards", [toys.variable("x", sort, 5), toys.variable("y", sort)], [toys.process("a", 2)], steps
    )
    text = emit(system, items_of(system, ())).text
    assert len(re.findall(r"== 5\b", text)) == 1
    assert [step for step, _ in Model(system, items_of(system, ())).expand(system.initial)[0]] == [0, 1]
