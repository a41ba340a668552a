"""Counter abstraction: small families are counted exactly, and others are refused with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings

from oomcheck.ir.expr import TRUE, eq, index
from oomcheck.ir.system import Role
from oomcheck.prop.property import Kind, Property, sanitizer
from oomcheck.prop.temporal import CostBound
from oomcheck.result.exploration import Limits
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.search import explore
from oomcheck.transform.counting.build import counted
from oomcheck.transform.counting.counted import Counted, Refused, concrete_size, instance
from oomcheck.transform.counting.uniform import counted_family, difference
from tests import toys
from tests.analysis import alike
from tests.cli.samples import put
from tests.transform.counting import Asked, asked, assert_exact, reachable

random_programs = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)

MODELS = {
    "lock": """mutex m; int 0..9 n = 0;
        thread t[N] { loop { mutex_lock(m); n++; n--; mutex_unlock(m); } }""",
    "barrier": """per_task marked bool here = false; marked bool open = false;
        thread t[N] { current->here = true; await open; }
        thread master { await forall x in t : x->here; WRITE_ONCE(open, true); }""",
    "others": """per_task marked bool idle = true;
        thread t[N] { loop { await forall x in t : x == current or x->idle;
            WRITE_ONCE(current->idle, false); WRITE_ONCE(current->idle, true); } }""",
    "token": """marked task *turn = NULL;
        thread t[N] { loop { await turn == current; go: WRITE_ONCE(turn, NULL); } }
        thread master { task *next; loop { await turn == NULL; choose next in t; WRITE_ONCE(turn, next); } }""",
    "rounds": """per_task marked bool mark = false;
        thread t[N] { loop { WRITE_ONCE(current->mark, true); } }
        thread master { loop { await forall x in t : x->mark; atomic { for each thread x of t x->mark = false; } } }""",
    "self": """per_task marked task *me = NULL;
        thread t[N] { WRITE_ONCE(current->me, current); await current->me == current; }""",
    "sum": """per_task marked int 0..2 k = 0;
        thread t[N] { WRITE_ONCE(current->k, 1); WRITE_ONCE(current->k, 2); }""",
    "limit": """mutex m; int 0..3 n = 0;
        thread t[N] { mutex_lock(m); n++; mutex_unlock(m); }""",
    "broken": """marked int 0..3 inside = 0; marked bool busy = false;
        thread t[N] { await !busy; WRITE_ONCE(busy, true); in: skip; WRITE_ONCE(busy, false); }""",
}
SPECS = {
    "lock": "invariant a : (count x in t : (holds(x, m))) <= 1; never b : exists x in t : holds(x, m) and n > 1;",
    "barrier": "never a : open and (exists x in t : !x->here);",
    "others": "never a : (count x in t : (!x->idle)) > 1;",
    "token": "never a : (count x in t : (x at go)) > 1; never b : exists x in t : x at go and turn != x;",
    "rounds": "never a : exists x in t : x->mark and dead(x);",
    "self": "never a : exists x in t : dead(x) and x->me != x;",
    "sum": "never a : (count x in t : (x->k == 1)) >= 2; invariant b : (exists x in t : x->k == 2) -> N > 0;",
    "limit": "invariant a : n <= 3;",
    "broken": "never a : (count x in t : (x at in)) > 1;",
}

#: States of three threads up to their order, and local states.
SIZES = {
    "lock": (6, 6),
    "barrier": (9, 3),
    "others": (10, 3),
    "token": (4, 3),
    "rounds": (5, 2),
    "self": (10, 3),
    "sum": (10, 3),
    "limit": (13, 8),
    "broken": (24, 4),
}


def of_size(folder: Path, model: str, spec: str, members: int) -> Asked:
    """A model about N threads t."""
    text = f"model m;\nparam int N = 3 in 1 .. 6;\n{model}\n"
    where = put(folder, "m.oom", text), put(folder, "m.oomspec", f'spec for "m.oom";\n{spec}\n')
    return asked(*where, {"N": members})


def reason(found: Counted | Refused) -> str:
    """Why it was refused."""
    assert isinstance(found, Refused)
    return found.reason


def made(found: Counted | Refused) -> Counted:
    """What was not refused."""
    assert isinstance(found, Counted), found
    return found


# ---------------------------------------------------------------- exactness


@pytest.mark.parametrize("name", MODELS)
def test_three_and_four_threads_are_counted_exactly(tmp_path: Path, name: str) -> None:
    """States and steps are those of the system up to the order of threads, also of one more thread than was read."""
    sizes = [of_size(tmp_path, MODELS[name], SPECS[name], members) for members in (3, 4)]
    three, four = (made(counted(system, properties, "t")) for system, properties in sizes)
    assert (assert_exact(sizes[0][0], three), len(three.counters)) == SIZES[name]
    assert len(four.counters) == len(three.counters)
    assert_exact(sizes[1][0], four)
    assert len(reachable(instance(three, 4))) == len(reachable(instance(four, 4)))
    assert difference(three, four) == ""


@pytest.mark.parametrize("name", MODELS)
def test_verdicts_are_those_of_every_size(tmp_path: Path, name: str) -> None:
    """With one to four threads the same properties are violated, and the same faults happen."""
    sizes = [of_size(tmp_path, MODELS[name], SPECS[name], members) for members in (1, 2, 3, 4)]
    family = made(counted_family(sizes[2:], "t"))
    for members, (system, properties) in enumerate(sizes, start=1):
        real = explore(system, properties, Limits())
        mine = explore(instance(family, members), family.properties, Limits())
        assert (set(mine.witnesses), mine.halted) == (set(real.witnesses), real.halted)


@random_programs
@given(alike.programs())
def test_random_families_are_counted_exactly(program: alike.Program) -> None:
    """Four threads that run a random program, with references to each other, are counted exactly or refused."""
    system = program.system(4)
    found = counted(system, (sanitizer("assert"),), "t")
    assume(isinstance(found, Counted))
    assert_exact(system, made(found))


# ---------------------------------------------------------------- the system


def test_members_come_one_by_one_and_then_all_start(tmp_path: Path) -> None:
    """The first step adds a member and may be repeated; nobody moves before the second one, which needs a member."""
    found = made(counted(*of_size(tmp_path, MODELS["token"], SPECS["token"], 3), "t"))
    assert found.system.initial == (0, 0, 0, 0, 0, 0, 0)[: len(found.system.variables)]
    come, start = found.system.transitions[:2]
    assert (come.index, come.origin, come.target, come.guard) == (found.spawn, 0, 0, TRUE)
    assert (start.origin, start.target) == (0, 1)
    at_start = [step for step in found.system.transitions if step.process == come.process and step.origin == 0]
    assert at_start == [come, start]
    assert concrete_size(found, (0, 0, 0, 1, 2, 3)) == 3


def test_variables_are_the_globals_and_counters(tmp_path: Path) -> None:
    """Counters are named by the place and what differs from the first local state."""
    found = made(counted(*of_size(tmp_path, MODELS["barrier"], SPECS["barrier"], 3), "t"))
    assert [v.names[0] for v in found.system.variables] == [
        "master.here",
        "open",
        "pc(master)",
        "count(t at line 4: current->here = true)",
        "count(t at line 4: await open, here)",
        "count(t at its end, here)",
        "pc(t[*])",
    ]
    assert {v.role for v in found.system.variables} == {Role.SHARED, Role.PC, Role.OBJECT}


def test_steps_remember_where_they_come_from(tmp_path: Path) -> None:
    """Each step but the two at the start stands for a step of the system with the same text."""
    system, properties = of_size(tmp_path, MODELS["lock"], SPECS["lock"], 3)
    found = made(counted(system, properties, "t"))
    for step in found.system.transitions[2:]:
        assert system.transitions[found.sources[step.index]].action.text == step.action.text
    assert len(found.sources) == len(found.system.transitions) - 2


def test_nothing_is_decided_before_all_have_started(tmp_path: Path) -> None:
    """Without members nobody is where a property wants somebody; that is no state of any size."""
    found = made(counted(*of_size(tmp_path, MODELS["sum"], "invariant a : exists x in t : x->k <= 2;", 3), "t"))
    (prop,) = found.properties
    assert evaluate(prop.formula, found.system.initial, found.system.slot)
    nobody = instance(found, 0)
    assert not evaluate(prop.formula, nobody.initial, nobody.slot)


def test_a_fault_that_some_size_runs_into_stays(tmp_path: Path) -> None:
    """Four threads take n out of 0..3; the fault of the range is a fault of the family."""
    found = made(counted(*of_size(tmp_path, MODELS["limit"], SPECS["limit"], 3), "t"))
    assert [(fault.sanitizer, fault.process, fault.origin) for fault in found.system.faults] == [("range", 0, 1)]
    assert explore(instance(found, 3), found.properties, Limits()).halted == frozenset()
    assert explore(instance(found, 4), found.properties, Limits()).halted == {"range"}


def test_numbers_have_no_ends(tmp_path: Path) -> None:
    """That an int leaves C's range is no fault of a family, and no guard keeps it inside."""
    model = "atomic c = 0; thread t[N] { loop { atomic_inc(c); } }"
    found = made(counted(*of_size(tmp_path, model, "invariant a : atomic_read(c) >= 0;", 3), "t"))
    assert found.system.faults == ()
    (moves,) = found.system.transitions[2:]
    (only,) = found.counters.values()
    assert moves.guard.args[1].name == only.name  # type: ignore[union-attr]  # 1 <= counter, and nothing else


