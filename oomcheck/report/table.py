"""All checks of a gate as a Markdown table, made to be read: what is violated and why, what holds, how it is known.

Each check that is violated has a row of its own, whose story is the reason that its spec gives. The others of a spec
share a row for each verdict. Checks that are covered have none: they say that others are not empty.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

from oomcheck.gate.subjects import Asked, Subject
from oomcheck.records import dataclass
from oomcheck.report.findings import split_identity
from oomcheck.report.markdown import escape, table_row
from oomcheck.report.rows import established
from oomcheck.result.gated import GateReport
from oomcheck.result.verdict import Word

COLUMNS: Final = ("model", "kernel", "check", "property", "verdict", "engine", "states", "s", "story")
#: Columns that depend on the machine.
TIMES: Final = ("s",)
#: Columns that a list of verdicts does not tell.
NUMBERS: Final = ("engine", "states", "s")
#: Verdicts that are no news one by one.
SHARED: Final = (Word.HOLDS, Word.PROVED, Word.UNREACHABLE)
DEFAULT: Final = Asked("default", 0, (), "", "")  # what a spec asks of properties that no check names

#: Marks that Markdown takes for text where they stand in a cell that has no link and does not begin a line.
_HARMLESS: Final = re.compile(r"\\(?:([-=+(){}!])|(:)(?=\s|$))|(?<=[^\W_])\\(_)(?=[^\W_])")


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of a result; only the verdict if it comes from a baseline. `states` is 0 without a full search."""

    word: Word
    engine: str = ""
    states: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Group:
    """Checks in one row, with their results: property and what was found."""

    checks: tuple[Asked, ...]
    word: Word
    results: tuple[tuple[str, Found], ...]


def found_in(gate: GateReport) -> dict[str, Found]:
    """The results of a gate by identity."""
    return {
        result.identity: Found(
            established(result), result.engine, result.states if result.exhaustive else 0, result.seconds
        )
        for entry in gate.entries
        if entry.report is not None
        for result in entry.report.results
    }


def recorded(verdicts: Mapping[str, str]) -> dict[str, Found]:
    """The results of a baseline by identity."""
    return {identity: Found(Word(text)) for identity, text in verdicts.items()}


def render_table(subjects: Sequence[Subject], found: Mapping[str, Found], home: Path) -> list[str]:
    """The lines of the table of these specs, in their order; links lead from the folder `home`."""
    by_spec: dict[str, dict[str, list[tuple[str, Found]]]] = {}
    for identity, result in found.items():
        spec, check, prop = split_identity(identity)
        by_spec.setdefault(spec, {}).setdefault(check, []).append((prop.partition("[")[0], result))
    lines = [table_row(COLUMNS), table_row("---:" if name in ("states", "s") else "---" for name in COLUMNS)]
    for subject in subjects:
        head = (_model_cell(subject, home), cell(subject.kernel))
        for group in _groups(subject, by_spec.get(subject.name, {})):
            lines.append(table_row([*head, *_cells(group)]))
            head = ("", "")
    return lines


def _groups(subject: Subject, checks: Mapping[str, list[tuple[str, Found]]]) -> Iterator[_Group]:
    """The rows of a spec: those with news in the order of its checks, then the others by verdict."""
    shared: dict[Word, list[tuple[Asked, list[tuple[str, Found]]]]] = {}
    for asked in (*subject.checks, DEFAULT):
        by_word: dict[Word, list[tuple[str, Found]]] = {}
        for prop, result in checks.get(asked.name, ()):
            by_word.setdefault(result.word, []).append((prop, result))
        for verdict, results in by_word.items():
            if verdict in SHARED:
                shared.setdefault(verdict, []).append((asked, results))
            elif verdict is not Word.COVERED:
                yield _Group((asked,), verdict, _in_order(results))
    for verdict in SHARED:
        members = shared.get(verdict)
        if members:
            results = [result for _, some in members for result in some]
            yield _Group(tuple(asked for asked, _ in members), verdict, _in_order(results))


def _in_order(results: Iterable[tuple[str, Found]]) -> tuple[tuple[str, Found], ...]:
    """By property: a baseline has another order than a gate."""
    return tuple(sorted(results, key=lambda one: one[0]))


def _cells(group: _Group) -> list[str]:
    """All cells but the first two."""
    results = [result for _, result in group.results]
    alone = len(group.checks) == 1
    names = ", ".join(f"`{check.name}`" for check in group.checks)
    variant = group.checks[0].variant if alone else ""
    states = max(result.states for result in results)
    engines = sorted({result.engine for result in results if result.engine})
    return [
        f"{names}: {cell(variant)}" if variant else names,
        ", ".join(dict.fromkeys(f"`{prop}`" for prop, _ in group.results)),
        group.word.title,
        ", ".join(engines),
        f"{states:,}" if states else "",
        f"{max(result.seconds for result in results):.1f}" if engines else "",
        cell(group.checks[0].because) if alone else "",
    ]


def _model_cell(subject: Subject, home: Path) -> str:
    """Links to model and spec, and the properties that they are about."""
    spec = subject.name if subject.name != subject.title else "spec"
    links = f"{link(f'`{subject.title}`', subject.model, home)} {link(f'`{spec}`', subject.spec, home)}"
    return f"{links} {', '.join(subject.about)}".rstrip()


def link(text: str, path: str, home: Path, line: int = 0) -> str:
    """A link from the folder `home` to a file; `text` is Markdown already."""
    target = quote(Path(os.path.relpath(path, home)).as_posix())
    return f"[{text}]({target}{f'#L{line}' if line else ''})"


def cell(text: str) -> str:
    """`text` in a cell as the same text, with no more marks before signs than Markdown needs there."""
    return _HARMLESS.sub(lambda found: found[1] or found[2] or found[3], escape(text))
