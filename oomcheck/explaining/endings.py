"""Why the end of a run decides the property: which part failed and since when, who waits for whom, what took long."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from oomcheck.explaining.explanation import Failed
from oomcheck.explaining.story import Story
from oomcheck.ir.expr import Expr
from oomcheck.ir.system import State, TransitionSystem, View
from oomcheck.prop.property import Kind
from oomcheck.semantics.evaluate import evaluate

ABOUT_STATES = frozenset({Kind.INVARIANT, Kind.LEMMA, Kind.NEVER, Kind.COVER})
MODES = (" (read)", " (write)")


def failed_parts(story: Story) -> tuple[Failed, ...]:
    """The parts of a formula about states that are not as wanted at the end (of a cover: that are, at last)."""
    prop = story.question.prop
    if prop.kind not in ABOUT_STATES or not _holds(story, prop.defined)[-1]:
        return ()
    wanted = prop.kind is not Kind.NEVER
    sought = prop.kind in (Kind.NEVER, Kind.COVER)  # the value at the end that decides
    parts = [(part.text, part.formula) for part in prop.conjuncts] or [(prop.text, prop.formula)]
    found = []
    for text, formula in parts:
        truth = _holds(story, formula)
        if truth[-1] is sought:
            since = len(truth) - 1
            while since and truth[since - 1] is sought:
                since -= 1
            found.append(Failed(text, since, since, wanted))
    return tuple(found)


def _holds(story: Story, formula: Expr) -> list[bool]:
    return [bool(evaluate(formula, state, story.system.slot)) for state in story.run.states]


# ---------------------------------------------------------------- who waits for whom


def circle(system: TransitionSystem, state: State) -> list[tuple[str, str, str]]:
    """Threads that wait for each other in a circle: thread, lock, and who holds it; empty if there is none."""
    waits = dict(_waits(system, state))
    for start in waits:
        path = [start]
        while path[-1] in waits:
            following = waits[path[-1]][1]
            if following in path:
                ring = path[path.index(following) :]
                first = ring.index(min(ring))
                ring = [*ring[first:], *ring[:first]]
                names = [system.processes[number].name for number in (*ring, ring[0])]
                return [(names[n], waits[number][0], names[n + 1]) for n, number in enumerate(ring)]
            path.append(following)
    return []


def _waits(system: TransitionSystem, state: State) -> Iterator[tuple[int, tuple[str, int]]]:
    """For each process that waits for a lock the lock and a process that holds it."""
    locks = {lock.name: lock for lock in system.locks}
    for one in system.observables:
        if one.view is not View.WAITS or one.process is None or not evaluate(one.condition, state, system.slot):
            continue
        name = one.text
        for mode in MODES:
            name = name.removesuffix(mode)
        if name in locks:
            for holder, holds in enumerate(locks[name].holders):
                if evaluate(holds, state, system.slot):
                    yield one.process, (name, holder)


# ---------------------------------------------------------------- where the time goes


def longest_waits(story: Story, most: int = 3) -> list[tuple[int, int, int]]:
    """Stretches in which nothing but time passes: ticks, first and last step; the longest first."""
    found = []
    for passing, group in groupby(enumerate(story.run.steps, start=1), lambda pair: pair[1].ticks > 0):
        steps = list(group)
        if passing:
            found.append((sum(step.ticks for _, step in steps), steps[0][0], steps[-1][0]))
    return sorted(found, key=lambda wait: (-wait[0], wait[1]))[:most]


def costly_steps(story: Story, counter: str, most: int = 3) -> list[tuple[int, int]]:
    """Cost and number of the steps that cost most, the first ones among equals."""
    found = []
    for number, step in enumerate(story.run.steps, start=1):
        cost = sum(amount for name, amount in step.costs if name == counter)
        if cost:
            found.append((cost, number))
    return sorted(found, key=lambda pair: (-pair[0], pair[1]))[:most]
