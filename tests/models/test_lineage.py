"""The lineage: each version, and each suggestion of a reviewer, has the verdicts that its spec argues for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from oomcheck.check import check_files
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.lint import lint
from oomcheck.result.verdict import word
from oomcheck.rows import Options
from oomcheck.ways import Ways
from tests.models.suites import MEANT, ROOT, model_of, unargued

SPECS = sorted((ROOT / "specs" / "lineage").glob("*.oomspec"))
VARIANTS = ROOT / "models" / "lib" / "variant.oom"


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_verdicts_are_the_expected_ones(spec: Path) -> None:
    """All checks meet their expectations, in their quick form; nothing holds for the reason that nothing happens."""
    results = check_files(model_of(spec), (spec,), Options(ways=Ways(threads=2), quick=True)).results
    assert [f"{r.identity}: {word(r.verdict).value} {r.note}" for r in results if not r.ok] == []
    assert {r.expected for r in results} & {"violated", "covered"}


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_every_check_says_what_is_expected_and_why(spec: Path) -> None:
    """Each check has an expectation and the argument for it."""
    assert unargued(spec) == []


def test_every_variant_is_checked() -> None:
    """Each value of FIX is some spec's subject."""
    found = re.search(r"enum FIX \{([^}]*)\}", VARIANTS.read_text(encoding="utf-8"))
    assert found is not None
    values = re.findall(r"\b[A-Z][A-Z0-9_]*\b", re.sub(r"//.*", "", found[1]))
    assert len(values) > 10
    specs = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "specs").rglob("*.oomspec"))
    models = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "models").glob("*.oom"))
    assert [value for value in values if not re.search(rf"\b{value}\b", specs + models)] == []


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_lint_has_nothing_to_say(spec: Path) -> None:
    """Of a version's own files; a library has names that only some models use."""
    others = [path for path in (ROOT / "specs").rglob("*.oomspec") if model_of(path) == model_of(spec)]
    found = lint(load_model(model_of(spec), {}, ()), tuple(sorted(others)))
    assert [str(one.span) for one in found if one.code not in MEANT and "/lib/" not in str(one.span)] == []
