"""Timed runs: exact times, distributions that are known, and agreement with the clocked system."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from oomcheck.ir.expr import Apply, Expr, Index, Var, and_, binary, eq
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, ArraySort, IntSort
from oomcheck.ir.system import ProcessKind, TransitionSystem
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.lower import lower
from oomcheck.lang.mode import Mode
from oomcheck.prop.property import Kind, Property, sanitizer
from oomcheck.prop.temporal import CostBound, Response
from oomcheck.semantics.replay import Mismatch, replay
from oomcheck.simulate.chance import Chance
from oomcheck.simulate.experiment import Experiment, Measured
from oomcheck.simulate.program import Program
from oomcheck.simulate.statistics import Summary
from oomcheck.simulate.timing import Timing, events, next_event
from oomcheck.simulate.walk import BEAT, Plan
from oomcheck.transform.clock import clocked
from tests import toys
from tests.simulate.clocks import at_most, contention, countdown, delays, patient, positive, sleeper, ticker, timed

MODELS = Path(__file__).parents[2] / "models"


def measured(system: TransitionSystem, plan: Plan, bounds: tuple[Property, ...] = ()) -> Mapping[str, Measured]:
    """All measures of the runs of a plan, by name."""
    experiment = Experiment(system, [], bounds)
    experiment.make(plan)
    return {measure.name: measure for measure in experiment.measures()}


def numbers(measure: Measured) -> Summary:
    """The numbers of a measure that has values."""
    found = measure.summary
    assert found is not None
    return found


@pytest.mark.parametrize(("low", "high", "times"), [(0, 9, 1), (10, 30, 1), (5, 6, 1), (100, 1100, 3), (0, 4, 12)])
def test_uniform_delays(low: int, high: int, times: int) -> None:
    """Sums of uniform durations have the mean and variance of the textbook, within five standard errors."""
    runs = 4000
    found = numbers(measured(delays(low, high, times), Plan(seed=3, runs=runs))["life(t)"])
    variance = times * ((high - low + 1) ** 2 - 1) / 12
    assert abs(found.mean - times * (low + high) / 2) < 5 * math.sqrt(variance / runs)
    kurtosis = 3 - 1.2 / times  # of a sum of uniform variates, nearly
    assert found.sd is not None
    assert abs(found.sd**2 / variance - 1) < 5 * math.sqrt((kurtosis - 1) / runs) + 1 / runs
    assert times * low <= found.low <= found.high <= times * high
    if times == 1:
        assert (found.low, found.high) == (low, high)


def test_each_duration_is_equally_likely() -> None:
    """Chi-squared of 11 values with 10 degrees of freedom below its 99.9 % quantile."""
    values = measured(delays(20, 30), Plan(seed=1, runs=5500))["life(t)"].values
    counts = [values.count(value) for value in range(20, 31)]
    assert sum((count - 500) ** 2 / 500 for count in counts) < 29.6


def test_a_fixed_delay_is_exact() -> None:
    """Without a range all runs take the same time."""
    assert set(measured(delays(7, 7, 5), Plan(runs=20))["life(t)"].values) == {35}
    assert set(measured(delays(7, 7, 5), Plan(runs=20))["busy(t)"].values) == {35}


def test_lateness_is_uniform() -> None:
    """A thread is late by 0 to k ticks when it starts and when it wakes; the sleep itself is exact."""
    found = measured(sleeper(50, slack=4), Plan(seed=2, runs=4000))
    life, late = numbers(found["life(t)"]), numbers(found["late(t)"])
    assert (life.low, life.high) == (50, 54)
    assert abs(life.mean - 52) < 5 * math.sqrt(2 / 4000)
    assert (late.low, late.high) == (0, 8)
    assert abs(late.mean - 4) < 5 * math.sqrt(4 / 4000)


@pytest.mark.parametrize("slack", [0, None])
def test_without_slack_nobody_is_late(slack: int | None) -> None:
    """Slack 0 is exact; of any slack there is no distribution to draw from."""
    found = measured(sleeper(50, slack), Plan(runs=30))
    assert set(found["life(t)"].values) == {50}
    assert "late(t)" not in found


def test_a_busy_thread_is_not_late_when_it_goes_on() -> None:
    """Lateness is charged once for each wake-up; a delay is no sleep."""
    found = measured(delays(10, 10, 4, slack=5), Plan(runs=50))
    assert set(found["life(t)"].values) == {40}
    assert set(found["late(t)"].values) == {0}


def test_spinning() -> None:
    """Two threads on one lock: one waits for as long as the other holds it, each first in half of the runs."""
    found = measured(contention(10), Plan(seed=5, runs=1000))
    assert {a + b for a, b in zip(found["spin(t0)"].values, found["spin(t1)"].values, strict=True)} == {10}
    assert set(found["busy(t0)"].values) == {10}
    first = sum(value == 0 for value in found["spin(t0)"].values)
    assert abs(first - 500) < 5 * math.sqrt(250)


def test_a_holder_of_a_spinlock_is_never_late() -> None:
    """Slack delays taking the lock, never giving it back; and who spins does not sleep, so is not late again."""
    system = contention(10, slack=3)
    found = measured(system, Plan(runs=300))
    assert max(found["late(t0)"].values) == 3
    assert max(found["spin(t0)"].values) <= 10
    assert set(found["life(t0)"].values) == {10}  # from its first step, which takes the lock


@pytest.mark.parametrize(("period", "beats"), [(3, 4), (1000, 7), (250_000, 3)])
def test_timers_are_exact(period: int, beats: int) -> None:
    """A handler that arms its timer again runs at each multiple of the period; time jumps, however long."""
    experiment = Experiment(ticker(period, beats), [])
    run, is_cut = experiment.run(Chance(1, 1), 1000)
    assert not is_cut
    assert run.clock.ended[1] == period * beats == run.clock.now
    assert [step for step in run.steps if step < 0] == [-period] * beats


def test_response_times() -> None:
    """The time from P to Q of each run, whatever is between; a wait without end is open, and over any limit."""
    left = Var("left", IntSort(0, 50))
    system = sleeper(50, slack=4)
    asleep, done = positive(left), system.at(0, 2)
    times = Property("sleep", Kind.BOUND, temporal=Response(asleep, done))
    found = measured(system, Plan(runs=200), (times,))
    assert found["sleep"].values == found["life(t)"].values
    never = Property("never", Kind.WITHIN, temporal=Response(asleep, and_(done, asleep), limit=10**6))
    short = Property("short", Kind.WITHIN, temporal=Response(asleep, done, limit=53))
    both = Property("both", Kind.BOUND, temporal=Response(asleep, asleep, limit=0))
    experiment = Experiment(system, [], (never, short, both))
    walks = experiment.make(Plan(runs=200))
    known = {measure.name: measure for measure in experiment.measures()}
    assert (known["never"].values, known["never"].open) == ((), 200)
    assert set(known["both"].values) == {0}
    assert walks.tallies["never"].runs == 200
    assert walks.tallies["short"].runs == sum(value > 53 for value in known["short"].values) > 0
    assert walks.tallies["both"].runs == 0


def test_response_to_a_countdown() -> None:
    """A condition on a countdown itself is noticed at the very tick, though time jumps."""
    left = Var("left", IntSort(0, 50))
    system = sleeper(50, slack=0)
    prop = Property("p", Kind.BOUND, temporal=Response(positive(left), and_(positive(left), at_most(left, 13))))
    assert measured(system, Plan(runs=3), (prop,))["p"].values == (37, 37, 37)


def test_costs() -> None:
    """A cost is the sum over a run, and a bound on it counts the runs beyond."""
    system = delays(1, 1, 3)
    costly = tuple(replace(step, costs=(("contention", step.index),)) for step in system.transitions)
    bounds = tuple(Property(f"b{limit}", Kind.BOUND, temporal=CostBound("contention", limit)) for limit in (2, 3, None))
    experiment = Experiment(replace(system, transitions=costly), [], bounds)
    walks = experiment.make(Plan(runs=4))
    known = {measure.name: measure for measure in experiment.measures()}
    assert (known["cost(contention)"].values, known["cost(contention)"].unit) == ((3, 3, 3, 3), "contention")
    assert {name: tally.runs for name, tally in walks.tallies.items()} == {"b2": 4, "b3": 0}


def test_environment_acts_or_declines() -> None:
    """An environment whose step is enabled when time could pass takes it in half of the runs."""
    left, hit = Var("left", IntSort(0, 9)), Var("hit", BOOL)
    steps = [
        toys.step(0, 0, 1, at_most(left, 0)),
        toys.step(1, 0, 1, positive(left), [(hit, toys.number(1))]),
    ]
    processes = [
        replace(toys.process("t", 2, done=1), slack=0),
        toys.process("someone", 2, kind=ProcessKind.ENV),
    ]
    system = timed("env", [countdown("left", 9, 9), toys.variable("hit", BOOL)], processes, steps)
    experiment = Experiment(system, [Property("hit", Kind.COVER, eq(hit, toys.number(1)))])
    walks = experiment.make(Plan(runs=1000))
    assert abs(walks.tallies["hit"].runs - 500) < 5 * math.sqrt(250)
    assert set(experiment.measures()[0].values) == {0}


def test_runs_without_progress_are_cut() -> None:
    """A thread that runs for ever in no time is cut, and what is open is told."""
    system = timed("zeno", [], [replace(toys.process("t", 2, done=1), slack=0)], [toys.step(0, 0, 0)])
    experiment = Experiment(system, [])
    walks = experiment.make(Plan(runs=2, steps=100))
    assert (walks.cut, walks.steps) == (2, 200)
    (life,) = experiment.measures()
    assert (life.values, life.open, life.summary) == ((), 2, None)


def test_enough_events_end_between_runs() -> None:
    """The clock's jumps count as well: no run begins once there were enough of both together."""
    experiment = Experiment(delays(7, 7, 5), [])
    one = experiment.make(Plan(runs=1))
    assert experiment.make(Plan(runs=9, enough=one.steps)).runs == 1
    assert experiment.make(Plan(runs=9, enough=3 * one.steps)).runs == 2


