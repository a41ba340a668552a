"""Which engine is asked what, and in which order; runs in the process of the solver."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from oomcheck.ir.expr import FALSE, Expr, or_
from oomcheck.ir.system import TransitionSystem
from oomcheck.prop.property import Kind, Property
from oomcheck.records import dataclass
from oomcheck.result.exploration import LockEdge
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.paths import Mismatch, replay
from oomcheck.smt.auxiliary import invariants
from oomcheck.smt.bmc import bmc_many
from oomcheck.smt.child import Send
from oomcheck.smt.cone import cone
from oomcheck.smt.derived import inductive
from oomcheck.smt.goals import circle
from oomcheck.smt.kinduction import DEEPEST, k_induction
from oomcheck.smt.lemmas import prove_lemmas
from oomcheck.smt.merging import clauses_of_not
from oomcheck.smt.minimise import minimised
from oomcheck.smt.outcome import Budget, Open, Outcome, Proof, Question, Refutation, UpTo
from oomcheck.smt.spacer import pdr
from oomcheck.smt.targets import Answer, Method, Phase, Target, Task
from oomcheck.transform.instantiate import instantiated

SHALLOW: Final = 8  # steps within which a violation is looked for before a proof is tried
DEEP: Final = 60  # steps within which an antecedent must hold to be found
RLIMIT: Final = 30_000_000  # steps of the solver for one question, if neither they nor the seconds are limited


def settle(task: Task, send: Send, tell: Callable[[Phase], None] | None = None) -> None:
    """Send an Answer for each target, and tell what is tried meanwhile.

    The seconds of the budget are for all of them; each may take an equal part of what those before it have left.
    """
    end = None if task.budget.seconds is None else time.monotonic() + task.budget.seconds
    budget = task.budget
    if budget.seconds is None and budget.rlimit is None:
        budget = replace(budget, rlimit=RLIMIT)
    facts = _Facts(task.targets)
    for number, target in enumerate(task.targets):
        start = time.perf_counter()
        own = budget if tell is None else replace(budget, tell=_teller(target, tell))
        clock = Clock(own, end).part(1 / (len(task.targets) - number))
        if task.method is Method.BMC:
            answer = _bounded(target, clock.left())
        else:
            argued = _argued(target, clock) if task.method is not Method.PDR else None
            answer = argued or _Prover(target, facts.known(target, clock), task.method, clock).answer()
        send(replace(answer, seconds=time.perf_counter() - start))


def _teller(target: Target, tell: Callable[[Phase], None]) -> Callable[[str], None]:
    """Tells what is tried, with the name of the target."""
    return lambda text: tell(Phase(target.name, text))


@dataclass(frozen=True, slots=True)
class Clock:
    """A budget whose seconds run from now on; `end` as `time.monotonic` tells, None: no end."""

    budget: Budget
    end: float | None

    def part(self, share: float) -> Clock:
        """For what may take a share of what is left."""
        now = time.monotonic()
        return replace(self, end=None if self.end is None else now + max(0.0, self.end - now) * share)

    def left(self, share: float = 1.0) -> Budget:
        """The budget with a share of the seconds that are left."""
        if self.end is None:
            return self.budget
        return replace(self.budget, seconds=max(0.001, (self.end - time.monotonic()) * share))


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


class _Facts:
    """What is known of systems; targets that depend on the same variables share it."""

    def __init__(self, targets: Sequence[Target]) -> None:
        self._known: dict[tuple[int, frozenset[str]], Known] = {}
        self._hopes: dict[tuple[int, frozenset[str]], dict[Expr, None]] = {}
        for target in targets:
            hopes = self._hopes.setdefault(self._key(target), {})
            hopes.update(dict.fromkeys(clauses_of_not(_all_of(target))))

    def _key(self, target: Target) -> tuple[int, frozenset[str]]:
        return id(target.system), frozenset(v.name for v in _part_of(target).variables)

    def known(self, target: Target, clock: Clock) -> Known:
        """What holds of the variables that matter for a target."""
        key = self._key(target)
        if key not in self._known:
            self._known[key] = _known(target, list(self._hopes[key]), clock)
        return self._known[key]


def _all_of(target: Target) -> Expr:
    """Everything that must not be reached for a proof, at first."""
    return or_(target.bad, target.halts, *(bad for _, bad in target.edges))


def _part_of(target: Target) -> TransitionSystem:
    """The part of the system that a target and the lemmas are about."""
    return cone(target.system, [_all_of(target), *(one.formula for one in target.lemmas)])


def _argued(target: Target, clock: Clock) -> Answer | None:
    """A proof by single steps from the user's lemmas alone, which stay as they were written."""
    stated = {one.formula: one.name for one in target.lemmas if not one.derived}
    if not stated or any(part != FALSE for part in target.antecedents):
        return None
    question = Question(target.system, _all_of(target))
    outcome = k_induction(question, clock.left(1 / 4), list(stated), (1,))
    if not isinstance(outcome, Proof):
        return None
    used = tuple(name for formula, name in stated.items() if formula in outcome.conjuncts)
    return Answer(target.name, Method.KIND, outcome, question=question, lemmas=used)


