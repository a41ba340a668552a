"""Counterexamples to induction: states out of Z3 models, in the terms of the system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import z3

from oomcheck.ir.expr import Expr, Index, Lit, Var
from oomcheck.ir.sorts import ArraySort, bounds, scalar_of
from oomcheck.ir.system import State, StateVar, Transition, TransitionSystem
from oomcheck.ir.walk import rewrite
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.successors import apply
from oomcheck.smt.machine import Frame, value_of
from oomcheck.smt.outcome import Induction
from oomcheck.smt.terms import number
from oomcheck.transform.instantiate import instantiated

MOST_UNITS = 64  # of an array, in a state that is shown


def sizes_of(frame: Frame, model: z3.ModelRef) -> dict[str, int]:
    """The values of the parameters in a model."""
    return {v.name: value_of(model, frame.cells[v.name][0]) for v in frame.system.parametric}


def small_sizes(system: TransitionSystem, frame: Frame) -> list[list[z3.BoolRef]]:
    """Assumptions that make parameters small, then none: states of few units are easier to read."""
    if not system.parametric:
        return [[]]
    low = {v.name: bounds(scalar_of(v.sort))[0] for v in system.parametric}
    return [[frame.cells[name][0] <= least + more for name, least in low.items()] for more in (1, 3)] + [[]]


def state_of(frame: Frame, model: z3.ModelRef, sizes: Mapping[str, int] | None = None) -> State:
    """The state that a model gives to the constants of a frame: one of the instance with these `sizes`."""
    found: list[int] = []
    for variable in frame.system.variables:
        if sizes and variable.name in sizes:
            continue
        found += _values(variable, frame, model, sizes or {})
    return tuple(found)


def _values(variable: StateVar, frame: Frame, model: z3.ModelRef, sizes: Mapping[str, int]) -> list[int]:
    cells, sort = frame.cells[variable.name], variable.sort
    if isinstance(sort, ArraySort) and sort.extent:
        count = sort.size * sizes[sort.extent]
        return [value_of(model, number(z3.Select(cells[0], z3.IntVal(place)))) for place in range(count)]
    return [value_of(model, cell) for cell in cells]


def named(system: TransitionSystem, state: State, sizes: Mapping[str, int]) -> dict[str, int]:
    """A state of an instance by the names of its slots, with the parameters."""
    return {**sizes, **dict(zip(system.slot_names, state, strict=True))}


class Genuine:
    """Whether a step found by a solver is one: evaluated, in the instance that the model means."""

    def __init__(self, system: TransitionSystem, frame: Frame, model: z3.ModelRef) -> None:
        self.sizes = sizes_of(frame, model)
        self.readable = all(size <= MOST_UNITS for size in self.sizes.values())
        if self.readable:
            self.small = instantiated(system, self.sizes)[0] if self.sizes else system
            self.state = state_of(frame, model, self.sizes)

    def holds(self, expr: Expr, state: State) -> bool:
        """A condition of the system in a state of the instance."""
        return holds_in(self.small, self.sizes, expr, state)

    def breaks(self, position: int, assumed: Sequence[Expr], goal: Expr) -> bool:
        """Whether the step at this position leads from a state where all of `assumed` hold to one without `goal`."""
        step = self.small.transitions[position]
        before = self.state
        return (
            bool(evaluate(self.small.full_guard(step), before, self.small.slot))
            and all(self.holds(expr, before) for expr in assumed)
            and not self.holds(goal, apply(self.small, step, before))
        )

    def induction(self, steps: Sequence[Transition], broken: str) -> Induction:
        """The path from the state of the model by these steps of the system."""
        states = [self.state]
        for step in steps:
            own = next(s for s in self.small.transitions if s.index == step.index)
            states.append(apply(self.small, own, states[-1]))
        return Induction(
            tuple(named(self.small, state, self.sizes) for state in states), tuple(s.index for s in steps), broken
        )


def holds_in(small: TransitionSystem, sizes: Mapping[str, int], expr: Expr, state: State) -> bool:
    """Whether a condition of a system holds in a state of its instance `small`, with parameters of these values."""
    if not sizes:
        return bool(evaluate(expr, state, small.slot))
    arrays = {v.name: v.var for v in small.variables}

    def leaf(node: Lit | Var | Index) -> Expr:
        return Index(arrays[node.array.name], node.index) if isinstance(node, Index) else node

    slot = {**small.slot, **{name: len(state) + number for number, name in enumerate(sizes)}}
    return bool(evaluate(rewrite(expr, leaf), (*state, *sizes.values()), slot))
