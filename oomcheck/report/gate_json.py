"""A gate as one JSON object, schema `oomcheck.gate/1` (oomcheck/result/gate.schema.json)."""

from __future__ import annotations

import json
from typing import Final

from oomcheck.diag.render import render_dict
from oomcheck.report.json import report_object
from oomcheck.result.gated import Gated, GateReport, gate_exit_code

GATE_SCHEMA: Final = "oomcheck.gate/1"


def gate_object(gate: GateReport, tool_version: str) -> dict[str, object]:
    """The JSON object of a gate."""
    return {
        "schema": GATE_SCHEMA,
        "tool_version": tool_version,
        "folder": gate.folder,
        "quick": gate.quick,
        "seconds": round(gate.seconds, 6),
        "entries": [_entry(entry, tool_version) for entry in gate.entries],
        "complaints": list(gate.complaints),
        "partial": gate.partial or None,
        "exit_code": gate_exit_code(gate),
    }


def render_gate_json(gate: GateReport, tool_version: str) -> str:
    """The JSON text of a gate, with a final newline; pure ASCII, so that no locale can spoil it."""
    return json.dumps(gate_object(gate, tool_version), indent=2) + "\n"


def _entry(entry: Gated, tool_version: str) -> dict[str, object]:
    return {
        "spec": entry.spec,
        "model": entry.model or None,
        "cached": entry.cached,
        "seconds": round(entry.seconds, 6),
        "failure": entry.failure or None,
        "diagnostics": [render_dict(diagnostic) for diagnostic in entry.diagnostics],
        "skipped": list(entry.skipped),
        "report": None if entry.report is None else report_object(entry.report, tool_version),
    }
