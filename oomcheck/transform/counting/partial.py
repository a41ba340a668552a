"""Values of expressions where not every slot is known."""

from __future__ import annotations

from collections.abc import Callable

from oomcheck.ir.expr import Apply, Expr, Index, Lit, Place, Quantified, Var, fold
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import width
from oomcheck.ir.system import TransitionSystem

Lookup = Callable[[int], int | None]  # the value of a slot, None if it is not known


def partial_value(system: TransitionSystem, expr: Expr, lookup: Lookup) -> int | None:
    """The value of `expr` if what is known decides it, else None."""
    match expr:
        case Lit(value=value):
            return value
        case Var() | Index():
            position = partial_slot(system, expr, lookup)
            if position is None:
                return None
            return 0 if position < 0 else lookup(position)
        case Apply(op=Op.AND | Op.OR, args=args):
            values = [partial_value(system, arg, lookup) for arg in args]
            decisive = int(expr.op is Op.OR)
            if any(value is not None and bool(value) == bool(decisive) for value in values):
                return decisive
            return None if None in values else 1 - decisive
        case Apply(op=Op.ITE, args=(condition, then, other)):
            chosen = partial_value(system, condition, lookup)
            if chosen is None:
                first, second = partial_value(system, then, lookup), partial_value(system, other, lookup)
                return first if first == second else None
            return partial_value(system, then if chosen else other, lookup)
        case Apply(op=op, args=args):
            known = [found for arg in args if (found := partial_value(system, arg, lookup)) is not None]
            return _applied(op, known) if len(known) == len(args) else None
        case Quantified():
            raise AssertionError("this system has a known size")


def _applied(op: Op, args: list[int]) -> int:
    match op:
        case Op.NOT:
            return int(not args[0])
        case Op.NEG:
            return -args[0]
        case _:
            return fold(op, args[0], args[1])


def partial_slot(system: TransitionSystem, place: Place, lookup: Lookup) -> int | None:
    """The slot that a place names: -1 outside of its array, None if that is not known."""
    match place:
        case Var(name=name):
            return system.slot[name]
        case Index(array=array, index=index):
            position = partial_value(system, index, lookup)
            if position is None:
                return None
            return system.slot[array.name] + position if 0 <= position < width(array.sort) else -1
