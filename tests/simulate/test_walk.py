"""Random walks: what they run into is real, counted right, and the same for a seed."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from oomcheck.ir.expr import TRUE, Expr, Var, eq, not_
from oomcheck.ir.sorts import BOOL, IntSort
from oomcheck.ir.system import Access, TransitionSystem
from oomcheck.prop.property import Kind, Property, sanitizer
from oomcheck.result.exploration import Limits
from oomcheck.semantics.replay import check_witness
from oomcheck.semantics.search import explore
from oomcheck.semantics.successors import enabled
from oomcheck.simulate.chance import Chance
from oomcheck.simulate.program import Program, Run
from oomcheck.simulate.session import OF_STATES
from oomcheck.simulate.walk import BEAT, Plan, walk, without_detours
from tests import toys
from tests.strategies import properties, systems

ALL = [sanitizer(name) for name in OF_STATES]


def never(formula: Expr, name: str = "bad") -> Property:
    """The property that a condition never holds."""
    return Property(name, Kind.NEVER, formula)


def fork(ways: int) -> TransitionSystem:
    """One thread takes one of `ways` steps and remembers which."""
    n = Var("n", IntSort(0, ways))
    steps = [toys.step(0, 0, 1, writes=[(n, toys.number(way))]) for way in range(1, ways + 1)]
    return toys.system("fork", [toys.variable("n", n.sort)], [toys.process("t", 2, done=1)], steps)


def test_frequency_of_a_fair_choice() -> None:
    """Each of five steps is taken in a fifth of the runs, within four standard deviations."""
    runs, ways = 4000, 5
    n = Var("n", IntSort(0, ways))
    asked = [never(eq(n, toys.number(way)), str(way)) for way in range(1, ways + 1)]
    found = walk(fork(ways), asked, Plan(seed=7, runs=runs))
    counts = [found.tallies[str(way)].runs for way in range(1, ways + 1)]
    assert sum(counts) == runs == found.runs
    share = 1 / ways
    assert all(abs(count - runs * share) < 4 * math.sqrt(runs * share * (1 - share)) for count in counts)


def test_threads_are_drawn_before_steps() -> None:
    """A thread with nine choices runs before one without a choice in half of the runs, not in nine tenths."""
    first = Var("first", IntSort(0, 2))
    free = eq(first, toys.number(0))
    steps = [toys.step(0, 0, 1, free, [(first, toys.number(1))]) for _ in range(9)]
    steps.append(toys.step(1, 0, 1, free, [(first, toys.number(2))]))
    processes = [toys.process("a", 2, 1), toys.process("b", 2, 1)]
    system = toys.system("draw", [toys.variable("first", first.sort)], processes, steps)
    found = walk(system, [never(eq(first, toys.number(2)))], Plan(runs=2000))
    assert abs(found.tallies["bad"].runs - 1000) < 4 * math.sqrt(500)


def test_counts_of_a_chain() -> None:
    """A thread that counts to 6 and ends takes 7 steps in each run; nothing is cut."""
    found = walk(toys.counter(6), ALL, Plan(runs=10))
    assert (found.runs, found.steps, found.cut, found.stopped) == (10, 70, 0, "")
    assert all(tally.runs == 0 for tally in found.tallies.values())
    assert found.taken == {0, 1}


def test_runs_are_cut_at_the_limit() -> None:
    """A run that never ends is cut, and counted as cut."""
    found = walk(toys.peterson(), ALL, Plan(runs=5, steps=30))
    assert (found.steps, found.cut) == (150, 5)


def test_a_stop_ends_between_runs() -> None:
    """What was done until then is told, with the reason."""
    answers = iter(["", "", "interrupted"])
    found = walk(toys.counter(6), ALL, Plan(runs=10), lambda: next(answers))
    assert (found.runs, found.stopped) == (2, "interrupted")


def test_enough_steps_end_between_runs() -> None:
    """No run begins once those before it have enough steps together; whoever wants no such end gets none."""
    plan = Plan(runs=10, enough=15)
    assert [plan.has_enough(steps) for steps in (0, 14, 15)] == [False, False, True]
    assert not Plan().has_enough(10**9)
    found = walk(toys.counter(6), ALL, plan)
    assert (found.runs, found.steps, found.cut, found.stopped) == (3, 21, 0, "")


def test_a_stop_ends_a_long_run() -> None:
    """A run that never ends asks now and then; it counts as made, not as cut, and the reason is told."""
    answers = iter(["", "interrupted", "interrupted"])
    found = walk(toys.peterson(), ALL, Plan(runs=1, steps=10**9), lambda: next(answers))
    assert (found.runs, found.steps, found.cut, found.stopped) == (1, BEAT - 1, 0, "interrupted")


def test_run_numbers_do_not_depend_on_other_runs() -> None:
    """Run 7 alone does what it does among others."""
    asked = [never(toys.both_critical(toys.peterson(broken=True)))]
    system = toys.peterson(broken=True)
    together = walk(system, asked, Plan(seed=3, runs=40, steps=12)).tallies["bad"]
    alone = walk(system, asked, Plan(seed=3, runs=1, steps=12, first=together.run)).tallies["bad"]
    assert together.runs == 18
    assert alone.witness == together.witness


def test_seeds_differ() -> None:
    """Two seeds draw different numbers, one seed the same ones, and each run has its own."""
    draws = {
        key: [Chance(*key).between(0, 999) for _ in range(3)] for key in [(1, 1), (1, 2), (2, 1), (11, 1), (1, 11)]
    }
    assert len({tuple(found) for found in draws.values()}) == len(draws)
    assert [Chance(1, 1).between(0, 999) for _ in range(3)] == draws[1, 1]


def test_between_is_uniform() -> None:
    """Each value of a range is drawn as often as the others: chi-squared with 9 degrees of freedom below 27.9."""
    chance = Chance(5, 1)
    counts = Counter(chance.between(-4, 5) for _ in range(10_000))
    assert sorted(counts) == list(range(-4, 6))
    assert sum((count - 1000) ** 2 / 1000 for count in counts.values()) < 27.9


def test_race_and_deadlock_are_found() -> None:
    """Two threads that increment without a lock race; philosophers starve; each example is checked."""
    for system, name in ((toys.increments(), "race"), (toys.philosophers(2), "deadlock")):
        tally = walk(system, ALL, Plan(runs=200)).tallies[name]
        assert tally.witness is not None
        assert 0 < tally.runs <= 200
        assert check_witness(system, sanitizer(name), tally.witness) == ""


def test_lock_order_is_that_of_all_runs() -> None:
    """Two orders that no single run needs to show close a circle, each edge with its own path."""
    system = toys.philosophers(3)
    tally = walk(system, ALL, Plan(runs=50)).tallies["lockdep"]
    assert tally.runs == 1
    assert tally.witness is not None
    assert len(tally.witness.cycle) == 3
    assert check_witness(system, sanitizer("lockdep"), tally.witness) == ""
    assert walk(toys.philosophers(3, ordered=True), ALL, Plan(runs=50)).tallies["lockdep"].runs == 0


def test_a_condition_counts_once_in_a_run() -> None:
    """A bad state that is visited again and again in a run is one bad run."""
    flag = Var("flag", BOOL)
    steps = [toys.step(0, 0, 0, flag, [(flag, not_(flag))]), toys.step(0, 0, 0, not_(flag), [(flag, TRUE)])]
    system = toys.system("blink", [toys.variable("flag", BOOL)], [toys.process("t", 1)], steps)
    tally = walk(system, [never(flag)], Plan(runs=3, steps=20)).tallies["bad"]
    assert tally.runs == 3
    assert tally.witness is not None
    assert tally.witness.steps == (1,)


def test_initial_state_is_looked_at() -> None:
    """What is bad from the start is found without a step."""
    system = toys.counter(2)
    n = Var("n", IntSort(0, 2))
    tally = walk(system, [never(eq(n, toys.number(0)))], Plan(runs=2)).tallies["bad"]
    assert tally.witness is not None
    assert (tally.runs, tally.witness.steps) == (2, ())


def test_detours_are_left_out() -> None:
    """A walk that goes round twice before it gets somewhere is shortened to the way there."""
    system = toys.peterson(broken=True)
    bad = never(toys.both_critical(system))
    tally = walk(system, [bad], Plan(runs=1, steps=400, seed=9)).tallies["bad"]
    assert tally.witness is not None
    loop = (0, 1, 2, 3)
    long = replace(tally.witness, steps=loop + loop + tally.witness.steps)
    assert check_witness(system, bad, long) == ""
    short = without_detours(system, long)
    assert check_witness(system, bad, short) == ""
    assert len(short.steps) == len(without_detours(system, tally.witness).steps) <= len(tally.witness.steps)


@settings(max_examples=80)
@given(system=systems(), asked=properties(), seed=st.integers(0, 99))
def test_walks_agree_with_search(system: TransitionSystem, asked: tuple[Property, ...], seed: int) -> None:
    """What a walk finds, an exhaustive search finds too, and every example passes the re-check."""
    named = [replace(prop, name=f"p{number}") for number, prop in enumerate(asked) if prop.kind is not Kind.SANITIZER]
    named += ALL
    found = walk(system, named, Plan(seed, runs=5, steps=40))
    for prop in named:
        tally = found.tallies[prop.name]
        if tally.witness is not None:
            assert check_witness(system, prop, tally.witness) == ""
            assert check_witness(system, prop, without_detours(system, tally.witness)) == ""
    searched = explore(system, named, Limits(max_states=5000))
    if searched.exhaustive:
        assert {name for name, tally in found.tallies.items() if tally.runs} <= searched.witnesses.keys()


@settings(max_examples=60)
@given(system=systems(), seed=st.integers(0, 99))
def test_enabled_steps_agree_with_the_reference(system: TransitionSystem, seed: int) -> None:
    """After each step the compiled run knows exactly the enabled transitions, though it looks at few guards."""
    program, chance = Program(system), Chance(seed, 1)
    run = Run(program)
    for _ in range(30):
        assert run.indices == tuple(step.index for step in enabled(system, tuple(run.state)))
        if not run.indices:
            break
        run.take(chance.one_of(run.indices))


def test_influence_is_small() -> None:
    """A step of one philosopher makes only its neighbours look again."""
    program = Program(toys.philosophers(5))
    touched = {process for process, _ in program.influence(0)}
    assert touched <= {1, 2, 3, 4}
    assert program.influence(0) == tuple(sorted(program.influence(0)))


def test_marked_accesses_do_not_race() -> None:
    """The same increments with marked accesses show nothing."""
    assert walk(toys.increments(marked=True), ALL, Plan(runs=100)).tallies["race"].runs == 0
    assert isinstance(toys.increments().transitions[0].accesses[0], Access)


def test_progress_is_told_after_each_run() -> None:
    """How many of how many."""
    told: list[tuple[int, int]] = []
    walk(fork(2), [], Plan(runs=3), progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]
