"""Wrong inputs and the whole message that each gives: code, place, text and hint."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.diag.render import render_text
from oomcheck.diag.span import Source
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.lower import lower
from oomcheck.lang.parsing import Start, parse_tree
from tests.lang import tables

FOLDER = Path(__file__).parent / "wrong"
SYNTAX, MODELS = FOLDER / "syntax.txt", FOLDER / "models.txt"


def rendered(action: Callable[[], object]) -> str:
    """What is shown of the errors of an action."""
    try:
        action()
    except OomcheckError as problem:
        return "".join(render_text(diagnostic) + "\n" for diagnostic in problem.diagnostics)
    return ""


def parsed(case: tables.Case) -> str:
    """What the parser says about the file of a case."""
    ((name, text),) = case.files.items()
    start: Start = "spec" if name.endswith("spec") else "model"
    return rendered(lambda: parse_tree(Source(name, text), start))


def loaded(case: tables.Case, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the front end says about the model of a case."""
    monkeypatch.chdir(folder)
    for name, text in case.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return rendered(lambda: lower(load_model(Path("m.oom"), {})))


@pytest.mark.parametrize("case", tables.read(SYNTAX), ids=lambda case: case.title)
def test_syntax(case: tables.Case) -> None:
    """A syntax error names what is wrong, where, and what to write."""
    assert parsed(case) == case.expected
    assert case.expected.startswith("error[E0")
    assert "__ANON" not in case.expected


@pytest.mark.parametrize("case", tables.read(MODELS), ids=lambda case: case.title)
def test_models(case: tables.Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong names, types, ranges and imports are found before anything runs."""
    assert loaded(case, tmp_path, monkeypatch) == case.expected
    assert case.expected.startswith("error[E0")


def test_update(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --update-golden the tables are rewritten; the diff is to be reviewed like code."""
    for path in (SYNTAX, MODELS):
        cases = tables.read(path)
        assert len({(case.title, tuple(case.files)) for case in cases}) == len(cases)
        if request.config.getoption("--update-golden"):
            for case in cases:
                result = parsed(case) if path == SYNTAX else loaded(case, tmp_path_factory.mktemp("m"), monkeypatch)
                case.parts = [part for part in case.parts if part[0] != "expected"] + [("expected", result)]
            tables.write(path, cases)
