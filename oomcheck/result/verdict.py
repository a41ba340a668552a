"""Verdict words and results. A verdict is printed only if it was established."""

from __future__ import annotations

from dataclasses import field
from enum import Enum

from oomcheck.diag.span import Span
from oomcheck.records import dataclass
from oomcheck.result.trace import Trace


class Word(Enum):
    """The verdict words of the tool, one meaning each."""

    HOLDS = "holds"
    HOLDS_UP_TO = "holds_up_to"
    PROVED = "proved"
    VIOLATED = "violated"
    COVERED = "covered"
    UNREACHABLE = "unreachable"
    VACUOUS = "vacuous"
    UNKNOWN = "unknown"
    ERROR = "error"

    @property
    def title(self) -> str:
        """How reports print the word."""
        return self.value.replace("_", " ").upper()


@dataclass(frozen=True, slots=True)
class Holds:
    """Every reachable state was visited and none is bad."""


@dataclass(frozen=True, slots=True)
class Bounded:
    """The exact worst value of a bound, within its limit if it has one; the trace reaches it."""

    value: int
    trace: Trace


@dataclass(frozen=True, slots=True)
class Violated:
    """A bad state is reachable; the trace was replayed by the reference semantics."""

    trace: Trace


@dataclass(frozen=True, slots=True)
class DeadCode:
    """Statements that no reachable state executes (the `unreachable` sanitizer)."""

    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Covered:
    """A state of a cover property is reachable."""

    trace: Trace


@dataclass(frozen=True, slots=True)
class Invariant:
    """A proof as reports show it.

    `conjuncts` are conditions in the language which together are inductive and exclude every bad state; `solvers` are
    those that confirmed it afterwards, each in a process of its own. `open` are the parameters that it leaves open, as
    "NVMA >= 1"; `lemmas` the names of the lemmas of the spec among the conjuncts. `size` counts the comparisons and
    variables in the conjuncts. `folder` is where the certificate was written.
    """

    method: str
    conjuncts: tuple[str, ...]
    solvers: tuple[str, ...]
    open: tuple[str, ...] = ()
    lemmas: tuple[str, ...] = ()
    size: int = 0
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Proved:
    """No reachable state is bad, at any value of the open parameters."""

    invariant: Invariant


@dataclass(frozen=True, slots=True)
class HoldsUpTo:
    """No state within so many steps of the initial one is bad. Nothing is known of others, so this is not green."""

    depth: int
    reason: str = ""  # why the search ended there


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No reachable state satisfies the cover property: every one was visited, or `invariant` excludes it."""

    invariant: Invariant | None = None


@dataclass(frozen=True, slots=True)
class Vacuous:
    """Nothing bad was found, but for a reason that makes that worthless."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """A bound or budget ended the search, or behaviour has no meaning past a fault.

    `induction` tells a counterexample to induction, line by line; its states are not known to be reachable.
    """

    reason: str
    induction: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two engines contradict each other: a trace that was replayed, and an invariant that solvers confirmed."""

    trace: Trace
    invariant: Invariant


Verdict = (
    Holds
    | Bounded
    | HoldsUpTo
    | Proved
    | Violated
    | DeadCode
    | Covered
    | Unreachable
    | Vacuous
    | Unknown
    | Contradiction
)


def word(verdict: Verdict) -> Word:
    """The printed word of a verdict."""
    match verdict:
        case Holds() | Bounded():
            return Word.HOLDS
        case HoldsUpTo():
            return Word.HOLDS_UP_TO
        case Proved():
            return Word.PROVED
        case Violated() | DeadCode():
            return Word.VIOLATED
        case Covered():
            return Word.COVERED
        case Unreachable():
            return Word.UNREACHABLE
        case Vacuous():
            return Word.VACUOUS
        case Unknown():
            return Word.UNKNOWN
        case Contradiction():
            return Word.ERROR


def trace_of(verdict: Verdict) -> Trace | None:
    """The evidence of a verdict that has a trace."""
    match verdict:
        case Violated(trace=trace) | Covered(trace=trace) | Bounded(trace=trace) | Contradiction(trace=trace):
            return trace
        case Holds() | HoldsUpTo() | Proved() | DeadCode() | Unreachable() | Vacuous() | Unknown():
            return None


def invariant_of(verdict: Verdict) -> Invariant | None:
    """The invariant of a verdict that rests on one."""
    return verdict.invariant if isinstance(verdict, Proved | Unreachable | Contradiction) else None


@dataclass(frozen=True, slots=True)
class Result:
    """One row of a report: a property under a check and its parameters.

    `identity` is SPEC/CHECK/PROPERTY, with `[N=2]` after it where a check
    ranges over parameters. `expected` is a verdict word or empty; `ok` tells
    whether the verdict is the expected one (without expectation: a good one).
    """

    identity: str
    prop: str
    kind: str
    verdict: Verdict
    ok: bool
    engine: str
    exhaustive: bool
    states: int
    transitions: int
    depth: int
    seconds: float
    sentence: str = ""
    expected: str = ""
    because: str = ""
    note: str = ""  # why `ok` is false although the word fits, e.g. another place
    source: str = ""  # kernel reference of the violation
    params: tuple[tuple[str, str], ...] = ()
    timing: str = "untimed"  # or e.g. "timed, slack 2"
    value: int | None = None  # of a bound: its exact worst value
    unbounded: bool = False  # of a bound: there is no worst value
    unit: str = ""  # of the value: "ticks", or the name of a cost counter
    reductions: tuple[str, ...] = ()  # what made the search smaller; counts are then of what was searched
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Report:
    """All results of one command for one model; `sanitizers` are those that were on."""

    model: str
    params: tuple[tuple[str, str], ...]
    results: tuple[Result, ...]
    sanitizers: tuple[str, ...]
    dead_code: tuple[str, ...] = ()  # always reported, whatever was selected
    warnings: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ()  # parameters that differ from what the model declares
    partial: str = ""  # why the report is incomplete, e.g. "interrupted"


EXIT_ORDER = (4, 2, 1, 3, 0)  # worst first
INTERRUPTED = 130


def exit_code(report: Report) -> int:
    """Exit code of a report: the worst of its rows (see EXIT_ORDER); a partial one is never good."""
    if report.partial:
        return INTERRUPTED
    codes = {_row_code(result) for result in report.results} or {2}
    return next(code for code in EXIT_ORDER if code in codes)


def _row_code(result: Result) -> int:
    if isinstance(result.verdict, Contradiction):
        return 4
    unknown = word(result.verdict) in (Word.UNKNOWN, Word.HOLDS_UP_TO)
    if result.ok and (not unknown or result.expected == word(result.verdict).value):
        return 0
    return 3 if unknown else 1
