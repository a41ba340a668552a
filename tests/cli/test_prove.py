"""`oomcheck prove` from end to end: verdicts, exit codes, certificates."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from oomcheck.cli.main import main
from tests.cli.proving import VISITS, VISITS_SPEC, visits
from tests.cli.samples import put, report, verdicts


@pytest.mark.parametrize(
    ("checks", "verdict", "code"),
    [
        ("check c : low;", "proved", 0),
        ("check c : low expect proved;", "proved", 0),
        ("check c : low expect holds;", "proved", 0),
        ("check c : low expect violated;", "proved", 1),
        ("check c : early;", "violated", 1),
        ("check c : early expect violated;", "violated", 0),
        ("check c : early expect proved;", "violated", 1),
        ("check c : full;", "covered", 0),
        ("check c : over expect unreachable;", "unreachable", 0),
        ("check c : over;", "unreachable", 1),
        ("check c : idle;", "vacuous", 1),
        ("check c : idle expect proved;", "vacuous", 1),
    ],
)
def test_each_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str], checks: str, verdict: str, code: int) -> None:
    """With an open parameter: the verdict of a property, and what it means where another one is expected."""
    found, value = report(["prove", *visits(tmp_path, checks)], capsys)
    assert (found, list(verdicts(value).values())) == (code, [verdict])
    assert value["results"][0]["params"] == ({"N": "any"} if verdict not in ("violated", "covered") else {"N": "1"})


def test_proof_of_every_value(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is told of a proof: for which values, confirmed by whom, and a certificate in the folder."""
    out = tmp_path / "out"
    arguments = ["prove", *visits(tmp_path, "check c : low;"), "-o", str(out)]
    code, value = report(arguments, capsys)
    (row,) = value["results"]
    proof = row["proof"]
    assert (code, proof["open"], row["exhaustive"], row["states"]) == (0, ["N >= 1"], False, 0)
    assert "z3" in proof["confirmed_by"]
    folder = Path(proof["certificate"])
    assert folder == out / "visits" / "c" / "low"
    assert json.loads((folder / "certificate.json").read_text())["property"]["name"] == "visits/c/low"


def test_a_value_closes_a_parameter(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With -c, or `with` in the check, the proof is about this value alone."""
    files = visits(tmp_path, "check c : low; check d : low with N = 2;")
    code, value = report(["prove", *files], capsys)
    assert code == 0
    assert [(row["id"], row["proof"]["open"]) for row in value["results"]] == [
        ("visits/c/low", ["N >= 1"]),
        ("visits/d/low", []),
    ]
    code, value = report(["prove", *files, "-c", "N=3", "--exclude", "d/low"], capsys)
    assert (code, value["results"][0]["proof"]["open"], value["params"]) == (0, [], {"N": "3"})


@pytest.mark.parametrize("command", ["check", "prove"])
def test_a_bound_is_never_green(tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    """HOLDS UP TO is exit code 3, expected or not, but for who expects just that."""
    for checks, code in (
        ("check c : low;", 3),
        ("check c : low expect holds;", 3),
        ("check c : low expect proved;", 3),
    ):
        files = visits(tmp_path, checks)
        found, value = report([command, *files, "--engine", "bmc", "--depth", "2", "-c", "N=2"], capsys)
        assert (found, list(verdicts(value).values()), value["results"][0]["ok"]) == (code, ["holds_up_to"], False)
        assert value["results"][0]["depth"] == 2


def test_few_steps_of_the_solver(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A solver that may do nothing settles nothing, and that is told."""
    arguments = ["prove", *visits(tmp_path, "check c : low;"), "--engine", "pdr", "--rlimit", "1000"]
    code, value = report(arguments, capsys)
    assert (code, list(verdicts(value).values())) == (3, ["unknown"])
    assert report(arguments, capsys)[1]["results"][0]["reason"] == value["results"][0]["reason"]


def test_expect_proved_in_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`check` proves what a check expects to be proved, and searches the rest."""
    files = visits(tmp_path, "check c : low expect proved; check d : low with N = 2 expect holds;")
    code, value = report(["check", *files, "-p", "low"], capsys)
    assert (code, verdicts(value)) == (0, {"visits/c/low": "proved", "visits/d/low": "holds"})


def test_engine_that_proves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A search proves nothing."""
    assert main(["prove", *visits(tmp_path, ""), "--engine", "explicit"]) == 2
    assert "E0003" in capsys.readouterr().err


def test_without_a_spec(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The sanitizers are proved then."""
    model = put(tmp_path, "visits.oom", VISITS)
    code, value = report(["prove", str(model), "-p", "range", "-p", "assert"], capsys)
    assert (code, verdicts(value)) == (0, {"visits/default/range": "proved", "visits/default/assert": "proved"})
    assert "lemma" not in VISITS_SPEC
