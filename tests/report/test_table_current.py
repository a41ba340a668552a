"""The pages of this repository show the verdicts of specs/verdicts.json; a run of the gate compares numbers as well.

`--update-golden` renews pages of answers; those with numbers need `oomcheck gate specs --table FILE --write-table`.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from oomcheck.cli.gate_table import Page, Pages, page_text, read_pages
from oomcheck.gate.answers import read_answers
from oomcheck.gate.baseline import load_baseline
from oomcheck.gate.suite import find_suite
from oomcheck.report.table import NUMBERS, Found, recorded
from oomcheck.report.table_page import AnswersOf, difference

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "docs/lineage.md", "models/README.md")


@pytest.fixture(scope="module")
def pages() -> Pages:
    """The pages, read where a gate runs."""
    here = Path.cwd()
    os.chdir(ROOT)
    try:
        return read_pages(tuple(map(Path, PAGES)), find_suite(Path("specs")))
    finally:
        os.chdir(here)


@pytest.fixture(scope="module")
def found() -> dict[str, Found]:
    """The verdicts that somebody looked at."""
    return recorded(load_baseline(ROOT / "specs/verdicts.json").verdicts)


def named(pages: Pages, name: str) -> Page:
    """The page of this name."""
    return next(page for page in pages.pages if str(page.path) == name)


@pytest.mark.parametrize("name", PAGES)
def test_current(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    pages: Pages,
    found: dict[str, Found],
    name: str,
) -> None:
    """Rows, verdicts, stories and links are those of the specs and of the baseline."""
    monkeypatch.chdir(ROOT)
    page = named(pages, name)
    text = page_text(page, pages.subjects, found)
    if request.config.getoption("--update-golden") and all(isinstance(one.what, AnswersOf) for one in page.regions):
        page.path.write_text(text, encoding="utf-8")
    else:
        assert difference(page.source.text, text, NUMBERS) is None, f"oomcheck gate specs --table {name} --write-table"


def test_every_violation_has_its_story(pages: Pages, found: dict[str, Found]) -> None:
    """Each check of the series and of the museum that is violated says why, and each of their models which kernel."""
    violated = {identity.rsplit("/", 1)[0] for identity, one in found.items() if one.word.value == "violated"}
    ours = [one for one in pages.subjects if one.place.startswith(("lineage/", "museum/"))]
    assert len(ours) >= 37
    assert [one.name for one in ours if not one.kernel] == []
    checks = [(one.name, check) for one in ours for check in one.checks if f"{one.name}/{check.name}" in violated]
    assert [f"{name}/{check.name}" for name, check in checks if not check.because] == []


def test_every_proposed_model_is_answered(monkeypatch: pytest.MonkeyPatch, pages: Pages) -> None:
    """No row of the acceptance table is without a check, and no version without a property."""
    monkeypatch.chdir(ROOT)
    tables = read_answers(Path("specs/lineage/matrix.toml"), pages.subjects)
    assert {name: len(table.rows) for name, table in tables.items()} == {"lineage": 16, "acceptance": 46}
    cells = [(str(row[0]), [one for one in row if isinstance(one, tuple)]) for t in tables.values() for row in t.rows]
    assert [name for name, answers in cells if not any(answers)] == []
