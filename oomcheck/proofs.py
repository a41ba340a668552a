"""Proof engines: asked in a process of their own, and believed only after a second look at what they answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from importlib import import_module
from typing import Final

from oomcheck.evidence import EvidenceError
from oomcheck.inductions import told
from oomcheck.ir.expr import FALSE, TRUE, Apply, Expr, Index, Lit, Quantified, Var, not_, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import bounds, scalar_of
from oomcheck.ir.system import ASSUME, TransitionSystem
from oomcheck.lang.notation import notations
from oomcheck.prop.property import Property
from oomcheck.prop.temporal import CostBound, Response
from oomcheck.records import dataclass
from oomcheck.result.exploration import Limits, Witness
from oomcheck.result.verdict import Invariant
from oomcheck.safety import fair_run_question, run_question
from oomcheck.semantics.evident import assumed
from oomcheck.smt.certificate import Report, recheck
from oomcheck.smt.checkers import Answer as Said
from oomcheck.smt.checkers import Effort, available
from oomcheck.smt.child import Child, Died, Done
from oomcheck.smt.goals import Aim, Goals, goals
from oomcheck.smt.outcome import Budget, Open, Proof, Question, Refutation, UpTo
from oomcheck.smt.targets import Answer, Lemma, Method, Phase, Target, Task
from oomcheck.smt.witness import RefusedPathError, witness
from oomcheck.transform.cost import with_cost
from oomcheck.transform.monitor import monitored

BEAT: Final = 0.05  # seconds between two looks at who wants to stop


@dataclass(frozen=True, slots=True)
class Established:
    """No bad state can be reached; `confirmed` as solvers of their own have said. `lacking` antecedents never hold."""

    invariant: Invariant
    question: Question
    proof: Proof
    report: Report  # of the solvers that confirmed it
    lacking: tuple[int, ...] = ()  # antecedents that never hold
    open_parts: tuple[int, ...] = ()  # antecedents of which nothing is known
    vacuous: str = ""  # another reason why it holds for no reason
    certifiable: bool = True  # else something was shown beside it, which a certificate of this question would not say


@dataclass(frozen=True, slots=True)
class Reached:
    """A bad state is reached by these steps of the system asked about, at these values of its parameters."""

    witness: Witness | None  # None for a system with open parameters
    values: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Bounded:
    """No bad state within so many steps."""

    depth: int
    reason: str


@dataclass(frozen=True, slots=True)
class Undecided:
    """No answer, why, and a counterexample to induction in words."""

    reason: str
    induction: tuple[str, ...] = ()


Known = Established | Reached | Bounded | Undecided


@dataclass(frozen=True, slots=True)
class Settled:
    """What is known of one property, and how it was found."""

    known: Known
    method: Method
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Threads:
    """Threads of which the number is open: that of the steps `adds`, which is `least` or more."""

    parameter: str
    least: int
    adds: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of the proof engines at once.

    `system` is for properties of states, `runs` for those about runs.
    """

    system: TransitionSystem
    runs: TransitionSystem
    properties: tuple[Property, ...]
    lemmas: tuple[Lemma, ...]
    method: Method
    limits: Limits = field(default_factory=Limits)
    rlimit: int | None = None
    threads: Threads | None = None  # that the system counts

    @property
    def open(self) -> Mapping[str, int]:
        """The parameters that have no value, with their least ones."""
        if self.threads is not None:
            return {self.threads.parameter: self.threads.least}
        return {v.name: bounds(scalar_of(v.sort))[0] for v in self.system.parametric}


