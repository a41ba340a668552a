"""Traces and verdict words to JSON values and back; the one place that knows the trace schema.

What is loaded comes from a file that anyone may have written: every field is
checked by hand, and whatever is wrong is an E0502 that names the field.
"""

from __future__ import annotations

import json
from typing import NoReturn

from oomcheck.diag.diagnostic import error
from oomcheck.result.fields import TOP, FieldError, Fields, whole
from oomcheck.result.trace import TRACE_SCHEMA, Change, Ending, Fact, Lasting, Promise, Step, Trace, Truth
from oomcheck.result.verdict import Word

VIEWS = ("held", "waits", "frozen", "timer")
LASTING = ("held", "blocked", "sleeping", "frozen", "timer")
ROLES = ("property", "part", "other")
SIGNS = frozenset("10-")
FAIRNESS = ("weak", "strong", "progress")
TRACED = (Word.VIOLATED.value, Word.COVERED.value, Word.HOLDS.value)  # the verdicts that have a trace


def encode_trace(trace: Trace) -> dict[str, object]:
    """The JSON object of a trace, valid against `trace.schema.json`."""
    return {
        "schema": TRACE_SCHEMA,
        "model": trace.model,
        "digest": trace.digest,
        "params": dict(trace.params),
        "chosen": list(trace.chosen),
        "identity": trace.identity,
        "property": trace.prop,
        "kind": trace.kind,
        "verdict": trace.verdict,
        "sentence": trace.sentence,
        "processes": list(trace.processes),
        "environment": list(trace.environment),
        "initial": _pairs(trace.initial),
        "steps": [_encode_step(step) for step in trace.steps],
        "ending": _encode_ending(trace.ending),
        "facts": [{"view": fact.view, "process": fact.process, "text": fact.text} for fact in trace.facts],
        "states": trace.states,
        "shortest": trace.shortest,
        "engine": trace.engine,
        **_encode_run(trace),
        **_encode_views(trace),
    }


def _encode_run(trace: Trace) -> dict[str, object]:
    """The fields of lassos, of timed runs and of bounds; each only where it says something."""
    found: dict[str, object] = {}
    if trace.loop is not None:
        found["loop"] = trace.loop
    if trace.promises:
        found["promises"] = [{"name": p.name, "kind": p.kind, "why": p.why} for p in trace.promises]
    if trace.timed:
        found["timing"] = {"slack": trace.slack, "hz": trace.hz}
    if trace.costs:
        found["costs"] = list(trace.costs)
    if trace.value is not None:
        found["value"] = trace.value
    if trace.unit:
        found["unit"] = trace.unit
    return found


def _encode_views(trace: Trace) -> dict[str, object]:
    """What is true when, and the spec; each only where there is something."""
    found: dict[str, object] = {}
    if trace.lasting:
        found["lasting"] = [
            {"view": one.view, "process": one.process, "text": one.text, "first": one.first, "last": one.last}
            for one in trace.lasting
        ]
    if trace.truths:
        found["truths"] = [{"text": one.text, "role": one.role, "signs": one.signs} for one in trace.truths]
    if trace.spec:
        found["spec"] = {"path": trace.spec, "digest": trace.spec_digest}
    return found


def dump_trace(trace: Trace) -> str:
    """A trace as the text of a trace file: JSON, one field on each line, with a final newline."""
    return json.dumps(encode_trace(trace), indent=1, ensure_ascii=False) + "\n"


def load_trace(data: bytes | str, name: str) -> Trace:
    """The trace in the content of file `name`; raises an E0502 for anything that is not one."""
    try:
        text = data.decode("utf-8") if isinstance(data, bytes) else data
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise error("E0502", f"{name} is no trace: not UTF-8 text") from None
    except json.JSONDecodeError as problem:
        place = f"line {problem.lineno}, column {problem.colno}"
        raise error("E0502", f"{name} is no trace: not JSON ({problem.msg.removesuffix(' at')} at {place})") from None
    except (RecursionError, ValueError) as problem:
        why = "nested too deep" if isinstance(problem, RecursionError) else str(problem).partition(";")[0]
        raise error("E0502", f"{name} is no trace: {why}") from None
    return decode_trace(value, name)


