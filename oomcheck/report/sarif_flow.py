"""Parts of a SARIF log: messages, locations, and a trace as one code flow with a thread flow for each thread."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from oomcheck.diag.span import Span
from oomcheck.report.rows import length
from oomcheck.report.wording import NO_BREAK, plain, shorten, unsaid
from oomcheck.result.amounts import duration
from oomcheck.result.trace import Step, Trace
from oomcheck.result.verdict import Word

Json = dict[str, Any]

MOST_LOCATIONS: Final = 10_000  # thread flow locations of a result that consumers read
LONGEST: Final = 2_000  # characters of one message
NEXT: Final = "(next step)"


def message(text: str) -> Json:
    """A plain text message.

    Braces are doubled, as single ones are placeholders (3.11.5), and no `](` is left to make a link (3.11.6).
    """
    lines = (plain(line.replace(NO_BREAK, " "), False) for line in text.split("\n"))
    joined = shorten("\n".join(lines), LONGEST) or " "
    return {"text": joined.replace("{", "{{").replace("}", "}}").replace("](", "] (")}


def uri_of(path: str) -> str:
    """A path as a URI reference: relative paths stay relative, others become file URIs; percent-encoded."""
    path = posixpath.normpath(path) if path else "."
    encoded = quote(path.encode("utf-8", "surrogateescape" if _escaped(path) else "replace"), safe="/")
    return f"file:///{encoded.lstrip('/')}" if path.startswith("/") else encoded


def _escaped(path: str) -> bool:
    """Whether all surrogates stand for bytes of a file name that is not UTF-8."""
    return all("\udc80" <= char <= "\udcff" for char in path if "\ud800" <= char <= "\udfff")


def location(path: str, line: int, source: str = "", span: Span | None = None, told: str = "") -> Json:
    """A place in a model or spec; `source` is the kernel function that it stands for, `mm/oom_kill.c:f`."""
    physical: Json = {"artifactLocation": {"uri": uri_of(path)}}
    if span is not None:
        physical["region"] = _region(span)
    elif line > 0:
        physical["region"] = {"startLine": line}
    found: Json = {"physicalLocation": physical}
    if source.strip():
        name = plain(source.rpartition(":")[2] or source, False)
        found["logicalLocations"] = [{"name": name, "fullyQualifiedName": plain(source, False), "kind": "function"}]
    if told:
        found["message"] = message(told)
    return found


def main_location(path: str, line: int, source: str = "", span: Span | None = None) -> Json:
    """Where a result stands; a file as a whole stands at its first line, as code scanning shows nothing without one."""
    return location(path, max(line, 1), source, span)


def _region(span: Span) -> Json:
    end_line, end_column = span.source.position(span.end)
    return {"startLine": span.line, "startColumn": span.column, "endLine": end_line, "endColumn": end_column}


def code_flow(trace: Trace) -> tuple[Json, int]:
    """The trace, and how many of its first locations are left out, as consumers read no more than MOST_LOCATIONS.

    `executionOrder` is the number of the step; the step that cannot be taken comes after the last one.
    """
    told: list[tuple[str, Json]] = [(step.process, _step(trace, step)) for step in trace.steps]
    ending = trace.ending
    if ending.process:
        text = f"{ending.text.strip() or NEXT}: {ending.message}"
        place = location(ending.file or trace.model, ending.line, ending.source, told=text)
        told.append((ending.process, {"location": place, "executionOrder": len(trace.steps) + 1}))
    if not told:
        place = location(
            ending.file or trace.model, ending.line, ending.source, told=f"initial state: {ending.message}"
        )
        told.append(("", {"location": place, "executionOrder": 0}))
    for _, place in told:
        place["importance"] = "important"
    told[-1][1]["importance"] = "essential"
    left_out = max(0, len(told) - MOST_LOCATIONS)
    flows = _threads(trace, told[left_out:])
    return {"message": message(summary(trace)), "threadFlows": flows}, left_out


def _threads(trace: Trace, told: Sequence[tuple[str, Json]]) -> list[Json]:
    """A thread flow for each thread that does something, in the order of the model; the first tells the start."""
    flows: list[Json] = []
    for name in dict.fromkeys([*trace.processes, ""]):
        places = [place for process, place in told if process == name]
        if places:
            flows.append({"id": plain(name, False) or "system", "locations": places})
    flows[0] = {**flows[0], "initialState": _valuation(dict(trace.initial))}
    return flows


def _step(trace: Trace, step: Step) -> Json:
    """One step: what is done, what it changes beyond what its text says, and the values after it."""
    looped = trace.loop is not None and step.number > trace.loop
    if step.ticks:
        parts = [f"time passes: {duration(step.ticks, trace.hz)}"]
    else:
        parts = [step.text.strip() or "(no text)", *unsaid(step)]
        parts += [f"{name} +{amount}" for name, amount in step.costs]
    text = f"{step.process}: {'; '.join(parts)}" + (" (repeats for ever)" if looped else "")
    place: Json = {
        "location": location(step.file or trace.model, step.line, step.source, told=text),
        "executionOrder": step.number,
    }
    changed = {change.name: change.new for change in step.changes if not change.quiet}
    if changed:
        place["state"] = _valuation(changed)
    return place


def _valuation(values: Mapping[str, str]) -> Json:
    return {plain(name, False): message(value) for name, value in values.items()}


def summary(trace: Trace) -> str:
    """Identity, verdict and length of a trace in one line."""
    loop = "" if trace.loop is None else f"; from step {trace.loop + 1} on it repeats for ever"
    if trace.loop == len(trace.steps):
        loop = "; then nothing moves any more"
    verdict = trace.verdict.replace("_", " ").upper()
    return f"{trace.identity}: {verdict} in {length(trace)}{loop}"


def is_violation(trace: Trace) -> bool:
    """Whether a trace shows something bad."""
    return trace.verdict == Word.VIOLATED.value
