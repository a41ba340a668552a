"""Gates as KTAP: what the kernel's document allows and nothing else, and green only where the gate is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings

from oomcheck.records import dataclass
from oomcheck.report.ktap import render_ktap
from oomcheck.result.gated import GateReport, gate_exit_code
from tests.conftest import Golden
from tests.report.gates import full_gate, gates, green_gate, partial_gate

ROOT = Path(__file__).parents[2]
RESULT = re.compile(r"(ok|not ok) ([1-9][0-9]*)( [^#]*[^# ])?( # .*)?")
DIRECTIVES = ("SKIP", "TODO", "XFAIL", "TIMEOUT", "ERROR")


@dataclass(frozen=True, slots=True)
class Line:
    """A test as parsed."""

    ok: bool
    name: str
    directive: str
    inside: tuple[Line, ...]


class Parser:
    """Reads KTAP version 1 strictly: a plan after each version line, numbers from 1, two spaces for each level.

    Only the last test at a level may have subtests before its line, and a parent fails with any of them.
    """

    def __init__(self, text: str) -> None:
        assert text.endswith("\n")
        self._lines = text.removesuffix("\n").split("\n")
        self.notes: list[str] = []

    def suite(self, level: int = 0) -> tuple[Line, ...]:
        """The tests of one level, and everything below them."""
        assert self._take(level) == "KTAP version 1"
        plan = re.fullmatch(r"1\.\.([0-9]+)", self._take(level))
        assert plan is not None
        return tuple(self._test(number, level) for number in range(1, int(plan.group(1)) + 1))

    def end(self) -> None:
        """Nothing but notes is left."""
        self._skip_notes(0)
        assert self._lines == []

    def _test(self, number: int, level: int) -> Line:
        self._skip_notes(level)
        inside = self.suite(level + 1) if self._lines[0].startswith("  " * (level + 1)) else ()
        self._skip_notes(level)
        found = RESULT.fullmatch(self._take(level))
        assert found is not None
        assert int(found.group(2)) == number
        ok = found.group(1) == "ok"
        word = (found.group(4) or "").removeprefix(" # ").partition(" ")[0]
        directive = word if word in DIRECTIVES else ""
        assert not (ok and directive in ("TIMEOUT", "ERROR"))
        assert not ok or all(test.ok for test in inside)
        return Line(ok, (found.group(3) or "").strip(), directive, inside)

    def _skip_notes(self, level: int) -> None:
        while self._lines and re.match("  " * level + "#( |$)", self._lines[0]):
            self.notes.append(self._take(level))

    def _take(self, level: int) -> str:
        line = self._lines.pop(0)
        indent = "  " * level
        assert line.startswith(indent)
        assert all(char.isprintable() for char in line)
        return line.removeprefix(indent)


def parsed(gate: GateReport) -> tuple[Line, ...]:
    """The tests of a gate."""
    parser = Parser(render_ktap(gate, "0.1.0"))
    tests = parser.suite()
    parser.end()
    return tests


def test_green(golden: Golden) -> None:
    """Expected violations are XFAIL, skipped checks SKIP; all is ok."""
    golden(render_ktap(green_gate(), "0.1.0"), "report/gate_green.ktap")
    assert [(t.ok, t.name) for t in parsed(green_gate())] == [
        (True, "specs/oom_freezer.oomspec"),
        (True, "specs/window.oomspec"),
    ]


def test_full(golden: Golden) -> None:
    """Everything that can be wrong, with its trace before its line."""
    golden(render_ktap(full_gate(), "0.1.0"), "report/gate_full.ktap")
    assert [t.ok for t in parsed(full_gate())] == [False] * 6


@pytest.mark.parametrize(
    ("name", "ok", "directive"),
    [
        ("base/premature_skip", True, ""),
        ("v5_uninit/no_uninit", True, "XFAIL"),
        ("elsewhere/no_uninit", False, ""),
        ("v6/one_kill", False, ""),
        ("big[NVMA=4]/one_kill", False, "TIMEOUT"),
        ("small/one_kill", True, ""),
        ("wrong/no_uninit", False, "ERROR"),
        ("big", True, "SKIP"),
    ],
)
def test_result(name: str, ok: bool, directive: str) -> None:
    """An expected violation is no failure; what is unknown timed out."""
    (found,) = [t for spec in parsed(full_gate()) for t in spec.inside if t.name == name]
    assert (found.ok, found.directive) == (ok, directive)


def test_wrong_files_and_dead_processes() -> None:
    """A spec that could not be checked is an ERROR with the diagnostics before it."""
    first, second, third, *_ = parsed(full_gate())
    assert (first.ok, first.directive) == (second.ok, second.directive) == (third.ok, third.directive)
    assert (first.ok, first.directive) == (False, "ERROR")
    text = render_ktap(full_gate(), "0.1.0")
    assert "\n# error[E0201]: unknown name `x`\n#   --> specs/broken.oomspec:3:19\n" in text
    assert "\nnot ok 2 specs/crash.oomspec # ERROR killed by signal 9\n" in text


@pytest.mark.parametrize("gate", [partial_gate(), GateReport("specs", ())], ids=["partial", "empty"])
def test_incomplete_is_not_ok(gate: GateReport) -> None:
    """A run that was cut short or had nothing to do is not green."""
    assert not all(test.ok for test in parsed(gate))


def test_docs() -> None:
    """The example in the documentation is KTAP, with each of its lines as it says."""
    (block,) = re.findall(r"```\n(KTAP.*?)```", (ROOT / "docs" / "ci.md").read_text("utf-8"), re.DOTALL)
    parser = Parser(block)
    (spec,) = parser.suite()
    parser.end()
    assert [(test.ok, test.directive) for test in spec.inside] == [(True, ""), (True, "XFAIL"), (False, "TIMEOUT")]


@given(gate=gates())
@settings(max_examples=100)
def test_any_text(gate: GateReport) -> None:
    """No text breaks the format, and all tests are ok exactly if the exit code is 0."""
    assert all(test.ok for test in parsed(gate)) == (gate_exit_code(gate) == 0)
