"""Reports as one self-contained HTML file; needs Jinja2, the extra `html`, which is imported only when asked for."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import ModuleType

from oomcheck.diag.diagnostic import error
from oomcheck.result.gated import GateReport
from oomcheck.result.trace import Trace


def render_html(gate: GateReport, sources: Mapping[str, str], tool_version: str) -> str:
    """All checks of a gate and their traces as a page; see `page.gate_page`. E0504 without Jinja2."""
    text: str = _page().gate_page(gate, sources, tool_version)
    return text


def render_trace_html(trace: Trace, sources: Mapping[str, str], tool_version: str) -> str:
    """One trace as a page; see `page.trace_page`. E0504 without Jinja2."""
    text: str = _page().trace_page(trace, sources, tool_version)
    return text


def _page() -> ModuleType:
    """The module that needs Jinja2."""
    try:
        return importlib.import_module("oomcheck.report.html.page")
    except ModuleNotFoundError as missing:
        if missing.name not in ("jinja2", "markupsafe"):
            raise
        hint = "pip install 'oomcheck[html]'"
        raise error("E0504", f"HTML reports need {missing.name}, which is not installed", None, hint) from missing
