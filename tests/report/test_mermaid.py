"""Traces as sequence diagrams, read by the part of Mermaid's grammar that they use."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from oomcheck.report.mermaid import MAX_TEXT, escaped, render_mermaid
from oomcheck.result.trace import Lasting, Trace
from tests.report.traces import bound_trace, stuck_trace, texts, traces, uninit_trace

# Characters that stand for themselves; everything else is an entity code.
TEXT = r"(?:[A-Za-z0-9 _.,()\[\]/=!?'|*+]|#[0-9]+;)+"
LINES = {
    "comment": re.compile(rf"    %% {TEXT}"),
    "participant": re.compile(rf"    participant (\w+) as {TEXT}"),
    "note": re.compile(rf"    Note over (\w+)(?:,(\w+))?: ({TEXT}(?:<br/>{TEXT})*)"),
    "message": re.compile(rf"    (\w+)(->>|-->>)(\w+): ({TEXT})"),
    "bar": re.compile(r"    (activate|deactivate) (\w+)"),
    "block": re.compile(r"    (loop for ever, back to step [0-9]+|rect rgb\([0-9]+, [0-9]+, [0-9]+\))"),
    "end": re.compile(r"    end"),
}
NUMBER = re.compile(r"([0-9]+)(?:-([0-9]+))?(?= |<|$)")


def decoded(text: str) -> str:
    """What Mermaid shows for a text."""
    return re.sub(r"#([0-9]+);", lambda match: chr(int(match[1])), text)


def parsed(trace: Trace) -> list[tuple[str, re.Match[str]]]:
    """The lines of a diagram with what they are; blocks and bars are closed in order, participants are known."""
    text = render_mermaid(trace)
    assert text.isascii()
    assert text.endswith("\n")
    first, *lines = text[:-1].split("\n")
    assert first == "sequenceDiagram"
    found = []
    for line in lines:
        matches = [(kind, match) for kind, rule in LINES.items() if (match := rule.fullmatch(line))]
        assert len(matches) == 1, line
        found += matches
    _check_blocks(found)
    _check_participants(found)
    return found


def _check_blocks(lines: list[tuple[str, re.Match[str]]]) -> None:
    depth, active = 0, Counter[str]()
    for kind, match in lines:
        depth += (kind == "block") - (kind == "end")
        assert depth >= 0
        if kind == "bar":
            active[match[2]] += 1 if match[1] == "activate" else -1
            assert active[match[2]] >= 0
    assert depth == 0


def _check_participants(lines: list[tuple[str, re.Match[str]]]) -> None:
    known = [match[1] for kind, match in lines if kind == "participant"]
    assert len(set(known)) == len(known)
    used = {m[i] for kind, m in lines for i in ((1, 2) if kind == "note" else (1, 3) if kind == "message" else ())}
    assert used - {None} <= set(known)


def numbers(lines: list[tuple[str, re.Match[str]]]) -> list[int]:
    """The numbers that notes and messages begin with, in the order of the diagram."""
    found: list[int] = []
    for kind, match in lines:
        if kind in ("note", "message"):
            number = NUMBER.match(decoded(match[match.re.groups]))
            if number is not None:
                found += range(int(number[1]), int(number[2] or number[1]) + 1)
    return found


def test_diagram() -> None:
    """Notes for steps, in the order of the trace; the fault is the last one."""
    lines = render_mermaid(uninit_trace()).splitlines()
    assert lines[:10] == [
        "sequenceDiagram",
        "    %% oom_freezer/v5_uninit/no_uninit#58; violated, 10 steps",
        "    %% ret is read before it is written",
        "    %% FIX=NO_DELAY NLMKD=0",
        "    participant p0 as victim[0]",
        "    participant p1 as oom_killer",
        "    participant p2 as cgroup",
        "    Note over p0,p2: 0 initial state<br/>models/oom_freezer.oom",
        "    Note over p2: 1 cgroup_freezing = true<br/>cgroup_freezing#58; false to true",
        "    Note over p0: 2 freezing(victim[0])",
    ]
    assert lines[-2:] == [
        "    Note over p1: no_uninit violated<br/>return ret<br/>ret was never written on this path"
        "<br/>mm/oom_kill.c#58;should_delay_oom_reap",
        "    Note over p0,p2: waits#58; victim[0] freezer_lock, to re#45;test freezing()",
    ]


def test_locks() -> None:
    """Who takes a lock sends an arrow to it, and its bar lasts while it is held."""
    held = Lasting("held", "oom_killer", "task.alloc_lock", 3, 7)
    lines = render_mermaid(replace(uninit_trace(), lasting=(held,))).splitlines()
    assert "    participant l0 as task.alloc_lock" in lines
    taken = lines.index("    p1->>l0: 3 sigkill = true")
    assert lines[taken + 1 : taken + 3] == ["    activate l0", "    Note over p1: sigkill#58; false to true"]
    freed = lines.index("    p1-->>l0: 8 test_and_set_bit(MMF_OOM_REAP_QUEUED, mm_flags)")
    assert lines[freed + 1] == "    deactivate l0"


def test_waits_are_boxes() -> None:
    """Of waits that cross, the longer one is a box; each is told where it begins."""
    lasting = (
        Lasting("frozen", "victim[0]", "TASK_FROZEN", 2, 6),
        Lasting("blocked", "oom_killer", "mmap_lock (read)", 4, 7),
    )
    lines = render_mermaid(replace(uninit_trace(), lasting=lasting)).splitlines()
    (box,) = [number for number, line in enumerate(lines) if line == "    rect rgb(224, 236, 255)"]
    assert lines[box - 1] == "    Note over p0: frozen#58; TASK_FROZEN"
    assert lines[box + 1].startswith("    Note over p1: 3 ")
    assert lines[lines.index("    end") - 1].startswith("    Note over p1: 6 ")
    assert "    Note over p1: blocked#58; mmap_lock (read)" in lines


def test_loop_and_time() -> None:
    """The loop of a lasso is a block; time that passes in consecutive steps is one note."""
    lines = render_mermaid(stuck_trace()).splitlines()
    begin = lines.index("    loop for ever, back to step 3")
    assert lines[begin + 1] == "    Note over p0: 3 down_read_trylock(mmap_lock) is false<br/>retries +1"
    assert "    Note over p0,p3: 5#45;6 time passes#58; 2 ticks (0.2 s)" in lines
    assert lines[lines.index("    end") + 1].startswith("    Note over p0,p3: reaped_some_time violated")


def test_rest() -> None:
    """Where nothing moves any more, a note says so."""
    lines = render_mermaid(replace(stuck_trace(), loop=7)).splitlines()
    assert "    Note over p0,p3: nothing moves any more" in lines
    assert "    end" not in lines


def test_large_diagrams_are_cut_in_the_middle() -> None:
    """Viewers refuse more than 50,000 characters; what is left out is told by its numbers."""
    step = uninit_trace().steps[4]
    steps = tuple(replace(step, number=number, text="x" * 90) for number in range(1, 2001))
    held = Lasting("held", "oom_killer", "task.alloc_lock", 3, 999)
    trace = replace(uninit_trace(), steps=steps, lasting=(held,))
    text = render_mermaid(trace)
    assert MAX_TEXT - 500 < len(text) <= MAX_TEXT
    lines = parsed(trace)
    (gap,) = [match for kind, match in lines if kind == "note" and "left out" in match[3]]
    assert numbers(lines) == list(range(2001))
    first, last = re.findall("[0-9]+", decoded(gap[3]))[:2]
    shown = [line for line in text.splitlines() if "xxx" in line]
    assert len(shown) == 2000 - (int(last) - int(first) + 1)
    assert not [line for line in text.splitlines() if "activate" in line]


@given(texts)
def test_escapes(text: str) -> None:
    """No text has a meaning of its own: no sign of the language, and no word that closes a block."""
    code = escaped(text)
    assert code == "" or re.fullmatch(TEXT, code)
    assert not re.search(r"\bend\b", code, re.IGNORECASE)


@given(st.sampled_from(["a;b", "#35;", "end", "the END.", "x: y", "<b>", "a & b", "%% c", "ü"]))
def test_escapes_are_undone(text: str) -> None:
    """What a viewer shows is the text."""
    assert decoded(escaped(text)) == text


@settings(max_examples=60)
@given(traces())
def test_any_trace(trace: Trace) -> None:
    """Whatever the texts: the grammar is kept, and the steps are there in order."""
    shown = iter(numbers(parsed(trace)))
    assert all(number in shown for number in range(len(trace.steps) + 1))


def test_time_is_grouped() -> None:
    """All steps of a timed trace keep their numbers."""
    assert numbers(parsed(bound_trace())) == list(range(33))
