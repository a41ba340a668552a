"""The table of what Z3 says of the checks of the models, beside the search, and which specs it is about."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

from oomcheck.gate.answers import Answer, read_answers
from oomcheck.gate.subjects import read_subjects
from oomcheck.gate.suite import find_suite
from oomcheck.records import dataclass
from tests.models.suites import SPECS


def cited() -> dict[str, list[Answer]]:
    """What the tables of the lineage cite of specs outside the two folders, by the place of the spec."""
    subjects = read_subjects(find_suite(SPECS))
    places = {subject.name: subject.place for subject in subjects}
    tables = read_answers(SPECS / "lineage" / "matrix.toml", subjects).values()
    found: dict[str, list[Answer]] = {}
    for answer in (one for table in tables for row in table.rows for cell in row for one in cell):
        if isinstance(answer, Answer) and not places[answer.spec].startswith(FOLDERS):
            found.setdefault(places[answer.spec], []).append(answer)
    return found


FOLDERS = ("museum/", "lineage/")
CITED = cited()
NAMES = sorted(
    path.relative_to(SPECS).with_suffix("").as_posix()
    for folder in FOLDERS
    for path in (SPECS / folder).glob("*.oomspec")
) + sorted(CITED)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table: how the engine does, which one it is, and within how many steps it looks; of a graph how
    many states it has.
    """

    how: str
    engine: str
    depth: int | None
    states: int | None = None


def line(text: str) -> Line:
    """A line from its text."""
    if counted := re.fullmatch(r"graph (\d+)", text):
        return Line("graph", "", None, int(counted[1]))
    found = re.fullmatch(r"(fast|slow) (bmc \d+|kind|pdr)", text)
    assert found is not None, text
    engine, _, depth = found[2].partition(" ")
    return Line(found[1], engine, int(depth) if depth else None)


@cache
def table() -> dict[str, dict[str, Line]]:
    """Of each spec the lines of its rows."""
    with (Path(__file__).parent / "agreement.toml").open("rb") as file:
        return {spec: {row: line(text) for row, text in rows.items()} for spec, rows in tomllib.load(file).items()}


def rows(name: str, how: str) -> dict[str, list[str]]:
    """The rows of a spec with this word, by engine."""
    found: dict[str, list[str]] = {}
    for row, one in table()[name].items():
        if one.how == how:
            found.setdefault(one.engine, []).append(row)
    return found
