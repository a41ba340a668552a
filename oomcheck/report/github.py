"""A gate as the log of a GitHub Actions step: annotations at the places of findings, then the text of the gate."""

from __future__ import annotations

import hashlib
import posixpath
from typing import Final

from oomcheck.diag.diagnostic import Severity
from oomcheck.report.findings import Finding, explain_exit, findings
from oomcheck.report.matrix import counted, render_matrix
from oomcheck.report.rows import plural
from oomcheck.report.wording import plain, shorten
from oomcheck.result.gated import GateReport, gate_exit_code

MOST: Final = 10  # annotations of a kind that a step shows
LONGEST_TITLE: Final = 200
LONGEST_MESSAGE: Final = 2_000

_COMMAND: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render_github(gate: GateReport, tool_version: str) -> str:
    """Workflow commands, one on each line, and the text of the gate, in which the runner is to see no commands."""
    found = findings(gate)
    lines = []
    more = []
    for severity, command in _COMMAND.items():
        those = [finding for finding in found if finding.severity is severity]
        room = MOST if severity is not Severity.NOTE else MOST - 1  # one notice is ours
        lines += [_annotation(finding) for finding in those[:room]]
        if len(those) > room:
            more.append(plural(len(those) - room, f"more {command}"))
    told = "; ".join([*more, explain_exit(gate_exit_code(gate))])
    results = [result for entry in gate.entries if entry.report is not None for result in entry.report.results]
    lines.append(f"::notice title={_property(f'oomcheck: {counted(results)}')}::{_data(told)}")
    return "".join(line + "\n" for line in lines) + _quoted(f"oomcheck {tool_version}", render_matrix(gate))


def _annotation(finding: Finding) -> str:
    """The command for one finding, at its file and line."""
    properties = [f"title={_property(shorten(finding.title, LONGEST_TITLE))}"]
    if finding.file:
        properties.append(f"file={_property(posixpath.normpath(finding.file))}")
    if finding.span is not None:
        properties += [f"line={finding.span.line}", f"col={finding.span.column}"]
    elif finding.line > 0:
        properties.append(f"line={finding.line}")
    message = "\n".join(plain(line, False) for line in finding.message.split("\n"))
    return f"::{_COMMAND[finding.severity]} {','.join(properties)}::{_data(shorten(message, LONGEST_MESSAGE) or '-')}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(plain(text, False)).replace(":", "%3A").replace(",", "%2C")


def _quoted(title: str, text: str) -> str:
    """A text as a group of the log, between a stop of all commands and their start; its texts come from models.

    The word that starts them again is made from the text, so that no text can hold it.
    """
    word = f"oomcheck-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()}"
    return f"::group::{_data(plain(title, False))}\n::stop-commands::{word}\n{text}::{word}::\n::endgroup::\n"
