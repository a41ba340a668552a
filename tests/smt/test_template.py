"""Which orders of steps the template leaves out."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import z3
from hypothesis import HealthCheck, given, settings

from oomcheck.ir.expr import TRUE, Expr, Lit, Var
from oomcheck.ir.sorts import BOOL
from oomcheck.ir.system import TransitionSystem
from oomcheck.semantics.successors import enabled, successors
from oomcheck.smt.encoding import Bits
from oomcheck.smt.template import Template, template
from tests import strategies, toys
from tests.smt.states import holds, reachable


def allows(shape: Template, first: int, second: int) -> bool:
    """Whether one transition may fire right after another; both are places in the order of transitions."""
    chosen = [(term, z3.BoolVal(place == first)) for place, term in enumerate(shape.fired)]
    chosen += [(term, z3.BoolVal(place == second)) for place, term in enumerate(shape.after)]
    return holds(shape.order, chosen)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(system=strategies.systems())
def test_what_is_left_out_is_kept_in_the_other_order(system: TransitionSystem) -> None:
    """Two steps of a run that may not follow each other can trade places, which the reference confirms."""
    shape = template(Bits(system))
    places = {move.index: place for place, move in enumerate(system.transitions)}
    known: dict[tuple[int, int], bool] = {}
    for state in reachable(system, 30):
        for first, middle in successors(system, state):
            for second, last in successors(system, middle):
                pair = places[first.index], places[second.index]
                if pair not in known:
                    known[pair] = allows(shape, *pair)
                if not known[pair]:
                    assert second.process < first.process
                    (other,) = [new for move, new in successors(system, state) if move is second]
                    assert first in enabled(system, other)
                    assert dict(successors_by_index(system, other))[first.index] == last


def successors_by_index(system: TransitionSystem, state: tuple[int, ...]) -> list[tuple[int, tuple[int, ...]]]:
    """Successors with the number of the transition."""
    return [(move.index, new) for move, new in successors(system, state)]


P, Q = (Var(name, BOOL) for name in "pq")
Writes = Sequence[tuple[Var, Expr]]


@pytest.mark.parametrize(
    ("low", "high", "swapped"),
    [
        ((TRUE, [(P, TRUE)]), (TRUE, [(Q, TRUE)]), False),  # independent: the greater process may not go first
        ((TRUE, [(P, TRUE)]), (TRUE, [(P, TRUE)]), True),  # both write
        ((P, []), (TRUE, [(P, TRUE)]), True),  # one is enabled by the other
        ((TRUE, [(P, TRUE)]), (P, []), True),
        ((TRUE, [(Q, P)]), (TRUE, [(P, TRUE)]), True),  # one reads what the other writes
        ((TRUE, [(P, TRUE)]), (TRUE, [(Q, P)]), True),
    ],
)
def test_independence(low: tuple[Expr, Writes], high: tuple[Expr, Writes], swapped: bool) -> None:
    """The lesser process goes first always, the greater one only if the order matters."""
    steps = [toys.step(who, 0, 1, guard, writes) for who, (guard, writes) in enumerate((low, high))]
    variables = [toys.variable("p", BOOL), toys.variable("q", BOOL)]
    shape = template(Bits(toys.system("pair", variables, [toys.process("a", 2), toys.process("b", 2)], steps)))
    assert allows(shape, 0, 1)
    assert allows(shape, 1, 0) == swapped


def test_program_counters_are_read_and_written() -> None:
    """A step that looks where another process stands depends on that one's steps."""
    toy = toys.system("pair", [], [toys.process("a", 2), toys.process("b", 2)], [toys.step(1, 0, 1)])
    steps = [toys.step(0, 0, 1, toy.at(1, 0)), toys.step(1, 0, 1), toys.step(0, 0, 1, Lit(1, BOOL))]
    shape = template(Bits(toys.system("pair", [], list(toy.processes), steps)))
    assert allows(shape, 1, 0)
    assert not allows(shape, 1, 2)
