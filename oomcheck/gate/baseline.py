"""The verdicts that a gate had when somebody looked at them: a file beside the specs, under version control.

A gate with fewer results than its baseline has lost checks, whatever the others say; and a verdict that differs from
the recorded one is news even where it is good news.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from oomcheck.diag.diagnostic import error
from oomcheck.records import dataclass
from oomcheck.result.fields import TOP, FieldError, Fields, whole
from oomcheck.result.gated import GateReport, gate_exit_code
from oomcheck.result.verdict import Word, word

BASELINE_SCHEMA: Final = "oomcheck.baseline/1"
NAME: Final = "verdicts.json"
MAX_BYTES: Final = 1 << 26
WORDS: Final = tuple(one.value for one in Word)
#: Exit codes of runs that say something about every check.
COMPLETE: Final = (0, 1, 3)


@dataclass(frozen=True, slots=True)
class Baseline:
    """Verdict words by identity."""

    path: str
    verdicts: Mapping[str, str]


def verdicts_of(gate: GateReport) -> dict[str, str]:
    """Verdict words by identity, in the order of the gate."""
    reports = (entry.report for entry in gate.entries if entry.report is not None)
    return {result.identity: word(result.verdict).value for report in reports for result in report.results}


def compare(gate: GateReport, baseline: Baseline, whole: bool) -> tuple[str, ...]:
    """How a gate differs from a baseline, a sentence for each difference; none about results that are new.

    Of a gate that was not run as a whole, or came to no end, only what it has is compared.
    """
    found = verdicts_of(gate)
    return (
        *(_missing(found, baseline) if whole and not gate.partial else ()),
        *(
            f"{identity} is {_title(found[identity])}; the baseline has {_title(recorded)}"
            for identity, recorded in baseline.verdicts.items()
            if identity in found and found[identity] != recorded
        ),
    )


def _missing(found: Mapping[str, str], baseline: Baseline) -> Iterator[str]:
    if len(found) < len(baseline.verdicts):
        yield f"{len(found)} results; the baseline {baseline.path} has {len(baseline.verdicts)}"
    for identity, recorded in baseline.verdicts.items():
        if identity not in found:
            yield f"{identity} was not checked; the baseline has {_title(recorded)}"


def _title(text: str) -> str:
    return Word(text).title


def new_ids(gate: GateReport, baseline: Baseline) -> tuple[str, ...]:
    """Identities that the baseline does not have."""
    return tuple(identity for identity in verdicts_of(gate) if identity not in baseline.verdicts)


def load_baseline(path: Path) -> Baseline:
    """A baseline file; E0509 if it is none."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise FieldError("it is too large")
        found = whole(json.loads(data.decode("utf-8"), object_pairs_hook=_unique), TOP, _verdicts)
    except OSError as problem:
        raise error("E0001", f"cannot read {path}: {problem.strerror or 'unknown reason'}") from None
    except (ValueError, RecursionError, FieldError) as problem:
        why = "nested too deep" if isinstance(problem, RecursionError) else problem
        raise error("E0509", f"{path} is no baseline: {why}", None, "`gate --write-baseline` writes one") from None
    return Baseline(str(path), found)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object whose names are all different: of two verdicts with one name, one would not be compared."""
    table = dict(pairs)
    if len(table) < len(pairs):
        raise FieldError("a name occurs twice")
    return table


def _verdicts(fields: Fields) -> Mapping[str, str]:
    schema = fields.text("schema")
    if schema != BASELINE_SCHEMA:
        raise FieldError(f"its schema is {schema!r:.60}, this version reads {BASELINE_SCHEMA!r}")
    verdicts = dict(fields.mapping("verdicts"))
    for identity, text in verdicts.items():
        if text not in WORDS:
            raise FieldError(f"{identity!r:.60} has the verdict {text!r:.60}")
    checks = fields.number("checks")
    if checks != len(verdicts):
        raise FieldError(f"it says that it has {checks} verdicts, and has {len(verdicts)}")
    return verdicts


def baseline_text(gate: GateReport) -> str:
    """The text of a baseline, sorted, so that a change of one verdict changes one line."""
    verdicts = dict(sorted(verdicts_of(gate).items()))
    return json.dumps({"schema": BASELINE_SCHEMA, "checks": len(verdicts), "verdicts": verdicts}, indent=1) + "\n"


def write_baseline(gate: GateReport, path: Path) -> None:
    """Record the verdicts of a gate; E0007 if the file cannot be written, E0509 if the gate does not know them all."""
    if gate_exit_code(gate) not in COMPLETE:
        raise error("E0509", f"{path} is not written: some specs have no verdicts", None, "mend these first")
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(baseline_text(gate), encoding="utf-8")
        beside.replace(path)
    except OSError as failure:
        with suppress(OSError):
            beside.unlink()
        raise error("E0007", f"cannot write `{path}`: {failure.strerror}") from failure
