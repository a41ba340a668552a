"""Files that say which check answers which question: for tables of verdicts that somebody thought out.

Such a file is TOML, and each of its tables is one of the page:

    [lineage]
    text = ["version"]                # columns whose cells are text
    answers = ["P3", "P9"]            # columns whose cells are verdicts

    [[lineage.rows]]
    version = "v5"
    P3 = ["progress/group_v5/group_exits"]
    P9 = ["two threads: oom_series_v5/uninit_two/uninit", "one: oom_series_v5/uninit_one/uninit"]

An answer names a result, SPEC/CHECK/PROPERTY, with a note in front of it if there is more to say. Where the check
ranges over parameters, `[FIX=V5]` behind it chooses; without it the results of the check must agree.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from oomcheck.diag.diagnostic import error
from oomcheck.gate.subjects import Subject
from oomcheck.lang.parsing import read_source
from oomcheck.records import dataclass
from oomcheck.result.fields import FieldError, Fields, as_fields, whole

REFERENCE: Final = re.compile(r"(?:(.+): )?((?:\w+/)*\w+)/(\w+)/(\w+)(?:\[([^\[\]]+)\])?")


@dataclass(frozen=True, slots=True)
class Answer:
    """A result that answers; `values` are those of parameters that the check ranges over, as "FIX=V5"."""

    note: str
    spec: str
    check: str
    prop: str
    values: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """How messages call it."""
        return f"{self.spec}/{self.check}/{self.prop}" + (f"[{','.join(self.values)}]" if self.values else "")


#: A cell: a text, or results that answer together.
Cell = str | tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class AnswerTable:
    """Rows of cells, one for each column."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def read_answers(path: Path, subjects: Sequence[Subject]) -> dict[str, AnswerTable]:
    """The tables of a file by their names; E0003 if it is none, or names a check or property that no spec has."""
    source = read_source(path, str(path))
    known = {subject.name: subject for subject in subjects}
    try:
        top = as_fields(tomllib.loads(source.text), "the file")
        found = {name: whole(top.value(name), name, _table) for name in top.table}
        for table in found.values():
            for answer in _answers_of(table):
                _look_up(answer, known)
    except (ValueError, RecursionError, FieldError) as problem:
        raise error("E0003", f"{path} is no file of answers: {problem}") from None
    return found


def _answers_of(table: AnswerTable) -> list[Answer]:
    return [answer for row in table.rows for cell in row if not isinstance(cell, str) for answer in cell]


def _look_up(answer: Answer, subjects: Mapping[str, Subject]) -> None:
    subject = subjects.get(answer.spec)
    if subject is None:
        raise FieldError(f"`{answer.text}`: there is no spec `{answer.spec}`")
    check = next((one for one in subject.checks if one.name == answer.check), None)
    if check is None:
        raise FieldError(f"`{answer.text}`: {subject.spec} has no check `{answer.check}`")
    if check.properties and answer.prop not in check.properties:
        raise FieldError(f"`{answer.text}`: this check has no property `{answer.prop}`")


def _table(fields: Fields) -> AnswerTable:
    text, answers = fields.texts("text"), fields.texts("answers")
    columns = (*text, *answers)
    if len(set(columns)) < len(columns):
        raise FieldError(f"{fields.where}: two columns have one name")
    rows = fields.items("rows", lambda row: _row(row, text, answers))
    return AnswerTable(columns, rows)


def _row(fields: Fields, text: tuple[str, ...], answers: tuple[str, ...]) -> tuple[Cell, ...]:
    told = tuple(fields.text(name) if name in fields.table else "" for name in text)
    return (*told, *(_cell(fields, name) for name in answers))


def _cell(fields: Fields, name: str) -> tuple[Answer, ...]:
    return tuple(map(_answer, fields.texts(name))) if name in fields.table else ()


def _answer(text: str) -> Answer:
    found = REFERENCE.fullmatch(text)
    if found is None:
        raise FieldError(f"expected `SPEC/CHECK/PROPERTY`, found {text!r:.80}")
    note, spec, check, prop, values = found.groups()
    return Answer(note or "", spec, check, prop, tuple(values.split(",")) if values else ())
