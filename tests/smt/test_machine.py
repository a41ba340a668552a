"""Steps as terms do what the reference says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise

import pytest
import z3
from hypothesis import HealthCheck, given, settings

from oomcheck.ir.expr import Index, Lit, Var, add, binary, eq
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import ArraySort, EnumSort, IntSort
from oomcheck.ir.system import Role, StateVar, TransitionSystem
from oomcheck.semantics.successors import apply, successors
from oomcheck.smt.encoding import Bits, Integers
from oomcheck.smt.machine import Cell, Frame, Machine, value_of
from oomcheck.smt.template import template
from oomcheck.smt.terms import Term
from tests import strategies, toys
from tests.smt.states import Pairs, bits, holds, integers, reachable

few = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@few
@given(system=strategies.systems())
def test_guards_and_effects_are_those_of_the_reference(system: TransitionSystem) -> None:
    """In reachable states the same transitions are enabled, and `taken` and `step` lead where the reference does."""
    machine = Machine(system)
    chosen = z3.Int("?chosen")
    step = machine.step(chosen)
    now = {at: machine.current[at] for at in machine.cells}
    then = {at: machine.after[at] for at in machine.cells}
    for state in reachable(system, 4):
        current = integers(system, now, state)
        enabled = {move.index: new for move, new in successors(system, state)}
        for place, move in enumerate(system.transitions):
            new = enabled.get(move.index, apply(system, move, state))
            pairs = [*current, *integers(system, then, new)]
            assert holds(machine.guard(move), current) == (move.index in enabled)
            assert holds(machine.taken(move), pairs) == (move.index in enabled)
            assert holds(step, pairs, [(chosen, z3.IntVal(place))]) == (move.index in enabled)


@few
@given(system=strategies.systems())
def test_a_step_leads_to_one_state_only(system: TransitionSystem) -> None:
    """Any other state after it, one that differs in a single slot, is refused."""
    machine = Machine(system)
    now = {at: machine.current[at] for at in machine.cells}
    then = {at: machine.after[at] for at in machine.cells}
    current = integers(system, now, system.initial)
    for move, new in successors(system, system.initial):
        taken = machine.taken(move)
        for slot in range(len(new)):
            wrong = (*new[:slot], int(not new[slot]), *new[slot + 1 :])
            assert not holds(taken, current, integers(system, then, wrong))


@pytest.mark.parametrize(("encode", "fill"), [(Integers, integers), (Bits, bits)])
@few
@given(system=strategies.systems())
def test_templates_fire_what_the_reference_does(
    encode: Callable[[TransitionSystem], Integers | Bits],
    fill: Callable[[TransitionSystem, Mapping[Cell, Term], tuple[int, ...]], Pairs],
    system: TransitionSystem,
) -> None:
    """Exactly one transition fires, an enabled one, and nothing escapes from systems that keep their ranges."""
    encoded = encode(system)
    shape = template(encoded)
    assert holds(shape.start, fill(system, encoded.now, system.initial))
    for state in reachable(system, 3):
        current = fill(system, encoded.now, state)
        assert not holds(shape.escape, current)
        enabled = {move.index: new for move, new in successors(system, state)}
        for place, move in enumerate(system.transitions):
            new = fill(system, encoded.then, enabled.get(move.index, apply(system, move, state)))
            for also in {place, (place + 1) % len(shape.fired)}:
                fired = [(term, z3.BoolVal(number in (place, also))) for number, term in enumerate(shape.fired)]
                assert holds(shape.step, current, new, fired) == (move.index in enabled and also == place)


def walker(size: int | None) -> TransitionSystem:
    """A thread adds 1 to each of `size` elements from the first to the last; None: a parameter N says how many."""
    wide = IntSort(0, 2**31 - 1)
    units = Var("N", IntSort(1, 2**31 - 1))
    array = Var("a", ArraySort(IntSort(0, 3), 1, "N") if size is None else ArraySort(IntSort(0, 3), size))
    position = Var("i", wide)
    end = units if size is None else Lit(size, wide)
    steps = [
        toys.step(
            0,
            0,
            0,
            binary(Op.LT, position, end),
            [
                (Index(array, position), add(Index(array, position), toys.number(1))),
                (position, add(position, toys.number(1))),
            ],
        ),
        toys.step(0, 0, 1, eq(position, end), [(Index(array, position), toys.number(3))]),  # misses the array
    ]
    cells = (
        StateVar("a", array.sort, (1,), Role.SHARED, ("a[#]",)) if size is None else toys.variable("a", array.sort, 1)
    )
    variables = [cells, toys.variable("i", wide)]
    system = toys.system("walker", variables, [toys.process("t", 2, 1)], steps)
    if size is None:
        parameter = StateVar("N", units.sort, (1,), Role.PARAM, ("N",))
        system = replace(system, variables=(*system.variables, parameter))
    return system


@pytest.mark.parametrize("size", [1, 2, 3])
def test_parametric_arrays_are_those_of_each_size(size: int) -> None:
    """The walker with a parameter makes the same steps as the one with so many elements."""
    small, machine = walker(size), Machine(walker(None))
    solver = z3.Solver()
    solver.add(machine.given(), machine.initial(machine.current), machine.current["N", 0] == size)
    states = reachable(small, 20)
    assert len(states) == size + 2
    solver.check()
    chosen = z3.Int("?chosen")
    for state, following in pairwise(states):
        frame = machine.after
        solver.add(machine.step(chosen))
        assert solver.check() == z3.sat
        model = solver.model()
        assert values(model, frame, size) == following
        assert model.eval(chosen).as_long() == int(state[-1] == size)
        solver.add(chosen != model.eval(chosen))
        assert solver.check() == z3.unsat
        solver = z3.Solver()
        counter, *elements, position = following
        array = z3.K(z3.IntSort(), z3.IntVal(0))
        for place, value in enumerate(elements):
            array = z3.Store(array, place, value)
        now = machine.current
        solver.add(now["N", 0] == size, now["t.pc", 0] == counter, now["i", 0] == position, now["a", 0] == array)


def values(model: z3.ModelRef, frame: Frame, size: int) -> tuple[int, ...]:
    """The state of the walker in a model."""
    elements = [value_of(model, z3.Select(frame["a", 0], place)) for place in range(size)]
    return value_of(model, frame["t.pc", 0]), *elements, value_of(model, frame["i", 0])


def test_parameters_keep_their_least_value() -> None:
    """`given` excludes values below the lower end of the sort, and sets no upper end."""
    machine = Machine(walker(None))
    units = machine.current["N", 0]
    assert not holds(machine.given(), [(units, z3.IntVal(0))])
    assert holds(machine.given(), [(units, z3.IntVal(10**12))])


def test_ranges_of_slots() -> None:
    """One condition for each slot with a finite sort; truth values and counters without end have none."""
    mode = Var("mode", EnumSort("mode", ("a", "b", "c")))
    variables = [
        toys.variable("mode", mode.sort),
        toys.variable("ticks", IntSort(0, 2**31 - 1)),
        toys.variable("f", ArraySort(IntSort(-1, 4), 2)),
        toys.variable("p", strategies.BOOLS[0].sort),
    ]
    machine = Machine(toys.system("ranges", variables, [toys.process("t", 2)], []))
    found = list(machine.in_range(machine.current))
    assert len(found) == 4  # the program counter, mode, and both elements
    pairs = [(machine.current["f", 1], z3.IntVal(5))]
    assert [z3.is_false(z3.simplify(z3.substitute(term, *pairs))) for term in found] == [False, False, False, True]
