"""Tables of verdicts that somebody thought out."""

from __future__ import annotations

from pathlib import Path

import pytest

from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.gate.answers import Answer, AnswerTable
from oomcheck.gate.subjects import Asked, Subject
from oomcheck.report.table import Found
from oomcheck.report.table_answers import render_answers
from oomcheck.result.verdict import Word

SUBJECTS = (
    Subject("m", "m", "specs/m.oomspec", "m.oom", "m", "", (), (Asked("b", 2, (), "", ""), Asked("c", 14, (), "", ""))),
)
FOUND = {
    "m/b/p": Found(Word.HOLDS),
    "m/c/p[FIX=V5,N=1]": Found(Word.VIOLATED),
    "m/c/p[FIX=V5,N=2]": Found(Word.VIOLATED),
    "m/c/p[FIX=V6,N=1]": Found(Word.HOLDS),
    "m/c/p[FIX=V6,N=2]": Found(Word.UNKNOWN),
}


def shown(*answers: Answer) -> str:
    """The cell of these answers."""
    return render_answers(AnswerTable(("P1",), ((answers,),)), SUBJECTS, FOUND, Path("docs"))[2]


def test_table() -> None:
    """Texts are texts, verdicts lead to their checks, a violation stands out, and an empty cell is empty."""
    asked = (Answer("on | off", "m", "c", "p", ("FIX=V5",)), Answer("", "m", "b", "p"))
    table = AnswerTable(("version", "P1", "P<2"), (("v1 | v2", asked, ()), ("", (), asked[1:])))
    assert render_answers(table, SUBJECTS, FOUND, Path("docs")) == [
        "| version | P1 | P&lt;2 |",
        "| --- | --- | --- |",
        r"| v1 \| v2 | on \| off: [**VIOLATED**](../specs/m.oomspec#L14), [HOLDS](../specs/m.oomspec#L2) |  |",
        "|  |  | [HOLDS](../specs/m.oomspec#L2) |",
    ]


def test_values_choose() -> None:
    """Values in any order; whichever result has them all."""
    assert shown(Answer("", "m", "c", "p", ("N=2", "FIX=V6"))) == "| [UNKNOWN](../specs/m.oomspec#L14) |"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer("", "m", "c", "p"), "`m/c/p` has no one verdict: HOLDS, UNKNOWN, VIOLATED"),
        (Answer("", "m", "c", "p", ("N=2",)), "`m/c/p[N=2]` has no one verdict: UNKNOWN, VIOLATED"),
        (Answer("", "m", "c", "p", ("FIX=V7",)), "`m/c/p[FIX=V7]` has no result"),
        (Answer("", "m", "c", "p", ("FIX=V",)), "`m/c/p[FIX=V]` has no result"),
        (Answer("", "m", "b", "q"), "`m/b/q` has no result"),
        (Answer("", "m", "b", "p", ("N=1",)), "`m/b/p[N=1]` has no result"),
    ],
)
def test_no_answer(answer: Answer, why: str) -> None:
    """Results that are missing or do not agree are an error: no verdict is made up."""
    with pytest.raises(OomcheckError) as raised:
        shown(answer)
    assert raised.value.diagnostics[0].message == why
