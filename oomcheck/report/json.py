"""A report as one JSON object, schema `oomcheck.result/1` (oomcheck/result/result.schema.json)."""

from __future__ import annotations

import json

from oomcheck.report.rows import established, reason
from oomcheck.result.codec import encode_trace
from oomcheck.result.verdict import Invariant, Report, Result, Unknown, exit_code, invariant_of, trace_of

RESULT_SCHEMA = "oomcheck.result/1"


def report_object(report: Report, tool_version: str, code: int | None = None) -> dict[str, object]:
    """The JSON object of a report; `code` is the exit code where it is not the one that the rows give."""
    return {
        "schema": RESULT_SCHEMA,
        "tool_version": tool_version,
        "model": report.model,
        "params": dict(report.params),
        "results": [_result(result) for result in report.results],
        "sanitizers": list(report.sanitizers),
        "dead_code": list(report.dead_code),
        "warnings": list(report.warnings),
        "partial": report.partial or None,
        "exit_code": exit_code(report) if code is None else code,
    }


def render_json(report: Report, tool_version: str, code: int | None = None) -> str:
    """The JSON text of a report, with a final newline; pure ASCII, so that no locale can spoil it."""
    return json.dumps(report_object(report, tool_version, code), indent=2) + "\n"


def _result(result: Result) -> dict[str, object]:
    trace = trace_of(result.verdict)
    return {
        "id": result.identity,
        "property": result.prop,
        "kind": result.kind,
        "verdict": established(result).value,
        "expected": result.expected or None,
        "ok": result.ok,
        "engine": result.engine,
        "exhaustive": result.exhaustive,
        "states": result.states,
        "transitions": result.transitions,
        "depth": result.depth,
        "seconds": round(result.seconds, 6),
        "reason": reason(result) or None,
        "source": result.source or None,
        "sentence": result.sentence,
        "params": dict(result.params),
        "timing": result.timing,
        "reductions": list(result.reductions),
        "value": "unbounded" if result.unbounded else result.value,
        "unit": result.unit or None,
        "trace": None if trace is None else encode_trace(trace),
        "proof": _proof(invariant_of(result.verdict)),
        "induction": list(result.verdict.induction) if isinstance(result.verdict, Unknown) else [],
    }


def _proof(invariant: Invariant | None) -> dict[str, object] | None:
    if invariant is None:
        return None
    return {
        "method": invariant.method,
        "open": list(invariant.open),
        "conjuncts": list(invariant.conjuncts),
        "lemmas": list(invariant.lemmas),
        "size": invariant.size,
        "confirmed_by": list(invariant.solvers),
        "certificate": invariant.folder or None,
    }
