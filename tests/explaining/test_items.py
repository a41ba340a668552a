"""What a run needs: exact answers for toys, and for random systems those of a search of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings

from oomcheck.explaining.explain import question_of
from oomcheck.explaining.explanation import Item, Need, Sort
from oomcheck.explaining.items import IDLE, decided, moving_parts, statement_parts, sufficient, timed_parts
from oomcheck.explaining.reduced import Question
from oomcheck.explaining.story import Story, story_of
from oomcheck.ir.expr import Expr, and_, or_
from oomcheck.ir.system import State, Transition, TransitionSystem
from oomcheck.prop.property import Kind, Property, sanitizer
from oomcheck.replaying import reopen
from oomcheck.result.exploration import Limits
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.search import explore
from oomcheck.semantics.successors import apply, enabled, faults
from tests import toys
from tests.explaining.samples import (
    FREEZE,
    LOST_UPDATE,
    LOST_UPDATE_SPEC,
    LOST_WAKE_UP,
    TIMED,
    called,
    explained,
    needs,
    searcher,
    story,
    trace_in,
)
from tests.strategies import booleans, systems

NEEDED, NOT_NEEDED, UNDECIDED = Need.NEEDED, Need.NOT_NEEDED, Need.UNDECIDED


def test_bystander(tmp_path: Path) -> None:
    """Both threads of a lost update are needed, the one that does something else is not."""
    found = needs(explained(tmp_path, LOST_UPDATE, LOST_UPDATE_SPEC, "lost"))
    threads = {name: need for name, need in found.items() if name.startswith("thread")}
    assert threads == {"thread a": NEEDED, "thread b": NEEDED, "thread stray": NOT_NEEDED}


def test_idle(tmp_path: Path) -> None:
    """What does not move is not needed, and no search is needed to know it."""
    found = explained(tmp_path, LOST_UPDATE, LOST_UPDATE_SPEC, "lost", limits=Limits(max_states=1))
    stray = next(item for item in found.items if item.process == "stray")
    assert (stray.need, stray.step, stray.reason) == (NOT_NEEDED, 0, IDLE)
    assert {item.need for item in found.items if item.process in ("a", "b") and item.sort is Sort.THREAD} == {UNDECIDED}
    assert {item.reason for item in found.items if item.need is UNDECIDED} == {"state limit 1"}


def test_actions_of_the_environment(tmp_path: Path) -> None:
    """The action that freezes is needed; the other one of the same environment is not part of the run."""
    found = needs(explained(tmp_path, FREEZE, "", "assert"))
    assert found == {"environment user frozen = true": NEEDED, "thread t": NEEDED}


def test_lost_wake_up(tmp_path: Path) -> None:
    """Without the waker the sleeper sleeps for ever all the same; what it must have done is to go to sleep."""
    assert needs(explained(tmp_path, LOST_WAKE_UP, "", "deadlock")) == {
        "thread sleeper": NEEDED,
        "thread waker": NOT_NEEDED,
        "statement sleeper asleep = true": NEEDED,
        "statement waker ready = true": NOT_NEEDED,
    }


def test_delays(tmp_path: Path) -> None:
    """The slow thread must be slower than it must be; whether the clock takes time does not matter."""
    spec = "never late_seen : seen;\ncheck c : late_seen timed slack 0;"
    found = needs(explained(tmp_path, TIMED, spec, "late_seen"))
    assert {name: need for name, need in found.items() if name.startswith(("delay", "length", "late"))} == {
        "delay slow delay(1 .. 3)": NEEDED,
        "length slow delay(1 .. 3)": NEEDED,
        "delay clock delay(2)": NOT_NEEDED,
    }


def test_lateness(tmp_path: Path) -> None:
    """With a delay that is too short, the thread must be late as well."""
    model = TIMED.replace("delay(1 .. 3)", "delay(1)")
    spec = "never late_seen : seen;\ncheck c : late_seen timed slack 1;"
    found = needs(explained(tmp_path, model, spec, "late_seen"))
    assert {name: need for name, need in found.items() if name.startswith("lateness")} == {"lateness slow": NEEDED}


def test_time_needs_a_clock() -> None:
    """An untimed run has no delays."""
    toy = toys.use_after_free()
    assert list(timed_parts(story(toy, sanitizer("lifetime")))) == []


def test_another_thread_instead(tmp_path: Path) -> None:
    """A thread is not needed if another one can do the same, and that one is named."""
    model = "model m;\nmarked bool x = false;\nthread t[2] { x = true; }\nthread u { assert !x; }\n"
    found = {item.process: (item.need, item.reason) for item in explained(tmp_path, model, "", "assert").items}
    assert found["t[0]"] == (NOT_NEEDED, "then t[1] can move instead")
    assert found["t[1]"] == (NOT_NEEDED, IDLE)
    assert found["u"] == (NEEDED, "")


def test_misuse_instead(tmp_path: Path) -> None:
    """A lock that is not taken cannot be released: what happens then tells nothing about the property."""
    model = """model m;
