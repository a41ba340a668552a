"""Interruptions, closed pipes, odd locales, and defects: each has its own exit code."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from oomcheck.check import check_files
from oomcheck.cli import check as command
from oomcheck.cli.main import main
from oomcheck.pygen.search import explore as explore_generated
from oomcheck.result.exploration import Exploration, Progress, Witness
from oomcheck.result.verdict import Report
from oomcheck.rows import Options
from tests.cli.samples import CLASH, ENDLESS, STEPS, put, report, steps, verdicts

#: The module; the package has a function of that name too.
checks = importlib.import_module("oomcheck.check")
PROGRAM = [sys.executable, "-m", "oomcheck.cli.main"]


def kill_when(monkeypatch: pytest.MonkeyPatch, number: int, states: int, reports: int = 1) -> None:
    """Send this process a signal as soon as a search of `check` has reported so many states so often."""

    def watched(model: Path, specs: tuple[Path, ...], options: Options) -> Report:
        seen: list[Progress] = []

        def progress(now: Progress) -> None:
            seen.extend([now] if now.states >= states else [])
            if now in seen and len(seen) == reports:
                os.kill(os.getpid(), number)

        return check_files(model, specs, replace(options, progress=progress))

    monkeypatch.setattr(command, "check_files", watched)


@pytest.mark.parametrize("engine", ["auto", "reference"])
@pytest.mark.parametrize(("number", "reason"), [(signal.SIGINT, "interrupted"), (signal.SIGTERM, "terminated")])
def test_interrupted(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    engine: str,
    number: int,
    reason: str,
) -> None:
    """Ctrl-C ends a search with what is known, named partial, and exit code 130."""
    model = put(tmp_path, "endless.oom", ENDLESS)
    spec = put(
        tmp_path, "endless.oomspec", 'spec for "endless.oom";\nnever one : x[0] == 1;\nnever big : x[0] == 900;\n'
    )
    kill_when(monkeypatch, number, 200)
    arguments = ["check", str(model), str(spec), "-p", "one", "-p", "big", "--engine", engine]
    code, value = report(arguments, capsys)
    assert (code, value["partial"]) == (130, reason)
    assert verdicts(value) == {"endless/default/one": "violated", "endless/default/big": "unknown"}
    assert value["results"][1]["reason"].startswith(f"{reason}: ")
    assert main(arguments) == 130
    assert f"PARTIAL ({reason})" in capsys.readouterr().out


def test_interrupted_between_searches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the searches before have settled is in the report, what comes later is not."""
    kill_when(monkeypatch, signal.SIGINT, states=1, reports=2)  # each search reports its first state
    text = "check a : small with LAST = 3 expect holds;\ncheck b : small with LAST in 5 .. 9 expect violated;"
    code, value = report([*steps(tmp_path, text), "-p", "small"], capsys)
    assert (code, value["partial"]) == (130, "interrupted")
    assert verdicts(value)["steps/a/small"] == "holds"
    assert "steps/b/small[LAST=9]" not in verdicts(value)


def test_traces_of_a_partial_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """-o writes the traces that are known."""
    model = put(tmp_path, "endless.oom", ENDLESS)
    kill_when(monkeypatch, signal.SIGINT, 200)
    spec = put(tmp_path, "endless.oomspec", 'spec for "endless.oom";\nnever one : x[0] == 1;\n')
    assert main(["check", str(model), str(spec), "-o", str(tmp_path / "out")]) == 130
    assert (tmp_path / "out/endless/default/one.json").exists()
    capsys.readouterr()


