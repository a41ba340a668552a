"""What goes wrong in properties about runs, timed checks and costs, as a table like that of the habits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from oomcheck.lang.syntax_spot import Spot
from oomcheck.lang.syntax_words import words
from oomcheck.records import dataclass


@dataclass(frozen=True, slots=True)
class Habit:
    """When `applies`, the message and hint to show; `$found`, `$before`, `$after` and `$first` are filled in."""

    applies: Callable[[Spot], bool]
    message: str
    hint: str
    code: str = "E0101"


ON_STATES: Final = words("invariant never cover lemma deadlock_free define")
ON_RUNS: Final = words("ltl leads_to within bound")
FUTURE: Final = words("G F X always eventually next globally finally until release weak_until")
BINARY: Final = words("U R W until release weak_until")
PAST: Final = words("Y O H S once historically since previously before past")
BRANCHING: Final = words("AG AF AX EG EF EX")
VALUES: Final = words("== != < <= > >= + - * / %")  # operators on values
VERDICTS: Final = words("holds violated covered unreachable vacuous unknown proved")
TIMING_ORDER: Final = "the order is: properties, with, without, timed or untimed, quick, expect, value, at, because"


def _starts(spot: Spot, *kinds: str) -> bool:
    """Whether the failing item of a spec starts with one of these words."""
    return spot.start == "spec" and spot.words[:1] != () and spot.words[0] in kinds


def _on_states(spot: Spot) -> bool:
    return _starts(spot, *ON_STATES)


def _in_fair(spot: Spot) -> bool:
    """Whether the failure is within a fairness clause."""
    return spot.start == "spec" and "fair" in spot.words[2:]


def _cost(spot: Spot) -> bool:
    """Whether a cost counter stands where none fits, in a body."""
    return spot.start == "model" and spot.found == "cost" and spot.inside_body and spot.word(1)


TABLE: Final[tuple[Habit, ...]] = (
    # ------------------------------------------------------------ leads to
    Habit(
        lambda s: s.found == "~>" and _starts(s, "ltl"),
        "`~>` is no operator of `ltl` formulas",
        "write `G (P -> F Q)`",
        "E0408",
    ),
    Habit(
        lambda s: s.found == "~>" and "~>" in s.words,
        "`~>` does not chain",
        "write two properties, or an `ltl` formula",
        "E0408",
    ),
    Habit(
        lambda s: s.found == "~>",
        "`~>` (leads to) belongs to `leads_to`, `within` and `sup time`",
        "write `leads_to NAME : P ~> Q;`",
        "E0408",
    ),
    Habit(
        lambda s: s.found in (";", "within", ")", "fair") and s.wants("~>") and "->" in s.words,
        "`$first` needs `~>`",
        "`->` is about a single state; what comes later is written `P ~> Q`",
    ),
    Habit(
        lambda s: s.found in (";", "within", ")", "fair") and s.wants("~>") and (not s.open or "sup" in s.words),
        "`$first` needs `~>`",
        "write `P ~> Q`: each state with P is followed by one with Q",
    ),
    Habit(
        lambda s: s.found in ("{", ",") and s.wants("~>") and not s.open,
        "`$first` needs `~>`",
        "write `P ~> Q`: each state with P is followed by one with Q",
    ),
    # ------------------------------------------------------------ temporal operators
    Habit(
        lambda s: s.start == "spec" and (s.text(-1) in PAST - {"S"}) and ("INT" not in s.accepts) and s.word(0),
        "there is no operator `$before`: formulas look ahead only",
        "remember the past in a ghost variable of the model",
        "E0408",
    ),
    Habit(
        lambda s: s.start == "spec" and s.found in words("S since") and "_AND" in s.accepts,
        "there is no operator `$found`: formulas look ahead only",
        "remember the past in a ghost variable of the model",
        "E0408",
    ),
    Habit(
        lambda s: s.start == "spec" and s.text(-1) in BRANCHING and (s.word(0) or s.found == "!"),
        "`$before` is an operator of branching time",
        "formulas are about all runs: write `ltl NAME : G (...)`; for one state that can be reached, `cover`",
        "E0408",
    ),
    Habit(
        lambda s: _starts(s, "ltl") and s.text(-1) in words("globally finally") and (s.word(0) or s.found == "!"),
        "there is no operator `$before`",
        "write `always` or `G`, `eventually` or `F`",
        "E0408",
    ),
    Habit(
        lambda s: (
            (_on_states(s) or _starts(s, "leads_to", "within", "bound"))
            and s.text(-1) in FUTURE
            and (s.word(0) or s.found == "!")
        ),
        "temporal operators belong to `ltl` properties",
        "write `ltl NAME : FORMULA;`; the others speak about single states",
        "E0408",
    ),
    Habit(
        lambda s: s.start == "spec" and not _starts(s, "ltl") and s.found in BINARY and "_AND" in s.accepts,
        "temporal operators belong to `ltl` properties",
        "write `ltl NAME : FORMULA;`; the others speak about single states",
        "E0408",
    ),
    Habit(
        lambda s: (
            s.start == "spec"
            and s.found in ("[", "<")
            and s.text(1) in ("]", ">")
            and s.adjacent(0)
            and "INT" in s.accepts
        ),
        "temporal operators belong to `ltl` properties",
        "write `ltl NAME : FORMULA;`; the others speak about single states",
        "E0408",
    ),
    Habit(
        lambda s: s.found == "<" and s.text(1) == "->" and s.adjacent(0),
        "`<->` belongs to `ltl` formulas",
        "write `==`",
    ),
    Habit(
        lambda s: _starts(s, "ltl") and s.found == "?",
        "there is no `?:` in formulas over runs",
        "give the value a name with `define`",
    ),
    Habit(
        lambda s: _starts(s, "ltl", "leads_to") and s.found == "within",
        "`within` is a property of its own",
        "write `within NAME : P ~> Q within TICKS;`",
    ),
    Habit(
        lambda s: _starts(s, "ltl") and s.text(-1) in BINARY and "INT" not in s.accepts and s.word(0),
        "`$before` stands between two conditions",
        "write `a $before b`",
        "E0408",
    ),
    Habit(
        lambda s: _starts(s, "ltl") and s.text(-1) in FUTURE and s.text(-2) in VALUES and s.word(0),
        "a temporal operator inside of a comparison or calculation",
        "temporal operators join conditions",
        "E0408",
    ),
    Habit(
        lambda s: _starts(s, "ltl") and s.text(-1) in FUTURE and s.text(-2) == "->" and s.adjacent(-2),
        "`->` without blanks reaches a member",
        "write `a -> $before $found` with blanks for implication",
    ),
    # ------------------------------------------------------------ fairness
    Habit(
        lambda s: s.found == "fair" and _starts(s, "within", "bound"),
        "`fair` belongs to `leads_to` and `ltl`",
        "bounds hold in every run; in time, the slack says how late a thread may be",
    ),
    Habit(
        lambda s: s.found == "fair" and (_on_states(s) or _starts(s, "check")),
        "`fair` belongs to `leads_to` and `ltl`",
        "what holds in every state needs no fairness",
    ),
    Habit(
        lambda s: _in_fair(s) and s.text(-1) in ("weak", "strong") and s.found != "(",
        "`$before` needs threads",
        "write `$before(THREAD)` or `$before(all)`",
    ),
    Habit(
        lambda s: _in_fair(s) and s.text(-1) in ("fair", ",") and not s.open and s.found not in ("weak", "strong"),
        "expected `weak` or `strong`, found `$found`",
        "write `fair weak(THREAD, ...), strong(THREAD)`",
    ),
    Habit(
        lambda s: _in_fair(s) and s.found == "at" and s.text(-1) == ")",
        "the label stands in the parentheses",
        "write `weak(THREAD at LABEL)`",
    ),
    Habit(
        lambda s: _in_fair(s) and s.found in ("weak", "strong") and not s.open,
        "missing `,` before `$found`",
        "write `fair weak(...), strong(...)`",
    ),
    # ------------------------------------------------------------ bounds
    Habit(
        lambda s: _starts(s, "bound") and s.text(-1) == ":" and len(s.words) <= 4,
        "expected `max` or `sup`, found `$found`",
        "write `max COUNTER` or `sup time(P ~> Q)`, with `<= LIMIT` or without",
    ),
    Habit(
        lambda s: _starts(s, "bound") and s.text(-1) == "max" and s.found == "(",
        "expected a counter, found `(`",
        "write `max COUNTER`: the name behind `cost` at a statement",
    ),
    Habit(
        lambda s: _starts(s, "bound") and s.wants("<=") and s.found in ("<", ">", ">=", "==", "!=", "="),
        "a bound is written `<= LIMIT`, found `$found`",
        "it limits from above; without a limit the worst value is computed",
    ),
    Habit(
        lambda s: _starts(s, "bound") and (s.text(-1) == "sup" or s.text(-2) == "sup") and s.found not in ("~>", ";"),
        "a time is written `sup time(P ~> Q)`, found `$found`",
        "",
    ),
    Habit(
        lambda s: _starts(s, "within") and s.found == ";" and "~>" in s.words and s.words.count("within") == 1,
        "`within` needs a time",
        "write `P ~> Q within TICKS`",
    ),
    Habit(
        lambda s: _starts(s, "within") and s.found in ("<", "<=") and "~>" in s.words and s.wants("within"),
        "the time stands behind `within`",
        "write `P ~> Q within TICKS`",
    ),
    # ------------------------------------------------------------ checks
    Habit(
        lambda s: _starts(s, "check") and s.found in ("timed", "untimed") and bool({"timed", "untimed"} & set(s.words)),
        "a check is timed or untimed, not both",
        "write two checks",
    ),
    Habit(
        lambda s: _starts(s, "check") and s.found == "slack" and s.text(-1) == "untimed",
        "an untimed check has no slack",
        "write `timed slack K`",
    ),
    Habit(
        lambda s: _starts(s, "check") and s.found == "slack",
        "`slack` stands behind `timed`",
        "write `timed slack K`",
    ),
    Habit(
        lambda s: _starts(s, "check") and s.found in ("=", "(", "any") and s.text(-1) in ("slack", "timed"),
        "expected a number of ticks, found `$found`",
        "write `timed slack K`; `timed` alone lets threads be late by any number of ticks",
    ),
    Habit(
        lambda s: _starts(s, "check") and s.number(0) and s.text(-1) == "timed",
        "expected `slack`, found `$found`",
        "write `timed slack $found`",
    ),
    Habit(
        lambda s: _starts(s, "check") and s.number(0) and s.text(-1) in VERDICTS,
        "expected `value`, found `$found`",
        "write `expect $before value $found`",
    ),
    Habit(
        lambda s: _starts(s, "check") and s.found == "value" and "expect" not in s.words,
        "`value` stands behind a verdict",
        "write `expect holds value N`",
    ),
    Habit(
        lambda s: _starts(s, "check") and s.text(-1) == "expect" and s.found == "value",
        "`value` stands behind a verdict",
        "write `expect holds value N`",
    ),
    Habit(
        lambda s: _starts(s, "check") and s.found == "value" and "at" in s.words,
        "`value` comes too late",
        TIMING_ORDER,
    ),
    # ------------------------------------------------------------ costs
    Habit(
        lambda s: s.start == "model" and s.text(-1) == "cost" and "NAME" in s.accepts and s.inside_body,
        "`cost` needs the name of a counter",
        "write `spin_lock(l) cost contention;`",
    ),
    Habit(
        lambda s: s.start == "model" and s.text(-2) == "cost" and s.found == "," and s.inside_body,
        "a statement has one cost counter",
        "properties can bound each counter by itself",
    ),
    Habit(
        lambda s: _cost(s) and s.text(-2) == "@",
        "`cost` stands before the source reference",
        'write `spin_lock(l) cost contention @ "...";`',
    ),
    Habit(
        lambda s: _cost(s) and "SEMICOLON" in s.accepts,
        "this statement never waits, so it has no cost",
        "`cost` belongs to calls, `await` and `delay`",
    ),
)
