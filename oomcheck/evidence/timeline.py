"""What is true when along a run: locks held and waited for, sleep, freezers, timers; and where formulas hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

from oomcheck.evidence.runs import sides
from oomcheck.ir.expr import TRUE, Expr, Lit
from oomcheck.ir.system import Observable, State, TransitionSystem, View
from oomcheck.lang.notation import notations
from oomcheck.prop.formula import Atom, Formula, subformulas
from oomcheck.prop.property import ABOUT_RUNS, Kind, Property
from oomcheck.prop.temporal import CostBound, Liveness, Response
from oomcheck.result.exploration import Witness
from oomcheck.result.trace import Lasting, Truth
from oomcheck.semantics.checks import deadlocked, deciding, forbids_deadlock, is_sanitizer, race
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.lasso import truths as lasso_truths
from oomcheck.semantics.runs import Run
from oomcheck.semantics.successors import enabled, faults
from oomcheck.semantics.waits import cost_of, waits

PROPERTY, PART, OTHER = "property", "part", "other"
MODES = (" (read)", " (write)")


def lasting(system: TransitionSystem, states: Sequence[State]) -> tuple[Lasting, ...]:
    """The facts of all states, each with the first and the last state of every stretch in which it is true."""
    locks = frozenset(lock.name for lock in system.locks)
    open_since: dict[tuple[str, str, str], int] = {}
    found: list[Lasting] = []
    for number, state in enumerate(states):
        now = dict.fromkeys(_facts(system, state, locks))
        for key in [key for key in open_since if key not in now]:
            found.append(Lasting(*key, open_since.pop(key), number - 1))
        for key in now:
            open_since.setdefault(key, number)
    found += [Lasting(*key, first, len(states) - 1) for key, first in open_since.items()]
    return tuple(sorted(found, key=lambda one: (one.first, one.view, one.process, one.text)))


def _facts(system: TransitionSystem, state: State, locks: frozenset[str]) -> Iterator[tuple[str, str, str]]:
    for one in system.observables:
        if evaluate(one.condition, state, system.slot):
            name = "" if one.process is None else system.processes[one.process].name
            # What is left of a delay would be another text after each tick.
            text = one.text.partition(", #")[0] if one.count is not None else one.text
            yield _view(one, locks), name, text


def _view(one: Observable, locks: frozenset[str]) -> str:
    """How a wait looks: for a lock, or asleep."""
    if one.view is not View.WAITS:
        return str(one.view.value)
    wanted = one.text
    for mode in MODES:
        wanted = wanted.removesuffix(mode)
    return "blocked" if wanted in locks else "sleeping"


def truths(
    system: TransitionSystem, prop: Property, witness: Witness, run: Run, others: Sequence[Property] = ()
) -> tuple[Truth, ...]:
    """Where `prop`, its parts and `others` hold along a run; others about runs are left out, as states do not tell."""
    found = [*_of(system, prop, witness, run)]
    for other in others:
        if other.kind not in ABOUT_RUNS and other.kind is not Kind.SANITIZER and other.name != prop.name:
            name = other.name.rpartition(":")[2]
            found += [Truth(name, OTHER, _kept(system, other, run.states))]
    return tuple(found)


def _of(system: TransitionSystem, prop: Property, witness: Witness, run: Run) -> Iterator[Truth]:
    match prop.temporal:
        case Liveness(formula=formula):
            yield from _of_formula(system, prop, formula, run)
        case Response() as response:
            yield from _of_response(system, prop, response, run)
        case CostBound() as bound:
            sums = accumulate((cost_of(step, bound.name) for step in run.steps), initial=0)
            if bound.limit is not None:
                yield Truth(prop.text or prop.name, PROPERTY, "".join("01"[total <= bound.limit] for total in sums))
        case None if prop.kind in (Kind.SANITIZER, Kind.DEADLOCK_FREE):
            yield Truth(prop.name, PROPERTY, "".join(_clean(system, prop, witness, run.states)))
        case None:
            yield Truth(_shown(prop), PROPERTY, _kept(system, prop, run.states))
            for conjunct in prop.conjuncts if len(prop.conjuncts) > 1 else ():
                signs = _signs(system, conjunct.formula, prop.defined, run.states)
                yield Truth(conjunct.text, PART, signs)


def _shown(prop: Property) -> str:
    """The formula as it should be: what a `never` forbids is denied."""
    return f"not ({prop.text})" if prop.kind is Kind.NEVER else prop.text or prop.name


def _kept(system: TransitionSystem, prop: Property, states: Sequence[State]) -> str:
    """Where a formula about states is as wanted."""
    bad = deciding(prop)
    wanted = prop.kind is Kind.COVER
    signs = []
    for state in states:
        if not evaluate(prop.defined, state, system.slot):
            signs.append("-")
        else:
            signs.append("1" if bool(evaluate(bad, state, system.slot)) is wanted else "0")
    return "".join(signs)


def _of_response(system: TransitionSystem, prop: Property, response: Response, run: Run) -> Iterator[Truth]:
    """Whether the limit is kept so far; trigger and response."""
    late: set[int] = set()
    for wait in waits(system, response, run):
        passed = accumulate((step.ticks for step in run.steps[wait.start : wait.end]), initial=0)
        late |= {
            wait.start + n for n, ticks in enumerate(passed) if response.limit is not None and ticks > response.limit
        }
    if response.limit is not None and run.loop is None:
        signs = "".join("01"[number not in late] for number in range(len(run.states)))
        yield Truth(prop.text or prop.name, PROPERTY, signs)
    for text, part in zip(sides(prop), (response.trigger, response.response), strict=True):
        yield Truth(text, PART, _signs(system, part, TRUE, run.states))


def _part(system: TransitionSystem, part: Expr, states: Sequence[State]) -> Truth:
    return Truth(" ".join(notations(system, [part])[0].split()), PART, _signs(system, part, TRUE, states))


def _signs(system: TransitionSystem, formula: Expr, defined: Expr, states: Sequence[State]) -> str:
    return "".join(
        "-" if not evaluate(defined, state, system.slot) else "1" if evaluate(formula, state, system.slot) else "0"
        for state in states
    )


def _of_formula(system: TransitionSystem, prop: Property, formula: Formula, run: Run) -> Iterator[Truth]:
    """The formula and its conditions on states along a lasso; after the loop comes its first state once more."""
    if run.loop is None:
        return
    at = lasso_truths(formula, run.positions, run.loop, system.slot)[-1].at
    signs = "".join("1" if holds else "0" for holds in at)
    yield Truth(prop.text or prop.name, PROPERTY, signs + ("" if run.rests else signs[run.loop]))
    atoms = {part.condition: part.text for part in subformulas(formula) if isinstance(part, Atom)}
    for condition, text in atoms.items():
        if not isinstance(condition, Lit):
            yield (
                Truth(text, PART, _signs(system, condition, TRUE, run.states))
                if text
                else (_part(system, condition, run.states))
            )


def _clean(system: TransitionSystem, prop: Property, witness: Witness, states: Sequence[State]) -> Iterator[str]:
    """Where nothing violates a sanitizer at once; an order of locks that closes a circle does so in the last state."""
    for number, state in enumerate(states):
        moves = enabled(system, state)
        bad = any(is_sanitizer(prop, fault.sanitizer) for fault in faults(system, state))
        if forbids_deadlock(prop):
            bad = bad or deadlocked(system, prop, state, moves)
        if is_sanitizer(prop, "race"):
            bad = bad or race(system, state, moves) is not None
        if witness.cycle and number == len(states) - 1:
            bad = True
        yield "0" if bad else "1"
