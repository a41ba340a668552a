"""`mutate`: survivors with exit code 1, a list, JSON, a file below -o."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from oomcheck.cli.main import main
from tests.cli.samples import put
from tests.mutation.test_campaign import COUNTER, SPEC, TOLD


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    """The counter and its spec."""
    put(tmp_path, "counter.oom", COUNTER)
    return put(tmp_path, "counter.oomspec", SPEC)


def test_survivor(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A survivor is named with file and line."""
    assert main(["mutate", str(spec), "-p", "* in tells", "-j", "1"]) == 1
    text = capsys.readouterr().out
    assert "    15  SURVIVED: swap `one = true;` and `two = true;` in tells\n" in text
    assert text.endswith("1 mutant: 1 survived; exit 1\n")


def test_all_killed(spec: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Where all are killed the exit code is 0; -o writes the JSON that --format json prints."""
    args = ["mutate", str(spec.parent), "-p", "drop lock *", "-o", str(tmp_path / "out")]
    assert main([*args, "--format", "json"]) == 0
    text = capsys.readouterr().out
    assert json.loads(text)["mutants"][0]["fate"] == "killed"
    assert (tmp_path / "out" / "mutation.json").read_text(encoding="utf-8") == text


def test_list(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--list names the mutants as specs and globs do."""
    assert main(["mutate", str(spec), "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"{spec.parent}/counter.oom:15: {TOLD}" in lines
    assert all(": counter.oom: " in line for line in lines)


@pytest.mark.parametrize(
    ("flags", "code"), [(["-p", "nothing"], "E0006"), (["--max-states", "x"], "E0003"), (["-j", "0"], "E0003")]
)
def test_wrong_flags(spec: Path, capsys: pytest.CaptureFixture[str], flags: list[str], code: str) -> None:
    """What makes no sense is refused with exit code 2."""
    assert main(["mutate", str(spec), *flags]) == 2
    assert f"error[{code}]" in capsys.readouterr().err


def test_no_specs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder without specs judges nothing, which is no success."""
    assert main(["mutate", str(tmp_path)]) == 2
    assert "E0006" in capsys.readouterr().err