def test_interrupted_before_the_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """While the model is still being read there is nothing to report, and no reason to wait."""

    def read(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(checks, "read_files", read)
    assert main(["check", str(put(tmp_path, "steps.oom", STEPS))]) == 130
    out, err = capsys.readouterr()
    assert (out, err) == ("", "interrupted: nothing is known yet\n")


def environment(unbuffered: bool) -> dict[str, str]:
    """That of this process, with Python's own buffers or without."""
    return {**os.environ, "PYTHONUNBUFFERED": "1" if unbuffered else ""}


def said(folder: Path, arguments: list[str], stdout: int, unbuffered: bool) -> tuple[int, str]:
    """The exit code and the complaints of a command that writes to an open file."""
    done = subprocess.run(
        [*PROGRAM, *arguments],
        cwd=folder,
        env=environment(unbuffered),
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("unbuffered", [False, True])
@pytest.mark.parametrize("arguments", [["check", "clash.oom"], ["check", "clash.oom", "--format", "json"], ["--help"]])
def test_closed_pipe(tmp_path: Path, arguments: list[str], unbuffered: bool) -> None:
    """As in `| head -1`: exit code 141 and no complaint."""
    put(tmp_path, "clash.oom", CLASH)
    read, write = os.pipe()
    os.close(read)
    assert said(tmp_path, arguments, write, unbuffered) == (141, "")
    os.close(write)


@pytest.mark.parametrize("unbuffered", [False, True])
def test_pipe_closed_early(tmp_path: Path, unbuffered: bool) -> None:
    """A reader that takes the first bytes of a report larger than a pipe: 141, though a part was written."""
    put(tmp_path, "long.oom", "model long;\nint 0..999 x;\nthread t { for (i in 1 .. 500) x = i; assert false; }\n")
    with subprocess.Popen(
        [*PROGRAM, "check", "long.oom", "--format", "json"],
        cwd=tmp_path,
        env=environment(unbuffered),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(1) == b"{"
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


@pytest.mark.parametrize("unbuffered", [False, True])
@pytest.mark.parametrize("arguments", [["check", "clash.oom"], ["explain", "E0203"], ["--help"]])
def test_full_disk(tmp_path: Path, arguments: list[str], unbuffered: bool) -> None:
    """A report that cannot be written is an error, exit code 2: never a verdict, nor a defect of the tool."""
    put(tmp_path, "clash.oom", CLASH)
    told = "error[E0007]: cannot write the standard output: No space left on device\n"
    with Path("/dev/full").open("w") as full:
        assert said(tmp_path, arguments, full.fileno(), unbuffered) == (2, told)


@pytest.mark.parametrize(
    ("closed", "code", "told"),
    [
        (">&-", 2, "error[E0007]: cannot write the standard output: it is closed\n"),
        (">&- 2>&-", 2, ""),
        ("2>&- >out", 1, ""),
        ("2>/dev/full >/dev/full", 2, ""),
    ],
)
def test_closed_streams(tmp_path: Path, closed: str, code: int, told: str) -> None:
    """Nobody takes the answer: exit code 2, before any work; nobody takes messages: there are none."""
    put(tmp_path, "clash.oom", CLASH)
    shell = ["sh", "-c", f'"$@" check clash.oom {closed}', "sh", *PROGRAM]
    done = subprocess.run(shell, cwd=tmp_path, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (code, told)


def test_any_locale(tmp_path: Path) -> None:
    """A terminal that cannot show a letter gets something else instead of a crash."""
    arguments = steps(tmp_path, 'check c : smaller expect violated because "für Æther";')
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([*PROGRAM, *arguments, "-p", "c/*"], env=ascii_only, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"because" in done.stdout


@pytest.mark.parametrize(("failure", "code"), [(ValueError("odd"), 4), (AssertionError(), 4), (MemoryError(), 3)])
def test_defects_are_no_verdicts(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    failure: Exception,
    code: int,
) -> None:
    """An exception that nobody expected is an internal error, never `violated`."""

    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr("oomcheck.explicit.explore_generated", fail)
    assert main(["check", str(put(tmp_path, "steps.oom", STEPS))]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert ("internal error" if code == 4 else "out of memory") in err


@pytest.mark.parametrize("lie", ["shorter", "longer", "nonsense", "fault", "cover"])
def test_engine_that_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], lie: str
) -> None:
    """Evidence that fails its re-check: exit code 4, whatever the verdicts."""
    honest = explore_generated

    def lying(*arguments: object) -> Exploration:
        found = honest(*arguments)  # type: ignore[arg-type]  # passed on as it came
        witnesses = dict(found.witnesses)
        for name, witness in found.witnesses.items():
            path = witness.steps
            witnesses[name] = {
                "shorter": replace(witness, steps=path[:-1]),
                "longer": replace(witness, steps=(*path, path[-1])),
                "nonsense": replace(witness, steps=(10**6,)),
                "fault": replace(witness, fault=0),
                "cover": Witness(()),
            }[lie]
        return replace(found, witnesses=witnesses)

    monkeypatch.setattr("oomcheck.explicit.explore_generated", lying)
    arguments = [*steps(tmp_path, "check c : smaller expect violated;"), "-p", "c/*"]
    assert main(arguments) == 4
    out, err = capsys.readouterr()
    assert out == ""
    assert "evidence failed its re-check: steps/c/smaller" in err
    assert main([*arguments, "--engine", "reference"]) == 0


def test_json_is_one_object(tmp_path: Path) -> None:
    """Nothing but the report is printed, and errors go to the other stream."""
    done = subprocess.run([*PROGRAM, *steps(tmp_path), "--format", "json"], capture_output=True, check=False)
    assert json.loads(done.stdout)["exit_code"] == done.returncode == 1
    assert done.stderr == b""
