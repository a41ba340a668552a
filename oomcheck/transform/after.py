"""Weakest preconditions: what an expression is worth after a step, as an expression over the state before it."""

from __future__ import annotations

from collections.abc import Sequence

from oomcheck.ir.expr import Expr, Index, Lit, Var, and_, binary, eq, ite
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import ArraySort, EnumSort, IntSort
from oomcheck.ir.system import Transition, TransitionSystem, Update
from oomcheck.ir.walk import rewrite


def updates_of(system: TransitionSystem, step: Transition) -> tuple[Update, ...]:
    """What a step changes, its program counter included."""
    pc = system.pc_var(step.process)
    assert isinstance(pc.sort, EnumSort)
    return (*step.updates, Update(pc, Lit(step.target, pc.sort)))


def written(updates: Sequence[Update]) -> frozenset[str]:
    """Names of the variables that updates write."""
    return frozenset(u.target.array.name if isinstance(u.target, Index) else u.target.name for u in updates)


def after(expr: Expr, updates: Sequence[Update]) -> Expr:
    """The value that `expr` has once `updates` are made, all at once, in terms of the state before."""
    scalars: dict[str, Expr] = {}
    elements: dict[str, list[tuple[Expr, Expr]]] = {}
    for update in updates:
        if isinstance(update.target, Var):
            scalars[update.target.name] = update.value
        else:
            elements.setdefault(update.target.array.name, []).append((update.target.index, update.value))

    def leaf(node: Lit | Var | Index) -> Expr:
        match node:
            case Lit():
                return node
            case Var(name=name):
                return scalars.get(name, node)
            case Index(array=array, index=position):
                value: Expr = node
                for place, stored in elements.get(array.name, ()):
                    value = ite(and_(eq(place, position), _inside(position, array)), stored, value)
                return value

    return rewrite(expr, leaf)


def _inside(position: Expr, array: Var) -> Expr:
    """Whether an index lies in its array: a write outside is lost."""
    assert isinstance(array.sort, ArraySort)
    size, extent = array.sort.size, array.sort.extent
    low, high = Lit(0, IntSort(0, size)), Lit(size, IntSort(0, size))
    length = binary(Op.MUL, Var(extent, IntSort(0, 2**31 - 1)), high) if extent else high
    return and_(binary(Op.LE, low, position), binary(Op.LT, position, length))
