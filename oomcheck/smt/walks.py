"""States of a system that walks come to."""

from __future__ import annotations

from random import Random

from oomcheck.ir.system import State, TransitionSystem
from oomcheck.semantics.successors import apply, enabled

LONGEST_WALK = 400
STALE_WALKS = 12  # so many walks without a new state end the search for more


def reached(system: TransitionSystem, seed: int, most: int, start: State | None = None) -> list[State]:
    """States on walks from `start`, else from the initial one, at most so many; the same seed gives the same ones.

    A walk prefers steps that were rarely taken.
    """
    random = Random(seed)
    taken = [0] * len(system.transitions)
    position = {id(step): number for number, step in enumerate(system.transitions)}
    start = system.initial if start is None else start
    found: dict[State, None] = {start: None}
    stale = 0
    while stale < STALE_WALKS and len(found) < most:
        state, before = start, len(found)
        for _ in range(LONGEST_WALK):
            moves = [position[id(step)] for step in enabled(system, state)]
            if not moves or len(found) == most:
                break
            number = random.choice(moves) if random.random() < 0.4 else min(moves, key=lambda m: taken[m])
            taken[number] += 1
            state = apply(system, system.transitions[number], state)
            found[state] = None
        stale = 0 if len(found) > before else stale + 1
    return list(found)
