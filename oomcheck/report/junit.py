"""A gate as JUnit XML, as Jenkins and GitLab read it: the subset that junit-10.xsd of the Jenkins xUnit plugin allows.

An expected violation passes; any other verdict that is not expected is a failure, one that nobody established an error.
"""

from __future__ import annotations

from typing import Literal
from xml.etree import ElementTree as ET

from oomcheck.diag.diagnostic import Diagnostic, Severity
from oomcheck.diag.render import render_text
from oomcheck.report.findings import BASELINE, PARTIAL, lanes_of, nothing_ran, row_code, split_identity, told
from oomcheck.report.matrix import LEFT_OUT
from oomcheck.report.rows import established, plural, reason, status_text, verdict_text
from oomcheck.report.wording import plain, shorten
from oomcheck.result.gated import Gated, GateReport, entry_exit_code
from oomcheck.result.verdict import Result, Word

HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'
OWN_CLASS = "oomcheck"  # class of the cases that belong to no check
LONGEST = 1_000  # characters of a message; viewers show it on one line
MOST_SECONDS = 10.0**9

Outcome = Literal["failure", "error", "skipped"]


def render_junit(gate: GateReport, tool_version: str) -> str:
    """The document, one suite for each spec; pure ASCII, and valid XML whatever the texts hold."""
    suites = [_suite(entry, tool_version, gate.quick) for entry in gate.entries]
    if gate.complaints:
        cases = [_case(OWN_CLASS, text, "failure", "differs from what is recorded", text) for text in gate.complaints]
        suites.append(_wrap(BASELINE, cases))
    if gate.partial:
        text = f"{gate.partial}: these are not all specs"
        suites.append(_wrap(PARTIAL, [_case(OWN_CLASS, PARTIAL, "error", PARTIAL, text)]))
    if nothing_ran(gate):
        text = "nothing was checked: there is no spec to check"
        suites.append(_wrap("specs", [_case(OWN_CLASS, "specs", "error", "nothing", text)]))
    root = ET.Element("testsuites", name=_clean(f"oomcheck {gate.folder}".rstrip()))
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    root.set("time", _time(gate.seconds))
    root.extend(suites)
    ET.indent(root)
    body: bytes = ET.tostring(root, encoding="us-ascii")
    return HEAD + body.decode() + "\n"


def _suite(entry: Gated, tool_version: str, quick: bool) -> ET.Element:
    """The suite of one spec: what is wrong with its files, then its results, then what was skipped."""
    cases = [_of_diagnostic(one) for one in entry.diagnostics if one.severity is Severity.ERROR]
    if entry.failure:
        cases.append(_case(OWN_CLASS, "process", "error", "failure", entry.failure))
    report = entry.report
    if report is not None:
        cases += [_of_result(result) for result in report.results]
    if report is None and not cases and entry_exit_code(entry) is not None:
        cases.append(_case(OWN_CLASS, "report", "error", "nothing", "nothing was checked"))
    elif report is not None and report.partial:
        cases.append(_case(OWN_CLASS, PARTIAL, "error", PARTIAL, f"{report.partial}: these are not all results"))
    elif report is not None and not report.results:
        cases.append(_case(OWN_CLASS, "report", "error", "nothing", "no property was selected"))
    for name in entry.skipped:
        cases.append(_case(f"{_stem(entry)}.{name}", name, "skipped", "quick", LEFT_OUT))
    suite = _wrap(entry.spec or entry.model, cases, entry.seconds)
    suite.insert(0, _properties(entry, tool_version, quick))
    return suite


def _wrap(name: str, cases: list[ET.Element], seconds: float = 0.0) -> ET.Element:
    """A suite of cases, with their numbers."""
    suite = ET.Element("testsuite", name=_clean(name), tests=str(len(cases)))
    for attribute, outcome in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(sum(case.find(outcome) is not None for case in cases)))
    suite.set("time", _time(seconds))
    suite.extend(cases)
    return suite


def _properties(entry: Gated, tool_version: str, quick: bool) -> ET.Element:
    pairs = [("tool", f"oomcheck {tool_version}"), ("spec", entry.spec), ("model", entry.model)]
    pairs += [("cached", _yes(entry.cached)), ("quick", _yes(quick))]
    if entry.report is not None:
        pairs += [(f"param {name}", value) for name, value in entry.report.params]
        pairs += [("warning", warning) for warning in entry.report.warnings]
    pairs += [("warning", one.message) for one in entry.diagnostics if one.severity is not Severity.ERROR]
    element = ET.Element("properties")
    for name, value in pairs:
        ET.SubElement(element, "property", name=_clean(name), value=_clean(value))
    return element


def _yes(truth: bool) -> str:
    return "yes" if truth else "no"


def _of_result(result: Result) -> ET.Element:
    spec, check, prop = split_identity(result.identity)
    case = _case(".".join(filter(None, [spec, check])), prop)
    case.set("time", _time(result.seconds))
    code = row_code(result)
    if code:
        case.append(_outcome("error" if code in (3, 4) else "failure", _type(result), told(result), _details(result)))
    facts = [
        f"{verdict_text(result)}  {status_text(result)}",
        f"engine {result.engine}, {plural(result.states, 'state')}, depth {result.depth}",
        *([" ".join(f"{name}={value}" for name, value in result.params)] if result.params else []),
        *([f"because {result.because}"] if result.because else []),
    ]
    ET.SubElement(case, "system-out").text = _text("\n".join(facts))
    return case


def _type(result: Result) -> str:
    """The verdict word, or that the property passed although a violation was expected."""
    word = established(result)
    good = word in (Word.HOLDS, Word.PROVED, Word.UNREACHABLE)
    return "unexpected pass" if good and result.expected == Word.VIOLATED.value else word.title


def _details(result: Result) -> str:
    lines = [result.sentence, reason(result), lanes_of(result)]
    return "\n".join(filter(None, lines))


def _of_diagnostic(diagnostic: Diagnostic) -> ET.Element:
    span = diagnostic.span
    name = diagnostic.code if span is None else f"{diagnostic.code} {span}"
    case = _case(OWN_CLASS, name)
    case.append(_outcome("error", diagnostic.code, diagnostic.message, render_text(diagnostic)))
    return case


def _case(group: str, name: str, outcome: Outcome | None = None, kind: str = "", message: str = "") -> ET.Element:
    case = ET.Element("testcase", classname=_clean(group), name=_clean(name))
    if outcome is not None:
        case.append(_outcome(outcome, kind, message))
    return case


def _outcome(outcome: Outcome, kind: str, message: str, text: str = "") -> ET.Element:
    element = ET.Element(str(outcome), type=_clean(kind), message=shorten(_clean(message), LONGEST))
    if text:
        element.text = _text(text)
    return element


def _stem(entry: Gated) -> str:
    """The name that a spec has in identities, as far as its path tells."""
    return (entry.spec or entry.model).rpartition("/")[2].rpartition(".")[0]


def _clean(text: str) -> str:
    """`text` on one line, without characters that XML cannot hold."""
    return plain(text, False)


def _text(text: str) -> str:
    """Lines of text, each without characters that XML cannot hold."""
    return "\n" + "\n".join(map(_clean, text.rstrip("\n").split("\n"))) + "\n"


def _time(seconds: float) -> str:
    """Seconds as the schema wants them; what is no amount of time counts as none."""
    return f"{seconds:.3f}" if 0 <= seconds < MOST_SECONDS else "0.000"
