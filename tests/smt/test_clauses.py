from __future__ import annotations

from oomcheck.ir.expr import FALSE, Var, binary, eq, not_, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, IntSort
from oomcheck.smt.clauses import Coding, Reached, Solved, solve
from oomcheck.smt.horn import Horn, Part, plain
from oomcheck.smt.outcome import Budget, Open
from tests import toys
from tests.smt.small import N, evens, jumps

BUDGET = Budget(rlimit=1_000_000)


def test_slots_with_few_values_are_taken_apart() -> None:
    """The place of a thread and a number from 0 to 7 are a truth value for each of their values, or numbers."""
    toy = jumps([(0, 1)])
    assert [str(c.sort()) for c in Coding(toy, frozenset(), apart=True).arguments] == ["Bool"] * (1 + 8)
    assert [str(c.sort()) for c in Coding(toy, frozenset(), apart=False).arguments] == ["Int", "Int"]
    assert Coding(toy, frozenset({"n"}), apart=True).meaning == [toy.at(0, 0)]


def test_reachable_and_not() -> None:
    """0 leads to 1, and 3 to 4."""
    toy = jumps([(0, 1), (3, 4)])
    assert solve(plain(toy, eq(N, toys.number(1))), BUDGET) == Reached()
    assert isinstance(solve(plain(toy, eq(N, toys.number(4))), BUDGET), Solved)


def test_numbers_that_leave_their_sort_need_numbers() -> None:
    """0, 2, 4, .. leaves 0 .. 7: then truth values do not tell numbers apart, but integers do."""
    beyond = eq(N, toys.number(10))
    assert isinstance(solve(plain(evens(), beyond), BUDGET), Solved)
    assert solve(plain(evens(), beyond), BUDGET, apart=False) == Reached()


def test_inputs_have_any_value() -> None:
    """A step that is taken if an input says so can be taken, until a condition forbids it."""
    go, flag = Var("go", BOOL), Var("flag", BOOL)
    variables = [toys.variable("go", BOOL), toys.variable("flag", BOOL)]
    toy = toys.system("asked", variables, [toys.process("t", 1)], [toys.step(0, 0, 0, go, [(flag, go)])])
    horn = Horn(toy, flag, frozenset({"go"}), (Part(), Part()))
    assert solve(horn, BUDGET) == Reached()
    assert isinstance(solve(Horn(toy, flag, frozenset({"go"}), (Part((not_(go),)), Part())), BUDGET), Solved)


def test_other_states_are_reachable_too() -> None:
    """A bad state where another reachable state is at 4: of the numbers 0, 1 and 2 none is."""
    other = Var("m", IntSort(0, 7))
    base = jumps([(0, 1), (1, 2)])
    toy = toys.system(
        "pair", [toys.variable("n", N.sort), toys.variable("m", other.sort)], base.processes, base.transitions
    )
    for value, found in ((2, Reached), (4, Solved)):
        bad = Part((eq(other, toys.number(value)),), ({"n": other},))
        horn = Horn(toy, binary(Op.LE, toys.number(0), N), frozenset({"m"}), (Part(), Part(), bad))
        assert isinstance(solve(horn, BUDGET), found)


def test_a_limit_leaves_it_open() -> None:
    """The reason says who gave up."""
    toy = toys.peterson()
    answer = solve(plain(toy, or_(toys.both_critical(toy), FALSE)), Budget(rlimit=10))
    assert isinstance(answer, Open)
    assert answer.reason.startswith("Spacer gave up")
