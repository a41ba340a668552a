"""The rows of a trace: its steps, time that passes between them, and what is wrong at the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import groupby

from oomcheck.records import dataclass
from oomcheck.report.closing import HOLDS
from oomcheck.report.wording import unsaid
from oomcheck.result.amounts import duration, seconds
from oomcheck.result.trace import Step, Trace


@dataclass(frozen=True, slots=True)
class Row:
    """One entry: `mark` is the number of the step (`3-7` of several), or "!" for the step that cannot be taken."""

    mark: str
    process: str  # "": of no thread
    text: str
    notes: tuple[str, ...] = ()
    source: str = ""  # only where it differs from the last one of the thread
    state: tuple[str, ...] = ()  # the whole state after the step, if wanted
    failure: str = ""  # message below carets
    passing: bool = False  # nothing but time passes
    looped: bool = False  # repeats for ever


class _Story:
    """What the reader knows after the steps told so far."""

    def __init__(self, trace: Trace, full: bool) -> None:
        self._full = full
        self._trace = trace
        self._state = dict(trace.initial)
        self._sources: dict[str, str] = {}
        self._costs: dict[str, int] = {}
        self._now = 0

    @property
    def state(self) -> tuple[str, ...]:
        """The whole state, if it is wanted."""
        return _valuation(self._state) if self._full else ()

    def news(self, process: str, source: str) -> str:
        """A kernel reference, where it is not the last one of the thread."""
        new = source if self._sources.get(process) != source else ""
        self._sources[process] = source
        return new

    def step(self, step: Step, looped: bool) -> Row:
        """The row of a step."""
        self._state.update({change.name: change.new for change in step.changes})
        notes = [*unsaid(step), *(self._cost(name, amount, looped) for name, amount in step.costs)]
        text = step.text.strip() or "(no text)"
        news = self.news(step.process, step.source)
        return Row(str(step.number), step.process, text, tuple(notes), news, self.state, looped=looped)

    def _cost(self, name: str, amount: int, looped: bool) -> str:
        """A cost, with what it amounts to by now; in a loop there is no such number."""
        self._costs[name] = self._costs.get(name, 0) + amount
        return f"{name} +{amount}" + ("" if looped else f" ({self._costs[name]})")

    def time(self, steps: list[Step], looped: bool) -> Row:
        """One row for consecutive steps in which nothing but time passes."""
        for step in steps:
            self._state.update({change.name: change.new for change in step.changes})
        hz = self._trace.hz
        ticks = sum(step.ticks for step in steps)
        self._now += ticks
        verb = "passes" if ticks == 1 else "pass"
        told = [seconds(ticks, hz), "" if looped else f"now {seconds(self._now, hz) or self._now}"]
        inside = "; ".join(filter(None, told))
        text = f"{duration(ticks, 0)} {verb}" + (f" ({inside})" if inside else "")
        first, last = steps[0].number, steps[-1].number
        mark = str(first) if first == last else f"{first}-{last}"
        return Row(mark, "", text, state=self.state, passing=True, looped=looped)


def rows_of(trace: Trace, full: bool) -> list[Row]:
    """The steps, and what the last state or the step after it does wrong; `full` adds the state after each of them."""
    story = _Story(trace, full)
    rows = [Row("0", "", "initial state", state=story.state), *_told(trace, story)]
    ending = trace.ending
    if ending.process:
        news = story.news(ending.process, ending.source)
        text = ending.text.strip() or "(next step)"
        rows.append(Row("!", ending.process, text, source=news, failure=ending.message.strip() or "here"))
    elif trace.loop is None and trace.verdict != HOLDS:
        rows[-1] = replace(rows[-1], failure=ending.message.strip())
    # The initial state says something only where it is printed, or is itself the bad one, or all that there is.
    return rows if full or rows[0].failure or not rows[1:] else rows[1:]


def _told(trace: Trace, story: _Story) -> Iterator[Row]:
    loop = len(trace.steps) if trace.loop is None else trace.loop
    for (passing, looped), group in groupby(trace.steps, lambda step: (step.ticks > 0, step.number > loop)):
        if passing:
            yield story.time(list(group), looped)
        else:
            yield from (story.step(step, looped) for step in group)


def _valuation(state: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(f"{name}={value}" for name, value in state.items())
