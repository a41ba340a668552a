"""Expressions as JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oomcheck.ir.expr import Apply, Expr, Index, Lit, Var, forall
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, ArraySort, BoolSort, EnumSort, IntSort, bounds
from oomcheck.semantics.evaluate import evaluate
from oomcheck.smt.portable import UnreadableError, packed, unpacked
from tests import strategies, toys
from tests.smt.proofs import walk, walk_proof

SYSTEM = toys.system(
    "all",
    [toys.variable(v.name, v.sort) for v in (*strategies.BOOLS, *strategies.NUMBERS, *strategies.ARRAYS)],
    [toys.process("t", 2)],
    [],
)


@given(data=st.data(), exprs=st.lists(st.one_of(strategies.numbers(3), strategies.booleans(3)), max_size=4))
def test_round_trip(data: st.DataObject, exprs: list[Expr]) -> None:
    """What comes back has the same values, and the same JSON."""
    state = tuple(data.draw(st.integers(*bounds(sort))) for sort in SYSTEM.slot_sorts)
    stored = json.loads(json.dumps(packed(exprs)))
    found = unpacked(stored, SYSTEM)
    assert packed(found) == stored
    values = [[evaluate(expr, state, SYSTEM.slot) for expr in some] for some in (exprs, found)]
    assert values[0] == values[1]


def test_quantifiers() -> None:
    """They bind their variable again."""
    _, proof = walk_proof()
    stored = packed(proof.conjuncts)
    assert packed(unpacked(stored, walk())) == stored


def test_shared_parts_are_stored_once() -> None:
    """Equal parts, whether one object or several."""
    x = Var("x", IntSort(0, 2))
    again = Var("x", IntSort(0, 2))
    double = Apply(Op.ADD, (Apply(Op.MUL, (x, x)), Apply(Op.MUL, (again, again))))
    assert packed([double, double]) == {"nodes": [["var", "x"], ["mul", 0, 0], ["add", 1, 1]], "roots": [2, 2]}


def test_sorts_of_literals() -> None:
    """A truth value stays one; every other literal becomes a number."""
    stored = packed([Lit(1, BOOL), Lit(1, EnumSort("e", ("a", "b")))])
    truth, number = unpacked(stored, SYSTEM)
    assert isinstance(truth, Lit)
    assert isinstance(number, Lit)
    assert (isinstance(truth.sort, BoolSort), isinstance(number.sort, BoolSort)) == (True, False)


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {"nodes": []},
        {"nodes": {}, "roots": []},
        {"nodes": [], "roots": [0]},
        {"nodes": [["lit", 1, False]], "roots": [True]},
        {"nodes": [["lit", 1, False]], "roots": [-1]},
        {"nodes": [["lit", True, False]], "roots": [0]},
        {"nodes": [["lit", 1, 1]], "roots": [0]},
        {"nodes": [["lit", 1]], "roots": [0]},
        {"nodes": [["var", "nobody"]], "roots": [0]},
        {"nodes": [["var", "a"]], "roots": [0]},
        {"nodes": [["lit", 1, False], ["index", "x", 0]], "roots": [1]},
        {"nodes": [["not", 0]], "roots": [0]},
        {"nodes": [["lit", 1, False], ["add", 0]], "roots": [1]},
        {"nodes": [["lit", 1, False], ["and", 0]], "roots": [1]},
        {"nodes": [["lit", 1, False], ["xor", 0, 0]], "roots": [1]},
        {"nodes": [["bound", "i"]], "roots": [0]},
        {"nodes": [["lit", 1, False], ["bound", "x"], ["forall", "x", 0, 0, 1]], "roots": [2]},
        {"nodes": [["bound", "i"], ["forall", "i", 0, 0, 0]], "roots": [1]},
    ],
)
def test_anything_else_is_refused(data: object) -> None:
    """Wrong shapes, nodes that are not there yet, names that the system lacks, variables of no quantifier."""
    with pytest.raises(UnreadableError):
        unpacked(data, SYSTEM)


def test_a_variable_below_its_quantifier() -> None:
    """A quantifier over an array by a bound index is what was stored."""
    place = Var("?p", IntSort(0, 9))
    array = Var("f", ArraySort(BOOL, 2))
    whole = forall(place, Lit(0, IntSort(0, 9)), Lit(1, IntSort(0, 9)), Index(array, place))
    assert packed([whole]) == {
        "nodes": [["lit", 0, False], ["lit", 1, False], ["bound", "?p"], ["index", "f", 2], ["forall", "?p", 0, 1, 3]],
        "roots": [4],
    }
