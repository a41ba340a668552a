"""The cone of influence: what a search looks at, and what that depends on."""

from __future__ import annotations

import pytest

from oomcheck.analysis.influence import asks, influential, is_watched
from oomcheck.ir.expr import FALSE, TRUE, Expr, Var, add, eq, index
from oomcheck.ir.sorts import ArraySort, IntSort
from oomcheck.ir.system import Access, LockInfo, TransitionSystem
from oomcheck.prop.formula import Atom, always
from oomcheck.prop.property import Kind, Part, Property, sanitizer
from oomcheck.prop.temporal import CostBound, Liveness, Response
from tests import toys

SMALL = IntSort(0, 3)
SEEN, SOURCE, FAR, ALONE, PLACE = (Var(name, SMALL) for name in ("seen", "source", "far", "alone", "place"))
ARRAY = Var("array", ArraySort(SMALL, 2))
ALL = ("seen", "source", "far", "alone", "place", "array")


def system(
    guard: Expr = TRUE, access: bool = False, faults: tuple[tuple[str, bool], ...] = (), locked: bool = False
) -> TransitionSystem:
    """`seen` is computed from `source`, that from `far`; `alone` from itself; `array` is written at `place`."""
    one = toys.number(1)
    step = toys.step(
        0,
        0,
        1,
        guard,
        [(SEEN, SOURCE), (SOURCE, FAR), (ALONE, add(ALONE, one)), (index(ARRAY, PLACE), one)],
        accesses=(Access(index(ARRAY, ALONE), True, False),) if access else (),
        acquire=ALONE if locked else None,
    )
    locks = [LockInfo("l", (eq(PLACE, one),))] if locked else []
    variables = [toys.variable(name, ARRAY.sort if name == "array" else SMALL) for name in ALL]
    found = [toys.fault(0, 0, eq(ALONE, one), name, halts) for name, halts in faults]
    return toys.system("cone", variables, [toys.process("t", 2, 1)], [step], found, locks)


def cone(toy: TransitionSystem, *properties: Property) -> set[str]:
    """What is influential besides program counters."""
    found = influential(toy, properties)
    assert "t.pc" in found
    return set(found) - {"t.pc"}


def about(formula: Expr, kind: Kind = Kind.NEVER) -> Property:
    """A property with this formula."""
    return Property("own", kind, formula)


def test_nothing_is_influential_if_nothing_is_asked() -> None:
    """Program counters are looked at always."""
    assert cone(system()) == set()


def test_what_a_formula_reads_is_followed_back() -> None:
    """The sources of what is seen count, however far away; what is computed from them does not."""
    assert cone(system(), about(eq(SEEN, SOURCE))) == {"seen", "source", "far"}
    assert cone(system(), about(eq(SOURCE, toys.number(1)))) == {"source", "far"}
    assert cone(system(), about(eq(FAR, toys.number(1)))) == {"far"}


def test_a_guard_is_looked_at() -> None:
    """What decides whether a step can be taken counts for every question."""
    assert cone(system(guard=eq(ALONE, toys.number(1)))) == {"alone"}


def test_an_array_depends_on_the_index_of_its_writes() -> None:
    """Which element changes is a matter of the index."""
    assert cone(system(), about(eq(index(ARRAY, toys.number(0)), toys.number(1)))) == {"array", "place"}


@pytest.mark.parametrize(
    "prop",
    [
        Property("own", Kind.COVER, defined=eq(FAR, toys.number(1))),
        Property("own", Kind.INVARIANT, antecedents=(Part("far", eq(FAR, toys.number(1))),)),
        Property("own", Kind.DEADLOCK_FREE, rest=eq(FAR, toys.number(1))),
        Property("own", Kind.LTL, temporal=Liveness(always(Atom(eq(FAR, toys.number(1)))))),
        Property("own", Kind.WITHIN, temporal=Response(eq(FAR, toys.number(1)), TRUE)),
        Property("own", Kind.WITHIN, temporal=Response(TRUE, eq(FAR, toys.number(1)))),
    ],
    ids=["defined", "antecedent", "rest", "ltl", "trigger", "response"],
)
def test_all_parts_of_a_property_are_looked_at(prop: Property) -> None:
    """Where it is defined, what must happen, where rest is accepted, what runs are asked for."""
    assert cone(system(), prop) == {"far"}


def test_costs_are_no_variables() -> None:
    """A bound on a cost looks at steps only."""
    assert cone(system(), Property("own", Kind.BOUND, temporal=CostBound("c"))) == set()


def test_rest_counts_for_deadlocks_only() -> None:
    """Other properties do not look at it."""
    assert cone(system(), Property("own", Kind.NEVER, FALSE, rest=eq(FAR, toys.number(1)))) == set()


def test_a_fault_is_looked_at_if_it_halts_or_is_asked_for() -> None:
    """One that does neither may be forgotten."""
    assert cone(system(faults=(("null", True),))) == {"alone"}
    assert cone(system(faults=(("null", False),))) == set()
    assert cone(system(faults=(("null", False),)), sanitizer("null")) == {"alone"}
    assert cone(system(faults=(("null", False),)), sanitizer("range")) == set()


def test_races_look_at_indices_of_accesses() -> None:
    """Which element is accessed decides about races, and only about them."""
    assert cone(system(access=True)) == set()
    assert cone(system(access=True), sanitizer("race")) == {"alone"}


def test_lock_orders_look_at_the_lock_and_its_holders() -> None:
    """Which lock is taken and who holds it decides about orders, and only about them."""
    assert cone(system(locked=True)) == set()
    assert cone(system(locked=True), sanitizer("lockdep")) == {"alone", "place"}


def test_a_property_of_the_user_is_no_sanitizer() -> None:
    """A property that is called like one does not ask for its faults."""
    own = Property("null", Kind.NEVER, FALSE)
    (fault,) = system(faults=(("null", False),)).faults
    assert not asks([own], "null")
    assert not is_watched(fault, [own])
    assert is_watched(fault, [sanitizer("null")])