def _known(target: Target, hopes: Sequence[Expr], clock: Clock) -> Known:
    small = _part_of(target)
    derived = [one.formula for one in target.lemmas if one.derived]
    stated = [one for one in target.lemmas if not one.derived]
    share = clock.left(1 / 3)
    share.tell("invariants that hold in any case")
    found = inductive(small, derived, share) if derived else invariants(small, share, hopes)
    lemmas = prove_lemmas(small, [(one.name, one.formula) for one in stated], clock.left(1 / 3), found)
    proved = {one.name: one.formula for one in stated if one.name in lemmas.proved}
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
    def __init__(self, target: Target, known: Known, method: Method, clock: Clock) -> None:
        self._target = target
        self._known = known
        self._method = method
        self._clock = clock
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
        budget = replace(self._clock.left(), depth=self._clock.budget.depth or DEEP)
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
            budget = replace(self._clock.left(1 / 2), depth=DEEP)
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
        """What is cheap first: a shallow search, induction by single steps, reachability, then larger k."""
        depth, finite = self._clock.budget.depth, not question.system.parametric
        most = DEEPEST if depth is None else depth
        if self._method is not Method.PDR:
            short = self._at_once(question)
            if short is not None:
                yield Method.KIND, short
        if self._method is not Method.KIND:  # which looks for itself; reachability refutes by a path of this engine
            small = cone(question.system, [question.bad])
            shallow = replace(self._clock.left(1 / 8), depth=min(SHALLOW, depth or SHALLOW))
            yield Method.BMC, bmc_many(small, {"bad": question.bad}, shallow)["bad"]
        if self._method is not Method.PDR:
            yield Method.KIND, self._by_single_steps(question)
        if self._method is Method.KIND or (self._method is Method.AUTO and finite):
            yield Method.KIND, self._by_paths(question, (2,) if self._method is Method.AUTO else range(2, 1 + most))
        if self._method is not Method.KIND:
            yield Method.PDR, self._reached(question)
        # With quantifiers a larger k seldom helps, and costs much.
        if self._method is Method.AUTO and finite:
            yield Method.KIND, self._by_paths(question, range(3, most + 1))

    def _at_once(self, question: Question) -> Proof | None:
        """What is known as a proof, if it says that nothing bad is reached, and a part of it is enough."""
        known = self._known.conditions
        if not set(clauses_of_not(question.bad)) <= set(known):
            return None
        proof = Proof(tuple(dict.fromkeys(known)))
        short = self._short(question, proof)
        return short if len(short.conjuncts) < len(proof.conjuncts) else None

    def _by_single_steps(self, question: Question) -> Outcome:
        """Induction with k = 1, in the part of the system that matters: steps of others change nothing there."""
        known = self._known.conditions
        small = replace(question, system=cone(question.system, [question.bad, *known]))
        outcome = k_induction(small, self._clock.left(1 / 2), known, (1,))
        return self._short(question, outcome) if isinstance(outcome, Proof) else outcome

    def _by_paths(self, question: Question, bounds: Sequence[int]) -> Outcome:
        """Induction with larger k. Here steps of others count: they make paths longer."""
        return k_induction(question, self._clock.left(1 / 2), self._known.conditions, bounds)

    def _reached(self, question: Question) -> Outcome:
        outcome = pdr(question, self._clock.left(2 / 3), self._known.conditions)
        return self._short(question, outcome) if isinstance(outcome, Proof) else outcome

    def _short(self, question: Question, proof: Proof) -> Proof:
        if any(lemma.derived for lemma in self._target.lemmas):
            return proof  # such facts are no clauses, and many times as long if they are made ones
        return minimised(question, proof, self._clock.left(1 / 2), self._known.conditions)
