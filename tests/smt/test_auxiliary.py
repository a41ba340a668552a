"""Auxiliary invariants: candidates, what Houdini keeps of them, and quantifiers taken out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from oomcheck.ir.expr import (
    FALSE,
    TRUE,
    Apply,
    Expr,
    Index,
    Lit,
    Var,
    and_,
    binary,
    eq,
    exists,
    forall,
    implies,
    not_,
    or_,
)
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, IntSort, scalar_of
from oomcheck.ir.system import TransitionSystem, Update
from oomcheck.lang.elaborate import elaborate
from oomcheck.lang.load import read_files
from oomcheck.lang.lower import lower
from oomcheck.lang.mode import Mode
from oomcheck.semantics.evaluate import evaluate
from oomcheck.smt.auxiliary import auxiliary, invariants
from oomcheck.smt.flow import live_locals, pointers
from oomcheck.smt.ground import INT, ground, index_terms, quantified, renamed, skolem
from oomcheck.smt.houdini import houdini
from oomcheck.smt.induction import holds_in
from oomcheck.smt.outcome import Budget
from oomcheck.smt.walks import reached
from oomcheck.transform.instantiate import instantiated
from oomcheck.transform.narrow import narrowed
from oomcheck.transform.reset import reset
from tests import toys
from tests.smt.small import DONE, PLACE, SIZE, UNIT, N, evens, reachable, walker
from tests.toys import number

MODELS = Path(__file__).parent.parent.parent / "models"


def test_peterson_has_few_candidates() -> None:
    """Flags follow from places; one candidate is true but needs more than one step."""
    toy = toys.peterson()
    found = auxiliary(toy)
    kept = houdini(toy, found, Budget())
    assert (len(found), len(kept)) == (15, 14)
    flag = toy.variables[2].var
    assert or_(not_(toy.at(0, 3)), Index(flag, Lit(0, IntSort(0, 2)))) in kept
    assert [fact for fact in found if fact not in kept] == [or_(not_(toy.at(0, 3)), not_(toy.at(1, 3)))]
    states = reachable(toy)
    assert all(evaluate(fact, state, toy.slot) for fact in found for state in states)


def test_houdini_drops_what_needs_what_is_dropped() -> None:
    """A candidate that fails takes those along that are kept only thanks to it."""
    even, small, odd = eq(binary(Op.MOD, N, number(2)), number(0)), binary(Op.LT, N, number(4)), eq(N, number(1))
    step = or_(small, even)
    assert houdini(evens(), [FALSE, odd, small, even, step], Budget()) == (even, step)
    assert houdini(evens(), [not_(eq(N, number(5)))], Budget()) == ()
    assert houdini(evens(), [not_(eq(N, number(5)))], Budget(), [even]) == (not_(eq(N, number(5))),)


def test_no_time_gives_nothing() -> None:
    """Candidates that were not looked at are not invariants."""
    assert houdini(toys.peterson(), auxiliary(toys.peterson()), Budget(seconds=0.0)) == ()


def load(**params: int | str) -> TransitionSystem:
    """The model of two walkers, made small."""
    elaborated = elaborate(read_files(MODELS / "traversal.oom", ()), params)
    system = lower(elaborated, Mode(False, None, frozenset())).system
    return reset(narrowed(system, ()).system, ()).system


def test_a_model_of_the_kernel() -> None:
    """All that is kept holds in all reachable states; who holds a lock is told by the place."""
    system = load(FIX="V6_18", NVMA=2)
    kept = invariants(system, Budget())
    states = reachable(system)
    assert all(evaluate(fact, state, system.slot) for fact in kept for state in states)
    owner = next(v.var for v in system.variables if v.name == "vm_area_struct.ptl.owner")
    for process in (0, 1):
        holds = eq(Index(owner, Lit(0, IntSort(0, 2))), Lit(1 + process, scalar_of(owner.sort)))
        pc = system.slot[system.processes[process].pc]
        places = {state[pc] for state in states if evaluate(holds, state, system.slot)}
        assert len(places) == 2
        away = sorted({state[pc] for state in states} - places)
        assert all(or_(not_(system.at(process, place)), not_(holds)) in kept for place in away)


class TestParametric:
    """Candidates about all units."""

    def test_what_a_walker_leaves_behind(self) -> None:
        """Units before the counter are done, those from it on are not; true of instances of any size."""
        toy = walker()
        kept = invariants(toy, Budget())
        unit = Var("unit", IntSort(-(2**31), 2**31 - 1))
        last = binary(Op.SUB, Var("N", unit.sort), number(1))
        behind = forall(unit, number(0), last, or_(binary(Op.LE, PLACE, unit), Index(DONE, unit)))
        ahead = forall(unit, number(0), last, or_(binary(Op.LT, unit, PLACE), not_(Index(DONE, unit))))
        assert or_(not_(toy.at(0, 0)), behind) in kept
        assert or_(not_(toy.at(0, 0)), ahead) in kept
        assert or_(not_(toy.at(0, 0)), binary(Op.LE, PLACE, SIZE)) in kept
        for size in (1, 2, 6):
            small = instantiated(toy, {"N": size})[0]
            assert all(holds_in(small, {"N": size}, fact, s) for fact in kept for s in reachable(small))

    def test_walks_are_reproducible(self) -> None:
        """The same seed gives the same states, and a small system is seen as a whole."""
        toy = toys.peterson()
        assert reached(toy, 1, 100) == reached(toy, 1, 100)
        assert set(reached(toy, 1, 100)) == set(reachable(toy))
        assert len(reached(toy, 1, 5)) == 5

    def test_what_counters_are_for(self) -> None:
        """The walker's counter is an index, and read while it walks."""
        assert pointers(walker()) == {"t.v"}
        assert {key: "t.v" in names for key, names in live_locals(walker()).items()} == {(0, 0): True}


