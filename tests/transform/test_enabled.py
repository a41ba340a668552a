"""Conditions on program counters, as trees."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from oomcheck.ir.expr import FALSE, TRUE, Apply, Expr, Lit, Var
from oomcheck.ir.sorts import BOOL, IntSort
from oomcheck.ir.system import TransitionSystem
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.successors import enabled
from oomcheck.transform.enabled import by_location, enabled_expr, some_enabled
from tests import oracle, strategies, toys


def nesting(expr: Expr) -> int:
    """How deep the operators of an expression go."""
    return 1 + max(map(nesting, expr.args)) if isinstance(expr, Apply) else 0


@given(st.lists(st.integers(0, 2), min_size=1, max_size=9))
def test_value_of_each_location(values: list[int]) -> None:
    """Each location has its own value, those without one the default."""
    toy = toys.system("toy", [], [toys.process("t", len(values))], [])
    given_values = {at: toys.number(value) for at, value in enumerate(values) if value}
    expr = by_location(toy, 0, given_values, Lit(0, IntSort(0, 2)))
    assert [evaluate(expr, (at,), toy.slot) for at in range(len(values))] == values


def test_tree_is_balanced_and_merges_neighbours() -> None:
    """64 locations of different values take six comparisons, and a run of equal ones takes none."""
    toy = toys.system("toy", [], [toys.process("t", 64)], [])
    assert nesting(by_location(toy, 0, {at: toys.number(at) for at in range(64)}, toys.number(0))) == 7
    halves = by_location(toy, 0, dict.fromkeys(range(32), toys.number(1)), toys.number(0))
    assert isinstance(halves, Apply)
    assert nesting(halves) == 2
    assert by_location(toy, 0, {}, FALSE) == FALSE
    assert by_location(toy, 0, {}, Var("p", BOOL)) == Var("p", BOOL)
    assert by_location(toy, 0, dict.fromkeys(range(64), TRUE), FALSE) == TRUE


@settings(max_examples=60)
@given(system=strategies.systems(), data=st.data())
def test_enabled_exactly_where_a_step_can_be_taken(system: TransitionSystem, data: st.DataObject) -> None:
    """In each reachable state the condition says whether a step of the process, or of a set, is enabled."""
    chosen = data.draw(st.frozensets(st.integers(0, len(system.transitions) - 1)))
    whole = [enabled_expr(system, number) for number in range(len(system.processes))]
    part = some_enabled(system, chosen)
    for key in oracle.Graph(system).layer:
        world = dict(key)
        state = tuple(world[variable.name, at] for variable, at in system.slots)
        moves = enabled(system, state)
        assert [evaluate(expr, state, system.slot) for expr in whole] == [
            int(any(move.process == number for move in moves)) for number in range(len(system.processes))
        ]
        assert evaluate(part, state, system.slot) == any(move.index in chosen for move in moves)
