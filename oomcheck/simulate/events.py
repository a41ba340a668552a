"""One timed run: discrete-event simulation of a system in which time jumps from one event to the next.

A thread at a location with patience is busy there for a time that is drawn when it gets there. A thread that has
something to do again after sleep may be late, by a time that is drawn when it wakes. All else is exact. While some
thread has an urgent step, such a step is taken, else time passes. An environment may act whenever nothing is urgent:
a coin decides between it and time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import field

from oomcheck.records import dataclass
from oomcheck.simulate.chance import Chance
from oomcheck.simulate.program import Run
from oomcheck.simulate.timing import Event, Timing, next_event


@dataclass(slots=True)
class Clock:
    """Times of a run in ticks, by process: busy in delays, waiting for locks that spin, being late."""

    now: int = 0
    started: list[int | None] = field(default_factory=list)  # at work for the first time
    ended: list[int | None] = field(default_factory=list)
    busy: list[int] = field(default_factory=list)
    spinning: list[int] = field(default_factory=list)
    late: list[int] = field(default_factory=list)


class TimedRun(Run):
    """A run that `proceed` carries on by one step or by a jump in time. A jump of n ticks is -n in `steps`."""

    def __init__(self, timing: Timing, chance: Chance, more: Sequence[Event] = ()) -> None:
        super().__init__(timing.program)
        size = len(timing.program.counters)
        self._timing = timing
        self._chance = chance
        self._more = tuple(more)  # events that nobody waits for but the caller
        self._busy: dict[int, int] = {}  # processes in a delay, and when they leave it
        self._late: dict[int, int] = {}  # processes that have something to do, and when they get to it
        self._is_asleep = [True] * size
        self._is_spinning = [False] * size
        self.is_halted = False  # ended at a fault beyond which nothing has a meaning
        self.costs: Counter[str] = Counter()
        self.clock = Clock(0, [None] * size, [None] * size, [0] * size, [0] * size, [0] * size)
        for process in range(size):
            self._arrive(process)

    def proceed(self) -> int | None:
        """Take an urgent step, or let time pass; the transition taken, -n for n ticks, None at the end."""
        timing, waiting = self._timing, self._busy.keys() | self._late.keys()
        idle: list[int] = []
        urgent: list[int] = []
        for process, moves in enumerate(self.moves):
            if moves and process not in waiting:
                (idle if timing.is_environment[process] else urgent).append(process)
        if urgent:
            return self._act(urgent)
        if timing.halts is not None and timing.halts(self.state):
            self.is_halted = True
            return None
        ticks = self._next()
        if idle and (not ticks or self._chance.heads()):
            return self._act(idle)
        if not ticks:
            ticks = max((self.state[slot] for slot in timing.countdowns), default=0)
            if not ticks:
                return None
        self._pass(ticks)
        return -ticks

    # ------------------------------------------------------------ steps

    def _act(self, movers: Sequence[int]) -> int:
        process = self._chance.one_of(movers)
        index = self._chance.one_of(self.moves[process])
        clock = self.clock
        if clock.started[process] is None:
            clock.started[process] = clock.now
        for other in self.take(index):
            if other != process:
                self._settle(other)
        step = self._timing.steps[index]
        for name, number in step.costs:
            self.costs[name] += number
        if clock.ended[process] is None and step.target == self._timing.system.processes[process].done:
            clock.ended[process] = clock.now
        self._arrive(process)
        return index

    def _arrive(self, process: int) -> None:
        """A process has come to a location: it may be busy there for some time."""
        at = self.state[self._timing.program.counters[process]]
        patience = self._timing.patience[process][at]
        if patience is not None and patience(self.state):
            ticks = self._chance.between(*self._timing.delay(process, at, self.state))
            if self.clock.started[process] is None:
                self.clock.started[process] = self.clock.now
            if ticks:
                self._busy[process] = self.clock.now + ticks
                self._is_asleep[process] = False
                return
        self._settle(process)

    def _settle(self, process: int) -> None:
        """What a process can do may have changed: it wakes, goes to sleep, or stays as it is."""
        if process in self._busy:
            return
        if self.moves[process]:
            self._is_spinning[process] = False
            if self._is_asleep[process]:
                self._is_asleep[process] = False
                self._wake(process)
            return
        self._late.pop(process, None)
        at = self.state[self._timing.program.counters[process]]
        spins = self._timing.spins[process][at]
        self._is_spinning[process] = spins is not None and bool(spins(self.state))
        self._is_asleep[process] = not self._is_spinning[process] and self._timing.patience[process][at] is None

    def _wake(self, process: int) -> None:
        slack, holds = self._timing.slack[process], self._timing.holds[process]
        if slack and not (holds is not None and holds(self.state)):
            ticks = self._chance.between(0, slack)
            if ticks:
                self._late[process] = self.clock.now + ticks

    # ------------------------------------------------------------ time

    def _next(self) -> int:
        """Ticks until something may change, 0 if nothing will."""
        now, state, counters = self.clock.now, self.state, self._timing.program.counters
        ends = [*self._busy.values(), *self._late.values()]
        nearest = min(ends) - now if ends else 0
        waiting = [self._more]
        for process in range(len(counters)):
            if process not in self._busy:
                waiting.append(self._timing.events.get((process, state[counters[process]]), ()))
        for events in waiting:
            ticks = next_event(events, state) if events else 0
            if ticks and (not nearest or ticks < nearest):
                nearest = ticks
        return nearest

    def _pass(self, ticks: int) -> None:
        clock, timing = self.clock, self._timing
        for process in self._busy:
            clock.busy[process] += ticks
        for process in self._late:
            clock.late[process] += ticks
        for process, spins in enumerate(self._is_spinning):
            if spins:
                clock.spinning[process] += ticks
        clock.now += ticks
        self.steps.append(-ticks)
        changed = self.replace(timing.later(self.state, ticks), timing.readers)
        ready = [process for process, end in self._busy.items() if end == clock.now]
        for process in ready:
            del self._busy[process]
        for process in [process for process, end in self._late.items() if end == clock.now]:
            del self._late[process]
        for process in sorted({*changed, *ready}):
            self._settle(process)
