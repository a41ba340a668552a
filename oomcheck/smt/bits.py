"""Expressions as Z3 bit-vectors: exact, since each value gets as many bits as its bounds need.

Bounded model checking of a finite system is a question about Booleans, and a solver for these answers it far faster
than one for integers. Nothing wraps around: a number carries the least and the greatest value that it can have while
every variable is in its sort, and is as wide as these ask for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import z3

from oomcheck.ir.expr import Apply, Expr, Index, Lit, Quantified, Var
from oomcheck.ir.interval import arithmetic
from oomcheck.ir.ops import BOOLEAN_ARGUMENTS, Op
from oomcheck.ir.sorts import BoolSort, Scalar, bounds
from oomcheck.records import dataclass


@dataclass(frozen=True, slots=True)
class Number:
    """An integer from `low` to `high` as a bit-vector in two's complement, exactly as wide as these need."""

    term: z3.BitVecRef
    low: int
    high: int


Value: TypeAlias = z3.BoolRef | Number


def width_of(low: int, high: int) -> int:
    """Bits that the integers from `low` to `high` need in two's complement."""
    return max((bound if bound >= 0 else ~bound).bit_length() for bound in (low, high)) + 1


def constant(value: int) -> Number:
    """One integer."""
    return Number(z3.BitVecVal(value, width_of(value, value)), value, value)


def truth(value: Value) -> z3.BoolRef:
    """A value as a truth value: a number is true unless it is 0."""
    return value.term != 0 if isinstance(value, Number) else value


def number(value: Value) -> Number:
    """A value as a number: true is 1, false is 0."""
    return value if isinstance(value, Number) else Number(z3.If(value, z3.BitVecVal(1, 2), z3.BitVecVal(0, 2)), 0, 1)


def resized(value: Number, low: int, high: int) -> Number:
    """A number as one of other bounds; it must lie within them."""
    return Number(_of_width(value.term, width_of(low, high)), low, high)


def _of_width(term: z3.BitVecRef, width: int) -> z3.BitVecRef:
    if term.size() == width:
        return term
    return z3.SignExt(width - term.size(), term) if term.size() < width else z3.Extract(width - 1, 0, term)


def _together(*values: Value) -> list[z3.BitVecRef]:
    """The terms of some numbers in a width that holds each of them."""
    found = [number(value) for value in values]
    width = max(value.term.size() for value in found)
    return [_of_width(value.term, width) for value in found]


def _equal(left: Value, right: Value) -> z3.BoolRef:
    if not isinstance(left, Number) and not isinstance(right, Number):
        return left == right
    one, other = _together(left, right)
    return one == other


def less(left: Value, right: Value) -> z3.BoolRef:
    """Whether a value is less than another."""
    one, other = _together(left, right)
    return one < other


def choice(condition: Value, then: Value, other: Value) -> Value:
    """One of two values."""
    if not isinstance(then, Number) and not isinstance(other, Number):
        return z3.If(truth(condition), then, other)
    one, two = number(then), number(other)
    low, high = min(one.low, two.low), max(one.high, two.high)
    return Number(z3.If(truth(condition), *_together(resized(one, low, high), resized(two, low, high))), low, high)


def _computed(op: Op, work: Callable[..., z3.BitVecRef]) -> Callable[..., Number]:
    """An operator on numbers of one width in which neither they nor the result wrap around."""

    def compute(*args: Value) -> Number:
        found = [number(arg) for arg in args]
        low, high = arithmetic(op, [(arg.low, arg.high) for arg in found])
        width = max(width_of(low, high), *(arg.term.size() for arg in found), 1)
        return Number(_of_width(work(*(_of_width(arg.term, width) for arg in found)), width_of(low, high)), low, high)

    return compute


def _nonzero(work: Callable[..., z3.BitVecRef]) -> Callable[..., z3.BitVecRef]:
    """A division whose result for a zero divisor is 0."""
    return lambda left, right: z3.If(right == 0, z3.BitVecVal(0, left.size()), work(left, right))