spinlock l;
marked bool x = false;
thread t { spin_lock(l); x = true; spin_unlock(l); assert !x; }
"""
    found = {
        i.text: (i.need, i.reason) for i in explained(tmp_path, model, "", "assert").items if i.sort is Sort.STATEMENT
    }
    assert found["spin_lock(l)"] == (UNDECIDED, "without it behaviour ends at a fault of lockdep")
    assert found["x = true"] == (NEEDED, "")
    assert found["spin_unlock(l)"] == (NOT_NEEDED, "")


def test_sufficient() -> None:
    """Of three threads that count, two are enough to reach two; the run found is one of the whole system."""
    toy = toys.philosophers(4)
    prop = Property("two", Kind.NEVER, and_(toy.at(0, 1), or_(toy.at(1, 1), toy.at(2, 1))))
    run = story_of(Question(toy, prop), explore(toy, [prop], Limits()).witnesses["two"])
    assert run is not None
    items = [decided(part, run, searcher()) for part in moving_parts(run)]
    assert [item.need for item in items] == [NEEDED, NOT_NEEDED, NOT_NEEDED, NOT_NEEDED]
    left, found = sufficient(run, items, searcher())
    assert found is None  # t1 can be left out alone, but t2, which moves instead, does not move in this run
    assert [process.daemon for process in left.base.processes] == [False, False, True, True]


def test_fewer_threads(tmp_path: Path) -> None:
    """What only helps is left out of the run, though the run has more steps without it; what is needed stays."""
    model = """model m;
