"""Mutants that specs explain: each name must be found again, or a model has changed under its explanation."""

from __future__ import annotations

from pathlib import Path

import pytest

from oomcheck.cli.main import main
from oomcheck.lang.load import read_spec

ROOT = Path(__file__).parents[2]


def test_each_explained_mutant_exists(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """No explanation is of a mutant that the models no longer have."""
    monkeypatch.chdir(ROOT)
    assert main(["mutate", "specs", "--list"]) == 0
    names = {line.split(": ", 1)[1] for line in capsys.readouterr().out.splitlines() if ": " in line}
    explained = {
        decl.mutant: f"{path.relative_to(ROOT)}:{decl.span.line}"
        for path in sorted((ROOT / "specs").rglob("*.oomspec"))
        for decl in read_spec(path)[0].equivalents
    }
    assert len(explained) > 40
    assert {where: name for name, where in explained.items() if name not in names} == {}
