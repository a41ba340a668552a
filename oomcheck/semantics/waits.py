"""Times and costs along a run, summed up from its states and steps alone."""

from __future__ import annotations

from oomcheck.ir.system import Transition, TransitionSystem
from oomcheck.prop.temporal import Response
from oomcheck.records import dataclass
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.runs import Run


@dataclass(frozen=True, slots=True)
class Wait:
    """From state `start`, the first one with the trigger, to state `end`: the response, or the last state looked at.

    States count from 0; `ticks` is the time between the two.
    """

    start: int
    end: int
    ticks: int
    answered: bool


def waits(system: TransitionSystem, response: Response, run: Run) -> tuple[Wait, ...]:
    """The waits for a response along the states of a run, in their order; only the last one may be unanswered."""
    found: list[Wait] = []
    start: int | None = None
    ticks = 0
    for number, state in enumerate(run.states):
        if start is not None:
            ticks += run.steps[number - 1].ticks
        if start is None and evaluate(response.trigger, state, system.slot):
            start, ticks = number, 0
        if start is not None and evaluate(response.response, state, system.slot):
            found.append(Wait(start, number, ticks, True))
            start = None
    if start is not None:
        found.append(Wait(start, len(run.states) - 1, ticks, False))
    return tuple(found)


def longest_wait(system: TransitionSystem, response: Response, run: Run) -> Wait | None:
    """The longest of the waits (the first one of those), None if the trigger never comes."""
    return max(waits(system, response, run), key=lambda wait: wait.ticks, default=None)


def cost_of(step: Transition, name: str) -> int:
    """How much a step adds to a cost counter."""
    return sum(amount for counter, amount in step.costs if counter == name)


def total_cost(steps: tuple[Transition, ...], name: str) -> int:
    """What a cost counter amounts to along some steps."""
    return sum(cost_of(step, name) for step in steps)
