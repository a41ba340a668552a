"""The paragraph: what happened, which orders it took, and what would have been otherwise, in plain words."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby

from oomcheck.explaining.endings import circle, costly_steps, longest_waits
from oomcheck.explaining.explanation import Failed, Need, Order, Place, Window
from oomcheck.explaining.story import Story
from oomcheck.prop.property import Kind
from oomcheck.records import dataclass
from oomcheck.result.amounts import TICKS, duration
from oomcheck.result.trace import Step, Trace
from oomcheck.result.verdict import Word


@dataclass(frozen=True, slots=True)
class Told:
    """What the paragraph is made of.

    `tried` says that the orders of steps were looked at, `alone` that other faults of the sanitizer do not count.
    """

    trace: Trace
    story: Story
    orders: tuple[Order, ...]
    windows: tuple[Window, ...]
    failed: tuple[Failed, ...]
    tried: bool = True
    alone: bool = False


def paragraph(told: Told) -> tuple[str, ...]:
    """The sentences, in order."""
    return (
        *_plot(told),
        *_end(told),
        *_parts(told),
        *_circle(told),
        *_loop(told),
        *_amounts(told),
        *_windows(told),
        *_otherwise(told),
    )


def done(trace: Trace, alone: bool) -> str:
    """What a run has done that decides the property, as a participle; `alone`: that shows this very fault."""
    if alone:
        return "ended like this"
    if trace.verdict == Word.COVERED.value:
        return f"reached {trace.prop}"
    if trace.verdict == Word.HOLDS.value:
        return f"come to the worst value of {trace.prop}"
    return f"violated {trace.prop}"


def where(place: Place) -> str:
    """`mm/oom_kill.c:f`, else `model.oom:12`, else nothing."""
    return place.source or (f"{place.file}:{place.line}" if place.file else "")


def quoted(step: Step, remarks: Sequence[str] = ()) -> str:
    """A step with its number and place, and with remarks."""
    spot = where(Place(step.source, step.file, step.line))
    inside = "; ".join([f"step {step.number}{', ' + spot if spot else ''}", *remarks])
    return f"`{step.text.strip()}` ({inside})"


def listed(texts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(texts[:-1]), *texts[-1:]]))


def _plot(told: Told) -> Iterator[str]:
    """The steps between which an order is needed, as a story."""
    steps = told.trace.steps
    needed = [order for order in told.orders if order.need is Need.NEEDED]
    numbers = sorted({number for order in needed for number in (order.first, order.second)})
    if not numbers:
        yield from _no_plot(told)
        return
    shared = {order.shared for order in needed}
    for turn, (process, group) in enumerate(groupby(numbers, lambda number: steps[number - 1].process)):
        texts = [_with_changes(steps[number - 1], shared) for number in group]
        yield f"{'First' if turn == 0 else 'Then'} {process} runs {listed(texts)}."


def _with_changes(step: Step, shared: Collection[str]) -> str:
    """A step with what it changes of what the others see of it."""
    return quoted(step, [f"{c.name} becomes {c.new}" for c in step.changes if c.name in shared])


def _no_plot(told: Told) -> Iterator[str]:
    movers = [told.story.system.processes[number].name for number in told.story.movers]
    undecided = [order for order in told.orders if order.need is Need.UNDECIDED]
    if not movers:
        yield "Nobody has to move."
    elif len(movers) == 1:
        yield f"Nobody but {movers[0]} moves: no order of threads plays a part."
    elif undecided:
        yield f"Which orders of steps are needed is not known ({undecided[0].reason})."
    elif told.tried:
        yield _meetings(len(told.orders))


def _meetings(number: int) -> str:
    """That no order is needed alone."""
    if not number:
        return "No step of this run depends on a step of another thread."
    if number == 1:
        return "The threads meet at one place, and this order is not needed."
    return f"The threads meet at {number} places; none of these orders is needed by itself."


def _windows(told: Told) -> Iterator[str]:
    steps = told.trace.steps
    for number, window in enumerate(told.windows):
        victim, other = steps[window.opens - 1].process, steps[window.begins - 1].process
        falls = f"step {window.begins}" if window.begins == window.ends else f"steps {window.begins} to {window.ends}"
        yield (
            f"{'Another window' if number else 'The race window'}: {victim} between its steps {window.opens} and "
            f"{window.closes}; {falls} of {other} must fall into it."
        )


def _end(told: Told) -> Iterator[str]:
    ending = told.trace.ending
    if told.trace.verdict == Word.COVERED.value or not ending.message or told.failed:
        return
    spot = where(Place(ending.source, ending.file, ending.line))
    if ending.process:
        text = f", `{ending.text.rstrip('; ')}`" if ending.text.strip() else ""
        yield f"The next step of {ending.process}{text}{f' ({spot})' if spot else ''}, fails: {ending.message}."
    else:
        title = "The worst case" if told.trace.verdict == Word.HOLDS.value else "What is wrong"
        yield f"{title}: {ending.message}."


def _parts(told: Told) -> Iterator[str]:
    """Which parts of the formula decide, and who made them so."""
    for number, group in groupby(sorted(told.failed, key=lambda part: part.step), key=lambda part: part.step):
        parts = list(group)
        truth = "true" if told.trace.verdict == Word.COVERED.value or not parts[0].wanted else "false"
        texts = listed([f"`{part.text}`" for part in parts])
        if not number:
            yield f"{texts} {'is' if len(parts) == 1 else 'are'} {truth} from the start."
            continue
        step = told.trace.steps[number - 1]
        since = f"time passed in step {number}" if step.ticks else f"{step.process} ran {quoted(step)}"
        yield f"{texts} {'has' if len(parts) == 1 else 'have'} been {truth} since {since}."


def _circle(told: Told) -> Iterator[str]:
    ring = circle(told.story.system, told.story.run.states[-1])
    if ring:
        yield "The circle: " + "; ".join(f"{who} waits for {lock}, which {by} holds" for who, lock, by in ring) + "."


def _loop(told: Told) -> Iterator[str]:
    trace = told.trace
    if trace.loop is None:
        return
    repeated = trace.steps[trace.loop :]
    if not repeated:
        yield f"After step {trace.loop} nothing moves any more."
        verbs = {"waits": "waits for", "frozen": "stays"}
        waits = [f"{fact.process} {verbs[fact.view]} {fact.text}" for fact in trace.facts if fact.view in verbs]
        if waits:
            yield f"There {listed(waits)}."
        return
    first, last = repeated[0].number, repeated[-1].number
    which = f"step {first} repeats" if first == last else f"steps {first} to {last} repeat"
    movers = list(dict.fromkeys(step.process for step in repeated if not step.ticks))
    inside = f"; only {listed(movers)} move{'s' if len(movers) == 1 else ''} in them" if movers else ""
    yield f"From there on {which} for ever{inside}."


def _amounts(told: Told) -> Iterator[str]:
    """Where time or cost goes."""
    trace, story = told.trace, told.story
    if story.question.prop.kind not in (Kind.WITHIN, Kind.BOUND) or trace.loop is not None:
        return
    if trace.unit == TICKS:
        waits = [_wait(trace, *wait) for wait in longest_waits(story)]
        if waits:
            yield f"Most of the time passes {listed(waits)}."
    elif trace.unit:
        costs = [f"{cost} in {quoted(trace.steps[number - 1])}" for cost, number in costly_steps(story, trace.unit)]
        if costs:
            yield f"Most of {trace.unit} is spent: {listed(costs)}."


def _wait(trace: Trace, ticks: int, first: int, last: int) -> str:
    before = next((step for step in reversed(trace.steps[: first - 1]) if not step.ticks), None)
    span = f"step {first}" if first == last else f"steps {first} to {last}"
    after = f", after {before.process} ran {quoted(before)}" if before is not None else ""
    return f"in {span}: {duration(ticks, trace.hz)}{after}"


def _otherwise(told: Told) -> Iterator[str]:
    """What would be otherwise if an order were another one."""
    needed = [order for order in told.orders if order.need is Need.NEEDED]
    lucky = [order for order in needed if order.free]
    if lucky:
        first, *more = [f"step {order.second}{{}} before step {order.first}" for order in lucky]
        either = ", or ".join([first.format(" come"), *(text.format("") for text in more)])
        each = "either order" if not more else "each of these orders"
        bad = done(told.trace, told.alone)
        yield f"Had {either}, no run would have {bad}; all runs were searched. The model allows {each}."
    maybe = [f"step {order.second} after step {order.first}" for order in needed if order.free is None]
    if maybe:
        yield f"No run does without {listed(maybe)}; whether the model allows another order is not known."
    forced = [f"step {order.second} after step {order.first}" for order in needed if order.free is False]
    if forced:
        yield f"The model itself forces {listed(forced)}."
    undecided = [order for order in told.orders if order.need is Need.UNDECIDED]
    if needed and undecided:
        others = "one more order is" if len(undecided) == 1 else f"{len(undecided)} more orders are"
        yield f"Whether {others} needed is not known ({undecided[0].reason})."