# ---------------------------------------------------------------- refusals

PLAIN = "thread t[N] { skip; }"
SAFE = "never a : forall x in t : dead(x);"


@pytest.mark.parametrize(
    ("model", "spec", "why"),
    [
        (
            """per_task marked bool mark = false; thread t[N] { WRITE_ONCE(current->mark, true); }
            thread master { for each thread x of t WRITE_ONCE(x->mark, false); }""",
            "never a : exists x in t : x->mark and dead(x);",
            "`t[0]` and `t[1]` are not interchangeable",
        ),
        (
            "marked bool x = false; thread t[N] { if (current == t[0]) WRITE_ONCE(x, true); }",
            "never a : x;",
            "`t[0]` and `t[1]` are not interchangeable",
        ),
        ("thread t[N] { task *f; choose f in t; await dead(f); }", SAFE, "a condition tells the threads `t` apart"),
        (
            "marked bool x = false; thread t[N] { task *f; choose f in t; WRITE_ONCE(x, true); await dead(f); }",
            SAFE,
            "`t[0].f` names another thread",
        ),
        (
            "marked task *turn = NULL; thread t[N] { task *f; atomic { choose f in t; WRITE_ONCE(turn, f); } }",
            "never a : turn == NULL and (exists x in t : dead(x));",
            "`turn` gets the name of a thread out of nowhere",
        ),
    ],
)
def test_what_is_not_about_one_thread_at_a_time_is_refused(tmp_path: Path, model: str, spec: str, why: str) -> None:
    """Threads in their order, a thread by name, threads that know each other."""
    assert reason(counted(*of_size(tmp_path, model, spec, 3), "t")) == why


