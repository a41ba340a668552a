"""Which conditions are tested after which step."""

from __future__ import annotations

from oomcheck.ir.expr import FALSE, TRUE, Expr, Place, Var, and_, eq, index
from oomcheck.ir.sorts import ArraySort, IntSort
from oomcheck.ir.system import LockInfo, TransitionSystem
from oomcheck.prop.property import Kind, Property
from oomcheck.pygen.orders import Orders
from oomcheck.pygen.search import explore
from oomcheck.pygen.watch import compile_watch, items, written_slots
from oomcheck.result.exploration import Limits, LockEdge
from tests.toys import number, process, step, system, variable

X = Var("x", IntSort(0, 2))
A = Var("a", ArraySort(IntSort(0, 2), 3))


def toy(*writes: tuple[Place, Expr]) -> TransitionSystem:
    """One step with these writes; slot 0 is the program counter, 1 is x, 2 to 4 are a; x is 1."""
    variables = [variable("x", X.sort, 1), variable("a", A.sort)]
    return system("toy", variables, [process("t", 2, 1)], [step(0, 0, 1, writes=writes)])


def covers(formula: Expr) -> Property:
    """A question for the states where `formula` holds."""
    return Property("c", Kind.COVER, formula)


def test_computed_index_writes_the_whole_array() -> None:
    """A constant index writes its slot, a computed one may write any; the program counter is always written."""
    constant, computed, lost = (toy((index(A, at), number(1))) for at in (number(2), X, number(3)))
    assert written_slots(constant, constant.transitions[0]) == {0, 4}
    assert written_slots(computed, computed.transitions[0]) == {0, 2, 3, 4}
    assert written_slots(lost, lost.transitions[0]) == {0}


def test_condition_on_another_slot_is_left_out() -> None:
    """A step that cannot change a condition does not test it."""
    system_ = toy((index(A, number(2)), number(1)))
    for formula, tested in ((eq(index(A, number(1)), number(1)), False), (eq(index(A, X), number(1)), True)):
        candidates = list(enumerate(items(system_, [covers(formula)])))
        assert (compile_watch(system_, candidates, system_.transitions[0]) is not None) == tested


def test_written_values_are_put_in() -> None:
    """What contradicts a value just written is not tested."""
    system_ = toy((X, number(2)))
    contradiction = and_(eq(X, number(1)), eq(index(A, X), number(0)))
    candidates = list(enumerate(items(system_, [covers(contradiction)])))
    assert compile_watch(system_, candidates, system_.transitions[0]) is None
    assert compile_watch(system_, candidates, None) is not None


def test_computed_write_after_a_constant_one() -> None:
    """A value is not known if a later write can change it."""
    system_ = toy((index(A, number(1)), number(1)), (index(A, X), number(2)))
    found = explore(system_, [covers(eq(index(A, number(1)), number(2)))], Limits())
    assert found.witnesses["c"].steps == (0,)
    assert explore(system_, [covers(eq(index(A, number(1)), number(1)))], Limits()).witnesses == {}


def test_condition_brought_about_by_a_computed_write() -> None:
    """A write whose place is only known in the state still wakes the condition."""
    found = explore(toy((index(A, X), number(2))), [covers(eq(index(A, number(1)), number(2)))], Limits())
    assert found.witnesses["c"].steps == (0,)


def test_lock_orders_of_a_situation_once() -> None:
    """A step shows its edges once for each situation of the locks; a lock without number makes none."""
    holders = [(TRUE,), (eq(X, number(1)),), (FALSE,), (TRUE,)]
    locks = [LockInfo(str(place), by) for place, by in enumerate(holders)]
    steps = [step(0, 0, 1, acquire=number(3)), step(0, 1, 0, acquire=number(4)), step(0, 1, 0)]
    system_ = system("toy", [variable("x", X.sort)], [process("t", 2)], steps, locks=locks)
    orders = Orders(system_)
    ((first, situation), (second, _)) = orders.candidates((0, 1, 2))
    assert (first, second) == (0, 1)
    assert list(orders.edges(0, situation, (0, 0))) == [LockEdge(0, 0, 3)]
    assert list(orders.edges(0, situation, (0, 0))) == []
    assert list(orders.edges(0, situation, (0, 1))) == [LockEdge(0, 0, 3), LockEdge(0, 1, 3)]
    assert list(orders.edges(1, situation, (0, 1))) == []
