"""What keeps a gate from being green, one finding each, with the place where a reader should look.

The formats for machines are made from these, so that none of them is green where the exit code is not 0.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from oomcheck.diag.codes import CODES
from oomcheck.diag.diagnostic import Diagnostic, Severity
from oomcheck.diag.span import Span
from oomcheck.records import dataclass
from oomcheck.report.lanes import LaneOptions, render_trace
from oomcheck.report.rows import EXIT_MEANING, reason, status_text, verdict_text
from oomcheck.result.gated import Gated, GateReport, entry_exit_code
from oomcheck.result.verdict import DeadCode, Report, Result, exit_code, trace_of

FAILURE: Final = "failure"  # the process that checked a spec did not answer
BASELINE: Final = "baseline"
PARTIAL: Final = "partial"
NOTHING: Final = "nothing-checked"

#: What the rules mean that are neither properties nor codes of diagnostics.
OTHER_RULES: Final = {
    FAILURE: "the process that checked a spec ended without an answer",
    BASELINE: "verdicts or tables differ from what is recorded",
    PARTIAL: "the run ended before everything was checked",
    NOTHING: "nothing was checked",
}

_PLACE: Final = re.compile(r"(.+?):([0-9]{1,9})\b")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at: what it is called, what is wrong, and where (`line` 0: the file as a whole).

    `rule` is a sanitizer, SPEC/PROPERTY, the code of a diagnostic, or a key of OTHER_RULES; `key` names the finding
    among all others and does not change when lines move. `source` is a kernel reference; a finding is about a
    `result`, about a `diagnostic`, or about neither.
    """

    severity: Severity
    rule: str
    key: str
    title: str
    message: str
    file: str
    line: int = 0
    source: str = ""
    result: Result | None = None
    diagnostic: Diagnostic | None = None

    @property
    def span(self) -> Span | None:
        """The place of a diagnostic, with columns."""
        return None if self.diagnostic is None else self.diagnostic.span


def findings(gate: GateReport) -> tuple[Finding, ...]:
    """All findings, in the order of the specs; empty only if the gate's exit code is 0."""
    found = [finding for entry in gate.entries for finding in entry_findings(entry)]
    for complaint in gate.complaints:
        key = f"{BASELINE}/{_digest(complaint)}"
        found.append(Finding(Severity.ERROR, BASELINE, key, "differs from what is recorded", complaint, gate.folder))
    if gate.partial:
        text = f"{gate.partial}: these are not all specs"
        found.append(Finding(Severity.ERROR, PARTIAL, PARTIAL, "the run is partial", text, gate.folder))
    if nothing_ran(gate):
        found.append(_nothing(gate.folder, "there is no spec to check"))
    return _told_apart(found)


def nothing_ran(gate: GateReport) -> bool:
    """Whether there is no spec, or a quick run leaves all of them out; that is never green."""
    return all(entry_exit_code(entry) is None for entry in gate.entries)


def entry_findings(entry: Gated) -> Iterator[Finding]:
    """The findings of one spec."""
    name = entry.spec or entry.model
    yield from (_of_diagnostic(diagnostic, name) for diagnostic in entry.diagnostics)
    if entry.failure:
        yield Finding(Severity.ERROR, FAILURE, f"{FAILURE}/{name}", f"{name} was not checked", entry.failure, name)
    report = entry.report
    if report is None:
        if (
            entry_exit_code(entry) is not None
            and not entry.failure
            and not any(one.severity is Severity.ERROR for one in entry.diagnostics)
        ):
            yield _nothing(name, "there is no report")
        return
    yield from (_of_result(result, entry) for result in report.results if not passes(result))
    if report.partial:
        text = f"{report.partial}: these are not all results"
        yield Finding(Severity.ERROR, PARTIAL, f"{PARTIAL}/{name}", f"{name} is partial", text, name)
    elif not report.results:
        yield _nothing(name, "no property was selected")


def row_code(result: Result) -> int:
    """The exit code that a result would have alone."""
    return exit_code(Report("", (), (result,), ()))


