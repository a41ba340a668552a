"""Proofs made small: conjuncts that are not needed left out, and parts of clauses that are not needed as well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from time import monotonic

import z3

from oomcheck.ir.expr import Apply, Expr, or_
from oomcheck.ir.ops import Op
from oomcheck.smt.horn import Horn, plain
from oomcheck.smt.keeping import Keeping, closure, needs
from oomcheck.smt.kinduction import k_induction
from oomcheck.smt.outcome import Budget, Proof, Question
from oomcheck.smt.tracked import tracked
from oomcheck.smt.units import extents, for_all_units, for_one_unit

ROUNDS = 3
TRIES = 400  # attempts to leave something out


def minimised(question: Question, proof: Proof, budget: Budget) -> Proof:
    """A proof by single steps (k = 1) that is not longer than `proof`; `proof` itself if k is larger or all else fails.

    The same on every run unless the seconds of the budget run out: then it is what was found until then.
    """
    if proof.k != 1:
        return proof
    try:
        return _minimised(question, proof, budget)
    except (z3.Z3Exception, MemoryError):
        return proof


def _minimised(question: Question, proof: Proof, budget: Budget) -> Proof:
    system = question.system
    if not extents(system):
        found = _Smaller(plain(system, question.bad), proof.conjuncts, budget).run()
        return proof if found is None else Proof(found)
    ideas = [for_one_unit(system, fact) for fact in proof.conjuncts]
    facts = tuple(dict.fromkeys(fact for fact in ideas if fact is not None))
    if len(facts) != len(proof.conjuncts):
        return proof
    found = _Smaller(tracked(system, question.bad), facts, budget).run()
    if found is None:
        return proof
    smaller = Proof(tuple(for_all_units(system, fact) for fact in found))
    return smaller if isinstance(k_induction(question, budget, smaller.conjuncts, (1,)), Proof) else proof


class _Smaller:
    def __init__(self, horn: Horn, facts: Sequence[Expr], budget: Budget) -> None:
        self._end = None if budget.seconds is None else monotonic() + budget.seconds
        self._keeping = Keeping(horn, facts, budget)
        self._tries = 0

    def run(self) -> tuple[Expr, ...] | None:
        """Fewer and shorter conditions that exclude the bad states together; None if those given do not."""
        found = self._closed(range(len(self._keeping.conditions)))
        if found is None:
            return None
        for _ in range(ROUNDS):
            before = found
            found = self._with_shorter_clauses(found)
            found = self._with_fewer(self._closed(found) or found)
            if found == before or self._over():
                break
        return tuple(self._keeping.conditions[number] for number in found)

    def _over(self) -> bool:
        return self._tries >= TRIES or (self._end is not None and monotonic() > self._end)

    def _closed(self, numbers: Sequence[int]) -> tuple[int, ...] | None:
        """A subset that is enough; smaller ones are looked for as long as that helps."""
        found: tuple[int, ...] | None = None
        for _ in range(ROUNDS):
            smaller = closure(self._keeping, numbers if found is None else found)
            if smaller is None or (found is not None and len(smaller) == len(found)):
                break
            found = tuple(sorted(smaller))
        return found

    def _with_fewer(self, found: tuple[int, ...]) -> tuple[int, ...]:
        """Leave conditions out one by one, long ones first."""
        for number in sorted(found, key=lambda n: (-_size(self._keeping.conditions[n]), n)):
            if self._over():
                break
            if number in found:
                self._tries += 1
                smaller = closure(self._keeping, [other for other in found if other != number])
                found = found if smaller is None else tuple(sorted(smaller))
        return found

    def _with_shorter_clauses(self, found: tuple[int, ...]) -> tuple[int, ...]:
        """Leave parts of clauses out. What is stronger excludes as much, so only the clause itself must be kept."""
        current = set(found)
        for number in found:
            best = number
            parts = list(_parts(self._keeping.conditions[number]))
            for part in list(parts) if len(parts) > 1 else ():
                if self._over() or len(parts) == 1:
                    break
                self._tries += 1
                shorter = self._keeping.add(or_(*(other for other in parts if other is not part)))
                if needs(self._keeping, [shorter], (current - {best}) | {shorter}) is not None:
                    parts = [other for other in parts if other is not part]
                    current = (current - {best}) | {shorter}
                    best = shorter
        return tuple(sorted(current))


def _parts(condition: Expr) -> Iterator[Expr]:
    if isinstance(condition, Apply) and condition.op is Op.OR:
        yield from condition.args
    else:
        yield condition


def _size(condition: Expr) -> int:
    return len(list(_parts(condition)))
