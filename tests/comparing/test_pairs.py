"""Rows of two reports side by side, and the exit code that they give."""

from __future__ import annotations

from dataclasses import replace

import pytest

from oomcheck.comparing.pairs import Relation, code_of, pairs_of
from oomcheck.result.verdict import (
    Bounded,
    Contradiction,
    Covered,
    Holds,
    HoldsUpTo,
    Invariant,
    Proved,
    Report,
    Result,
    Unknown,
    Unreachable,
    Vacuous,
    Verdict,
    Violated,
)
from tests.report.traces import bound_trace, uninit_trace

PROOF = Invariant("kind", ("x <= 3",), ("z3",))


def row(name: str, verdict: Verdict) -> Result:
    """A row with a verdict."""
    return Result(name, name, "invariant", verdict, True, "explicit", True, 10, 20, 3, 0.1)


def report(*results: Result) -> Report:
    """A report of some rows."""
    return Report("m.oom", (), results, ())


@pytest.mark.parametrize(
    ("a", "b", "relation"),
    [
        (Holds(), Holds(), Relation.SAME),
        (Holds(), Proved(PROOF), Relation.SAME),
        (Holds(), Violated(uninit_trace()), Relation.DIFFERENT),
        (Holds(), Vacuous("nothing happens"), Relation.DIFFERENT),
        (Covered(uninit_trace()), Unreachable(), Relation.DIFFERENT),
        (Holds(), Unknown("state limit"), Relation.UNDECIDED),
        (Unknown("state limit"), Unknown("state limit"), Relation.UNDECIDED),
        (HoldsUpTo(4), HoldsUpTo(4), Relation.UNDECIDED),
        (Violated(uninit_trace()), HoldsUpTo(9), Relation.UNDECIDED),
    ],
)
def test_relation(a: Verdict, b: Verdict, relation: Relation) -> None:
    """A proof says what an exhaustive search says; what is unknown on one side is no difference, and not the same."""
    (pair,) = pairs_of(report(row("p", a)), report(row("p", b)))
    assert pair.relation is relation


def test_values_of_bounds() -> None:
    """A bound that holds with another worst value is another verdict."""
    worst = row("p", Bounded(24, bound_trace()))
    (pair,) = pairs_of(report(replace(worst, value=24)), report(replace(worst, value=20)))
    assert pair.relation is Relation.DIFFERENT


def test_order() -> None:
    """Rows that differ come first, then those of one side, then the unknown ones; else the order stays."""
    bad = Violated(uninit_trace())
    a = report(row("same", Holds()), row("mine", Holds()), row("open", Unknown("limit")), row("worse", bad))
    b = report(row("worse", Holds()), row("theirs", Holds()), row("same", Holds()), row("open", Holds()))
    found = [(pair.identity, pair.relation.value) for pair in pairs_of(a, b)]
    assert found == [
        ("worse", "different"),
        ("mine", "only in A"),
        ("theirs", "only in B"),
        ("open", "undecided"),
        ("same", "same"),
    ]


@pytest.mark.parametrize(
    ("a", "b", "code"),
    [
        (report(row("p", Holds())), report(row("p", Holds())), 0),
        (report(row("p", Holds())), report(row("p", Violated(uninit_trace()))), 1),
        (report(row("p", Holds())), report(), 1),
        (report(row("p", Holds())), report(row("p", Unknown("limit"))), 3),
        (report(row("p", Holds()), row("q", Holds())), report(row("p", Unknown("l")), row("q", Vacuous("v"))), 1),
        (report(row("p", Holds())), report(row("p", Contradiction(uninit_trace(), PROOF))), 4),
        (replace(report(row("p", Holds())), partial="interrupted"), report(row("p", Holds())), 130),
    ],
)
def test_exit_code(a: Report, b: Report, code: int) -> None:
    """0 the same, 1 different, 3 not known; a contradiction or an interruption is neither."""
    assert code_of(pairs_of(a, b), a, b) == code
