"""A trace as a sequence diagram of Mermaid, for a comment in Markdown.

Syntax: https://mermaid.js.org/syntax/sequenceDiagram.html. Every character of a text that could have a meaning there
is written as an entity code (`#59;`), so that no text of a model can end a line, begin a comment or name a keyword.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from oomcheck.records import dataclass
from oomcheck.report.lanes import RESTS
from oomcheck.report.rows import length
from oomcheck.report.wording import NO_BREAK, plain, shorten
from oomcheck.result.amounts import duration
from oomcheck.result.trace import Lasting, Step, Trace

MAX_TEXT = 45_000  # characters; viewers draw at most 50,000 (`maxTextSize`)
MAX_WORDS = 120  # of one text
BREAK = "<br/>"

_HARMLESS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _.,()[]/=!?'|*+")
_END = re.compile(r"\bend\b", re.IGNORECASE)  # closes a block, wherever the word stands
_BARS = ("    activate ", "    deactivate ")
_SHADES = {"blocked": "rgb(255, 228, 225)", "sleeping": "rgb(240, 240, 240)", "frozen": "rgb(224, 236, 255)"}


@dataclass(frozen=True, slots=True)
class Span:
    """Steps `first` to `last` inside of a block that begins with `opening`."""

    first: int
    last: int
    opening: str


@dataclass(frozen=True, slots=True)
class Cast:
    """The participants: identifiers of threads and of locks, by their names."""

    threads: Mapping[str, str]
    locks: Mapping[str, str]


def render_mermaid(trace: Trace) -> str:
    """The diagram as text, pure ASCII, about MAX_TEXT long at most; what is left out in the middle is told.

    Steps that take or let go of a lock are arrows to it, all others notes over their thread. Waits are told where they
    begin; those that do not overlap with others, and the loop of a lasso, are boxes.
    """
    cast = _cast(trace)
    head = [*_title(trace, cast), *_participants(cast), *_initial(trace, cast)]
    steps = {number: _step(trace, cast, group) for number, group in _groups(trace)}
    tail = _ending(trace, cast)
    room = MAX_TEXT - sum(len(line) + 1 for line in (*head, *tail)) - 200
    kept = _kept(steps, room)
    lines = [*head, *_body(trace, cast, steps, kept), *tail]
    if len(kept) < len(steps):
        lines = [line for line in lines if not line.startswith(_BARS)]  # their other ends may be missing
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """`text` on one line, in which nothing has a meaning for Mermaid."""
    words = shorten(plain(text.replace(NO_BREAK, " "), ascii_only=False), MAX_WORDS).strip()
    ends = {match.start() for match in _END.finditer(words)}
    return "".join(
        char if char in _HARMLESS and place not in ends else f"#{ord(char)};" for place, char in enumerate(words)
    )


def _cast(trace: Trace) -> Cast:
    """Threads that act, wait or run into the fault; locks that somebody takes or lets go."""
    seen = {*(step.process for step in trace.steps), *(f.process for f in trace.lasting), trace.ending.process}
    threads = [name for name in trace.processes if name in seen] or [*trace.processes[:1], "nobody"][:1]
    locks = dict.fromkeys(_lock(fact) for fact in trace.lasting if fact.view == "held" and fact.process)
    return Cast(
        {name: f"p{number}" for number, name in enumerate(threads)},
        {name: f"l{number}" for number, name in enumerate(locks)},
    )


def _lock(fact: Lasting) -> str:
    return fact.text.partition(" (")[0]


def _participants(cast: Cast) -> Iterator[str]:
    yield from (f"    participant {short} as {escaped(name) or short}" for name, short in cast.threads.items())
    yield from (f"    participant {short} as {escaped(name) or short}" for name, short in cast.locks.items())


def _title(trace: Trace, cast: Cast) -> Iterator[str]:
    yield "sequenceDiagram"
    params = " ".join(f"{name}={value}" for name, value in trace.params if name in trace.chosen)
    told = [f"{trace.identity}: {trace.verdict}, {length(trace)}", trace.sentence, params]
    yield from (f"    %% {escaped(line)}" for line in told if line.strip())


def _note(over: Iterable[str], lines: Iterable[str]) -> str:
    """A note over one participant, or from the first to the last of some."""
    ends = list(over)
    place = ends[0] if len(ends) == 1 else f"{ends[0]},{ends[-1]}"
    return f"    Note over {place}: {BREAK.join(filter(None, map(escaped, lines))) or '.'}"


def _across(cast: Cast) -> list[str]:
    return [*cast.threads.values(), *cast.locks.values()]


# ---------------------------------------------------------------- steps


def _groups(trace: Trace) -> Iterator[tuple[int, list[Step]]]:
    """Steps that are told together, by the number of the first: consecutive ones in which nothing but time passes."""
    loop = len(trace.steps) if trace.loop is None else trace.loop
    for (passing, _), group in groupby(trace.steps, lambda step: (step.ticks > 0, step.number > loop)):
        steps = list(group)
        yield from [(steps[0].number, steps)] if passing else [(step.number, [step]) for step in steps]


def _step(trace: Trace, cast: Cast, steps: Sequence[Step]) -> list[str]:
    """The lines of one step, or of the time that passes in several."""
    step = steps[0]
    if step.ticks:
        number = str(step.number) if len(steps) == 1 else f"{step.number}-{steps[-1].number}"
        ticks = sum(step.ticks for step in steps)
        return [_note(_across(cast), [f"{number} time passes: {duration(ticks, trace.hz)}"])]
    short = cast.threads[step.process]
    changes = [f"{c.name}: {c.old} to {c.new}" for c in step.changes if not c.quiet]
    notes = [*changes, *(f"{name} +{amount}" for name, amount in step.costs)]
    own = [fact for fact in trace.lasting if fact.process == step.process and _drawn(trace, fact)]
    taken = [(fact, "->>", "activate") for fact in own if fact.first == step.number]
    freed = [(fact, "-->>", "deactivate") for fact in own if fact.last == step.number - 1]
    told = f"{step.number} {step.text}"
    lines = []
    for fact, arrow, sign in [*taken, *freed]:
        lock = cast.locks[_lock(fact)]
        lines += [f"    {short}{arrow}{lock}: {escaped(told)}", f"    {sign} {lock}"]
    if not lines:
        return [_note([short], [told, *notes]), *_waits(trace, cast, step.number)]
    return [*lines, *([_note([short], notes)] if notes else []), *_waits(trace, cast, step.number)]


def _drawn(trace: Trace, fact: Lasting) -> bool:
    """Whether the diagram shows who takes a lock: a step of the holder, or the initial state."""
    if fact.view != "held" or not fact.process:
        return False
    taking = trace.steps[fact.first - 1] if fact.first else None
    return taking is None or (taking.process == fact.process and not taking.ticks)


def _waits(trace: Trace, cast: Cast, number: int) -> Iterator[str]:
    """What threads begin to wait for in a state."""
    for fact in trace.lasting:
        if fact.first == number and fact.view in _SHADES and fact.process in cast.threads:
            yield _note([cast.threads[fact.process]], [f"{fact.view}: {fact.text}"])


def _initial(trace: Trace, cast: Cast) -> Iterator[str]:
    """State 0: locks that are held, threads that wait."""
    yield _note(_across(cast), ["0 initial state", trace.model])
    for fact in trace.lasting:
        if fact.first == 0 and fact.view == "held" and fact.process:
            yield _note([cast.locks[_lock(fact)]], [f"held by {fact.process}"])
            yield f"    activate {cast.locks[_lock(fact)]}"
    yield from _waits(trace, cast, 0)


def _ending(trace: Trace, cast: Cast) -> list[str]:
    ending = trace.ending
    over = [cast.threads[ending.process]] if ending.process in cast.threads else _across(cast)
    verdict = f"{trace.prop} {trace.verdict}"
    lines = [_note(over, [verdict, ending.text, ending.message, ending.source])]
    facts = [f"{fact.view}: {fact.process} {fact.text}" for fact in trace.facts]
    fair = [f"{p.kind}({p.name}): {p.why}" for p in trace.promises]
    value = [] if trace.value is None else [f"{trace.value} {trace.unit}"]
    return [*lines, *([_note(_across(cast), [*facts, *fair, *value])] if facts or fair or value else [])]


# ---------------------------------------------------------------- blocks


def _body(trace: Trace, cast: Cast, steps: Mapping[int, list[str]], kept: frozenset[int]) -> Iterator[str]:
    """The steps, with the blocks that enclose them; blocks nest, and one without a step is left out."""
    numbers = list(steps)
    whole = len(kept) == len(numbers)
    spans = _nested(trace, cast) if whole else _loop(trace)
    open_: list[Span] = []
    left_out: list[int] = []
    for position, number in enumerate(numbers):
        following = numbers[position + 1] if position + 1 < len(numbers) else len(trace.steps) + 1
        for span in sorted((s for s in spans if s.first == number), key=lambda s: -s.last):
            yield f"    {span.opening}"
            open_.append(span)
        if number in kept:
            yield from _gap(cast, left_out)
            left_out = []
            yield from steps[number]
        else:
            left_out += [number, following - 1]
        while open_ and open_[-1].last < following:
            yield from _gap(cast, left_out)
            left_out = []
            yield "    end"
            open_.pop()
    yield from _gap(cast, left_out)
    if trace.loop is not None and trace.loop == len(trace.steps):
        yield _note(_across(cast), [RESTS])


def _gap(cast: Cast, numbers: Sequence[int]) -> Iterator[str]:
    if numbers:
        yield _note(_across(cast), [f"{numbers[0]}-{numbers[-1]} left out: the diagram would be too large"])


def _loop(trace: Trace) -> list[Span]:
    if trace.loop is None or trace.loop == len(trace.steps):
        return []
    return [Span(trace.loop + 1, len(trace.steps), f"loop for ever, back to step {trace.loop + 1}")]


def _nested(trace: Trace, cast: Cast) -> list[Span]:
    """The loop, then of all waits those that cross none before them; a block begins with the step after its state."""
    spans = _loop(trace)
    starts = {number for number, _ in _groups(trace)}
    for fact in sorted(trace.lasting, key=lambda fact: (fact.first - fact.last, fact.first)):
        first, last = fact.first + 1, fact.last
        if fact.view not in _SHADES or fact.process not in cast.threads or first > last or first not in starts:
            continue
        if last + 1 in starts or last == len(trace.steps):
            span = Span(first, last, f"rect {_SHADES[fact.view]}")
            if all(_fits(span, other) for other in spans):
                spans.append(span)
    return spans


def _fits(span: Span, other: Span) -> bool:
    apart = span.last < other.first or other.last < span.first
    inside = other.first <= span.first and span.last <= other.last
    return apart or inside or (span.first <= other.first and other.last <= span.last)


def _kept(steps: Mapping[int, list[str]], room: int) -> frozenset[int]:
    """The groups of steps to show: all, or as many from both ends as fit."""
    sizes = {number: sum(len(line) + 1 for line in lines) for number, lines in steps.items()}
    if sum(sizes.values()) <= room:
        return frozenset(steps)
    numbers = list(steps)
    kept: set[int] = set()
    for pair in zip(numbers, reversed(numbers), strict=True):
        for number in pair:
            room -= 0 if number in kept else sizes[number]
            if room < 0:
                return frozenset(kept)
            kept.add(number)
    return frozenset(kept)
