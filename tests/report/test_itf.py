"""Traces in the Informal Trace Format."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import jsonschema
from hypothesis import given, settings

from oomcheck.report.itf import itf_object, render_itf
from oomcheck.result.trace import Change, Trace
from tests.report.traces import bound_trace, stuck_trace, traces, uninit_trace

IDENTIFIER = r"^[A-Za-z][A-Za-z0-9_]*$"

#: Rules of ADR 015 for the expressions that are written here.
EXPRESSION = {
    "oneOf": [
        {"type": "string"},
        {"type": "boolean"},
        {
            "type": "object",
            "required": ["#bigint"],
            "properties": {"#bigint": {"type": "string", "pattern": r"^-?[0-9]+$"}},
            "additionalProperties": False,
        },
    ]
}
SCHEMA = {
    "type": "object",
    "required": ["vars", "states"],
    "properties": {
        "#meta": {"type": "object", "required": ["format", "varTypes"]},
        "params": {"type": "array", "items": {"type": "string", "pattern": IDENTIFIER}, "uniqueItems": True},
        "vars": {"type": "array", "items": {"type": "string", "pattern": IDENTIFIER}, "uniqueItems": True},
        "loop": {"type": "integer", "minimum": 0},
        "states": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["#meta"],
                "properties": {"#meta": {"type": "object", "required": ["index"]}},
                "patternProperties": {IDENTIFIER: EXPRESSION},
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}
TYPES = {"Int": dict, "Bool": bool, "Str": str}


def parsed(trace: Trace) -> dict[str, Any]:
    """The file of a trace, read back and checked: each state gives all variables a value of their type."""
    value: dict[str, Any] = json.loads(render_itf(trace, "1.0"))
    jsonschema.validate(value, SCHEMA)
    types = value["#meta"]["varTypes"]
    assert set(types) == {*value["vars"], *value["params"]}
    assert not set(value["vars"]) & set(value["params"])
    for number, state in enumerate(value["states"]):
        names = {*value["vars"], *(() if number else value["params"])}
        assert set(state) == {"#meta", *names}
        assert all(isinstance(state[name], TYPES[types[name]]) for name in names)
    return value


def test_states_and_types() -> None:
    """Numbers are big integers, truth values booleans, all else strings; names become identifiers."""
    value = parsed(uninit_trace())
    assert value["params"] == ["FIX", "NLMKD"]
    assert value["vars"] == [
        "sigkill",
        "oom_mm",
        "cgroup_freezing",
        "mm_users",
        "mm_flags_MMF_OOM_REAP_QUEUED",
        "victim_0_tif_TIF_MEMDIE",
        "victim_0_state",
    ]
    assert value["states"][0] == {
        "#meta": {"index": 0},
        "FIX": "NO_DELAY",
        "NLMKD": {"#bigint": "0"},
        "sigkill": False,
        "oom_mm": False,
        "cgroup_freezing": False,
        "mm_users": {"#bigint": "2"},
        "mm_flags_MMF_OOM_REAP_QUEUED": False,
        "victim_0_tif_TIF_MEMDIE": False,
        "victim_0_state": "RUNNING",
    }
    assert value["#meta"]["names"]["victim_0_state"] == "victim[0].state"
    assert value["states"][7]["victim_0_state"] == "FROZEN"
    assert value["states"][7]["#meta"]["action"] == "WRITE_ONCE(current->__state, TASK_FROZEN)"


def test_loop_begins_after_its_first_step() -> None:
    """The last state is that before the loop, so the states that repeat begin one later."""
    value = parsed(stuck_trace())
    assert value["loop"] == 3
    assert len(value["states"]) == 8
    assert [state["#meta"]["index"] for state in value["states"]] == list(range(8))


def test_rest_repeats_the_last_state() -> None:
    """A loop of no steps is the last state for ever."""
    trace = replace(stuck_trace(), loop=7)
    assert parsed(trace)["loop"] == 7


def test_time_and_costs() -> None:
    """Each state tells the time that has passed, each step what it costs."""
    value = parsed(bound_trace())
    assert [value["states"][number]["#meta"]["now"] for number in (0, 2, 3, 22, 32)] == [0, 0, 1, 20, 24]
    assert value["states"][25]["#meta"]["costs"] == [{"name": "retries", "amount": 1}]
    assert value["#meta"]["value"] == 24
    assert value["#meta"]["hz"] == 10


def test_a_variable_has_one_type() -> None:
    """A variable that is a number in one state only is a string in all."""
    step = uninit_trace().steps[0]
    changes = (Change("p", "NULL", "7"),)
    trace = replace(uninit_trace(), initial=(("p", "NULL"),), steps=(replace(step, changes=changes),))
    value = parsed(trace)
    assert [state["p"] for state in value["states"]] == ["NULL", "7"]
    assert value["#meta"]["varTypes"]["p"] == "Str"


def test_names_stay_apart() -> None:
    """Names that differ in signs only, reserved words and numbers become different identifiers."""
    initial = tuple((name, "1") for name in ("a[0]", "a.0", "IF", "0", "", "ü", "WF_a", "FIX"))
    value = itf_object(replace(uninit_trace(), initial=initial, steps=()), "1.0")
    assert value["vars"] == ["a_0", "a_0_2", "v_IF", "v_0", "v", "v_2", "v_WF_a", "FIX"]
    assert value["params"] == ["FIX_2", "NLMKD"]


@settings(max_examples=60)
@given(traces())
def test_any_trace(trace: Trace) -> None:
    """Whatever the texts: the format is kept, and the states have the numbers of the steps."""
    value = parsed(trace)
    metas = [state["#meta"] for state in value["states"]]
    assert [meta["index"] for meta in metas] == [0, *(step.number for step in trace.steps)]
    assert [meta["action"] for meta in metas[1:]] == [step.text for step in trace.steps]
    assert render_itf(trace, "1.0").isascii()
    assert ("loop" in value) == (trace.loop is not None)
    assert all(re.match(IDENTIFIER, name) for name in value["vars"])
