"""Tracks and counters of a trace, with their times: what `perfetto.py` writes.

State n begins at `moments(trace)[n]`. Slices of one track never overlap, as viewers would move them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise

from oomcheck.records import dataclass
from oomcheck.report.itf import valuations
from oomcheck.result.amounts import duration
from oomcheck.result.trace import Lasting, Step, Trace

SECOND = 10**9  # the unit here is a nanosecond; the file has microseconds
SHORT = 1000  # what a step takes in the picture
TICK = 10**6  # of a model that does not say how many ticks a second has
FASTEST = 1000  # ticks in a second: the highest HZ of a kernel leaves room for steps between two ticks

_INTEGER = re.compile(r"-?[0-9]{1,15}")
_NUMBERS = {"true": 1, "false": 0}
_SIGNS = {"1": 1, "0": 0}
NO_MEANING = -1


@dataclass(frozen=True, slots=True)
class Slice:
    """Something that lasts, in nanoseconds."""

    start: int
    end: int
    name: str
    args: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Track:
    """A line of the viewer below the title `process`."""

    process: str
    name: str
    slices: tuple[Slice, ...]


# ---------------------------------------------------------------- time


def moments(trace: Trace) -> list[int]:
    """When each state begins, in nanoseconds, and at last when the picture ends; each later than the one before.

    Untimed, state n begins at n microseconds. Timed, steps between two ticks follow each other by a microsecond, or
    by less where that would not fit.
    """
    tick, short = tick_of(trace), _short(trace)
    found, ticks, since = [0], 0, 0
    for step in trace.steps:
        ticks += step.ticks
        since = 0 if step.ticks else since + 1
        found.append(ticks * tick + since * short)
    return [*found, found[-1] + short]


def tick_of(trace: Trace) -> int:
    """The length of a tick; TICK where the trace gives no length, or one that leaves no room for steps."""
    return SECOND // trace.hz if 0 < trace.hz <= FASTEST else TICK


def _short(trace: Trace) -> int:
    """What a step takes: the steps of one instant, and the picture of its last state, take less than a tick."""
    if not trace.timed:
        return SHORT
    runs = groupby(trace.steps, lambda step: step.ticks > 0)
    most = max((len(list(steps)) for passing, steps in runs if not passing), default=0)
    return max(1, min(SHORT, tick_of(trace) // (most + 2)))


# ---------------------------------------------------------------- tracks


def tracks_of(trace: Trace, when: Sequence[int]) -> Iterator[Track]:
    """The run with its loop; each thread with its waits; locks, timers, and variables that have words for values."""
    yield from _run(trace, when)
    for process in trace.processes:
        own = [step for step in trace.steps if step.process == process]
        yield Track(_group(process), process, tuple(_step(trace, when, step) for step in own))
        for view in ("blocked", "sleeping", "frozen"):
            facts = [fact for fact in trace.lasting if fact.view == view and fact.process == process]
            yield from _side_by_side(_group(process), f"{process} {view}", facts, when)
    held = [fact for fact in trace.lasting if fact.view == "held"]
    for lock in dict.fromkeys(map(_lock, held)):
        yield from _side_by_side("locks", lock, [fact for fact in held if _lock(fact) == lock], when)
    timers = [fact for fact in trace.lasting if fact.view == "timer"]
    for text in dict.fromkeys(fact.text for fact in timers):
        yield from _side_by_side("timers", text, [fact for fact in timers if fact.text == text], when)
    for name, values in _words(trace).items():
        yield Track("variables", name, tuple(_values(values, when)))


def _run(trace: Trace, when: Sequence[int]) -> Iterator[Track]:
    """The whole run; of a lasso the stem and the loop."""
    args = {"verdict": trace.verdict, "property": trace.prop, "message": trace.ending.message}
    name = f"{trace.identity}: {trace.verdict}"
    yield Track("run", "run", (Slice(0, when[-1], name, args),))
    if trace.loop is None:
        return
    fair = {f"{p.kind}({p.name})": p.why for p in trace.promises}
    steps = len(trace.steps)
    if trace.loop == steps:
        yield Track("run", "loop", (Slice(when[steps], when[-1], "nothing moves any more", fair),))
        return
    first = trace.loop + 1
    begin = when[first] if not trace.steps[trace.loop].ticks else when[trace.loop] + _short(trace)
    loop = Slice(begin, when[-1], f"loop, for ever: steps {first} to {steps}", fair)
    stem = Slice(0, begin, f"stem: steps 1 to {trace.loop}" if trace.loop else "initial state", {})
    yield Track("run", "loop", (stem, loop))


def _step(trace: Trace, when: Sequence[int], step: Step) -> Slice:
    """A step begins its state; one in which time passes ends there."""
    number, short = step.number, _short(trace)
    if step.ticks:
        start, end = when[number - 1] + short, when[number]
        text = f"time passes: {duration(step.ticks, trace.hz)}"
    else:
        start, end, text = when[number], when[number] + short, step.text
    args: dict[str, object] = {"step": number, "file": step.file, "line": step.line, "source": step.source}
    changes = [f"{c.name}: {c.old} -> {c.new}" for c in step.changes if not c.quiet]
    reads = [f"{name} is {value}" for name, value in step.reads]
    costs = [f"{name} +{amount}" for name, amount in step.costs]
    args |= {key: told for key, told in (("changes", changes), ("reads", reads), ("costs", costs)) if told}
    args |= {"ticks": step.ticks} if step.ticks else {}
    return Slice(start, end, f"{number} {text}".rstrip(), args)


def _side_by_side(process: str, name: str, facts: Iterable[Lasting], when: Sequence[int]) -> Iterator[Track]:
    """Facts that overlap, such as readers of one lock, on as many tracks as it takes."""
    lines: list[list[Slice]] = []
    for fact in sorted(facts, key=lambda fact: (fact.first, fact.last)):
        if not 0 <= fact.first <= fact.last < len(when) - 1:
            continue  # a trace that was written by hand
        title = f"{fact.process}: {fact.text}" if fact.view == "held" else fact.text
        args = {"first": fact.first, "last": fact.last, "process": fact.process, "text": fact.text}
        slice_ = Slice(when[fact.first], when[fact.last + 1], title, args)
        line = next((line for line in lines if line[-1].end <= slice_.start), None)
        if line is None:
            lines.append([slice_])
        else:
            line.append(slice_)
    for number, line in enumerate(lines, start=1):
        yield Track(process, name if number == 1 else f"{name} ({number})", tuple(line))


def _group(process: str) -> str:
    """The group that a thread belongs to, by its name: `victim` of `victim.t[0]`, `reaper` of `reaper[1]`."""
    return re.split(r"[.\[(]", process, maxsplit=1)[0] or process


def _lock(fact: Lasting) -> str:
    return fact.text.partition(" (")[0]


# ---------------------------------------------------------------- variables


def _changing(trace: Trace) -> dict[str, list[str]]:
    """The values, state by state, of the variables that change."""
    states = list(valuations(trace))
    found = {name: [state[name] for state in states] for name in states[0]}
    return {name: values for name, values in found.items() if len(set(values)) > 1}


def _is_number(value: str) -> bool:
    return value in _NUMBERS or _INTEGER.fullmatch(value) is not None


def _words(trace: Trace) -> dict[str, list[str]]:
    """Those that have words for values, which are drawn as slices."""
    return {name: values for name, values in _changing(trace).items() if not all(map(_is_number, values))}


def _values(values: Sequence[str], when: Sequence[int]) -> Iterator[Slice]:
    starts = [0, *(n for n, (a, b) in enumerate(pairwise(values), start=1) if a != b), len(values)]
    for first, end in pairwise(starts):
        yield Slice(when[first], when[end], values[first], {"first": first, "last": end - 1})


def counters_of(trace: Trace, when: Sequence[int]) -> Iterator[tuple[str, str, int, int]]:
    """Title of the process, name, moment and value, wherever a value is another one than before."""
    for name, values in _changing(trace).items():
        if all(map(_is_number, values)):
            numbers = [_NUMBERS[value] if value in _NUMBERS else int(value) for value in values]
            yield from _steps("variables", name, numbers, when)
    for truth in trace.truths:
        title = f"{truth.text} ({truth.role})"
        signs = truth.signs[: len(when) - 1]
        yield from _steps("truths", title, [_SIGNS.get(sign, NO_MEANING) for sign in signs], when)
    for name in dict.fromkeys(name for step in trace.steps for name, _ in step.costs):
        totals = [0]
        for step in trace.steps:
            totals.append(totals[-1] + sum(amount for counter, amount in step.costs if counter == name))
        yield from _steps("costs", name, totals, when)


def _steps(title: str, name: str, numbers: Sequence[int], when: Sequence[int]) -> Iterator[tuple[str, str, int, int]]:
    for number, value in enumerate(numbers):
        if number == 0 or value != numbers[number - 1]:
            yield title, name, when[number], value
