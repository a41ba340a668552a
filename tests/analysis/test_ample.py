"""Reduced searches give the answers of the full search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from oomcheck.analysis.facts import Watched, prepare
from oomcheck.ir.expr import FALSE, TRUE, Expr, Var, add, and_, binary, eq, index, not_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, ArraySort, IntSort
from oomcheck.ir.system import Access, Fault, LockInfo, Transition, TransitionSystem
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.lower import lower
from oomcheck.prop.property import SANITIZERS, Kind, Part, Property, sanitizer
from tests import toys
from tests.analysis.loose import questions
from tests.analysis.reduced import Found, Search, ample_for
from tests.strategies import properties, systems
from tests.test_corpus import Params, cases

MODELS = Path(__file__).parent.parent.parent / "models"
ALL = tuple(sanitizer(name) for name in SANITIZERS)
MOST = 3_000  # states of a system that is worth comparing here

X, Y, Z = Var("x", BOOL), Var("y", BOOL), Var("z", BOOL)
N, M = Var("n", IntSort(0, 3)), Var("m", IntSort(0, 3))


def searches(system: TransitionSystem, asked: Sequence[Property]) -> tuple[Found, Found, Found]:
    """What the full search, the reduced one and the one with fused steps found, once they are known to agree."""
    facts = ample_for(system, asked)
    full = Search(system, asked, None).run()
    reduced = Search(system, asked, facts).run()
    fused = Search(system, asked, facts).run(fuse=True)
    assert reduced.answers == full.answers
    assert fused.answers == full.answers
    assert fused.states <= reduced.states <= full.states
    return full, reduced, fused


def sizes(system: TransitionSystem, asked: Sequence[Property] = ()) -> tuple[int, int, int]:
    """States that the three searches store."""
    full, reduced, fused = searches(system, asked)
    return full.states, reduced.states, fused.states


def toy(
    chains: Sequence[Sequence[Transition]],
    faults: Sequence[Fault] = (),
    locks: Sequence[LockInfo] = (),
    extra: Sequence[Var] = (),
) -> TransitionSystem:
    """Processes of given steps over x, y, z, n and m; their last location is the greatest target."""
    sizes = [max(max(step.origin, step.target) for step in chain) + 1 for chain in chains]
    processes = [toys.process(f"t{who}", size, size - 1) for who, size in enumerate(sizes)]
    variables = [toys.variable(var.name, var.sort) for var in (X, Y, Z, N, M, *extra)]
    return toys.system("toy", variables, processes, [step for chain in chains for step in chain], faults, locks)


def never(formula: Expr) -> Property:
    """A property that a state with `formula` violates."""
    return Property("bad", Kind.NEVER, formula)


def alone(who: int) -> Transition:
    """A first step that nobody else can notice."""
    return toys.step(who, 0, 1, covers=[who])


# ---------------------------------------------------------------- everything at random


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(questions())
def test_random_processes_with_much_of_their_own(asked: tuple[TransitionSystem, tuple[Property, ...]]) -> None:
    """Answers about systems to which the reduction applies are those of the full search."""
    searches(*asked)


def test_the_reduction_applies_to_random_systems() -> None:
    """Of some random systems a good part has states that are expanded in part, and states that are not stored."""
    reduced = list[bool]()
    fused = list[bool]()

    @settings(
        max_examples=40,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(questions())
    def look(asked: tuple[TransitionSystem, tuple[Property, ...]]) -> None:
        facts = ample_for(*asked)
        reduced.append(Search(*asked, facts).run().reduced >= 1)
        fused.append(Search(*asked, facts).run(fuse=True).passed >= 1)

    look()
    assert (len(reduced), sum(reduced) >= 20, sum(fused) >= 20) == (40, True, True)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(systems(), properties())
def test_random_processes_that_share_everything(system: TransitionSystem, asked: tuple[Property, ...]) -> None:
    """Answers are those of the full search where hardly anything is independent."""
    if Search(system, (), None).run().states <= MOST:
        searches(system, asked)


# ---------------------------------------------------------------- models


@pytest.mark.parametrize(("path", "params"), list(cases()))
def test_corpus_model(path: Path, params: Params) -> None:
    """All sanitizers say the same about each model of the corpus."""
    searches(lower(load_model(path, dict(params))).system, ALL)


@pytest.mark.parametrize(
    ("name", "params", "expected"),
    [
        ("exit_vs_reaper", {"N": "1"}, (1971, 653, 231)),
        ("peterson", {"N": "2"}, (54, 45, 31)),
        ("szymanski", {"N": "2"}, (173, 114, 29)),
        ("phils", {"N": "5"}, (243, 80, 24)),
        ("phils", {"N": "5", "LEFTY": "0"}, (242, 112, 32)),
        ("bounded_buffer", {}, (12, 9, 2)),
    ],
)
def test_example(name: str, params: dict[str, str], expected: tuple[int, int, int]) -> None:
    """All, reduced and stored states of an example, with all sanitizers on."""
    assert sizes(lower(load_model(MODELS / "examples" / f"{name}.oom", params)).system, ALL) == expected


# ---------------------------------------------------------------- what the reduction must not lose


def test_independent_steps_are_taken_in_one_order() -> None:
    """Of two processes that have nothing in common one goes first; all states on the way can be fused."""
    chains = [[toys.step(who, k, k + 1) for k in range(3)] for who in range(2)]
    assert sizes(toy(chains)) == (16, 7, 2)


def test_a_formula_that_a_step_makes_false() -> None:
    """X and y together are seen although the thread that sets and clears x could go first."""
    first = [toys.step(0, 0, 1, writes=[(X, TRUE)]), toys.step(0, 1, 2, writes=[(X, FALSE)])]
    full, _, _ = searches(toy([first, [toys.step(1, 0, 1, writes=[(Y, TRUE)])]]), [never(and_(X, Y))])
    assert full.decided == {"bad"}


def test_an_antecedent_is_a_formula() -> None:
    """The antecedent of a property is looked out for like its formula."""
    first = [toys.step(0, 0, 1, writes=[(X, TRUE)]), toys.step(0, 1, 2, writes=[(X, FALSE)])]
    prop = Property("own", Kind.INVARIANT, antecedents=(Part("x and y", and_(X, Y)),))
    full, _, _ = searches(toy([first, [toys.step(1, 0, 1, writes=[(Y, TRUE)])]]), [prop])
    assert full.antecedents == {("own", 0)}


def test_a_formula_about_where_threads_stand() -> None:
    """Leaving a location that a formula names is visible."""
    system = toy([[toys.step(who, 0, 1), toys.step(who, 1, 2)] for who in range(2)])
    full, _, _ = searches(system, [never(and_(system.at(0, 1), system.at(1, 1)))])
    assert full.decided == {"bad"}


def test_a_formula_that_no_step_makes_false_costs_nothing() -> None:
    """A step that can only make a formula true needs no company."""
    chains = [[toys.step(0, 0, 1, writes=[(X, TRUE)])], [toys.step(1, 0, 1, writes=[(Y, TRUE)])]]
    assert sizes(toy(chains), [never(and_(X, Y, Z))]) == (4, 3, 2)


def test_a_step_is_not_put_off_for_ever() -> None:
    """A thread that goes round on its own does not keep another from its step."""
    loop = [toys.step(0, 0, 1), toys.step(0, 1, 0)]
    full, reduced, _ = searches(toy([loop, [alone(1)]]), [])
    assert (full.covered, full.states, reduced.states) == ({1}, 4, 4)


def test_a_loop_that_counts_up_and_starts_again() -> None:
    """A counter that is also reset does not bound a loop."""
    loop = [
        toys.step(0, 0, 0, binary(Op.LT, N, toys.number(3)), [(N, add(N, toys.number(1)))]),
        toys.step(0, 0, 0, eq(N, toys.number(3)), [(N, toys.number(0))]),
        toys.step(0, 0, 1, FALSE),
    ]
    assert searches(toy([loop, [alone(1)]]), [])[0].covered == {1}


def test_a_loop_that_only_counts_up_needs_no_full_expansion() -> None:
    """A counter that nothing brings down bounds the loop, so all its states can be fused."""
    loop = [
        toys.step(0, 0, 0, binary(Op.LT, N, toys.number(3)), [(N, add(N, toys.number(1)))]),
        toys.step(0, 0, 1, eq(N, toys.number(3))),
    ]
    assert sizes(toy([loop, [alone(1)]])) == (10, 6, 2)


@pytest.mark.parametrize("halts", [False, True])
def test_a_fault_that_a_step_makes_false(halts: bool) -> None:
    """A fault is met although the thread that could go first removes its cause."""
    first = [toys.step(0, 0, 1, writes=[(X, TRUE)]), toys.step(0, 1, 2, writes=[(X, FALSE)])]
    system = toy([first, [alone(1), toys.step(1, 1, 2)]], [toys.fault(1, 1, X, "assert", halts)])
    full, _, _ = searches(system, ALL)
    assert (full.decided - {"deadlock"}, full.halted) == ({"assert"}, {"assert"} if halts else set())


def test_a_fault_that_another_thread_brings_about() -> None:
    """A thread does not leave the place of a fault before others had the chance to cause it."""
    system = toy([[alone(0)], [alone(1), toys.step(1, 1, 2, writes=[(X, TRUE)])]], [toys.fault(0, 0, X, "null")])
    assert searches(system, ALL)[0].decided == {"null"}


def test_a_branch_that_another_thread_opens() -> None:
    """A thread does not take its only enabled branch before others could open the other one."""
    branches = [toys.step(0, 0, 1, covers=[0]), toys.step(0, 0, 1, Y, covers=[5])]
    system = toy([branches, [alone(1), toys.step(1, 1, 2, writes=[(Y, TRUE)])]])
    assert searches(system, [])[0].covered == {0, 1, 5}


def test_a_branch_that_another_thread_closes() -> None:
    """A step does not close a branch that another thread could still take."""
    closing = [toys.step(0, 0, 1, writes=[(X, TRUE)])]
    system = toy([closing, [alone(1), toys.step(1, 1, 2, not_(X), covers=[5]), toys.step(1, 1, 2, X, covers=[6])]])
    assert searches(system, [])[0].covered == {1, 5, 6}


def test_two_writes_of_one_variable() -> None:
    """Both orders of writes that do not commute are taken."""
    system = toy([[toys.step(who, 0, 1, writes=[(N, toys.number(who + 1))])] for who in range(2)])
    ended = and_(system.at(0, 1), system.at(1, 1))
    props = [replace(never(and_(ended, eq(N, toys.number(k)))), name=f"bad{k}") for k in (1, 2)]
    assert searches(system, props)[0].decided == {"bad1", "bad2"}


def test_writes_that_commute() -> None:
    """Two increments are independent, two equal constants too."""
    up = [(N, binary(Op.MOD, add(N, toys.number(1)), toys.number(4)))]
    assert sizes(toy([[toys.step(who, 0, 1, writes=up)] for who in range(2)])) == (4, 3, 2)
    assert sizes(toy([[toys.step(who, 0, 1, writes=[(X, TRUE)])] for who in range(2)])) == (4, 3, 2)


def test_a_value_that_is_copied() -> None:
    """A copy is taken before and after the original changes."""
    system = toy([[toys.step(0, 0, 1, writes=[(X, TRUE)])], [alone(1), toys.step(1, 1, 2, writes=[(Y, X)])]])
    asked = [never(and_(system.at(0, 1), system.at(1, 2), not_(Y)))]
    assert searches(system, asked)[0].decided == {"bad"}


def test_an_element_that_an_index_may_name() -> None:
    """A write through a computed index may write, or leave alone, each element."""
    cells = Var("cells", ArraySort(BOOL, 3))
    moving = [toys.step(0, 0, 1, writes=[(N, toys.number(2))]), toys.step(0, 1, 2, writes=[(index(cells, N), TRUE)])]
    reading = [alone(1), toys.step(1, 1, 2, index(cells, toys.number(2)), covers=[5])]
    leaving = toys.step(1, 1, 2, not_(index(cells, toys.number(2))), covers=[6])
    other = [toys.step(2, 0, 1, writes=[(N, toys.number(1))])]
    system = toy([moving, [*reading, leaving], other], extra=[cells])
    assert searches(system, [])[0].covered == {1, 5, 6}


def test_a_race() -> None:
    """Two accesses are seen side by side although one thread could be done before the other comes."""
    first = [toys.step(0, 0, 1, accesses=(Access(N, True, False),))]
    second = [alone(1), toys.step(1, 1, 2, accesses=(Access(N, False, False),))]
    assert searches(toy([first, second]), ALL)[0].decided == {"race"}


def test_marked_accesses_are_independent() -> None:
    """Accesses that cannot race need no company."""
    chains = [[toys.step(who, 0, 1, accesses=(Access(N, True, True),))] for who in range(2)]
    assert sizes(toy(chains), ALL) == (4, 3, 2)


def test_a_lock_order_that_a_stranger_hides() -> None:
    """A thread that ends the holding of a lock does not hide that another was taken meanwhile."""
    locks = [LockInfo("l0", (FALSE, not_(X), FALSE)), LockInfo("l1", (FALSE, FALSE, TRUE))]
    ending = [toys.step(0, 0, 1, writes=[(X, TRUE)])]
    first = [alone(1), toys.step(1, 1, 2, acquire=toys.number(1))]
    second = [toys.step(2, 0, 1, acquire=toys.number(0))]
    assert searches(toy([ending, first, second], locks=locks), ALL)[0].decided == {"lockdep"}


def test_a_critical_section_is_not_interleaved() -> None:
    """Under a lock the holder goes alone: the others wait for it, wherever they are."""
    owner = Var("owner", IntSort(0, 3))
    chains = []
    for who in range(3):
        mine = toys.number(who + 1)
        chains.append(
            [
                alone(who),
                toys.step(who, 1, 2, eq(owner, toys.number(0)), [(owner, mine)]),
                toys.step(who, 2, 3, writes=[(N, mine)]),
                toys.step(who, 3, 4, writes=[(M, mine)]),
                toys.step(who, 4, 5, eq(owner, mine), [(owner, toys.number(0))]),
            ]
        )
    assert sizes(toy(chains, extra=[owner])) == (122, 58, 8)


def test_a_waiting_thread_that_a_third_one_can_wake() -> None:
    """The future of a thread that waits counts, unless nobody outside can end the waiting."""
    writing = [toys.step(0, 0, 1, writes=[(N, toys.number(1))])]
    waiting = [toys.step(1, 0, 1, X), toys.step(1, 1, 2, writes=[(M, N)])]
    waking = [alone(2), toys.step(2, 1, 2, writes=[(X, TRUE)])]
    system = toy([writing, waiting, waking])
    assert searches(system, [never(and_(system.at(1, 2), eq(M, toys.number(0))))])[0].decided == {"bad"}


def test_guards_that_are_true_together() -> None:
    """Only guards that exclude each other make steps independent that would not commute."""
    chains = [
        [toys.step(0, 0, 1, binary(Op.LT, N, toys.number(2)), [(M, toys.number(1))])],
        [alone(1), toys.step(1, 1, 2, binary(Op.LT, N, toys.number(1)), [(M, toys.number(2))])],
    ]
    ended = and_(toy(chains).at(0, 1), toy(chains).at(1, 2))
    asked = [replace(never(and_(ended, eq(M, toys.number(k)))), name=f"bad{k}") for k in (1, 2)]
    assert searches(toy(chains), asked)[0].decided == {"bad1", "bad2"}


def test_guards_that_exclude_each_other() -> None:
    """Steps that are never enabled together do not disturb each other, whatever they write."""
    chains = [
        [toys.step(0, 0, 1, eq(N, toys.number(0)), [(M, toys.number(1)), (N, toys.number(1))])],
        [toys.step(1, 0, 1, eq(N, toys.number(1)), [(M, toys.number(2)), (N, toys.number(2))])],
        [alone(2)],
    ]
    assert sizes(toy(chains)) == (6, 4, 2)


def test_a_loop_that_may_leave_its_slots_alone() -> None:
    """A write through an index may miss a slot, so it is no progress there."""
    cells = Var("cells", ArraySort(BOOL, 3))
    loop = [
        toys.step(0, 0, 0, not_(index(cells, toys.number(2))), [(index(cells, N), TRUE)]),
        toys.step(0, 0, 1, index(cells, toys.number(2))),
    ]
    system = toy([loop, [alone(1)], [toys.step(2, 0, 1, writes=[(N, toys.number(1))])]], extra=[cells])
    assert searches(system, [])[0].covered == {1}


def test_the_locals_of_a_thread_tell_elements_apart() -> None:
    """Threads that walk over an array with an index of their own meet only where they are at one element."""
    cells = Var("cells", ArraySort(IntSort(0, 3), 2))
    chains = []
    own = [Var(f"own{who}", IntSort(0, 1)) for who in range(2)]
    for who, var in enumerate(own):
        value = [(index(cells, var), toys.number(who))]
        chains.append([toys.step(who, 0, 1, writes=[(var, toys.number(who))]), toys.step(who, 1, 2, writes=value)])
    assert sizes(toy(chains, extra=[cells, *own])) == (9, 5, 2)


def test_a_table_of_points_finds_each_state() -> None:
    """The point of a state is found from its location and few of the values."""
    system = lower(load_model(MODELS / "examples" / "exit_vs_reaper.oom", {"N": "2"})).system
    facts = prepare(system, Watched())
    for control in facts.controls:
        found: set[int] = set()
        for location in range(len(system.processes[control.process].locations)):
            found.update(control.lookup(location).numbers)
        assert found - {-1} == set(range(len(control.points)))
    reaper = facts.controls[1]
    lookups = [reaper.lookup(location) for location in range(len(system.processes[1].locations))]
    assert [(len(lookup.fields), len(lookup.numbers)) for lookup in lookups] == [
        (1, 2),
        (2, 6),
        (2, 4),
        (2, 4),
        (2, 6),
        (3, 8),
        (4, 16),
        (4, 16),
        (4, 16),
    ]


def test_wide_values_are_not_looked_at_one_by_one() -> None:
    """A variable with many values takes part, with less detail."""
    wide = Var("wide", IntSort(0, 100_000))
    up = [(wide, add(wide, toys.number(1)))]
    chains = [[toys.step(0, 0, 1, writes=up)], [alone(1), toys.step(1, 1, 2, eq(wide, toys.number(0)), covers=[5])]]
    assert searches(toy(chains, extra=[wide]), [])[0].covered == {1, 5}
