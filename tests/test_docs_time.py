"""The examples of docs/time.md give the verdicts that they expect, with both engines."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from oomcheck.cli.main import main

PAGE = Path(__file__).parent.parent / "docs" / "time.md"
BLOCK = re.compile(r"^```\n(.*?)^```$", re.M | re.S)
NAMES = ("two_readings", "once_per_wakeup", "patience", "spinning")


def examples() -> dict[str, tuple[str, str]]:
    """Model and spec of each example: a block that declares a model, and the one after it."""
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    pairs = zip(blocks[::2], blocks[1::2], strict=True)
    return {model.split()[1].rstrip(";"): (model, spec) for model, spec in pairs}


@pytest.mark.parametrize("engine", ["auto", "reference"])
@pytest.mark.parametrize("name", NAMES)
def test_examples(name: str, engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every check of an example has its verdict, and there are as many as the page shows."""
    model, spec = examples()[name]
    (tmp_path / f"{name}.oom").write_text(model, encoding="utf-8")
    (tmp_path / f"{name}.oomspec").write_text(spec, encoding="utf-8")
    code = main(["check", str(tmp_path / f"{name}.oom"), str(tmp_path / f"{name}.oomspec"), "--engine", engine])
    shown = capsys.readouterr().out
    assert code == 0, shown
    count = len(re.findall(r"^check ", spec, re.M))
    assert f"{count} results: {count} ok" in shown


def test_no_example_is_left_out() -> None:
    """The page shows these examples and no other."""
    assert set(examples()) == set(NAMES)
