"""Reports as JSON values and back, without loss: what a cache keeps.

What is loaded comes from a file: every field is checked, and a FieldError or an OomcheckError says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, assert_never

from oomcheck.diag.span import Source, Span
from oomcheck.result.codec import decode_trace, encode_trace
from oomcheck.result.fields import MAX_NUMBER, FieldError, Fields, kind_of, whole
from oomcheck.result.trace import Trace
from oomcheck.result.verdict import (
    Bounded,
    Contradiction,
    Covered,
    DeadCode,
    Holds,
    HoldsUpTo,
    Invariant,
    Proved,
    Report,
    Result,
    Unknown,
    Unreachable,
    Vacuous,
    Verdict,
    Violated,
)

Json = dict[str, object]
Sources = Mapping[str, Source]


def encode_report(report: Report) -> Json:
    """The JSON value of a report."""
    return {
        "model": report.model,
        "params": _pairs(report.params),
        "results": [_encode_result(result) for result in report.results],
        "sanitizers": list(report.sanitizers),
        "dead_code": list(report.dead_code),
        "warnings": list(report.warnings),
        "chosen": list(report.chosen),
        "partial": report.partial,
    }


def decode_report(value: object, sources: Sources) -> Report:
    """The report of a JSON value; its spans are in `sources`, by their paths."""
    return whole(value, "report", lambda fields: _report(fields, sources))


def _pairs(pairs: tuple[tuple[str, str], ...]) -> list[list[str]]:
    return [[name, text] for name, text in pairs]


def _encode_result(result: Result) -> Json:
    span = result.span
    return {
        "identity": result.identity,
        "prop": result.prop,
        "kind": result.kind,
        "verdict": encode_verdict(result.verdict),
        "ok": result.ok,
        "engine": result.engine,
        "exhaustive": result.exhaustive,
        "states": result.states,
        "transitions": result.transitions,
        "depth": result.depth,
        "seconds": result.seconds,
        "sentence": result.sentence,
        "expected": result.expected,
        "because": result.because,
        "note": result.note,
        "source": result.source,
        "params": _pairs(result.params),
        "timing": result.timing,
        "value": result.value,
        "unbounded": result.unbounded,
        "unit": result.unit,
        "reductions": list(result.reductions),
        "span": None if span is None else {"path": span.path, "start": span.start, "end": span.end},
    }


def encode_verdict(verdict: Verdict) -> Json:
    """The JSON value of a verdict; `is` tells which one it is."""
    match verdict:
        case Holds():
            return {"is": "holds"}
        case Bounded(value=value, trace=trace):
            return {"is": "bounded", "value": value, "trace": encode_trace(trace)}
        case HoldsUpTo(depth=depth, reason=reason):
            return {"is": "holds_up_to", "depth": depth, "reason": reason}
        case Proved(invariant=invariant):
            return {"is": "proved", "invariant": _encode_invariant(invariant)}
        case Violated(trace=trace):
            return {"is": "violated", "trace": encode_trace(trace)}
        case DeadCode(places=places):
            return {"is": "dead_code", "places": list(places)}
        case Covered(trace=trace):
            return {"is": "covered", "trace": encode_trace(trace)}
        case Unreachable(invariant=excluded):
            return {"is": "unreachable", "invariant": None if excluded is None else _encode_invariant(excluded)}
        case Vacuous(reason=reason):
            return {"is": "vacuous", "reason": reason}
        case Unknown(reason=reason, induction=induction):
            return {"is": "unknown", "reason": reason, "induction": list(induction)}
        case Contradiction(trace=trace, invariant=invariant):
            return {"is": "contradiction", "trace": encode_trace(trace), "invariant": _encode_invariant(invariant)}
        case _:
            assert_never(verdict)


def _encode_invariant(invariant: Invariant) -> Json:
    return {
        "method": invariant.method,
        "conjuncts": list(invariant.conjuncts),
        "solvers": list(invariant.solvers),
        "open": list(invariant.open),
        "lemmas": list(invariant.lemmas),
        "size": invariant.size,
        "folder": invariant.folder,
    }


def _report(fields: Fields, sources: Sources) -> Report:
    return Report(
        model=fields.text("model"),
        params=_decode_pairs(fields, "params"),
        results=fields.items("results", lambda inner: _result(inner, sources)),
        sanitizers=fields.texts("sanitizers"),
        dead_code=fields.texts("dead_code"),
        warnings=fields.texts("warnings"),
        chosen=fields.texts("chosen"),
        partial=fields.text("partial"),
    )


def _decode_pairs(fields: Fields, name: str) -> tuple[tuple[str, str], ...]:
    return tuple(pair(value, fields.path(name)) for value in list_of(fields.value(name), fields.path(name)))


def list_of(value: object, where: str) -> list[object]:
    """`value` as an array."""
    if not isinstance(value, list):
        raise FieldError(f"{where}: expected an array, found {kind_of(value)}")
    return value


def pair(value: object, where: str) -> tuple[str, str]:
    """`value` as an array of two strings."""
    match value:
        case [str() as name, str() as text]:
            return name, text
        case _:
            raise FieldError(f"{where}: expected two strings")


def seconds_of(fields: Fields, name: str) -> float:
    """A field that is an amount of seconds."""
    value = fields.value(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_NUMBER:
        raise FieldError(f"{fields.path(name)}: expected seconds")
    return float(value)


def _result(fields: Fields, sources: Sources) -> Result:
    return Result(
        identity=fields.text("identity"),
        prop=fields.text("prop"),
        kind=fields.text("kind"),
        verdict=whole(fields.value("verdict"), fields.path("verdict"), decode_verdict),
        ok=fields.truth("ok"),
        engine=fields.text("engine"),
        exhaustive=fields.truth("exhaustive"),
        states=fields.number("states"),
        transitions=fields.number("transitions"),
        depth=fields.number("depth"),
        seconds=seconds_of(fields, "seconds"),
        sentence=fields.text("sentence"),
        expected=fields.text("expected"),
        because=fields.text("because"),
        note=fields.text("note"),
        source=fields.text("source"),
        params=_decode_pairs(fields, "params"),
        timing=fields.text("timing"),
        value=None if fields.value("value") is None else fields.number("value"),
        unbounded=fields.truth("unbounded"),
        unit=fields.text("unit"),
        reductions=fields.texts("reductions"),
        span=None if fields.value("span") is None else _span(fields, sources),
    )


def _span(fields: Fields, sources: Sources) -> Span:
    return whole(fields.value("span"), fields.path("span"), lambda inner: _in_source(inner, sources))


def _in_source(fields: Fields, sources: Sources) -> Span:
    source = sources.get(fields.text("path"))
    start, end = fields.number("start"), fields.number("end")
    if source is None or not start <= end <= len(source.text):
        raise FieldError(f"{fields.path('path')}: no such place")
    return Span(source, start, end)


def decode_verdict(fields: Fields) -> Verdict:
    """The verdict of a JSON object."""
    name = fields.text("is")
    if name not in _VERDICTS:
        raise FieldError(f"{fields.path('is')}: there is no verdict {name!r:.60}")
    return _VERDICTS[name](fields)


def _trace(fields: Fields) -> Trace:
    return decode_trace(fields.value("trace"), fields.path("trace"))


def _invariant(fields: Fields) -> Invariant:
    return whole(fields.value("invariant"), fields.path("invariant"), _decode_invariant)


def _decode_invariant(fields: Fields) -> Invariant:
    return Invariant(
        method=fields.text("method"),
        conjuncts=fields.texts("conjuncts"),
        solvers=fields.texts("solvers"),
        open=fields.texts("open"),
        lemmas=fields.texts("lemmas"),
        size=fields.number("size"),
        folder=fields.text("folder"),
    )


_VERDICTS: Final[Mapping[str, Callable[[Fields], Verdict]]] = {
    "holds": lambda fields: Holds(),
    "bounded": lambda fields: Bounded(fields.number("value"), _trace(fields)),
    "holds_up_to": lambda fields: HoldsUpTo(fields.number("depth"), fields.text("reason")),
    "proved": lambda fields: Proved(_invariant(fields)),
    "violated": lambda fields: Violated(_trace(fields)),
    "dead_code": lambda fields: DeadCode(fields.texts("places")),
    "covered": lambda fields: Covered(_trace(fields)),
    "unreachable": lambda fields: Unreachable(None if fields.value("invariant") is None else _invariant(fields)),
    "vacuous": lambda fields: Vacuous(fields.text("reason")),
    "unknown": lambda fields: Unknown(fields.text("reason"), fields.texts("induction")),
    "contradiction": lambda fields: Contradiction(_trace(fields), _invariant(fields)),
}
