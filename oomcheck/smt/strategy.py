"""Which engine is asked what, and in which order; runs in the process of the solver."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from oomcheck.ir.expr import FALSE, Expr, or_
from oomcheck.prop.property import Kind, Property
from oomcheck.records import dataclass
from oomcheck.result.exploration import LockEdge
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.paths import Mismatch, replay
from oomcheck.smt.auxiliary import invariants
from oomcheck.smt.bmc import bmc_many
from oomcheck.smt.child import Send
from oomcheck.smt.cone import cone
from oomcheck.smt.goals import circle
from oomcheck.smt.kinduction import k_induction
from oomcheck.smt.lemmas import prove_lemmas
from oomcheck.smt.minimise import minimised
from oomcheck.smt.outcome import Budget, Open, Outcome, Proof, Question, Refutation, UpTo
from oomcheck.smt.spacer import pdr
from oomcheck.smt.targets import Answer, Method, Target, Task
from oomcheck.transform.instantiate import instantiated

SHALLOW: Final = 8  # steps within which a violation is looked for before a proof is tried
FEW: Final = 2  # the largest k before property-directed reachability is tried
DEEP: Final = 60  # steps within which an antecedent must hold to be found


def settle(task: Task, send: Send) -> None:
    """Send an Answer for each target."""
    known: dict[int, Known] = {}
    for target in task.targets:
        start = time.perf_counter()
        if task.method is Method.BMC:
            answer = _bounded(target, task.budget)
        else:
            system = id(target.system)
            if system not in known:
                known[system] = _known(target, task.budget)
            answer = _Prover(target, known[system], task).answer()
        send(replace(answer, seconds=time.perf_counter() - start))


@dataclass(frozen=True, slots=True)
class Known:
    """What was proved of a system before its properties: auxiliary invariants, and lemmas by name.

    `facts` are the lemmas with all that their proofs rest on.
    """

    invariants: tuple[Expr, ...]
    lemmas: Mapping[str, Expr]
    facts: tuple[Expr, ...]

    @property
    def conditions(self) -> list[Expr]:
        """All that holds in every reachable state."""
        return [*self.invariants, *self.facts]


def _known(target: Target, budget: Budget) -> Known:
    found = invariants(target.system, budget)
    lemmas = prove_lemmas(target.system, [(one.name, one.formula) for one in target.lemmas], budget, found)
    proved = {one.name: one.formula for one in target.lemmas if one.name in lemmas.proved}
    return Known(tuple(found), proved, lemmas.facts)


# ---------------------------------------------------------------- bounded


def _bounded(target: Target, budget: Budget) -> Answer:
    """Bounded model checking of a property, and of its lock orders together with it."""
    asked: dict[LockEdge | None, Expr] = {None: target.bad, **dict(target.edges)}
    found = bmc_many(cone(target.system, asked.values()), asked, budget)
    outcome = found[None]
    edges = {edge: path for edge, path in found.items() if edge is not None and isinstance(path, Refutation)}
    closed = circle(edges)
    if closed and not isinstance(outcome, Refutation):
        return _circular(target, Method.BMC, edges, closed)
    depth = min((one.depth for one in found.values() if isinstance(one, UpTo)), default=None)
    if isinstance(outcome, UpTo) and depth is not None:
        outcome = replace(outcome, depth=depth)
    return Answer(target.name, Method.BMC, outcome)


def _circular(
    target: Target, method: Method, edges: Mapping[LockEdge, Refutation], closed: Sequence[LockEdge]
) -> Answer:
    """Locks are taken in a circle; each edge has a path to a state where it is about to be taken."""
    paths = tuple(edges[edge].steps for edge in closed)
    return Answer(target.name, method, edges[closed[-1]], paths=paths)


# ---------------------------------------------------------------- unbounded


class _Prover:
    def __init__(self, target: Target, known: Known, task: Task) -> None:
        self._target = target
        self._known = known
        self._method = task.method
        self._budget = task.budget
        self._edges: dict[LockEdge, Refutation] = {}  # that can be reached

    def answer(self) -> Answer:
        """The target settled as far as it goes."""
        target = self._target
        while True:
            left = [bad for edge, bad in target.edges if edge not in self._edges]
            question = Question(target.system, or_(target.bad, target.halts, *left))
            method, outcome = self._engines(question)
            if not isinstance(outcome, Refutation) or self._holds(target.bad, outcome):
                break
            taken = [edge for edge, bad in target.edges if edge not in self._edges and self._holds(bad, outcome)]
            if not taken:
                return self._beyond(method, outcome)
            self._edges.update(dict.fromkeys(taken, outcome))
            closed = circle(self._edges)
            if closed:
                return _circular(target, method, self._edges, closed)
        answer = Answer(target.name, method, outcome)
        return self._proved(answer, question, outcome) if isinstance(outcome, Proof) else answer

    def _proved(self, answer: Answer, question: Question, proof: Proof) -> Answer:
        lemmas = tuple(name for name, formula in self._known.lemmas.items() if formula in proof.conjuncts)
        never, unsettled = self._antecedents()
        return replace(answer, question=question, lemmas=lemmas, never=never, unsettled=unsettled)

    def _beyond(self, method: Method, outcome: Refutation) -> Answer:
        """Behaviour ends at a fault; the property may be violated elsewhere nevertheless."""
        asked = {"bad": self._target.bad}
        budget = replace(self._budget, depth=self._budget.depth or DEEP)
        found = bmc_many(cone(self._target.system, asked.values()), asked, budget)["bad"]
        if isinstance(found, Refutation):
            return Answer(self._target.name, Method.BMC, found)
        return Answer(self._target.name, method, outcome, halting=True)

    def _holds(self, condition: Expr, path: Refutation) -> bool:
        """Whether a condition holds in the last state of a path."""
        if condition == FALSE:
            return False
        system, asked = self._target.system, Property("asked", Kind.NEVER, condition)
        if system.parametric:
            system, (asked,) = instantiated(system, path.values, (asked,))
        states = replay(system, path.steps)
        if isinstance(states, Mismatch):
            return True  # whoever replays it for the report says what is wrong
        return bool(evaluate(asked.formula, states[-1], system.slot))

    def _antecedents(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Which antecedents never hold, and of which that is not known."""
        asked = {number: part for number, part in enumerate(self._target.antecedents) if part != FALSE}
        never = [number for number, part in enumerate(self._target.antecedents) if part == FALSE]
        unsettled = []
        if asked:
            budget = replace(self._budget, depth=DEEP)
            found = bmc_many(cone(self._target.system, asked.values()), asked, budget)
            for number, part in asked.items():
                if isinstance(found[number], Refutation):
                    continue
                _, outcome = self._engines(Question(self._target.system, part))
                if isinstance(outcome, Proof):
                    never.append(number)
                elif not isinstance(outcome, Refutation):
                    unsettled.append(number)
        return tuple(never), tuple(unsettled)

    # ------------------------------------------------------------ engines

    def _engines(self, question: Question) -> tuple[Method, Outcome]:
        """The first answer; else that of the last engine that has more to say, and how deep any of them looked."""
        deepest, last = -1, (self._method, Open("no engine was asked"))
        for method, outcome in self._attempts(question):
            if isinstance(outcome, Proof | Refutation):
                return method, outcome
            deepest = max(deepest, outcome.depth)
            if isinstance(outcome, Open) and (last[1].induction is None or outcome.induction is not None):
                last = method, outcome
        return last[0], replace(last[1], depth=deepest)

    def _attempts(self, question: Question) -> Iterator[tuple[Method, Outcome]]:
        """What is cheap first: a shallow search, induction with small k, reachability, then the rest."""
        if self._method is not Method.PDR:
            if self._method is Method.AUTO:
                shallow = replace(self._budget, depth=min(SHALLOW, self._budget.depth or SHALLOW))
                small = cone(question.system, [question.bad])
                yield Method.BMC, bmc_many(small, {"bad": question.bad}, shallow)["bad"]
                yield Method.KIND, self._inductive(question, FEW)
            else:
                yield Method.KIND, self._inductive(question, self._budget.depth)
        if self._method is not Method.KIND:
            yield Method.PDR, self._reached(question)
        # With quantifiers a larger k seldom helps, and costs much.
        if self._method is Method.AUTO and not question.system.parametric:
            yield Method.KIND, self._inductive(question, self._budget.depth)

    def _inductive(self, question: Question, depth: int | None) -> Outcome:
        outcome = k_induction(question, replace(self._budget, depth=depth), self._known.conditions)
        return minimised(question, outcome, self._budget) if isinstance(outcome, Proof) and outcome.k == 1 else outcome

    def _reached(self, question: Question) -> Outcome:
        outcome = pdr(question, self._budget, self._known.conditions)
        return minimised(question, outcome, self._budget) if isinstance(outcome, Proof) else outcome
