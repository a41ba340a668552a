"""What every report says about one result: its verdict in words, its status, its reason."""

from __future__ import annotations

from enum import Enum
from typing import assert_never

from oomcheck.result.amounts import amount
from oomcheck.result.trace import Trace
from oomcheck.result.verdict import (
    Bounded,
    Contradiction,
    Covered,
    DeadCode,
    Holds,
    HoldsUpTo,
    Invariant,
    Proved,
    Result,
    Unknown,
    Unreachable,
    Vacuous,
    Violated,
    Word,
    invariant_of,
    word,
)

#: What each exit code of the tool means.
EXIT_MEANING: dict[int, str] = {
    0: "every check gave its expected verdict (without expectations: all hold)",
    1: "violated, vacuous, unexpected pass, or a violation other than the expected one",
    2: "the model, spec or command line is wrong",
    3: "unknown: a bound or budget ended the search",
    4: "internal error, engines disagree, or evidence failed its re-check",
    130: "interrupted; partial results are named partial",
    141: "broken pipe; partial results are named partial",
}


UNTIMED = "untimed"  # how a result says that time was abstracted
UNBOUNDED = "UNBOUNDED"
CONTRADICTION = "search and proof contradict each other; this is a defect of oomcheck"


class Status(Enum):
    """The three colours of a row; an unknown that nobody expected is no failure of the model."""

    OK = "ok"
    FAIL = "FAIL"
    UNDECIDED = "UNDECIDED"


def status(result: Result) -> Status:
    """How a row counts."""
    if result.ok:
        return Status.OK
    return Status.UNDECIDED if word(result.verdict) in (Word.UNKNOWN, Word.HOLDS_UP_TO) else Status.FAIL


def established(result: Result) -> Word:
    """The verdict word, to be printed only by way of this function.

    A search that did not visit every state ends in Unknown; a row that claims
    something of all states after such a search is a defect of the caller, and
    so is one with an invariant that no solver confirmed.
    """
    invariant = invariant_of(result.verdict)
    if invariant is not None:
        assert invariant.solvers, result.identity
    else:
        assert result.exhaustive or not isinstance(result.verdict, Holds | Bounded | Unreachable | DeadCode), (
            result.identity
        )
    return word(result.verdict)


def verdict_text(result: Result) -> str:
    """The verdict word with what establishes it, and how time was read unless it was not at all."""
    title = established(result).title
    timing = [] if result.timing == UNTIMED else [result.timing]
    searched = f"({', '.join(['exhaustive', plural(result.states, 'state'), *timing])})"
    read = f" ({result.timing})" if timing else ""
    match result.verdict:
        case Proved(invariant=Invariant() as proof) | Unreachable(invariant=Invariant() as proof):
            return f"{title} ({', '.join([*established_by(proof), *timing])})"
        case Holds() | Unreachable():
            return f"{title} {searched}"
        case HoldsUpTo(depth=depth, reason=why):
            return f"{title} {plural(depth, 'step')}{f': {why}' if why else ''}{read}"
        case Bounded(value=value, trace=trace):
            return f"{title} worst {amount(value, result.unit, trace.hz)} {searched}"
        case Violated(trace=trace) | Covered(trace=trace):
            place = f" at {result.source}" if result.source else ""
            return f"{title}{_extreme(result, trace)} in {length(trace)}{place}{read}"
        case Contradiction(trace=trace, invariant=proof):
            return f"{title}: {CONTRADICTION}: {length(trace)} against {plural(len(proof.conjuncts), 'conjunct')}"
        case DeadCode(places=places):
            return f"{title}: {plural(len(places), 'statement')} never executed"
        case Vacuous(reason=reason) | Unknown(reason=reason):
            return f"{title}: {reason}{read}"
        case _:
            assert_never(result.verdict)


def established_by(proof: Invariant) -> list[str]:
    """For which values, how, and confirmed by whom."""
    values = [f"every {one}" for one in proof.open]
    return [*values, proof.method, plural(len(proof.conjuncts), "conjunct"), f"confirmed by {', '.join(proof.solvers)}"]


def _extreme(result: Result, trace: Trace) -> str:
    """What a violated bound amounts to, or that it amounts to anything."""
    if result.unbounded:
        return f" {UNBOUNDED}"
    if result.value is None:
        return ""
    return f" {'worst' if result.exhaustive else 'reaches'} {amount(result.value, result.unit, trace.hz)}"


def length(trace: Trace) -> str:
    """`10 steps`, `4 steps and a loop of 3`, `4 steps, then rest`."""
    if trace.loop is None:
        return plural(len(trace.steps), "step")
    stem = plural(trace.loop, "step")
    repeated = len(trace.steps) - trace.loop
    return f"{stem} and a loop of {repeated}" if repeated else f"{stem}, then rest"


def status_text(result: Result) -> str:
    """The status with its cause: `ok (expected violation)`, `FAIL (unexpected pass)`, `FAIL (expected ...)`."""
    found = word(result.verdict)
    if result.ok:
        if result.expected in ("", Word.HOLDS.value, Word.PROVED.value, Word.COVERED.value):
            return "ok"
        return f"ok (expected {'violation' if found is Word.VIOLATED else found.value.replace('_', ' ')})"
    cause = result.note
    if not cause and result.expected:
        good = found in (Word.HOLDS, Word.HOLDS_UP_TO, Word.PROVED, Word.UNREACHABLE)
        passed = result.expected == Word.VIOLATED.value and good
        cause = "unexpected pass" if passed else f"expected {result.expected.replace('_', ' ')}"
    return status(result).value + (f" ({cause})" if cause else "")


def reason(result: Result) -> str:
    """Why a verdict is what it is, where the word alone does not say; "" else."""
    match result.verdict:
        case Violated(trace=trace):
            found = f"{UNBOUNDED}: {trace.ending.message}" if result.unbounded else trace.ending.message
        case DeadCode(places=places):
            found = f"never executed: {', '.join(places)}"
        case Vacuous(reason=text) | Unknown(reason=text) | HoldsUpTo(reason=text):
            found = text
        case Contradiction():
            found = CONTRADICTION
        case Holds() | Proved() | Bounded() | Covered() | Unreachable():
            found = ""
        case _:
            assert_never(result.verdict)
    return "; ".join(filter(None, [found, "" if result.ok else result.note]))


def plural(number: int, one: str) -> str:
    """`1 state`, `2 states`."""
    return f"{number} {one}" if number == 1 else f"{number} {one}{'es' if one.endswith('ch') else 's'}"
