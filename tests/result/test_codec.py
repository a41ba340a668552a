"""Traces survive JSON; whatever else a file holds is refused with a clear message."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from importlib import resources
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.result import codec
from oomcheck.result.trace import Promise, Trace
from oomcheck.result.verdict import Word
from tests.report.traces import traces, uninit_trace


def schema() -> dict[str, Any]:
    """The trace schema as it is shipped."""
    text = resources.files("oomcheck.result").joinpath("trace.schema.json").read_text("utf-8")
    value: dict[str, Any] = json.loads(text)
    return value


def refusal(data: bytes | str) -> str:
    """The one message with which loading `data` fails."""
    with pytest.raises(OomcheckError) as caught:
        codec.load_trace(data, "t.json")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "E0502"
    assert diagnostic.message.startswith("t.json is no trace: ")
    return diagnostic.message.removeprefix("t.json is no trace: ")


@given(trace=traces())
def test_round_trip(trace: Trace) -> None:
    """A trace that is written and read again is the same trace, and what is written obeys the schema."""
    text = codec.dump_trace(trace)
    assert codec.load_trace(text, "t") == trace
    assert codec.load_trace(text.encode(), "t") == trace
    jsonschema.Draft202012Validator(schema()).validate(json.loads(text))


def test_schema_is_one() -> None:
    """The shipped schema is valid JSON Schema, draft 2020-12."""
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xff\xfe", "not UTF-8 text"),
        ("", "not JSON (Expecting value at line 1, column 1)"),
        ("{", "not JSON (Expecting property name enclosed in double quotes at line 1, column 2)"),
        ("[" * 100_000, "nested too deep"),
        ("9" * 5000, "Exceeds the limit (4300 digits) for integer string conversion: value has 5000 digits"),
        ('{"a": NaN}', "NaN is not a JSON number"),
        ('{"a": 1, "a": 2}', "field 'a' occurs twice"),
        ("null", "the object: expected an object, found null"),
        ("[]", "the object: expected an object, found an array"),
        ("{}", "the object has no field 'schema'"),
        ('{"schema": 1}', "schema: expected a string, found a number"),
        ('{"schema": "oomcheck.trace/2"}', "its schema is 'oomcheck.trace/2', this version reads 'oomcheck.trace/1'"),
        ('{"schema": "\\ud800"}', "schema: not Unicode text"),
    ],
)
def test_not_a_trace(data: bytes | str, message: str) -> None:
    """Whatever is no trace object is refused with its reason."""
    assert refusal(data) == message


OWNS = "lasting[0].view: expected held or blocked or sleeping or frozen or timer, found 'owns'"
LONG = "lasting[0].first: expected 0 <= first <= last <= 10, found 3 and 11"
SIGNS = "truths[0].signs: expected 11 of the signs 1, 0 and -"
ROLE = "truths[0].role: expected property or part or other, found 'all'"
PROMISE = "promises[0].kind: expected weak or strong or progress, found 'fair'"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["model"], None, "model: expected a string, found null"),
        (["params"], [], "params: expected an object, found an array"),
        (["params", "FIX"], 3, "params.FIX: expected a string, found a number"),
        (["verdict"], "proved", "verdict: expected violated or covered or holds, found 'proved'"),
        (["processes"], "x", "processes: expected an array, found a string"),
        (["processes", 1], True, "processes[1]: expected a string, found a boolean"),
        (["environment", 0], "nobody", "environment: 'nobody' is not among the processes"),
        (["initial", 0], [], "initial[0]: expected an object, found an array"),
        (["steps", 2, "number"], 4, "steps[2].number: expected 3, found 4"),
        (["steps", 2, "number"], True, "steps[2].number: expected a whole number, found a boolean"),
        (["steps", 2, "choice"], 1.0, "steps[2].choice: expected a whole number, found a number"),
        (["steps", 2, "line"], -1, "steps[2].line: expected a number in 0 .. 10^18"),
        (["steps", 2, "process"], "nobody", "steps[2].process: 'nobody' is not among the processes"),
        (["steps", 2, "changes", 0, "quiet"], 0, "steps[2].changes[0].quiet: expected a boolean, found a number"),
        (["steps", 2, "later"], 0, "steps[2] has a field 'later' that this version does not know"),
        (["ending", "process"], "nobody", "ending.process: 'nobody' is not among the processes"),
        (["ending"], 1, "ending: expected an object, found a number"),
        (["facts", 0, "view"], "owns", "facts[0].view: expected held or waits or frozen or timer, found 'owns'"),
        (["facts", 0, "process"], "nobody", "facts[0].process: 'nobody' is not among the processes"),
        (["states"], 10**19, "states: expected a number in 0 .. 10^18"),
        (["shortest"], "yes", "shortest: expected a boolean, found a string"),
        (["loop"], 11, "loop: expected a number in 0 .. 10, found 11"),
        (["loop"], None, "loop: expected a whole number, found null"),
        (["promises"], [{"name": "t", "kind": "fair", "why": ""}], PROMISE),
        (["timing"], True, "timing: expected an object, found a boolean"),
        (["timing"], {"hz": 10}, "timing has no field 'slack'"),
        (["timing"], {"slack": -1, "hz": 10}, "timing.slack: expected a number in 0 .. 10^18"),
        (["timing"], {"slack": None, "hz": "10"}, "timing.hz: expected a whole number, found a string"),
        (["costs"], [1], "costs[0]: expected a string, found a number"),
        (["value"], "unbounded", "value: expected a whole number, found a string"),
        (["unit"], 1, "unit: expected a string, found a number"),
        (["lasting"], [{"view": "owns", "process": "", "text": "", "first": 0, "last": 0}], OWNS),
        (["lasting"], [{"view": "held", "process": "", "text": "", "first": 3, "last": 11}], LONG),
        (["truths"], [{"text": "p", "role": "part", "signs": "101"}], SIGNS),
        (["truths"], [{"text": "p", "role": "all", "signs": "1" * 11}], ROLE),
        (["spec"], {"path": "a"}, "spec has no field 'digest'"),
        (["steps", 0, "ticks"], -1, "steps[0].ticks: expected a number in 0 .. 10^18"),
        (["steps", 0, "costs"], [{"name": "c"}], "steps[0].costs[0] has no field 'amount'"),
    ],
)
def test_wrong_field(path: list[str | int], value: object, message: str) -> None:
    """A field of a wrong type or value is named with what was expected."""
    whole: Any = codec.encode_trace(uninit_trace())
    inner = whole
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    assert refusal(json.dumps(whole)) == message


def test_fields_of_runs_are_optional() -> None:
    """A finite untimed trace does not have the fields of lassos, timed runs and bounds."""
    plain = codec.encode_trace(uninit_trace())
    assert plain.keys().isdisjoint({"loop", "promises", "timing", "costs", "value", "unit"})
    lasso = replace(
        uninit_trace(), loop=10, promises=(Promise("t", "weak", "cannot move any more"),), timed=True, hz=10
    )
    found = codec.encode_trace(lasso)
    assert found["loop"] == 10
    assert found["promises"] == [{"name": "t", "kind": "weak", "why": "cannot move any more"}]
    assert found["timing"] == {"slack": None, "hz": 10}
    assert codec.decode_trace(found, "t.json") == lasso


def test_every_missing_field_is_named() -> None:
    """Each field of a trace and of a step is needed."""
    whole = codec.encode_trace(uninit_trace())
    for name in whole:
        assert refusal(json.dumps({k: v for k, v in whole.items() if k != name})) == f"the object has no field {name!r}"
    steps: Any = whole["steps"]
    for name in list(steps[0]):
        broken: Any = deepcopy(whole)
        del broken["steps"][0][name]
        assert refusal(json.dumps(broken)) == f"steps[0] has no field {name!r}"


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.just("oomcheck.trace/1")),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=8,
)


@given(data=st.one_of(st.binary(), st.text(), json_values.map(json.dumps)))
def test_fuzzed_content(data: bytes | str) -> None:
    """Nothing but an E0502 comes out, whatever the file holds."""
    assert refusal(data)


@given(value=json_values, data=st.data())
def test_fuzzed_fields(value: object, data: st.DataObject) -> None:
    """With any value at any place of a real trace, loading gives a trace or an E0502."""
    inner: Any = codec.encode_trace(uninit_trace())
    whole = inner
    while True:
        key = data.draw(st.sampled_from(sorted(inner) if isinstance(inner, dict) else range(len(inner))))
        if not (isinstance(inner[key], dict | list) and inner[key] and data.draw(st.booleans())):
            break
        inner = inner[key]
    inner[key] = value
    codes = {"E0502"}
    try:
        trace = codec.decode_trace(whole, "t.json")
        assert codec.decode_trace(codec.encode_trace(trace), "t.json") == trace
    except OomcheckError as problem:
        codes = {diagnostic.code for diagnostic in problem.diagnostics}
    assert codes == {"E0502"}


def test_words() -> None:
    """Every verdict word is found by its lower-case text, and nothing else is."""
    assert [codec.decode_word(word.value) for word in Word] == list(Word)
    assert codec.decode_word("HOLDS") is None
