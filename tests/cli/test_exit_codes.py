"""Exit codes: one for each verdict, the worst of a report, and none that hides a failure."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from oomcheck.check import check_files
from oomcheck.cli.main import main
from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.result.verdict import Holds, Report, Result, Unknown, Vacuous, Verdict, exit_code
from oomcheck.rows import Options
from tests.cli.samples import CLASH, ENDLESS, MISUSE, STEPS, put, report, steps, verdicts

COMMANDS = ("check", "replay", "info", "lint", "fmt", "explain")
BARE = "without uninit, null, lifetime, lockdep, refcount, race, range, deadlock, assert "


@pytest.mark.parametrize(
    ("checks", "flags", "verdict", "code"),
    [
        ("check c : small;", [], "holds", 0),
        ("check c : small expect holds;", [], "holds", 0),
        ("check c : four expect holds;", [], "holds", 0),
        ("check c : smaller;", [], "violated", 1),
        ("check c : smaller expect violated;", [], "violated", 0),
        ("check c : small expect violated;", [], "holds", 1),
        ("check c : smaller expect holds;", [], "violated", 1),
        ("check c : two;", [], "covered", 0),
        ("check c : two expect covered;", [], "covered", 0),
        ("check c : two expect unreachable;", [], "covered", 1),
        ("check c : five;", [], "unreachable", 1),
        ("check c : five expect unreachable;", [], "unreachable", 0),
        ("check c : five expect covered;", [], "unreachable", 1),
        ("check c : unasked;", [], "vacuous", 1),
        ("check c : unasked expect holds;", [], "vacuous", 1),
        ("check c : unasked expect vacuous;", [], "vacuous", 0),
        ("check c : small;", ["--max-states", "2"], "unknown", 3),
        ("check c : small expect holds;", ["--depth", "1"], "unknown", 3),
        ("check c : smaller expect violated;", ["--depth", "1"], "unknown", 3),
        ("check c : five expect unreachable;", ["--depth", "1"], "unknown", 3),
        ("check c : five expect unknown;", [], "unreachable", 1),
        ('check c : smaller expect violated at "mm/mmap.c:exit_mmap";', [], "violated", 0),
        ('check c : smaller expect violated at "kernel/exit.c:exit_mm";', [], "violated", 1),
        ('check c : two expect covered at "kernel/exit.c:exit_mm";', [], "covered", 1),
    ],
)
def test_one_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], checks: str, flags: list[str], verdict: str, code: int
) -> None:
    """Each verdict, with each expectation that it may meet."""
    arguments = [*steps(tmp_path, checks), "-p", "c/*", *flags]
    assert main(arguments) == code
    found, value = report(arguments, capsys)
    row = value["results"][0]
    assert (found, row["verdict"], row["ok"]) == (code, verdict, code == 0)
    assert row["exhaustive"] is (verdict != "unknown")
    if verdict == "unknown":
        assert row["reason"].startswith(("state limit", "depth limit"))


@pytest.mark.parametrize(
    ("globs", "code"),
    [
        (["small"], 0),
        (["small", "two"], 0),
        (["small", "smaller"], 1),
        (["small", "unasked"], 1),
        (["two", "five"], 1),
    ],
)
def test_worst_row(tmp_path: Path, globs: list[str], code: int) -> None:
    """Several rows: the worst decides."""
    assert main([*steps(tmp_path), *(word for glob in globs for word in ("-p", glob))]) == code


def test_violated_beats_unknown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is known to be bad counts more than what is not known."""
    code, value = report([*steps(tmp_path), "--max-states", "3"], capsys)
    assert set(verdicts(value).values()) >= {"violated", "unknown"}
    assert code == 1


