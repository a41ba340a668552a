"""The largest inductive subset of candidate invariants (Flanagan and Leino, Houdini, FME 2001)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from time import monotonic

import z3

from oomcheck.ir.expr import FALSE, TRUE, Apply, Expr, Index, Lit, Var
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import width
from oomcheck.ir.system import State, Transition, TransitionSystem
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.successors import apply
from oomcheck.smt.consecution import Asking, Broken, Consecution, Kept, holds_initially
from oomcheck.smt.ground import is_truth
from oomcheck.smt.induction import state_of
from oomcheck.smt.outcome import Budget
from oomcheck.smt.walks import reached

Pair = tuple[int, int]  # a slot and a value
Test = Callable[[State], bool]

ENDLESS = 2**62
WALKED = 40  # states that are looked at from one that no candidate excludes


def houdini(
    system: TransitionSystem, candidates: Sequence[Expr], budget: Budget, given: Sequence[Expr] = ()
) -> tuple[Expr, ...]:
    """Candidates that together hold initially and are kept by every step, in their order.

    `given` hold in all reachable states, and may be relied on. The result is the largest one for finite systems while
    the solver answers all; what it does not answer is dropped. If `budget.seconds` end before it is inductive, nothing
    is known, and nothing is returned.
    """
    end = None if budget.seconds is None else monotonic() + budget.seconds
    chosen = [c for c in dict.fromkeys(candidates) if c != TRUE and c != FALSE and holds_initially(system, c, budget)]
    search = _Search(Consecution(system, (*chosen, *given), budget), len(chosen), end)
    return tuple(chosen[number] for number in sorted(search.alive) if number < len(chosen)) if search.run() else ()


class _Search:
    def __init__(self, steps: Consecution, count: int, end: float | None) -> None:
        self.alive = set(range(len(steps.conditions)))
        self._count = count  # of candidates; given conditions come behind them
        self._steps = steps
        self._end = end
        self._system = steps.system
        self._walks = 0
        self._tests = Tests(self._system, () if self._system.parametric else steps.conditions[:count])
        self._used: dict[int, frozenset[int]] = {}  # by transition, what its last success rests on

    def run(self) -> bool:
        """Drop candidates until the rest is inductive; False if time ran out."""
        waiting = dict.fromkeys(range(len(self._steps.system.transitions)))
        while waiting:
            if self._end is not None and monotonic() > self._end:
                return False
            number = next(iter(waiting))
            del waiting[number]
            dropped = self._settle(number)
            if dropped:
                again = (other for other, used in self._used.items() if used & dropped and other != number)
                waiting.update(dict.fromkeys(again))
        return True

    def _settle(self, number: int) -> set[int]:
        """Drop what a transition does not keep."""
        steps, dropped = self._steps, set[int]()
        step = steps.system.transitions[number]
        goals = steps.afterwards(step, (n for n in steps.touched(step) if n in self.alive and n < self._count))
        if not goals:
            self._used[number] = frozenset()
            return dropped
        asking = Asking(steps, step, goals)
        asking.open(self.alive)
        while goals:
            match asking.check(sorted(self.alive), goals):
                case Kept(core=core):
                    self._used[number] = core
                    break
                case Broken(goals=failing, model=model):
                    bad = set(failing) | self._spread(step, model)
                case _:
                    bad = set(goals)
            dropped |= bad
            self.alive -= bad
            goals = {n: goal for n, goal in goals.items() if n in self.alive}
        else:
            self._used[number] = frozenset()
        asking.close()
        return dropped

    def _spread(self, step: Transition, model: z3.ModelRef) -> set[int]:
        """Candidates that fail in states on walks from the one after the step, which no candidate excludes."""
        if self._system.parametric:
            return set()
        start = apply(self._system, step, state_of(self._steps.frame, model))
        self._walks += 1
        failing: set[int] = set()
        for state in reached(self._system, self._walks, WALKED, start):
            failing.update(self._tests.failing(state, self.alive - failing))
        return failing


class Tests:
    """Which candidates fail in a state of a finite system; quick for clauses about single slots."""

    def __init__(self, system: TransitionSystem, candidates: Sequence[Expr]) -> None:
        self._by_pair: dict[Pair | None, list[tuple[int, list[Pair], list[Test]]]] = {}
        for number, candidate in enumerate(candidates):
            pairs: list[Pair] = []
            rest: list[Test] = []
            for part in candidate.args if isinstance(candidate, Apply) and candidate.op is Op.OR else (candidate,):
                pair = _excluded(system, part)
                if pair is None:
                    rest.append(_test(system, part))
                else:
                    pairs.append(pair)
            self._by_pair.setdefault(pairs[0] if pairs else None, []).append((number, pairs[1:], rest))

    def failing(self, state: State, among: Collection[int]) -> Iterator[int]:
        """Numbers of candidates that fail, of those asked for."""
        for key in (None, *enumerate(state)):
            for number, pairs, rest in self._by_pair.get(key, ()):
                if number not in among or any(state[slot] != value for slot, value in pairs):
                    continue
                if not any(test(state) for test in rest):
                    yield number


def _excluded(system: TransitionSystem, part: Expr) -> Pair | None:
    """The slot and the value that a condition excludes, if that is all that it does."""
    match part:
        case Apply(op=Op.NE, args=(place, Lit(value=value))):
            slot = _slot(system, place)
            return None if slot is None else (slot, value)
        case Apply(op=Op.NOT, args=(place,)) if is_truth(place):
            slot = _slot(system, place)
            return None if slot is None else (slot, 1)
        case Var() | Index() if is_truth(part):
            slot = _slot(system, part)
            return None if slot is None else (slot, 0)
    return None


def _slot(system: TransitionSystem, place: Expr) -> int | None:
    """The slot that an expression is, if it is one."""
    match place:
        case Var(name=name):
            return system.slot[name]
        case Index(array=array, index=Lit(value=position)) if 0 <= position < width(array.sort):
            return system.slot[array.name] + position
    return None


def _test(system: TransitionSystem, part: Expr) -> Test:
    """A condition as a function of the state; for a slot and a number without a walk over the expression."""
    match part:
        case Apply(op=Op.EQ, args=(place, Lit(value=value))):
            slot, low, high = _slot(system, place), value, value
        case Apply(op=Op.LE, args=(Lit(value=low), place)):
            slot, high = _slot(system, place), ENDLESS
        case Apply(op=Op.LE, args=(place, Lit(value=high))):
            slot, low = _slot(system, place), -ENDLESS
        case _:
            slot = None
    if slot is not None:
        found = slot
        return lambda state: low <= state[found] <= high
    return lambda state: bool(evaluate(part, state, system.slot))