def test_a_stop_ends_a_long_run() -> None:
    """A run without an end asks now and then; what is open then is no value, and it is not counted as cut."""
    system = timed("zeno", [], [replace(toys.process("t", 2, done=1), slack=0)], [toys.step(0, 0, 0)])
    experiment = Experiment(system, [])
    answers = iter(["", "interrupted", "interrupted"])
    walks = experiment.make(Plan(runs=1, steps=10**9), lambda: next(answers))
    assert (walks.runs, walks.steps, walks.cut, walks.stopped) == (1, BEAT - 1, 0, "interrupted")
    (life,) = experiment.measures()
    assert (life.values, life.open) == ((), 1)


def test_totals_of_a_cut_run_are_open() -> None:
    """What a thread spent until the cut is no value of a whole run; what ended before it is."""
    pause, left = Var("pause", IntSort(0, 5)), Var("left", IntSort(0, 7))
    steps = [
        toys.step(0, 0, 0, at_most(pause, 0), [(pause, toys.number(5))]),
        toys.step(1, 0, 1, at_most(left, 0)),
    ]
    threads = [
        replace(patient(toys.process("a", 2, done=1), (0, pause)), slack=0),
        replace(patient(toys.process("b", 2, done=1), (0, left)), slack=0),
    ]
    variables = [countdown("pause", 5, 5), countdown("left", 7, 7)]
    experiment = Experiment(timed("cut", variables, threads, steps), [])
    assert experiment.make(Plan(runs=2, steps=50)).cut == 2
    known = {measure.name: (measure.values, measure.open) for measure in experiment.measures()}
    assert known == {"life(a)": ((), 2), "busy(a)": ((), 2), "life(b)": ((7, 7), 0), "busy(b)": ((7, 7), 0)}


