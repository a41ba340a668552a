"""Files that say which check answers which question."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.gate.answers import Answer, AnswerTable, read_answers
from oomcheck.gate.subjects import Asked, Subject

SUBJECTS = (
    Subject("m", "m", "m.oomspec", "m.oom", "m", "", (), (Asked("c", 3, ("p", "q"), "", ""),)),
    Subject("more/m", "more/m", "more/m.oomspec", "m.oom", "m", "", (), (Asked("all", 2, (), "", ""),)),
)
TABLE = """[one]
text = ["version"]
answers = ["P1", "P2"]

[[one.rows]]
version = "v1"
P1 = ["m/c/p", "in a window: at once: m/c/q[FIX=V1,N=2]"]

[[one.rows]]
P2 = ["more/m/all/anything"]
"""


def put(folder: Path, text: str) -> Path:
    """A file with this text."""
    path = folder / "answers.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_read(tmp_path: Path) -> None:
    """Cells that are not given are empty; a note ends at the last colon; names of specs may be paths."""
    first = (Answer("", "m", "c", "p"), Answer("in a window: at once", "m", "c", "q", ("FIX=V1", "N=2")))
    assert read_answers(put(tmp_path, TABLE), SUBJECTS) == {
        "one": AnswerTable(
            ("version", "P1", "P2"),
            (("v1", first, ()), ("", (), (Answer("", "more/m", "all", "anything"),))),
        )
    }
    assert first[1].text == "m/c/q[FIX=V1,N=2]"


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("[one]", "[one", "Expected ']'"),
        ('text = ["version"]', "", "one has no field 'text'"),
        ('text = ["version"]', 'text = ["P1"]', "two columns have one name"),
        ('"v1"', "1", "expected a string, found a number"),
        ('version = "v1"', 'verzion = "v1"', "has a field 'verzion' that this version does not know"),
        ('["m/c/p", ', '"m/c/p" #', "expected an array, found a string"),
        ("m/c/p", "c/p", "expected `SPEC/CHECK/PROPERTY`, found 'c/p'"),
        ("m/c/p", "n/c/p", "`n/c/p`: there is no spec `n`"),
        ("m/c/p", "m/d/p", "`m/d/p`: m.oomspec has no check `d`"),
        ("m/c/p", "m/c/r", "`m/c/r`: this check has no property `r`"),
    ],
)
def test_wrong(tmp_path: Path, old: str, new: str, why: str) -> None:
    """Anything else is an error that says what is wrong where."""
    assert old in TABLE
    path = put(tmp_path, TABLE.replace(old, new, 1))
    with pytest.raises(OomcheckError) as raised:
        read_answers(path, SUBJECTS)
    (diagnostic,) = raised.value.diagnostics
    assert diagnostic.code == "E0003"
    assert diagnostic.message.startswith(f"{path} is no file of answers: ")
    assert why in diagnostic.message


@given(
    text=st.text(max_size=40)
    | st.lists(st.sampled_from(["[a]\n", "[[a.rows]]\n", 'text=["t"]\n', "x=1\n"])).map("".join)
)
def test_junk(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Whatever is in the file, it is read or an error says why not."""
    path = tmp_path_factory.getbasetemp() / "junk.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    codes = set()
    try:
        read_answers(path, SUBJECTS)
    except OomcheckError as problem:
        codes = {one.code for one in problem.diagnostics}
    assert codes <= {"E0002", "E0003"}
