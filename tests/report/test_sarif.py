"""Gates and traces as SARIF: valid against the schema of OASIS, interleavings as thread flows, findings alone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest
from hypothesis import given, settings

from oomcheck.report.findings import findings
from oomcheck.report.sarif import render_sarif, sarif_of_trace
from oomcheck.report.sarif_flow import MOST_LOCATIONS, message, uri_of
from oomcheck.result.gated import Gated, GateReport, gate_exit_code
from oomcheck.result.trace import Trace
from oomcheck.result.verdict import Report, Unknown, Violated
from tests.conftest import Golden
from tests.report.gates import full_gate, gates, green_gate, partial_gate
from tests.report.reports import HOLDS
from tests.report.traces import bound_trace, stuck_trace, traces, uninit_trace

SCHEMA = json.loads((Path(__file__).parent / "schemas" / "sarif-2.1.0.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft4Validator(SCHEMA)


Json = dict[str, Any]


def run_of(text: str) -> Json:
    """The only run of a log, checked against the schema and the rules that it cannot tell."""
    value: Any = json.loads(text)
    VALIDATOR.validate(value)
    assert text.isascii()
    run: Json
    (run,) = value["runs"]
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(ids)) == len(ids)
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        for uri in uris(result):
            parts = urlsplit(uri)
            assert (parts.scheme, parts.netloc, parts.query, parts.fragment) in [("", "", "", ""), ("file", "", "", "")]
            assert not parts.scheme or uri.startswith("file:///")
    return run


def uris(value: object) -> list[str]:
    """All URIs in a result."""
    if isinstance(value, list):
        return [uri for item in value for uri in uris(item)]
    if isinstance(value, dict):
        return [str(value["uri"])] if "uri" in value else uris(list(value.values()))
    return []


def result_of(run: Json, key: str) -> Json:
    """The result with this fingerprint."""
    found: Json
    (found,) = [r for r in run["results"] if r["partialFingerprints"] == {"oomcheckKey/v1": key}]
    return found


def order(flow: Json) -> list[int]:
    """Execution orders of all locations of a code flow, thread after thread."""
    return [place["executionOrder"] for thread in flow["threadFlows"] for place in thread["locations"]]


def test_green_has_no_results(golden: Golden) -> None:
    """Expected violations are no results; all that was checked is a rule."""
    run = run_of(render_sarif(green_gate(), "0.1.0"))
    assert run["results"] == []
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]][-1] == "window/sees_frozen"
    assert (run["invocations"][0]["executionSuccessful"], run["invocations"][0]["exitCode"]) == (True, 0)
    golden(render_sarif(green_gate(), "0.1.0"), "report/gate_green.sarif.json")


def test_full(golden: Golden) -> None:
    """Each finding is a result, errors first."""
    run = run_of(render_sarif(full_gate(), "0.1.0"))
    levels = [result["level"] for result in run["results"]]
    assert levels == ["error"] * 13 + ["warning"] * 3
    assert (run["invocations"][0]["executionSuccessful"], run["invocations"][0]["exitCode"]) == (False, 4)
    golden(render_sarif(full_gate(), "0.1.0"), "report/gate_full.sarif.json")


def test_interleaving() -> None:
    """A counterexample has a thread flow for each thread, ordered by the numbers of its steps."""
    run = run_of(render_sarif(full_gate(), "0.1.0"))
    result = result_of(run, "oom_freezer/elsewhere/no_uninit")
    assert result["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "models/oom_freezer.oom"},
                "region": {"startLine": 32},
            },
            "logicalLocations": [
                {
                    "name": "should_delay_oom_reap",
                    "fullyQualifiedName": "mm/oom_kill.c:should_delay_oom_reap",
                    "kind": "function",
                }
            ],
        }
    ]
    (flow,) = result["codeFlows"]
    assert [thread["id"] for thread in flow["threadFlows"]] == ["victim[0]", "oom_killer", "cgroup"]
    assert order(flow) == [2, 7, 3, 4, 5, 6, 8, 9, 10, 11, 1]
    last = flow["threadFlows"][1]["locations"][-1]
    assert last["importance"] == "essential"
    assert last["location"]["message"]["text"] == "return ret: ret was never written on this path"
    frozen = flow["threadFlows"][0]["locations"][1]
    assert frozen["state"] == {"victim[0].state": {"text": "FROZEN"}}
    assert frozen["location"]["message"][
        "text"
    ] == "victim[0]: WRITE_ONCE(current->__state, TASK_FROZEN); victim[0].state: RUNNING\xa0->\xa0FROZEN".replace(
        "\xa0", " "
    )


def test_fingerprints_do_not_move() -> None:
    """A finding has the same fingerprint when its lines moved, and another one than every other finding."""
    trace = uninit_trace()
    moved = replace(trace, ending=replace(trace.ending, line=99), steps=trace.steps[1:])
    rows = [replace(HOLDS, verdict=Violated(t), ok=False) for t in (trace, moved)]
    keys = [
        run_of(render_sarif(gate_of(Report("m.oom", (), (row,), ())), "0"))["results"][0]["partialFingerprints"]
        for row in rows
    ]
    assert keys[0] == keys[1] == {"oomcheckKey/v1": "oom_freezer/base/premature_skip"}
    full = [finding.key for finding in findings(full_gate())]
    assert len(set(full)) == len(full)


def gate_of(report: Report) -> GateReport:
    """A gate of one report."""
    return GateReport("specs", (Gated("specs/a.oomspec", "models/a.oom", report),))


def test_diagnostic() -> None:
    """An error in a file stands at its place, with columns."""
    result = run_of(render_sarif(full_gate(), "0.1.0"))["results"][0]
    assert result["ruleId"] == "E0201"
    assert result["message"]["text"] == "E0201: unknown name: unknown name `x`\ndid you mean `y`?\ndeclared names: y, z"
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "specs/broken.oomspec"},
        "region": {"startLine": 3, "startColumn": 19, "endLine": 3, "endColumn": 20},
    }


def test_incomplete_is_a_result() -> None:
    """A run that was cut short, or had nothing to do, has results."""
    for gate in (partial_gate(), GateReport("specs", ())):
        assert run_of(render_sarif(gate, "0"))["results"]


def test_long_trace_keeps_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a very long trace the last steps stay, and a notification says so."""
    assert MOST_LOCATIONS == 10_000
    monkeypatch.setattr("oomcheck.report.sarif_flow.MOST_LOCATIONS", 20)
    trace = uninit_trace()
    step = trace.steps[0]
    steps = tuple(replace(step, number=number) for number in range(1, 23))
    report = Report("m.oom", (), (replace(HOLDS, verdict=Violated(replace(trace, steps=steps)), ok=False),), ())
    run = run_of(render_sarif(gate_of(report), "0"))
    (flow,) = run["results"][0]["codeFlows"]
    assert sorted(order(flow)) == list(range(4, 24))
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"] == ("oom_freezer/base/premature_skip: the first 3 steps of the trace are left out")