def decode_trace(value: object, name: str) -> Trace:
    """The trace of a JSON value; `name` is how messages call it. Raises an E0502."""
    try:
        return whole(value, TOP, _trace)
    except FieldError as problem:
        raise error("E0502", f"{name} is no trace: {problem}") from None


def decode_word(text: str) -> Word | None:
    """The verdict word that JSON and specs write as `text`, None if there is none."""
    return next((word for word in Word if word.value == text), None)


def _pairs(pairs: tuple[tuple[str, str], ...]) -> list[dict[str, object]]:
    # A list, not an object: two variables of one run may be called the same in reports.
    return [{"name": name, "value": value} for name, value in pairs]


def _encode_step(step: Step) -> dict[str, object]:
    found: dict[str, object] = {
        "number": step.number,
        "process": step.process,
        "choice": step.choice,
        "text": step.text,
        "file": step.file,
        "line": step.line,
        "source": step.source,
        "changes": [{"name": c.name, "old": c.old, "new": c.new, "quiet": c.quiet} for c in step.changes],
        "reads": _pairs(step.reads),
    }
    if step.ticks:
        found["ticks"] = step.ticks
    if step.costs:
        found["costs"] = [{"name": name, "amount": amount} for name, amount in step.costs]
    return found


def _encode_ending(ending: Ending) -> dict[str, object]:
    return {
        "message": ending.message,
        "process": ending.process,
        "text": ending.text,
        "file": ending.file,
        "line": ending.line,
        "source": ending.source,
        "parts": [{"text": text, "holds": holds} for text, holds in ending.parts],
    }


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object whose names are all different; the parser would keep the last of two."""
    table = dict(pairs)
    if len(table) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"field {twice!r} occurs twice")
    return table


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a JSON number")


def _trace(fields: Fields) -> Trace:
    schema = fields.text("schema")
    if schema != TRACE_SCHEMA:
        raise FieldError(f"its schema is {schema!r:.60}, this version reads {TRACE_SCHEMA!r}")
    processes = fields.texts("processes")
    steps = _steps(fields, processes)
    timing = fields.optional("timing", lambda: whole(fields.value("timing"), "timing", _timing))
    spec = fields.optional("spec", lambda: whole(fields.value("spec"), "spec", _spec)) or ("", "")
    return Trace(
        model=fields.text("model"),
        digest=fields.text("digest"),
        params=fields.mapping("params"),
        chosen=fields.texts("chosen"),
        identity=fields.text("identity"),
        prop=fields.text("property"),
        kind=fields.text("kind"),
        verdict=fields.one_of("verdict", TRACED),
        sentence=fields.text("sentence"),
        processes=processes,
        environment=tuple(_known(name, processes, "environment") for name in fields.texts("environment")),
        initial=fields.items("initial", _pair),
        steps=steps,
        ending=whole(fields.value("ending"), "ending", lambda inner: _ending(inner, processes)),
        facts=fields.items("facts", lambda inner: _fact(inner, processes)),
        states=fields.number("states"),
        shortest=fields.truth("shortest"),
        engine=fields.text("engine"),
        loop=fields.optional("loop", lambda: _loop(fields, len(steps))),
        promises=fields.optional("promises", lambda: fields.items("promises", _promise)) or (),
        timed=timing is not None,
        slack=timing[0] if timing else None,
        hz=timing[1] if timing else 0,
        costs=fields.optional("costs", lambda: fields.texts("costs")) or (),
        value=fields.optional("value", lambda: fields.number("value")),
        unit=fields.optional("unit", lambda: fields.text("unit")) or "",
        lasting=fields.optional("lasting", lambda: _lasting(fields, processes, len(steps))) or (),
        truths=fields.optional("truths", lambda: _truths(fields, len(steps))) or (),
        spec=spec[0],
        spec_digest=spec[1],
    )


def _spec(fields: Fields) -> tuple[str, str]:
    return fields.text("path"), fields.text("digest")


def _lasting(fields: Fields, processes: tuple[str, ...], steps: int) -> tuple[Lasting, ...]:
    return fields.items("lasting", lambda inner: _one_lasting(inner, processes, steps))


def _one_lasting(fields: Fields, processes: tuple[str, ...], steps: int) -> Lasting:
    process, first, last = fields.text("process"), fields.number("first"), fields.number("last")
    if not first <= last <= steps:
        raise FieldError(f"{fields.path('first')}: expected 0 <= first <= last <= {steps}, found {first} and {last}")
    return Lasting(
        fields.one_of("view", LASTING),
        _known(process, processes, fields.path("process")) if process else "",
        fields.text("text"),
        first,
        last,
    )


def _truths(fields: Fields, steps: int) -> tuple[Truth, ...]:
    return fields.items("truths", lambda inner: _truth(inner, steps))


def _truth(fields: Fields, steps: int) -> Truth:
    signs = fields.text("signs")
    if len(signs) != steps + 1 or not SIGNS.issuperset(signs):
        raise FieldError(f"{fields.path('signs')}: expected {steps + 1} of the signs 1, 0 and -")
    return Truth(fields.text("text"), fields.one_of("role", ROLES), signs)


def _loop(fields: Fields, steps: int) -> int:
    loop = fields.number("loop")
    if loop > steps:
        raise FieldError(f"loop: expected a number in 0 .. {steps}, found {loop}")
    return loop


def _timing(fields: Fields) -> tuple[int | None, int]:
    """Slack and ticks in a second."""
    slack = None if fields.value("slack") is None else fields.number("slack")
    return slack, fields.number("hz")


def _promise(fields: Fields) -> Promise:
    return Promise(fields.text("name"), fields.one_of("kind", FAIRNESS), fields.text("why"))


def _known(name: str, processes: tuple[str, ...], where: str) -> str:
    if name not in processes:
        raise FieldError(f"{where}: {name!r:.60} is not among the processes")
    return name


def _pair(fields: Fields) -> tuple[str, str]:
    return fields.text("name"), fields.text("value")


def _steps(fields: Fields, processes: tuple[str, ...]) -> tuple[Step, ...]:
    steps = fields.items("steps", lambda inner: _step(inner, processes))
    for position, step in enumerate(steps):
        if step.number != position + 1:
            raise FieldError(f"steps[{position}].number: expected {position + 1}, found {step.number}")
    return steps


def _step(fields: Fields, processes: tuple[str, ...]) -> Step:
    return Step(
        number=fields.number("number"),
        process=_known(fields.text("process"), processes, fields.path("process")),
        choice=fields.number("choice"),
        text=fields.text("text"),
        file=fields.text("file"),
        line=fields.number("line"),
        source=fields.text("source"),
        changes=fields.items("changes", _change),
        reads=fields.items("reads", _pair),
        ticks=fields.optional("ticks", lambda: fields.number("ticks")) or 0,
        costs=fields.optional("costs", lambda: fields.items("costs", _cost)) or (),
    )


def _cost(fields: Fields) -> tuple[str, int]:
    return fields.text("name"), fields.number("amount")


def _change(fields: Fields) -> Change:
    return Change(fields.text("name"), fields.text("old"), fields.text("new"), fields.truth("quiet"))


def _fact(fields: Fields, processes: tuple[str, ...]) -> Fact:
    # A fact may be about no process in particular, e.g. a timer.
    process = fields.text("process")
    return Fact(
        view=fields.one_of("view", VIEWS),
        process=_known(process, processes, fields.path("process")) if process else "",
        text=fields.text("text"),
    )


def _ending(fields: Fields, processes: tuple[str, ...]) -> Ending:
    process = fields.text("process")
    return Ending(
        message=fields.text("message"),
        process=_known(process, processes, "ending.process") if process else "",
        text=fields.text("text"),
        file=fields.text("file"),
        line=fields.number("line"),
        source=fields.text("source"),
        parts=fields.items("parts", lambda inner: (inner.text("text"), inner.truth("holds"))),
    )
