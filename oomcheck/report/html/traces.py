"""A trace as the JSON value that the script of a page draws; see `templates/model.js` for the reader."""

from __future__ import annotations

from dataclasses import replace

from oomcheck.report.html.island import Words
from oomcheck.report.html.tracks import Bar, locks, spans, timers, words
from oomcheck.report.html.variables import variables
from oomcheck.report.printable import printable
from oomcheck.report.wording import NO_BREAK, plain, unsaid
from oomcheck.result.amounts import seconds
from oomcheck.result.trace import Ending, Lasting, Step, Trace, Truth
from oomcheck.result.verdict import Word


def displayed(trace: Trace) -> Trace:
    """`trace` with each of its texts on one line and without anything that is not to be seen."""
    trace = printable(trace, ascii_only=False)
    return replace(
        trace,
        lasting=tuple(
            Lasting(one.view, plain(one.process, False), plain(one.text, False), one.first, one.last)
            for one in trace.lasting
        ),
        truths=tuple(Truth(plain(one.text, False), one.role, one.signs) for one in trace.truths),
        costs=tuple(plain(name, False) for name in trace.costs),
        chosen=tuple(plain(name, False) for name in trace.chosen),
    )


def encode(trace: Trace, slug: str) -> dict[str, object]:
    """What the page knows of a `displayed` trace. Texts are numbers in `words`, threads places in `threads`."""
    table = Words()
    found = variables(trace)
    threads = {name: place for place, name in enumerate(trace.processes)}
    value: dict[str, object] = {
        "id": slug,
        "title": trace.identity,
        "threads": [[name, int(name in trace.environment)] for name in trace.processes],
        "vars": [
            [one.name, table.add(one.initial), int(one.quiet), [[at, table.add(new)] for at, new in one.changes]]
            for one in found
        ],
        "steps": [_step(step, threads, table) for step in trace.steps],
        "flags": [[word.name, [list(bit) for bit in word.bits], word.constant] for word in words(found)],
        "truths": [[truth.text, truth.role, truth.signs] for truth in trace.truths],
        "bad": trace.verdict == Word.VIOLATED.value,
        "loop": trace.loop,
        "timed": trace.timed,
        "end": _ending(trace.ending, threads, table),
        "facts": [[fact.view, f"{fact.process} {fact.text}".strip()] for fact in trace.facts],
        "clock": _clock(trace),
        **_bars(trace, threads, table),
    }
    return {**value, "words": table.table}


def _bars(trace: Trace, threads: dict[str, int], table: Words) -> dict[str, object]:
    """What lasts: spans as (thread, view, text, first, last), bars as (thread, text, first, last, row)."""

    def bar(one: Bar) -> list[int]:
        return [threads.get(one.process, -1), table.add(one.text), one.first, one.last, one.row]

    return {
        "spans": [
            [threads[name], one.view, table.add(one.text), one.first, one.last]
            for name in threads
            for one in spans(trace, name)
        ],
        "locks": [[lock.name, [*map(bar, lock.holders)], [*map(bar, lock.waiters)]] for lock in locks(trace)],
        "timers": [[name, [*map(bar, armed)]] for name, armed in timers(trace)],
    }


def _ending(ending: Ending, threads: dict[str, int], table: Words) -> dict[str, object]:
    return {
        "message": ending.message,
        "thread": threads.get(ending.process, -1),
        "text": ending.text,
        "file": table.add(ending.file),
        "line": ending.line,
    }


def _step(step: Step, threads: dict[str, int], table: Words) -> list[object]:
    """Thread, statement, file, line, kernel place, ticks, notes; then reads and costs, flat pairs."""
    return [
        threads.get(step.process, -1),
        table.add(step.text),
        table.add(step.file),
        step.line,
        table.add(step.source),
        step.ticks,
        [table.add(_spaced(note)) for note in unsaid(step)],
        [table.add(text) for pair in step.reads for text in pair],
        [number for name, amount in step.costs for number in (table.add(name), amount)],
    ]


def _spaced(note: str) -> str:
    """A note with spaces that break, and an arrow where values change."""
    return note.replace(f"{NO_BREAK}->{NO_BREAK}", " → ").replace(NO_BREAK, " ")


def _clock(trace: Trace) -> list[list[object]]:
    """The times that a timed trace passes through: the first state of each, ticks, and seconds ("" if not known)."""
    now = 0
    told: list[list[object]] = [[0, 0, seconds(0, trace.hz)]] if trace.timed else []
    for step in trace.steps if trace.timed else ():
        if step.ticks:
            now += step.ticks
            told.append([step.number, now, seconds(now, trace.hz)])
    return told
