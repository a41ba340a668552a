"""Which orders of steps a violation needs: each is turned round in turn, in all runs at once.

Two steps of different threads have an order that may matter if one writes what the other reads or writes. To turn
`first` before `second` round, the statement of `second` no longer runs once that of `first` has; if no run of what is
left violates the property, the order is needed: in every violating run `second` runs at some time after `first`. If
the model lets `second` come first at all, the order is a matter of luck: a race.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product

from oomcheck.explaining.explanation import Need, Order, Window
from oomcheck.explaining.reduced import Question
from oomcheck.explaining.searching import Absent, Found, Open, Searcher
from oomcheck.explaining.story import Story, story_of
from oomcheck.ir.expr import TRUE, Expr, Var, and_, not_, or_
from oomcheck.ir.sorts import BOOL
from oomcheck.ir.system import Role, StateVar, Transition, TransitionSystem, Update
from oomcheck.prop.property import Kind, Property
from oomcheck.records import dataclass
from oomcheck.semantics.checks import forbids_deadlock


@dataclass(frozen=True, slots=True)
class Pair:
    """Two steps in their order, and a slot that both touch and one of them writes."""

    first: int
    second: int
    slot: int


def pairs(story: Story) -> list[Pair]:
    """The orders between threads that no other ones imply, those nearest to the end first."""
    found = list(dict.fromkeys(_conflicts(story)))
    following: dict[int, list[int]] = {}
    for first, second in dict.fromkeys([*((p.first, p.second) for p in found), *_own_orders(story)]):
        following.setdefault(first, []).append(second)
    single = {(p.first, p.second): p for p in reversed(found)}  # of several slots the first one is told
    kept = [pair for (first, second), pair in single.items() if not _implied(first, second, following)]
    return sorted(kept, key=lambda p: (-p.second, -p.first))


def _conflicts(story: Story) -> Iterator[Pair]:
    """Each step after the last one that wrote what it touches, and after those that read what it writes."""
    writer: dict[int, int] = {}
    readers: dict[int, list[int]] = {}
    for number in story.numbers:
        process = story.step(number).process
        for slot in sorted(story.reads(number) | story.writes(number)):
            before = [writer[slot]] if slot in writer else []
            before += readers.get(slot, []) if slot in story.writes(number) else []
            yield from (Pair(n, number, slot) for n in before if story.step(n).process != process)
        for slot in story.reads(number):
            readers.setdefault(slot, []).append(number)
        for slot in story.writes(number):
            writer[slot] = number
            readers[slot] = []


def _own_orders(story: Story) -> list[tuple[int, int]]:
    """Neighbouring steps of one thread."""
    last: dict[int, int] = {}
    found = []
    for number in story.numbers:
        process = story.step(number).process
        if process in last:
            found.append((last[process], number))
        last[process] = number
    return found


def _implied(start: int, end: int, following: Mapping[int, Sequence[int]]) -> bool:
    """Whether other orders lead from `start` to `end`."""
    todo, seen = [number for number in following[start] if number < end], set[int]()
    while todo:
        number = todo.pop()
        if number not in seen and number <= end:
            seen.add(number)
            todo += following.get(number, ())
    return end in seen


# ---------------------------------------------------------------- turned round


def decided(pair: Pair, story: Story, searcher: Searcher) -> Order:
    """Whether the order of a pair is needed, and if so, whether it is a matter of luck."""
    shared = story.shown(pair.slot)
    stopped = searcher.stopped
    if stopped:
        return Order(pair.first, pair.second, shared, Need.UNDECIDED, None, stopped)
    question = story.question
    first, second = story.here(pair.first), story.here(pair.second)
    turned = _turned(question, first, second)
    need, reason, free = Need.UNDECIDED, "", None
    match searcher.ask(turned.system, turned.prop, f"step {pair.second} before step {pair.first}"):
        case Found(witness=witness):
            # What is held back too long may look like a violation that the model does not have.
            real = story_of(question, witness) is not None
            need, reason = (
                (Need.NOT_NEEDED, "")
                if real
                else (Need.UNDECIDED, "the run found without it exists only because a thread is held back")
            )
        case Absent():
            need = Need.NEEDED
            free = _is_free(question, first, second, searcher)
        case Open(reason=why):
            reason = why
    return Order(pair.first, pair.second, shared, need, free, reason)


def _is_free(question: Question, first: frozenset[int], second: frozenset[int], searcher: Searcher) -> bool | None:
    """Whether a run exists in which the second statement runs before the first has; None if that is not known."""
    base, (ran, other) = _watched(question.base, [first, second])
    early = Property("early", Kind.NEVER, and_(other, not_(ran)))
    watching = replace(question, base=base, prop=early, idle=False)
    match searcher.ask(watching.system, early, "whether that can be"):
        case Found():
            return True
        case Absent():
            return False
        case Open():
            return None


def _turned(question: Question, first: frozenset[int], second: frozenset[int]) -> Question:
    """The statement `second` never runs after `first` has; who is kept by that alone makes no deadlock."""
    base, (ran,) = _watched(question.base, [first])
    held = [step for step in base.transitions if step.index in second]
    waits = or_(*(and_(base.at(step.process, step.origin), step.guard, ran) for step in held))
    steps = tuple(replace(s, guard=and_(s.guard, not_(ran))) if s.index in second else s for s in base.transitions)
    prop = question.prop
    if forbids_deadlock(prop):
        # As a deadlock of its own kind it can name states of rest that it accepts.
        prop = replace(prop, kind=Kind.DEADLOCK_FREE, rest=or_(prop.rest, waits))
    return replace(question, base=replace(base, transitions=steps), prop=prop)


def _watched(base: TransitionSystem, groups: Sequence[frozenset[int]]) -> tuple[TransitionSystem, list[Expr]]:
    """The system with a flag for each group of transitions that tells whether one of them was taken."""
    flags = [Var(f"$taken{number}", BOOL) for number in range(len(groups))]
    added = tuple(StateVar(flag.name, BOOL, (0,), Role.SHARED, (flag.name,), quiet=True) for flag in flags)

    def noting(step: Transition) -> Transition:
        more = tuple(Update(flag, TRUE) for flag, group in zip(flags, groups, strict=True) if step.index in group)
        return replace(step, updates=(*step.updates, *more)) if more else step

    steps = tuple(map(noting, base.transitions))
    return replace(base, variables=(*base.variables, *added), transitions=steps), list[Expr](flags)


# ---------------------------------------------------------------- windows


def windows_of(story: Story, orders: Sequence[Order]) -> tuple[Window, ...]:
    """The narrowest stretches of a thread into which steps of another one had to fall, by luck at both ends."""
    needed = [order for order in orders if order.need is Need.NEEDED and order.free]
    found: dict[tuple[int, int], dict[tuple[int, int], Window]] = {}
    for before, after in product(needed, repeat=2):
        victim, other = story.step(before.first).process, story.step(before.second).process
        if (story.step(after.second).process, story.step(after.first).process) != (victim, other):
            continue
        if before.second <= after.first:
            windows, ends = found.setdefault((victim, other), {}), (before.first, after.second)
            known = windows.get(ends, Window(*ends, before.second, after.first))
            begins, last = min(known.begins, before.second), max(known.ends, after.first)
            windows[ends] = Window(*ends, begins, last)
    narrow = [w for group in found.values() for w in group.values() if not any(_inside(o, w) for o in group.values())]
    return tuple(sorted(narrow, key=lambda w: (w.opens, w.closes, w.begins)))


def _inside(inner: Window, outer: Window) -> bool:
    ends = (inner.opens, inner.closes)
    return ends != (outer.opens, outer.closes) and outer.opens <= ends[0] and ends[1] <= outer.closes
