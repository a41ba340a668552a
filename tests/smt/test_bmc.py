"""Bounded model checking: shortest paths, limits, and parameters."""

from __future__ import annotations

import pytest
import z3

from oomcheck.ir.expr import FALSE, TRUE, Expr, Index, Lit, Var, add, and_, binary, eq, exists
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import IntSort
from oomcheck.ir.system import Transition, TransitionSystem
from oomcheck.smt import unroll
from oomcheck.smt.bmc import NOTHING_DEEPER, bmc, bmc_many
from oomcheck.smt.outcome import Budget, Open, Question, Refutation, UpTo
from tests import toys
from tests.smt.test_machine import walker

FIVE = IntSort(0, 5)
N = Var("n", FIVE)


def at(value: int) -> Expr:
    """The counter stands at a value."""
    return eq(N, Lit(value, FIVE))


def test_initial_state() -> None:
    """A bad initial state takes no step."""
    assert bmc(Question(toys.counter(5), at(0)), Budget(depth=3)) == Refutation((), {})


def test_shortest_path() -> None:
    """The counter reaches 4 by its first transition, four times."""
    assert bmc(Question(toys.counter(5), at(4)), Budget(depth=9)) == Refutation((0, 0, 0, 0), {})


def test_depth() -> None:
    """At the depth of the budget it ends, having looked at states with so many steps."""
    assert bmc(Question(toys.counter(5), at(4)), Budget(depth=3)) == UpTo(3, "depth limit 3")
    assert bmc(Question(toys.counter(5), at(3)), Budget(depth=3)) == Refutation((0, 0, 0), {})


def test_nothing_deeper() -> None:
    """The counter ends after six steps; a goal that is not reached then never is."""
    assert bmc(Question(toys.counter(5), FALSE), Budget()) == UpTo(6, NOTHING_DEEPER)


def test_start() -> None:
    """States within `start` steps are not looked at again."""
    question = Question(toys.counter(5), at(4))
    assert bmc(question, Budget(depth=9), start=3) == Refutation((0, 0, 0, 0), {})
    assert bmc(question, Budget(depth=2), start=3) == UpTo(3, "depth limit 2")


def test_many() -> None:
    """Each condition has its own shortest path; the others do not stand in its way."""
    found = bmc_many(toys.counter(5), {"two": at(2), "any": TRUE, "none": FALSE, "four": at(4)}, Budget(depth=5))
    assert found == {
        "two": Refutation((0, 0), {}),
        "any": Refutation((), {}),
        "none": UpTo(5, "depth limit 5"),
        "four": Refutation((0, 0, 0, 0), {}),
    }


def test_nothing_asked() -> None:
    """Without conditions there are no answers."""
    assert bmc_many(toys.counter(5), {}, Budget(depth=2)) == {}


@pytest.mark.parametrize("broken", [False, True])
def test_peterson(broken: bool) -> None:
    """Both threads enter only if the flags are left out, after six steps."""
    toy = toys.peterson(broken)
    found = bmc(Question(toy, toys.both_critical(toy)), Budget(depth=10))
    assert len(found.steps) == 6 if isinstance(found, Refutation) else found == UpTo(10, "depth limit 10")
    assert isinstance(found, Refutation) == broken


def test_independent_steps_come_in_one_order() -> None:
    """Paths that differ in the order of independent steps alone are looked at once, and none is lost."""
    toy = toys.system("pair", [], [toys.process("a", 3, 2), toys.process("b", 3, 2)], _walks(2))
    assert bmc(Question(toy, and_(toy.at(0, 2), toy.at(1, 2))), Budget()) == Refutation((0, 1, 2, 3), {})
    assert bmc(Question(toy, and_(toy.at(0, 0), toy.at(1, 2))), Budget()) == Refutation((2, 3), {})
    assert bmc(Question(toy, FALSE), Budget()) == UpTo(4, NOTHING_DEEPER)


def _walks(count: int) -> list[Transition]:
    return [toys.step(who, place, place + 1) for who in range(count) for place in range(2)]


