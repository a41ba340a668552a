"""Explanations as text and JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from oomcheck.explaining.explanation import Explanation, Item, Need, Order, Place, Sort, Switches, Window
from oomcheck.report.explanation import explanation_json, explanation_object, explanation_text
from oomcheck.report.lanes import LaneOptions
from oomcheck.result.codec import decode_trace
from tests.report.traces import uninit_trace

RESULT = Path(__file__).parents[2] / "oomcheck" / "result"


def example() -> Explanation:
    """One item of each sort and answer."""
    at = Place("mm/oom_kill.c:oom_reaper", "m.oom", 7)
    items = (
        Item(Sort.STATEMENT, "reaper", "x = 1", at, 4, Need.NEEDED),
        Item(Sort.THREAD, "reaper", "", Place("", "m.oom", 3), 2, Need.NEEDED),
        Item(Sort.THREAD, "killer", "", Place(), 1, Need.NOT_NEEDED, "then other can move instead"),
        Item(Sort.THREAD, "idler", "", Place(), 0, Need.NOT_NEEDED, "it does not move in this trace"),
        Item(Sort.THREAD, "sleeper", "", Place(), 0, Need.NOT_NEEDED, "it does not move in this trace"),
        Item(Sort.ENVIRONMENT, "user", "frozen = true", Place("", "m.oom", 9), 3, Need.NEEDED),
        Item(Sort.DELAY, "reaper", "delay(2)", at, 2, Need.NEEDED),
        Item(Sort.LENGTH, "reaper", "delay(1 .. 2)", at, 2, Need.UNDECIDED, "state limit 5"),
        Item(Sort.LATENESS, "reaper", "", Place(), 2, Need.UNDECIDED, "time limit 1 s"),
        Item(Sort.STATEMENT, "killer", "y = 1", at, 1, Need.UNDECIDED, "state limit 5"),
    )
    return Explanation(
        trace=uninit_trace(),
        switches=Switches(4, 10, 6, 9, least=True, shortest=True),
        items=items,
        enough=("reaper", "killer"),
        orders=(Order(1, 2, "x", Need.NEEDED, True), Order(2, 3, "y", Need.UNDECIDED, None, "state limit 5")),
        windows=(Window(1, 4, 2, 3),),
        failed=(),
        paragraph=("First this happens.", "Then that."),
    )


def test_lists() -> None:
    """What is needed, what is not, what never moves, and what is not decided, by reason."""
    text = explanation_text(example(), LaneOptions())
    head = text[: text.index("\noom_freezer")].splitlines()
    assert head == [
        "why oom_freezer/v5_uninit/no_uninit is VIOLATED",
        "  4 switches in 10 steps; no such run has fewer switches; none with as many",
        "    is shorter",
        "  the trace that was given has 6 switches in 9 steps",
        "",
        "First this happens. Then that.",
        "",
        "needed (all runs without it were searched, none violates the property):",
        "  thread reaper",
        "  user: frozen = true (step 3, m.oom:9)",
        "  reaper: that delay(2) takes time (step 2, mm/oom_kill.c:oom_reaper)",
        "  reaper: x = 1 (step 4, mm/oom_kill.c:oom_reaper)",
        "",
        "not needed (some run without it violates the property too):",
        "  thread killer: then other can move instead",
        "",
        "never moves in this trace: idler, sleeper",
        "",
        "not decided (state limit 5):",
        "  reaper: that delay(1 .. 2) takes longer than it must (step 2,",
        "    mm/oom_kill.c:oom_reaper)",
        "  killer: y = 1 (step 1, mm/oom_kill.c:oom_reaper)",
        "",
        "not decided (time limit 1 s):",
        "  reaper: that it runs later than it could (step 2)",
    ]


@pytest.mark.parametrize(
    ("switches", "told"),
    [
        (Switches(0, 3, 0, 3, True, True), ["  0 switches in 3 steps; none with as many is shorter"]),
        (Switches(1, 3, 1, 3, True, False), ["  1 switch in 3 steps; no such run has fewer switches"]),
        (Switches(1, 3, 1, 3, False, False, "no time"), ["  1 switch in 3 steps; no time"]),
    ],
)
def test_switches(switches: Switches, told: list[str]) -> None:
    """That no run has fewer is told only where it is known."""
    text = explanation_text(replace(example(), switches=switches), LaneOptions())
    assert text.splitlines()[1 : 1 + len(told) + 1] == [*told, ""]


def test_one_fault() -> None:
    """Where other faults of the sanitizer do not count, the lists say so."""
    text = explanation_text(replace(example(), alone=True), LaneOptions())
    assert "needed (all runs without it were searched, none ends like this one):" in text
    assert "not needed (some run without it ends like this one too):" in text


def test_partial() -> None:
    """What ended early says so before the trace."""
    text = explanation_text(replace(example(), partial="interrupted"), LaneOptions())
    assert "\nPARTIAL (interrupted): not everything was tried\n" in text
    assert "PARTIAL" not in explanation_text(example(), LaneOptions())


@pytest.mark.parametrize("width", [40, 75, 120])
def test_width(width: int) -> None:
    """No line is longer than asked."""
    lines = explanation_text(example(), LaneOptions(width=width)).splitlines()
    assert max(map(len, lines)) <= width


def test_hostile_text() -> None:
    """Text of a model that would steer a terminal is shown, not obeyed; ASCII is ASCII."""
    evil = Item(Sort.STATEMENT, "t", "x = 1; // \x1b[2J \N{SNOWMAN}", Place("a\x07b"), 1, Need.NEEDED)
    told = replace(example(), items=(evil,), paragraph=("\x1b]0;title\x07 \N{SNOWMAN}",))
    text = explanation_text(told, LaneOptions())
    assert "\x1b" not in text
    assert "\x07" not in text
    assert explanation_text(told, LaneOptions(ascii_only=True)).isascii()


def test_json() -> None:
    """The object fits its schema, says all there is, and its trace is a trace."""
    value = json.loads(explanation_json(example(), "0.1.0", 0))
    jsonschema.validate(value, json.loads((RESULT / "explanation.schema.json").read_text(encoding="utf-8")))
    assert decode_trace(value["trace"], "trace") == example().trace
    assert [item["need"] for item in value["items"]].count("undecided") == 3
    assert value["orders"][0] == {
        "first": 1,
        "second": 2,
        "shared": "x",
        "need": "needed",
        "free": True,
        "reason": None,
    }
    assert value["windows"] == [{"opens": 1, "closes": 4, "begins": 2, "ends": 3}]
    assert value["partial"] is None


def test_schema_is_strict() -> None:
    """A field that the schema does not know, or a word that it does not know, is refused."""
    schema = json.loads((RESULT / "explanation.schema.json").read_text(encoding="utf-8"))
    good = explanation_object(example(), "0.1.0", 0)
    for wrong in ({**good, "more": 1}, {**good, "exit_code": 1}, {**good, "items": [{"sort": "thread"}]}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)
