"""A gate as SARIF 2.1.0 (OASIS), for code scanning: only what nobody expected is a result."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Final

from oomcheck.diag.codes import CODES
from oomcheck.diag.diagnostic import Severity
from oomcheck.prop.property import SANITIZERS
from oomcheck.report.findings import OTHER_RULES, Finding, findings, rule_of, split_identity
from oomcheck.report.rows import EXIT_MEANING, established, status_text
from oomcheck.report.sarif_flow import Json, code_flow, is_violation, main_location, message, summary
from oomcheck.report.wording import plain
from oomcheck.result.gated import GateReport, gate_exit_code
from oomcheck.result.trace import Trace
from oomcheck.result.verdict import Result, trace_of

SCHEMA_URI: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MOST_RESULTS: Final = 25_000  # consumers read no more of a run
FINGERPRINT: Final = "oomcheckKey/v1"

_LEVEL: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_ANSWERS: Final = (0, 1, 3)  # exit codes of runs that did what they were asked


def render_sarif(gate: GateReport, tool_version: str) -> str:
    """The log: one run, whose rules are everything that was checked, and whose results are what is not as expected."""
    found = sorted(findings(gate), key=lambda one: one.severity is not Severity.ERROR)  # errors first, if any are cut
    kept = found[:MOST_RESULTS]
    checked = [result for entry in gate.entries if entry.report for result in entry.report.results]
    rules = _rules(checked, kept)
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    notes = [_note(f"{len(found) - len(kept)} more results are left out")] if len(found) > len(kept) else []
    results = []
    for finding in kept:
        result, left_out = _result(finding, index[plain(finding.rule, False)])
        results.append(result)
        if left_out:
            notes.append(_note(f"{finding.key}: the first {left_out} steps of the trace are left out"))
    warnings = [warning for entry in gate.entries if entry.report for warning in entry.report.warnings]
    code = gate_exit_code(gate)
    invocation: Json = {
        "executionSuccessful": code in _ANSWERS,
        "exitCode": code,
        "exitCodeDescription": EXIT_MEANING[code],
        "toolExecutionNotifications": [*notes, *map(_note, warnings)],
    }
    return _log(tool_version, rules, results, invocation)


def sarif_of_trace(trace: Trace, tool_version: str) -> str:
    """The log of one trace: a counterexample is an error, any other trace a note."""
    flow, left_out = code_flow(trace)
    sanitizer = trace.kind == "sanitizer"
    rule = _rule(trace.prop if sanitizer else f"{split_identity(trace.identity)[0]}/{trace.prop}", trace.sentence)
    ending = trace.ending
    text = "\n".join(filter(None, [summary(trace), trace.sentence, ending.message]))
    result: Json = {
        "ruleId": rule["id"],
        "ruleIndex": 0,
        "level": "error" if is_violation(trace) else "note",
        "message": message(text),
        "locations": [main_location(ending.file or trace.model, ending.line, ending.source)],
        "partialFingerprints": {FINGERPRINT: plain(trace.identity, False)},
        "codeFlows": [flow],
    }
    notes = [_note(f"the first {left_out} steps of the trace are left out")] if left_out else []
    invocation: Json = {"executionSuccessful": True, "toolExecutionNotifications": notes}
    return _log(tool_version, [rule], [result], invocation)


def _log(tool_version: str, rules: Sequence[Json], results: Sequence[Json], invocation: Json) -> str:
    driver = {"name": "oomcheck", "version": plain(tool_version, False), "rules": rules}
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": "oomcheck/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [invocation],
        "results": results,
    }
    return json.dumps({"$schema": SCHEMA_URI, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _rules(checked: Iterable[Result], found: Iterable[Finding]) -> list[Json]:
    """A rule for each property and sanitizer that was checked, and for everything else that was found."""
    sentences = {rule_of(result): result.sentence for result in checked}
    for finding in found:
        if finding.rule not in sentences:
            sentences[finding.rule] = CODES[finding.rule][0] if finding.rule in CODES else OTHER_RULES[finding.rule]
    rules = {plain(name, False): _rule(name, sentence) for name, sentence in sentences.items()}
    return [rules[name] for name in sorted(rules)]


def _rule(name: str, sentence: str) -> Json:
    """A reporting descriptor; a sanitizer explains itself."""
    text = SANITIZERS.get(name) or sentence or name
    more = CODES[name][1] if name in CODES else text
    return {
        "id": plain(name, False),
        "shortDescription": message(text),
        "fullDescription": message(more),
        "help": message(more),
        "defaultConfiguration": {"level": "error"},
    }


def _result(finding: Finding, rule: int) -> tuple[Json, int]:
    """The result of a finding, and how many steps of its trace are left out."""
    found: Json = {
        "ruleId": plain(finding.rule, False),
        "ruleIndex": rule,
        "level": _LEVEL[finding.severity],
        "message": message(f"{finding.title}: {finding.message}"),
        "locations": [main_location(finding.file, finding.line, finding.source, finding.span)],
        "partialFingerprints": {FINGERPRINT: plain(finding.key, False)},
    }
    result = finding.result
    trace = None if result is None else trace_of(result.verdict)
    if result is not None:
        found["properties"] = {
            "verdict": established(result).value,
            "status": plain(status_text(result), False),
            "engine": plain(result.engine, False),
            "states": result.states,
        }
    if trace is None:
        return found, 0
    flow, left_out = code_flow(trace)
    return {**found, "codeFlows": [flow]}, left_out


def _note(text: str) -> Json:
    return {"level": "note", "message": message(text)}
