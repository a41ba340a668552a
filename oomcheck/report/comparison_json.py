"""A comparison as one JSON object, schema `oomcheck.compare/1` (oomcheck/result/compare.schema.json)."""

from __future__ import annotations

import json
from collections.abc import Iterable

from oomcheck.comparing.compare import Comparison, Schedule
from oomcheck.comparing.course import Difference, Divergence
from oomcheck.comparing.pairs import Pair, code_of
from oomcheck.comparing.sides import Side
from oomcheck.comparing.texts import TextChanges
from oomcheck.report.comparison import divergence_text
from oomcheck.report.rows import established, reason
from oomcheck.result.codec import encode_trace
from oomcheck.result.trace import Fact
from oomcheck.result.verdict import Report, Result

COMPARE_SCHEMA = "oomcheck.compare/1"


def render_comparison_json(found: Comparison, tool_version: str) -> str:
    """The JSON text, with a final newline; pure ASCII."""
    return json.dumps(comparison_object(found, tool_version), indent=2) + "\n"


def comparison_object(found: Comparison, tool_version: str) -> dict[str, object]:
    """The JSON object."""
    return {
        "schema": COMPARE_SCHEMA,
        "tool_version": tool_version,
        "a": _side(found.a, found.reports[0]),
        "b": _side(found.b, found.reports[1]),
        "rows": [_pair(pair) for pair in found.pairs],
        "schedule": None if found.schedule is None else _schedule(found.schedule),
        "texts": None if found.texts is None else _texts(found.texts),
        "exit_code": code_of(found.pairs, *found.reports),
    }


def _side(side: Side, report: Report) -> dict[str, object]:
    return {
        "model": str(side.model),
        "given": {name: str(value) for name, value in side.given.items()},
        "params": dict(report.params),
        "digest": side.files.digest,
        "warnings": list(report.warnings),
        "partial": report.partial or None,
    }


def _pair(pair: Pair) -> dict[str, object]:
    return {"id": pair.identity, "relation": pair.relation.value, "a": _result(pair.a), "b": _result(pair.b)}


def _result(result: Result | None) -> dict[str, object] | None:
    if result is None:
        return None
    return {
        "verdict": established(result).value,
        "exhaustive": result.exhaustive,
        "engine": result.engine,
        "states": result.states,
        "depth": result.depth,
        "value": "unbounded" if result.unbounded else result.value,
        "unit": result.unit or None,
        "timing": result.timing,
        "params": dict(result.params),
        "reason": reason(result) or None,
        "source": result.source or None,
    }


def _schedule(schedule: Schedule) -> dict[str, object]:
    course = schedule.course
    return {
        "id": schedule.trace.identity,
        "own": schedule.own.letter,
        "other": schedule.other.letter,
        "trace": encode_trace(schedule.trace),
        "followed": [
            {"step": f.number, "process": f.process, "own": f.own, "other": f.text or None, "extra": list(f.extra)}
            for f in course.followed
        ],
        "divergence": None if course.divergence is None else _divergence(course.divergence, schedule.other.letter),
        "apart": _differences(course.apart),
        "decides": schedule.decides,
    }


def _divergence(divergence: Divergence, other: str) -> dict[str, object]:
    return {
        "step": divergence.number,
        "reason": divergence.reason.value,
        "message": divergence_text(divergence, other),
        "process": divergence.process,
        "own": divergence.own,
        "possible": list(divergence.possible),
        "why": list(divergence.why),
        "extra": list(divergence.extra),
        "effects": _differences(divergence.effects),
        "facts": {"own": _facts(divergence.facts), "other": _facts(divergence.other_facts)},
        "later": [
            {"step": later.number, "process": later.process, "own": later.own, "other": later.other or None}
            for later in divergence.later
        ],
    }


def _differences(differences: Iterable[Difference]) -> list[dict[str, object]]:
    return [{"name": one.name, "own": one.own, "other": one.other, "since": one.since} for one in differences]


def _facts(facts: Iterable[Fact]) -> list[dict[str, object]]:
    return [{"view": fact.view, "process": fact.process, "text": fact.text} for fact in facts]


def _texts(changes: TextChanges) -> dict[str, object]:
    return {
        "files": [{"name": file.name, "diff": list(file.lines)} for file in changes.files],
        "declarations": list(changes.declarations),
        "statements": list(changes.statements),
    }