marked int 0..3 x = 0;
thread helper { x = 2; }
thread t { if (x == 0) { x = 1; x = 1; x = 1; x = 2; } assert x != 2; }
"""
    trace = trace_in(tmp_path, model, "", "assert")
    again = reopen(trace, tmp_path / "m.oom")
    run = story_of(question_of(trace, again), again.witness)
    assert run is not None
    assert [run.system.processes[number].name for number in run.movers] == ["helper", "t"]
    items = [decided(part, run, searcher()) for part in moving_parts(run)]
    assert [(item.process, item.need) for item in items] == [("helper", NOT_NEEDED), ("t", NEEDED)]
    left, found = sufficient(run, items, searcher())
    assert found is not None
    assert [run.system.processes[number].name for number in found.movers] == ["t"]
    assert len(found.run.steps) > len(run.run.steps)
    assert [process.daemon for process in left.base.processes] == [True, False]


# ---------------------------------------------------------------- against a search of its own


Take = Callable[[Transition, State], State | None]


def reached(system: TransitionSystem, take: Take) -> Iterator[State]:
    """All states, where `take` says what a step leads to, None if it is not taken."""
    seen, work = {system.initial}, [system.initial]
    while work:
        state = work.pop()
        yield state
        for step in enabled(system, state):
            following = take(step, state)
            if following is not None and following not in seen:
                seen.add(following)
                work.append(following)


def runs_of(system: TransitionSystem, bad: Expr) -> Story | None:
    """The shortest run to a bad state."""
    prop = Property("bad", Kind.NEVER, bad)
    witness = explore(system, [prop], Limits()).witnesses.get("bad")
    return None if witness is None else story_of(Question(system, prop), witness)


@settings(max_examples=40)
@given(system=systems(), bad=booleans(2))
def test_processes_agree_with_oracle(system: TransitionSystem, bad: Expr) -> None:
    """A process is needed exactly if no bad state is reached when its steps are passed over."""
    run = runs_of(system, bad)
    if run is None:
        return
    for part in moving_parts(run):
        process = next(n for n, p in enumerate(system.processes) if p.name == part.process)

        def take(step: Transition, state: State, process: int = process) -> State | None:
            return None if step.process == process else apply(system, step, state)

        violated = any(evaluate(bad, state, system.slot) for state in reached(system, take))
        assert decided(part, run, searcher()).need is (NOT_NEEDED if violated else NEEDED)


@settings(max_examples=40)
@given(system=systems(), bad=booleans(2))
def test_statements_agree_with_oracle(system: TransitionSystem, bad: Expr) -> None:
    """A statement is needed exactly if no bad state is reached when only its process counter moves."""
    run = runs_of(system, bad)
    if run is None:
        return
    for part in statement_parts(run):
        shown = run.step(part.step)
        item = decided(part, run, searcher())
        counter = system.slot[system.processes[shown.process].pc]

        def take(step: Transition, state: State, shown: Transition = shown, counter: int = counter) -> State | None:
            if (step.process, step.origin) != (shown.process, shown.origin):
                return apply(system, step, state)
            return (*state[:counter], step.target, *state[counter + 1 :])

        states = list(reached(system, take))
        assert item.need is expected(system, bad, states), item


def expected(system: TransitionSystem, bad: Expr, states: list[State]) -> Need:
    """The answer for a statement, given what is reached without it."""
    if any(evaluate(bad, state, system.slot) for state in states):
        return NOT_NEEDED
    return UNDECIDED if any(fault.halts for state in states for fault in faults(system, state)) else NEEDED


@settings(max_examples=40)
@given(system=systems(), bad=booleans(2))
def test_sufficient_runs_are_real(system: TransitionSystem, bad: Expr) -> None:
    """What is left violates the property in a run of the whole system, in which nothing else moves."""
    run = runs_of(system, bad)
    if run is None:
        return
    items: list[Item] = [decided(part, run, searcher()) for part in moving_parts(run)]
    _, found = sufficient(run, items, searcher())
    if found is not None:
        assert set(found.movers) <= set(run.movers)
        assert evaluate(bad, found.run.states[-1], system.slot)


@pytest.mark.parametrize("limit", [1, 2])
def test_nothing_is_certain_within_limits(limit: int) -> None:
    """A search that ends early makes nothing needed."""
    toy = toys.peterson(broken=True)
    prop = Property("bad", Kind.NEVER, toys.both_critical(toy))
    run = story(toy, prop)
    items = [decided(part, run, searcher(Limits(max_states=limit))) for part in moving_parts(run)]
    assert {item.need for item in items} == {UNDECIDED}


def test_group(tmp_path: Path) -> None:
    """Where one thread of an array can stand in for another, some thread of the array is needed all the same."""
    model = """model m;
marked bool x = false;
marked bool y = false;
thread t[2] { x = true; }
thread s[2] { y = true; }
thread u { assert !x; }
"""
    found = {called(item): item.need for item in explained(tmp_path, model, "", "assert").items}
    assert found["thread t[0]"] is NOT_NEEDED
    assert found["group t"] is NEEDED
    assert "group s" not in found  # none of them moves
    assert "group u" not in found
