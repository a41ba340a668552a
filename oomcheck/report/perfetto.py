"""A trace for the Perfetto UI: the JSON of Chrome's "Trace Event Format".

One process for each group of threads, with a track for each thread's steps and for its waits; a process for locks, one
for timers, one for variables, one for truths; the loop of a lasso on a track of its own. State n begins at
`moments(trace)[n]`. Slices of one track never overlap, as viewers would move them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from oomcheck.report.perfetto_tracks import SECOND, TICK, Slice, counters_of, moments, tick_of, tracks_of
from oomcheck.report.rows import length
from oomcheck.result.trace import Trace

Event = dict[str, object]


def render_perfetto(trace: Trace, tool_version: str) -> str:
    """The trace as the text of a JSON file, pure ASCII, to be opened in ui.perfetto.dev or chrome://tracing."""
    return json.dumps(perfetto_object(trace, tool_version), indent=1) + "\n"


def perfetto_object(trace: Trace, tool_version: str) -> dict[str, object]:
    """The JSON object: `traceEvents` in the order of time, and in `otherData` what no track shows."""
    when = moments(trace)
    tracks = [track for track in tracks_of(trace, when) if track.slices or track.name in trace.processes]
    titles = list(dict.fromkeys([*(track.process for track in tracks), "variables", "truths", "costs"]))
    pids = {title: number for number, title in enumerate(titles, start=1)}
    named = [event for title in titles for event in _named("process", pids[title], 0, title, pids[title])]
    events: list[Event] = []
    for tid, track in enumerate(tracks, start=1):
        named += _named("thread", pids[track.process], tid, track.name, tid)
        events += [_complete(pids[track.process], tid, slice_) for slice_ in track.slices]
    owners = {track.name: (pids[track.process], tid) for tid, track in enumerate(tracks, start=1)}
    events += [_counter(pids[title], name, moment, value) for title, name, moment, value in counters_of(trace, when)]
    events += _instants(trace, when, owners)
    events.sort(key=_order)
    return {
        "traceEvents": [*named, *events],
        "displayTimeUnit": "ns" if not trace.timed else "ms",
        "otherData": _other(trace, tool_version),
    }


# ---------------------------------------------------------------- events


def _named(what: str, pid: int, tid: int, name: str, place: int) -> list[Event]:
    common: Event = {"ph": "M", "pid": pid, "tid": tid}
    return [
        {**common, "name": f"{what}_name", "args": {"name": name}},
        {**common, "name": f"{what}_sort_index", "args": {"sort_index": place}},
    ]


def _complete(pid: int, tid: int, slice_: Slice) -> Event:
    return {
        "ph": "X",
        "pid": pid,
        "tid": tid,
        "ts": _microseconds(slice_.start),
        "dur": _microseconds(slice_.end - slice_.start),
        "name": slice_.name,
        "cat": "oomcheck",
        "args": dict(slice_.args),
    }


def _counter(pid: int, name: str, moment: int, value: int) -> Event:
    return {
        "ph": "C", "pid": pid, "tid": 0, "ts": _microseconds(moment), "name": name, "cat": "oomcheck",
        "args": {"value": value},
    }  # fmt: skip


def _instants(trace: Trace, when: Sequence[int], owners: Mapping[str, tuple[int, int]]) -> Iterator[Event]:
    """What decides the property: of the thread that cannot go on, at the end; of the state itself, where it begins."""
    ending = trace.ending
    pid, tid = owners.get(ending.process, owners["run"])
    steps = len(trace.steps)
    yield {
        "ph": "i",
        "s": "t" if ending.process else "g",
        "pid": pid,
        "tid": tid,
        "ts": _microseconds(when[steps + 1] if ending.process else when[steps]),
        "name": f"{trace.prop} {trace.verdict}: {ending.message}",
        "cat": "oomcheck",
        "args": {"step": steps, "text": ending.text, "file": ending.file, "line": ending.line, "source": ending.source},
    }


def _microseconds(nanoseconds: int) -> int | float:
    whole, rest = divmod(nanoseconds, 1000)
    return nanoseconds / 1000 if rest else whole


def _order(event: Event) -> float:
    moment = event["ts"]
    assert isinstance(moment, int | float)
    return moment


def _other(trace: Trace, tool_version: str) -> dict[str, str]:
    """What concerns the whole trace; the format wants strings."""
    if not trace.timed:
        scale = "untimed: state n begins at n us; one step is drawn as 1 us and takes no time in the model"
    elif tick_of(trace) == TICK and trace.hz != SECOND // TICK:
        scale = "1 tick is drawn as 1 ms, as the trace has no usable number of ticks in a second; steps take no time"
    else:
        scale = f"1 tick is 1/{trace.hz} s; steps take no time in the model and are drawn as at most 1 us"
    return {
        "tool": f"oomcheck {tool_version}",
        "model": trace.model,
        "digest": trace.digest,
        "identity": trace.identity,
        "property": trace.prop,
        "sentence": trace.sentence,
        "verdict": trace.verdict,
        "length": length(trace),
        "time": scale,
        "truths": "1 true, 0 false, -1 without a meaning",
        "parameters": " ".join(f"{name}={value}" for name, value in trace.params),
        **({} if trace.value is None else {"value": f"{trace.value} {trace.unit}"}),
    }