def test_time_ends_at_a_halting_fault() -> None:
    """A run that a fault halts is no behaviour: it is counted, and not measured."""
    left = Var("left", IntSort(0, 5))
    fault = toys.fault(0, 1, eq(left, toys.number(0)), "assert")
    base = sleeper(5, slack=0)
    stuck = replace(base.transitions[1], guard=and_(base.transitions[1].guard, at_most(left, -1)))
    system = replace(base, faults=(replace(fault, index=0),), transitions=(base.transitions[0], stuck))
    experiment = Experiment(system, [sanitizer("assert"), sanitizer("deadlock")])
    walks = experiment.make(Plan(runs=6))
    assert (walks.halted, walks.cut, experiment.measures()) == (6, 0, ())
    assert {name: tally.runs for name, tally in walks.tallies.items()} == {"assert": 6, "deadlock": 0}


def test_deadlock_comes_after_the_last_countdown() -> None:
    """A thread that waits for ever is stuck when time has run out for everybody."""
    left = Var("left", IntSort(0, 5))
    system = sleeper(5, slack=0)
    steps = (system.transitions[0], replace(system.transitions[1], guard=at_most(left, -1)))
    experiment = Experiment(replace(system, transitions=steps), [sanitizer("deadlock")])
    tally = experiment.make(Plan(runs=3)).tallies["deadlock"]
    assert tally.runs == 3
    assert tally.witness is not None
    assert tally.witness.steps == (0, -5)


