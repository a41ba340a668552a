"""The museum: each historical race is found in its model, and its fix is not.

A spec of the museum runs as a whole; each has a variant in which something is violated and one in which it holds.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from oomcheck.check import check_files
from oomcheck.cli.fmt import run as fmt
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.lint import lint
from oomcheck.result.verdict import word
from oomcheck.rows import Options
from oomcheck.ways import Ways
from tests.models.suites import MEANT, ROOT, model_of, unargued

SPECS = sorted((ROOT / "specs" / "museum").glob("*.oomspec"))
MODELS = sorted((ROOT / "models" / "museum").rglob("*.oom"))


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_verdicts_are_the_expected_ones(spec: Path) -> None:
    """All checks meet their expectations, in their quick form; some variant is bad, and some is not."""
    results = check_files(model_of(spec), (spec,), Options(ways=Ways(threads=2), quick=True)).results
    assert [f"{r.identity}: {word(r.verdict).value} {r.note}" for r in results if not r.ok] == []
    expected = {r.expected for r in results}
    assert "violated" in expected
    assert expected & {"holds", "proved"}


def test_each_model_has_a_spec() -> None:
    """Bug and fix are one model, and its spec is named after it."""
    assert {path.stem for path in SPECS} == {path.stem for path in MODELS if path.parent.name == "museum"}
    assert all(model_of(spec).stem == spec.stem for spec in SPECS)


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_every_check_says_what_is_expected_and_why(spec: Path) -> None:
    """Each check has an expectation and the argument for it."""
    assert unargued(spec) == []


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_lint_has_nothing_to_say(spec: Path) -> None:
    """No function is without a kernel reference, no name without a use, no result is dropped."""
    found = lint(load_model(model_of(spec), {}, ()), (spec,))
    assert [str(one.span) for one in found if one.code not in MEANT] == []


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_headers_and_references(path: Path) -> None:
    """A model begins with what it is about; references name a file of the kernel and a word in it."""
    text = path.read_text(encoding="utf-8")
    assert text.startswith("/*\n")
    references = re.findall(r'@ "([^"]*)"', text)
    assert references
    assert [
        r for r in references if not re.fullmatch(r"(arch|drivers|fs|include|kernel|lib|mm|virt)/[\w/.-]+\.[ch]:\w+", r)
    ] == []


def test_layout(capsys: pytest.CaptureFixture[str]) -> None:
    """`oomcheck fmt` has nothing to do."""
    assert fmt([str(path) for path in MODELS], check=True) == 0, capsys.readouterr().out
