"""What random runs showed, as text and as JSON; never in the words of verdicts on the whole model."""

from __future__ import annotations

import json
import shlex

from oomcheck.prop.property import Kind
from oomcheck.report.lanes import LaneOptions, render_trace
from oomcheck.report.rows import plural
from oomcheck.report.wording import plain
from oomcheck.result.amounts import TICKS
from oomcheck.result.codec import encode_trace
from oomcheck.simulate.experiment import Measured
from oomcheck.simulate.session import Report, Sighting

SIM_SCHEMA = "oomcheck.sim/1"
NOTHING = "this proves nothing: only `oomcheck check` visits every state"


def sim_text(report: Report, command: list[str], lanes: LaneOptions, verbose: bool = False) -> str:
    """The report as text; `command` repeats one run when its number is appended."""
    params = " ".join(f"{name}={value}" for name, value in report.params if name in report.chosen)
    lines = ["   ".join(filter(None, [report.model, params])), *_counts(report)]
    width = max((len(sighting.name) for sighting in report.sightings), default=0)
    rows = [line for sighting in report.sightings for line in _row(report, sighting, width, command, verbose)]
    lines += ["", *rows] if rows else []
    if report.measures:
        lines += ["", *measure_table(report)]
    if verbose and report.unseen:
        lines += ["", "executed in none of these runs:", *(f"  {place}" for place in report.unseen)]
    if report.unasked:
        lines += ["", f"about whole behaviours, which no finite run decides: {', '.join(report.unasked)}"]
    text = [plain(line, lanes.ascii_only) for line in lines]
    for sighting in report.sightings:
        if sighting.trace is not None and (sighting.is_violation or verbose):
            text += ["", render_trace(sighting.trace, lanes).removesuffix("\n")]
    return "\n".join([*text, "", *_sum(report)]) + "\n"


def _counts(report: Report) -> list[str]:
    kind = "timed run" if report.timed else "random run"
    cut = f", {report.cut} cut at {report.plan.steps} steps" if report.cut else ""
    halted = f", {report.halted} ended at a fault and not measured" if report.halted else ""
    executed = report.statements - len(report.unseen)
    lines = [
        f"{plural(report.done, kind)}, seed {report.plan.seed}: {plural(report.steps, 'step')}{cut}{halted}",
        f"{executed} of {plural(report.statements, 'statement')} executed",
    ]
    if report.plan.enough is not None and report.done < report.plan.runs and not report.stopped:
        more = f"--runs {report.plan.runs} makes them all"
        lines.insert(1, f"no further runs, as these have {report.plan.enough} steps or more together; {more}")
    if report.never_late:
        lines.append(f"without a finite slack, so never late in these runs: {', '.join(report.never_late)}")
    return lines


def _row(report: Report, sighting: Sighting, width: int, command: list[str], verbose: bool) -> list[str]:
    """A line for a property; a sanitizer that saw nothing is not worth one."""
    name = sighting.name.ljust(width)
    is_cover = sighting.kind is Kind.COVER
    if not sighting.runs:
        if sighting.kind is Kind.SANITIZER and not verbose:
            return []
        return [f"{name}  {'met' if is_cover else 'violated'} in no run"]
    share = f"{sighting.runs} of {report.done} runs ({_percent(sighting.runs, report.done)})"
    lines = [f"{name}  {'met' if is_cover else 'VIOLATED'} in {share}"]
    if sighting.sentence:
        lines.append(f"    {sighting.sentence}")
    if sighting.run:
        again = " ".join([*map(shlex.quote, command), "--run", str(sighting.run)])
        lines.append(f"    for example run {sighting.run}: {again}")
    return lines


def measure_table(report: Report) -> list[str]:
    """A line for each measure: mean with its 95 % confidence interval, deviation, order statistics."""
    unit, ticks = _unit(report)
    rows = [["measure", "mean", "+- 95 %", "sd", "min", "p50", "p90", "p99", "max", "unit", ""]]
    for measured in report.measures:
        is_time = measured.unit == TICKS
        rows.append(
            [measured.name, *_numbers(measured, ticks if is_time else 1), unit if is_time else "", _gaps(measured)]
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(_cell(row, column, widths) for column in range(len(row))).rstrip() for row in rows]


