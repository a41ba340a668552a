"""Gates as text: each check in a line, what nobody expected in full, and nothing that steers a terminal."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings

from oomcheck.report.matrix import WIDTH, render_matrix
from oomcheck.report.rows import EXIT_MEANING
from oomcheck.report.text import TextOptions
from oomcheck.result.gated import Gated, GateReport, gate_exit_code
from oomcheck.result.verdict import Report
from tests.conftest import Golden
from tests.report.gates import full_gate, gates, green_gate, partial_gate
from tests.report.reports import HOLDS

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def test_green(golden: Golden) -> None:
    """Properties with the same verdict stand together; cached specs and skipped checks are told."""
    golden(render_matrix(green_gate()), "report/gate_green.txt")


def test_full(golden: Golden) -> None:
    """Everything that can be wrong, with the traces of unexpected verdicts."""
    golden(render_matrix(full_gate()), "report/gate_full.txt")


def test_quiet(golden: Golden) -> None:
    """Quiet leaves out what went as expected, but no complaint and no sum."""
    golden(render_matrix(full_gate(), TextOptions(detail="quiet")), "report/gate_quiet.txt")
    assert render_matrix(green_gate(), TextOptions(detail="quiet")).splitlines() == [
        "2 specs, 8 results: 8 ok; 2 checks left out of a quick run; 1 from the cache; 1.5 s",
        "quick: smaller parameters and fewer checks than the whole gate has",
        "exit 0: every check gave its expected verdict (without expectations: all hold)",
    ]


def test_verbose() -> None:
    """Verbose tells each result with its engine, and expected traces too."""
    text = render_matrix(green_gate(), TextOptions(detail="verbose"))
    assert "\n    engine explicit, 59118 states, 171204 transitions, depth 61, 0.43 s\n" in text
    assert "\noom_freezer/v5_uninit/no_uninit: VIOLATED, as expected\n" in text


@pytest.mark.parametrize("detail", ["quiet", "normal", "verbose"])
def test_colour_adds_nothing(detail: str) -> None:
    """Without its escape sequences a coloured report is the plain one."""
    plain = render_matrix(full_gate(), TextOptions(detail=detail))  # type: ignore[arg-type]
    coloured = render_matrix(full_gate(), TextOptions(detail=detail, color=True))  # type: ignore[arg-type]
    assert plain == ESCAPES.sub("", coloured)
    assert plain != coloured


def test_many_values_are_counted() -> None:
    """A property at more than a few values stands once if all is well; what is not as expected is named one by one."""
    names = [f"s/c/p[N={number}]" for number in range(5)]
    good = tuple(replace(HOLDS, identity=name) for name in names)
    bad = tuple(replace(row, expected="violated", ok=False) for row in good[:4])
    for rows, told in (
        (good, "  c  HOLDS ok: p (at 5 values)"),
        (good[:3], "  c  HOLDS ok: p[N=0], p[N=1], p[N=2]"),
        (bad, "  c  HOLDS FAIL (unexpected pass): p[N=0], p[N=1], p[N=2], p[N=3]"),
    ):
        gate = GateReport("specs", (Gated("s.oomspec", "m.oom", Report("m.oom", (), rows, ())),))
        assert render_matrix(gate).splitlines()[1] == told


def test_partial() -> None:
    """An interrupted run says so twice: at the spec that was cut, and at the end."""
    lines = render_matrix(partial_gate()).splitlines()
    assert "  PARTIAL (interrupted): these are not all results" in lines
    assert lines[-3:] == [
        "PARTIAL (interrupted): these are not all results",
        "quick: smaller parameters and fewer checks than the whole gate has",
        "exit 130: interrupted; partial results are named partial",
    ]


def test_nothing_is_no_pass() -> None:
    """A folder without specs, and a spec without results, are wrong input."""
    assert render_matrix(GateReport("specs", ())).splitlines() == [
        "0 specs, nothing was checked; 0.0 s",
        "exit 2: the model, spec or command line is wrong",
    ]
    left_out = GateReport("specs", (Gated("a.oomspec", "m.oom", None, skipped=("big",)),), quick=True)
    assert "exit 2:" in render_matrix(left_out)


@given(gate=gates())
@settings(max_examples=60)
def test_any_text(gate: GateReport) -> None:
    """Nothing steers a terminal, the exit code is explained, and lines without traces and diagnostics are not long."""
    for ascii_only in (False, True):
        text = render_matrix(gate, TextOptions(ascii_only=ascii_only))
        assert all(char.isprintable() or char == "\n" for char in text)
        assert text.isascii() or not ascii_only
        code = gate_exit_code(gate)
        told = " ".join(text.split())
        assert told.endswith(f"exit {code}: {EXIT_MEANING[code]}")
        if not any(entry.diagnostics for entry in gate.entries):
            assert max(map(len, text.splitlines())) <= WIDTH
