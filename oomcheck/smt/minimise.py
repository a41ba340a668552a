"""Proofs made short: general conditions instead of many special ones, and nothing that is not needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from time import monotonic

import z3

from oomcheck.ir.expr import Apply, Expr, Quantified, not_
from oomcheck.ir.ops import Op
from oomcheck.ir.walk import variables
from oomcheck.smt.cone import cone
from oomcheck.smt.consecution import excludes
from oomcheck.smt.general import stronger
from oomcheck.smt.horn import Horn, plain
from oomcheck.smt.keeping import Keeping, kept
from oomcheck.smt.kinduction import is_inductive, k_induction
from oomcheck.smt.merging import Clause, Counters, by_value, clauses_of_not, merged, split, told, without_weaker
from oomcheck.smt.outcome import Budget, Proof, Question
from oomcheck.smt.support import BAD, Support
from oomcheck.smt.tracked import tracked
from oomcheck.smt.units import as_units, extents, for_all_units

GOALS = 6_000  # goals that are asked
PASSES = 2


def minimised(question: Question, proof: Proof, budget: Budget, known: Sequence[Expr] = ()) -> Proof:
    """A proof by single steps with fewer or shorter conjuncts; `proof` itself if its k is not 1 or none is found.

    `known` are conditions that hold in all reachable states; those that say of other places what a conjunct says may
    be used. The same on every run unless the seconds of the budget run out: then it is what was found until then.
    """
    if proof.k != 1:
        return proof
    try:
        found = _Smaller(question, budget).run(proof, known)
    except (z3.Z3Exception, MemoryError):
        return proof
    if found is None or all(new > old for new, old in zip(_cost(found), _cost(proof.conjuncts), strict=True)):
        return proof
    return Proof(found)


class _Smaller:
    def __init__(self, question: Question, budget: Budget) -> None:
        self._question = question
        self._budget = budget
        self._end = None if budget.seconds is None else monotonic() + budget.seconds
        self._system = cone(question.system, [question.bad])
        units = extents(self._system)
        self._horn: Horn = (tracked if units else plain)(self._system, question.bad)
        self._counters = Counters(self._system)
        self._asked = 0

    def run(self, proof: Proof, known: Sequence[Expr]) -> tuple[Expr, ...] | None:
        """Conjuncts of a shorter proof, None if none is found."""
        conjuncts = [c for c in proof.conjuncts if c != not_(self._question.bad)]
        facts = self._chosen(conjuncts)
        if facts is None:
            facts = self._chosen([*conjuncts, *clauses_of_not(self._question.bad)])
        if facts is None:
            return None
        clauses = without_weaker([self._counters.clause(fact) for fact in facts])
        more = [self._counters.clause(fact) for fact in self._of_units(known)]
        ideas = stronger(self._system, self._counters, clauses, more, self._budget.seed)
        ideas += by_value(ideas)
        wanted = tuple(dict.fromkeys(map(self._counters.expr, (*clauses, *ideas))))
        general = [self._counters.clause(fact) for fact in kept(self._horn, wanted, self._left())] or clauses
        short = self._least(list(map(self._counters.expr, self._together(general))))
        if short is None or _cost(short) >= _cost(facts):
            short = self._least(facts)
        return self._shown(short or facts)

    def _together(self, clauses: Sequence[Clause]) -> list[Clause]:
        """Fewer clauses that say as much."""
        self._counters.never(clauses)
        strong = without_weaker(list(map(self._counters.spread, merged(without_weaker(clauses)))))
        for _ in range(PASSES):
            strong = without_weaker([*strong, *by_value(strong)])
        return strong

    def _left(self) -> Budget:
        """What is left of the time."""
        if self._end is None:
            return self._budget
        return replace(self._budget, seconds=max(0.001, self._end - monotonic()))

    def _of_units(self, conditions: Iterable[Expr]) -> Iterator[Expr]:
        """Conditions that speak of variables that matter, said of one unit where that can be."""
        names = {v.name for v in self._system.variables}
        for condition in conditions:
            if names.issuperset(variables(condition)):
                for one in as_units(self._system, condition):
                    yield from split(one)

    # ------------------------------------------------------------ what is enough

    def _chosen(self, conjuncts: Iterable[Expr]) -> tuple[Expr, ...] | None:
        """Few of the conditions that are a proof together, as conditions about one unit."""
        return self._supported(tuple(dict.fromkeys(self._of_units(conjuncts))), thorough=False)

    def _least(self, facts: Sequence[Expr]) -> tuple[Expr, ...] | None:
        return self._supported(facts, thorough=True)

    def _supported(self, facts: Sequence[Expr], thorough: bool) -> tuple[Expr, ...] | None:
        support = Support(Keeping(self._horn, facts, self._left()), lambda: False)
        found = support.closed(range(len(facts)), {})
        if found is None:
            return None
        limited = Support(Keeping(self._horn, facts, self._left()), lambda: self._over(limited))
        if thorough:
            found = limited.fewer(found, lambda n: (-_atoms(facts[n]), n))
        return tuple(facts[number] for number in sorted(found.keys() - {BAD}))

    def _over(self, support: Support) -> bool:
        return support.asked > GOALS or (self._end is not None and monotonic() > self._end)

    def _shown(self, facts: Sequence[Expr]) -> tuple[Expr, ...] | None:
        """The conditions as conjuncts, once they are a proof for the system itself."""
        found = tuple(for_all_units(self._system, fact) for fact in told(self._counters, facts))
        if not extents(self._system):
            return found
        if is_inductive(self._system, found, self._left()) and excludes(
            self._system, found, self._question.bad, self._left()
        ):
            return found
        answer = k_induction(self._question, self._left(), found, (1,))
        return answer.conjuncts if isinstance(answer, Proof) else None


def _cost(facts: Sequence[Expr]) -> tuple[int, int]:
    return len(facts), sum(map(_atoms, facts))


def _atoms(expr: Expr) -> int:
    """Comparisons, and truth values that are read."""
    match expr:
        case Quantified(body=body):
            return _atoms(body)
        case Apply(op=Op.NOT | Op.AND | Op.OR | Op.ITE, args=args):
            return sum(map(_atoms, args))
        case _:
            return 1
