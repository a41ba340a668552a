"""Reports that are kept come back as they were."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields, replace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.gate.stored import decode_report, encode_report
from oomcheck.result.fields import FieldError
from oomcheck.result.verdict import Holds, Report, Unknown, Vacuous, Verdict
from tests.gate.stories import SOURCE, TRACE, VERDICTS, report_of, result_of

SOURCES = {SOURCE.path: SOURCE}
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NUMBERS = st.integers(0, 10**18)


def stored(report: Report) -> Report:
    """A report by way of text."""
    return decode_report(json.loads(json.dumps(encode_report(report))), SOURCES)


def test_every_verdict_comes_back() -> None:
    """A report with each kind of verdict is the same after it was stored, spans included."""
    assert {type(verdict) for verdict in VERDICTS} == set(get_args(Verdict))
    report = report_of(*VERDICTS)
    assert stored(report) == report
    assert [result.span for result in stored(report).results] == [result.span for result in report.results]


def test_every_field_comes_back() -> None:
    """The stories leave no field at its default, so that none can be forgotten."""
    partial = replace(report_of(Holds()), partial="interrupted")
    for made in (TRACE, result_of(Holds()), partial):
        for field in fields(made):
            assert field.default is MISSING or field.default != getattr(made, field.name), field.name
    assert stored(partial) == partial


@given(
    text=TEXTS,
    number=NUMBERS,
    flags=st.tuples(st.booleans(), st.booleans(), st.booleans()),
    seconds=st.floats(0, 1e9),
    value=st.none() | NUMBERS,
    lines=st.lists(TEXTS, max_size=3).map(tuple),
)
def test_whatever_is_in_the_fields(
    text: str, number: int, flags: tuple[bool, bool, bool], seconds: float, value: int | None, lines: tuple[str, ...]
) -> None:
    """Any text and any number comes back."""
    result = replace(
        result_of(Unknown(text, lines)),
        identity=text,
        ok=flags[0],
        exhaustive=flags[1],
        unbounded=flags[2],
        states=number,
        seconds=seconds,
        value=value,
        because=text,
        params=tuple((line, text) for line in lines),
        reductions=lines,
        span=None,
    )
    report = replace(report_of(), results=(result, replace(result, verdict=Vacuous(text))), warnings=lines)
    assert stored(report) == report


def paths(value: object, way: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """The ways to all values inside of a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way, *(found for key, item in inner for found in paths(item, (*way, key)))]


@given(data=st.data(), junk=st.sampled_from([None, -1, 1.5, "?", [], {}, True, [["a"]], "\ud800"]))
def test_junk_is_refused_or_another_report(data: st.DataObject, junk: object) -> None:
    """A value that somebody changed is an error or a report, and never another exception."""
    value: Any = json.loads(json.dumps(encode_report(report_of(*VERDICTS))))
    way = data.draw(st.sampled_from(paths(value)[1:]))
    at = value
    for key in way[:-1]:
        at = at[key]
    at[way[-1]] = junk
    try:
        found = decode_report(value, SOURCES)
    except (FieldError, OomcheckError):
        return
    assert isinstance(found, Report)


@pytest.mark.parametrize(("path", "end"), [("other", 1), (SOURCE.path, 999)])
def test_spans_lie_in_known_texts(path: str, end: int) -> None:
    """A place in a text that was not read, or beyond its end, is an error."""
    value: Any = encode_report(report_of(Holds()))
    value["results"][0]["span"] = {"path": path, "start": 0, "end": end}
    with pytest.raises(FieldError):
        decode_report(value, SOURCES)
