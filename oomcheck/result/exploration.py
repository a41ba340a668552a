"""What an explicit search was asked and what it found."""

from __future__ import annotations

from collections.abc import Mapping

from oomcheck.records import dataclass

#: The step of a run in which nothing moves any more: its last state lasts for ever.
REST = -1


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a search; None is no bound. Seconds, bytes of resident memory, steps."""

    max_states: int | None = None
    timeout: float | None = None
    max_memory: int | None = None
    depth: int | None = None


@dataclass(frozen=True, slots=True)
class LockEdge:
    """Process `process` took lock `wanted` by blocking while it held `held` (numbers in the system)."""

    process: int
    held: int
    wanted: int


@dataclass(frozen=True, slots=True)
class Witness:
    """Transitions (by index) from the initial state to a state that decides a property.

    `fault` is the fault that the last state's next step runs into; `racing`
    are two transitions enabled at once; `cycle` closes a circle of locks: each
    edge wants what the next one holds, the last edge belongs to the last state,
    and `paths` leads to a state with that edge for each of them. `loop` leads
    from the last state back to itself, and repeats for ever; the step REST in it
    stands for "nothing moves".
    """

    steps: tuple[int, ...]
    fault: int | None = None
    racing: tuple[int, int] | None = None
    cycle: tuple[LockEdge, ...] = ()
    paths: tuple[tuple[int, ...], ...] = ()
    loop: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a running search stands; `frontier` counts states not yet expanded, `seconds` since the start.

    `task` says what is searched, for people. While a proof engine is at work, `phase` says what it does, and there
    are no states.
    """

    states: int
    transitions: int
    frontier: int
    depth: int
    seconds: float
    task: str = ""
    phase: str = ""


@dataclass(frozen=True, slots=True)
class Exploration:
    """Counts and findings of one search of one system.

    `states` counts distinct states, the initial one included; `transitions`
    counts steps taken, the initial state not included; `depth` is the largest
    number of steps on a shortest path to a state. `stopped` is empty when every
    reachable state was visited, else the reason. `witnesses` holds the first
    and shortest witness of each property (by name) that was violated or covered.
    """

    states: int
    transitions: int
    depth: int
    stopped: str
    witnesses: Mapping[str, Witness]
    antecedents: frozenset[tuple[str, int]]  # (property, number) of those that held somewhere
    covered: frozenset[int]  # cover points that ran
    halted: frozenset[str]  # sanitizers with a halting fault that was reached
    seconds: float
    reductions: tuple[str, ...] = ()  # passes that made the search smaller, as reports call them
    shortest: bool = True  # else the witnesses are real, but there may be shorter ones
    orders: frozenset[LockEdge] = frozenset()  # that were seen, if lockdep was asked for; all only without reductions

    @property
    def exhaustive(self) -> bool:
        """Whether all reachable states were visited."""
        return not self.stopped
