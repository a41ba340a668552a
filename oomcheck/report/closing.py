"""What stands above and below the lanes: what was found, who held and waited, how to see it again."""

from __future__ import annotations

import re

from oomcheck.lang.mode import Mode
from oomcheck.prop.property import Kind
from oomcheck.report.rows import length, plural
from oomcheck.report.wording import flow, wrap
from oomcheck.result.amounts import amount, duration
from oomcheck.result.trace import Trace
from oomcheck.result.verdict import Word

INDENT = "  "
HOLDS = Word.HOLDS.value

#: Kinds of properties whose counterexamples are lassos that must be fair.
FAIR_KINDS = (Kind.LTL.value, Kind.LEADS_TO.value)

#: Views in the order of print, with what stands there if no fact has that view.
VIEWS = {"held": "none", "waits": "none", "frozen": "none", "timer": "not armed"}


def header(trace: Trace, remark: str, width: int) -> list[str]:
    """Identity, verdict and parameters; sentence, message and place; steps, switches, states, and how time was read."""
    verdict = trace.verdict.replace("_", " ").upper() + (f", {remark}" if remark else "")
    params = " ".join(f"{name}={value}" for name, value in trace.params if name in trace.chosen)
    ending = trace.ending
    spot = f"{ending.file}:{ending.line}" if ending.file else ""
    counts = [length(trace), plural(trace.switches, "switch")]
    if trace.shortest:
        counts.append("shortest")
    if trace.timed and trace.loop is None:
        counts.append(duration(sum(step.ticks for step in trace.steps), trace.hz))
    told = [", ".join(counts), plural(trace.states, "state"), Mode(trace.timed, trace.slack).title]
    message = ending.message if ending.message != trace.sentence else ""
    first, *rest = flow([f"{trace.identity}: {verdict}", params], width, INDENT)
    return [
        first.removeprefix(INDENT),
        *rest,
        *flow([trace.sentence, ending.source], width, INDENT),
        *flow([message, spot], width, INDENT),
        *flow(["; ".join(told)], width, INDENT),
    ]


def closing(trace: Trace, path: str, width: int) -> list[str]:
    """The truth of the property's parts, fairness, value, the facts about the last state, the replay command."""
    facts = []
    for view, nothing in VIEWS.items():
        items = [f"{fact.process} {fact.text}".strip() for fact in trace.facts if fact.view == view]
        facts.append(f"{view}: {', '.join(items) or nothing}")
    return [
        *_parts(trace, width),
        *_fairness(trace, width),
        *_value(trace, width),
        *flow(facts, width, INDENT),
        *(_replay(path, width) if path else []),
    ]


def _fairness(trace: Trace, width: int) -> list[str]:
    """The fairness that the loop keeps, one assumption after the other."""
    if not trace.promises:
        assuming = trace.loop is not None and trace.kind in FAIR_KINDS
        return flow(["fairness: none was assumed"], width, INDENT) if assuming else []
    kept = [f"{promise.kind}({promise.name}): {promise.why}" for promise in trace.promises]
    return [f"{INDENT}the loop is fair:", *flow(kept, width, INDENT * 2)]


def _value(trace: Trace, width: int) -> list[str]:
    """What a bound amounts to: the worst there is if the verdict is a good one."""
    if trace.value is None or not trace.unit.strip():
        return []
    title = "worst" if trace.verdict == HOLDS else "here"
    return flow([f"{title}: {amount(trace.value, trace.unit, trace.hz)}"], width, INDENT)


def _parts(trace: Trace, width: int) -> list[str]:
    lines = ["  in the last state:"] if trace.ending.parts else []
    for text, holds in trace.ending.parts:
        head = "    true   " if holds else "    FALSE  "
        first, *rest = wrap(text, width - len(head) - 3)
        lines.append(head + first + ("" if holds else " <-"))
        lines.extend(" " * len(head) + line for line in rest)
    return lines


def _replay(path: str, width: int) -> list[str]:
    """The command on one line; where that is too long, on more that a shell joins to the same command."""
    word = re.sub(r"([^\w@%+=:,./-])", r"\\\1", path)
    command = f"{INDENT}replay: oomcheck replay {word}"
    if len(command) <= width:
        return [command]
    lines = [f"{INDENT}replay: oomcheck replay \\"]
    while len(word) > width:
        cut = width - 1
        while word[cut - 1] == "\\" and cut > 1:  # never between a backslash and what it quotes
            cut -= 1
        lines.append(word[:cut] + "\\")
        word = word[cut:]
    return [*lines, word]
