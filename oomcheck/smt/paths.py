"""Paths of k steps from anywhere, and whether a condition is true after k states in which others hold."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import z3

from oomcheck.ir.expr import Expr, not_
from oomcheck.ir.system import Role, TransitionSystem
from oomcheck.smt.consecution import configure
from oomcheck.smt.ground import renamed
from oomcheck.smt.induction import MOST_UNITS, named, sizes_of, small_sizes, state_of
from oomcheck.smt.machine import Frame, Machine, value_of
from oomcheck.smt.outcome import Budget, Induction
from oomcheck.smt.single import Failed
from oomcheck.smt.terms import Term
from oomcheck.transform.instantiate import instantiated

FULL = 5.0  # seconds for a question with quantifiers, if there is no other limit


class Paths:
    """Frames 0, 1, .. with a step from each to the next, and conditions, by number, that may be assumed of each."""

    def __init__(self, system: TransitionSystem, conditions: Sequence[Expr], budget: Budget) -> None:
        self._system = system
        self._conditions = tuple(renamed(c, f"@{n}_") for n, c in enumerate(conditions))
        self._machine = Machine(system)
        self._relation = self._machine.step(z3.Int("?step"))
        self._solver = z3.Solver()
        self.limit(budget)
        self._solver.add(self._machine.given())
        self._frames: list[Frame] = []
        self._assumed: list[list[z3.BoolRef]] = []
        self._taken: list[z3.BoolRef] = []  # whether the path goes on to each frame
        self._chosen: list[z3.ArithRef] = []
        self._simple = z3.Bool("?simple")
        self._questions = 0
        self._frame()

    def limit(self, budget: Budget) -> None:
        """Set the limits of each question from here on."""
        if self._system.parametric and budget.seconds is None and budget.rlimit is None:
            budget = Budget(seconds=FULL, seed=budget.seed)
        configure(self._solver, budget)

    def _frame(self) -> None:
        """One frame more, and a step to it."""
        depth = len(self._frames)
        frame = Frame(self._system, f"@{depth}")
        if depth:
            chosen = z3.Int(f"?step@{depth}")
            pairs = [(z3.Int("?step"), chosen), *self._pairs(self._machine.current, self._frames[-1])]
            taken = z3.Bool(f"?taken@{depth}")
            step = z3.substitute(self._relation, *pairs, *self._pairs(self._machine.after, frame))
            unlike = [z3.Not(_same(frame, other)) for other in self._frames]
            self._solver.add(z3.Implies(taken, step), z3.Implies(z3.And(taken, self._simple), z3.And(unlike)))
            self._chosen.append(chosen)
            self._taken.append(taken)
        self._frames.append(frame)
        marks = [z3.Bool(f"?{number}@{depth}") for number in range(len(self._conditions))]
        for mark, condition in zip(marks, self._conditions, strict=True):
            self._solver.add(z3.Implies(mark, frame.truth(condition)))
        self._assumed.append(marks)

    def _pairs(self, old: Frame, new: Frame) -> Iterator[tuple[Term, Term]]:
        for name, slot in self._machine.cells:
            yield old.cells[name][slot], new.cells[name][slot]

    def kept(self, goals: Collection[int], assumed: Collection[int], k: int, simple: bool) -> frozenset[int] | Failed:
        """The assumed conditions that suffice for all goals to hold after k states of a path, or a path."""
        while len(self._frames) <= k:
            self._frame()
        names = {m.get_id(): n for marks in self._assumed[:k] for n, m in enumerate(marks) if n in assumed}
        self._questions += 1
        wrong = z3.Bool(f"?question{self._questions}")
        failing = [self._frames[k].truth(renamed(not_(self._conditions[n]), "~")) for n in goals]
        self._solver.add(z3.Implies(wrong, z3.Or(failing)))
        used = [m for marks in self._assumed[:k] for n, m in enumerate(marks) if n in assumed]
        switches = [wrong, *self._taken[:k], *([self._simple] if simple else []), *used]
        for small in small_sizes(self._system, self._frames[0]):
            answer = self._solver.check(*switches, *small)
            if answer == z3.unsat and not small:
                return frozenset(names[m.get_id()] for m in self._solver.unsat_core() if m.get_id() in names)
            if answer == z3.sat:
                return self._path(self._solver.model(), k)
        return Failed(self._solver.reason_unknown())

    def _path(self, model: z3.ModelRef, k: int) -> Failed:
        sizes = sizes_of(self._frames[0], model)
        if any(size > MOST_UNITS for size in sizes.values()):
            return Failed("a counterexample to induction has too many units to show")
        small = instantiated(self._system, sizes)[0] if sizes else self._system
        states = tuple(named(small, state_of(frame, model, sizes), sizes) for frame in self._frames[: k + 1])
        steps = tuple(self._system.transitions[value_of(model, chosen)].index for chosen in self._chosen[:k])
        return Failed("not inductive", Induction(states, steps))


def _same(one: Frame, other: Frame) -> z3.BoolRef:
    cells = [
        (a, b)
        for v in one.system.variables
        if v.role is not Role.PARAM
        for a, b in zip(one.cells[v.name], other.cells[v.name], strict=True)
    ]
    return z3.And([a == b for a, b in cells])
