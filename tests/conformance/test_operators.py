"""The readers of the operators agree on every corner value."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
import z3

from oomcheck.ir.expr import Apply, Expr, Lit, Var, fold
from oomcheck.ir.ops import ARITY, Op
from oomcheck.ir.sorts import BOOL, IntSort, scalar_of
from oomcheck.ir.walk import rebuild
from oomcheck.pygen.expressions import Emitter, load
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.meaning import MEANING
from oomcheck.smt import bits, terms
from tests import oracle, toys
from tests.native.calls import Values

CORNERS = (-(2**63), -(2**31), -8, -7, -3, -2, -1, 0, 1, 2, 3, 7, 8, 2**31 - 1, 2**63 - 1)
LOGICAL = {Op.NOT: 1, Op.AND: 3, Op.OR: 3}
FOLDED = (Op.EQ, Op.NE, Op.LT, Op.LE, Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.MOD)


def arguments(op: Op) -> list[tuple[int, ...]]:
    """Argument lists to try an operator with."""
    if op in LOGICAL:
        return list(product((0, 1), repeat=LOGICAL[op]))
    if op is Op.ITE:
        return list(product((0, 1), CORNERS, CORNERS))
    return list(product(CORNERS, repeat=ARITY[op] or 2))


def applied(op: Op) -> Apply:
    """The operator on variables v0, v1, ... (truth values where it needs them)."""
    count = LOGICAL.get(op) or ARITY[op] or 2
    truths = count if op in LOGICAL else 1 if op is Op.ITE else 0
    return Apply(op, tuple(Var(f"v{i}", BOOL if i < truths else IntSort(-(2**63), 2**63)) for i in range(count)))


def test_meaning_covers_the_operators() -> None:
    """The table of the reference has an entry for each operator and no other."""
    assert set(MEANING) == set(Op)


@pytest.mark.parametrize("op", list(Op))
def test_corner_values(op: Op) -> None:
    """Table, evaluation, generated Python, oracle and constant folding give one value, of type int."""
    expr = applied(op)
    slots = {f"v{i}": i for i in range(len(expr.args))}
    emitter = Emitter(slots)
    generated = load(
        f"def value(s): return {emitter.value(expr)}\ndef condition(s): return 1 if {emitter.condition(expr)} else 0\n"
    )
    closure = oracle.reader(expr)
    for values in arguments(op):
        expected = MEANING[op](*values)
        literals: tuple[Expr, ...] = tuple(
            Lit(value, scalar_of(arg.sort))
            for value, arg in zip(values, expr.args, strict=True)
            if isinstance(arg, Var)
        )
        folded = rebuild(op, literals)
        assert isinstance(folded, Lit)
        results = [
            evaluate(expr, values, slots),
            generated["value"](values),
            closure({(f"v{i}", 0): value for i, value in enumerate(values)}),
            folded.value,
        ]
        if op in FOLDED:
            results.append(fold(op, *values))
        assert results == [expected] * len(results), values
        assert type(results[0]) is int
        assert type(results[1]) is int
        assert generated["condition"](values) == int(expected != 0)


@pytest.mark.parametrize("op", list(Op))
def test_native_corner_values(op: Op) -> None:
    """The generated C agrees with the table on the corners of the widest sorts for which it is generated."""
    widest = 30 if op is Op.MUL else 60  # results have up to 62 bits
    corners = (-(2**widest), *(corner for corner in CORNERS if abs(corner) < 2**widest), 2**widest - 1)
    sort = IntSort(corners[0], corners[-1])
    narrow = applied(op)
    names = [arg.name for arg in narrow.args if isinstance(arg, Var)]
    sorts = [BOOL if isinstance(arg, Var) and arg.sort == BOOL else sort for arg in narrow.args]
    expr = Apply(op, tuple(Var(name, own) for name, own in zip(names, sorts, strict=True)))
    variables = [toys.variable(name, own) for name, own in zip(names, sorts, strict=True)]
    native = Values(toys.system("operator", variables, [], []), [expr])
    for values in product(*((0, 1) if own == BOOL else corners for own in sorts)):
        assert native(values) == [MEANING[op](*values)], values


def integer_term(op: Op, values: tuple[int, ...], truths: int) -> int:
    """What the table of integer terms gives for some values, of which the first `truths` are truth values."""
    args = [z3.BoolVal(bool(v)) if i < truths else z3.IntVal(v) for i, v in enumerate(values)]
    return int(z3.simplify(terms.number(terms.TERM[op](*args))).as_long())


def bit_term(op: Op, values: tuple[int, ...], truths: int) -> int:
    """The same of the table of bit-vectors; the result lies in the bounds that it says."""
    args: list[bits.Value] = [z3.BoolVal(bool(v)) if i < truths else bits.constant(v) for i, v in enumerate(values)]
    found = bits.number(bits.BITS[op](*args))
    value = int(z3.simplify(found.term).as_signed_long())
    assert found.low <= value <= found.high
    assert found.term.size() == bits.width_of(found.low, found.high)
    return value


@pytest.mark.parametrize("table", [terms.TERM, bits.BITS])
def test_symbolic_tables_cover_the_operators(table: dict[Op, object]) -> None:
    """The tables of the symbolic readers have an entry for each operator and no other."""
    assert set(table) == set(Op)


@pytest.mark.parametrize("read", [integer_term, bit_term])
@pytest.mark.parametrize("op", list(Op))
def test_symbolic_corner_values(op: Op, read: Callable[[Op, tuple[int, ...], int], int]) -> None:
    """Terms over integers and over bits have the value that the table of the reference gives."""
    truths = LOGICAL.get(op) or (1 if op is Op.ITE else 0)
    for values in arguments(op):
        assert read(op, values, truths) == MEANING[op](*values), values


@pytest.mark.parametrize("read", [integer_term, bit_term])
@pytest.mark.parametrize("op", [Op.EQ, Op.NE, Op.LT, Op.LE, Op.ITE])
def test_symbolic_truth_values_as_numbers(op: Op, read: Callable[[Op, tuple[int, ...], int], int]) -> None:
    """Truth values compare and are chosen like the numbers 0 and 1, alone and next to numbers."""
    for values in product((0, 1), repeat=ARITY[op] or 2):
        for truths in range(1, len(values) + 1):
            assert read(op, values, truths) == MEANING[op](*values), (values, truths)


@pytest.mark.parametrize(
    ("left", "right", "quotient", "remainder"),
    [(7, 2, 3, 1), (-7, 2, -3, -1), (7, -2, -3, 1), (-7, -2, 3, -1), (5, 0, 0, 0), (-6, 3, -2, 0)],
)
def test_division_is_that_of_c(left: int, right: int, quotient: int, remainder: int) -> None:
    """Quotients are rounded toward zero; a zero divisor gives 0."""
    assert (MEANING[Op.DIV](left, right), MEANING[Op.MOD](left, right)) == (quotient, remainder)
