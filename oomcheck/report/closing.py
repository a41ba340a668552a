"""What stands above and below the lanes: what was found, who held and waited, how to see it again."""

from __future__ import annotations

import re

from oomcheck.report.wording import flow, wrap
from oomcheck.result.trace import Trace

INDENT = "  "

#: Views in the order of print, with what stands there if no fact has that view.
VIEWS = {"held": "none", "waits": "none", "frozen": "none", "timer": "not armed"}


def header(trace: Trace, remark: str, width: int) -> list[str]:
    """Identity, verdict and parameters; sentence, message and place; steps, switches and states."""
    verdict = trace.verdict.replace("_", " ").upper() + (f", {remark}" if remark else "")
    params = " ".join(f"{name}={value}" for name, value in trace.params if name in trace.chosen)
    ending = trace.ending
    spot = f"{ending.file}:{ending.line}" if ending.file else ""
    counts = [_count(len(trace.steps), "step"), _count(trace.switches, "switch", "switches")]
    if trace.shortest:
        counts.append("shortest")
    message = ending.message if ending.message != trace.sentence else ""
    first, *rest = flow([f"{trace.identity}: {verdict}", params], width, INDENT)
    return [
        first.removeprefix(INDENT),
        *rest,
        *flow([trace.sentence, ending.source], width, INDENT),
        *flow([message, spot], width, INDENT),
        *flow([f"{', '.join(counts)}; {_count(trace.states, 'state')}"], width, INDENT),
    ]


def closing(trace: Trace, path: str, width: int) -> list[str]:
    """The truth of the property's parts, the facts about the last state, and the replay command."""
    facts = []
    for view, nothing in VIEWS.items():
        items = [f"{fact.process} {fact.text}".strip() for fact in trace.facts if fact.view == view]
        facts.append(f"{view}: {', '.join(items) or nothing}")
    return [*_parts(trace, width), *flow(facts, width, INDENT), *(_replay(path, width) if path else [])]


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


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
