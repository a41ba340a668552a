"""Wrong inputs and the whole message that each gives, code, place, text and hint."""

from __future__ import annotations

from pathlib import Path

import pytest

from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.diag.render import render_text
from oomcheck.diag.span import Source
from oomcheck.lang.parsing import Start, parse_tree
from tests.lang import tables

FOLDER = Path(__file__).parent / "wrong"
SYNTAX = FOLDER / "syntax.txt"


def parsed(case: tables.Case) -> str:
    """What the parser says about the files of a case."""
    lines = []
    for name, text in case.files.items():
        start: Start = "spec" if name.endswith("spec") else "model"
        try:
            parse_tree(Source(name, text), start)
        except OomcheckError as problem:
            lines += [render_text(diagnostic) + "\n" for diagnostic in problem.diagnostics]
    return "".join(lines)


@pytest.mark.parametrize("case", tables.read(SYNTAX), ids=lambda case: case.title)
def test_syntax(case: tables.Case) -> None:
    """A syntax error names what is wrong, where, and what to write."""
    assert parsed(case) == case.expected
    assert case.expected.startswith("error[E0")
    assert "__ANON" not in case.expected


def test_update_syntax(request: pytest.FixtureRequest) -> None:
    """With --update-golden the table is rewritten; the diff is to be reviewed like code."""
    cases = tables.read(SYNTAX)
    assert len({(case.title, tuple(case.files)) for case in cases}) == len(cases)
    if request.config.getoption("--update-golden"):
        for case in cases:
            result = parsed(case)
            case.parts = [part for part in case.parts if part[0] != "expected"] + [("expected", result)]
        tables.write(SYNTAX, cases)
