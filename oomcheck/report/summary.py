"""A gate as Markdown for the summary of a GitHub Actions step: what nobody expected first, then every check."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from oomcheck.diag.diagnostic import Severity
from oomcheck.diag.render import render_text
from oomcheck.records import dataclass
from oomcheck.report.findings import Finding, findings, lanes_of, passes, split_identity
from oomcheck.report.markdown import escape, fenced, table_row
from oomcheck.report.matrix import LEFT_OUT, counted, overview
from oomcheck.report.rows import established, plural, status_text
from oomcheck.report.wording import plain, shorten
from oomcheck.result.gated import Gated, GateReport, entry_exit_code, gate_exit_code
from oomcheck.result.verdict import Result

MOST_BYTES: Final = 1024 * 1024  # of the summary of a step
RESERVE: Final = 2_048  # for the notes on what was left out
LONGEST: Final = 400  # characters of a cell

_WORD: Final = {Severity.ERROR: "FAIL", Severity.WARNING: "UNDECIDED", Severity.NOTE: "note"}


@dataclass(frozen=True, slots=True)
class _Section:
    """Head and items, of which as many are shown as fit into `percent` of the bytes that are left."""

    head: tuple[str, ...]
    items: tuple[str, ...]
    percent: int
    what: str


def render_summary(gate: GateReport, tool_version: str, most_bytes: int = MOST_BYTES) -> str:
    """The page, in at most `most_bytes` bytes (no less than 8 KiB); what had no room is counted at its end."""
    found = findings(gate)
    title = "as expected" if gate_exit_code(gate) == 0 else "NOT as expected"
    lines = [f"## oomcheck: {title}", ""]
    lines += [f"{escape(shorten(text, LONGEST))}  " for text in overview(gate)]
    left = most_bytes - RESERVE - _size(lines)
    missing = []
    for section in _sections(gate, found):
        shown = _fitting(section, left * section.percent // 100)
        if shown:
            lines += [*section.head, *shown]
            left -= _size([*section.head, *shown])
        if len(shown) < len(section.items):
            missing.append(plural(len(section.items) - len(shown), section.what))
    if missing:
        lines += ["", f"Left out, as a summary has at most {most_bytes} bytes: {', '.join(missing)}."]
    lines += ["", f"oomcheck {escape(shorten(tool_version, LONGEST))}"]
    return "".join(line + "\n" for line in lines)


def _sections(gate: GateReport, found: tuple[Finding, ...]) -> list[_Section]:
    blocks = tuple(block for finding in found for block in _block(finding))
    rows = tuple(row for entry in gate.entries for row in _rows(entry))
    return [
        _Section(
            ("", "### Not as expected", "", *_heading("Status", "What", "Where", "Why")),
            tuple(map(_finding_row, found)),
            40,
            "finding",
        ),
        _Section(("", "### Checks", "", *_heading("Spec", "Check", "Verdicts", "Status")), rows, 60, "check"),
        _Section(("", "### Traces and messages"), blocks, 100, "trace"),
    ]


def _fitting(section: _Section, room: int) -> list[str]:
    """The first items that have room below the head; a later, shorter one does not jump the queue."""
    room -= _size(section.head)
    shown = []
    for item in section.items:
        room -= _size([item])
        if room < 0:
            break
        shown.append(item)
    return shown


def _size(lines: Iterable[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)


def _heading(*titles: str) -> tuple[str, str]:
    return table_row(titles), table_row(["---"] * len(titles))


def _cell(text: str) -> str:
    return escape(shorten(" ".join(text.split("\n")), LONGEST))


def _finding_row(finding: Finding) -> str:
    place = f"{finding.file}:{finding.line}" if finding.line else finding.file
    told = [finding.message, f"[{finding.source}]" if finding.source else ""]
    cells = [_WORD[finding.severity], finding.title, place, " ".join(filter(None, told))]
    return table_row(map(_cell, cells))


def _rows(entry: Gated) -> Iterator[str]:
    """The checks of a spec, a line for each; or why there are none."""
    name = entry.spec or entry.model
    results = () if entry.report is None else entry.report.results
    if not results and entry_exit_code(entry) is not None:
        yield table_row(map(_cell, [name, "", "", "nothing was checked"]))
    for (spec, check), members in groupby(results, lambda result: split_identity(result.identity)[:2]):
        alike = list(members)
        verdicts = [f"{split_identity(one.identity)[2]} {established(one).title}" for one in alike]
        yield table_row(map(_cell, [_spec_cell(spec or name, entry), check, ", ".join(verdicts), _status(alike)]))
    for check in entry.skipped:
        yield table_row(map(_cell, [name, check, "", LEFT_OUT]))


def _spec_cell(name: str, entry: Gated) -> str:
    return f"{name} (cached)" if entry.cached else name


def _status(results: list[Result]) -> str:
    """What the results of a check came to: their statuses if there is one that fails, else how many are ok."""
    if all(map(passes, results)):
        return counted(results).partition(": ")[2]
    return ", ".join(dict.fromkeys(status_text(result) for result in results if not passes(result)))


def _block(finding: Finding) -> Iterator[str]:
    """What is behind a finding, folded: the lanes of its trace, or the message of the front end with its caret."""
    text = "" if finding.result is None else lanes_of(finding.result)
    if not text and finding.diagnostic is not None:
        text = render_text(finding.diagnostic)
    if text:
        title = html.escape(plain(shorten(finding.title, LONGEST), False))
        lines = ["", f"<details><summary>{title}</summary>", "", *fenced(text), "", "</details>"]
        yield "\n".join(lines)