class Proving:
    """A child process at work on what was asked; `look` takes what it has settled by now.

    Close it in any case.
    """

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._start = time.perf_counter()
        self._targets = {target.name: target for target in targets_of(asked)}
        self._properties = {prop.name: prop for prop in asked.properties}
        self._waiting = dict.fromkeys(self._targets)
        self._beside: dict[str, tuple[bool, bool]] = {}  # of other targets: whether a state is reachable, or none is
        self._child: Child | None = None
        self.phase = ""  # what is tried for which property
        self.settled: dict[str, Settled] = {
            prop.name: Settled(Undecided(_UNSUPPORTED), asked.method)
            for prop in asked.properties
            if prop.name not in self._targets
        }
        if self._targets:
            self._child = Child(self._work, asked.limits.max_memory)

    def _work(self, send: Callable[[object], None]) -> None:
        # Z3 takes longer to load than most checks take, and only this process needs it.
        strategy = import_module("oomcheck.smt.strategy")
        strategy.settle(Task(tuple(self._targets.values()), self._asked.method, self._budget()), send, send)

    def _budget(self) -> Budget:
        return Budget(self._asked.limits.depth, self._asked.limits.timeout, self._asked.rlimit)

    @property
    def done(self) -> bool:
        """Whether nothing is left to wait for."""
        return not self._waiting

    def look(self, seconds: float) -> None:
        """Wait so long for the next answer, and take all that have come."""
        while self._waiting and self._child is not None:
            message = self._child.next(seconds)
            seconds = 0.0
            match message:
                case None:
                    return
                case Answer():
                    self._take(message)
                case Phase(name=name, text=text):
                    self.phase = f"{name.rpartition(':')[2]}: {text}" if name in self._properties else text
                case Died(reason=reason):
                    self.give_up(reason)
                case Done():
                    self.give_up("the solver answered nothing")

    def give_up(self, reason: str) -> None:
        """Leave open what is not settled."""
        for name in self._waiting.keys() & self._properties.keys():
            self.settled[name] = Settled(Undecided(reason), self._asked.method, time.perf_counter() - self._start)
        self._waiting.clear()

    def close(self) -> None:
        """End the process, whatever it is doing."""
        if self._child is not None:
            self._child.close()

    # ------------------------------------------------------------ answers

    def _take(self, answer: Answer) -> None:
        target = self._targets[answer.name]
        self._waiting.pop(answer.name, None)
        if answer.name not in self._properties:
            self._beside[answer.name] = isinstance(answer.outcome, Refutation), _is_shown(answer, self._asked)
            return
        known = _known(answer, target, self._properties[answer.name], self._asked)
        if isinstance(known, Established):
            beside = FAIR + answer.name in self._targets or known.question.bad != question_of(target).bad
            known = replace(known, certifiable=not beside)
        if isinstance(known, Established) and FAIR + answer.name in self._targets:
            known = self._of_runs(known, self._properties[answer.name])
        self.settled[answer.name] = Settled(known, answer.method, answer.seconds)

    def _of_runs(self, known: Established, prop: Property) -> Established | Undecided:
        """A proof about runs, with what was found beside it: faults, whether any run is fair, antecedents."""
        if HALTS in self._targets and not self._beside.get(HALTS, _NOTHING)[1]:
            return Undecided("not shown that no behaviour ends at a fault that has no meaning beyond it")
        if MEANING + prop.name in self._targets and not self._beside.get(MEANING + prop.name, _NOTHING)[1]:
            return Undecided("not shown that the formula has a meaning in every state")
        met, never = self._beside.get(FAIR + prop.name, _NOTHING)
        if never:
            return replace(known, vacuous="no run keeps all that is assumed of it: fairness, time that passes")
        if not met:
            return Undecided("not settled whether any run keeps all that is assumed of it")
        parts = [self._beside.get(f"{PART}{n} {prop.name}", _NOTHING) for n in range(len(prop.antecedents))]
        lacking = tuple(n for n, (_, unreachable) in enumerate(parts) if unreachable)
        unknown = tuple(n for n, (reached, unreachable) in enumerate(parts) if not reached and not unreachable)
        return replace(known, lacking=lacking, open_parts=unknown)


