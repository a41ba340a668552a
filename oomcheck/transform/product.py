"""A system together with a Büchi automaton that reads its states, as a transition system again.

The automaton is one more variable, and each transition is there once for each edge of the automaton that it can be
taken together with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from oomcheck.ir.expr import FALSE, Expr, Lit, Var, and_, boolean, eq, not_
from oomcheck.ir.sorts import BOOL, IntSort
from oomcheck.ir.system import Role, StateVar, TransitionSystem, Update
from oomcheck.prop.automaton import Automaton, Edge
from oomcheck.records import dataclass

STATE, ACCEPTED = "@automaton", "@accepted"  # no name of a model has an @


@dataclass(frozen=True, slots=True)
class Product:
    """The runs of a system that an automaton can read; it accepts those where `accepted` holds again and again."""

    system: TransitionSystem
    accepted: Expr
    edges: int

    def lift(self, steps: Sequence[int]) -> tuple[int, ...]:
        """The steps of the system alone."""
        return tuple(step // self.edges for step in steps)

    def fold(self, steps: frozenset[int]) -> frozenset[int]:
        """Those transitions of the product that are one of `steps` of the system."""
        return frozenset(step.index for step in self.system.transitions if step.index // self.edges in steps)


def product(system: TransitionSystem, automaton: Automaton) -> Product:
    """All runs of both; `automaton` has one acceptance set at most. Program counters and faults stay as they are.

    The automaton begins in a state of its own, since a transition system has only one initial state.
    """
    assert automaton.sets <= 1, "degeneralise the automaton first"
    begin = automaton.states
    sort = IntSort(0, begin)
    at, accepted = Var(STATE, sort), Var(ACCEPTED, BOOL)
    first = [replace(edge, source=begin) for edge in automaton.edges if edge.source in automaton.initial]
    edges = [*automaton.edges, *first]
    conditions = [and_(eq(at, Lit(edge.source, sort)), letter(automaton, edge)) for edge in edges]
    effects = [
        (
            Update(at, Lit(edge.target, sort)),
            Update(accepted, boolean(edge.marks == automaton.all_marks)),
        )
        for edge in edges
    ]
    steps = tuple(
        replace(
            step,
            index=step.index * len(edges) + number,
            guard=and_(conditions[number], step.guard),
            updates=(*step.updates, *effects[number]),
        )
        for step in system.transitions
        for number in range(len(edges))
        if conditions[number] != FALSE
    )
    variables = (
        *system.variables,
        StateVar(STATE, sort, (begin,), Role.GHOST, (STATE,), quiet=True),
        StateVar(ACCEPTED, BOOL, (0,), Role.GHOST, (ACCEPTED,), quiet=True),
    )
    return Product(replace(system, variables=variables, transitions=steps), accepted, max(len(edges), 1))


def letter(automaton: Automaton, edge: Edge) -> Expr:
    """The condition on the state that the edge reads."""
    parts = []
    for number, atom in enumerate(automaton.atoms):
        if edge.positive >> number & 1:
            parts.append(atom)
        if edge.negative >> number & 1:
            parts.append(not_(atom))
    return and_(*parts)
