"""What is told of a schedule that was taken on two systems."""

from __future__ import annotations

from enum import Enum

from oomcheck.ir.system import State
from oomcheck.records import dataclass
from oomcheck.result.trace import Fact


class Reason(Enum):
    """Why the other system cannot follow."""

    OUTCOME = "outcome"  # the same statement ends another way
    EFFECT = "effect"  # the same statement changes something else
    BLOCKED = "blocked"  # the thread stands before the statement and cannot take it; perhaps another one
    ENDED = "ended"
    FAULT = "fault"
    ELSEWHERE = "elsewhere"  # the thread stands before other statements
    MISSING = "missing"  # there is no such thread


@dataclass(frozen=True, slots=True)
class Follower:
    """How the other system follows step `number`: by `text`, after `extra` steps that only it has.

    `text` is "" if it has no such statement; then the `extra` steps, if there are any, stand in for it.
    """

    number: int
    process: str
    own: str
    text: str
    extra: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """A variable of both systems with its values in them, which differ since step `since` (0: from the start)."""

    name: str
    own: str
    other: str
    since: int


@dataclass(frozen=True, slots=True)
class Later:
    """A step after the divergence: of the schedule, and what the same thread does meanwhile in the other system."""

    number: int
    process: str
    own: str
    other: str


@dataclass(frozen=True, slots=True)
class Divergence:
    """The first step that the other system does not take as the schedule does.

    `possible` is what the thread can do there instead, `why` what it waits for or runs into, after `extra` steps that
    only the other system has; `effects` are variables
    that become different by this step, `apart` those that were before. `facts` and `other_facts` tell of both states.
    """

    reason: Reason
    number: int
    process: str
    own: str
    possible: tuple[str, ...]
    why: tuple[str, ...]
    extra: tuple[str, ...]
    effects: tuple[Difference, ...]
    apart: tuple[Difference, ...]
    facts: tuple[Fact, ...]
    other_facts: tuple[Fact, ...]
    later: tuple[Later, ...]


@dataclass(frozen=True, slots=True)
class Course:
    """A schedule on both systems; `states` and `steps` are those of the other one, as far as it follows."""

    followed: tuple[Follower, ...]
    divergence: Divergence | None
    apart: tuple[Difference, ...]  # variables with different values at the end
    states: tuple[State, ...]
    steps: tuple[int, ...]
