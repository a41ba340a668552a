"""rcu: read sections, and synchronize_rcu that waits for those open at its start."""

from __future__ import annotations

from collections.abc import Sequence

from oomcheck.ir.expr import FALSE, Expr, Lit, add, and_, binary, eq, ite, not_, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import IntSort, Scalar
from oomcheck.ir.system import View
from oomcheck.objects.base import (
    READ_DEPTH,
    ArgKind,
    Check,
    Field,
    ObjectKind,
    ObjRef,
    Operand,
    Operation,
    Site,
    atomic_context,
    bool_sort,
    enter_atomic,
    leave_atomic,
    obj,
    step,
)

_DEPTH = IntSort(0, READ_DEPTH)
_ZERO, _ONE = Lit(0, _DEPTH), Lit(1, _DEPTH)


def _depth_sort(_names: tuple[str, ...]) -> Scalar:
    return _DEPTH


def _read_lock(site: Site, args: Sequence[Operand]) -> None:
    rcu = obj(args[0])
    nesting = rcu.at("nesting", site.me)
    room = binary(Op.LT, nesting, Lit(READ_DEPTH, _DEPTH))
    check = Check("range", room, f"more than {READ_DEPTH} nested read sections of {rcu.text}", True)
    step(site, [(nesting, add(nesting, _ONE)), *enter_atomic(site)], [check])


def _read_unlock(site: Site, args: Sequence[Operand]) -> None:
    """Leave a section; the outermost one is what synchronize_rcu waits for."""
    rcu = obj(args[0])
    nesting = rcu.at("nesting", site.me)
    last = eq(nesting, _ONE)
    inside = not_(eq(nesting, _ZERO))
    check = Check("lockdep", inside, f"rcu_read_unlock of {rcu.text} outside of a read section", True)
    released = [
        (place, ite(last, FALSE, place))
        for waiter in range(len(site.processes))
        if (place := rcu.at("awaited", waiter * len(site.processes) + site.me))
    ]
    step(site, [(nesting, binary(Op.SUB, nesting, _ONE)), *leave_atomic(site), *released], [check])


def _synchronize(site: Site, args: Sequence[Operand]) -> None:
    rcu = obj(args[0])
    count = len(site.processes)
    readers = [
        (rcu.at("awaited", site.me * count + p), not_(eq(rcu.at("nesting", p), _ZERO)))
        for p in range(count)
        if p != site.me
    ]
    inside = eq(rcu.at("nesting", site.me), _ZERO)
    own = Check("lockdep", inside, "synchronize_rcu inside a read section of its own waits for itself", True)
    step(site, readers, [*atomic_context(site, "synchronize_rcu"), own])
    step(site, guard=and_(*(not_(place) for place, _ in readers)))


def _views(rcu: ObjRef, names: tuple[str, ...]) -> list[tuple[View, str, Expr, int | None]]:
    facts: list[tuple[View, str, Expr, int | None]] = []
    count = len(names)
    for process in range(count):
        reading = not_(eq(rcu.at("nesting", process), _ZERO))
        facts.append((View.HELD, f"{rcu.text} (RCU read section)", reading, process))
        waits = or_(*(rcu.at("awaited", process * count + p) for p in range(count) if p != process))
        facts.append((View.WAITS, f"a grace period of {rcu.text}", waits, process))
    return facts


_RCU = (ArgKind.OBJECT,)

RCU = ObjectKind(
    "rcu",
    (
        Field("nesting", _depth_sort, per_process=True),
        Field("awaited", bool_sort, per_process=True, square=True),
    ),
    (
        Operation("rcu_read_lock", "rcu", _RCU, draw=_read_lock),
        Operation("rcu_read_unlock", "rcu", _RCU, draw=_read_unlock),
        Operation("synchronize_rcu", "rcu", _RCU, draw=_synchronize, sleeps=True),
    ),
    views=_views,
)
