"""A trace in the Informal Trace Format (ITF), which viewers and libraries for Apalache and Quint read.

Format: ADR 015 of Apalache, https://apalache-mc.org/docs/adr/015adr-trace.html. Values are strings, booleans and
`{"#bigint": ...}`; what else a trace tells stands in the `#meta` objects, which the format leaves to each tool.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

from oomcheck.report.rows import length
from oomcheck.result.trace import Step, Trace

SUFFIX = ".itf.json"
DESCRIPTION = "https://apalache-mc.org/docs/adr/015adr-trace.html"

#: Words that TLA+ reserves and that a name could be otherwise.
_RESERVED = re.compile(
    r"ACTION|ASSUME|ASSUMPTION|AXIOM|BOOLEAN|BY|CASE|CHOOSE|CONSTANTS?|COROLLARY|DEF|DEFINE|DEFS|DOMAIN|ELSE|ENABLED|"
    r"EXCEPT|EXTENDS|FALSE|HAVE|HIDE|IF|IN|INSTANCE|LAMBDA|LEMMA|LET|LOCAL|MODULE|NEW|OBVIOUS|OMITTED|ONLY|OTHER|PICK|"
    r"PROOF|PROPOSITION|PROVE|QED|RECURSIVE|STATE|STRING|SUBSET|SUFFICES|TAKE|TEMPORAL|THEN|THEOREM|TRUE|UNCHANGED|"
    r"UNION|USE|VARIABLES?|WITH|WITNESS|(WF|SF)_.*"
)
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_BOOLEANS = {"true": True, "false": False}

Expression = str | bool | dict[str, str]


def render_itf(trace: Trace, tool_version: str) -> str:
    """The trace as the text of an `.itf.json` file, pure ASCII; state n of the list is the one after step n."""
    return json.dumps(itf_object(trace, tool_version), indent=1) + "\n"


def itf_object(trace: Trace, tool_version: str) -> dict[str, object]:
    """The JSON object. A loop begins at the state after its first step and ends in the last state.

    A lasso that rests repeats its last state.
    """
    states = list(valuations(trace))
    shown = list(states[0])
    names = _identifiers([*shown, *(name for name, _ in trace.params)])
    variables = dict(zip(shown, names[: len(shown)], strict=True))
    params = tuple(zip(names[len(shown) :], (value for _, value in trace.params), strict=True))
    types = {name: _type(state[name] for state in states) for name in shown}
    found: dict[str, object] = {
        "#meta": {**_meta(trace, tool_version), **_types(trace, variables, types, params)},
        "params": [name for name, _ in params],
        "vars": list(variables.values()),
    }
    if trace.loop is not None:
        found["loop"] = min(trace.loop + 1, len(trace.steps))
    clock = accumulate((step.ticks for step in trace.steps), initial=0)
    given = {name: _expression(value, _type([value])) for name, value in params}
    found["states"] = [
        {
            "#meta": _state_meta(trace, number, now),
            **({} if number else given),
            **{variables[name]: _expression(state[name], types[name]) for name in shown},
        }
        for number, (state, now) in enumerate(zip(states, clock, strict=True))
    ]
    return found


def valuations(trace: Trace) -> Iterator[Mapping[str, str]]:
    """The values that traces show, in each state from the initial one, all with the same names.

    A variable that only a change tells has its old value before. Program counters and details of kernel objects are
    left out. Of two variables with one name there is one.
    """
    changes = [change for step in trace.steps for change in step.changes if not change.quiet]
    olds = {change.name: change.old for change in reversed(changes)}
    state = {**dict(trace.initial), **{name: olds[name] for name in olds if name not in dict(trace.initial)}}
    yield dict(state)
    for step in trace.steps:
        state |= {change.name: change.new for change in step.changes if not change.quiet}
        yield dict(state)


def _meta(trace: Trace, tool_version: str) -> dict[str, object]:
    run = {"stem": trace.loop, "rests": trace.loop == len(trace.steps)} if trace.loop is not None else {}
    time = {"slack": trace.slack, "hz": trace.hz} if trace.timed else {}
    value = {} if trace.value is None else {"value": trace.value, "unit": trace.unit}
    return {
        "format": "ITF",
        "format-description": DESCRIPTION,
        "description": f"{trace.identity}: {trace.verdict}, {length(trace)}. {trace.sentence}".strip(),
        "source": trace.model,
        "tool": f"oomcheck {tool_version}",
        "digest": trace.digest,
        "property": trace.prop,
        "verdict": trace.verdict,
        "ending": {
            "message": trace.ending.message,
            "process": trace.ending.process,
            "action": trace.ending.text,
            "place": f"{trace.ending.file}:{trace.ending.line}",
            "source": trace.ending.source,
        },
        "processes": list(trace.processes),
        "fairness": [{"name": p.name, "kind": p.kind, "why": p.why} for p in trace.promises],
        "lasting": [
            {"view": f.view, "process": f.process, "text": f.text, "first": f.first, "last": f.last}
            for f in trace.lasting
        ],
        "truths": [{"text": t.text, "role": t.role, "signs": t.signs} for t in trace.truths],
        **run,
        **time,
        **value,
    }


def _types(
    trace: Trace, variables: Mapping[str, str], types: Mapping[str, str], params: Iterable[tuple[str, str]]
) -> dict[str, object]:
    """Types as Apalache writes them, and the names that variables and parameters have in the model."""
    typed = {short: types[name] for name, short in variables.items()} | {n: _type([v]) for n, v in params}
    original = {short: name for name, short in variables.items()}
    original |= {short: name for (short, _), (name, _) in zip(params, trace.params, strict=True)}
    return {"varTypes": typed, "names": original}


def _state_meta(trace: Trace, number: int, now: int) -> dict[str, object]:
    """What a state tells beside its variables; `now` are the ticks that have passed."""
    time = {"now": now} if trace.timed else {}
    return {"index": number, **(_step_meta(trace.steps[number - 1]) if number else {}), **time}


def _step_meta(step: Step) -> dict[str, object]:
    """The step that leads to a state."""
    found: dict[str, object] = {
        "step": step.number,
        "process": step.process,
        "action": step.text,
        "place": f"{step.file}:{step.line}",
        "source": step.source,
    }
    if step.ticks:
        found["ticks"] = step.ticks
    if step.costs:
        found["costs"] = [{"name": name, "amount": amount} for name, amount in step.costs]
    return found


def _type(values: Iterable[str]) -> str:
    """The one type of all values of a variable."""
    found = set(values)
    if found <= _BOOLEANS.keys():
        return "Bool"
    return "Int" if all(_INTEGER.fullmatch(value) for value in found) else "Str"


def _expression(value: str, kind: str) -> Expression:
    match kind:
        case "Bool":
            return _BOOLEANS[value]
        case "Int":
            return {"#bigint": value}
        case _:
            return value


def _identifiers(names: Iterable[str]) -> list[str]:
    """Each name as an identifier of TLA+, all different: `mm[0].flags` becomes `mm_0_flags`."""
    found: dict[str, None] = {}
    for name in names:
        plain = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_") or "v"
        if plain[0].isdigit() or _RESERVED.fullmatch(plain):
            plain = f"v_{plain}"
        number, unique = 1, plain
        while unique in found:
            number += 1
            unique = f"{plain}_{number}"
        found[unique] = None
    return list(found)