def prove(asked: Asked, should_stop: Callable[[], str] | None = None) -> Mapping[str, Settled]:
    """Settle each property by name, within the limits of time and memory; whatever was not settled is Undecided."""
    proving = Proving(asked)
    try:
        start = time.perf_counter()
        while not proving.done:
            proving.look(BEAT)
            reason = should_stop() if should_stop is not None else ""
            if asked.limits.timeout is not None and time.perf_counter() - start > asked.limits.timeout:
                reason = f"time limit {asked.limits.timeout:g} s"
            if reason:
                proving.give_up(reason)
        return proving.settled
    finally:
        proving.close()


_UNSUPPORTED = "no proof engine decides this kind of property"
HALTS: Final = "@halts"  # targets beside properties, whose names have no @
FAIR: Final = "@fair "
MEANING: Final = "@meaning "
PART: Final = "@part "
_NOTHING: Final = (False, False)
BEYOND = "behaviour ends at a fault that has no meaning beyond it"

# ---------------------------------------------------------------- what is asked


def targets_of(asked: Asked) -> Iterator[Target]:
    """A target for each property that reachability decides, and before one about runs what a proof of it needs beside.

    What is proved of runs does not see faults, so that none halts is shown apart, as is that some run is fair, and
    that each antecedent holds somewhere.
    """
    found = goals(asked.system, list(asked.properties))
    halts = _halts(found)
    about = {} if asked.open else {p.name: run_question(asked.runs, p) for p in asked.properties}
    if halts != FALSE and any(about.values()):
        yield Target(HALTS, asked.system, halts, FALSE, lemmas=asked.lemmas)
    for prop in asked.properties:
        question = about.get(prop.name)
        if question is not None:
            yield from _beside(asked, prop)
            yield Target(prop.name, question.system, question.bad, FALSE)
        if isinstance(prop.temporal, CostBound) and prop.temporal.limit is not None:
            system, bad = with_cost(asked.system, prop.temporal.name, prop.temporal.limit)
            yield Target(prop.name, system, bad, halts, lemmas=asked.lemmas)
        if isinstance(prop.temporal, Response) and prop.temporal.limit is not None and not asked.open:
            one = prop.temporal
            watched = monitored(asked.runs, one.trigger, one.response, prop.temporal.limit)
            nothing = or_(halts, not_(prop.defined))
            yield Target(prop.name, watched.system, watched.late, nothing, _formulas(prop), lemmas=asked.lemmas)
        if prop.name in found.unsupported:
            continue
        bad = or_(*(goal.bad for goal in found.of(prop.name)))
        parts: list[Expr] = [FALSE] * len(prop.antecedents)
        for goal in found.of(prop.name, Aim.ANTECEDENT):
            parts[goal.number] = goal.bad
        edges = tuple((goal.edge, goal.bad) for goal in found.of(prop.name, Aim.EDGE) if goal.edge is not None)
        yield Target(prop.name, asked.system, bad, halts, tuple(parts), edges, asked.lemmas)


def _formulas(prop: Property) -> tuple[Expr, ...]:
    return tuple(part.formula for part in prop.antecedents)


def _beside(asked: Asked, prop: Property) -> Iterator[Target]:
    """What must be reachable for a proof about runs to count."""
    if asked.method is Method.BMC:
        return
    if prop.defined != TRUE:
        yield Target(MEANING + prop.name, asked.system, not_(prop.defined), FALSE, lemmas=asked.lemmas)
    fair = fair_run_question(asked.runs, assumed(asked.runs, prop))
    yield Target(FAIR + prop.name, fair.system, fair.bad, FALSE)
    for number, part in enumerate(prop.antecedents):
        yield Target(f"{PART}{number} {prop.name}", asked.system, part.formula, FALSE, lemmas=asked.lemmas)


def question_of(target: Target) -> Question:
    """What a proof of a target shows; a proof of `lockdep` may leave out orders of locks that close no circle."""
    return Question(target.system, or_(target.bad, target.halts, *(bad for _, bad in target.edges)))


