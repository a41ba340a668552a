"""The baseline: what differs from it is told, and a file that is none is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.gate.baseline import Baseline, baseline_text, compare, load_baseline, new_ids, write_baseline
from oomcheck.result.gated import Gated, GateReport
from oomcheck.result.verdict import Holds, Proved, Result, Unknown, Verdict, Violated
from tests.gate.stories import INVARIANT, TRACE, report_of, result_of


def result(identity: str, verdict: Verdict, ok: bool = True) -> Result:
    """A result by its name."""
    return replace(result_of(verdict), identity=identity, ok=ok)


def gate(*results: Result, partial: str = "") -> GateReport:
    """A gate of one spec."""
    return GateReport("specs", (Gated("s.oomspec", "m.oom", replace(report_of(), results=results)),), partial=partial)


GATE = gate(result("a/c/p", Holds()), result("a/c/q", Violated(TRACE)))
BASELINE = Baseline("specs/verdicts.json", {"a/c/p": "holds", "a/c/q": "violated"})


def test_no_difference() -> None:
    """A gate is as recorded when it has the same verdicts."""
    assert compare(GATE, BASELINE, whole=True) == ()
    assert new_ids(GATE, BASELINE) == ()


def test_fewer_results() -> None:
    """A result that is missing is told by name, and that there are fewer."""
    found = gate(result("a/c/p", Holds()))
    assert compare(found, BASELINE, whole=True) == (
        "1 results; the baseline specs/verdicts.json has 2",
        "a/c/q was not checked; the baseline has VIOLATED",
    )


@pytest.mark.parametrize(("whole", "partial"), [(False, ""), (True, "interrupted")])
def test_what_did_not_run_is_not_missing(whole: bool, partial: str) -> None:
    """After a selection, a quick run or an interruption only the results that are there are compared."""
    found = gate(result("a/c/q", Holds()), partial=partial)
    assert compare(found, BASELINE, whole) == ("a/c/q is HOLDS; the baseline has VIOLATED",)


@pytest.mark.parametrize(
    ("recorded", "verdict", "title"),
    [("unknown", Holds(), "HOLDS"), ("holds", Unknown("x"), "UNKNOWN"), ("holds", Proved(INVARIANT), "PROVED")],
)
def test_every_change_is_news(recorded: str, verdict: Verdict, title: str) -> None:
    """Also an unknown that became known, and a better verdict, differ from the baseline."""
    baseline = Baseline("b", {"a/c/p": recorded})
    complaint = f"a/c/p is {title}; the baseline has {recorded.upper()}"
    assert compare(gate(result("a/c/p", verdict)), baseline, whole=True) == (complaint,)


def test_new_results_are_no_complaint() -> None:
    """What the baseline does not have is mentioned only."""
    baseline = Baseline("b", {"a/c/p": "holds"})
    assert compare(GATE, baseline, whole=True) == ()
    assert new_ids(GATE, baseline) == ("a/c/q",)


def test_a_swap_is_noticed() -> None:
    """As many results as recorded, but one of another name, is a difference."""
    found = gate(result("a/c/p", Holds()), result("a/c/r", Holds()))
    assert compare(found, BASELINE, whole=True) == ("a/c/q was not checked; the baseline has VIOLATED",)


def test_written_and_read(tmp_path: Path) -> None:
    """The file is sorted, says how many verdicts there are, and comes back."""
    path = tmp_path / "verdicts.json"
    write_baseline(gate(result("b/c/p", Holds()), result("a/c/p", Violated(TRACE))), path)
    assert json.loads(path.read_text(encoding="utf-8")) == {
        "schema": "oomcheck.baseline/1",
        "checks": 2,
        "verdicts": {"a/c/p": "violated", "b/c/p": "holds"},
    }
    assert load_baseline(path) == Baseline(str(path), {"a/c/p": "violated", "b/c/p": "holds"})
    assert [one.name for one in tmp_path.iterdir()] == ["verdicts.json"]


@pytest.mark.parametrize(
    "found",
    [
        GateReport("specs", (Gated("s", "m", None, failure="died"),)),
        GateReport("specs", (Gated("s", "m", None),)),
        gate(result("a/c/p", Holds()), partial="interrupted"),
    ],
    ids=["failure", "wrong input", "partial"],
)
def test_a_gate_with_holes_is_not_recorded(tmp_path: Path, found: GateReport) -> None:
    """A run that does not know all verdicts writes nothing."""
    with pytest.raises(OomcheckError, match="is not written"):
        write_baseline(found, tmp_path / "verdicts.json")
    assert list(tmp_path.iterdir()) == []


GOOD = json.loads(baseline_text(GATE))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Expecting value"),
        ("[]", "expected an object"),
        ("\ufeff\0", "BOM"),
        ("[" * 100_000, "nested too deep"),
        (json.dumps({**GOOD, "schema": "oomcheck.baseline/2"}), "its schema is"),
        (json.dumps({**GOOD, "checks": 3}), "it says that it has 3 verdicts, and has 2"),
        (json.dumps({**GOOD, "checks": True}), "expected a whole number"),
        (json.dumps({**GOOD, "verdicts": {"a": "fine"}}), "has the verdict 'fine'"),
        (json.dumps({**GOOD, "more": 1}), "does not know"),
        ('{"schema": "oomcheck.baseline/1", "checks": 1, "verdicts": {"a": "holds", "a": "violated"}}', "twice"),
    ],
    ids=str,
)
def test_what_is_no_baseline(tmp_path: Path, text: str, why: str) -> None:
    """Anything else is an E0509 that says why."""
    path = tmp_path / "verdicts.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(OomcheckError, match=why) as raised:
        load_baseline(path)
    assert raised.value.diagnostics[0].code == "E0509"


@given(data=st.binary(max_size=40))
def test_junk_is_an_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """Whatever is in the file, nothing but an error comes of it."""
    path = tmp_path_factory.getbasetemp() / "junk.json"
    path.write_bytes(data)
    with pytest.raises(OomcheckError):
        load_baseline(path)