def passes(result: Result) -> bool:
    """Whether a result may be shown as passed."""
    return row_code(result) == 0


def split_identity(identity: str) -> tuple[str, str, str]:
    """Spec, check, and property with its values: the parts of SPEC/CHECK/PROPERTY[N=2]; missing ones are empty.

    The name of a spec may hold slashes: it is a path where two specs share a name.
    """
    bracket = identity.rfind("[") if identity.endswith("]") else -1
    plain = identity if bracket < 0 else identity[:bracket]
    *before, prop = plain.rsplit("/", 2)
    check = before.pop() if before else ""
    return (before.pop() if before else ""), check, prop + identity[len(plain) :]


def rule_of(result: Result) -> str:
    """The rule that a result is about: a sanitizer by its name, a property with its spec."""
    return result.prop if result.kind == "sanitizer" else f"{split_identity(result.identity)[0]}/{result.prop}"


def told(result: Result) -> str:
    """Verdict, status and reason in one line."""
    why = reason(result)
    line = f"{verdict_text(result)}  {status_text(result)}"
    return line if not why or why in line else f"{line}: {why}"


def remark(result: Result) -> str:
    """What stands behind the verdict of a trace: whether it was expected."""
    if result.ok and result.expected:
        return "as expected"
    return "not as expected" if result.expected else ""


def lanes_of(result: Result, options: LaneOptions | None = None) -> str:
    """The trace of a result as lanes, with a final newline; "" if it has none."""
    trace = trace_of(result.verdict)
    return "" if trace is None else render_trace(trace, replace(options or LaneOptions(), remark=remark(result)))


def place_of(result: Result, entry: Gated) -> tuple[str, int]:
    """File and line to look at: the end of the trace, a dead statement, the check in the spec, or the whole model."""
    trace = trace_of(result.verdict)
    if trace is not None and trace.ending.file:
        return trace.ending.file, trace.ending.line
    if isinstance(result.verdict, DeadCode) and result.verdict.places:
        spot = _PLACE.match(result.verdict.places[0])
        if spot is not None:
            return spot.group(1), int(spot.group(2))
    if result.span is not None:
        return result.span.path, result.span.line
    return entry.model or entry.spec, 0


def explain_exit(code: int) -> str:
    """`exit 1: violated, ...`."""
    return f"exit {code}: {EXIT_MEANING[code]}"


def _of_result(result: Result, entry: Gated) -> Finding:
    file, line = place_of(result, entry)
    severity = Severity.WARNING if row_code(result) == 3 else Severity.ERROR
    message = told(result) + (f"\n{result.sentence}" if result.sentence else "")
    return Finding(
        severity,
        rule_of(result),
        result.identity,
        result.identity,
        message,
        file,
        line,
        result.source,
        result,
    )


def _of_diagnostic(diagnostic: Diagnostic, name: str) -> Finding:
    span = diagnostic.span
    file, line = (name, 0) if span is None else (span.path, span.line)
    key = f"{diagnostic.code}/{name}/{_digest(diagnostic.message)}"
    title = f"{diagnostic.code}: {CODES[diagnostic.code][0]}"
    lines = [diagnostic.message, diagnostic.hint, *diagnostic.notes]
    message = "\n".join(filter(None, lines))
    return Finding(diagnostic.severity, diagnostic.code, key, title, message, file, line, diagnostic=diagnostic)


def _nothing(name: str, why: str) -> Finding:
    return Finding(Severity.ERROR, NOTHING, f"{NOTHING}/{name}", f"{name}: nothing was checked", why, name)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def _told_apart(found: list[Finding]) -> tuple[Finding, ...]:
    """The findings, with a number behind a key that an earlier one has."""
    seen: Counter[str] = Counter()
    apart = []
    for finding in found:
        seen[finding.key] += 1
        number = seen[finding.key]
        apart.append(finding if number == 1 else replace(finding, key=f"{finding.key}#{number}"))
    return tuple(apart)
