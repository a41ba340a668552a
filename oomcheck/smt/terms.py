"""Expressions as Z3 terms: truth values are Bool, every other value is Int without bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import z3

from oomcheck.ir.expr import Apply, Expr, Index, Lit, Quantified, Quantifier, Var
from oomcheck.ir.ops import BOOLEAN_ARGUMENTS, Op
from oomcheck.ir.sorts import ArraySort, BoolSort, Scalar, scalar_of

Term: TypeAlias = z3.ExprRef


def truth(term: Term) -> z3.BoolRef:
    """A term as a truth value: a number is true unless it is 0."""
    return term if z3.is_bool(term) else term != 0


def number(term: Term) -> z3.ArithRef:
    """A term as a number: true is 1, false is 0."""
    return z3.If(term, z3.IntVal(1), z3.IntVal(0)) if z3.is_bool(term) else term


def fitted(term: Term, sort: Scalar) -> Term:
    """A term as a value of a sort."""
    return truth(term) if isinstance(sort, BoolSort) else number(term)


def _quotient(left: z3.ArithRef, right: z3.ArithRef) -> z3.ArithRef:
    """Rounded toward zero; Z3 rounds so that the remainder is not negative."""
    size = z3.If(left >= 0, left, -left) / z3.If(right > 0, right, -right)
    return z3.If(right == 0, z3.IntVal(0), z3.If((left >= 0) == (right > 0), size, -size))


def _remainder(left: z3.ArithRef, right: z3.ArithRef) -> z3.ArithRef:
    """With the sign of the dividend."""
    size = z3.If(left >= 0, left, -left) % z3.If(right > 0, right, -right)
    return z3.If(right == 0, z3.IntVal(0), z3.If(left >= 0, size, -size))


def _equal(left: Term, right: Term) -> z3.BoolRef:
    if z3.is_bool(left) and z3.is_bool(right):
        return left == right
    return number(left) == number(right)


def _choice(condition: Term, then: Term, other: Term) -> Term:
    if z3.is_bool(then) and z3.is_bool(other):
        return z3.If(truth(condition), then, other)
    return z3.If(truth(condition), number(then), number(other))


#: What each operator means on terms. AND, OR and NOT get truth values, the others what their arguments are.
TERM: Final[dict[Op, Callable[..., Term]]] = {
    Op.NOT: z3.Not,
    Op.AND: z3.And,
    Op.OR: z3.Or,
    Op.ITE: _choice,
    Op.EQ: _equal,
    Op.NE: lambda left, right: z3.Not(_equal(left, right)),
    Op.LT: lambda left, right: number(left) < number(right),
    Op.LE: lambda left, right: number(left) <= number(right),
    Op.ADD: lambda left, right: number(left) + number(right),
    Op.SUB: lambda left, right: number(left) - number(right),
    Op.MUL: lambda left, right: number(left) * number(right),
    Op.DIV: lambda left, right: _quotient(number(left), number(right)),
    Op.MOD: lambda left, right: _remainder(number(left), number(right)),
    Op.NEG: lambda arg: -number(arg),
}


def literal(value: int, sort: Scalar) -> Term:
    """A value of a sort."""
    return z3.BoolVal(bool(value)) if isinstance(sort, BoolSort) else z3.IntVal(value)


class Reader:
    """Expressions over given terms of the variables; each expression object is built once.

    `cells` has for each variable its terms: one for each slot, and for an array with an extent one Z3 array.
    """

    def __init__(self, cells: Mapping[str, tuple[Term, ...]]) -> None:
        self._cells = cells
        self._bound: dict[str, Term] = {}
        self._known: dict[int, tuple[Expr, Term]] = {}  # the expression is held, so that its id stays its

    def term(self, expr: Expr) -> Term:
        """The value of `expr`."""
        known = self._known.get(id(expr))
        if known is None:
            known = self._known[id(expr)] = (expr, self._term(expr))
        return known[1]

    def truth(self, expr: Expr) -> z3.BoolRef:
        """Whether `expr` holds."""
        return truth(self.term(expr))

    def number(self, expr: Expr) -> z3.ArithRef:
        """The value of `expr` as a number."""
        return number(self.term(expr))

    def _term(self, expr: Expr) -> Term:
        match expr:
            case Lit(value=value, sort=sort):
                return literal(value, sort)
            case Var(name=name):
                return self._bound[name] if name in self._bound else self._cells[name][0]
            case Index(array=array, index=position):
                return self._element(array, self.number(position))
            case Apply(op=op, args=args):
                found = [self.term(arg) for arg in args]
                return TERM[op](*(map(truth, found) if op in BOOLEAN_ARGUMENTS else found))
            case Quantified():
                return self._quantified(expr)

    def _element(self, array: Var, position: z3.ArithRef) -> Term:
        """An element; 0 outside of the array."""
        assert isinstance(array.sort, ArraySort)
        cells = self._cells[array.name]
        outside = literal(0, array.sort.element)
        if array.sort.extent:
            return z3.If(self.inside(array, position), z3.Select(cells[0], position), outside)
        if z3.is_int_value(position):
            chosen = position.as_long()
            return cells[chosen] if 0 <= chosen < len(cells) else outside
        found = outside
        for number_, cell in reversed(list(enumerate(cells))):
            found = z3.If(position == number_, cell, found)
        return found

    def inside(self, array: Var, position: z3.ArithRef) -> z3.BoolRef:
        """Whether an index lies in an array with an extent."""
        assert isinstance(array.sort, ArraySort)
        units = self._cells[array.sort.extent][0]
        return z3.And(position >= 0, position < units * array.sort.size)

    def _quantified(self, expr: Quantified) -> z3.BoolRef:
        variable = z3.Int(expr.variable.name)
        low, high = self.number(expr.low), self.number(expr.high)
        self._bound[expr.variable.name] = variable
        body = self.truth(expr.body)
        del self._bound[expr.variable.name]
        inside = z3.And(low <= variable, variable <= high)
        if expr.kind is Quantifier.FORALL:
            return z3.ForAll([variable], z3.Implies(inside, body))
        return z3.Exists([variable], z3.And(inside, body))


def sort_of(variable: Var) -> z3.SortRef:
    """The Z3 sort of a slot, or of an array with an extent."""
    cell = z3.BoolSort() if isinstance(scalar_of(variable.sort), BoolSort) else z3.IntSort()
    parametric = isinstance(variable.sort, ArraySort) and variable.sort.extent
    return z3.ArraySort(z3.IntSort(), cell) if parametric else cell
