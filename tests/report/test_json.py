"""Reports as JSON: valid against the shipped schema, with every promised field."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import resources
from typing import Any

import jsonschema
import pytest
from hypothesis import given

from oomcheck.report.json import render_json, report_object
from oomcheck.result import codec
from oomcheck.result.trace import Trace
from oomcheck.result.verdict import Report, Violated, exit_code
from tests.conftest import Golden
from tests.report.reports import HOLDS, full_report, proof_report
from tests.report.traces import traces, uninit_trace

COUNTS = ["states", "transitions", "depth", "seconds"]
FIELDS = [
    "id",
    "property",
    "kind",
    "verdict",
    "expected",
    "ok",
    "engine",
    "exhaustive",
    *COUNTS,
    "reason",
    "source",
    "trace",
    "proof",
    "induction",
]


def schema(name: str) -> dict[str, Any]:
    """A schema as it is shipped."""
    value: dict[str, Any] = json.loads(
        resources.files("oomcheck.result").joinpath(f"{name}.schema.json").read_text("utf-8")
    )
    return value


def validate(value: object) -> None:
    """Check `value` against the shipped result schema alone, as any other tool would."""
    jsonschema.Draft202012Validator(schema("result")).validate(value)


def test_schema_is_one() -> None:
    """The shipped schema is valid, and holds the trace schema as it is shipped by itself."""
    whole = schema("result")
    jsonschema.Draft202012Validator.check_schema(whole)
    assert whole["$defs"]["trace"] == schema("trace")


def test_report_obeys_schema(golden: Golden) -> None:
    """A report with every kind of row is valid and stable."""
    text = render_json(full_report(), "0.1.0")
    validate(json.loads(text))
    golden(text, "report/full.json")


def test_proofs_obey_schema(golden: Golden) -> None:
    """Invariants, bounds, counterexamples to induction and contradictions are told in their own fields."""
    text = render_json(proof_report(), "0.1.0")
    value = json.loads(text)
    validate(value)
    assert value["exit_code"] == 4
    golden(text, "report/proofs.json")


def test_fields() -> None:
    """The object and its rows have all fields that the design promises."""
    value: Any = report_object(full_report(), "0.1.0")
    assert {"schema", "tool_version", "model", "params", "results", "exit_code"} <= value.keys()
    assert value["schema"] == "oomcheck.result/1"
    assert value["exit_code"] == exit_code(full_report()) == 1
    for result in value["results"]:
        assert set(FIELDS) <= result.keys()


def test_partial() -> None:
    """An interrupted run says so, with the exit code that it ends with."""
    value = json.loads(render_json(Report("m", (), (HOLDS,), (), partial="interrupted"), "0.1.0", code=130))
    validate(value)
    assert (value["partial"], value["exit_code"]) == ("interrupted", 130)


@given(trace=traces())
def test_trace_is_embedded(trace: Trace) -> None:
    """The trace of a result is the trace object, which loads again."""
    result = replace(HOLDS, verdict=Violated(trace), ok=False)
    value = json.loads(render_json(Report("m", (), (result,), ()), "0.1.0"))
    validate(value)
    assert codec.decode_trace(value["results"][0]["trace"], "t") == trace


@pytest.mark.parametrize("field", FIELDS)
def test_schema_needs_every_field(field: str) -> None:
    """The schema refuses a result that lacks a field."""
    value: Any = report_object(Report("m", (), (replace(HOLDS, verdict=Violated(uninit_trace())),), ()), "0.1.0")
    validate(value)
    del value["results"][0][field]
    with pytest.raises(jsonschema.ValidationError):
        validate(value)