def _halts(found: Goals) -> Expr:
    """Where behaviour has no meaning beyond; a false assumption only ends it."""
    return or_(*(goal.bad for goal in found.goals if goal.aim is Aim.HALT and goal.prop != ASSUME))


# ---------------------------------------------------------------- what is answered


def _known(answer: Answer, target: Target, prop: Property, asked: Asked) -> Known:
    """The answer after a second look at it. Raises EvidenceError if it does not stand that."""
    match answer.outcome:
        case Proof():
            return _confirm(answer, asked)
        case Refutation(steps=steps, values=values):
            if answer.halting:
                return Undecided(BEYOND)
            if asked.threads is not None:
                return Reached(None, {asked.threads.parameter: steps.count(asked.threads.adds)})
            if asked.open:
                return Reached(None, values)
            return Reached(_witness(target, prop, answer.paths or (steps,), asked), values)
        case UpTo(depth=depth, reason=reason):
            return Bounded(depth, reason)
        case Open(reason=reason, depth=depth, induction=induction):
            why = f"{reason}; no bad state within {depth} steps" if depth >= 0 else reason
            return Undecided(why, () if induction is None else told(target.system, induction))


def _witness(target: Target, prop: Property, paths: Sequence[Sequence[int]], asked: Asked) -> Witness:
    """What the paths show, as a search would have found it."""
    try:
        if isinstance(prop.temporal, CostBound | Response):
            return Witness(tuple(paths[0]))
        if target.system is asked.system:
            return witness(asked.system, prop, *paths)
        question = run_question(asked.runs, prop)
        assert question is not None
        return question.witness(paths[0])
    except RefusedPathError as failure:
        raise EvidenceError(f"{prop.name}: {failure}") from failure


def _confirm(answer: Answer, asked: Asked) -> Established | Undecided:
    """A proof that fresh solvers confirm; EvidenceError if one of them refutes a part of it."""
    question, proof = answer.question, answer.outcome
    assert question is not None
    assert isinstance(proof, Proof)
    report = recheck(question, proof, available(), Effort())
    refuted = [one for one in report.judged if one.answer is Said.SAT]
    if refuted:
        raise EvidenceError(f"{answer.name}: {refuted[0].solver} refutes `{refuted[0].obligation}` of the proof")
    if not report.confirmed:
        first = report.failed[0]
        why = " ".join(filter(None, [f"{first.obligation}:", first.answer.value, first.reason]))
        return Undecided(f"no solver confirms the proof: {why}")
    told = _told(answer, asked, proof, report.confirmed)
    return Established(told, question, proof, report, answer.never, answer.unsettled)


def _is_shown(answer: Answer, asked: Asked) -> bool:
    """Whether an answer is a proof that solvers confirm."""
    return isinstance(answer.outcome, Proof) and isinstance(_confirm(answer, asked), Established)


def _told(answer: Answer, asked: Asked, proof: Proof, solvers: tuple[str, ...]) -> Invariant:
    assert answer.question is not None
    return Invariant(
        method_text(answer.method, proof) + (", threads counted" if asked.threads is not None else ""),
        notations(answer.question.system, proof.conjuncts),
        solvers,
        tuple(f"{name} >= {least}" for name, least in asked.open.items()),
        answer.lemmas,
        sum(map(size, proof.conjuncts)),
    )


def method_text(method: Method, proof: Proof) -> str:
    """How a proof was found, in words."""
    if method is Method.PDR:
        return "property-directed reachability"
    return f"{proof.k}-induction" + (" on simple paths" if proof.simple_path else "")


def size(expr: Expr) -> int:
    """Comparisons, and truth values that are read, in an expression."""
    match expr:
        case Lit():
            return 0
        case Var() | Index():
            return 1
        case Quantified(body=body):
            return size(body)
        case Apply(op=op, args=args):
            return sum(map(size, args)) if op in (Op.NOT, Op.AND, Op.OR, Op.ITE) else 1