# ---------------------------------------------------------------- thresholds


def test_events_of_conditions() -> None:
    """Values around each constant that a countdown is compared with; every value where it is used otherwise."""
    x, y = Var("x", IntSort(0, 9)), Var("y", IntSort(0, 9))
    array = Var("a", ArraySort(IntSort(0, 9), 2))
    slots, counting = {"x": 0, "y": 1, "a": 2}, frozenset({0, 2, 3})
    conditions: list[Expr] = [
        and_(at_most(x, 4), eq(y, toys.number(3))),
        binary(Op.LT, toys.number(7), x),
        eq(Index(array, toys.number(1)), toys.number(2)),
        eq(Index(array, toys.number(0)), y),
    ]
    assert events(conditions, slots, counting) == ((0, (0, 3, 4, 6, 7)), (2, None), (3, (0, 1, 2)))
    sums = Apply(Op.LT, (Apply(Op.ADD, (x, y)), toys.number(3)))
    assert events([sums], slots, counting) == ((0, None),)
    assert next_event([(0, (0, 3, 4)), (1, None)], [9, 0]) == 5
    assert next_event([(0, (0, 3, 4))], [4]) == 1
    assert next_event([(0, (0, 3, 4))], [3]) == 3
    assert next_event([(0, None)], [3]) == 1
    assert next_event([(0, (0,))], [0]) == 0


def test_bounds_of_a_delay_are_found() -> None:
    """The shortest and longest stay come from guard and patience, whatever values they have."""
    for low, high in ((0, 1), (3, 3), (17, 1000), (0, 65_536)):
        system = delays(low, high)
        timing = Timing(Program(system))
        assert timing.delay(0, 0, [*system.initial]) == (low, high)


def test_a_location_that_is_left_only_later() -> None:
    """Where the step that leaves a delay is not enabled at its end, the process waits on, without a draw."""
    pause, flag = Var("pause", IntSort(0, 4)), Var("flag", BOOL)
    thread = replace(patient(toys.process("t", 2, done=1), (0, pause)), slack=0)
    steps = [
        toys.step(0, 0, 1, and_(at_most(pause, 0), flag)),
        toys.step(1, 0, 1, at_most(Var("left", IntSort(0, 9)), 0), [(flag, toys.number(1))]),
    ]
    variables = [countdown("pause", 4, 4), countdown("left", 9, 9), toys.variable("flag", BOOL)]
    other = replace(toys.process("u", 2, done=1), slack=0)
    found = measured(timed("later", variables, [thread, other], steps), Plan(runs=4))
    assert set(found["life(t)"].values) == {9}
    assert set(found["busy(t)"].values) == {4}


# ---------------------------------------------------------------- against the clocked system


