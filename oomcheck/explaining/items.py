"""What a run is made of, and whether the property still fails when each part is left out in turn."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from oomcheck.evidence import step_text
from oomcheck.explaining.explanation import Item, Need, Place, Sort
from oomcheck.explaining.reduced import (
    Question,
    countdowns,
    with_least_length,
    without_effect,
    without_lateness,
    without_pause,
    without_processes,
    without_steps,
)
from oomcheck.explaining.searching import Absent, Found, Open, Searcher
from oomcheck.explaining.story import ACTORS, Story, place_of, story_of
from oomcheck.ir.system import Action, Location, ProcessKind, State
from oomcheck.ir.walk import variables
from oomcheck.records import dataclass
from oomcheck.result.exploration import REST, Witness
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.replay import check_witness
from oomcheck.semantics.successors import location

_INDEX = re.compile(r"\[\d+\]$")
IDLE = "it does not move in this trace"


@dataclass(frozen=True, slots=True)
class Part:
    """Something to leave out: `left` is the question without it."""

    sort: Sort
    process: str
    text: str
    place: Place
    step: int
    left: Callable[[], Question]


def decided(part: Part, story: Story, searcher: Searcher) -> Item:
    """Whether a part is needed. The run itself is tried first: where it lacks nothing, no search is needed."""
    stopped = searcher.stopped if part.step else ""
    if stopped:
        return Item(part.sort, part.process, part.text, part.place, part.step, Need.UNDECIDED, stopped)
    left = part.left()
    if not check_witness(left.system, left.prop, story.witness):
        need, reason = Need.NOT_NEEDED, "" if part.step else IDLE
    else:
        match searcher.ask(left.system, left.prop, f"without {part.process} {part.text}".rstrip()):
            case Found(witness=witness):
                need, reason = Need.NOT_NEEDED, _instead(part, left, story, witness)
            case Absent(halted=halted) if halted and part.sort is Sort.STATEMENT:
                # The rest of the model was written for a world with the statement: this tells nothing of it.
                need, reason = Need.UNDECIDED, f"without it behaviour ends at a fault of {', '.join(halted)}"
            case Absent():
                need, reason = Need.NEEDED, ""
            case Open(reason=why):
                need, reason = Need.UNDECIDED, why
    return Item(part.sort, part.process, part.text, part.place, part.step, need, reason)


def _instead(part: Part, left: Question, story: Story, witness: Witness) -> str:
    """Who else moves in another run that did not move in this one."""
    system = left.system
    steps = {step.index: step for step in system.transitions}
    path = (index for index in (*witness.steps, *witness.loop) if index != REST)
    others = dict.fromkeys(steps[index].process for index in path if not steps[index].ticks)
    names = [system.processes[number].name for number in others if number not in story.movers]
    names = [name for name in names if name != part.process]
    return f"then {', '.join(names)} can move instead" if names else ""


def moving_parts(story: Story) -> Iterator[Part]:
    """Each thread and interrupt handler, and each action of the environment."""
    base = story.question.base
    for number, process in enumerate(base.processes):
        first = next((n for n in story.numbers if story.step(n).process == number), 0)
        if process.kind is ProcessKind.ENV and first:
            yield from _actions(story, number)
            continue
        sort = Sort.ENVIRONMENT if process.kind in ACTORS else Sort.THREAD
        span = process.span
        place = Place("", span.path if span else "", span.line if span else 0)
        yield Part(sort, process.name, "", place, first, _binding(without_processes, story.question, {number}))


def _array(name: str) -> str:
    """The array that a thread belongs to: `victim.t` of `victim.t[1]`."""
    return _INDEX.sub("", name)


def group_parts(story: Story, items: Sequence[Item]) -> Iterator[Part]:
    """All threads of an array at once, where one of them moves and is not needed: another one may take its place."""
    base = story.question.base
    spare = {item.process for item in items if item.sort is Sort.THREAD and item.step and item.need is Need.NOT_NEEDED}
    for name in dict.fromkeys(_array(process.name) for process in base.processes if process.name in spare):
        members = [number for number, process in enumerate(base.processes) if _array(process.name) == name]
        if len(members) > 1:
            first = next(n for n in story.numbers if story.step(n).process in members)
            span = base.processes[members[0]].span
            place = Place("", span.path if span else "", span.line if span else 0)
            yield Part(Sort.GROUP, name, "", place, first, _binding(without_processes, story.question, members))


def _actions(story: Story, process: int) -> Iterator[Part]:
    """Each statement that a process of the environment runs."""
    seen: set[frozenset[int]] = set()
    for number in story.numbers:
        own = story.statement(number)
        if story.step(number).process == process and own not in seen:
            seen.add(own)
            yield _of_step(story, Sort.ENVIRONMENT, number, _binding(without_steps, story.question, own))


def _of_step(story: Story, sort: Sort, number: int, left: Callable[[], Question]) -> Part:
    action = story.step(number).action
    text = step_text(story.system, action, story.run.states[number - 1])
    return Part(sort, story.name(number), text, place_of(action), number, left)


def _binding(make: Callable[..., Question], *args: object) -> Callable[[], Question]:
    return lambda: make(*args)


def statement_parts(story: Story) -> Iterator[Part]:
    """Each statement of a thread that does something to others, the last ones first: these decide most often."""
    seen: set[frozenset[int]] = set()
    for number in reversed(story.numbers):
        own = story.here(number)
        if own not in seen and story.is_seen(number) and story.kind(story.step(number).process) is not ProcessKind.ENV:
            seen.add(own)
            first = next(n for n in story.numbers if story.step(n).index in own)
            yield _of_step(story, Sort.STATEMENT, first, _binding(without_effect, story.question, own))


# ---------------------------------------------------------------- time


def timed_parts(story: Story) -> Iterator[Part]:
    """Each pause in which time passes, its length, and the lateness of threads that time passes by."""
    if not story.question.timed:
        return
    question, base = story.question, story.question.base
    pauses: dict[tuple[int, int], int] = {}
    stretched: dict[tuple[int, int], int] = {}
    late: dict[int, int] = {}
    for number, step in enumerate(story.run.steps, start=1):
        if step.ticks:
            before = story.run.states[number - 1]
            for process in range(len(base.processes)):
                at = location(base, before, process)
                if _pauses(story, process, at, before):
                    pauses.setdefault((process, at), number)
                    if _may_run(story, process, at, before):
                        stretched.setdefault((process, at), number)
                elif _is_late(story, process, at, before):
                    late.setdefault(process, number)
    for (process, at), number in pauses.items():
        yield _of_place(story, Sort.DELAY, process, at, number, _binding(without_pause, question, process, at))
    for (process, at), number in stretched.items():
        left = _binding(with_least_length, question, process, at)
        yield _of_place(story, Sort.LENGTH, process, at, number, left)
    for process, number in late.items():
        left = _binding(without_lateness, question, process)
        yield Part(Sort.LATENESS, base.processes[process].name, "", Place(), number, left)


def _pauses(story: Story, process: int, at: int, state: State) -> bool:
    """Whether a countdown runs that the steps from this location wait for."""
    base = story.question.base
    running = [name for name in countdowns(base, process) if state[base.slot[name]] > 0]
    if not running:
        return False
    steps = base.by_location.get((process, at), ())
    waited_for = (base.processes[process].locations[at].patience, *(step.guard for step in steps))
    return any(not variables(condition).isdisjoint(running) for condition in waited_for)


def _is_late(story: Story, process: int, at: int, state: State) -> bool:
    """Whether a thread could run here and need not wait."""
    kind = story.question.base.processes[process].kind
    return kind in (ProcessKind.THREAD, ProcessKind.KTHREAD) and _may_run(story, process, at, state)


def _may_run(story: Story, process: int, at: int, state: State) -> bool:
    base = story.question.base
    steps = base.by_location.get((process, at), ())
    return any(evaluate(step.guard, state, story.system.slot) for step in steps)


def _of_place(story: Story, sort: Sort, process: int, at: int, number: int, left: Callable[[], Question]) -> Part:
    owner = story.question.base.processes[process]
    steps = story.question.base.by_location.get((process, at), ())
    action = steps[0].action if steps else _of_location(owner.locations[at])
    text = step_text(story.system, action, None)
    return Part(sort, owner.name, text, place_of(action), number, left)


def _of_location(place: Location) -> Action:
    return Action(place.name, place.span, place.source)


# ---------------------------------------------------------------- threads that are enough


def sufficient(story: Story, items: Sequence[Item], searcher: Searcher) -> tuple[Question, Story | None]:
    """The question with as few threads as a greedy choice leaves, and a run of it.

    What does not move is out; then each of the others is tried together with what is out already, unless it or an
    action of it is known to be needed. The run is one of the whole system too; None if nothing could be left out.
    """
    base = story.question.base
    left = without_processes(story.question, [n for n in range(len(base.processes)) if n not in story.movers])
    needed = {item.process for item in items if item.need is Need.NEEDED}
    found: Story | None = None
    for process in story.movers:
        name = base.processes[process].name
        if name in needed or (found is not None and process not in found.movers):
            continue
        smaller = without_processes(left, {process})
        match searcher.ask(smaller.system, smaller.prop, f"also without {name}"):
            case Found(witness=witness):
                better = story_of(story.question, witness)
                if better is not None:
                    left, found = smaller, better
            case Absent() | Open():
                pass
    return left, found
