"""Generated text: closed vocabulary, any depth, ints only."""

from __future__ import annotations

import re

from oomcheck.ir.expr import Apply, Expr, Index, Lit, Var
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, ArraySort, IntSort
from oomcheck.pygen.expressions import Emitter, compile_conditions, load
from oomcheck.semantics.evaluate import evaluate

EVIL = "__import__('os').system('x')"
ONE = Lit(1, IntSort(0, 1))


def test_no_text_of_a_model_is_emitted() -> None:
    """Whatever a variable is called, the text holds numbers, operators and names of ours."""
    array = Var(EVIL, ArraySort(BOOL, 3))
    expr: Expr = Index(array, Apply(Op.ADD, (Var(EVIL + "2", BOOL), Lit(-1, BOOL))))
    text = Emitter({EVIL: 4, EVIL + "2": 9}).value(expr)
    assert text == "(s[4 + _1] if 0 <= (_1 := (s[9] + (-1))) < 3 else 0)"
    assert set(re.findall(r"[A-Za-z_]\w*", text)) == {"s", "_1", "if", "else"}


def test_generated_code_has_no_builtins() -> None:
    """Even code that got in could not open a file."""
    assert load("def f(): return 1")["f"].__globals__["__builtins__"] == {}


def test_constant_index() -> None:
    """A constant index is a slot, or 0 outside."""
    array = Var("a", ArraySort(BOOL, 3))
    texts = [Emitter({"a": 4}).value(Index(array, Lit(position, BOOL))) for position in (-1, 0, 2, 3)]
    assert texts == ["0", "s[4]", "s[6]", "0"]


def test_deep_expressions_compile() -> None:
    """Python's parser gives up at 200 parentheses; parts move into functions of their own."""
    x = Var("x", IntSort(0, 1))
    expr: Expr = x
    for _ in range(150):
        expr = Apply(Op.ITE, (Apply(Op.LT, (x, expr)), ONE, Apply(Op.SUB, (expr if expr is x else ONE, x))))
    deep: Expr = x
    for _ in range(150):
        deep = Apply(Op.NOT, (Apply(Op.NE, (Apply(Op.ADD, (deep, ONE)), ONE)),))
    conditions = compile_conditions([expr, deep], {"x": 0})
    for state in ((0,), (1,)):
        values = [bool(condition(state)) for condition in conditions]
        assert values == [bool(evaluate(part, state, {"x": 0})) for part in (expr, deep)]


def test_comparisons_do_not_chain() -> None:
    """In Python a < b < c means something else than (a < b) < c."""
    state, slots = (3, 2, 1), {"a": 0, "b": 1, "c": 2}
    a, b, c = (Var(name, IntSort(0, 3)) for name in "abc")
    expr = Apply(Op.LT, (Apply(Op.LT, (a, b)), c))
    assert bool(compile_conditions([expr], slots)[0](state)) == bool(evaluate(expr, state, slots))
