"""Expressions over few slots with few values, evaluated for all values at once.

A column has one entry for each combination of values of some slots; the last slot varies fastest. So whatever is asked
of a guard or an update with a small support is decided exactly, by going through a table.
"""

from __future__ import annotations

from collections.abc import Sequence

from oomcheck.analysis.slots import slots_read
from oomcheck.ir.expr import Apply, Expr, Index, Lit, Quantified, Var, fold
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import bounds, width
from oomcheck.ir.system import TransitionSystem

MAX_ROWS = 256  # combinations of values; with more, the answer is "anything"

Column = list[int]


class Supports:
    """The slots that an expression can read, remembered for each expression object."""

    def __init__(self, system: TransitionSystem) -> None:
        self._system = system
        self._known: dict[int, tuple[Expr, frozenset[int]]] = {}  # an expression is kept, or another gets its id

    def __call__(self, expr: Expr) -> frozenset[int]:
        """Slots that `expr` may read."""
        found = self._known.get(id(expr))
        if found is None:
            found = self._known[id(expr)] = expr, frozenset(slots_read(self._system, expr))
        return found[1]


class Table:
    """All combinations of values of some slots: `rows` of them, and the column of each slot.

    The row number grows by `stride[slot]` when a slot goes from one value to the next.
    """

    def __init__(self, system: TransitionSystem, support: Sequence[int]) -> None:
        self.support = tuple(support)
        self._first = system.slot
        self.domain = {slot: bounds(system.slot_sorts[slot]) for slot in self.support}
        self.rows = 1
        self.stride: dict[int, int] = {}
        for slot in reversed(self.support):
            self.stride[slot] = self.rows
            lo, hi = self.domain[slot]
            self.rows *= hi - lo + 1
        self.columns: dict[int, Column] = {}
        if self.rows > MAX_ROWS:
            return
        for slot in self.support:
            lo, hi = self.domain[slot]
            run = [value for value in range(lo, hi + 1) for _ in range(self.stride[slot])]
            self.columns[slot] = run * (self.rows // len(run))

    @property
    def is_small(self) -> bool:
        """Whether there are few enough combinations to look at each."""
        return self.rows <= MAX_ROWS

    def column(self, expr: Expr) -> Column:
        """Value of `expr`, which reads only slots of the table, in each row."""
        match expr:
            case Lit(value=value):
                return [value] * self.rows
            case Var(name=name):
                return self.columns[self._first[name]]
            case Index(array=array, index=position):
                size, base = width(array.sort), self._first[array.name]
                chosen = self.column(position)
                return [self.columns[base + k][row] if 0 <= k < size else 0 for row, k in enumerate(chosen)]
            case Apply(op=op, args=args):
                return _apply(op, [self.column(arg) for arg in args])
            case Quantified():
                raise AssertionError("searches see no quantifiers")


def _apply(op: Op, args: list[Column]) -> Column:
    match op:
        case Op.NOT:
            return [int(not value) for value in args[0]]
        case Op.AND:
            return [int(all(values)) for values in zip(*args, strict=True)]
        case Op.OR:
            return [int(any(values)) for values in zip(*args, strict=True)]
        case Op.ITE:
            return [then if test else other for test, then, other in zip(*args, strict=True)]
        case Op.NEG:
            return [-value for value in args[0]]
        case _:
            return [fold(op, left, right) for left, right in zip(*args, strict=True)]
