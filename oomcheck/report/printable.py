"""A trace with every text made safe to print: no control characters, on request nothing but ASCII."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from oomcheck.report.wording import plain
from oomcheck.result.trace import Change, Ending, Fact, Promise, Step, Trace


def printable(trace: Trace, ascii_only: bool) -> Trace:
    """`trace` with each of its texts passed through `plain`."""

    def clean(text: str) -> str:
        return plain(text, ascii_only)

    return replace(
        trace,
        model=clean(trace.model),
        params=_pairs(trace.params, clean),
        chosen=tuple(map(clean, trace.chosen)),
        identity=clean(trace.identity),
        prop=clean(trace.prop),
        verdict=clean(trace.verdict),
        sentence=clean(trace.sentence),
        processes=tuple(map(clean, trace.processes)),
        environment=tuple(map(clean, trace.environment)),
        initial=_pairs(trace.initial, clean),
        steps=tuple(_step(step, clean) for step in trace.steps),
        ending=_ending(trace.ending, clean),
        facts=tuple(Fact(fact.view, clean(fact.process), clean(fact.text)) for fact in trace.facts),
        promises=tuple(Promise(clean(p.name), p.kind, clean(p.why)) for p in trace.promises),
        unit=clean(trace.unit),
    )


def _pairs(pairs: tuple[tuple[str, str], ...], clean: Callable[[str], str]) -> tuple[tuple[str, str], ...]:
    return tuple((clean(name), clean(value)) for name, value in pairs)


def _step(step: Step, clean: Callable[[str], str]) -> Step:
    return replace(
        step,
        process=clean(step.process),
        text=clean(step.text),
        file=clean(step.file),
        source=clean(step.source),
        changes=tuple(Change(clean(c.name), clean(c.old), clean(c.new), c.quiet) for c in step.changes),
        reads=_pairs(step.reads, clean),
        costs=tuple((clean(name), amount) for name, amount in step.costs),
    )


def _ending(ending: Ending, clean: Callable[[str], str]) -> Ending:
    return Ending(
        message=clean(ending.message),
        process=clean(ending.process),
        text=clean(ending.text),
        file=clean(ending.file),
        line=ending.line,
        source=clean(ending.source),
        parts=tuple((clean(text), holds) for text, holds in ending.parts),
    )
