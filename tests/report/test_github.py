"""Gates as logs of GitHub Actions: a few annotations, and no text of a model that the runner takes for a command."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings

from oomcheck.records import dataclass
from oomcheck.report.github import MOST, render_github
from oomcheck.result.gated import Gated, GateReport, gate_exit_code
from oomcheck.result.verdict import Report, Unknown, Vacuous
from tests.conftest import Golden
from tests.report.gates import full_gate, gates, green_gate, partial_gate
from tests.report.reports import HOLDS

COMMAND = re.compile(r"::([a-z-]+)(?: ([^:\r\n]*))?::(.*)")


@dataclass(frozen=True, slots=True)
class Command:
    """A workflow command as the runner reads it."""

    name: str
    properties: dict[str, str]
    message: str


def unescape(text: str) -> str:
    """What the runner makes of a value."""
    for code, char in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, char)
    return text


def commands(text: str) -> list[Command]:
    """The commands of a log, in order; the runner looks at each line by itself, after its indent."""
    found = []
    stopped = ""
    for line in text.splitlines():
        if stopped:
            stopped = "" if line.lstrip() == f"::{stopped}::" else stopped
            continue
        match = COMMAND.fullmatch(line.lstrip())
        assert match is not None, line
        name, properties, message = match.group(1), match.group(2) or "", match.group(3)
        if name == "stop-commands":
            stopped = message
            continue
        pairs = dict(pair.split("=", 1) for pair in properties.split(",") if pair)
        found.append(Command(name, {key: unescape(value) for key, value in pairs.items()}, unescape(message)))
    assert stopped == ""
    return found


def test_green(golden: Golden) -> None:
    """A gate as expected has one notice, with its counts."""
    told = [
        (one.name, one.properties.get("title"), one.message) for one in commands(render_github(green_gate(), "0.1.0"))
    ]
    assert told == [
        (
            "notice",
            "oomcheck: 8 results: 8 ok",
            "exit 0: every check gave its expected verdict (without expectations: all hold)",
        ),
        ("group", None, "oomcheck 0.1.0"),
        ("endgroup", None, ""),
    ]
    golden(render_github(green_gate(), "0.1.0"), "report/gate_green.github")


def test_full(golden: Golden) -> None:
    """Errors and warnings stand at their places; what a step does not show is counted in the notice."""
    found = commands(render_github(full_gate(), "0.1.0"))
    assert [one.name for one in found] == ["error"] * 10 + ["warning"] * 3 + ["notice", "group", "endgroup"]
    assert found[0].properties == {
        "title": "E0201: unknown name",
        "file": "specs/broken.oomspec",
        "line": "3",
        "col": "19",
    }
    assert found[0].message == "unknown name `x`\ndid you mean `y`?\ndeclared names: y, z"
    assert found[3].properties == {
        "title": "oom_freezer/elsewhere/no_uninit",
        "file": "models/oom_freezer.oom",
        "line": "32",
    }
    assert found[-3].message.startswith("3 more errors; exit 4: ")
    golden(render_github(full_gate(), "0.1.0"), "report/gate_full.github")


def test_limits() -> None:
    """No more errors and warnings than a step shows; the rest is told in one notice."""
    bad = replace(HOLDS, verdict=Vacuous("x"), ok=False)
    unknown = replace(HOLDS, verdict=Unknown("x"), ok=False)
    report = Report("m.oom", (), (bad,) * 12 + (unknown,) * 11, ())
    found = commands(render_github(GateReport("specs", (Gated("a.oomspec", "m.oom", report),)), "0"))
    assert [one.name for one in found] == ["error"] * MOST + ["warning"] * MOST + ["notice", "group", "endgroup"]
    assert found[-3].message.startswith("2 more errors; 1 more warning; exit 1: ")


@pytest.mark.parametrize("gate", [partial_gate(), GateReport("specs", ())], ids=["partial", "empty"])
def test_incomplete_is_an_error(gate: GateReport) -> None:
    """A run that was cut short or had nothing to do has an error."""
    assert commands(render_github(gate, "0"))[0].name == "error"


def test_texts_come_back() -> None:
    """The runner shows messages and titles as they were, whatever they look like when escaped."""
    report = Report("m.oom", (), (replace(HOLDS, identity="a%2C,b:c", verdict=Unknown("50%0A%\nx"), ok=False),), ())
    found = commands(render_github(GateReport("specs", (Gated("a.oomspec", "m%3A.oom", report),)), "0"))
    assert found[0].properties == {"title": "a%2C,b:c", "file": "m%3A.oom"}
    assert found[0].message.startswith("UNKNOWN: 50%0A%\nx  UNDECIDED (expected holds)")


@given(gate=gates())
@settings(max_examples=60)
def test_any_text(gate: GateReport) -> None:
    """No text makes a command or a property of one, and there are annotations exactly if the exit code is not 0."""
    found = commands(render_github(gate, "0.1.0"))
    names = [one.name for one in found]
    assert set(names) <= {"error", "warning", "notice", "group", "endgroup"}
    assert all(set(one.properties) <= {"title", "file", "line", "col"} for one in found)
    assert all(one.message or one.name == "endgroup" for one in found)
    if gate_exit_code(gate):
        assert "error" in names or "warning" in names
    else:
        assert "error" not in names
