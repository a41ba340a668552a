"""A gate as KTAP version 1 (kernel Documentation/dev-tools/ktap.rst): a test for each spec, a subtest for each result.

An expected violation is an `ok` with the directive XFAIL; what no engine established is `not ok` with TIMEOUT, an
error with ERROR. The trace of a verdict that nobody expected stands before its line, as diagnostics.
"""

from __future__ import annotations

from collections.abc import Iterable

from oomcheck.diag.diagnostic import Severity
from oomcheck.diag.render import render_text
from oomcheck.records import dataclass
from oomcheck.report.findings import lanes_of, nothing_ran, row_code, split_identity
from oomcheck.report.matrix import LEFT_OUT, overview
from oomcheck.report.rows import status_text, verdict_text
from oomcheck.report.wording import plain
from oomcheck.result.gated import Gated, GateReport, entry_exit_code
from oomcheck.result.verdict import Result, Word, word

VERSION_LINE = "KTAP version 1"
INDENT = "  "


@dataclass(frozen=True, slots=True)
class Test:
    """A line `ok` or `not ok`; `data` is a directive with its text, or only a text; `inside` are subtests."""

    ok: bool
    name: str
    data: str = ""
    notes: tuple[str, ...] = ()  # lines before the result
    inside: tuple[Test, ...] = ()


def render_ktap(gate: GateReport, tool_version: str) -> str:
    """The whole text; the plan comes first, so that a reader knows when something is missing."""
    tests = [_spec(entry) for entry in gate.entries]
    if gate.complaints:
        inside = tuple(Test(False, complaint) for complaint in gate.complaints)
        tests.append(Test(False, "baseline", inside=inside))
    if gate.partial:
        tests.append(Test(False, "partial", f"ERROR {gate.partial}: these are not all specs"))
    if nothing_ran(gate):
        tests.append(Test(False, "specs", "ERROR nothing was checked: there is no spec to check"))
    head, *lines = _suite(tests)
    notes = [f"# {_plain(note)}" for note in (f"oomcheck {tool_version}", *overview(gate))]
    return "\n".join([head, *lines, *notes]) + "\n"


def _suite(tests: Iterable[Test]) -> list[str]:
    """Version line, plan, and the tests with what is in them."""
    tests = list(tests)
    lines = [VERSION_LINE, f"1..{len(tests)}"]
    for number, test in enumerate(tests, start=1):
        if test.inside:
            lines += [INDENT + line for line in _suite(test.inside)]
        lines += [f"# {_plain(note)}".rstrip() for note in test.notes]
        data = f" # {_plain(test.data)}" if test.data else ""
        name = _plain(test.name).replace("#", "_").strip()  # a name holds no hash sign
        lines.append(f"{'ok' if test.ok else 'not ok'} {number} {name}".rstrip() + data.rstrip())
    return lines


def _spec(entry: Gated) -> Test:
    """The test of one spec; it fails with any of its subtests."""
    name = entry.spec or entry.model
    told = [line for one in entry.diagnostics for line in render_text(one).split("\n")]
    tests: list[Test] = []
    data = "cached" if entry.cached else ""
    left_out = entry_exit_code(entry) is None
    bad = not left_out and (entry.report is None or any(one.severity is Severity.ERROR for one in entry.diagnostics))
    if entry.report is not None:
        tests += map(_result, entry.report.results)
        told += [f"warning: {warning}" for warning in entry.report.warnings]
        if entry.report.partial:
            tests.append(Test(False, "partial", f"ERROR {entry.report.partial}: these are not all results"))
        elif not entry.report.results:
            bad = True
    if entry.failure:
        bad, data = True, f"ERROR {entry.failure}"
    elif left_out:
        data = f"SKIP {LEFT_OUT}"
    elif bad:
        data = "ERROR nothing was checked" if not tests else "ERROR the files have errors"
    tests += [Test(True, check, f"SKIP {LEFT_OUT}") for check in entry.skipped]
    return Test(not bad and all(test.ok for test in tests), name, data, tuple(told), tuple(tests))


def _result(result: Result) -> Test:
    """The subtest of a result, called CHECK/PROPERTY."""
    code = row_code(result)
    _, check, prop = split_identity(result.identity)
    name = "/".join(filter(None, [check, prop]))
    told = f"{verdict_text(result)}  {status_text(result)}"
    if code:
        directive = {3: "TIMEOUT ", 4: "ERROR "}.get(code, "")
        notes = [result.sentence, *lanes_of(result).rstrip("\n").split("\n")]
        return Test(False, name, directive + told, tuple(notes if any(notes) else ()))
    if result.expected == Word.VIOLATED.value and word(result.verdict) is Word.VIOLATED:
        because = f": {result.because}" if result.because else ""
        return Test(True, name, f"XFAIL expected violation{because}")
    return Test(True, name, told)


def _plain(text: str) -> str:
    return plain(text, False)
