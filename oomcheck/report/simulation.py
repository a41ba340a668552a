"""What random walks showed, as text and as JSON; never in the words of verdicts on the whole model."""

from __future__ import annotations

import json
import shlex

from oomcheck.prop.property import Kind
from oomcheck.report.lanes import LaneOptions, render_trace
from oomcheck.report.rows import plural
from oomcheck.report.wording import plain
from oomcheck.result.codec import encode_trace
from oomcheck.simulate.session import Sighting, WalkReport

SIM_SCHEMA = "oomcheck.sim/1"
NOTHING = "this proves nothing: only `oomcheck check` visits every state"


def walk_text(report: WalkReport, command: list[str], lanes: LaneOptions, verbose: bool = False) -> str:
    """The report as text; `command` repeats one run when its number is appended."""
    params = " ".join(f"{name}={value}" for name, value in report.params if name in report.chosen)
    lines = ["   ".join(filter(None, [report.model, params])), *_counts(report), ""]
    width = max(len(sighting.name) for sighting in report.sightings)
    for sighting in report.sightings:
        lines += _row(report, sighting, width, command, verbose)
    if verbose and report.unseen:
        lines += ["", "executed in none of these runs:", *(f"  {place}" for place in report.unseen)]
    if report.unasked:
        lines += ["", f"about whole behaviours, which no finite run decides: {', '.join(report.unasked)}"]
    text = [plain(line, lanes.ascii_only) for line in lines]
    for sighting in report.sightings:
        if sighting.trace is not None and (sighting.is_violation or verbose):
            text += ["", render_trace(sighting.trace, lanes).removesuffix("\n")]
    return "\n".join([*text, "", *_sum(report)]) + "\n"


def _counts(report: WalkReport) -> list[str]:
    cut = f", {report.cut} cut at {report.plan.steps} steps" if report.cut else ""
    executed = report.statements - len(report.unseen)
    return [
        f"{plural(report.done, 'random run')}, seed {report.plan.seed}: {plural(report.steps, 'step')}{cut}",
        f"{executed} of {plural(report.statements, 'statement')} executed",
    ]


def _row(report: WalkReport, sighting: Sighting, width: int, command: list[str], verbose: bool) -> list[str]:
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
    if sighting.trace is not None:
        again = " ".join([*map(shlex.quote, command), "--run", str(sighting.run)])
        lines.append(f"    shortest in run {sighting.run}: {again}")
    return lines


def _percent(part: int, whole: int) -> str:
    """A share with two digits that say something; the exact numbers stand beside it."""
    share = 100 * part / whole
    return f"{share:.0f} %" if share >= 10 else f"{share:.1f} %" if share >= 1 else f"{share:.2g} %"


def _sum(report: WalkReport) -> list[str]:
    lines = (
        [f"PARTIAL ({report.stopped}): {report.done} of {report.plan.runs} runs were made"] if report.stopped else []
    )
    violated = sum(sighting.is_violation for sighting in report.sightings)
    if violated:
        return [*lines, f"{violated} violated"]
    return [*lines, f"nothing found in {plural(report.done, 'run')}; {NOTHING}"]


def walk_json(report: WalkReport, tool_version: str, command: list[str], code: int) -> str:
    """The report as one JSON object, schema `oomcheck.sim/1` (oomcheck/result/sim.schema.json)."""
    value = {
        "schema": SIM_SCHEMA,
        "tool_version": tool_version,
        "model": report.model,
        "params": dict(report.params),
        "timed": False,
        "hz": 0,
        "seed": report.plan.seed,
        "first_run": report.plan.first,
        "runs": report.done,
        "steps": report.steps,
        "cut": report.cut,
        "properties": [_property(sighting) for sighting in report.sightings],
        "statements": report.statements,
        "unseen": list(report.unseen),
        "unasked": list(report.unasked),
        "measures": [],
        "never_late": [],
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
