"""`explain`: traces and codes, exit codes, formats, limits, and inputs that are wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from oomcheck.cli.main import main
from tests.cli.samples import CLASH, put, steps

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "oomcheck" / "result" / "explanation.schema.json"


def saved(folder: Path, name: str, capsys: pytest.CaptureFixture[str]) -> Path:
    """The trace of a sanitizer of model `clash`."""
    model = put(folder, "clash.oom", CLASH)
    main(["check", str(model), "-o", str(folder / "out"), "-q"])
    capsys.readouterr()
    return folder / "out" / "clash" / "default" / f"{name}.json"


def explained(path: Path, capsys: pytest.CaptureFixture[str], *flags: str) -> dict[str, Any]:
    """The JSON of a trace, valid."""
    assert main(["explain", str(path), "--format", "json", *flags]) == 0
    value: dict[str, Any] = json.loads(capsys.readouterr().out)
    jsonschema.validate(value, json.loads(SCHEMA.read_text(encoding="utf-8")))
    return value


def test_code(capsys: pytest.CaptureFixture[str]) -> None:
    """A code is explained as before, in capitals or not."""
    assert main(["explain", "e0203"]) == 0
    assert capsys.readouterr().out.startswith("E0203: ")


@pytest.mark.parametrize("name", ["race", "deadlock", "lockdep"])
def test_sanitizers(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """Each kind of trace is explained; the headline names it, and both threads are needed."""
    path = saved(tmp_path, name, capsys)
    assert main(["explain", str(path)]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"why clash/default/{name} is VIOLATED\n")
    assert "\n  thread one\n  thread two\n" in text
    assert f"\nclash/default/{name}: VIOLATED\n" in text


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same as JSON; the exit code is that of the command."""
    value = explained(saved(tmp_path, "deadlock", capsys), capsys)
    needed = [item["process"] for item in value["items"] if item["sort"] == "thread" and item["need"] == "needed"]
    assert needed == ["one", "two"]
    assert (value["exit_code"], value["verdict"], value["partial"]) == (0, "violated", None)


def test_spec(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A property of a spec is found where the spec lay, or where --spec says."""
    main([*steps(tmp_path), "-p", "smaller", "-o", str(tmp_path / "out")])
    capsys.readouterr()
    path = tmp_path / "out/steps/default/smaller.json"
    value = explained(path, capsys)
    assert [part["text"] for part in value["failed"]] == ["x < 2"]
    moved = tmp_path / "moved.oomspec"
    (tmp_path / "steps.oomspec").rename(moved)
    assert main(["explain", str(path)]) == 2
    assert "say where with --spec" in capsys.readouterr().err
    assert explained(path, capsys, "--spec", str(moved)) == value


def test_model_elsewhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--model names where the model lies now."""
    path = saved(tmp_path, "race", capsys)
    moved = put(tmp_path, "elsewhere/clash.oom", CLASH)
    (tmp_path / "clash.oom").unlink()
    assert main(["explain", str(path)]) == 2
    assert "E0001" in capsys.readouterr().err
    assert main(["explain", str(path), "--model", str(moved)]) == 0


def test_changed_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A trace of another text is refused."""
    path = saved(tmp_path, "race", capsys)
    put(tmp_path, "clash.oom", CLASH + "// changed\n")
    assert main(["explain", str(path)]) == 2
    assert "E0501" in capsys.readouterr().err


def test_forged_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A trace that tells something else than what happens is refused, not explained."""
    path = saved(tmp_path, "deadlock", capsys)
    value = json.loads(path.read_text(encoding="utf-8"))
    value["steps"][0]["text"] = "x = 5"
    path.write_text(json.dumps(value), encoding="utf-8")
    assert main(["explain", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "E0503" in err


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--width", "39"], "--width is at least 40"),
        (["--max-states", "some"], "--max-states"),
        (["--timeout", "0"], "--timeout"),
        (["--timeout", "-1s"], "--timeout"),
        (["--format", "xml"], "invalid choice"),
    ],
)
def test_wrong_flags(tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: list[str], told: str) -> None:
    """Wrong flags are errors of the command line."""
    path = saved(tmp_path, "race", capsys)
    assert main(["explain", str(path), *flags]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error[E0003]")
    assert told in err


@pytest.mark.parametrize(
    ("name", "code"),
    [("E9999", "E0003"), ("nothing", "E0003"), ("gone.json", "E0001"), ("clash.oom", "E0502"), (".", "E0001")],
)
def test_no_trace(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str, code: str
) -> None:
    """What is neither a trace nor a code gets a message."""
    put(tmp_path, "clash.oom", CLASH)
    monkeypatch.chdir(tmp_path)
    assert main(["explain", name]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert f"error[{code}]" in err


def test_limit_of_states(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Within too small a limit items are undecided, and that is no failure."""
    value = explained(saved(tmp_path, "deadlock", capsys), capsys, "--max-states", "2")
    assert {item["need"] for item in value["items"]} == {"undecided"}
    assert {item["reason"] for item in value["items"]} == {"state limit 2"}


@pytest.mark.parametrize("flags", [["--width", "40"], ["--ascii"], ["--timeout", "none", "--max-states", "none"]])
def test_looks(tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: list[str]) -> None:
    """No line is wider than asked."""
    path = saved(tmp_path, "race", capsys)
    assert main(["explain", str(path), *flags]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= (40 if "--width" in flags else 75)


STOPPING = """
import os, signal, sys
from oomcheck.cli import main, explain
real = explain.explain
def explain_and_stop(trace, again, searcher):
    assert not searcher.stopped
    os.kill(os.getpid(), signal.SIGINT)
    return real(trace, again, searcher)
explain.explain = explain_and_stop
sys.exit(main.main(sys.argv[1:]))
"""


def test_interrupted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends with what is known, named partial, and exit code 130."""
    path = saved(tmp_path, "deadlock", capsys)
    done = subprocess.run(
        [sys.executable, "-c", STOPPING, "explain", str(path), "--format", "json"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 130, done.stderr
    value = json.loads(done.stdout)
    assert (value["partial"], value["exit_code"]) == ("interrupted", 130)


def test_documentation(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The example in the documentation is what the command prints."""
    monkeypatch.chdir(ROOT)
    files = ["models/oom_series_v5.oom", "specs/oom_series_v5.oomspec"]
    main(["check", *files, "-p", "uninit_two/uninit", "-q", "-o", str(tmp_path)])
    capsys.readouterr()
    assert main(["explain", str(tmp_path / "oom_series_v5/uninit_two/uninit.json")]) == 0
    text = capsys.readouterr().out
    told = text[: text.index("\noom_series_v5/uninit_two/uninit: VIOLATED")]
    assert f"```text\n{told}```\n" in (ROOT / "docs" / "explain.md").read_text(encoding="utf-8")
