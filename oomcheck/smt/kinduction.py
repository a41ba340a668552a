"""k-induction: no bad state within k steps of the initial one, and none after k states that are not bad.

Sheeran, Singh, Stålmarck, Checking safety properties using induction and a SAT-solver (FMCAD 2000). The path of the
step may be asked to repeat no state, which makes the method complete for finite systems; conditions known to hold in
all reachable states are assumed of each of its states.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from time import monotonic

import z3

from oomcheck.ir.expr import Expr, not_
from oomcheck.ir.system import TransitionSystem
from oomcheck.smt.bmc import NOTHING_DEEPER, bmc, bmc_many
from oomcheck.smt.consecution import holds_initially
from oomcheck.smt.outcome import Budget, Induction, Open, Outcome, Proof, Question, Refutation, UpTo
from oomcheck.smt.paths import Paths
from oomcheck.smt.single import Failed, Single

FEW = 16  # conditions, of which one after the other is left out
DEEPEST = 12  # k, if the budget does not say


def k_induction(
    question: Question, budget: Budget, known: Sequence[Expr] = (), bounds: Iterable[int] | None = None
) -> Outcome:
    """A proof by the least k of `bounds` that suffices (else 1, 2, .. up to the depth of the budget), or why not.

    `known` are conditions that hold in all reachable states; those that the proof rests on are among its conjuncts,
    and if they are not k-inductive together with it, the proof is not made.
    """
    try:
        return _Search(question, budget, known).run(bounds)
    except z3.Z3Exception as problem:
        return Open(f"Z3: {problem}")
    except MemoryError:
        return Open("out of memory")


def is_inductive(system: TransitionSystem, conditions: Sequence[Expr], budget: Budget) -> bool:
    """Whether conditions are seen to hold initially and to be kept together by each step."""
    every = range(len(conditions))
    starts = all(holds_initially(system, condition, budget) for condition in conditions)
    return starts and Single(system, conditions, budget).sufficient(every, every) is not None


class _Search:
    def __init__(self, question: Question, budget: Budget, known: Sequence[Expr]) -> None:
        self._question = question
        self._system = question.system
        self._budget = budget
        self._end = None if budget.seconds is None else monotonic() + budget.seconds
        goal = not_(question.bad)
        self._conditions = (*(fact for fact in dict.fromkeys(known) if fact != goal), goal)
        self._goal = len(self._conditions) - 1
        self._all = frozenset(range(len(self._conditions)))
        self._single = Single(self._system, self._conditions, self._left())
        self._paths: Paths | None = None
        self._depth = -1
        self._exhausted: UpTo | None = None  # all reachable states were looked at
        self._induction: Induction | None = None
        self._reason = ""

    def _left(self) -> Budget:
        """What is left of the time."""
        if self._end is None:
            return self._budget
        return replace(self._budget, seconds=max(0.001, self._end - monotonic()))

    def run(self, bounds: Iterable[int] | None) -> Outcome:
        """Try one k after the other."""
        most = DEEPEST if self._budget.depth is None else max(1, self._budget.depth)
        for k in range(1, most + 1) if bounds is None else bounds:
            if self._end is not None and monotonic() > self._end:
                return self._open("time limit")
            self._budget.tell(f"induction, k = {k}")
            ended = self._base(k)
            if ended is not None:
                return ended
            proof = self._step(k)
            if proof is not None:
                return proof
        return self._exhausted or self._open(self._reason)

    def _open(self, reason: str) -> Open:
        return Open(reason, self._depth, self._induction)

    # ------------------------------------------------------------ base

    def _base(self, k: int) -> Outcome | None:
        """Look for bad states within k - 1 steps; once there are no deeper states, none is left to look at."""
        if k == 1 and holds_initially(self._system, self._conditions[self._goal], self._left()):
            self._depth = 0
            return None
        if self._exhausted is not None:
            return None
        found = bmc(self._question, replace(self._left(), depth=k - 1), self._depth)
        match found:
            case Refutation():
                return found
            case UpTo(reason=reason) if reason == NOTHING_DEEPER:
                self._exhausted = found
            case UpTo(depth=depth) if depth < k - 1:
                self._depth = max(self._depth, depth)
                return found
            case Open(reason=reason, depth=depth):
                self._depth = max(self._depth, depth)
                return self._open(reason)
        self._depth = k - 1
        return None

    def _hold_at_first(self, used: frozenset[int], k: int) -> bool:
        """Whether conditions hold in all states within k - 1 steps; that they are called known is not enough."""
        facts = {n: self._conditions[n] for n in used if n != self._goal}
        if not all(holds_initially(self._system, fact, self._left()) for fact in facts.values()):
            return False
        if k == 1 or not isinstance(self._single.kept(facts, facts), Failed):
            return True
        violated = {n: not_(fact) for n, fact in facts.items()}
        found = bmc_many(self._system, violated, replace(self._left(), depth=k - 1))
        return all(isinstance(a, UpTo) and (a.depth == k - 1 or a.reason == NOTHING_DEEPER) for a in found.values())

    # ------------------------------------------------------------ step

    def _step(self, k: int) -> Proof | None:
        """The proof by this k, or None; keeps the reason and the counterexample to induction."""
        if k == 1:
            answer = self._single.kept([self._goal], self._all)
            if isinstance(answer, Failed):
                self._note(answer)
                return None
            used = self._single.closure(self._goal, self._all)
            return self._proof(used, 1)
        if self._paths is None:
            self._paths = Paths(self._system, self._conditions, self._left())
        self._paths.limit(self._left())
        for simple in (False, True) if not self._system.parametric else (False,):
            used_here = self._paths.kept([self._goal], self._all, k, simple)
            if isinstance(used_here, Failed):
                self._note(used_here)
                continue
            proof = self._proof(self._closure(used_here, k, simple), k, simple)
            if proof is not None:
                return proof
        return None

    def _note(self, failed: Failed) -> None:
        self._reason = failed.reason
        self._induction = failed.induction or self._induction

    def _closure(self, used: frozenset[int], k: int, simple: bool) -> frozenset[int] | None:
        """The conditions that a proof by this k rests on, all of them k-inductive together with the goal."""
        assert self._paths is not None
        found, new = {self._goal}, set(used) - {self._goal}
        while new:
            found |= new
            answer = self._single.kept(new, self._all)
            if isinstance(answer, Failed):
                answer = self._paths.kept(new, self._all, k, simple)
            if isinstance(answer, Failed):
                return None
            new = set(answer) - found
        return self._smaller(frozenset(found), k, simple)

    def _smaller(self, used: frozenset[int], k: int, simple: bool) -> frozenset[int]:
        """Fewer conditions for the same proof; many are left as they are."""
        for number in sorted(used - {self._goal}, reverse=True) if len(used) <= FEW else ():
            if self._holds_by(used - {number}, k, simple):
                used -= {number}
        return used

    def _holds_by(self, used: frozenset[int], k: int, simple: bool) -> bool:
        """Whether conditions are k-inductive together."""
        assert self._paths is not None
        return not isinstance(self._paths.kept(sorted(used), used, k, simple), Failed)

    def _proof(self, used: frozenset[int] | None, k: int, simple: bool = False) -> Proof | None:
        if used is None:
            self._reason = "what is known is not inductive together with the property"
            return None
        if not self._hold_at_first(used, k):
            self._reason = "what is known is not shown to hold in the first states"
            return None
        # By single steps the conjuncts must exclude the bad states, so the goal is one of them.
        return Proof(tuple(self._conditions[n] for n in sorted(used) if n != self._goal or k == 1), k, simple)
