"""Plain variables: marked accesses and atomic exchanges.

The front end draws READ_ONCE and its like as reads and writes of the variable
itself; the exchanges below are one step each. Operand 0 is an ObjRef with the
one field "value".
"""

from __future__ import annotations

from collections.abc import Sequence

from oomcheck.ir.expr import Expr, Place, eq, ite
from oomcheck.ir.sorts import ArraySort, scalar_of
from oomcheck.objects.base import ArgKind, ObjRef, Operand, Operation, ResultKind, Site, expr, obj, step

_V, _X = ArgKind.VARIABLE, ArgKind.VALUE


def _place(variable: ObjRef) -> Place:
    """An element, or the variable itself where it is no array: reads in the same step must meet the write."""
    element = variable.at("value")
    return element if isinstance(element.array.sort, ArraySort) else element.array


def _exchange(site: Site, variable: ObjRef, new: Expr) -> Expr:
    place = _place(variable)
    old = site.temp(scalar_of(variable.at("value").array.sort))
    step(site, [(old, place), (place, new)])
    return old


def _xchg(site: Site, args: Sequence[Operand]) -> Expr:
    return _exchange(site, obj(args[0]), expr(args[1]))


def _cmpxchg(site: Site, args: Sequence[Operand]) -> Expr:
    variable, old, new = obj(args[0]), expr(args[1]), expr(args[2])
    place = _place(variable)
    return _exchange(site, variable, ite(eq(place, old), new, place))


VARIABLE_OPERATIONS = (
    Operation("READ_ONCE", "variable", (_V,), ResultKind.VARIABLE),
    Operation("data_race", "variable", (_V,), ResultKind.VARIABLE),
    Operation("WRITE_ONCE", "variable", (_V, _X)),
    Operation("xchg", "variable", (_V, _X), ResultKind.VARIABLE, draw=_xchg),
    Operation("cmpxchg", "variable", (_V, _X, _X), ResultKind.VARIABLE, draw=_cmpxchg),
)

# kmalloc and kfree touch every field of a struct, which the front end lays out and draws itself
MEMORY_OPERATIONS = (
    Operation("kmalloc", "memory", (ArgKind.POOL,), ResultKind.POOL, must_use=True),
    Operation("kfree", "memory", (ArgKind.POINTER,)),
    Operation("alive", "memory", (ArgKind.POINTER,), ResultKind.BOOL),
)

# predicates about threads and locks that need program counters; the front end gives their meaning
THREAD_OPERATIONS = (
    Operation("dead", "thread", (ArgKind.TASK,), ResultKind.BOOL),
    Operation("holds", "thread", (ArgKind.TASK, ArgKind.LOCK), ResultKind.BOOL),
    Operation("waits", "thread", (ArgKind.TASK, ArgKind.LOCK), ResultKind.BOOL),
    Operation("schedule_timeout", "thread", (ArgKind.INT,), sleeps=True),
)