TIMED_MODELS = {
    "mixed": """model mixed;
const HZ = 100;
spinlock l;
marked bool done;
marked int 0..2 x;
thread one slack 2 {
	delay(1 .. 3);
	spin_lock(l);
	delay(2);
	x++;
	spin_unlock(l);
	done = true;
}
thread two slack 1 {
	await done;
	schedule_timeout(3);
	spin_lock(l);
	x++;
	spin_unlock(l);
}
env someone {
	either { x = 0; } or { skip; }
}
""",
    "timers": """model timers;
const HZ = 100;
timer t = handler;
marked int 0..3 n;
marked int 0..9 late;
softirq handler()
{
	n++;
	if (n < 3)
		mod_timer(t, jiffies + 2);
}
thread starter slack 1 {
	mod_timer(t, jiffies + 3);
	await n == 3;
	delay(0 .. 2);
}
thread watcher slack 0 {
	deadline d = jiffies + 4;
	await n >= 1;
	if (time_after(jiffies, d))
		late = 1;
	else
		late = 2;
}
""",
}


def lowered(name: str, folder: Path) -> TransitionSystem:
    """A model of the table, read with time."""
    path = folder / f"{name}.oom"
    path.write_text(TIMED_MODELS[name], encoding="utf-8")
    return lower(load_model(path, {}), Mode(timed=True)).system


def systems(folder: Path) -> dict[str, TransitionSystem]:
    """Systems with all that time does: delays, sleep, timers, deadlines, slack, spinning, environments."""
    by_hand = [delays(0, 3, 2, slack=2), sleeper(4, 2), contention(2, 1), ticker(2, 3)]
    return {system.name: system for system in by_hand} | {name: lowered(name, folder) for name in TIMED_MODELS}


#: States of the system that 200 runs pass through, of those that the clocked system reaches: an environment acts in
#: them only when nothing is urgent, and all lateness comes before the first step.
REACHED = {
    "delays": (9, 9),
    "sleeper": (7, 7),
    "contention": (16, 16),
    "ticker": (11, 11),
    "mixed": (55, 59),
    "timers": (54, 54),
}


@pytest.mark.parametrize("name", REACHED)
def test_runs_are_runs_of_the_clocked_system(name: str, tmp_path: Path) -> None:
    """Every run, tick by tick, is one of the clocked system, with the same states; together they reach most of it."""
    system = systems(tmp_path)[name]
    clock = clocked(system)
    tick, size = len(system.transitions), len(system.initial)
    experiment = Experiment(system, [])
    seen: set[tuple[int, ...]] = set()
    for number in range(1, 201):
        run, is_cut = experiment.run(Chance(11, number), 1000)
        path = [one for step in run.steps for one in ([step] if step >= 0 else [tick] * -step)]
        states = replay(clock, path)
        assert not isinstance(states, Mismatch), states
        assert states[-1][:size] == tuple(run.state)
        assert not is_cut
        assert path.count(tick) == run.clock.now
        seen.update(state[:size] for state in states)
    assert REACHED[name] == (len(seen), len({state[:size] for state in reachable(clock)}))


def reachable(system: TransitionSystem) -> set[tuple[int, ...]]:
    """All states of a system."""
    experiment = Program(system)
    found, work = {system.initial}, [system.initial]
    while work:
        state = work.pop()
        moves: list[int] = []
        for process, slot in enumerate(experiment.counters):
            enabled = experiment.enabled[process][state[slot]]
            if enabled is not None:
                enabled(state, moves.append)
        for index in moves:
            successor = tuple(experiment.take[index](state))
            if successor not in found:
                found.add(successor)
                work.append(successor)
    return found


def test_runs_are_the_same_for_a_seed(tmp_path: Path) -> None:
    """A run depends on the seed and its number alone."""
    for system in systems(tmp_path).values():
        first = [Experiment(system, []).run(Chance(4, n), 500)[0].steps for n in (1, 2, 3)]
        experiment = Experiment(system, [])
        assert [experiment.run(Chance(4, n), 500)[0].steps for n in (3, 2, 1)][::-1] == first
