"""What a gate ran: the report of each spec, and what keeps the whole from being green."""

from __future__ import annotations

from oomcheck.diag.diagnostic import Diagnostic
from oomcheck.records import dataclass
from oomcheck.result.verdict import EXIT_ORDER, INTERRUPTED, Report, exit_code

WRONG_INPUT, INTERNAL = 2, 4


@dataclass(frozen=True, slots=True)
class Gated:
    """One spec with its model, as paths.

    `report` is None where nothing could be checked: `diagnostics` then say what is wrong with the files, or
    `failure` what happened to the process that checked them; without either a quick run leaves out the whole spec.
    `cached` reports were made by an earlier run of the same
    tool on the same content. `seconds` is what this run took.
    """

    spec: str
    model: str
    report: Report | None
    diagnostics: tuple[Diagnostic, ...] = ()
    failure: str = ""
    cached: bool = False
    seconds: float = 0.0
    skipped: tuple[str, ...] = ()  # names of checks that a quick run leaves out


@dataclass(frozen=True, slots=True)
class GateReport:
    """All specs below `folder`, in the order of their paths.

    `complaints` are differences from the baseline or from tables, each a sentence; `partial` says why specs are
    missing, e.g. "interrupted".
    """

    folder: str
    entries: tuple[Gated, ...]
    complaints: tuple[str, ...] = ()
    partial: str = ""
    quick: bool = False
    seconds: float = 0.0


def gate_exit_code(gate: GateReport) -> int:
    """Exit code of a gate: the worst of its specs (see EXIT_ORDER); no specs, or a complaint, is never good."""
    if gate.partial:
        return INTERRUPTED
    codes = {code for code in map(entry_exit_code, gate.entries) if code is not None} or {WRONG_INPUT}
    if gate.complaints:
        codes.add(1)
    if INTERRUPTED in codes:
        return INTERRUPTED
    return next(code for code in EXIT_ORDER if code in codes)


def entry_exit_code(entry: Gated) -> int | None:
    """What a spec adds to the exit code; None for one that a quick run leaves out as a whole."""
    if entry.failure:
        return INTERNAL
    if entry.report is None:
        return None if entry.skipped and not entry.diagnostics else WRONG_INPUT
    return exit_code(entry.report)
