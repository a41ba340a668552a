"""A gate in each of its formats, on stdout and as files. A writer is loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from oomcheck.cli.common import write_file
from oomcheck.report.matrix import render_matrix
from oomcheck.report.text import TextOptions
from oomcheck.result.codec import dump_trace
from oomcheck.result.gated import GateReport
from oomcheck.result.naming import safe_name
from oomcheck.result.verdict import trace_of
from oomcheck.settings import TEXT_FORMAT
from oomcheck.version import VERSION

Writer = Callable[[GateReport, str], str]

#: Module and function of each writer.
WRITERS: Final[Mapping[str, tuple[str, str]]] = {
    "json": ("oomcheck.report.gate_json", "render_gate_json"),
    "junit": ("oomcheck.report.junit", "render_junit"),
    "ktap": ("oomcheck.report.ktap", "render_ktap"),
    "sarif": ("oomcheck.report.sarif", "render_sarif"),
    "github": ("oomcheck.report.github", "render_github"),
    "summary": ("oomcheck.report.summary", "render_summary"),
}
FORMATS: Final = (TEXT_FORMAT, "json", "junit", "ktap", "sarif", "github")

#: What is written below the folder of `-o`.
FILES: Final[Mapping[str, str]] = {
    "result.json": "json",
    "junit.xml": "junit",
    "ktap.txt": "ktap",
    "sarif.json": "sarif",
    "summary.md": "summary",
}
TRACES: Final = "traces"
PAGE: Final = "report.html"


def rendered(gate: GateReport, name: str, options: TextOptions) -> str:
    """A gate in the format of this name; `options` are for text."""
    return render_matrix(gate, options) if name == TEXT_FORMAT else written(gate, name)


def written(gate: GateReport, name: str) -> str:
    """A gate in one of the formats for tools."""
    module, function = WRITERS[name]
    writer: Writer = getattr(import_module(module), function)
    return writer(gate, VERSION)


def write_gate(gate: GateReport, folder: Path, include: Sequence[Path]) -> dict[str, str]:
    """All reports and traces below a folder; the paths of the traces by identity. The page needs Jinja2."""
    paths = _write_traces(gate, folder / TRACES)
    for name, how in FILES.items():
        write_file(folder / name, written(gate, how))
    if find_spec("jinja2") is not None:
        page: Callable[[GateReport, Sequence[Path]], str] = import_module("oomcheck.cli.gate_html").gate_html
        write_file(folder / PAGE, page(gate, include))
    return paths


def _write_traces(gate: GateReport, folder: Path) -> dict[str, str]:
    paths: dict[str, str] = {}
    taken: set[Path] = set()
    reports = (entry.report for entry in gate.entries if entry.report is not None)
    for result in (result for report in reports for result in report.results):
        trace = trace_of(result.verdict)
        if trace is None:
            continue
        path = folder / f"{safe_name(result.identity)}.json"
        number = 1
        while path in taken:  # two identities that differ in odd signs only
            number += 1
            path = folder / f"{safe_name(result.identity)}-{number}.json"
        taken.add(path)
        write_file(path, dump_trace(trace))
        paths[result.identity] = str(path)
    return paths
