"""Gates as Markdown: texts stay texts, tables keep their columns, and a summary keeps its size."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from markdown_it.token import Token

from oomcheck.report.summary import MOST_BYTES, RESERVE, render_summary
from oomcheck.result.gated import Gated, GateReport
from oomcheck.result.verdict import Report, Violated
from tests.conftest import Golden
from tests.report.gates import full_gate, gates, green_gate, partial_gate
from tests.report.reports import HOLDS
from tests.report.test_markdown import READER, tables
from tests.report.traces import uninit_trace


def tokens(gate: GateReport) -> list[Token]:
    """The parsed page."""
    return READER.parse(render_summary(gate, "0.1.0"))


def test_green(golden: Golden) -> None:
    """A gate as expected is a table of its checks."""
    (checks,) = tables(tokens(green_gate()))
    assert checks[0] == ["Spec", "Check", "Verdicts", "Status"]
    assert checks[-3] == [
        r"window \(cached\)",
        "base",
        r"sees\_frozen\[FREEZE\=ANY\_TIME,N\=2\] HOLDS",
        "1 ok",
    ]
    golden(render_summary(green_gate(), "0.1.0"), "report/gate_green.md")


def test_full(golden: Golden) -> None:
    """What is not as expected comes first; its traces are folded."""
    page = tokens(full_gate())
    found, checks = tables(page)
    assert (len(found), len(checks)) == (1 + 16, 1 + 23)
    folded = [token for token in page if token.type == "fence"]
    assert [token.content.splitlines()[0] for token in folded] == [
        "error[E0201]: unknown name `x`",
        "oom_freezer/v5_uninit/no_uninit: VIOLATED, not as expected",
        "oom_freezer/clocked/reaped: VIOLATED, not as expected",
        "oom_freezer/walkers/reaped_some_time: VIOLATED, not as expected",
        "oom_freezer/v5_uninit/no_uninit: VIOLATED, not as expected",
    ]
    golden(render_summary(full_gate(), "0.1.0"), "report/gate_full.md")


@pytest.mark.parametrize("gate", [partial_gate(), GateReport("specs", ())], ids=["partial", "empty"])
def test_incomplete_is_not_as_expected(gate: GateReport) -> None:
    """A run that was cut short or had nothing to do is not green."""
    assert render_summary(gate, "0").startswith("## oomcheck: NOT as expected\n")


def test_size() -> None:
    """What has no room is left out as a whole and counted; blocks are never cut in two."""
    bad = replace(HOLDS, verdict=Violated(uninit_trace()), ok=False)
    rows = tuple(replace(bad, identity=f"s/c{number}/p") for number in range(60))
    gate = GateReport("specs", (Gated("a.oomspec", "m.oom", Report("m.oom", (), rows, ())),))
    text = render_summary(gate, "0", 40_000)
    assert len(text.encode()) <= 40_000
    assert text.count("<details>") == text.count("</details>") == 11
    assert text.endswith("\nLeft out, as a summary has at most 40000 bytes: 49 traces.\n\noomcheck 0\n")
    small = render_summary(gate, "0", 8_192)
    assert len(small.encode()) <= 8_192
    assert "Left out, as a summary has at most 8192 bytes: 48 findings, 18 checks, 60 traces." in small


@given(gate=gates())
@settings(max_examples=60)
def test_any_text(gate: GateReport) -> None:
    """No text brings in markup of its own, and the page keeps its size."""
    text = render_summary(gate, "0.1.0")
    assert len(text.encode()) <= MOST_BYTES - RESERVE
    page = READER.parse(text)
    assert all(len(row) == 4 for table in tables(page) for row in table)
    inside = {child.type for token in page for child in token.children or []}
    assert inside <= {"text", "hardbreak", "softbreak", "text_special"}
    blocks = {token.content.strip()[:17] for token in page if token.type == "html_block"}
    assert blocks <= {"<details><summary", "</details>"}