NEW = Var("!s0", UNIT.sort)


def within(term: Expr) -> Expr:
    """The term lies in the range of the quantifiers below."""
    return and_(binary(Op.LE, number(0), term), binary(Op.LE, term, number(4)))


class TestGround:
    """Conditions without quantifiers that follow."""

    ALL = forall(UNIT, number(0), number(4), Index(DONE, UNIT))
    SOME = exists(UNIT, number(0), number(4), Index(DONE, UNIT))

    @pytest.mark.parametrize(
        ("expr", "expected"),
        [
            (ALL, implies(within(PLACE), Index(DONE, PLACE))),
            (SOME, and_(within(NEW), Index(DONE, NEW))),
            (not_(ALL), and_(within(NEW), not_(Index(DONE, NEW)))),
            (not_(SOME), implies(within(PLACE), not_(Index(DONE, PLACE)))),
            (or_(Var("p", BOOL), ALL), or_(Var("p", BOOL), not_(within(PLACE)), Index(DONE, PLACE))),
            (Apply(Op.ITE, (ALL, FALSE, TRUE)), and_(within(NEW), not_(Index(DONE, NEW)))),
        ],
    )
    def test_the_part_about_an_element(self, expr: Expr, expected: Expr) -> None:
        """`forall` speaks of the given terms, `exists` of a new one, and negation turns them around."""
        assert quantified(expr)
        assert ground(expr, [PLACE], skolem("s")) == expected

    def test_terms(self) -> None:
        """Indices are terms, and so are the units in them; variables of quantifiers are not."""
        wide = binary(Op.ADD, binary(Op.MUL, PLACE, number(2)), number(1))
        assert index_terms([self.ALL, Index(DONE, wide), Index(DONE, PLACE)]) == (wide, PLACE)

    def test_names_of_their_own(self) -> None:
        """Renaming changes no other variable and no meaning."""
        found = renamed(and_(self.ALL, Var("k", BOOL)), "@")
        new = Var("k@0", UNIT.sort)
        assert found == and_(forall(new, number(0), number(4), Index(DONE, new)), Var("k", BOOL))


def test_bounds_that_walks_do_not_reach() -> None:
    """A number that an analysis bounds has its bounds among the candidates, whatever the walks see."""
    limit = binary(Op.LT, N, number(5))
    steps = [toys.step(0, 0, 0, limit, [(N, Apply(Op.ADD, (N, number(1))))])]
    toy = toys.system("count", [toys.variable("n", N.sort)], [toys.process("t", 1)], steps)
    assert binary(Op.LE, N, number(5)) in invariants(toy, Budget(rlimit=1_000_000))


def test_hopes_are_candidates() -> None:
    """What is hoped for is kept if it holds, alone or with others, and dropped if it does not."""
    six = not_(eq(N, number(6)))
    found = invariants(evens(), Budget(rlimit=1_000_000), [six, not_(eq(N, number(5)))])
    assert six not in found


def test_a_shared_value_and_all_units() -> None:
    """That a flag means that all units are done is a candidate, and kept."""
    toy = walker()
    flag = Var("flag", BOOL)
    steps = (*toy.transitions[:1], replace(toy.transitions[1], updates=(Update(flag, TRUE),)))
    toy = replace(toy, variables=(*toy.variables, toys.variable("flag", BOOL)), transitions=steps)
    unit = Var("unit", INT)
    done = forall(unit, Lit(0, IntSort(0, 0)), binary(Op.SUB, Var("N", INT), number(1)), Index(DONE, unit))
    assert or_(not_(flag), done) in invariants(toy, Budget(rlimit=5_000_000))
