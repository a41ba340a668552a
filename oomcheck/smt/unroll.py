"""The paths of a system up to a depth that grows, with conditions on their last state, in one solver."""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

import z3

from oomcheck.ir.expr import Expr
from oomcheck.ir.system import TransitionSystem
from oomcheck.smt.encoding import encoding
from oomcheck.smt.machine import value_of
from oomcheck.smt.outcome import Budget, Refutation
from oomcheck.smt.template import template
from oomcheck.smt.terms import Term

Key = TypeVar("Key", bound=Hashable)


class NoAnswerError(Exception):
    """The solver has no answer and says why; `limit`: because it may not go on."""

    def __init__(self, reason: str, limit: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.limit = limit


class Unrolling(Generic[Key]):
    """Paths with `deepen()` steps so far, at first none. All questions may raise NoAnswerError.

    `left` are the conditions that were not found to be reached.
    """

    def __init__(self, system: TransitionSystem, bads: Mapping[Key, Expr], budget: Budget) -> None:
        self._system = system
        encoded = encoding(system)
        self._parameters = encoded.parameters
        self._template = template(encoded)
        self.left = {key: encoded.holds(bad) for key, bad in bads.items()}
        self._solver = _Solver("" if system.parametric else "QF_FD", budget)
        self._may_escape = _may_escape(self._template.escape, encoded.in_range(), budget)
        self._states: list[Sequence[Term]] = []
        self._fired: list[Sequence[z3.BoolRef]] = []
        self._new_state()
        self._solver.add(self._at(self._template.start, 0))

    def reached(self, depth: int) -> Iterator[tuple[Key, Refutation]]:
        """The conditions that hold in some state after `depth` steps, each with a path; they are no longer `left`.

        Afterwards the unrolling takes for granted that none of the others holds there.
        """
        marks = {key: z3.Bool(f"?{number}@{depth}") for number, key in enumerate(self.left)}
        for key, mark in marks.items():
            self._solver.add(z3.Implies(mark, self._at(self.left[key], depth)))
        while marks:
            some = z3.Bool(f"?some{len(marks)}@{depth}")
            self._solver.add(z3.Implies(some, z3.Or(list(marks.values()))))
            model = self._solver.model(some)
            if model is None:
                break
            path = self._path(model)
            for key in [key for key, mark in marks.items() if z3.is_true(model.eval(mark))]:
                del self.left[key], marks[key]
                yield key, path
        self.exclude(depth)

    def exclude(self, depth: int) -> None:
        """Take for granted that none of the conditions holds after `depth` steps."""
        self._solver.add(*(z3.Not(self._at(bad, depth)) for bad in self.left.values()))

    def escapes(self, depth: int) -> bool:
        """Whether the step after `depth` steps can leave what is represented."""
        return self._may_escape and self._solver.model(self._at(self._template.escape, depth)) is not None

    def deepen(self) -> bool:
        """One step more; False if there is no path with so many."""
        shape, depth = self._template, len(self._states) - 1
        self._fired.append([z3.Bool(f"{term}@{depth}") for term in shape.fired])
        self._new_state()
        pairs = zip(
            (*shape.now, *shape.then, *shape.fired),
            (*self._states[-2], *self._states[-1], *self._fired[-1]),
            strict=True,
        )
        self._solver.add(z3.substitute(shape.step, *pairs))
        if depth:
            pairs = zip((*shape.fired, *shape.after), (*self._fired[-2], *self._fired[-1]), strict=True)
            self._solver.add(z3.substitute(shape.order, *pairs))
        return self._solver.model() is not None

    def _new_state(self) -> None:
        depth = len(self._states)
        self._states.append([z3.Const(f"{term}@{depth}", term.sort()) for term in self._template.now])

    def _at(self, term: z3.BoolRef, depth: int) -> z3.BoolRef:
        return _instance(term, self._template.now, self._states[depth])

    def _path(self, model: z3.ModelRef) -> Refutation:
        steps = []
        for fired in self._fired:
            (number,) = (number for number, term in enumerate(fired) if z3.is_true(model.eval(term)))
            steps.append(self._system.transitions[number].index)
        return Refutation(tuple(steps), {name: value_of(model, term) for name, term in self._parameters.items()})


def _instance(term: z3.BoolRef, old: Sequence[Term], new: Sequence[Term]) -> z3.BoolRef:
    return z3.substitute(term, *zip(old, new, strict=True))


def _may_escape(escape: z3.BoolRef, in_range: z3.BoolRef, budget: Budget) -> bool:
    """Whether a step from some state, reachable or not, may leave what is represented."""
    if z3.is_false(escape):
        return False
    solver = _Solver("QF_FD", budget)
    solver.add(escape, in_range)
    return solver.model() is not None


class _Solver:
    """A solver that stops at the limits of a budget."""

    def __init__(self, logic: str, budget: Budget) -> None:
        self._solver = z3.SolverFor(logic) if logic else z3.Solver()
        self._solver.set("random_seed", budget.seed)
        self._until = None if budget.seconds is None else time.monotonic() + budget.seconds
        self._rlimit = budget.rlimit

    def add(self, *terms: z3.BoolRef) -> None:
        """Take for granted."""
        self._solver.add(*terms)

    def model(self, *assumptions: z3.BoolRef) -> z3.ModelRef | None:
        """A model of all that is granted and of the assumptions, None if there is none. Raises NoAnswerError."""
        if self._until is not None:
            left = self._until - time.monotonic()
            if left <= 0:
                raise NoAnswerError("time limit", limit=True)
            self._solver.set("timeout", max(1, int(1000 * left)))
        if self._rlimit is not None:
            if self._rlimit <= 0:
                raise NoAnswerError("limit of solver steps", limit=True)
            self._solver.set("rlimit", self._rlimit)
        before = _steps()
        answer = self._solver.check(*assumptions)
        if self._rlimit is not None:
            self._rlimit -= _steps() - before
        if answer == z3.unknown:
            raise self._failure(self._solver.reason_unknown())
        return self._solver.model() if answer == z3.sat else None

    def _failure(self, reason: str) -> NoAnswerError:
        if self._rlimit is not None and self._rlimit <= 0:
            return NoAnswerError("limit of solver steps", limit=True)
        is_late = self._until is not None and time.monotonic() >= self._until
        if is_late or reason in ("timeout", "canceled"):
            return NoAnswerError("time limit", limit=True)
        return NoAnswerError(f"the solver gives up: {reason.strip('() ').splitlines()[0]}", limit=False)


def _steps() -> int:
    """Steps that Z3 has made so far in this process."""
    return int(z3.Solver().statistics().get_key_value("rlimit count"))
