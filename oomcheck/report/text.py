"""A report as text: a line for each result, what was assumed, the traces that somebody must look at, a sum."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from typing import Literal

from oomcheck.prop.property import SANITIZERS
from oomcheck.records import dataclass
from oomcheck.report.findings import lanes_of
from oomcheck.report.lanes import LaneOptions
from oomcheck.report.rows import EXIT_MEANING, UNTIMED, Status, plural, status, status_text, verdict_text
from oomcheck.report.wording import plain
from oomcheck.result.verdict import Report, Result, Unknown, exit_code, invariant_of, trace_of

SEMANTICS = "sequential consistency"
ABSTRACTED = "timers may fire at any time once armed"
MODELLED = "time passes only when nothing urgent can move"
ROW_WIDTH = 44  # identities up to this length stand in a column

_COLOR = {Status.OK: "32", Status.FAIL: "31;1", Status.UNDECIDED: "33"}


@dataclass(frozen=True, slots=True)
class TextOptions:
    """How a report is printed. `lanes` is how its traces are; `paths` gives the trace file of an identity.

    "quiet" leaves out what went as expected; "verbose" adds all traces and how each verdict was found.
    """

    detail: Literal["quiet", "normal", "verbose"] = "normal"
    color: bool = False
    ascii_only: bool = False
    lanes: LaneOptions = field(default_factory=LaneOptions)
    paths: Mapping[str, str] = field(default_factory=dict)


def render_report(report: Report, options: TextOptions | None = None, code: int | None = None) -> str:
    """The report as text with a final newline; the words carry all that colours do.

    `code` is the exit code to explain, where it is not the one that the rows give.
    """
    options = options or TextOptions()
    quiet = options.detail == "quiet"
    rows = [result for result in report.results if not (quiet and result.ok)]
    width = max((len(row.identity) for row in rows if len(row.identity) <= ROW_WIDTH), default=0)
    lines = [] if quiet else _title(report, options)
    for row in rows:
        lines += row_lines(row, width, options)
    lines += _remarks(report, options)
    for row in rows:
        lines += trace_lines(row, options)
    lines += _summary(report, exit_code(report) if code is None else code, options)
    return "".join(line + "\n" for line in lines)


def safe(text: str, options: TextOptions) -> str:
    """`text` as these options let it be printed: on one line, nothing in it steers a terminal."""
    return plain(text, options.ascii_only)


def paint(text: str, how: Status, options: TextOptions) -> str:
    """`text` in the colour of a status, if colours are wanted."""
    return f"\x1b[{_COLOR[how]}m{text}\x1b[0m" if options.color else text


def _title(report: Report, options: TextOptions) -> list[str]:
    params = " ".join(f"{name}={value}" for name, value in report.params if name in report.chosen)
    return [safe("   ".join(filter(None, [report.model, params])), options), ""]


def row_lines(result: Result, width: int, options: TextOptions) -> list[str]:
    """A result in full, its identity in a column of `width`: verdict, status, sentence, reason, evidence."""
    how = status(result)
    identity = safe(result.identity, options).ljust(width)
    verdict = safe(verdict_text(result), options)
    lines = [f"{identity}  {verdict}  {paint(safe(status_text(result), options), how, options)}"]
    details = [result.sentence, f"because {result.because}" if result.because else ""]
    if options.detail == "verbose":
        counts = [plural(result.states, "state"), plural(result.transitions, "transition"), f"depth {result.depth}"]
        details.append(", ".join([f"engine {result.engine}", *counts, f"{result.seconds:.2f} s"]))
        if result.reductions:
            details.append(f"reduced by {', '.join(result.reductions)}: counts are of what was searched")
    details += _evidence(result, options.detail == "verbose")
    return lines + ["    " + safe(detail, options) for detail in details if detail]


def _evidence(result: Result, verbose: bool) -> list[str]:
    """The invariant of a proof, if it is wanted, and why an induction failed."""
    proof = invariant_of(result.verdict)
    lines = []
    if proof is not None and (verbose or not result.ok):
        lines += ["inductive invariant:", *(f"  {line}" for c in proof.conjuncts for line in c.splitlines())]
    if proof is not None and proof.folder:
        lines.append(f"certificate in {proof.folder}")
    if isinstance(result.verdict, Unknown):
        lines += result.verdict.induction
    return lines


def _remarks(report: Report, options: TextOptions) -> list[str]:
    """Dead code and warnings, which are always told, and under which assumptions the verdicts hold."""
    lines: list[str] = []
    if report.dead_code:
        lines += ["dead code, executed in no reachable state:", *(f"  {spot}" for spot in report.dead_code)]
    lines += [f"warning: {warning}" for warning in report.warnings]
    if options.detail != "quiet":
        off = [name for name in SANITIZERS if name not in report.sanitizers]
        lines.append(f"sanitizers on: {_names(report.sanitizers)}; off: {_names(off)}")
        lines.append(f"semantics: {_semantics(report)}")
    return [*([""] if lines else []), *(safe(line, options) for line in lines)]


def _semantics(report: Report) -> str:
    """How the model was read; rows that model time say so."""
    timings = list(dict.fromkeys(result.timing for result in report.results)) or [UNTIMED]
    if timings == [UNTIMED]:
        return f"{SEMANTICS}, untimed: {ABSTRACTED}"
    if UNTIMED not in timings:
        return f"{SEMANTICS}, timed: {MODELLED}"
    return f"{SEMANTICS}; in rows that say timed, {MODELLED}; in the others {ABSTRACTED}"


def _names(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def trace_lines(result: Result, options: TextOptions) -> list[str]:
    """The trace of a result that nobody expected, or of any when verbose."""
    if trace_of(result.verdict) is None or (result.ok and options.detail != "verbose"):
        return []
    path = options.paths.get(result.identity, "")
    return ["", lanes_of(result, replace(options.lanes, path=path, ascii_only=options.ascii_only)).removesuffix("\n")]


def _summary(report: Report, code: int, options: TextOptions) -> list[str]:
    counts = Counter(status(result) for result in report.results)
    parts = [paint(f"{counts[how]} {how.value}", how, options) for how in Status if counts[how]]
    what = f"{plural(len(report.results), 'result')}: {', '.join(parts)}" if parts else "nothing was checked"
    lines = [f"{what}; exit {code}: {EXIT_MEANING[code]}"]
    if report.partial:
        lines.insert(0, safe(f"PARTIAL ({report.partial}): these are not all results", options))
    return ["", *lines]
