"""Expression nodes of the transition system and their smart constructors.

Expressions are total: an index outside its array reads 0, a division by zero
is 0. Lowering guards each such place by a fault, so no verdict rests on it.
"""

from __future__ import annotations

from enum import Enum

from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, ArraySort, Scalar, Sort
from oomcheck.records import dataclass


@dataclass(frozen=True, slots=True)
class Lit:
    """A constant; `sort` says how to print it and is not part of its identity."""

    value: int
    sort: Scalar


@dataclass(frozen=True, slots=True)
class Var:
    """A state variable, by name; an array only below `Index` or as an update's target."""

    name: str
    sort: Sort


@dataclass(frozen=True, slots=True)
class Index:
    """Element `index` of an array variable."""

    array: Var
    index: Expr


@dataclass(frozen=True, slots=True)
class Apply:
    """An operator on arguments; see `ops.py` for order and meaning."""

    op: Op
    args: tuple[Expr, ...]


class Quantifier(Enum):
    """Quantifiers over a range of integers."""

    FORALL = "forall"
    EXISTS = "exists"


@dataclass(frozen=True, slots=True)
class Quantified:
    """`forall` or `exists` of `body`, for `variable` from `low` to `high`, both included; an empty range is allowed.

    `variable` is no state variable: it occurs in `body` alone, and no other quantifier around or below has its name.
    Where a range is known when a system is made, its instances stand instead; so only systems with a parametric
    size have this node, and searches never meet it.
    """

    kind: Quantifier
    variable: Var
    low: Expr
    high: Expr
    body: Expr


Expr = Lit | Var | Index | Apply | Quantified
Place = Var | Index

TRUE = Lit(1, BOOL)
FALSE = Lit(0, BOOL)


def boolean(value: bool) -> Lit:
    """The literal of a truth value."""
    return TRUE if value else FALSE


def not_(arg: Expr) -> Expr:
    """Negation, folded for literals and double negation."""
    if isinstance(arg, Lit):
        return boolean(not arg.value)
    if isinstance(arg, Quantified):
        dual = Quantifier.EXISTS if arg.kind is Quantifier.FORALL else Quantifier.FORALL
        return Quantified(dual, arg.variable, arg.low, arg.high, not_(arg.body))
    if isinstance(arg, Apply):
        if arg.op is Op.NOT:
            return arg.args[0]
        if arg.op is Op.EQ:
            return Apply(Op.NE, arg.args)
        if arg.op is Op.NE:
            return Apply(Op.EQ, arg.args)
    return Apply(Op.NOT, (arg,))


def and_(*args: Expr) -> Expr:
    """Conjunction, flattened; true parts vanish, a false part decides."""
    return _junction(Op.AND, args, TRUE, FALSE)


def or_(*args: Expr) -> Expr:
    """Disjunction, flattened; false parts vanish, a true part decides."""
    return _junction(Op.OR, args, FALSE, TRUE)


def _junction(op: Op, args: tuple[Expr, ...], unit: Lit, zero: Lit) -> Expr:
    parts: list[Expr] = []
    for arg in args:
        if isinstance(arg, Lit):
            if arg.value == zero.value:
                return zero
            continue
        if isinstance(arg, Apply) and arg.op is op:
            parts.extend(arg.args)
        elif arg not in parts:
            parts.append(arg)
    if not parts:
        return unit
    return parts[0] if len(parts) == 1 else Apply(op, tuple(parts))


def implies(left: Expr, right: Expr) -> Expr:
    """`left -> right`."""
    return or_(not_(left), right)


def ite(condition: Expr, then: Expr, other: Expr) -> Expr:
    """`condition ? then : other`."""
    if isinstance(condition, Lit):
        return then if condition.value else other
    if then == other:
        return then
    if isinstance(then, Lit) and isinstance(other, Lit) and then.sort == BOOL == other.sort:
        return condition if then.value else not_(condition)
    return Apply(Op.ITE, (condition, then, other))


def binary(op: Op, left: Expr, right: Expr) -> Expr:
    """A two-argument operator, folded when both sides are literals."""
    if isinstance(left, Lit) and isinstance(right, Lit):
        value = fold(op, left.value, right.value)
        comparison = op in (Op.EQ, Op.NE, Op.LT, Op.LE)
        return boolean(bool(value)) if comparison else Lit(value, left.sort)
    if op is Op.EQ and left == right:
        return TRUE
    if op is Op.EQ and isinstance(right, Lit) and right.sort == BOOL:
        return left if right.value else not_(left)
    if op in (Op.ADD, Op.SUB) and isinstance(right, Lit) and right.value == 0:
        return left
    if op is Op.ADD and isinstance(left, Lit) and left.value == 0:
        return right
    if op is Op.MUL and isinstance(right, Lit) and right.value == 1:
        return left
    return Apply(op, (left, right))


def eq(left: Expr, right: Expr) -> Expr:
    """`left == right`."""
    return binary(Op.EQ, left, right)


def add(left: Expr, right: Expr) -> Expr:
    """`left + right`."""
    return binary(Op.ADD, left, right)


def negate(arg: Expr) -> Expr:
    """Arithmetic negation."""
    return Lit(-arg.value, arg.sort) if isinstance(arg, Lit) else Apply(Op.NEG, (arg,))


def forall(variable: Var, low: Expr, high: Expr, body: Expr) -> Expr:
    """`forall variable in low .. high : body`."""
    return body if body == TRUE else Quantified(Quantifier.FORALL, variable, low, high, body)


def exists(variable: Var, low: Expr, high: Expr, body: Expr) -> Expr:
    """`exists variable in low .. high : body`."""
    return body if body == FALSE else Quantified(Quantifier.EXISTS, variable, low, high, body)


def index(array: Var, position: Expr) -> Index:
    """Element of an array variable."""
    assert isinstance(array.sort, ArraySort)
    return Index(array, position)


def fold(op: Op, left: int, right: int) -> int:
    """Value of a two-argument operator on integers, by the rules of `Op`."""
    match op:
        case Op.EQ:
            return int(left == right)
        case Op.NE:
            return int(left != right)
        case Op.LT:
            return int(left < right)
        case Op.LE:
            return int(left <= right)
        case Op.ADD:
            return left + right
        case Op.SUB:
            return left - right
        case Op.MUL:
            return left * right
        case Op.DIV:
            return truncated_quotient(left, right)
        case Op.MOD:
            return left - right * truncated_quotient(left, right) if right else 0
        case _:
            raise AssertionError(op)


def truncated_quotient(left: int, right: int) -> int:
    """Quotient rounded toward zero, as in C99; 0 for a zero divisor."""
    if right == 0:
        return 0
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient
