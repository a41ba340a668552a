from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import pytest

from oomcheck.ir.expr import (
    FALSE,
    TRUE,
    Expr,
    Index,
    Var,
    add,
    and_,
    binary,
    eq,
    exists,
    forall,
    implies,
    ite,
    not_,
    or_,
)
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, ArraySort, IntSort
from oomcheck.ir.system import Role, StateVar, TransitionSystem
from oomcheck.prop.property import Kind, Property
from oomcheck.semantics.evaluate import evaluate
from oomcheck.smt.outcome import Budget, Proof, Question, Refutation
from oomcheck.smt.spacer import pdr
from oomcheck.smt.tracked import tracked
from oomcheck.smt.units import as_units, for_all_units, for_one_unit, unit_of
from oomcheck.transform.instantiate import instantiated
from tests import toys
from tests.smt.proofs import token, walk_proof
from tests.smt.small import DONE, PLACE, SIZE, UNIT, left_out, reachable, walker
from tests.toys import number

BUDGET = Budget(depth=12, rlimit=5_000_000)
LAST = binary(Op.SUB, SIZE, number(1))
PARAMETER = StateVar("N", SIZE.sort, (1,), Role.PARAM, ("N",))


def at_size(system: TransitionSystem, units: int, conditions: Sequence[Expr]) -> tuple[TransitionSystem, list[Expr]]:
    """The system with so many units, and conditions over its states."""
    asked = [Property(f"p{n}", Kind.NEVER, condition) for n, condition in enumerate(conditions)]
    small, properties = instantiated(system, {"N": units}, asked)
    return small, [prop.formula for prop in properties]


def is_proof_for_few(question: Question, proof: Proof) -> bool:
    """Whether all conjuncts hold in every reachable state of 1, 2 and 3 units, and no bad state is among these."""
    for units in (1, 2, 3):
        small, (bad, *facts) = at_size(question.system, units, (question.bad, *proof.conjuncts))
        for state in reachable(small):
            if evaluate(bad, state, small.slot) or not all(evaluate(fact, state, small.slot) for fact in facts):
                return False
    return True


def is_reached(question: Question, path: Refutation) -> bool:
    """Whether a bad state is reachable in as many steps, with that many units."""
    small, (bad,) = at_size(question.system, path.values["N"], [question.bad])
    depths = [depth for state, depth in reachable(small).items() if evaluate(bad, state, small.slot)]
    return bool(depths) and min(depths) <= len(path.steps)


def users(early: bool = False, size: int = 1) -> TransitionSystem:
    """A thread uses all units in turn, under a lock; another one frees them all, if not `early` under the lock.

    A unit has `size` cells, of which the last is the one that says that it is alive. Each thread leaves the lock in the
    end; a user that comes later finds the list empty.
    """
    alive = Var("alive", ArraySort(BOOL, size, "N"))
    lock, full = Var("lock", IntSort(0, 2)), Var("full", BOOL)
    here, there = (Var(f"{name}.v", IntSort(0, 2**31 - 1)) for name in "uf")
    cells = [add(binary(Op.MUL, v, number(size)), number(size - 1)) if size > 1 else v for v in (here, there)]
    free = TRUE if early else eq(lock, number(0))
    inside = [binary(Op.LT, v, SIZE) for v in (here, there)]
    steps = [
        toys.step(0, 0, 1, and_(eq(lock, number(0)), full), [(lock, number(1)), (here, number(0))]),
        toys.step(0, 1, 1, and_(inside[0], Index(alive, cells[0])), [(here, add(here, number(1)))]),
        toys.step(0, 1, 2, not_(inside[0]), [(lock, number(0))]),
        toys.step(1, 0, 1, free, [] if early else [(lock, number(2))]),
        toys.step(1, 1, 1, inside[1], [(Index(alive, cells[1]), FALSE), (there, add(there, number(1)))]),
        toys.step(1, 1, 2, not_(inside[1]), [(full, FALSE), *([] if early else [(lock, number(0))])]),
    ]
    variables = [
        PARAMETER,
        StateVar("alive", alive.sort, (0,) * (size - 1) + (1,), Role.SHARED, ("alive[#]",) * size),
        toys.variable("lock", lock.sort),
        toys.variable("full", BOOL, 1),
        toys.variable("u.v", here.sort),
        toys.variable("f.v", there.sort),
    ]
    return toys.system("users", variables, [toys.process("u", 3, 2), toys.process("f", 3, 2)], steps)


def used_after_free(system: TransitionSystem, size: int = 1) -> Expr:
    """The user stands before a unit that is not alive."""
    alive, here = Var("alive", ArraySort(BOOL, size, "N")), Var("u.v", IntSort(0, 2**31 - 1))
    cell = add(binary(Op.MUL, here, number(size)), number(size - 1)) if size > 1 else here
    return and_(system.at(0, 1), binary(Op.LT, here, SIZE), not_(Index(alive, cell)))


def reporter(honest: bool = True) -> TransitionSystem:
    """The walker of `small`, and a thread that reports; an honest one says success only if all units are done."""
    toy = walker()
    said = Var("said", BOOL)
    all_done = forall(UNIT, number(0), LAST, Index(DONE, UNIT))
    steps = [
        *toy.transitions,
        toys.step(1, 0, 1, TRUE, [(said, all_done if honest else exists(UNIT, number(0), LAST, Index(DONE, UNIT)))]),
    ]
    variables = [v for v in toy.variables if v.role is not Role.PC]
    return toys.system(
        "reporter", [*variables, toys.variable("said", BOOL)], [*toy.processes, toys.process("r", 2, 1)], steps
    )


def told_wrong(_: TransitionSystem) -> Expr:
    """Success was reported while some unit is not done."""
    return and_(Var("said", BOOL), exists(UNIT, number(0), LAST, not_(Index(DONE, UNIT))))


RIGHT = {
    "walker": Question(walker(), left_out(walker())),
    "walk": walk_proof()[0],
    "token": Question(
        token()[0].system,
        and_(
            token()[0].system.at(0, 0),
            Index(Var("marked", ArraySort(BOOL, 1, "N")), Var("here", IntSort(0, 2**31 - 1))),
        ),
    ),
    "two at once": token()[0],
    "users": Question(users(), used_after_free(users())),
    "users of three cells": Question(users(size=3), used_after_free(users(size=3), 3)),
    "reporter": Question(reporter(), told_wrong(reporter())),
}
WRONG = {
    "walker": Question(walker(1), left_out(walker(1))),
    "users": Question(users(early=True), used_after_free(users(early=True))),
    "users of three cells": Question(users(early=True, size=3), used_after_free(users(early=True, size=3), 3)),
    "reporter": Question(reporter(honest=False), told_wrong(reporter())),
}


@pytest.mark.parametrize("name", RIGHT)
def test_proved_for_every_size(name: str) -> None:
    """The proof is one at the sizes that can be searched."""
    answer = pdr(RIGHT[name], BUDGET)
    assert isinstance(answer, Proof)
    assert answer.k == 1
    assert is_proof_for_few(RIGHT[name], answer)


@pytest.mark.parametrize("name", WRONG)
def test_wrong_ones_are_refuted(name: str) -> None:
    """A path to a bad state, at some size."""
    answer = pdr(WRONG[name], BUDGET)
    assert isinstance(answer, Refutation)
    assert is_reached(WRONG[name], answer)


def test_only_the_tracked_unit_is_kept() -> None:
    """An array has the cells of one unit; what is read elsewhere is an input that the same invariant restricts."""
    toy = users()
    horn = tracked(toy, used_after_free(toy))
    sorts = {v.name: v.sort for v in horn.system.variables}
    assert sorts["alive"] == sorts["alive?0"] == ArraySort(BOOL, 1)
    assert horn.inputs == {"?N?0", "alive?0"}
    assert [v.name for v in horn.system.parametric] == ["?N", "N"]
    other = {"?N": Var("?N?0", IntSort(-(2**31), 2**31 - 1)), "alive": Var("alive?0", ArraySort(BOOL, 1))}
    assert all(part.others == (other,) for part in horn.parts)


