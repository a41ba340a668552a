"""An explanation as text, or as one JSON object of schema `oomcheck.explanation/1`.

The schema is oomcheck/result/explanation.schema.json.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from oomcheck.explaining.explanation import Explanation, Item, Need, Place, Sort
from oomcheck.report.lanes import LaneOptions, render_trace
from oomcheck.report.rows import plural
from oomcheck.report.wording import plain, wrap
from oomcheck.result.codec import encode_trace
from oomcheck.result.verdict import Word

EXPLANATION_SCHEMA = "oomcheck.explanation/1"
INDENT = "  "

#: What a violating run does, by the verdict of its trace.
VERBS = {
    Word.VIOLATED.value: "violates the property",
    Word.COVERED.value: "reaches the property",
    Word.HOLDS.value: "reaches the worst value",
}


def explanation_text(explanation: Explanation, lanes: LaneOptions) -> str:
    """Headline, what happened, what is needed and what not, and the trace in lanes; at most `lanes.width` columns."""
    trace = explanation.trace
    verdict = trace.verdict.replace("_", " ").upper()
    blocks = [
        [f"why {trace.identity} is {verdict}", *_switches(explanation)],
        *([[" ".join(explanation.paragraph)]] if explanation.paragraph else []),
        *_items(explanation),
    ]
    if explanation.partial:
        blocks.append([f"PARTIAL ({explanation.partial}): not everything was tried"])
    lines: list[str] = []
    for block in blocks:
        for text in block:
            lines += _wrapped(plain(text, lanes.ascii_only), lanes.width)
        lines.append("")
    return "".join(line + "\n" for line in lines) + render_trace(trace, lanes)


def _wrapped(text: str, width: int) -> list[str]:
    indent = " " * (len(text) - len(text.lstrip(" ")))
    hanging = indent + (INDENT if indent else "")
    lines = wrap(text.strip(), width - len(indent), hanging[len(indent) :], max_lines=None)
    return [indent + line for line in lines]


def _switches(explanation: Explanation) -> Iterator[str]:
    found = explanation.switches
    told = [f"{plural(found.switches, 'switch')} in {plural(found.steps, 'step')}"]
    if found.least and found.switches:
        told.append("no such run has fewer switches")
    if found.shortest:
        told.append("none with as many is shorter")
    yield INDENT + "; ".join([*told, found.reason] if found.reason else told)
    if (found.given_switches, found.given_steps) != (found.switches, found.steps):
        given = f"{plural(found.given_switches, 'switch')} in {plural(found.given_steps, 'step')}"
        yield f"{INDENT}the trace that was given has {given}"


def _items(explanation: Explanation) -> Iterator[list[str]]:
    """The lists of what is needed, not needed and not decided; what does not move at all is one line."""
    verb = "ends like this one" if explanation.alone else VERBS[explanation.trace.verdict]
    needed, spare, undecided = (sorted(explanation.of(need), key=_rank) for need in Need)
    if needed:
        yield [f"needed (all runs without it were searched, none {verb}):", *map(_line, needed)]
    used = [item for item in spare if item.step]
    idle = [item.process for item in spare if not item.step]
    if used:
        more = [f": {item.reason}" if item.reason else "" for item in used]
        lines = [_line(item) + why for item, why in zip(used, more, strict=True)]
        yield [f"not needed (some run without it {verb} too):", *lines]
    if idle:
        yield [f"never moves in this trace: {', '.join(idle)}"]
    for reason in dict.fromkeys(item.reason for item in undecided):
        yield [f"not decided ({reason}):", *(_line(item) for item in undecided if item.reason == reason)]


def _rank(item: Item) -> tuple[int, int]:
    """Threads, then actions of the environment, time, and statements; each in the order of the trace."""
    return list(Sort).index(item.sort), item.step


def _line(item: Item) -> str:
    spot = item.place.source or (f"{item.place.file}:{item.place.line}" if item.place.file else "")
    at = ", ".join(filter(None, [f"step {item.step}" if item.step else "", spot]))
    return INDENT + _title(item) + (f" ({at})" if at and item.sort not in (Sort.THREAD, Sort.GROUP) else "")


def _title(item: Item) -> str:
    """What an item is, in words."""
    match item.sort:
        case Sort.THREAD:
            return f"thread {item.process}"
        case Sort.GROUP:
            return f"all threads {item.process}"
        case Sort.ENVIRONMENT | Sort.STATEMENT:
            return f"{item.process}: {item.text}" if item.text else item.process
        case Sort.DELAY:
            return f"{item.process}: that {item.text} takes time"
        case Sort.LENGTH:
            return f"{item.process}: that {item.text} takes longer than it must"
        case Sort.LATENESS:
            return f"{item.process}: that it runs later than it could"


# ---------------------------------------------------------------- JSON


def explanation_json(explanation: Explanation, tool_version: str, code: int) -> str:
    """The JSON text with a final newline; pure ASCII, so that no locale can spoil it."""
    return json.dumps(explanation_object(explanation, tool_version, code), indent=2) + "\n"


def explanation_object(explanation: Explanation, tool_version: str, code: int) -> dict[str, object]:
    """The JSON object of an explanation; `code` is the exit code of the command."""
    trace, switches = explanation.trace, explanation.switches
    return {
        "schema": EXPLANATION_SCHEMA,
        "tool_version": tool_version,
        "id": trace.identity,
        "property": trace.prop,
        "verdict": trace.verdict,
        "partial": explanation.partial or None,
        "exit_code": code,
        "paragraph": list(explanation.paragraph),
        "switches": {
            "switches": switches.switches,
            "steps": switches.steps,
            "given_switches": switches.given_switches,
            "given_steps": switches.given_steps,
            "least": switches.least,
            "shortest": switches.shortest,
            "reason": switches.reason or None,
        },
        "alone": explanation.alone,
        "enough": list(explanation.enough),
        "items": [_item(item) for item in explanation.items],
        "orders": [
            {
                "first": order.first,
                "second": order.second,
                "shared": order.shared,
                "need": order.need.value,
                "free": order.free,
                "reason": order.reason or None,
            }
            for order in explanation.orders
        ],
        "windows": [
            {"opens": one.opens, "closes": one.closes, "begins": one.begins, "ends": one.ends}
            for one in explanation.windows
        ],
        "failed": [
            {"text": part.text, "since": part.since, "step": part.step, "wanted": part.wanted}
            for part in explanation.failed
        ],
        "trace": encode_trace(trace),
    }


def _item(item: Item) -> dict[str, object]:
    return {
        "sort": item.sort.value,
        "process": item.process,
        "text": item.text,
        "place": _place(item.place),
        "step": item.step,
        "need": item.need.value,
        "reason": item.reason or None,
    }


def _place(place: Place) -> dict[str, object]:
    return {"source": place.source, "file": place.file, "line": place.line}