def test_two_threads_are_too_few(tmp_path: Path) -> None:
    """With two threads, the other one and all others are the same; without any there is nothing to read."""
    system, properties = of_size(tmp_path, MODELS["lock"], SPECS["lock"], 2)
    assert reason(counted(system, properties, "t")) == "there are 2 threads `t`; 3 must be there to look at"
    assert reason(counted(system, properties, "u")) == "there are 0 threads `u`; 3 must be there to look at"


@pytest.mark.parametrize(
    ("prop", "why"),
    [
        (sanitizer("deadlock"), "`deadlock` is not about single states"),
        (sanitizer("race"), "`race` is not about single states"),
        (Property("seen", Kind.COVER), "`seen` is not about single states"),
        (
            Property("far", Kind.BOUND, temporal=CostBound("c", 1)),
            "symmetry keeps states, not runs, and `far` is about",
        ),
    ],
)
def test_properties_that_are_not_about_states_are_refused(tmp_path: Path, prop: Property, why: str) -> None:
    """What is enabled, what is covered and runs are not counted."""
    system, _ = of_size(tmp_path, MODELS["lock"], SPECS["lock"], 3)
    assert reason(counted(system, [prop], "t")).startswith(why)


def test_a_property_about_one_thread_is_refused() -> None:
    """It tells the threads apart."""
    system = toys.system(
        "own",
        [toys.variable("own", alike.Thread(0, 3).own.sort)],
        [toys.process(f"t[{me}]", 2) for me in range(3)],
        [toys.step(me, 0, 1, writes=[(alike.Thread(me, 3).mine, toys.number(1))]) for me in range(3)],
    )
    first = eq(index(alike.Thread(0, 3).own, toys.number(0)), toys.number(1))
    refused = counted(system, [Property("first", Kind.NEVER, first)], "t")
    assert reason(refused) == "`t[0]` and `t[1]` are not interchangeable"
    assert isinstance(counted(system, (), "t"), Counted)


# ---------------------------------------------------------------- several sizes


@pytest.mark.parametrize(
    ("model", "spec", "sizes"),
    [
        (  # of three threads, to choose two is to leave out one; of four, to leave out two
            """per_task marked bool b = false; thread t[N] { await current->b; }
            thread master { task *p; task *q; loop { choose p in t; choose q in t; atomic { BOTH } } }""",
            SAFE,
            (3, 4),
        ),
        ("atomic c = N; thread t[N] { atomic_dec(c); }", "invariant a : atomic_read(c) >= 0;", (3, 4)),
        (
            "marked int 0..9 n = 0; thread t[N] { WRITE_ONCE(n, N); }",
            "never a : n == 5;",
            (3, 4),
        ),
        (
            "marked int 0..9 n = 0; thread t[N] { if (N > 4) WRITE_ONCE(n, 1); else WRITE_ONCE(n, 2); }",
            "never a : n == 1;",
            (4, 5),
        ),
    ],
)
def test_rules_that_depend_on_the_size_are_refused(
    tmp_path: Path, model: str, spec: str, sizes: tuple[int, int]
) -> None:
    """A chosen pair that looks like all but one, first values and constants that are the number of threads."""
    pair = [of_size(tmp_path, model.replace("BOTH", "p->b = true; q->b = true;"), spec, n) for n in sizes]
    assert all(isinstance(counted(*one, "t"), Counted) for one in pair)
    assert reason(counted_family(pair, "t")).startswith(f"with {sizes[0]} and with {sizes[1]} threads `t` the rules")


def test_a_pair_is_counted_where_there_are_enough(tmp_path: Path) -> None:
    """A step is about the thread that takes it and another one; with three threads nobody is left to compare with."""
    model = """marked task *turn = NULL; thread t[N] { task *next; loop {
        await turn == NULL or turn == current; atomic { choose next in t; WRITE_ONCE(turn, next); } } }"""
    spec = "never a : turn == NULL and (exists x in t : dead(x));"
    sizes = [of_size(tmp_path, model, spec, members) for members in (4, 5)]
    found = made(counted_family(sizes, "t"))
    assert assert_exact(sizes[1][0], found) == 16
