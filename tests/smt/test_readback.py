from __future__ import annotations

import pytest
import z3
from hypothesis import given, settings

from oomcheck.ir.expr import TRUE, Apply, Expr, Index, Lit, Var, and_, binary, eq, not_, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, BoolSort, EnumSort, IntSort, scalar_of, width
from oomcheck.ir.walk import subexpressions
from oomcheck.smt.readback import UnreadableError, conjuncts, normal, read
from oomcheck.smt.terms import Reader, truth
from tests.strategies import ARRAYS, BOOLS, NUMBERS, booleans
from tests.toys import number

X, Y = z3.Ints("x y")
PLACES: dict[str, Expr] = {"x": Var("x", IntSort(0, 9)), "y": Var("y", IntSort(0, 9)), "p": Var("p", BOOL)}


def read_named(term: z3.ExprRef) -> Expr:
    """A term over x, y and p."""
    return read(term, constants=PLACES)


def test_sums_have_no_negative_parts() -> None:
    """`x + -1 * y <= -2` is `x + 2 <= y`."""
    assert read_named(X + -1 * Y <= -2) == Apply(Op.LE, (Apply(Op.ADD, (PLACES["x"], number(2))), PLACES["y"]))


def test_comparisons_with_a_place_have_its_sort() -> None:
    """A number beside a place is shown as a value of the place."""
    tasks = EnumSort("task *", ("none", "a"))
    owner = Var("owner", tasks)
    found = read(z3.IntVal(1) == X, constants={"x": owner})
    assert found == eq(owner, Lit(1, tasks))
    assert isinstance(found, Apply)
    assert found.args[1] == Lit(1, tasks)


def test_equal_truth_values() -> None:
    """Equality with a truth value is the value itself or its negation."""
    flag = z3.Bool("p")
    assert read_named(flag == z3.BoolVal(False)) == not_(PLACES["p"])
    assert read_named(flag == z3.BoolVal(True)) == PLACES["p"]


def test_bound_variables_are_arguments() -> None:
    """The number of a bound variable says which argument it is."""
    term = z3.And(z3.Var(1, z3.BoolSort()), z3.Var(0, z3.IntSort()) <= 3)
    assert read(term, [PLACES["x"], PLACES["p"]]) == and_(
        PLACES["p"], binary(Op.LE, PLACES["x"], Lit(3, IntSort(0, 9)))
    )


@pytest.mark.parametrize("term", [X / 2 == 1, X % 2 == 1, z3.Int("z") == 1, z3.Exists([X], X == Y)])
def test_what_has_no_word(term: z3.ExprRef) -> None:
    """Division, strange names and quantifiers cannot be read."""
    with pytest.raises(UnreadableError):
        read_named(term)


def test_conjuncts_are_clauses() -> None:
    """Negated disjunctions fall into parts, and repeated parts are one."""
    p, small = PLACES["p"], binary(Op.LE, PLACES["x"], PLACES["y"])
    assert conjuncts(and_(not_(or_(p, small)), not_(p))) == (not_(p), binary(Op.LT, PLACES["y"], PLACES["x"]))
    assert conjuncts(TRUE) == ()


def _cells() -> dict[str, tuple[z3.ExprRef, ...]]:
    made = {}
    for var in BOOLS + NUMBERS + ARRAYS:
        sort = z3.BoolSort() if isinstance(scalar_of(var.sort), BoolSort) else z3.IntSort()
        made[var.name] = tuple(z3.Const(f"{var.name}[{slot}]", sort) for slot in range(width(var.sort)))
    return made


def _constants() -> dict[str, Expr]:
    found: dict[str, Expr] = {f"{var.name}[0]": var for var in BOOLS + NUMBERS}
    found.update({f"{a.name}[{slot}]": Index(a, number(slot)) for a in ARRAYS for slot in range(width(a.sort))})
    return found


@settings(max_examples=150)
@given(booleans(3))
def test_what_is_read_means_the_same(expr: Expr) -> None:
    """Terms of random expressions, also simplified ones, mean the same when they are read; so do their normal forms."""
    divides = any(isinstance(e, Apply) and e.op in (Op.DIV, Op.MOD) for e in subexpressions(expr))
    reader = Reader(_cells())
    term = reader.truth(expr)
    for version in (term, z3.simplify(term)):
        try:
            found = read(version, constants=_constants())
        except UnreadableError:
            assert divides
            continue
        for back in (found, normal(found), and_(*conjuncts(found))):
            solver = z3.Solver()
            solver.set("timeout", 5000)
            solver.add(term != truth(reader.term(back)))
            assert solver.check() == z3.unsat
