"""Values of expressions where not every slot is known."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oomcheck.ir.expr import Expr, Lit, Var, and_, binary, eq, index, ite, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, ArraySort, IntSort, Scalar, bounds
from oomcheck.semantics.evaluate import evaluate
from oomcheck.transform.counting.partial import partial_slot, partial_value
from tests import strategies, toys

random_expressions = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))

P, Q = Var("p", BOOL), Var("q", BOOL)
X, CELLS = Var("x", IntSort(0, 3)), Var("cells", ArraySort(IntSort(0, 9), 2))
SYSTEM = toys.system("few", [toys.variable(v.name, v.sort) for v in (P, Q, X, CELLS)], [toys.process("t", 1)], [])


def value(expr: Expr, **known: int) -> int | None:
    """The value where these variables are known."""
    slots = {SYSTEM.slot[name]: number for name, number in known.items()}
    return partial_value(SYSTEM, expr, slots.get)


def test_a_part_that_decides_is_enough() -> None:
    """One false part of a conjunction, one true part of a disjunction, whatever the rest is."""
    assert [value(and_(P, Q), p=0), value(and_(P, Q), p=1), value(and_(P, Q), p=1, q=1)] == [0, None, 1]
    assert [value(or_(P, Q), q=1), value(or_(P, Q), q=0), value(or_(P, Q), p=0, q=0)] == [1, None, 0]


def test_a_choice_between_equals_is_known() -> None:
    """Where the condition is not known, both sides must agree."""
    assert value(ite(P, X, Q), x=1, q=1) == 1
    assert value(ite(P, X, Q), x=2, q=1) is None
    assert value(ite(P, X, Q), p=1, x=2) == 2


def test_arithmetic_needs_all_its_parts() -> None:
    """A sum, a comparison."""
    assert value(binary(Op.ADD, X, Lit(1, IntSort(1, 1))), x=2) == 3
    assert value(eq(X, P), x=2) is None


def test_a_place_outside_of_its_array_is_no_slot() -> None:
    """It reads 0; where the index is not known, neither is the slot."""
    place = index(CELLS, X)
    found = [partial_slot(SYSTEM, place, {SYSTEM.slot["x"]: at}.get) for at in (0, 1, 2)]
    first = SYSTEM.slot["cells"]
    assert found == [first, first + 1, -1]
    assert partial_slot(SYSTEM, place, lambda _: None) is None
    assert value(place, x=3) == 0
    assert value(place) is None


def values_of(sort: Scalar) -> st.SearchStrategy[int]:
    """All values of a slot."""
    return st.integers(*bounds(sort))


@random_expressions
@given(st.data())
def test_what_is_known_is_the_value_in_every_completion(data: st.DataObject) -> None:
    """With all slots known it is the value; with some it is the value whatever the others are."""
    system = data.draw(strategies.systems())
    state, other = (data.draw(st.tuples(*map(values_of, system.slot_sorts))) for _ in range(2))
    known = data.draw(st.sets(st.sampled_from(range(len(state)))))
    mixed = [state[slot] if slot in known else other[slot] for slot in range(len(state))]
    for expr in [step.guard for step in system.transitions] + [u.value for s in system.transitions for u in s.updates]:
        assert partial_value(system, expr, state.__getitem__) == evaluate(expr, state, system.slot)
        found = partial_value(system, expr, {slot: state[slot] for slot in known}.get)
        assert found is None or found == evaluate(expr, mixed, system.slot)
