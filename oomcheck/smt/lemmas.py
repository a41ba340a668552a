"""Lemmas of users, proved before anything relies on them; their order does not matter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from time import monotonic

from oomcheck.ir.expr import Expr, and_, not_
from oomcheck.ir.system import TransitionSystem
from oomcheck.records import dataclass
from oomcheck.smt.houdini import houdini
from oomcheck.smt.kinduction import k_induction
from oomcheck.smt.outcome import Budget, Open, Outcome, Proof, Question, Refutation, UpTo

Lemma = tuple[str, Expr]


@dataclass(frozen=True, slots=True)
class Lemmas:
    """Proofs of lemmas by their names, and of the others why there is none (Refutation, UpTo or Open)."""

    proved: Mapping[str, Proof]
    failed: Mapping[str, Outcome]
    facts: tuple[Expr, ...]  # the proved ones and all that their proofs rest on


def prove_lemmas(
    system: TransitionSystem, lemmas: Sequence[Lemma], budget: Budget, known: Sequence[Expr] = ()
) -> Lemmas:
    """Prove each lemma by k-induction, relative to what is `known` to hold and to other lemmas once they are proved.

    Lemmas that need each other are proved together: first the largest subset that is inductive by single steps,
    at last all that are left as one condition.
    """
    return _Lemmas(system, lemmas, budget, known).run()


class _Lemmas:
    def __init__(
        self, system: TransitionSystem, lemmas: Sequence[Lemma], budget: Budget, known: Sequence[Expr]
    ) -> None:
        self._system = system
        self._left = dict(lemmas)
        assert len(self._left) == len(lemmas), "names of lemmas differ"
        self._budget = budget
        self._end = None if budget.seconds is None else monotonic() + budget.seconds
        self._known = tuple(known)
        self._exprs = dict(lemmas)
        self._proved: dict[str, Proof] = {}
        self._failed: dict[str, Outcome] = {}

    def run(self) -> Lemmas:
        """Try to prove as long as that gives something new."""
        self._mutual()
        before = -1
        while self._left and len(self._proved) > before:
            before = len(self._proved)
            for name in list(self._left):
                self._try(name)
        if len(self._left) > 1:
            self._together()
        for name in self._exprs:
            assert (name in self._proved) != (name in self._failed), name
        return Lemmas(
            {name: self._proved[name] for name in self._exprs if name in self._proved},
            {name: self._failed[name] for name in self._exprs if name in self._failed},
            tuple(dict.fromkeys(self._facts())),
        )

    def _facts(self) -> Iterator[Expr]:
        for name, proof in self._proved.items():
            yield self._exprs[name]
            yield from proof.conjuncts

    def _budget_left(self) -> Budget:
        if self._end is None:
            return self._budget
        return replace(self._budget, seconds=max(0.001, self._end - monotonic()))

    def _mutual(self) -> None:
        """The largest subset that is inductive by single steps."""
        kept = houdini(self._system, tuple(self._left.values()), self._budget_left(), self._known)
        names = [name for name, expr in self._left.items() if expr in kept]
        for name in names:
            self._try(name, (*self._known, *kept))

    def _try(self, name: str, known: Sequence[Expr] | None = None) -> None:
        """Prove one lemma, or note why not."""
        facts = (*self._known, *self._facts()) if known is None else known
        answer = k_induction(Question(self._system, not_(self._exprs[name])), self._budget_left(), facts)
        self._note(name, answer)

    def _note(self, name: str, answer: Outcome) -> None:
        match answer:
            case Proof():
                del self._left[name]
                self._failed.pop(name, None)
                self._proved[name] = answer
            case Refutation():
                del self._left[name]
                self._failed[name] = answer
            case Open(induction=induction) if induction is not None:
                self._failed[name] = replace(answer, induction=replace(induction, broken=name))
            case UpTo() | Open():
                self._failed[name] = answer

    def _together(self) -> None:
        """What is left, as one condition."""
        exprs = {name: self._exprs[name] for name in self._left}
        question = Question(self._system, not_(and_(*exprs.values())))
        answer = k_induction(question, self._budget_left(), (*self._known, *self._facts()))
        if isinstance(answer, Proof):
            for name in exprs:
                others = (expr for other, expr in exprs.items() if other != name)
                self._note(name, replace(answer, conjuncts=(*answer.conjuncts, *others)))
