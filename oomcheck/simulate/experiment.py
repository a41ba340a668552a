"""Many timed runs: distributions of what is measured in them, and what they run into."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from oomcheck.ir.expr import and_
from oomcheck.ir.system import ProcessKind, TransitionSystem
from oomcheck.prop.property import Property
from oomcheck.prop.temporal import CostBound, Response
from oomcheck.pygen.expressions import compile_conditions
from oomcheck.pygen.watch import slots_below
from oomcheck.records import dataclass
from oomcheck.result.amounts import TICKS
from oomcheck.simulate.chance import Chance
from oomcheck.simulate.events import TimedRun
from oomcheck.simulate.lookout import Lookout, Tally
from oomcheck.simulate.program import Program
from oomcheck.simulate.statistics import Summary, summary
from oomcheck.simulate.timing import Event, Timing, events
from oomcheck.simulate.walk import BEAT, Plan, Told, Walks


@dataclass(frozen=True, slots=True)
class Measured:
    """A measure: its values, one of each run that had one, in the order of the runs.

    `open` counts the runs that ended while its end was still to come.
    """

    name: str
    unit: str  # TICKS, or the name of a cost counter
    sentence: str
    values: tuple[int, ...]
    open: int

    @property
    def summary(self) -> Summary | None:
        """The values in a few numbers; None if there are none."""
        return summary(self.values)


class _Wait:
    """The longest time in a run from a state where P holds to the first one where Q does."""

    def __init__(self, system: TransitionSystem, prop: Property) -> None:
        assert isinstance(prop.temporal, Response)
        sides = [and_(prop.defined, side) for side in (prop.temporal.trigger, prop.temporal.response)]
        self.name, self.sentence, self.limit = prop.name, prop.sentence or prop.text, prop.temporal.limit
        self.slots = frozenset().union(*(slots_below(side, system.slot) for side in sides))
        self._trigger, self._answer = compile_conditions(sides, system.slot)
        self.since: int | None = None
        self.longest: int | None = None

    def begin(self) -> None:
        """A run begins."""
        self.since = self.longest = None

    def look(self, state: Sequence[int], now: int) -> None:
        """The run is in a state where the sides may be other than before."""
        here = tuple(state)
        if self.since is None and self._trigger(here):
            self.since = now
        if self.since is not None and self._answer(here):
            self.longest = max(now - self.since, self.longest or 0)
            self.since = None

    def is_over(self, now: int, is_cut: bool) -> bool:
        """Whether the run, which is over now, kept somebody waiting for longer than the limit.

        At the end of a run that was not cut nothing happens any more: who waits then waits for ever.
        """
        if self.limit is None:
            return False
        if self.since is not None and (not is_cut or now - self.since > self.limit):
            return True
        return self.longest is not None and self.longest > self.limit


class Experiment:
    """A system made ready for timed runs; each run of a plan adds to the measures."""

    def __init__(
        self, system: TransitionSystem, properties: Sequence[Property], bounds: Sequence[Property] = ()
    ) -> None:
        waits = [prop for prop in bounds if isinstance(prop.temporal, Response)]
        self._system = system
        self._limits = [prop for prop in bounds if isinstance(prop.temporal, CostBound)]
        self._over: dict[str, Tally] = {prop.name: Tally() for prop in bounds if _has_limit(prop)}
        self._program = Program(system)
        self._timing = Timing(self._program)
        self._lookout = Lookout(system, properties) if properties else None
        self._waits = [_Wait(system, prop) for prop in waits]
        counting = frozenset(self._timing.countdowns)
        self._asked = {
            index: tuple(wait for wait in self._waits if not wait.slots.isdisjoint(written))
            for index, written in self._program.writes.items()
        }
        self._asked_by_time = tuple(wait for wait in self._waits if not wait.slots.isdisjoint(counting))
        self._events: tuple[Event, ...] = tuple(_events(system, waits, counting))
        self._values: dict[tuple[str, str, str], list[int]] = {}
        self._open: dict[tuple[str, str, str], int] = {}
        self._costs = tuple(sorted({name for step in system.transitions for name, _ in step.costs}))

    def make(self, plan: Plan, should_stop: Callable[[], str] | None = None, progress: Told | None = None) -> Walks:
        """The runs of a plan; a run ends where nothing can happen any more, or is cut at the limit of steps.

        One that a fault halted is no behaviour of the model and not measured.
        """
        steps, events, cut, halted, done, stopped = 0, 0, 0, 0, 0, ""
        taken: set[int] = set()
        for number in plan.numbers:
            if plan.has_enough(events) or (should_stop is not None and (stopped := should_stop())):
                break
            run, is_cut = self.run(Chance(plan.seed, number), plan.steps, number, should_stop)
            if is_cut:
                cut += len(run.steps) == plan.steps
                stopped = "" if should_stop is None else should_stop()
            halted += run.is_halted
            own = [step for step in run.steps if step >= 0]
            steps += len(own)
            events += len(run.steps)
            taken.update(own)
            done += 1
            if progress is not None:
                progress(done, plan.runs)
            if not run.is_halted:
                self._record(run, is_cut)
                self._judge(run, is_cut, number)
        tallies = {**self._over, **({} if self._lookout is None else self._lookout.tallies)}
        return Walks(done, steps, cut, tallies, frozenset(taken), stopped, halted)

    def run(
        self, chance: Chance, limit: int, number: int = 1, should_stop: Callable[[], str] | None = None
    ) -> tuple[TimedRun, bool]:
        """One run, and whether the limit of steps cut it, or the wish to stop before."""
        run = TimedRun(self._timing, chance, self._events)
        for wait in self._waits:
            wait.begin()
            wait.look(run.state, 0)
        if self._lookout is not None:
            self._lookout.begin(number, run)
        for count in range(1, limit + 1):
            if count % BEAT == 0 and should_stop is not None and should_stop():
                return run, True
            step = run.proceed()
            if step is None:
                if self._lookout is not None and not any(run.moves):
                    self._lookout.rest(run)
                return run, False
            for wait in self._asked[step] if step >= 0 else self._asked_by_time:
                wait.look(run.state, run.clock.now)
            if self._lookout is not None:
                self._lookout.look(step, run)
        return run, True

    # ------------------------------------------------------------ measures

    def measures(self) -> tuple[Measured, ...]:
        """All measures of the runs made so far; one that no run had a value for is left out."""
        return tuple(
            Measured(*key, tuple(values), self._open.get(key, 0))
            for key, values in self._values.items()
            if values or self._open.get(key, 0)
        )

    def _record(self, run: TimedRun, is_cut: bool) -> None:
        for key, value, is_open in self._readings(run, is_cut):
            values = self._values.setdefault(key, [])
            if is_open:
                self._open[key] = self._open.get(key, 0) + 1
            elif value is not None:
                values.append(value)

    def _judge(self, run: TimedRun, is_cut: bool, number: int) -> None:
        """Count the bounds that a run exceeds."""
        over = [wait.name for wait in self._waits if wait.is_over(run.clock.now, is_cut)]
        for prop in self._limits:
            bound = prop.temporal
            assert isinstance(bound, CostBound)
            if bound.limit is not None and run.costs[bound.name] > bound.limit:
                over.append(prop.name)
        for name in over:
            tally = self._over[name]
            tally.runs += 1
            tally.run = tally.run or number

    def _readings(self, run: TimedRun, is_cut: bool) -> Iterator[tuple[tuple[str, str, str], int | None, bool]]:
        """Name, unit and sentence of each measure, its value in a run, and whether its end was still to come."""
        clock, system = run.clock, self._system
        for number, process in enumerate(system.processes):
            if process.kind not in (ProcessKind.THREAD, ProcessKind.KTHREAD):
                continue
            start, end = clock.started[number], clock.ended[number]
            if process.done is not None and not process.daemon:
                life = None if start is None or end is None else end - start
                yield (f"life({process.name})", TICKS, "from its first step to its end"), life, end is None
            for name, sentence, value in self._totals(run, number):
                yield (f"{name}({process.name})", TICKS, sentence), value, is_cut and end is None
        for wait in self._waits:
            yield (wait.name, TICKS, wait.sentence), wait.longest, wait.since is not None
        for name in self._costs:
            yield (f"cost({name})", name, "counted in a run"), run.costs[name], is_cut

    def _totals(self, run: TimedRun, number: int) -> Iterator[tuple[str, str, int]]:
        """Name, sentence and value of what a process spent its time on."""
        clock, timing = run.clock, self._timing
        busy, spinning = clock.busy[number], clock.spinning[number]
        if any(patience is not None for patience in timing.patience[number]):
            yield "busy", "in delays of its own", busy
        if any(spins is not None for spins in timing.spins[number]):
            yield "spin", "waiting for locks that spin", spinning
            yield "running", "in delays, or waiting for locks that spin", busy + spinning
        if self._system.processes[number].slack:
            yield "late", "runnable, but late", clock.late[number]


def _has_limit(prop: Property) -> bool:
    return isinstance(prop.temporal, Response | CostBound) and prop.temporal.limit is not None


def _events(system: TransitionSystem, waits: Iterable[Property], counting: frozenset[int]) -> Iterator[Event]:
    for prop in waits:
        assert isinstance(prop.temporal, Response)
        yield from events([prop.defined, prop.temporal.trigger, prop.temporal.response], system.slot, counting)