#: What each operator means on values. AND, OR and NOT get truth values, the others what their arguments are.
BITS: Final[dict[Op, Callable[..., Value]]] = {
    Op.NOT: z3.Not,
    Op.AND: z3.And,
    Op.OR: z3.Or,
    Op.ITE: choice,
    Op.EQ: _equal,
    Op.NE: lambda left, right: z3.Not(_equal(left, right)),
    Op.LT: less,
    Op.LE: lambda left, right: z3.Not(less(right, left)),
    Op.ADD: _computed(Op.ADD, lambda left, right: left + right),
    Op.SUB: _computed(Op.SUB, lambda left, right: left - right),
    Op.MUL: _computed(Op.MUL, lambda left, right: left * right),
    Op.DIV: _computed(Op.DIV, _nonzero(lambda left, right: left / right)),  # signed, rounded toward zero
    Op.MOD: _computed(Op.MOD, _nonzero(z3.SRem)),  # with the sign of the dividend
    Op.NEG: _computed(Op.NEG, lambda arg: -arg),
}


def cell(name: str, sort: Scalar) -> z3.ExprRef:
    """A constant that holds a value of a sort: a Bool, or without a sign if no value is negative."""
    if isinstance(sort, BoolSort):
        return z3.Bool(name)
    low, high = bounds(sort)
    return z3.BitVec(name, width_of(low, high) - (low >= 0 and high > 0))


def content(term: z3.ExprRef, sort: Scalar) -> Value:
    """The value in such a constant, provided that it is one of the sort."""
    if isinstance(sort, BoolSort):
        return term
    low, high = bounds(sort)
    width = width_of(low, high)
    return Number(z3.ZeroExt(width - term.size(), term) if term.size() < width else term, low, high)


def stored(value: Value, sort: Scalar) -> z3.ExprRef:
    """What such a constant must be equal to in order to hold a value, provided that it is one of the sort."""
    if isinstance(sort, BoolSort):
        return truth(value)
    found = number(value)
    return _of_width(found.term, cell("", sort).size())


def fits(value: Value, sort: Scalar) -> z3.BoolRef:
    """Whether a value is one of the sort."""
    low, high = bounds(sort)
    if isinstance(sort, BoolSort):  # any number is a truth value
        return z3.BoolVal(True)
    found = number(value)
    parts = []
    if found.low < low:
        parts.append(z3.Not(less(found, constant(low))))
    if found.high > high:
        parts.append(z3.Not(less(constant(high), found)))
    return z3.And(parts)


class BitReader:
    """Expressions over given values of the variables, one for each slot; each expression object is built once."""

    def __init__(self, cells: Mapping[str, tuple[Value, ...]]) -> None:
        self._cells = cells
        self._known: dict[int, tuple[Expr, Value]] = {}  # the expression is held, so that its id stays its

    def value(self, expr: Expr) -> Value:
        """The value of `expr`."""
        known = self._known.get(id(expr))
        if known is None:
            known = self._known[id(expr)] = (expr, self._value(expr))
        return known[1]

    def truth(self, expr: Expr) -> z3.BoolRef:
        """Whether `expr` holds."""
        return truth(self.value(expr))

    def _value(self, expr: Expr) -> Value:
        match expr:
            case Lit(value=value, sort=sort):
                return z3.BoolVal(bool(value)) if isinstance(sort, BoolSort) else constant(value)
            case Var(name=name):
                return self._cells[name][0]
            case Index(array=array, index=position):
                return self._element(self._cells[array.name], position)
            case Apply(op=op, args=args):
                found = [self.value(arg) for arg in args]
                return BITS[op](*(map(truth, found) if op in BOOLEAN_ARGUMENTS else found))
            case Quantified():
                raise AssertionError("finite systems have no quantifiers")

    def _element(self, cells: tuple[Value, ...], index: Expr) -> Value:
        """An element; 0 outside of the array."""
        outside: Value = constant(0) if isinstance(cells[0], Number) else z3.BoolVal(False)
        if isinstance(index, Lit):
            return cells[index.value] if 0 <= index.value < len(cells) else outside
        position, found = self.value(index), outside
        for place, element in reversed(list(enumerate(cells))):
            found = choice(_equal(position, constant(place)), element, found)
        return found
