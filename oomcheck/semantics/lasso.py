"""Linear temporal logic on a lasso, by the definition of each operator and without any automaton.

A lasso is a run that ends in a loop: positions 0 .. n - 1, and after the last one the position `loop` again. The
truth of a formula at each position follows from those of its operands; for `U` it is the least solution of the
expansion law `l U r = r || (l && X (l U r))`, for `R` the greatest one of `l R r = r && (l || X (l R r))`
(Baier and Katoen, Principles of Model Checking (2008), sections 5.1.4 and 5.2).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from oomcheck.ir.system import State
from oomcheck.prop.formula import And, Atom, Formula, Next, Not, Or, Release, Until, subformulas
from oomcheck.records import dataclass
from oomcheck.semantics.evaluate import Slots, evaluate

Truth = tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Truths:
    """Where a subformula holds: one entry for each position of the lasso."""

    formula: Formula
    at: Truth


def holds(formula: Formula, states: Sequence[State], loop: int, slots: Slots) -> bool:
    """Whether the run `states`, then `states[loop:]` again and again, satisfies `formula` from its first state on.

    `slots` gives the first slot of each variable, as for `evaluate`.
    """
    return truths(formula, states, loop, slots)[-1].at[0]


def truths(formula: Formula, states: Sequence[State], loop: int, slots: Slots) -> tuple[Truths, ...]:
    """The truth of each subformula at each position; operands come before what they are operands of."""
    assert 0 <= loop < len(states), "a lasso repeats at least one state"
    known: dict[int, Truth] = {}
    parts = subformulas(formula)
    for part in parts:
        known[id(part)] = _truth(part, known, states, loop, slots)
    return tuple(Truths(part, known[id(part)]) for part in parts)


def _truth(part: Formula, known: dict[int, Truth], states: Sequence[State], loop: int, slots: Slots) -> Truth:
    match part:
        case Atom(condition=condition):
            return tuple(bool(evaluate(condition, state, slots)) for state in states)
        case Not(arg=arg):
            return tuple(not truth for truth in known[id(arg)])
        case And(left=left, right=right):
            return tuple(a and b for a, b in zip(known[id(left)], known[id(right)], strict=True))
        case Or(left=left, right=right):
            return tuple(a or b for a, b in zip(known[id(left)], known[id(right)], strict=True))
        case Next(arg=arg):
            truth = known[id(arg)]
            return (*truth[1:], truth[loop])
        case Until(left=left, right=right):
            ahead, now = known[id(left)], known[id(right)]
            return _solution(len(states), loop, False, lambda i, after: now[i] or (ahead[i] and after))
        case Release(left=left, right=right):
            freed, kept = known[id(left)], known[id(right)]
            return _solution(len(states), loop, True, lambda i, after: kept[i] and (freed[i] or after))


def _solution(count: int, loop: int, start: bool, law: Callable[[int, bool], bool]) -> Truth:
    """The least (`start` is False) or greatest (True) solution of `x[i] = law(i, x[successor of i])`."""
    truth = [start] * count
    changed = True
    while changed:
        changed = False
        for i in reversed(range(count)):
            new = law(i, truth[i + 1 if i + 1 < count else loop])
            changed |= new != truth[i]
            truth[i] = new
    return tuple(truth)
