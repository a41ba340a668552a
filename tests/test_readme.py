"""The README tells what the tool does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from oomcheck.cli.main import main

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
TRACE = re.compile(r"<!-- output of: oomcheck ([^\n]*) -->\n```\n(.*?)```\n", re.S)


def test_trace_is_what_the_command_prints(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The counterexample in the README is the tool's own output, from the verdict's header on."""
    monkeypatch.chdir(ROOT)
    text = README.read_text(encoding="utf-8")
    found = TRACE.search(text)
    assert found is not None
    assert main(found[1].split()) == 0
    printed = capsys.readouterr().out
    start = printed.index("oom_series_v5/uninit_two/uninit: VIOLATED")
    trace = printed[start : printed.index("\n\n1 result")] + "\n"
    if request.config.getoption("--update-golden"):
        README.write_text(text.replace(found[2], trace), encoding="utf-8")
    else:
        assert found[2] == trace
    assert max(map(len, trace.splitlines())) <= 75


def test_proof_is_what_the_command_prints(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The verdict of the proof in the README is the tool's own output, whichever other solver is installed."""
    monkeypatch.chdir(ROOT)
    text = README.read_text(encoding="utf-8")
    found = TRACE.findall(text)[1]
    assert main(found[0].split()) == 0
    printed = capsys.readouterr().out
    verdict = printed[printed.index("lifetime/merged/lifetime") : printed.index("\n\nsanitizers")] + "\n"
    if request.config.getoption("--update-golden"):
        README.write_text(text.replace(found[1], verdict), encoding="utf-8")
    else:
        assert found[1].replace(", cvc5", "") == verdict.replace(", cvc5", "")


def test_python_example_runs(tmp_path: Path) -> None:
    """The lines for Python run as they stand."""
    code = re.search(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.S)
    assert code is not None
    done = subprocess.run([sys.executable, "-c", code[1]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "traversal/meet_up/meetings[NVMA=2] VIOLATED" in done.stdout


def test_commands_exist(capsys: pytest.CaptureFixture[str]) -> None:
    """Every command that the README names has a help text."""
    for name in re.findall(r"^oomcheck (\w+) (?:\[|[A-Z])", README.read_text(encoding="utf-8"), re.M):
        with pytest.raises(SystemExit) as ended:
            main([name, "--help"])
        assert ended.value.code == 0
        assert name in capsys.readouterr().out
