"""A gate as text: each spec with its checks, the verdicts of a check in one line; what nobody expected in full."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from oomcheck.diag.render import render_text
from oomcheck.report.findings import explain_exit, passes, split_identity
from oomcheck.report.rows import Status, established, plural, status, status_text
from oomcheck.report.text import TextOptions, paint, row_lines, safe, trace_lines
from oomcheck.report.wording import wrap
from oomcheck.result.gated import Gated, GateReport, entry_exit_code, gate_exit_code
from oomcheck.result.verdict import Report, Result, Word

WIDTH = 100
CHECKS = 24  # names of checks up to this length stand in a column
FEW = 3  # values that a property is shown at one by one
INDENT = "  "
LEFT_OUT = "left out of a quick run"


def render_matrix(gate: GateReport, options: TextOptions | None = None) -> str:
    """The text, with a final newline; lines of at most WIDTH, except for diagnostics and where a word is longer.

    "quiet" leaves out what is as expected, but never complaints; "verbose" adds every result in full, with its trace.
    """
    options = options or TextOptions()
    lines: list[str] = []
    for entry in gate.entries:
        if options.detail != "quiet" or entry_exit_code(entry):
            lines += _entry(entry, options)
    lines += _details(gate, options)
    if gate.complaints:
        lines += ["", "differs from what is recorded:"]
        lines += [line for text in gate.complaints for line in _wrapped(text, options)]
    lines += ["", *_summary(gate, options)]
    return "".join(line.rstrip() + "\n" for line in lines).removeprefix("\n")


def _entry(entry: Gated, options: TextOptions) -> list[str]:
    """One spec: its name and counts, then a line for each check and verdict, what was left out, what went wrong."""
    results = () if entry.report is None else entry.report.results
    told = [f"{entry.spec or entry.model}:", counted(results)] if results else [entry.spec or entry.model]
    took = "cached" if entry.cached else f"{entry.seconds:.1f} s"
    lines = _wrapped(f"{' '.join(told)}  ({took})", options, "")
    shown = [result for result in results if options.detail != "quiet" or not passes(result)]
    lines += _checks(shown, options)
    if entry.skipped and options.detail != "quiet":
        lines += _wrapped(f"{LEFT_OUT}: {', '.join(entry.skipped)}", options)
    if entry.failure:
        lines += _wrapped(f"ERROR: {entry.failure}", options)
    for diagnostic in entry.diagnostics:
        lines += [INDENT + safe(line, options) for line in render_text(diagnostic).split("\n")]
    if entry.report is not None:
        lines += _dead_code(entry.report, options)
        lines += [line for text in entry.report.warnings for line in _wrapped(f"warning: {text}", options)]
        if entry.report.partial:
            lines += _wrapped(f"PARTIAL ({entry.report.partial}): these are not all results", options)
        elif not results:
            lines += _wrapped("ERROR: nothing was checked", options)
    return lines


def _dead_code(report: Report, options: TextOptions) -> list[str]:
    """How many statements never run; which ones, when verbose."""
    if not report.dead_code:
        return []
    spots = report.dead_code if options.detail == "verbose" else ()
    title = f"dead code: {plural(len(report.dead_code), 'statement')} in no reachable state"
    return [line for text in (title, *(f"  {spot}" for spot in spots)) for line in _wrapped(text, options)]


def _checks(results: Iterable[Result], options: TextOptions) -> list[str]:
    """A line for each check and verdict with the properties that have it, those that are not as expected marked."""
    groups = [(check, list(members)) for check, members in groupby(results, _check)]
    width = min(CHECKS, max((len(safe(check, options)) for check, _ in groups), default=0))
    lines: list[str] = []
    for check, members in groups:
        first = safe(check, options).ljust(width)
        if len(first) > width:  # a long name has lines of its own
            lines += _wrapped(first, options)
            first = " " * width
        for how, text, names in _alike(members):
            inner = wrap(safe(f"{text}: {', '.join(names)}", options), WIDTH - width - 4, max_lines=None)
            head, *rest = [paint(inner[0], how, options) if how is not Status.OK else inner[0], *inner[1:]]
            lines.append(f"{INDENT}{first}{INDENT}{head}")
            lines += [" " * (width + 4) + line for line in rest]
            first = " " * width
    return lines


def _check(result: Result) -> str:
    return split_identity(result.identity)[1]


def _alike(results: Iterable[Result]) -> Iterator[tuple[Status, str, list[str]]]:
    """The properties with the same verdict word and status, in the order in which they come."""
    found: dict[tuple[Word, str], tuple[Status, list[str]]] = {}
    for result in results:
        key = (established(result), status_text(result))
        found.setdefault(key, (status(result), []))[1].append(split_identity(result.identity)[2])
    for (verdict, text), (how, names) in found.items():
        yield how, f"{verdict.title} {text}", _condensed(names) if how is Status.OK else names


def _condensed(names: Iterable[str]) -> list[str]:
    """Names of properties; those of one property at more than a few values as `uninit (at 9 values)`."""
    several: dict[str, list[str]] = {}
    for name in names:
        several.setdefault(name.partition("[")[0], []).append(name)
    told = []
    for prop, those in several.items():
        told += those if len(those) <= FEW else [f"{prop} (at {len(those)} values)"]
    return told


def _details(gate: GateReport, options: TextOptions) -> list[str]:
    """The results that somebody must look at, with their traces; when verbose, all."""
    results = [result for entry in gate.entries if entry.report is not None for result in entry.report.results]
    wanted = [result for result in results if options.detail == "verbose" or not passes(result)]
    lines: list[str] = []
    for result in wanted:
        first, *rest = row_lines(result, 0, replace(options, color=False))
        head = wrap(first, WIDTH, "      ", max_lines=None)
        body = [f"    {line}" for text in rest for line in wrap(text.strip(), WIDTH - 4, max_lines=None)]
        how = status(result)
        lines += ["", *(line if how is Status.OK else paint(line, how, options) for line in head), *body]
        lines += trace_lines(result, options)
    return lines


def counted(results: Iterable[Result]) -> str:
    """`15 results: 7 ok, 7 FAIL, 1 UNDECIDED`."""
    results = list(results)
    counts = Counter(map(status, results))
    parts = [f"{counts[how]} {how.value}" for how in Status if counts[how]]
    return f"{plural(len(results), 'result')}: {', '.join(parts)}" if parts else "nothing was checked"


def overview(gate: GateReport) -> list[str]:
    """What everything came to, in sentences: specs, results, cached, skipped; partial, quick; the exit code."""
    results = [result for entry in gate.entries if entry.report is not None for result in entry.report.results]
    unread = sum(entry.report is None and entry_exit_code(entry) is not None for entry in gate.entries)
    skipped = sum(len(entry.skipped) for entry in gate.entries)
    cached = sum(entry.cached for entry in gate.entries)
    notes = [
        f"{plural(unread, 'spec')} could not be checked" if unread else "",
        f"{plural(skipped, 'check')} {LEFT_OUT}" if skipped else "",
        f"{cached} from the cache" if cached else "",
        f"{plural(len(gate.complaints), 'difference')} from what is recorded" if gate.complaints else "",
        f"{gate.seconds:.1f} s",
    ]
    lines = ["; ".join([f"{plural(len(gate.entries), 'spec')}, {counted(results)}", *filter(None, notes)])]
    if gate.partial:
        lines.append(f"PARTIAL ({gate.partial}): these are not all results")
    if gate.quick:
        lines.append("quick: smaller parameters and fewer checks than the whole gate has")
    return [*lines, explain_exit(gate_exit_code(gate))]


def _summary(gate: GateReport, options: TextOptions) -> list[str]:
    return [line for text in overview(gate) for line in _wrapped(text, options, "")]


def _wrapped(text: str, options: TextOptions, indent: str = INDENT) -> list[str]:
    lines = wrap(safe(text, options), WIDTH - len(indent), "    ", max_lines=None)
    return [indent + line for line in lines]