def _cell(row: list[str], column: int, widths: list[int]) -> str:
    text, width = row[column], widths[column]
    return text.ljust(width) if column in (0, len(row) - 2, len(row) - 1) else text.rjust(width)


def _unit(report: Report) -> tuple[str, float]:
    """The unit of times, and how many ticks it has: seconds, or the thousandth or millionth part of one."""
    largest = max((max(m.values) for m in report.measures if m.unit == TICKS and m.values), default=0)
    for name, parts in (("s", 1), ("ms", 1_000), ("us", 1_000_000)):
        if report.hz and largest * parts >= report.hz:
            return name, report.hz / parts
    return TICKS, 1


def _numbers(measured: Measured, scale: float) -> list[str]:
    found = measured.summary
    if found is None:
        return ["-"] * 8
    half = None if found.interval is None else (found.interval[1] - found.interval[0]) / 2
    values = (found.mean, half, found.sd, found.low, found.p50, found.p90, found.p99, found.high)
    return ["-" if value is None else f"{value / scale:.3f}" for value in values]


def _gaps(measured: Measured) -> str:
    """Of how many runs there is no value although its time had begun."""
    return f"({plural(len(measured.values), 'run')}, open in {measured.open} more)" if measured.open else ""


def _measure(measured: Measured) -> dict[str, object]:
    found = measured.summary
    return {
        "name": measured.name,
        "unit": measured.unit,
        "sentence": measured.sentence,
        "count": len(measured.values),
        "open": measured.open,
        "mean": None if found is None else found.mean,
        "sd": None if found is None else found.sd,
        "min": None if found is None else found.low,
        "p50": None if found is None else found.p50,
        "p90": None if found is None else found.p90,
        "p99": None if found is None else found.p99,
        "max": None if found is None else found.high,
        "ci95": None if found is None or found.interval is None else list(found.interval),
    }


def _percent(part: int, whole: int) -> str:
    """A share with two digits that say something; the exact numbers stand beside it."""
    share = 100 * part / whole
    return f"{share:.0f} %" if share >= 10 else f"{share:.1f} %" if share >= 1 else f"{share:.2g} %"


def _sum(report: Report) -> list[str]:
    lines = (
        [f"PARTIAL ({report.stopped}): {report.done} of {report.plan.runs} runs were made"] if report.stopped else []
    )
    violated = sum(sighting.is_violation for sighting in report.sightings)
    if violated:
        return [*lines, f"{violated} violated"]
    return [*lines, f"nothing found in {plural(report.done, 'run')}; {NOTHING}"]


def sim_json(report: Report, tool_version: str, command: list[str], code: int) -> str:
    """The report as one JSON object, schema `oomcheck.sim/1` (oomcheck/result/sim.schema.json)."""
    value = {
        "schema": SIM_SCHEMA,
        "tool_version": tool_version,
        "model": report.model,
        "params": dict(report.params),
        "timed": report.timed,
        "hz": report.hz,
        "seed": report.plan.seed,
        "first_run": report.plan.first,
        "runs": report.done,
        "steps": report.steps,
        "cut": report.cut,
        "halted": report.halted,
        "properties": [_property(sighting) for sighting in report.sightings],
        "statements": report.statements,
        "unseen": list(report.unseen),
        "unasked": list(report.unasked),
        "measures": [_measure(measured) for measured in report.measures],
        "never_late": list(report.never_late),
        "command": command,
        "partial": report.stopped or None,
        "exit_code": code,
    }
    return json.dumps(value, indent=2) + "\n"


def _property(sighting: Sighting) -> dict[str, object]:
    return {
        "property": sighting.name,
        "kind": sighting.kind.value,
        "sentence": sighting.sentence,
        "seen": {"runs": sighting.runs, "run": sighting.run} if sighting.runs else None,
        "trace": None if sighting.trace is None else encode_trace(sighting.trace),
    }
