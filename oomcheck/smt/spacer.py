"""Property-directed reachability: Spacer (Komuravelli, Gurfinkel and Chaki, CAV 2014), and what is made of its answers.

Nothing that Spacer says is believed: its invariants are checked on the system that was asked about, transition by
transition, and a bad state is looked for by bounded model checking.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import monotonic

import z3

from oomcheck.ir.expr import Expr, Lit, and_, binary
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import ArraySort, BoolSort, bounds, scalar_of
from oomcheck.ir.system import Role, TransitionSystem
from oomcheck.ir.walk import variables
from oomcheck.smt.auxiliary import auxiliary
from oomcheck.smt.bmc import bmc
from oomcheck.smt.clauses import Reached, Solved, places, solve
from oomcheck.smt.cone import cone
from oomcheck.smt.horn import Horn, plain, strengthened
from oomcheck.smt.keeping import Keeping, closure, kept
from oomcheck.smt.kinduction import k_induction
from oomcheck.smt.outcome import Budget, Open, Proof, Question, Refutation
from oomcheck.smt.tracked import tracked
from oomcheck.smt.units import extents, for_all_units, for_one_unit

SHALLOW = 20  # steps within which a path is looked for before Spacer is asked about units
DEEP = 60  # steps within which a counterexample of Spacer is looked for, if the budget does not say
LARGEST = 2**31 - 1
UNSOUND = "the invariant that Spacer found fails its check"

Answer = Proof | Refutation | Open


def pdr(question: Question, budget: Budget, known: Sequence[Expr] = ()) -> Answer:
    """A proof by an inductive invariant (k = 1), a path to a bad state, or why there is neither.

    `known` are conditions that hold in all reachable states; those that the proof rests on are among its conjuncts. If
    the system has arrays with an extent, the proof is for every number of units.
    """
    try:
        return _Search(question, budget, known).answer()
    except z3.Z3Exception as problem:
        return Open(f"Z3: {problem}")
    except MemoryError:
        return Open("out of memory")


class _Search:
    def __init__(self, question: Question, budget: Budget, known: Sequence[Expr]) -> None:
        self._question = question
        self._budget = budget
        self._end = None if budget.seconds is None else monotonic() + budget.seconds
        self._small = cone(question.system, [question.bad])
        names = {v.name for v in self._small.variables}
        self._known = [fact for fact in dict.fromkeys(known) if names.issuperset(variables(fact))]

    def answer(self) -> Answer:
        self._budget.tell("property-directed reachability")
        return self._for_units() if extents(self._small) else self._as_it_is()

    def _left(self) -> Budget:
        """What is left of the time."""
        if self._end is None:
            return self._budget
        return replace(self._budget, seconds=max(0.001, self._end - monotonic()))

    # ------------------------------------------------------------ systems with a shape

    def _as_it_is(self) -> Answer:
        horn = plain(self._small, self._question.bad)
        answer: Answer = Open("Spacer was not asked")
        for apart in (True, False):
            match solve(strengthened(horn, self._known), self._left(), apart):
                case Solved(invariant=invariant):
                    conditions = tuple(dict.fromkeys((*invariant, *self._known, *ranges(self._small))))
                    found = closure(Keeping(horn, conditions, self._left()))
                    if found is not None:
                        return Proof(tuple(conditions[number] for number in sorted(found)))
                    answer = Open(UNSOUND)
                case Reached():
                    answer = self._path("Spacer says that a bad state can be reached, but no path was found")
                    if isinstance(answer, Refutation):
                        break
                case Open() as answer:
                    break
        return answer

    def _path(self, otherwise: str, depth: int = DEEP) -> Refutation | Open:
        budget = replace(self._left(), depth=min(depth, self._budget.depth or depth))
        if budget.seconds is not None:
            budget = replace(budget, seconds=budget.seconds / 2)
        answer = bmc(self._question, budget)
        if isinstance(answer, Refutation):
            return answer
        return Open(otherwise, answer.depth)

    # ------------------------------------------------------------ systems of any size

    def _for_units(self) -> Answer:
        small, bad = self._small, self._question.bad
        horn = tracked(small, bad)
        facts, found = self._kept(horn, self._known or auxiliary(small, self._budget.seed))
        if found is None:
            shallow = self._path("", SHALLOW)
            if isinstance(shallow, Refutation):
                return shallow
            match solve(strengthened(horn, facts), self._left()):
                case Solved(invariant=invariant):
                    facts = tuple(dict.fromkeys((*invariant, *facts)))
                    found = closure(Keeping(horn, facts, self._left()))
                case Reached():
                    return self._path("a single unit does not tell enough")
                case Open() as left_open:
                    return left_open
        if found is None:
            return Open(UNSOUND)
        return self._checked(tuple(for_all_units(small, facts[number]) for number in sorted(found)))

    def _kept(self, horn: Horn, ideas: Sequence[Expr]) -> tuple[tuple[Expr, ...], frozenset[int] | None]:
        """Which conditions hold, as ones about a single unit, and those that are a proof already, if any are."""
        candidates = [*ranges(horn.system, horn.inputs), *(for_one_unit(self._small, idea) for idea in ideas)]
        facts = kept(horn, tuple(dict.fromkeys(fact for fact in candidates if fact is not None)), self._left())
        return facts, closure(Keeping(horn, facts, self._left()))

    def _checked(self, conjuncts: Sequence[Expr]) -> Proof | Open:
        """The proof for all units, shown on the system itself."""
        answer = k_induction(self._question, self._left(), conjuncts, (1,))
        match answer:
            case Proof():
                return Proof(tuple(dict.fromkeys(conjuncts)))
            case Open(reason=reason):
                return Open(f"the invariant of one unit fails for all: {reason}")
            case _:
                return Open("the invariant of one unit fails for all")


def ranges(system: TransitionSystem, without: frozenset[str] = frozenset()) -> list[Expr]:
    """That slots are in their sorts, where these have ends; a number of 32 bits has none."""
    found = []
    for variable in system.variables:
        sort = scalar_of(variable.sort)
        endless = isinstance(variable.sort, ArraySort) and variable.sort.extent
        if variable.role is Role.PARAM or variable.name in without or isinstance(sort, BoolSort) or endless:
            continue
        low, high = bounds(sort)
        for place in places(variable):
            lower = [binary(Op.LE, Lit(low, sort), place)] if low >= -LARGEST else []
            upper = [binary(Op.LE, place, Lit(high, sort))] if high < LARGEST else []
            found += [and_(*lower, *upper)] if lower or upper else []
    return found
