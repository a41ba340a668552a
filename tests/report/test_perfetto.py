"""Traces in the Trace Event Format, checked by its rules."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from typing import Any

from hypothesis import given, settings

from oomcheck.report.perfetto import render_perfetto
from oomcheck.report.perfetto_tracks import moments
from oomcheck.result.trace import Lasting, Trace, Truth
from tests.report.traces import bound_trace, stuck_trace, traces, uninit_trace

Event = dict[str, Any]

#: Fields that an event of a phase has, each with its type; `args` is optional where it is not named.
FIELDS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "M": {"name": str, "pid": int, "tid": int, "args": dict},
    "X": {"name": str, "cat": str, "pid": int, "tid": int, "ts": (int, float), "dur": (int, float), "args": dict},
    "C": {"name": str, "cat": str, "pid": int, "tid": int, "ts": (int, float), "args": dict},
    "i": {"name": str, "cat": str, "pid": int, "tid": int, "ts": (int, float), "s": str, "args": dict},
}
NAMES = ("process_name", "thread_name", "process_sort_index", "thread_sort_index")


def parsed(trace: Trace) -> list[Event]:
    """The events of the file, checked: fields of each phase, times, named tracks, slices that do not overlap."""
    text = render_perfetto(trace, "1.0")
    assert text.isascii()
    value = json.loads(text)
    assert set(value) == {"traceEvents", "displayTimeUnit", "otherData"}
    assert value["displayTimeUnit"] in ("ms", "ns")
    assert all(isinstance(told, str) for told in value["otherData"].values())
    events: list[Event] = value["traceEvents"]
    for event in events:
        _check_fields(event)
    timed = [event for event in events if event["ph"] != "M"]
    assert all(a["ts"] <= b["ts"] for a, b in pairwise(timed))
    _check_tracks(events)
    return events


def _check_fields(event: Event) -> None:
    fields = FIELDS[event["ph"]]
    assert set(event) == {"ph", *fields}
    assert all(isinstance(event[name], kind) and not isinstance(event[name], bool) for name, kind in fields.items())
    assert event["pid"] > 0
    assert event.get("ts", 0) >= 0
    assert event.get("dur", 1) > 0
    match event["ph"]:
        case "M":
            assert event["name"] in NAMES
        case "C":
            assert event["args"]
            assert all(isinstance(number, int) for number in event["args"].values())
        case "i":
            assert event["s"] in ("g", "p", "t")


def _check_tracks(events: list[Event]) -> None:
    names = {(e["pid"], e["tid"]) for e in events if e["name"] == "thread_name" and e["ph"] == "M"}
    titles = {e["pid"] for e in events if e["name"] == "process_name" and e["ph"] == "M"}
    tracks: dict[tuple[int, int], list[Event]] = defaultdict(list)
    for event in events:
        assert event["pid"] in titles
        if event["ph"] == "X":
            tracks[event["pid"], event["tid"]].append(event)
    assert set(tracks) <= names
    assert len({tid for _, tid in names}) == len(names)
    for slices in tracks.values():
        assert all(round(a["ts"] + a["dur"], 3) <= round(b["ts"], 3) for a, b in pairwise(slices))


def on(events: list[Event], name: str) -> list[tuple[float, float, str]]:
    """Start, length and name of the slices on the tracks with a name."""
    own = {(e["pid"], e["tid"]) for e in events if e["name"] == "thread_name" and e["args"]["name"] == name}
    return [(e["ts"], e["dur"], e["name"]) for e in events if e["ph"] == "X" and (e["pid"], e["tid"]) in own]


def counted(events: list[Event], name: str) -> list[tuple[float, int]]:
    """Moments and values of a counter."""
    return [(e["ts"], e["args"]["value"]) for e in events if e["ph"] == "C" and e["name"] == name]


def test_steps_of_a_thread() -> None:
    """Untimed, step n is a slice of a microsecond that begins at n, on the track of its thread."""
    assert on(parsed(uninit_trace()), "victim[0]") == [
        (2, 1, "2 freezing(victim[0])"),
        (7, 1, "7 WRITE_ONCE(current->__state, TASK_FROZEN)"),
    ]


def test_variables() -> None:
    """Truth values and numbers are counters, words are slices; what never changes is left out."""
    events = parsed(uninit_trace())
    assert counted(events, "sigkill") == [(0, 0), (3, 1)]
    assert counted(events, "mm_users") == []
    assert on(events, "victim[0].state") == [(0, 7, "RUNNING"), (7, 4, "FROZEN")]


def test_the_fault_stands_at_the_end() -> None:
    """The thread that cannot go on is marked after the last step."""
    events = parsed(uninit_trace())
    (mark,) = [event for event in events if event["ph"] == "i"]
    assert (mark["ts"], mark["s"]) == (11, "t")
    assert mark["name"] == "no_uninit violated: ret was never written on this path"
    assert mark["args"]["text"] == "return ret"


def test_a_bad_state_is_marked_where_it_begins() -> None:
    """Where the state itself is bad, all tracks are marked."""
    trace = uninit_trace()
    events = parsed(replace(trace, ending=replace(trace.ending, process="")))
    assert [(event["ts"], event["s"]) for event in events if event["ph"] == "i"] == [(10, "g")]


def test_readers_of_a_lock_lie_side_by_side() -> None:
    """Two that hold one lock at once are on two tracks, a third one later on the first again."""
    lasting = (
        Lasting("held", "oom_reaper", "mmap_lock (read)", 1, 4),
        Lasting("held", "victim[0]", "mmap_lock (read)", 2, 3),
        Lasting("held", "oom_killer", "mmap_lock (write)", 5, 10),
        Lasting("blocked", "oom_killer", "mmap_lock (write)", 3, 4),
        Lasting("timer", "", "oom_reaper_timer armed", 2, 2),
    )
    events = parsed(replace(uninit_trace(), lasting=lasting))
    assert on(events, "mmap_lock") == [
        (1, 4, "oom_reaper: mmap_lock (read)"),
        (5, 6, "oom_killer: mmap_lock (write)"),
    ]
    assert on(events, "mmap_lock (2)") == [(2, 2, "victim[0]: mmap_lock (read)")]
    assert on(events, "oom_killer blocked") == [(3, 2, "mmap_lock (write)")]
    assert on(events, "oom_reaper_timer armed") == [(2, 1, "oom_reaper_timer armed")]


def test_truths() -> None:
    """A formula is a counter: 1 true, 0 false, -1 without a meaning."""
    trace = replace(uninit_trace(), truths=(Truth("a and b", "part", "0001111--11"),))
    assert counted(parsed(trace), "a and b (part)") == [(0, 0), (3, 1), (7, -1), (9, 1)]


def test_time() -> None:
    """A tick is 1,000,000/HZ microseconds; steps between ticks follow each other by one."""
    events = parsed(bound_trace())
    ticks = on(events, "time")
    assert ticks[:2] == [
        (3, 99_997, "3 time passes: 1 tick (0.1 s)"),
        (100_001, 99_999, "4 time passes: 1 tick (0.1 s)"),
    ]
    assert on(events, "oom_reaper")[0] == (2_000_003, 1, "25 down_read_trylock(mmap_lock) is false")
    assert counted(events, "retries") == [(0, 0), (2_000_003, 1)]
    assert moments(bound_trace())[32] == 2_400_002_000


def test_loop() -> None:
    """The loop of a lasso is a slice beside its stem, with the fairness that it keeps."""
    events = parsed(stuck_trace())
    assert on(events, "loop") == [(0, 3, "stem: steps 1 to 2"), (3, 200_000 - 1, "loop, for ever: steps 3 to 7")]
    (loop,) = [event for event in events if event["name"].startswith("loop, ")]
    assert loop["args"]["progress(time)"] == "passes at step 5"


def test_rest() -> None:
    """Where nothing moves any more, the last state is the loop."""
    events = parsed(replace(stuck_trace(), loop=7))
    assert [name for _, _, name in on(events, "loop")] == ["nothing moves any more"]


def test_fast_clocks_are_drawn_slower() -> None:
    """Where a tick would leave no room for steps, or its length is not known, it is a millisecond; the file says so."""
    for hz in (0, 10**9):
        trace = replace(bound_trace(), hz=hz)
        assert moments(trace)[3] == 10**6
        assert "1 tick is drawn as 1 ms" in json.loads(render_perfetto(trace, "1.0"))["otherData"]["time"]


@settings(max_examples=60)
@given(traces())
def test_any_trace(trace: Trace) -> None:
    """Whatever the texts and times: the rules of the format are kept, and each step is there with its number."""
    events = parsed(trace)
    steps = [event for event in events if event["ph"] == "X" and "step" in event["args"]]
    assert sorted(event["args"]["step"] for event in steps) == [step.number for step in trace.steps]
    assert all(a < b for a, b in pairwise(moments(trace)))