def test_a_write_reaches_the_tracked_unit_only_at_its_place() -> None:
    """`alive[f.v] = false` is `alive = f.v == ?N ? false : alive`."""
    step = tracked(users(), FALSE).system.transitions[4]
    here = eq(Var("f.v", IntSort(0, 2**31 - 1)), unit_of("N"))
    cell = Index(Var("alive", ArraySort(BOOL, 1)), number(0))
    assert step.updates[0].target == cell
    assert step.updates[0].value == ite(here, FALSE, cell)


def test_conditions_of_one_unit_and_of_all() -> None:
    """A condition of all units is one of the tracked unit, and back."""
    toy = walker()
    unit = Var("unit", unit_of("N").sort)
    every = forall(unit, number(0), LAST, or_(binary(Op.LE, PLACE, unit), Index(DONE, unit)))
    one = for_one_unit(toy, every)
    cell = Index(Var("done", ArraySort(BOOL, 1)), number(0))
    assert one == or_(binary(Op.LE, PLACE, unit_of("N")), cell)
    assert for_all_units(toy, one) == every


def test_part_of_a_range_is_a_premise() -> None:
    """A quantifier over some of the units is a condition on which unit is tracked."""
    toy = walker()
    some = forall(UNIT, number(0), binary(Op.SUB, PLACE, number(1)), Index(DONE, UNIT))
    low, high = binary(Op.LE, number(0), unit_of("N")), binary(Op.LE, unit_of("N"), binary(Op.SUB, PLACE, number(1)))
    cell = Index(Var("done", ArraySort(BOOL, 1)), number(0))
    assert for_one_unit(toy, some) == implies(and_(low, high), cell)


def test_conditions_about_other_units_are_none_of_one() -> None:
    """What reads at a variable, or says that a unit exists, cannot be said of the tracked unit."""
    toy = walker()
    assert for_one_unit(toy, Index(DONE, PLACE)) is None
    assert for_one_unit(toy, exists(UNIT, number(0), LAST, Index(DONE, UNIT))) is None


def test_what_is_said_of_a_computed_unit_is_said_of_each_that_it_is() -> None:
    """`done[t.v] or t.v == 1` reads one unit, or 0 outside of the array."""
    toy = walker()
    one = eq(PLACE, number(1))
    inside, outside = as_units(toy, or_(Index(DONE, PLACE), one))
    cell = Index(Var("done", ArraySort(BOOL, 1)), number(0))
    assert inside == or_(not_(eq(unit_of("N"), PLACE)), cell, one)
    assert outside == or_(and_(binary(Op.LE, number(0), PLACE), binary(Op.LT, PLACE, SIZE)), one)
    assert as_units(toy, or_(Index(DONE, PLACE), Index(DONE, add(PLACE, number(1))))) == ()


@pytest.mark.parametrize("size", [1, 2, 3])
def test_computed_units_in_all_states(size: int) -> None:
    """The parts mean together what the condition means, in each state of a small instance."""
    toy = walker()
    whole = or_(not_(Index(DONE, PLACE)), eq(PLACE, number(1)))
    parts = [for_all_units(toy, part) for part in as_units(toy, whole)]
    props = [Property("asked", Kind.INVARIANT, formula) for formula in (whole, and_(*parts))]
    small, (one, other) = instantiated(toy, {"N": size}, props)
    for cells in product((0, 1), repeat=size):
        for place in range(-1, size + 2):
            values = {"done": cells, "t.v": (place,), small.processes[0].pc: (0,)}
            state = tuple(value for v in small.variables for value in values[v.name])
            assert evaluate(one.formula, state, small.slot) == evaluate(other.formula, state, small.slot)
