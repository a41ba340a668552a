"""Footprints, control points and what they say about pairs of steps."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oomcheck.analysis.columns import Supports, Table
from oomcheck.analysis.conflicts import conflicts, merge
from oomcheck.analysis.footprint import Effect, Footprint, Interest, Touch, Vocabulary, conjuncts, footprint, ones
from oomcheck.analysis.points import Control, Specialiser, unfold
from oomcheck.analysis.proviso import cyclic, key_of, sticky
from oomcheck.ir.expr import FALSE, TRUE, Expr, Index, Lit, Var, add, and_, binary, eq, index, not_, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, ArraySort, IntSort
from oomcheck.ir.system import Access, Fault, LockInfo, Transition, TransitionSystem
from oomcheck.semantics.evaluate import evaluate
from tests import toys
from tests.strategies import ARRAYS, BOOLS, NUMBERS, booleans

X, Y = Var("x", BOOL), Var("y", BOOL)
N, M = Var("n", IntSort(0, 3)), Var("m", IntSort(0, 3))
WIDE = Var("wide", IntSort(0, 1_000))
CELLS = Var("cells", ArraySort(IntSort(0, 2), 3))
LESS = binary(Op.LT, N, toys.number(3))
UP = (N, add(N, toys.number(1)))
NOTHING = Interest(races=False, orders=False, counters=frozenset())


def toy(steps: Sequence[Transition], faults: Sequence[Fault] = (), locks: Sequence[LockInfo] = ()) -> TransitionSystem:
    """Two processes of four locations over all variables; x is slot 2, y 3, n 4, m 5, cells 7 to 9."""
    variables = [toys.variable(var.name, var.sort) for var in (X, Y, N, M, WIDE, CELLS)]
    return toys.system("toy", variables, [toys.process("a", 4), toys.process("b", 4)], steps, faults, locks)


def words_for(system: TransitionSystem) -> tuple[Vocabulary, Specialiser]:
    """A vocabulary of a system."""
    specialiser = Specialiser(system)
    return Vocabulary(system, specialiser.support), specialiser


def prints(system: TransitionSystem, interest: Interest = NOTHING) -> tuple[Vocabulary, list[Footprint]]:
    """The footprints of the first process, in the order of its points."""
    words, specialiser = words_for(system)
    control = unfold(system, system.faults, specialiser)[0]
    found = [footprint(words, entry, interest, specialiser) for entries in control.entries for entry in entries]
    return words, found


def effects(words: Vocabulary, item: Footprint) -> list[Effect]:
    """The effects of a footprint, by slot."""
    return sorted((words.effects[number] for number in item.effects), key=lambda effect: effect.slot)


# ---------------------------------------------------------------- columns


@settings(max_examples=100, deadline=None)
@given(booleans(3), st.data())
def test_a_column_has_the_value_of_each_row(expr: Expr, data: st.DataObject) -> None:
    """A table computes what the reference computes in each state."""
    variables = [toys.variable(var.name, var.sort) for var in BOOLS + NUMBERS + ARRAYS]
    system = toys.system("toy", variables, [], [])
    support = sorted(Supports(system)(expr))
    table = Table(system, support)
    if not table.is_small:
        assert table.rows > 256
        return
    row = data.draw(st.integers(0, table.rows - 1))
    state = list(system.initial)
    for slot in support:
        lo, hi = table.domain[slot]
        state[slot] = lo + row // table.stride[slot] % (hi - lo + 1)
        assert table.columns[slot][row] == state[slot]
    assert bool(table.column(expr)[row]) == bool(evaluate(expr, tuple(state), system.slot))


# ---------------------------------------------------------------- footprints


def test_a_guard_is_split_into_tests() -> None:
    """Each conjunct is a test with the rows where it is true."""
    words, [item] = prints(toy([toys.step(0, 0, 1, and_(X, or_(Y, X), LESS))]))
    assert [(words.tests[t].support, words.tests[t].true) for t in sorted(item.tests)] == [
        ((2,), 0b10),
        ((2, 3), 0b1110),
        ((4,), 0b0111),
    ]
    assert (conjuncts(TRUE), conjuncts(FALSE), conjuncts(X)) == ((), (FALSE,), (X,))


def test_an_effect_knows_the_values_before_and_after() -> None:
    """The guard limits the values before; the old value alone decides the new one."""
    words, [item] = prints(toy([toys.step(0, 0, 1, LESS, [UP, (X, not_(X)), (M, toys.number(2))]), *_foreign(N)]))
    assert item.reads == frozenset()
    assert effects(words, item) == [
        Effect(2, 0b11, (0b10, 0b01), True),
        Effect(4, 0b0111, (0b0010, 0b0100, 0b1000, 0b1111), True),
        Effect(5, 0b1111, (0b0100,) * 4, True),
    ]


def test_a_copied_value_is_read() -> None:
    """What a value is made of is read, and anything within its bounds may be written."""
    words, [item] = prints(toy([toys.step(0, 0, 1, writes=[(M, binary(Op.MOD, N, toys.number(2)))])]))
    assert item.reads == {4}
    assert effects(words, item) == [Effect(5, 0b1111, (0b0011,) * 4, False)]


def test_a_computed_index_may_write_each_element() -> None:
    """Each element keeps its value or gets the new one; the index is read."""
    words, [item] = prints(toy([toys.step(0, 0, 1, writes=[(index(CELLS, M), toys.number(1))]), *_foreign(M)]))
    assert item.reads == {5}
    assert effects(words, item) == [Effect(slot, 0b111, (0b011, 0b010, 0b110), False) for slot in (7, 8, 9)]


def test_the_later_write_of_a_slot_wins() -> None:
    """A certain write hides an earlier one, an uncertain one adds to it."""
    certain = [(M, toys.number(1)), (M, toys.number(2))]
    words, [item] = prints(toy([toys.step(0, 0, 1, writes=certain)]))
    assert effects(words, item) == [Effect(5, 0b1111, (0b0100,) * 4, True)]
    uncertain = [(index(CELLS, toys.number(0)), toys.number(1)), (index(CELLS, M), toys.number(2))]
    words, [item] = prints(toy([toys.step(0, 0, 1, writes=uncertain), *_foreign(M)]))
    assert effects(words, item)[0] == Effect(7, 0b111, (0b110,) * 3, False)


def test_a_wide_slot_has_no_table() -> None:
    """Nothing is known of a slot with many values, but that it is read and written."""
    words, [item] = prints(toy([toys.step(0, 0, 1, eq(WIDE, toys.number(0)), [(WIDE, add(WIDE, toys.number(1)))])]))
    assert item.reads == {6}
    assert effects(words, item) == [Effect(6, 0, (), False)]
    assert [words.tests[test].true for test in item.tests] == [None]


def test_accesses_and_held_locks_count_only_if_asked_for() -> None:
    """Races need accesses, lock orders need what the other locks say about the process."""
    locks = [LockInfo("l0", (X, FALSE)), LockInfo("l1", (Y, FALSE))]
    step = toys.step(0, 0, 1, accesses=(Access(N, True, False),), acquire=toys.number(0))
    words, [item] = prints(toy([step], locks=locks), Interest(races=True, orders=True, counters=frozenset()))
    assert item.touches == {Touch(4, write=True, marked=False)}
    assert [words.tests[test].expr for test in item.held] == [Y]
    _, [plain] = prints(toy([step], locks=locks))
    assert (plain.touches, plain.held) == (frozenset(), frozenset())


def test_a_program_counter_is_written_if_something_reads_it() -> None:
    """The counter is a slot as any other, known before the step."""
    step = toys.step(0, 0, 2)
    words, [item] = prints(toy([step]), Interest(races=False, orders=False, counters=frozenset({0})))
    assert effects(words, item) == [Effect(0, 0b0001, (0b0100,) * 4, True)]
    assert prints(toy([step]))[1][0].effects == frozenset()


def _foreign(var: Var) -> list[Transition]:
    """A step of the other process that writes a variable, so that it steers nobody."""
    return [toys.step(1, 0, 1, writes=[(var, Lit(0, IntSort(0, 0)))])]


# ---------------------------------------------------------------- pairs


def pair(first: Transition, second: Transition, interest: Interest = NOTHING) -> tuple[bool, bool]:
    """Whether the first of two steps disturbs the second or is disturbed, and whether it can make its guard true."""
    elsewhere = [toys.step(who, 2, 3, writes=[(var, Lit(0, BOOL)) for var in (X, Y, N, M)]) for who in range(2)]
    system = toy([first, second, *elsewhere])  # never taken, but so nobody is steered by what all write
    words, specialiser = words_for(system)
    entries = [e for control in unfold(system, (), specialiser) for group in control.entries for e in group]
    items = [footprint(words, entry, interest, specialiser) for entry in entries]
    facts = conflicts(words, items)
    assert (facts.clashes[0] >> 1) & 1 == facts.clashes[1] & 1
    return bool((facts.clashes[0] >> 1) & 1), any(facts.makers[test] & 1 for test in items[1].tests)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (toys.step(0, 0, 1, writes=[(X, TRUE)]), toys.step(1, 0, 1, writes=[(Y, TRUE)]), (False, False)),
        (toys.step(0, 0, 1, writes=[(X, TRUE)]), toys.step(1, 0, 1, X), (False, True)),
        (toys.step(0, 0, 1, writes=[(X, TRUE)]), toys.step(1, 0, 1, not_(X)), (True, False)),
        (toys.step(0, 0, 1, X, [(X, TRUE)]), toys.step(1, 0, 1, not_(X)), (False, False)),
        (toys.step(0, 0, 1, writes=[(X, TRUE)]), toys.step(1, 0, 1, writes=[(X, TRUE)]), (False, False)),
        (toys.step(0, 0, 1, writes=[(X, TRUE)]), toys.step(1, 0, 1, writes=[(X, FALSE)]), (True, False)),
        (toys.step(0, 0, 1, X, [(M, N)]), toys.step(1, 0, 1, not_(X), [(M, toys.number(1))]), (False, False)),
        (toys.step(0, 0, 1, writes=[(N, M)]), toys.step(1, 0, 1, writes=[(M, toys.number(1))]), (True, False)),
        (toys.step(0, 0, 1, writes=[(WIDE, toys.number(1))]), toys.step(1, 0, 1, eq(WIDE, M)), (True, True)),
        (toys.step(0, 0, 1, writes=[(N, toys.number(0))]), toys.step(1, 0, 1, binary(Op.LT, M, N)), (True, False)),
        (toys.step(0, 0, 1, LESS, [UP]), toys.step(1, 0, 1, LESS, [UP]), (True, False)),
    ],
)
def test_what_disturbs(first: Transition, second: Transition, expected: tuple[bool, bool]) -> None:
    """Steps clash if their order matters where both are enabled; enabling is no clash."""
    assert pair(first, second) == expected


@pytest.mark.parametrize(
    ("write", "marked", "clash"), [(True, False, True), (False, False, False), (True, True, False)]
)
def test_which_accesses_clash(write: bool, marked: bool, clash: bool) -> None:
    """Two accesses clash exactly if they race."""
    access = (Access(N, write, marked),)
    steps = [toys.step(who, 0, 1, accesses=access) for who in range(2)]
    assert pair(steps[0], steps[1], Interest(races=True, orders=False, counters=frozenset())) == (clash, False)


def test_classes_are_merged_by_what_they_clash_with() -> None:
    """Equal columns become one bit, classes without clashes none."""
    assert merge([0b0110, 0b0001, 0b0001, 0b0000]) == ([1, 2, 2, 0], 2)
    assert list(ones(0b10110)) == [1, 2, 4]


# ---------------------------------------------------------------- control points


def control_of(system: TransitionSystem) -> Control:
    """The control points of the first process."""
    return unfold(system, system.faults, Specialiser(system))[0]


def test_a_location_is_unfolded_by_what_steers_it() -> None:
    """A counter that only the process writes and its guards read becomes part of where it stands."""
    control = control_of(toy([toys.step(0, 0, 0, LESS, [UP]), toys.step(0, 0, 1, eq(N, toys.number(3)))]))
    assert control.fields == (4,)
    assert control.points == ((0, (0,)), (0, (1,)), (0, (2,)), (0, (3,)), (1, (3,)))
    assert [[(entry.position, entry.targets) for entry in entries] for entries in control.entries] == [
        [(0, (1,))],
        [(0, (2,))],
        [(0, (3,))],
        [(1, (4,))],
        [],
    ]


def test_what_others_write_steers_nobody() -> None:
    """A variable with two writers, or written through an index, is not unfolded."""
    loop = toys.step(0, 0, 0, LESS, [UP])
    assert control_of(toy([loop, *_foreign(N)])).fields == ()
    written = toys.step(0, 0, 1, eq(index(CELLS, toys.number(0)), toys.number(0)), [(index(CELLS, N), toys.number(1))])
    assert control_of(toy([written])).fields == ()


def test_expressions_are_specialised() -> None:
    """An index that is known names one element; an index outside reads 0."""
    steps = [
        toys.step(0, 0, 1, LESS, [(N, toys.number(2))]),
        toys.step(0, 1, 2, eq(index(CELLS, N), toys.number(1)), [(index(CELLS, N), toys.number(0)), UP]),
        toys.step(0, 2, 3, eq(index(CELLS, N), toys.number(0))),
    ]
    control = control_of(toy(steps))
    entries = [entry for group in control.entries for entry in group]
    place = Index(CELLS, Lit(2, N.sort))  # type: ignore[arg-type]  # a scalar sort
    assert [entry.guard for entry in entries] == [TRUE, eq(place, toys.number(1)), TRUE]
    assert entries[1].updates[0].target == place


def test_values_that_are_not_known_lead_everywhere() -> None:
    """A steering variable that gets a foreign value may have any value within its bounds."""
    value = binary(Op.MOD, M, toys.number(2))
    steps = [toys.step(0, 0, 1, LESS, [(N, value)]), toys.step(0, 1, 2, eq(N, toys.number(0))), *_foreign(M)]
    assert control_of(toy(steps)).points == ((0, (0,)), (1, (0,)), (1, (1,)), (2, (0,)))


def test_too_many_points_are_given_up() -> None:
    """The variables that matter least are not unfolded when there would be too many points."""
    many = [Var(f"v{k}", IntSort(0, 9)) for k in range(4)]
    rise = [toys.step(0, 0, 0, binary(Op.LT, var, toys.number(9)), [(var, add(var, toys.number(1)))]) for var in many]
    variables = [toys.variable(var.name, var.sort) for var in many]
    system = toys.system("many", variables, [toys.process("a", 1)], rise)
    assert (control_of(system).fields, len(control_of(system).points)) == ((1, 2), 100)


def test_faults_belong_to_points() -> None:
    """A fault is an entry that leads nowhere; it is left out where it cannot happen."""
    steps = [toys.step(0, 0, 1, LESS, [UP]), toys.step(0, 1, 2)]
    faults = [toys.fault(0, 1, eq(N, toys.number(1)), "assert"), toys.fault(0, 1, eq(N, toys.number(2)), "assert")]
    control = control_of(toy(steps, faults))
    assert [(entry.source.index, entry.position, entry.targets) for entry in control.entries[1]] == [
        (1, 0, (2,)),
        (0, 1, ()),
    ]


# ---------------------------------------------------------------- proviso


def stuck(steps: Sequence[Transition], prices: Sequence[int] = (0,) * 9) -> tuple[list[int], list[int]]:
    """Transitions that may be on a cycle, and those that are sticky, given what each costs."""
    system = toy(steps)
    words, specialiser = words_for(system)
    controls = unfold(system, (), specialiser)
    found = {
        key_of(control.process, entry): footprint(words, entry, NOTHING, specialiser).effects
        for control in controls
        for entries in control.entries
        for entry in entries
    }
    loops = cyclic(controls, found, words.effects)
    names = {
        key_of(control.process, entry): entry.source.index
        for control in controls
        for entries in control.entries
        for entry in entries
    }
    chosen = sticky(controls[0], loops, lambda entry: prices[entry.source.index])
    return sorted({names[key] for key in loops}), sorted({names[key] for key in chosen})


def test_each_loop_has_a_sticky_step() -> None:
    """One step of a loop is enough; the cheapest is taken."""
    loop = [toys.step(0, 0, 1), toys.step(0, 1, 2), toys.step(0, 2, 0), toys.step(0, 2, 3)]
    assert stuck(loop) == ([0, 1, 2], [2])
    assert stuck(loop, (1, 0, 1, 0)) == ([0, 1, 2], [1])


def test_a_loop_that_makes_progress_is_no_cycle() -> None:
    """A slot that only rises, or only falls, ends the loop; one that also comes back does not."""
    down = (M, binary(Op.SUB, M, toys.number(1)))
    falling = toys.step(0, 0, 0, and_(X, binary(Op.LT, toys.number(0), M)), [down])
    resetting = toys.step(1, 0, 0, writes=[(M, toys.number(3))])
    assert stuck([falling, *_foreign(X)]) == ([], [])
    assert stuck([falling, *_foreign(X), resetting]) == ([0, 2], [0])


def test_progress_is_lexicographic() -> None:
    """A loop that may bring a slot back only where another one rises ends too."""
    outer = toys.step(0, 1, 0, and_(X, LESS), [UP, (M, toys.number(3))])
    inner = toys.step(0, 0, 0, and_(X, binary(Op.LT, toys.number(0), M)), [(M, binary(Op.SUB, M, toys.number(1)))])
    assert stuck([outer, inner, toys.step(0, 0, 1), *_foreign(X)]) == ([], [])
