"""Pages with tables of a gate (`--table`): read before it runs, compared or written when it is done."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from oomcheck.cli.common import write_file
from oomcheck.diag.diagnostic import OomcheckError, error
from oomcheck.diag.span import Source
from oomcheck.gate.answers import AnswerTable, read_answers
from oomcheck.gate.baseline import COMPLETE
from oomcheck.gate.subjects import Subject, read_subjects
from oomcheck.gate.suite import Suite
from oomcheck.lang.parsing import read_source
from oomcheck.records import dataclass
from oomcheck.report.table import TIMES, Found, found_in, render_table
from oomcheck.report.table_answers import render_answers
from oomcheck.report.table_page import AnswersOf, Region, TableOf, difference, filled, regions_of, shares
from oomcheck.result.gated import GateReport, gate_exit_code


@dataclass(frozen=True, slots=True)
class Page:
    """A page with its regions; for each the specs that it lists, or the table of answers that it shows."""

    path: Path
    source: Source
    regions: tuple[Region, ...]
    specs: tuple[tuple[Subject, ...], ...]
    answers: tuple[AnswerTable | None, ...]


@dataclass(frozen=True, slots=True)
class Pages:
    """Pages, and the specs that they are about."""

    subjects: tuple[Subject, ...]
    pages: tuple[Page, ...]


def read_pages(paths: Sequence[Path], suite: Suite) -> Pages:
    """Pages to compare or to write; OomcheckError for what cannot be read or names what is not there."""
    subjects = read_subjects(suite)
    return Pages(subjects, tuple(_page(path, subjects) for path in paths))


def _page(path: Path, subjects: Sequence[Subject]) -> Page:
    source = read_source(path, str(path))
    regions = regions_of(source)
    specs = tuple(shares(regions, subjects))
    answers = tuple(_answers(region, path, subjects) for region in regions)
    taken = {subject.place for some in specs for subject in some}
    lost = [subject.place for subject in subjects if subject.place not in taken]
    if lost and any(isinstance(region.what, TableOf) for region in regions):
        hint = "`<!-- begin: table * -->` takes what is left"
        raise error("E0003", f"no table of {path} takes the spec `{lost[0]}`", None, hint)
    return Page(path, source, regions, specs, answers)


def _answers(region: Region, path: Path, subjects: Sequence[Subject]) -> AnswerTable | None:
    what = region.what
    if not isinstance(what, AnswersOf):
        return None
    file = path.parent / what.file
    tables = read_answers(file, subjects)
    if what.name not in tables:
        raise error("E0003", f"{file} has no table `{what.name}`", None, f"it has {', '.join(tables) or 'none'}")
    return tables[what.name]


def page_text(page: Page, subjects: Sequence[Subject], found: Mapping[str, Found]) -> str:
    """The page as these results have it; E0003 for answers that they do not have."""
    home = page.path.parent

    def lines(number: int) -> list[str]:
        answers = page.answers[number]
        if answers is not None:
            return render_answers(answers, subjects, found, home)
        return render_table(page.specs[number], found, home)

    return filled(page.source, page.regions, lines)


def outdated(pages: Pages, gate: GateReport) -> tuple[str, ...]:
    """A sentence for each page that is not what this gate makes of it."""
    if gate_exit_code(gate) not in COMPLETE:
        return tuple(f"{page.path} was compared with nothing: some specs have no verdicts" for page in pages.pages)
    found = found_in(gate)
    return tuple(filter(None, (_outdated(page, pages.subjects, found, gate.folder) for page in pages.pages)))


def _outdated(page: Page, subjects: Sequence[Subject], found: Mapping[str, Found], folder: str) -> str:
    try:
        there = difference(page.source.text, page_text(page, subjects, found), TIMES)
    except OomcheckError as problem:
        return f"{page.path} has no answer: {problem.diagnostics[0].message}"
    if there is None:
        return ""
    command = shlex.join(["oomcheck", "gate", folder, "--table", str(page.path), "--write-table"])
    return f"{page.path}:{there.line} is not current: {there.text}; `{command}` renews it"


def write_pages(pages: Pages, gate: GateReport) -> None:
    """Write what this gate makes of the pages; E0003 if it does not know all verdicts, E0007 if a file cannot be."""
    if gate_exit_code(gate) not in COMPLETE:
        names = ", ".join(str(page.path) for page in pages.pages)
        raise error("E0003", f"{names}: not written, as some specs have no verdicts", None, "mend these first")
    found = found_in(gate)
    for page, text in [(page, page_text(page, pages.subjects, found)) for page in pages.pages]:
        write_file(page.path, text)
