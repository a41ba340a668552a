"""The references of a model, and the kernels that it says it describes."""

from __future__ import annotations

import pytest

from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.kerneltree.references import covers, references
from tests.kerneltree.trees import model, refer


def test_all_places() -> None:
    """References of declarations and statements are found in the order of the text, with their own places."""
    source = model("mm/a.c:f", "include/linux/b-c.h:task.flags", "mm/d.c")
    text = source.text + 'thread t @ "k/e.c:run" {\n\tatomic @ "k/e.c:x" { skip; }\n\tskip @ "k/e.c:y";\n}\n'
    found = references([type(source)("m.oom", text)])
    assert [(one.file, one.owner, one.name) for one in found] == [
        ("mm/a.c", "", "f"),
        ("include/linux/b-c.h", "task", "flags"),
        ("mm/d.c", "", ""),
        ("k/e.c", "", "run"),
        ("k/e.c", "", "x"),
        ("k/e.c", "", "y"),
    ]
    assert [one.span.line for one in found] == [2, 3, 4, 5, 6, 7]
    assert found[0].span.text == '"mm/a.c:f"'
    assert {one.kernels for one in found} == {"linux v6.12"}


def test_library() -> None:
    """A library without a kernel has references of no kernel."""
    source = model("mm/a.c:f")
    library = type(source)("l.oom", source.text.replace('model m source "linux v6.12"', "library m"))
    assert [one.kernels for one in references([library])] == [""]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a b",
        "../x.c:f",
        "mm/../../x.c:f",
        "/etc/passwd",
        "mm\\x.c:f",
        "mm/x.c:",
        "mm/x.c:f:g",
        "mm//x.c",
        ".git/x",
        "x.c:a.b.c",
    ],
)
def test_no_references(text: str) -> None:
    """What is no path below a tree with a name is an error of the model; all are told."""
    with pytest.raises(OomcheckError) as caught:
        refer("mm/a.c:f", text, text)
    assert [found.code for found in caught.value.diagnostics] == ["E0218", "E0218"]
    assert caught.value.diagnostics[0].message == f"`{text}` is no source reference"


@pytest.mark.parametrize(
    ("kernels", "version", "covered"),
    [
        ("linux v6.12", "6.12.3", True),
        ("linux v6.12", "6.13.0", False),
        ("linux v4.6 .. v4.14", "4.9.0", True),
        ("linux v4.6 .. v4.14", "4.15.0-rc1", False),
        ("linux v4.6 .. v4.14", "4.5.9", False),
        ("linux v6.17, series v6 of 2025-08-29", "6.17.1", True),
        ("linux v5.15-rc1 .. v6.18", "5.15.0", True),
        ("", "6.12.3", True),
        ("a kernel", "6.12.3", True),
        ("linux v6.12", "unknown", True),
    ],
)
def test_covers(kernels: str, version: str, covered: bool) -> None:
    """A model is about the versions that its head names, and those between them."""
    assert covers(kernels, version) is covered
