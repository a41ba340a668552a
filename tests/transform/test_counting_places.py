"""Place invariants: which equations are found, and that they hold where they should."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from oomcheck.ir.expr import Expr, Lit, Var, add, and_, binary, eq, not_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, EnumSort, IntSort
from oomcheck.ir.system import StateVar, TransitionSystem
from oomcheck.semantics.evaluate import evaluate
from oomcheck.transform.counting.counters import NUMBER, number
from oomcheck.transform.counting.places import linear_invariants, nonnegative
from tests import strategies, toys
from tests.transform.counting import reachable

random_systems = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)

WORD = IntSort(-(2**31), 2**31 - 1)
A, B, TOTAL, FLAG = Var("a", NUMBER), Var("b", NUMBER), Var("total", WORD), Var("flag", BOOL)
PC = Var("p.pc", EnumSort("p.pc", ("L0", "L1")))


def at_least_one(counter: Var) -> Expr:
    """Somebody is there."""
    return binary(Op.LE, number(1), counter)


def less(counter: Var, many: int = 1) -> Expr:
    """A number after so many left."""
    return binary(Op.SUB, counter, number(many))


def more(counter: Var, many: int = 1) -> Expr:
    """A number after so many came."""
    return add(counter, number(many))


def factor(term: Expr, by: int) -> Expr:
    """A term of an equation."""
    return binary(Op.MUL, term, number(by))


def net(*variables: StateVar, size: int = 2, steps: object) -> TransitionSystem:
    """One process and some numbers."""
    assert isinstance(steps, list)
    return toys.system("net", list(variables), [toys.process("p", size)], steps)


def test_what_moves_from_one_place_to_another_keeps_its_sum() -> None:
    """Five units go from a to b and back; in each move two are added to a total."""
    steps = [
        toys.step(0, 0, 0, at_least_one(A), [(A, less(A)), (B, more(B)), (TOTAL, more(TOTAL, 2))]),
        toys.step(0, 0, 0, at_least_one(B), [(A, more(A)), (B, less(B)), (TOTAL, less(TOTAL, 2))]),
    ]
    variables = (toys.variable("a", NUMBER, 5), toys.variable("b", NUMBER), toys.variable("total", WORD))
    found = linear_invariants(net(*variables, size=1, steps=steps))
    assert found == [
        eq(add(factor(A, 2), TOTAL), number(10)),
        eq(factor(B, 2), TOTAL),
    ]


def test_values_of_variables_are_places() -> None:
    """A unit is taken where the flag is set, and given back where it is cleared."""
    steps = [
        toys.step(0, 0, 1, not_(FLAG), [(FLAG, Lit(1, BOOL)), (A, less(A))]),
        toys.step(0, 1, 0, FLAG, [(FLAG, Lit(0, BOOL)), (A, more(A))]),
    ]
    system = net(toys.variable("a", NUMBER, 3), toys.variable("flag", BOOL), steps=steps)
    found = linear_invariants(system)
    assert len(found) == 2
    assert all(evaluate(expr, state, system.slot) for expr in found for state in reachable(system))
    wrong = (2, 0, *system.initial[2:])  # a unit is away although the flag is not set
    assert not all(evaluate(expr, wrong, system.slot) for expr in found)


def test_all_units_may_move_at_once() -> None:
    """A step that empties a place into another one keeps the sum, too."""
    steps = [
        toys.step(0, 0, 1, writes=[(A, number(0)), (B, add(B, A))]),
        toys.step(0, 1, 0, at_least_one(B), [(A, more(A)), (B, less(B))]),
    ]
    system = net(toys.variable("a", NUMBER, 2), toys.variable("b", NUMBER, 1), steps=steps)
    assert linear_invariants(system) == [eq(add(A, B), number(3))]


def test_what_is_not_linear_is_left_out() -> None:
    """A number that is multiplied has no equation, and takes none from the others."""
    steps = [
        toys.step(0, 0, 0, at_least_one(A), [(A, less(A)), (B, more(B)), (TOTAL, binary(Op.MUL, TOTAL, TOTAL))]),
        toys.step(0, 0, 0, at_least_one(B), [(A, more(A)), (B, less(B))]),
    ]
    variables = (toys.variable("a", NUMBER, 1), toys.variable("b", NUMBER), toys.variable("total", WORD, 2))
    found = linear_invariants(net(*variables, size=1, steps=steps))
    assert found == [eq(add(A, B), number(1))]


def test_what_only_grows_has_no_equation() -> None:
    """Units that come from nowhere."""
    steps = [toys.step(0, 0, 0, writes=[(A, more(A))])]
    assert linear_invariants(net(toys.variable("a", NUMBER), size=1, steps=steps)) == []


def test_counters_are_not_negative() -> None:
    """Of counters, not of other numbers."""
    system = net(toys.variable("a", NUMBER), toys.variable("total", WORD), toys.variable("flag", BOOL), steps=[])
    assert nonnegative(system) == [binary(Op.LE, number(0), A)]


@random_systems
@given(strategies.systems())
def test_equations_hold_in_all_reachable_states(system: TransitionSystem) -> None:
    """Of any system at all, also one that counts nothing."""
    found = and_(*linear_invariants(system))
    assert all(evaluate(found, state, system.slot) for state in reachable(system))
