"""models/FINDINGS.md names checks that exist."""

from __future__ import annotations

import re
from pathlib import Path

from oomcheck.lang.load import read_spec

ROOT = Path(__file__).parents[2]


def test_checks_exist() -> None:
    """Each `spec/check` is one of a spec, and each other name of a check in the same cell is one of that spec."""
    specs = {path.stem: path for path in (ROOT / "specs").rglob("*.oomspec") if path.parent.name != "proofs"}
    checks = {name: {check.name.text for check in read_spec(path)[0].checks} for name, path in specs.items()}
    text = (ROOT / "models" / "FINDINGS.md").read_text(encoding="utf-8")
    named = re.findall(r"`(\w+)/(\w+)`((?:, `\w+`)*)", text)
    assert len(named) > 15
    found = [(spec, check) for spec, first, others in named for check in (first, *re.findall(r"\w+", others))]
    assert [f"{spec}/{check}" for spec, check in found if check not in checks.get(spec, set())] == []
