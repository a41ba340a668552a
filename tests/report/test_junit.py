"""Gates as JUnit XML: valid for Jenkins whatever the texts hold, and green only where the gate is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import xmlschema
from hypothesis import given, settings

from oomcheck.report.junit import render_junit
from oomcheck.result.gated import Gated, GateReport, gate_exit_code
from oomcheck.result.verdict import Report
from tests.conftest import Golden
from tests.report.gates import full_gate, gates, green_gate, partial_gate
from tests.report.reports import HOLDS

SCHEMA = xmlschema.XMLSchema(Path(__file__).parent / "schemas" / "junit-10.xsd")


def parsed(gate: GateReport) -> ET.Element:
    """The document of a gate, checked against the schema."""
    text = render_junit(gate, "0.1.0")
    SCHEMA.validate(text)
    return ET.fromstring(text)


def case(root: ET.Element, classname: str, name: str) -> ET.Element:
    """The only test case of these names."""
    (found,) = [c for c in root.iter("testcase") if (c.get("classname"), c.get("name")) == (classname, name)]
    return found


def test_green(golden: Golden) -> None:
    """A gate as expected has no failures; skipped checks are told."""
    parsed(green_gate())
    golden(render_junit(green_gate(), "0.1.0"), "report/gate_green.xml")


def test_full(golden: Golden) -> None:
    """Everything that can be wrong, each in its own element."""
    root = parsed(full_gate())
    assert [root.get(name) for name in ("tests", "failures", "errors")] == ["29", "9", "7"]
    golden(render_junit(full_gate(), "0.1.0"), "report/gate_full.xml")


@pytest.mark.parametrize(
    ("classname", "name", "outcome", "kind"),
    [
        ("oom_freezer.v5_uninit", "no_uninit", None, ""),
        ("oom_freezer.elsewhere", "no_uninit", "failure", "VIOLATED"),
        ("oom_freezer.v6", "one_kill", "failure", "unexpected pass"),
        ("oom_freezer.base", "order", "failure", "VACUOUS"),
        ("oom_freezer.big[NVMA=4]", "one_kill", "error", "UNKNOWN"),
        ("oom_freezer.small", "one_kill", None, ""),
        ("oom_freezer.wrong", "no_uninit", "error", "ERROR"),
        ("oom_freezer.bounded", "one_kill", "error", "HOLDS UP TO"),
        ("oomcheck", "process", "error", "failure"),
        ("oomcheck", "E0201 specs/broken.oomspec:3:19", "error", "E0201"),
        ("proofs.big", "big", "skipped", "quick"),
        ("oomcheck", "26 checks, the baseline has 27", "failure", "differs from what is recorded"),
    ],
)
def test_outcome(classname: str, name: str, outcome: str | None, kind: str) -> None:
    """An expected violation passes; what is not established is an error, everything else a failure."""
    found = case(parsed(full_gate()), classname, name)
    told = [(child.tag, child.get("type")) for child in found if child.tag != "system-out"]
    assert told == ([] if outcome is None else [(outcome, kind)])


def test_lanes() -> None:
    """A failure tells the trace as lanes."""
    failure = case(parsed(full_gate()), "oom_freezer.elsewhere", "no_uninit").find("failure")
    assert failure is not None
    assert "\n10                                      if (refcount_read(mm_users) <= 1)\n" in str(failure.text)
    assert "oom_freezer/v5_uninit/no_uninit: VIOLATED, not as expected\n" in str(failure.text)


def test_ranges_are_in_the_name() -> None:
    """A check that ranges over parameters gives a case for each of their values."""
    assert case(parsed(green_gate()), "window.base", "sees_frozen[FREEZE=ANY_TIME,N=2]").find("failure") is None


@pytest.mark.parametrize("gate", [partial_gate(), GateReport("specs", ())], ids=["partial", "empty"])
def test_incomplete_is_an_error(gate: GateReport) -> None:
    """A run that was cut short or had nothing to do is not green."""
    assert parsed(gate).get("errors") != "0"


def test_partial_spec_is_an_error() -> None:
    """A spec that was cut short has an error, also where nobody says so of the whole run."""
    report = Report("m.oom", (), (HOLDS,), (), partial="interrupted")
    root = parsed(GateReport("specs", (Gated("a.oomspec", "m.oom", report),)))
    assert case(root, "oomcheck", "partial").find("error") is not None


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -1.0, 1e12])
def test_odd_times(seconds: float) -> None:
    """What is no amount of time does not make the document invalid."""
    assert parsed(replace(green_gate(), seconds=seconds)).get("time") == "0.000"


@given(gate=gates())
@settings(max_examples=60)
def test_any_text(gate: GateReport) -> None:
    """The document is valid and has bad cases exactly if the exit code is not 0."""
    root = parsed(gate)
    bad = [c for c in root.iter("testcase") if c.find("failure") is not None or c.find("error") is not None]
    assert bool(bad) == (gate_exit_code(gate) != 0)
    assert int(str(root.get("failures"))) + int(str(root.get("errors"))) == len(bad)
    assert int(str(root.get("tests"))) == len(list(root.iter("testcase")))
