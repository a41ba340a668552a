"""A gate as a page, with the texts that the steps of its traces point into."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from oomcheck.cli.sources import sources_of
from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.report.html import render_html
from oomcheck.result.gated import Gated, GateReport
from oomcheck.result.verdict import trace_of
from oomcheck.version import VERSION


def gate_html(gate: GateReport, include: Sequence[Path]) -> str:
    """The page; E0504 without Jinja2."""
    sources: dict[str, str] = {}
    for model, entry in {entry.model: entry for entry in gate.entries}.items():
        sources |= _sources(entry, Path(model), include)
    return render_html(gate, sources, VERSION)


def _sources(entry: Gated, model: Path, include: Sequence[Path]) -> dict[str, str]:
    """The texts of a model that has any trace; none if they changed meanwhile."""
    results = () if entry.report is None else entry.report.results
    trace = next(filter(None, (trace_of(result.verdict) for result in results)), None)
    try:
        return {} if trace is None else sources_of(trace, model, include)
    except OomcheckError:
        return {}
