"""The value of an expression in a state, and the slots that it looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from oomcheck.ir.expr import Apply, Expr, Index, Lit, Place, Quantified, Quantifier, Var
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import IntSort, width
from oomcheck.ir.walk import rewrite
from oomcheck.semantics.meaning import MEANING

Slots = Mapping[str, int]

COUNT = IntSort(-(2**31), 2**31 - 1)


class Values(Protocol):
    """Anything that gives the value of a slot: a state, or one that notes what is read."""

    def __getitem__(self, slot: int, /) -> int: ...


def evaluate(expr: Expr, state: Values, slot: Slots) -> int:
    """Value of `expr`; total on well-sorted input. `slot` gives the first slot of each variable."""
    match expr:
        case Lit(value=value):
            return value
        case Var(name=name):
            return state[slot[name]]
        case Index():
            place = slot_of(expr, state, slot)
            return 0 if place is None else state[place]
        case Apply(op=Op.AND, args=args):
            return int(all(evaluate(arg, state, slot) for arg in args))
        case Apply(op=Op.OR, args=args):
            return int(any(evaluate(arg, state, slot) for arg in args))
        case Apply(op=Op.ITE, args=(condition, then, other)):
            return evaluate(then if evaluate(condition, state, slot) else other, state, slot)
        case Apply(op=op, args=args):
            return MEANING[op](*(evaluate(arg, state, slot) for arg in args))
        case Quantified(kind=kind, low=low, high=high):
            numbers = range(evaluate(low, state, slot), evaluate(high, state, slot) + 1)
            instances = (evaluate(_instance(expr, number), state, slot) for number in numbers)
            return int(all(instances) if kind is Quantifier.FORALL else any(instances))


def _instance(expr: Quantified, number: int) -> Expr:
    """The body for one value of the variable."""
    name, value = expr.variable.name, Lit(number, COUNT)
    return rewrite(expr.body, lambda leaf: value if isinstance(leaf, Var) and leaf.name == name else leaf)


def slot_of(place: Place, state: Values, slot: Slots) -> int | None:
    """The slot that a place names in `state`, None for an index outside its array."""
    match place:
        case Var(name=name):
            return slot[name]
        case Index(array=array, index=index):
            position = evaluate(index, state, slot)
            return slot[array.name] + position if 0 <= position < width(array.sort) else None


class Watched:
    """A state that notes which slots are read, in the order of the first reads."""

    def __init__(self, state: Values) -> None:
        self._state = state
        self._read: dict[int, None] = {}

    def __getitem__(self, slot: int, /) -> int:
        self._read[slot] = None
        return self._state[slot]

    @property
    def read(self) -> tuple[int, ...]:
        """The slots read so far."""
        return tuple(self._read)


def slots_read(expr: Expr, state: Values, slot: Slots) -> tuple[int, ...]:
    """Slots that the value of `expr` in `state` depends on, in the order of reading.

    Parts that lazy evaluation leaves out are not read: as long as these slots
    keep their values, `expr` keeps its value.
    """
    watched = Watched(state)
    evaluate(expr, watched, slot)
    return watched.read
