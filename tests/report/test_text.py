"""Reports as text: each row says what was established, and nothing more."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Literal

import pytest

from oomcheck.report.json import render_json
from oomcheck.report.text import TextOptions, render_report
from oomcheck.result.verdict import DeadCode, Holds, Proved, Report, Unknown, Unreachable
from tests.conftest import Golden
from tests.report.reports import HOLDS, INVARIANT, full_report, proof_report, proved_row, row

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def test_normal(golden: Golden) -> None:
    """The default report: every row, dead code, assumptions, the unexpected traces, the sum."""
    paths = {"oom_freezer/elsewhere/no_uninit": "oom-out/oom_freezer/elsewhere.json"}
    golden(render_report(full_report(), TextOptions(paths=paths)), "report/normal.txt")


def test_quiet(golden: Golden) -> None:
    """Quiet leaves out what went as expected, but never dead code and warnings."""
    golden(render_report(full_report(), TextOptions(detail="quiet")), "report/quiet.txt")


def test_verbose(golden: Golden) -> None:
    """Verbose adds how each verdict was found, and the expected traces."""
    golden(render_report(full_report(), TextOptions(detail="verbose")), "report/verbose.txt")


@pytest.mark.parametrize("detail", ["normal", "verbose"])
def test_proofs(golden: Golden, detail: Literal["normal", "verbose"]) -> None:
    """Proofs say for which values, by what and confirmed by whom; bounds and contradictions are no proofs."""
    golden(render_report(proof_report(), TextOptions(detail=detail)), f"report/proofs_{detail}.txt")


@pytest.mark.parametrize("made", [Proved, Unreachable])
def test_no_proof_without_a_solver_that_confirms_it(made: type[Proved | Unreachable]) -> None:
    """An invariant that nobody confirmed is a defect, not a line of a report."""
    result = proved_row("a", "p", made(replace(INVARIANT, solvers=())), "", True)
    with pytest.raises(AssertionError):
        render_report(Report("m", (), (result,), ()))
    with pytest.raises(AssertionError):
        render_json(Report("m", (), (result,), ()), "0.1.0")


@pytest.mark.parametrize("detail", ["quiet", "normal", "verbose"])
def test_colour_adds_nothing(detail: Literal["quiet", "normal", "verbose"]) -> None:
    """Without its escape sequences a coloured report is the plain one."""
    plain = render_report(full_report(), TextOptions(detail=detail))
    coloured = render_report(full_report(), TextOptions(detail=detail, color=True))
    assert plain == ESCAPES.sub("", coloured)
    assert plain != coloured


def test_nothing_steers_the_terminal() -> None:
    """Control characters in any text of the model are escaped."""
    evil = "\x1b]0;x\x07≤"
    result = replace(HOLDS, identity=evil, sentence=evil, because=evil, verdict=Unknown(evil), ok=False, note=evil)
    report = Report(evil, ((evil, evil),), (result,), (evil,), (evil,), (evil,), (evil,), evil)
    for ascii_only in (False, True):
        text = render_report(report, TextOptions(ascii_only=ascii_only))
        assert all(char.isprintable() or char == "\n" for char in text)
        assert text.isascii() == ascii_only


@pytest.mark.parametrize("verdict", [Holds(), Unreachable(), DeadCode(("m.oom:1",))])
def test_no_universal_verdict_without_exhaustion(verdict: Holds | Unreachable | DeadCode) -> None:
    """A row that claims something of all states after a bounded search is a defect, not a line of a report."""
    result = replace(row("a", "p", verdict, "", True), exhaustive=False)
    with pytest.raises(AssertionError):
        render_report(Report("m", (), (result,), ()))
    with pytest.raises(AssertionError):
        render_json(Report("m", (), (result,), ()), "0.1.0")


def test_empty_report_is_no_pass() -> None:
    """A report without rows says that nothing was checked, and its exit code is not 0."""
    assert render_report(Report("m.oom", (), (), ())).endswith(
        "\nnothing was checked; exit 2: the model, spec or command line is wrong\n"
    )


def test_partial_report_says_so() -> None:
    """An interrupted run names its report partial and the exit code it ends with."""
    text = render_report(Report("m.oom", (), (HOLDS,), (), partial="interrupted"), code=130)
    assert "\nPARTIAL (interrupted): these are not all results\n1 result: 1 ok; exit 130: interrupted" in text


@pytest.mark.parametrize(
    ("expected", "ok", "note", "words"),
    [
        ("", True, "", "ok"),
        ("holds", True, "", "ok"),
        ("violated", False, "", "FAIL (unexpected pass)"),
        (
            "violated",
            False,
            "expected violated at a.c:f, found at a.c:g",
            "FAIL (expected violated at a.c:f, found at a.c:g)",
        ),
    ],
)
def test_status(expected: str, ok: bool, note: str, words: str) -> None:
    """The status of a row names what was expected."""
    (line,) = [
        x
        for x in render_report(Report("m", (), (row("a", "p", Holds(), expected, ok, note),), ())).splitlines()
        if "/a/p" in x
    ]
    assert line == f"oom_freezer/a/p  HOLDS (exhaustive, 59118 states)  {words}"
