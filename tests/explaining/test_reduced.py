"""Systems that lack something: what is gone, what stays, and that runs keep their meaning."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from oomcheck.explaining.reduced import (
    Question,
    with_least_length,
    without_effect,
    without_lateness,
    without_pause,
    without_processes,
    without_steps,
)
from oomcheck.ir.expr import FALSE, TRUE, Var
from oomcheck.ir.sorts import BOOL
from oomcheck.ir.system import Role, TransitionSystem
from oomcheck.lang.mode import Mode
from oomcheck.prop.formula import Atom
from oomcheck.prop.property import Kind, Property, sanitizer
from oomcheck.prop.temporal import Fairness, FairnessKind, Liveness
from oomcheck.result.exploration import Limits
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.replay import check_witness
from oomcheck.semantics.search import explore
from oomcheck.semantics.successors import apply
from tests import toys
from tests.strategies import booleans, systems
from tests.timed import lowered

PAUSES = """model m;
marked bool done = false;
thread first { delay(2 .. 5); done = true; }
thread second { done = false; delay(4); schedule_timeout(3); done = true; }
"""


def question(system: TransitionSystem, formula: object = FALSE) -> Question:
    """About a state that must never be."""
    return Question(system, Property("bad", Kind.NEVER, formula))  # type: ignore[arg-type]


def paused() -> Question:
    """The model of pauses; locations 0 of `first` and 1 and 2 of `second` are pauses."""
    base = lowered(PAUSES, Mode(timed=True, slack=1)).system
    return Question(base, Property("bad", Kind.NEVER, Var("done", BOOL)), timed=True)


def ticks_until_done(asked: Question) -> int:
    """Ticks until `done` is first true."""
    witness = explore(asked.system, [asked.prop], Limits()).witnesses["bad"]
    steps = {step.index: step for step in asked.system.transitions}
    return sum(steps[index].ticks for index in witness.steps)


def test_process() -> None:
    """Steps of a process can no longer be taken, its faults do not happen, and it may rest; indices stay."""
    left = without_processes(question(toys.use_after_free()), {1}).base
    assert [step.guard == FALSE for step in left.transitions] == [False, True, True]
    assert [step.index for step in left.transitions] == [0, 1, 2]
    assert [process.daemon for process in left.processes] == [False, True]
    assert explore(left, [sanitizer("lifetime"), sanitizer("deadlock")], Limits()).witnesses == {}


def test_fairness_of_a_process() -> None:
    """Fairness that only the process owes is not asked for; what others owe too stays."""
    toy = toys.blinker()
    owed = tuple(
        Fairness(name, FairnessKind.PROGRESS, frozenset(steps)) for name, steps in (("a", {0, 1}), ("all", {0, 1, 2}))
    )
    prop = Property("live", Kind.LTL, temporal=Liveness(Atom(TRUE), owed))
    left = without_processes(Question(toy, prop), {0}).prop.temporal
    assert isinstance(left, Liveness)
    assert [item.name for item in left.fairness] == ["all"]


def test_steps() -> None:
    """Only the transitions named are gone."""
    left = without_steps(question(toys.increments()), {1}).base
    assert [step.guard == FALSE for step in left.transitions] == [False, True, False, False]


def test_effect() -> None:
    """What others see is no longer written; locals, guard and target stay, and nothing is accessed."""
    toy = toys.increments()
    local = [replace(v, role=Role.LOCAL) if v.name.startswith("x") else v for v in toy.variables]
    left = without_effect(question(replace(toy, variables=tuple(local))), {0, 1}).base.transitions
    assert left[0].updates == toy.transitions[0].updates
    assert left[1].updates == ()
    assert (left[1].accesses, left[1].target, left[1].guard) == ((), 2, TRUE)
    assert left[3] == toy.transitions[3]


def test_pause_at_the_start() -> None:
    """A thread that starts with a pause starts without it."""
    assert ticks_until_done(paused()) == 2
    assert ticks_until_done(without_pause(paused(), 0, 0)) == 0


def test_pauses_later() -> None:
    """A delay and a sleep end in the instant in which they begin."""
    alone = without_processes(paused(), {0})
    assert ticks_until_done(alone) == 7
    assert ticks_until_done(without_pause(alone, 1, 1)) == 3
    assert ticks_until_done(without_pause(without_pause(alone, 1, 1), 1, 2)) == 0


def test_least_length() -> None:
    """A delay that ends as soon as it may takes its least length and whatever the thread is late."""
    late = Property("late", Kind.NEVER, Var("done", BOOL))
    base = replace(without_processes(paused(), {1}), prop=late)
    longest = [longest_wait(base), longest_wait(with_least_length(base, 0, 0))]
    assert longest == [6, 3]
    assert longest_wait(without_lateness(with_least_length(base, 0, 0), 0)) == 2


def longest_wait(asked: Question) -> int:
    """The most ticks that pass before the first thread goes on."""
    system, seen = asked.system, 0
    frontier = {system.initial}
    ticks = [step for step in system.transitions if step.ticks]
    while frontier:
        following = set()
        for state in frontier:
            for step in ticks:
                if evaluate(step.guard, state, system.slot):
                    following.add(apply(system, step, state))
        frontier = following
        seen += bool(frontier)
    return seen


@settings(max_examples=40)
@given(system=systems(), bad=booleans(2), gone=st.integers(0, 1))
def test_less_takes_runs_away(system: TransitionSystem, bad: object, gone: int) -> None:
    """A run without a process is a run of the whole system, and ends as badly there."""
    whole = question(system, bad)
    left = without_processes(whole, {gone})
    witness = explore(left.system, [left.prop], Limits()).witnesses.get("bad")
    if witness is not None:
        assert check_witness(whole.system, whole.prop, witness) == ""
        assert all(system.transitions[index].process != gone for index in witness.steps)
