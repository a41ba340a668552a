"""From a trace to its explanation: the plainest run to the same end, and what that run needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

from oomcheck.diag.diagnostic import error
from oomcheck.evidence import EvidenceError, Subject, build_trace
from oomcheck.explaining import items, orders
from oomcheck.explaining.endings import failed_parts
from oomcheck.explaining.explanation import Explanation, Item, Sort, Switches
from oomcheck.explaining.reduced import Question
from oomcheck.explaining.same import is_alone, same_fault
from oomcheck.explaining.searching import Searcher
from oomcheck.explaining.story import Story, story_of
from oomcheck.explaining.switches import Fewest, fewest
from oomcheck.explaining.words import Told, paragraph
from oomcheck.lang.lower import lower
from oomcheck.lang.mode import Mode
from oomcheck.prop.property import Property
from oomcheck.prop.temporal import CostBound, Response
from oomcheck.replaying import Reopened
from oomcheck.result.exploration import REST, Witness
from oomcheck.result.trace import Trace
from oomcheck.result.verdict import Word
from oomcheck.runs import about_runs
from oomcheck.semantics.replay import check_witness

SHARE = 0.25  # of the time that is left, for the search for fewer switches
MOST_STEPS = 1_000  # of a run whose orders are looked at
TIME = "time limit"
TOO_LONG = "a run with fewer switches was looked for, but the time for that was over"
NOT_STATES = "a run is shown as it was found: fewest switches are looked for where a state decides"


def explain(trace: Trace, again: Reopened, searcher: Searcher) -> Explanation:
    """Explain a trace that was replayed; OomcheckError E0003 if its property is not at hand."""
    question = question_of(trace, again)
    given = story_of(question, again.witness)
    story, least = _plainest(question, given, searcher)
    # A circle of locks is shown by several runs together, so it is told as it was given.
    story = story or Story(question, again.witness, again.run)
    story, moving = _with_less(story, searcher, lambda found: _shows(trace, again, found))
    shown = trace if given is None else _traced(trace, again, story)
    if given is not None:
        story = _retold(story, shown)
        moving = _renumbered(moving, story)
    tried = not about_runs(question.prop) and len(story.numbers) <= MOST_STEPS
    pairs = orders.pairs(story) if tried else []
    found = tuple(sorted((orders.decided(p, story, searcher) for p in pairs), key=lambda o: (o.first, o.second)))
    told = Told(
        shown,
        story,
        found,
        orders.windows_of(story, found),
        failed_parts(story),
        tried,
        is_alone(question, story.witness),
    )
    parts = (*items.group_parts(story, moving), *items.timed_parts(story), *items.statement_parts(story))
    return _explanation(
        trace, told, (*moving, *(items.decided(part, story, searcher) for part in parts)), least, searcher
    )


def _explanation(
    given: Trace, told: Told, all_items: tuple[Item, ...], least: Fewest, searcher: Searcher
) -> Explanation:
    reasons = {least.reason, *(item.reason for item in all_items), *(order.reason for order in told.orders)}
    base = told.story.question.base
    stopped = searcher.stopped
    return Explanation(
        trace=told.trace,
        switches=_switches(given, told.trace, least),
        items=all_items,
        enough=tuple(base.processes[number].name for number in told.story.movers),
        orders=told.orders,
        windows=told.windows,
        failed=told.failed,
        alone=told.alone,
        paragraph=paragraph(told),
        partial=stopped if stopped in reasons else "",  # not if the time was over just now
    )


def question_of(trace: Trace, again: Reopened) -> Question:
    """The system before its clock, and a property that exactly the runs that matter violate."""
    if again.prop is None:
        raise error("E0003", f"`{trace.prop}` stands in a spec that is not at hand", None, "say where with --spec")
    mode = Mode(trace.timed, trace.slack, frozenset(trace.costs))
    base = lower(again.elaborated, mode).system
    prop = _as_bad(again.prop, trace) if trace.verdict == Word.HOLDS.value else again.prop
    question = Question(base, prop, trace.timed, about_runs(prop))
    return same_fault(question, again.witness, again.run.states[-1])


def _as_bad(prop: Property, trace: Trace) -> Property:
    """A bound that is violated where the worst value of a trace is reached."""
    match prop.temporal:
        case Response() | CostBound() as bound if trace.value is not None:
            return replace(prop, temporal=replace(bound, limit=trace.value - 1))
        case _:
            raise error("E0003", f"the trace of `{trace.prop}` tells no value that could be explained")


def _plainest(question: Question, given: Story | None, searcher: Searcher) -> tuple[Story | None, Fewest]:
    """The run with the fewest switches, else the given one; and what the search for it says."""
    if given is None or about_runs(question.prop):
        return given, Fewest(None, NOT_STATES)
    known = (_count(given), len(given.run.steps))
    part = searcher.part(SHARE)
    found = fewest(question.system, question.prop, part, known)
    if found.reason.startswith(TIME) and found.reason == part.stopped:
        found = Fewest(None, TOO_LONG)
    if found.witness is None:
        return given, found
    story = story_of(question, found.witness)
    if story is None:
        raise EvidenceError(f"{question.prop.name}: the run with the fewest switches fails its re-check")
    return story, found


def _shows(trace: Trace, again: Reopened, story: Story) -> bool:
    """Whether a story reaches the very value that the trace tells of a bound; more would be none of this trace."""
    assert again.prop is not None
    return not check_witness(story.system, again.prop, story.witness, _claimed(trace))


def _claimed(trace: Trace) -> int | None:
    return trace.value if trace.verdict == Word.HOLDS.value else None


def _with_less(story: Story, searcher: Searcher, fits: Callable[[Story], bool]) -> tuple[Story, list[Item]]:
    """A run with fewer threads and no more switches if one is found, and what is needed of its threads and actions."""
    moving = [items.decided(part, story, searcher) for part in items.moving_parts(story)]
    left, found = items.sufficient(story, moving, searcher)
    if found is None:
        return story, moving
    if not about_runs(left.prop):
        better = fewest(left.system, left.prop, searcher.part(SHARE)).witness
        found = (story_of(story.question, better) if better is not None else None) or found
    if _count(found) > _count(story) or not fits(found):
        return story, moving
    return found, [items.decided(part, found, searcher) for part in items.moving_parts(found)]


def _count(story: Story) -> int:
    names = [story.step(number).process for number in story.numbers]
    return sum(a != b for a, b in pairwise(names))


def _traced(trace: Trace, again: Reopened, story: Story) -> Trace:
    """The trace of a story, checked again as every trace is."""
    mode = Mode(trace.timed, trace.slack, frozenset(trace.costs))
    shortest = trace.shortest and len(story.run.steps) == len(trace.steps)
    subject = Subject(
        trace.model, trace.identity, trace.verdict, trace.states, trace.engine, mode, _claimed(trace), shortest=shortest
    )
    assert again.prop is not None
    made = build_trace(again.system, again.prop, story.witness, subject)
    return replace(made, spec=trace.spec, spec_digest=trace.spec_digest)


def _retold(story: Story, trace: Trace) -> Story:
    """The story in the order in which the trace tells it."""
    steps = tuple(step.choice for step in trace.steps)
    witness = replace(story.witness, steps=steps)
    if trace.loop is not None:
        witness = Witness(steps[: trace.loop], loop=steps[trace.loop :] or (REST,))
    told = story_of(story.question, witness)
    if told is None:
        raise EvidenceError(f"{trace.identity}: the trace that is shown fails its re-check")
    return told


def _renumbered(moving: list[Item], story: Story) -> list[Item]:
    """The items with the numbers of the story as it is told."""
    first: dict[tuple[Sort, str, str], int] = {}
    for part in items.moving_parts(story):
        first.setdefault((part.sort, part.process, part.text), part.step)
    return [replace(item, step=first.get((item.sort, item.process, item.text), item.step)) for item in moving]


def _switches(given: Trace, shown: Trace, found: Fewest) -> Switches:
    least = found.witness is not None
    shortest = found.witness is not None and len(shown.steps) == len(found.witness.steps)
    return Switches(shown.switches, len(shown.steps), given.switches, len(given.steps), least, shortest, found.reason)
