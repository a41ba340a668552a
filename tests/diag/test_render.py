"""Diagnostics as text: the caret stands below what it means, and input cannot steer the terminal."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oomcheck.diag.codes import CODES
from oomcheck.diag.diagnostic import Diagnostic, OomcheckError, Severity, error
from oomcheck.diag.render import MAX_LINE, render_dict, render_text
from oomcheck.diag.span import Source, Span


def at(text: str, marked: str) -> Span:
    """The span of the first `marked` in `text`."""
    start = text.index(marked)
    return Span(Source("models/m.oom", text), start, start + len(marked))


def carets(text: str) -> str:
    """What stands above the carets of a rendered diagnostic."""
    lines = text.split("\n")
    below = next(line for line in lines if line.lstrip(" ").startswith("| ") and "^" in line)
    above = lines[lines.index(below) - 1]
    start, end = below.index("^"), below.rindex("^") + 1
    assert above.index("|") == below.index("|")
    return above[start:end]


def test_whole() -> None:
    """Message, place, line, caret with hint, notes."""
    text = "model m;\n\tif (mm_users)\n"
    span = at(text, "mm_users")
    diagnostic = Diagnostic("E0203", "expected a bool", span, "did you mean `mm_users > 0`?", ("first", "second"))
    assert render_text(diagnostic).split("\n") == [
        "error[E0203]: expected a bool",
        "  --> models/m.oom:2:6",
        "   |",
        " 2 |         if (mm_users)",
        "   |             ^^^^^^^^ did you mean `mm_users > 0`?",
        "  note: first",
        "  note: second",
    ]


def test_without_place() -> None:
    """A message about no place shows its hint on a line of its own."""
    diagnostic = Diagnostic("W0604", "`x` is never used", hint="remove it", severity=Severity.WARNING)
    assert render_text(diagnostic) == "warning[W0604]: `x` is never used\n  hint: remove it"


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("\t\tx = y;", "y"),
        ("a\tx", "x"),
        ("x = 1;\r\ny = 2;\r\n", "y"),
        ("last line without end", "end"),
        ("a" * 300 + " WRONG " + "b" * 300, "WRONG"),
        ("\x1b[31m x = 1", "x"),
        ("ümlaut x", "x"),
    ],
)
def test_caret_stands_below(text: str, marked: str) -> None:
    """Tabs, line ends, long lines and control characters do not shift the caret."""
    assert carets(render_text(Diagnostic("E0101", "m", at(text, marked)))) == marked


def test_end_of_file() -> None:
    """A span behind the last character has a caret, also in an empty text and after a final newline."""
    for text, place, column in (("model m", "1:8", 7), ("", "1:1", 0), ("model m;\n", "2:1", 0)):
        source = Source("m.oom", text)
        lines = render_text(Diagnostic("E0101", "m", Span(source, len(text), len(text)))).split("\n")
        assert lines[1] == f"  --> m.oom:{place}"
        assert lines[4] == "   | " + " " * column + "^"


def test_span_over_lines() -> None:
    """A span over several lines is marked to the end of its first."""
    text = "while (true) {\n\tx = 1;\n}\n"
    assert carets(render_text(Diagnostic("E0101", "m", Span(Source("m.oom", text), 6, len(text))))) == "(true) {"


def test_long_line_is_cut() -> None:
    """Of a long line the part around the caret is shown, with dots on both sides."""
    text = "a" * 500 + " WRONG " + "b" * 500
    shown = render_text(Diagnostic("E0101", "m", at(text, "WRONG"))).split("\n")[3]
    assert shown.startswith(" 1 | ...a")
    assert shown.endswith("b...")
    assert len(shown) <= MAX_LINE + len(" 1 | ......")


def test_long_span_is_cut() -> None:
    """A mark longer than the page ends on the page."""
    lines = render_text(Diagnostic("E0101", "m", at("x" * 1000, "x" * 1000))).split("\n")
    assert max(map(len, lines)) <= MAX_LINE + len(" 1 | ...")


@given(
    text=st.text(max_size=300),
    ends=st.tuples(st.integers(0, 300), st.integers(0, 300)),
    message=st.text(),
    hint=st.text(),
)
def test_any_text(text: str, ends: tuple[int, int], message: str, hint: str) -> None:
    """Whatever the input, the text has no control characters, its lines are bounded and a caret is there."""
    start, end = sorted(min(offset, len(text)) for offset in ends)
    diagnostic = Diagnostic("E0101", message, Span(Source("m.oom", text), start, end), hint, (message,))
    lines = render_text(diagnostic).split("\n")
    assert len(lines) == 6
    assert all(char.isprintable() for line in lines for char in line)
    assert "^" in lines[4]
    json.dumps(render_dict(diagnostic))


def test_dict() -> None:
    """The JSON form has the place as numbers, and null without one."""
    value = render_dict(Diagnostic("E0203", "m", at("a\nbb c", "c"), "h", ("n",)))
    assert value == {
        "code": "E0203",
        "severity": "error",
        "message": "m",
        "place": {"file": "models/m.oom", "line": 2, "column": 4},
        "hint": "h",
        "notes": ["n"],
    }
    assert render_dict(Diagnostic("E0203", "m"))["place"] is None


def test_codes() -> None:
    """Codes are a letter and four digits, and each says what to do."""
    for code, (title, advice) in CODES.items():
        assert code[0] in "EW"
        assert len(code) == 5
        assert code[1:].isdigit()
        assert title
        assert advice.endswith(".")
    with pytest.raises(AssertionError):
        Diagnostic("E9999", "m")


def test_exception() -> None:
    """The exception carries its diagnostics and names them in its text."""
    problem = error("E0001", "cannot read m.oom", hint="h")
    assert [d.hint for d in problem.diagnostics] == ["h"]
    assert (
        str(OomcheckError([*problem.diagnostics, Diagnostic("E0002", "no")])) == "E0001: cannot read m.oom; E0002: no"
    )
