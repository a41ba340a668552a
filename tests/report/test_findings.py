"""Findings: nothing that is not as expected goes unseen, each has its place and a key of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from oomcheck.diag.diagnostic import Severity
from oomcheck.diag.span import Source, Span
from oomcheck.report.findings import findings, passes, place_of, row_code, split_identity
from oomcheck.result.gated import Gated, GateReport, gate_exit_code
from oomcheck.result.verdict import DeadCode, Holds, HoldsUpTo, Report, Unknown, Vacuous, Violated
from tests.report.gates import full_gate, gates
from tests.report.reports import HOLDS
from tests.report.traces import uninit_trace


@pytest.mark.parametrize(
    ("identity", "parts"),
    [
        ("s/c/p", ("s", "c", "p")),
        ("s/c/p[N=2,M=A]", ("s", "c", "p[N=2,M=A]")),
        ("a/b/s/c/p", ("a/b/s", "c", "p")),
        ("s/c[N=2]/p", ("s", "c[N=2]", "p")),
        ("c/p", ("", "c", "p")),
        ("p", ("", "", "p")),
        ("", ("", "", "")),
    ],
)
def test_split_identity(identity: str, parts: tuple[str, str, str]) -> None:
    """The last two parts are check and property, whatever the spec is called."""
    assert split_identity(identity) == parts


def test_full() -> None:
    """The findings of a gate in which everything is wrong, in the order of the specs."""
    assert [(one.severity.value, one.rule, one.file, one.line) for one in findings(full_gate())] == [
        ("error", "E0201", "specs/broken.oomspec", 3),
        ("error", "failure", "specs/crash.oomspec", 0),
        ("error", "nothing-checked", "specs/empty.oomspec", 0),
        ("error", "oom_freezer/no_uninit", "models/oom_freezer.oom", 32),
        ("error", "oom_freezer/one_kill", "models/oom_freezer.oom", 0),
        ("error", "oom_freezer/both_unmap", "models/oom_freezer.oom", 0),
        ("error", "oom_freezer/order", "models/oom_freezer.oom", 0),
        ("warning", "oom_freezer/one_kill", "models/oom_freezer.oom", 0),
        ("error", "oom_freezer/fast", "models/oom_freezer.oom", 0),
        ("error", "oom_freezer/contended", "models/oom_freezer.oom", 0),
        ("error", "oom_freezer/unreachable", "models/oom_freezer.oom", 91),
        ("warning", "oom_freezer/one_kill", "models/oom_freezer.oom", 0),
        ("warning", "oom_freezer/order", "models/oom_freezer.oom", 0),
        ("error", "oom_freezer/no_uninit", "models/oom_freezer.oom", 32),
        ("error", "baseline", "specs", 0),
        ("error", "baseline", "specs", 0),
    ]


def test_keys_differ() -> None:
    """Two findings with the same words have different keys."""
    gate = GateReport("specs", (), ("same", "same"))
    keys = [one.key for one in findings(gate)]
    assert keys[1] == f"{keys[0]}#2"
    assert len(set(keys)) == 3


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (HOLDS, 0),
        (replace(HOLDS, verdict=Vacuous("x"), ok=False), 1),
        (replace(HOLDS, verdict=Unknown("x"), ok=False), 3),
        (replace(HOLDS, verdict=Unknown("x"), expected="unknown"), 0),
        (replace(HOLDS, verdict=HoldsUpTo(3), expected="holds", ok=True), 3),
    ],
)
def test_only_what_was_established_passes(result: object, code: int) -> None:
    """A row passes only if it alone would give exit code 0; an unknown that nobody expected never does."""
    assert isinstance(result, type(HOLDS))
    assert (row_code(result), passes(result)) == (code, code == 0)


def test_places() -> None:
    """The end of the trace, else a dead statement, else the check in the spec, else the model."""
    entry = Gated("s.oomspec", "m.oom", None)
    span = Span(Source("s.oomspec", "a\nb\n"), 2, 3)
    assert place_of(replace(HOLDS, verdict=Violated(uninit_trace())), entry) == ("models/oom_freezer.oom", 32)
    assert place_of(replace(HOLDS, verdict=DeadCode(("a b.oom:7: x:9",))), entry) == ("a b.oom", 7)
    assert place_of(replace(HOLDS, verdict=DeadCode(("nowhere",))), entry) == ("m.oom", 0)
    assert place_of(replace(HOLDS, verdict=Holds(), span=span), entry) == ("s.oomspec", 2)
    assert place_of(HOLDS, entry) == ("m.oom", 0)


def test_quick_run_that_leaves_out_a_spec() -> None:
    """A spec of which nothing is wanted is no finding, but a run of such specs alone is."""
    left_out = Gated("a.oomspec", "m.oom", None, skipped=("big",))
    done = Gated("b.oomspec", "m.oom", Report("m.oom", (), (HOLDS,), ()))
    assert findings(GateReport("specs", (left_out, done))) == ()
    assert [one.rule for one in findings(GateReport("specs", (left_out,)))] == ["nothing-checked"]


def test_unknown_that_counts_as_ok_is_seen() -> None:
    """A row that its maker called ok is a finding all the same if its exit code is not 0."""
    row = replace(HOLDS, verdict=HoldsUpTo(3), expected="holds", ok=True)
    gate = GateReport("specs", (Gated("a.oomspec", "m.oom", Report("m.oom", (), (row,), ())),))
    assert [(one.severity, one.result) for one in findings(gate)] == [(Severity.WARNING, row)]


def test_partial_spec_is_seen() -> None:
    """A spec that was cut short is a finding, also where nobody says so of the whole run."""
    report = Report("m.oom", (), (HOLDS,), (), partial="interrupted")
    gate = GateReport("specs", (Gated("a.oomspec", "m.oom", report), Gated("b.oomspec", "m.oom", green())))
    assert [(one.rule, one.file) for one in findings(gate)] == [("partial", "a.oomspec")]
    assert gate_exit_code(gate) == 130


def green() -> Report:
    """A report as expected."""
    return Report("m.oom", (), (HOLDS,), ())


@given(gate=gates())
def test_nothing_goes_unseen(gate: GateReport) -> None:
    """There is an error or a warning exactly if the exit code is not 0; all keys differ."""
    found = findings(gate)
    bad = [one for one in found if one.severity is Severity.ERROR or one.result is not None]
    assert bool(bad) == (gate_exit_code(gate) != 0)
    assert len({one.key for one in found}) == len(found)