def test_too_many_results(monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors stay when results are cut, and a notification says how many are not there."""
    monkeypatch.setattr("oomcheck.report.sarif.MOST_RESULTS", 2)
    unknown = replace(HOLDS, verdict=Unknown("limit"), ok=False)
    bad = replace(HOLDS, verdict=Violated(uninit_trace()), ok=False)
    run = run_of(render_sarif(gate_of(Report("m.oom", (), (unknown, unknown, bad, unknown), ())), "0"))
    assert [result["level"] for result in run["results"]] == ["error", "warning"]
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"] == "2 more results are left out"


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("models/oom.oom", "models/oom.oom"),
        ("./models//a b.oom", "models/a%20b.oom"),
        ("../x.oom", "../x.oom"),
        ("/tmp/x#y?.oom", "file:///tmp/x%23y%3F.oom"),
        ("//host/x", "file:///host/x"),
        ("http://x/y", "http%3A/x/y"),
        ("\N{GREEK SMALL LETTER ALPHA}\udcff", "%CE%B1%FF"),
        ("\ud800", "%3F"),
        ("", "."),
    ],
)
def test_uri(path: str, uri: str) -> None:
    """Paths are relative references or file URIs, never anything else."""
    assert uri_of(path) == uri


def test_messages_have_no_placeholders_or_links() -> None:
    """Braces are doubled and links broken, as SARIF wants literal text."""
    assert message("{0} [a](1)\x1b\nz") == {"text": "{{0}} [a] (1)\\x1b\nz"}


@pytest.mark.parametrize("trace", [uninit_trace(), bound_trace(), stuck_trace()], ids=["finite", "bound", "lasso"])
def test_trace(golden: Golden, trace: Trace) -> None:
    """A trace alone is a log of one result."""
    text = sarif_of_trace(trace, "0.1.0")
    (result,) = run_of(text)["results"]
    assert result["level"] == ("error" if trace.verdict == "violated" else "note")
    golden(text, f"report/trace_{trace.prop}.sarif.json")


@given(trace=traces())
@settings(max_examples=25)
def test_any_trace(trace: Trace) -> None:
    """Each step is there once, under its number, in the flow of its thread."""
    (result,) = run_of(sarif_of_trace(trace, "0"))["results"]
    (flow,) = result["codeFlows"]
    steps = [step.number for step in trace.steps]
    fault = [len(steps) + 1] if trace.ending.process else []
    assert sorted(order(flow)) == (steps + fault or [0])


@given(gate=gates())
@settings(max_examples=25)
def test_any_gate(gate: GateReport) -> None:
    """There are errors or warnings exactly if the exit code is not 0."""
    run = run_of(render_sarif(gate, "0"))
    bad = [result for result in run["results"] if result["level"] == "error"]
    code = gate_exit_code(gate)
    assert run["invocations"][0]["exitCode"] == code
    if code == 0:
        assert bad == []
    else:
        assert [result for result in run["results"] if result["level"] != "note"]