def escaping(last: int) -> TransitionSystem:
    """The counter of 0 .. 5 is raised without a guard while the process has steps left."""
    steps = [toys.step(0, place, place + 1, writes=[(N, add(N, toys.number(1)))]) for place in range(last)]
    return toys.system("escaping", [toys.variable("n", N.sort)], [toys.process("t", last + 1, last)], steps)


def test_values_that_leave_their_sort() -> None:
    """What the bits cannot hold is never taken for something else: the answer stays open from there on."""
    stays = bmc(Question(escaping(5), FALSE), Budget())
    assert stays == UpTo(5, NOTHING_DEEPER)
    leaves = bmc(Question(escaping(7), FALSE), Budget())
    assert leaves == Open("a value may leave its declared range", 5)


def test_time_limit() -> None:
    """Without any time nothing is known."""
    assert bmc(Question(toys.counter(5), FALSE), Budget(seconds=0)) == Open("time limit", -1)


def test_limit_of_solver_steps() -> None:
    """The limit counts all checks together; what was done before it stays."""
    question = Question(toys.peterson(), FALSE)
    depths = []
    for limit in (20_000, 200_000):
        found = bmc(question, Budget(rlimit=limit))
        assert isinstance(found, UpTo)
        assert found.reason == "limit of solver steps"
        depths.append(found.depth)
    assert 0 < depths[0] < depths[1]
    assert bmc(question, Budget(rlimit=1)) == Open("limit of solver steps", -1)


@pytest.mark.parametrize(
    ("problem", "reason"),
    [(z3.Z3Exception("out of luck"), "Z3: out of luck"), (MemoryError(), "out of memory")],
)
def test_failures_stay_open(monkeypatch: pytest.MonkeyPatch, problem: Exception, reason: str) -> None:
    """An exception of the solver is no answer; what was found before it stays."""

    def fail(self: object) -> bool:
        raise problem

    monkeypatch.setattr(unroll.Unrolling, "deepen", fail)
    found = bmc_many(toys.counter(5), {"here": at(0), "there": at(1)}, Budget())
    assert found["here"] == Refutation((), {})
    assert found["there"] == Open(reason, 0)


def test_unknown_stays_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """A solver that gives up without a limit leaves the question open, with its words."""
    monkeypatch.setattr(z3.Solver, "check", lambda self, *assumptions: z3.unknown)
    monkeypatch.setattr(z3.Solver, "reason_unknown", lambda self: "(incomplete quantifiers)")
    assert bmc(Question(toys.counter(5), at(1)), Budget()) == Open("the solver gives up: incomplete quantifiers", -1)


COUNT = IntSort(0, 2**31 - 1)
UNITS = Var("N", IntSort(1, 2**31 - 1))
POSITION = Var("i", COUNT)


def test_parameters() -> None:
    """A path of a parametric system comes with the least value of the parameter that it takes."""
    system = walker(None)
    done = system.at(0, 1)
    assert bmc(Question(system, done), Budget(depth=6)) == Refutation((0, 1), {"N": 1})
    after_three = and_(done, eq(POSITION, toys.number(3)))
    assert bmc(Question(system, after_three), Budget(depth=6)) == Refutation((0, 0, 0, 1), {"N": 3})


def test_large_parameters() -> None:
    """Values that are not small are found as well."""
    huge = and_(binary(Op.LT, toys.number(1000), UNITS), eq(POSITION, toys.number(2)))
    found = bmc(Question(walker(None), huge), Budget(depth=4))
    assert isinstance(found, Refutation)
    assert found.steps == (0, 0)
    assert found.values["N"] > 1000


def test_parametric_arrays() -> None:
    """Elements are raised once and never twice, however many there are."""
    system = walker(None)
    (array,) = (v.var for v in system.variables if v.name == "a")
    which = Var("k", COUNT)
    last = binary(Op.SUB, UNITS, toys.number(1))

    def some(value: int) -> Expr:
        return exists(which, toys.number(0), last, eq(Index(array, which), toys.number(value)))

    assert bmc(Question(system, some(2)), Budget(depth=4)) == Refutation((0,), {"N": 1})
    assert bmc(Question(system, some(3)), Budget(depth=4)) == UpTo(4, "depth limit 4")
