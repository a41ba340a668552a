"""Induction by single steps: whether each transition keeps a condition, and which others matter for that."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import z3

from oomcheck.ir.expr import Expr
from oomcheck.ir.system import Transition, TransitionSystem
from oomcheck.records import dataclass
from oomcheck.smt.consecution import Answer, Asking, Broken, Consecution, Kept, Unclear
from oomcheck.smt.induction import Genuine, small_sizes
from oomcheck.smt.outcome import Budget, Induction

FULL = 5.0  # seconds for a question with quantifiers, if there is no other limit
PASSES = 3
FEW = 600  # conditions times transitions, for which leaving out one after the other is quick


@dataclass(frozen=True, slots=True)
class Failed:
    """Some step does not keep a goal. Without an induction the solver did not know, or its answer cannot be read."""

    reason: str
    induction: Induction | None = None


class Single:
    """Conditions of a system, by number, and what they say about each other over one step."""

    def __init__(self, system: TransitionSystem, conditions: Sequence[Expr], budget: Budget) -> None:
        self._steps = Consecution(system, conditions, budget)
        self._system = system
        self._original = tuple(conditions)
        self._budget = budget

    def kept(self, goals: Collection[int], assumed: Collection[int], broken: str = "") -> frozenset[int] | Failed:
        """The assumed conditions that suffice for every step to keep all goals, or a step that does not."""
        core: set[int] = set()
        for step in self._system.transitions:
            match self._answer(step, goals, assumed):
                case Kept(core=used):
                    core |= used
                case Broken(goals=(goal, *_)):
                    return self._failed(step, goal, assumed, broken)
                case Unclear(reason=reason):
                    return Failed(reason)
        return frozenset(core)

    def sufficient(self, goals: Collection[int], assumed: Collection[int]) -> frozenset[int] | None:
        """As `kept`, without a reason if there are none."""
        core: set[int] = set()
        for step in self._system.transitions:
            answer = self._answer(step, goals, assumed)
            if not isinstance(answer, Kept):
                return None
            core |= answer.core
        return frozenset(core)

    def _answer(self, step: Transition, goals: Collection[int], assumed: Collection[int]) -> Answer:
        wanted = set(goals) & set(self._steps.touched(step))
        after = self._steps.afterwards(step, sorted(wanted))
        if not after:
            return Kept(frozenset())
        answer = self._steps.ask(step, after, sorted(assumed))
        if isinstance(answer, Kept) or not self._steps.approximates(step, after, assumed):
            return answer
        return self._exactly(step, after, assumed)

    def _exactly(self, step: Transition, goals: dict[int, Expr], assumed: Collection[int]) -> Answer:
        """The same with all quantifiers in place."""
        return self._steps.ask_fully(step, goals, sorted(assumed), FULL if self._budget.seconds is None else None)

    def closure(self, goal: int, assumed: Collection[int]) -> frozenset[int] | None:
        """A set of conditions with `goal`, all of them assumed, that is kept by every step; None if there is none.

        It is made small, not least: what an unsatisfiable core names is taken up until nothing is missing, more than
        once, and of few conditions one after the other is left out.
        """
        found: frozenset[int] | None = None
        for _ in range(PASSES):
            smaller = self._closed({goal}, assumed)
            if smaller is None or (found is not None and len(smaller) >= len(found)):
                break
            found = assumed = smaller
        if found is not None and len(found) * len(self._system.transitions) <= FEW:
            for number in sorted(found - {goal}, reverse=True):
                less = found - {number}
                if self.sufficient(less, less) is not None:
                    found = less
        return found

    def _closed(self, goals: Iterable[int], assumed: Collection[int]) -> frozenset[int] | None:
        found: set[int] = set()
        new = set(goals)
        while new:
            found |= new
            answer = self.sufficient(new, assumed)
            if answer is None:
                return None
            new = set(answer) - found
        return frozenset(found)

    # ------------------------------------------------------------ counterexamples

    def _failed(self, step: Transition, goal: int, assumed: Collection[int], broken: str) -> Failed:
        """A step that breaks a goal, near to the initial state."""
        steps = self._steps
        goals = steps.afterwards(step, [goal])
        numbers = sorted(assumed)
        model: z3.ModelRef | None = None
        preferred: list[z3.BoolRef] = []
        for small in small_sizes(self._system, steps.frame):
            answer = steps.ask(step, goals, numbers, small)
            if isinstance(answer, Broken):
                model, preferred = answer.model, list(small)
                break
        if model is None:
            return Failed("the solver's answer cannot be repeated")
        asking = Asking(steps, step, goals)
        asking.open(numbers)
        for wish in self._wishes():
            answer = asking.check(numbers, goals, [*preferred, wish])
            if isinstance(answer, Broken):
                model = answer.model
                preferred.append(wish)
        asking.close()
        genuine = Genuine(self._system, steps.frame, model)
        position = next(n for n, other in enumerate(self._system.transitions) if other is step)
        conditions = [self._original[number] for number in numbers]
        if not genuine.readable:
            return Failed("a counterexample to induction has too many units to show")
        if not genuine.breaks(position, conditions, self._original[goal]):
            return Failed("the solver's counterexample to induction is none: a quantifier needs other instances")
        return Failed("not inductive", genuine.induction([step], broken))

    def _wishes(self) -> Iterable[z3.BoolRef]:
        """That a slot has its initial value, one after the other."""
        frame = self._steps.frame
        for variable in self._system.variables:
            cells = frame.cells[variable.name]
            for slot, value in enumerate(variable.init):
                if slot < len(cells) and not z3.is_array(cells[slot]) and variable not in self._system.parametric:
                    yield cells[slot] == (bool(value) if z3.is_bool(cells[slot]) else value)