def test_limit_leaves_sanitizers_unknown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An expected violation that a cut search finds is no pass while the sanitizers are not settled."""
    code, value = report([*steps(tmp_path, "check c : smaller expect violated;"), "-p", "c/*", "--depth", "2"], capsys)
    assert verdicts(value)["steps/c/smaller"] == "violated"
    assert verdicts(value)["steps/c/race"] == "unknown"
    assert code == 3


def test_same_check_without_sanitizers(tmp_path: Path) -> None:
    """Where the check leaves them out, nothing is unsettled."""
    assert main([*steps(tmp_path, f"check c : smaller {BARE} expect violated;"), "-p", "c/*", "--depth", "2"]) == 0


def test_unexpected_sanitizer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A sanitizer that no check names must find nothing."""
    model = put(tmp_path, "clash.oom", CLASH)
    spec = put(tmp_path, "clash.oomspec", 'spec for "clash.oom";\ncover one : x == 1;\ncheck c : one expect covered;\n')
    code, value = report(["check", str(model), str(spec)], capsys)
    assert code == 1
    assert {name for name, verdict in verdicts(value).items() if verdict == "violated"} == {
        "clash/c/race",
        "clash/c/deadlock",
        "clash/c/lockdep",
    }


def test_after_misuse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing holds beyond a misuse, whether its sanitizer is on or off."""
    model = put(tmp_path, "misuse.oom", MISUSE)
    code, value = report(["check", str(model)], capsys)
    assert (code, verdicts(value)["misuse/default/lockdep"]) == (1, "violated")
    assert verdicts(value)["misuse/default/race"] == "unknown"
    code, value = report(["check", str(model), "--no-lockdep"], capsys)
    assert code == 3
    assert set(verdicts(value).values()) == {"unknown"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "gone.oom"],
        ["check", "steps.oom", "-p", "gone"],
        ["check", "steps.oom", "-p", "race", "-p", "gone"],
        ["check", "steps.oom", "--exclude", "gone"],
        ["check", "steps.oom", "--engine", "magic"],
        ["check", "steps.oom", "-q", "-v"],
        ["check", "steps.oom", "--width", "10"],
        ["check", "steps.oom", "--width", "wide"],
        ["check", "steps.oom", "--format", "yaml"],
        ["check", "steps.oom", "--states", "all"],
        ["check"],
        ["prove"],
        ["prove", "gone.oom"],
        ["prove", "steps.oom", "--engine", "explicit"],
        ["prove", "steps.oom", "--rlimit", "0"],
        ["certify"],
        ["certify", "gone"],
        ["certify", ".", "--solver", "magic"],
        ["replay", "steps.oom"],
        ["explain", "E9999"],
    ],
)
def test_wrong_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    """Wrong inputs: exit code 2, a message, and no report."""
    put(tmp_path, "steps.oom", STEPS)
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error[E0")


@pytest.mark.parametrize(
    ("name", "code", "word"), [("bmc", 3, "holds_up_to"), ("kind", 0, "proved"), ("pdr", 0, "proved")]
)
def test_proof_engines(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, code: int, word: str) -> None:
    """A bound is not green, an invariant is."""
    model = put(tmp_path, "steps.oom", STEPS)
    found, value = report(["check", str(model), "--engine", name, "-p", "range"], capsys)
    assert (found, list(verdicts(value).values())) == (code, [word])


def test_no_such_engine(tmp_path: Path) -> None:
    """The API says what the command line says before."""
    model = put(tmp_path, "steps.oom", STEPS)
    with pytest.raises(OomcheckError) as caught:
        check_files(model, (), Options(engine="magic"))
    assert [problem.code for problem in caught.value.diagnostics] == ["E0504"]


@pytest.mark.parametrize("name", ["junit", "ktap", "sarif", "github"])
def test_formats_of_ci_systems(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """The exit code is that of every other format; each is printed in its own way (test_gate.py reads them)."""
    for verdict, code in (("holds", 0), ("violated", 1)):
        arguments = [*steps(tmp_path, f"check c : small expect {verdict};"), "-p", "c/small"]
        printed = []
        for how in (name, "text", "json"):
            assert main([*arguments, "--format", how]) == code
            printed.append(capsys.readouterr().out)
        assert len(set(printed)) == 3


@pytest.mark.parametrize(
    "flags",
    [
        [],
        ["-q"],
        ["-v"],
        ["--ascii"],
        ["--width", "40"],
        ["--states", "full"],
        ["--lanes", "all"],
        ["--color", "always"],
        ["--format", "json"],
        ["--engine", "reference"],
        ["--engine", "explicit"],
        ["--engine", "auto"],
        ["--timeout", "60"],
        ["--max-memory", "4G"],
        ["--max-states", "1000"],
        ["--depth", "100"],
        ["--no-race"],
        ["-p", "*"],
        ["--exclude", "race"],
        ["-o", "out"],
    ],
)
def test_no_flag_hides_a_violation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: list[str]) -> None:
    """A violated model with any flag: exit code 1."""
    put(tmp_path, "clash.oom", CLASH)
    monkeypatch.chdir(tmp_path)
    assert main(["check", "clash.oom", *flags]) == 1


@pytest.mark.parametrize(
    "flags", [["--max-states", "50"], ["--timeout", "0.001s"], ["--max-memory", "1M"], ["--depth", "3"]]
)
@pytest.mark.parametrize("engine", ["auto", "reference"])
def test_each_limit(tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: list[str], engine: str) -> None:
    """Whatever ends a search, no verdict is positive and the exit code is 3."""
    model = put(tmp_path, "endless.oom", ENDLESS)
    spec = put(
        tmp_path, "endless.oomspec", 'spec for "endless.oom";\ninvariant p : x[5] == 0;\ncover q : x[5] == 9000;\n'
    )
    arguments = ["check", str(model), str(spec), *flags, "--engine", engine]
    code, value = report(arguments, capsys)
    assert code == 3
    assert set(verdicts(value).values()) == {"unknown"}
    assert {row["exhaustive"] for row in value["results"]} == {False}
    assert all("limit" in row["reason"] and "states" in row["reason"] for row in value["results"])
    assert value["dead_code"] == []


def _row(verdict: Verdict, ok: bool, expected: str = "") -> Result:
    return Result("s/c/p", "p", "invariant", verdict, ok, "explicit", True, 1, 1, 1, 0.0, expected=expected)


ROWS = {0: _row(Holds(), True), 1: _row(Vacuous("r"), False), 3: _row(Unknown("r"), False)}


@pytest.mark.parametrize("codes", [c for n in (1, 2, 3) for c in itertools.product((0, 1, 3), repeat=n)])
def test_order_of_codes(codes: tuple[int, ...]) -> None:
    """1 beats 3 beats 0; a partial report is never 0, and neither is an empty one."""
    found = Report("m", (), tuple(ROWS[code] for code in codes), ())
    assert exit_code(found) == (1 if 1 in codes else 3 if 3 in codes else 0)
    assert exit_code(Report("m", (), found.results, (), partial="interrupted")) == 130


def test_unknown_is_never_good() -> None:
    """A row that claims to be fine although nothing is known about it, and nobody expected that."""
    assert exit_code(Report("m", (), (_row(Unknown("r"), True),), ())) == 3
    assert exit_code(Report("m", (), (_row(Unknown("r"), True, "unknown"),), ())) == 0
    assert exit_code(Report("m", (), (), ())) == 2
    assert exit_code(Report("m", (), (), (), partial="interrupted")) == 130


def test_help_prints_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` tells all exit codes; it and `--version` end with 0."""
    text = ""
    for arguments in (["--version"], *([c, "--help"] for c in COMMANDS), ["--help"], ["check", "--help"]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 0
        text = capsys.readouterr().out
        assert arguments[0] in text or arguments[0].startswith("-")
        for code in (0, 1, 2, 3, 4, 130, 141):
            assert (f"\n  {code:>3}  " in text) is (arguments in (["--help"], ["check", "--help"]))
