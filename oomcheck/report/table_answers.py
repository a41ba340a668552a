"""Tables of verdicts that somebody thought out: each cell a text, or verdicts that lead to the checks giving them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from oomcheck.diag.diagnostic import error
from oomcheck.gate.answers import Answer, AnswerTable
from oomcheck.gate.subjects import Subject
from oomcheck.report.findings import split_identity
from oomcheck.report.markdown import table_row
from oomcheck.report.table import Found, cell, link
from oomcheck.result.verdict import Word


def render_answers(
    table: AnswerTable, subjects: Sequence[Subject], found: Mapping[str, Found], home: Path
) -> list[str]:
    """The lines of a table; E0003 for an answer without a result, or whose results do not agree."""
    lines = [table_row(map(cell, table.columns)), table_row(["---"] * len(table.columns))]
    known = {subject.name: subject for subject in subjects}
    results = _by_property(found)
    for row in table.rows:
        cells = []
        for one in row:
            if isinstance(one, str):
                cells.append(cell(one))
            else:
                cells.append(", ".join(_answer(answer, known[answer.spec], results, home) for answer in one))
        lines.append(table_row(cells))
    return lines


def _by_property(found: Mapping[str, Found]) -> dict[tuple[str, str, str], list[tuple[frozenset[str], Word]]]:
    """Values of parameters and verdict of each result, by spec, check and property."""
    results: dict[tuple[str, str, str], list[tuple[frozenset[str], Word]]] = {}
    for identity, result in found.items():
        spec, check, last = split_identity(identity)
        prop, _, values = last.removesuffix("]").partition("[")
        results.setdefault((spec, check, prop), []).append((frozenset(values.split(",")), result.word))
    return results


def _answer(
    answer: Answer,
    subject: Subject,
    results: Mapping[tuple[str, str, str], list[tuple[frozenset[str], Word]]],
    home: Path,
) -> str:
    some = results.get((answer.spec, answer.check, answer.prop), [])
    words = {word for values, word in some if values.issuperset(answer.values)}
    if not words:
        raise error(
            "E0003", f"`{answer.text}` has no result", None, "the file of answers names a check or values wrongly"
        )
    if len(words) > 1:
        told = ", ".join(sorted(word.title for word in words))
        raise error("E0003", f"`{answer.text}` has no one verdict: {told}", None, "choose one, as `[FIX=V5]` behind it")
    title = words.pop().title
    line = next(check.line for check in subject.checks if check.name == answer.check)
    text = f"**{title}**" if title == Word.VIOLATED.title else title
    note = f"{cell(answer.note)}: " if answer.note else ""
    return note + link(text, subject.spec, home, line)
