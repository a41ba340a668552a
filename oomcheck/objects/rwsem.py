"""rwsem: readers share, a writer excludes; queued waiters are visible.

From kernel/locking/rwsem.c, v6.18: down_read_trylock fails when a writer holds
the lock or anybody waits. Under `fair` a new reader queues behind any waiter and
is let in when the writers that were queued before it are gone or one of them has
released (a release wakes the readers in the queue). Under `any` the barging that
the kernel sometimes allows is always possible too, so `any` covers both.
"""

from __future__ import annotations

from collections.abc import Sequence

from oomcheck.ir.expr import FALSE, TRUE, Expr, Lit, add, and_, binary, eq, ite, not_, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, EnumSort, IntSort, Scalar
from oomcheck.ir.system import View
from oomcheck.objects.base import (
    READ_DEPTH,
    ArgKind,
    Assignment,
    Check,
    Facts,
    Field,
    ObjectKind,
    ObjRef,
    Operand,
    Operation,
    ResultKind,
    Site,
    atomic_context,
    bool_sort,
    obj,
    owner_literal,
    parts,
    this,
    thread_sort,
)
from oomcheck.objects.task import fatal_pending

_QUEUE = EnumSort("rwsem waiter", ("no", "queued", "behind a writer"))
_DEPTH = IntSort(0, READ_DEPTH)
_NO, _QUEUED, _BEHIND = (Lit(i, _QUEUE) for i in range(3))
_ZERO, _ONE_READER = Lit(0, _DEPTH), Lit(1, _DEPTH)


def _depth_sort(_names: tuple[str, ...]) -> Scalar:
    return _DEPTH


def _queue_sort(_names: tuple[str, ...]) -> Scalar:
    return _QUEUE


def _no_writer(sem: ObjRef) -> Expr:
    return eq(sem.at("writer"), owner_literal(sem.at("writer"), None))


def _no_reader(sem: ObjRef) -> Expr:
    return and_(*(eq(place, _ZERO) for place in parts(sem, "readers")))


def _writer_waits(sem: ObjRef) -> Expr:
    return or_(*parts(sem, "write_waiter"))


def _anybody_waits(sem: ObjRef) -> Expr:
    return or_(_writer_waits(sem), *(not_(eq(place, _NO)) for place in parts(sem, "read_waiter")))


def _writes(sem: ObjRef, process: int) -> Expr:
    return eq(sem.at("writer"), owner_literal(sem.at("writer"), process))


def _reads(sem: ObjRef, process: int) -> Expr:
    return not_(eq(sem.at("readers", process), _ZERO))


def _held(sem: ObjRef, process: int) -> Expr:
    return or_(_writes(sem, process), _reads(sem, process))


def _waiting(sem: ObjRef, process: int) -> Expr:
    return or_(sem.at("write_waiter", process), not_(eq(sem.at("read_waiter", process), _NO)))


def _one_more(site: Site, sem: ObjRef) -> Assignment:
    mine = sem.at("readers", site.me)
    return mine, add(mine, _ONE_READER)


def _may_read(sem: ObjRef) -> Expr:
    """A new reader gets in at once."""
    barging = TRUE if sem.variant == "any" else not_(_anybody_waits(sem))
    return and_(_no_writer(sem), barging)


def _must_queue(sem: ObjRef) -> Expr:
    """A new reader may have to queue."""
    return or_(not_(_no_writer(sem)), _anybody_waits(sem))


def _read_checks(site: Site, sem: ObjRef, what: str) -> list[Check]:
    text = sem.text
    return [
        *atomic_context(site, what),
        Check("lockdep", not_(_writes(sem, site.me)), f"self-deadlock: this thread holds {text} for writing", True),
        Check(
            "lockdep",
            not_(_reads(sem, site.me)),
            f"{text} is already held for reading by this thread: a writer that queues in between deadlocks it",
        ),
        _depth_check(site, sem),
    ]


def _depth_check(site: Site, sem: ObjRef) -> Check:
    room = binary(Op.LT, sem.at("readers", site.me), Lit(READ_DEPTH, _DEPTH))
    return Check("range", room, f"more than {READ_DEPTH} nested read sections of {sem.text}", True)


def _down_read(site: Site, args: Sequence[Operand], killable: bool) -> Expr | None:
    sem = obj(args[0])
    done, queued = site.node(), site.node()
    interrupted = site.temp(BOOL) if killable else None
    reached: list[Assignment] = [] if interrupted is None else [(interrupted, FALSE)]
    mine = sem.at("read_waiter", site.me)
    checks = _read_checks(site, sem, "down_read")
    lock = site.facts.lock_number(sem)
    taken = [_one_more(site, sem), *reached]
    site.edge(site.here, done, guard=_may_read(sem), updates=taken, checks=checks, acquire=lock)
    place = ite(_writer_waits(sem), _BEHIND, _QUEUED)
    site.edge(site.here, queued, guard=_must_queue(sem), updates=[(mine, place)], acquire=lock, note="queues")
    clear = or_(TRUE if sem.variant == "any" else FALSE, eq(mine, _QUEUED), not_(_writer_waits(sem)))
    free = and_(_no_writer(sem), clear)
    site.edge(queued, done, guard=free, updates=[_one_more(site, sem), (mine, _NO), *reached], note="gets it")
    if interrupted is not None:
        killed = and_(fatal_pending(site.facts, site.me), not_(free))
        site.edge(queued, done, guard=killed, updates=[(mine, _NO), (interrupted, TRUE)], note="is interrupted")
    site.here = done
    return interrupted


def _down_write(site: Site, args: Sequence[Operand], killable: bool) -> Expr | None:
    sem = obj(args[0])
    done, queued = site.node(), site.node()
    interrupted = site.temp(BOOL) if killable else None
    reached: list[Assignment] = [] if interrupted is None else [(interrupted, FALSE)]
    mine = sem.at("write_waiter", site.me)
    message = f"self-deadlock: this thread already holds {sem.text}"
    checks = [
        *atomic_context(site, "down_write"),
        Check("lockdep", not_(_held(sem, site.me)), message, True),
    ]
    free = and_(_no_writer(sem), _no_reader(sem))
    at_once = and_(free, not_(_anybody_waits(sem))) if sem.variant != "any" else free
    lock = site.facts.lock_number(sem)
    owned = [(sem.at("writer"), this(site)), *reached]
    site.edge(site.here, done, guard=at_once, updates=owned, checks=checks, acquire=lock)
    busy = not_(and_(free, not_(_anybody_waits(sem))))
    site.edge(site.here, queued, guard=busy, updates=[(mine, TRUE)], acquire=lock, note="queues")
    site.edge(queued, done, guard=free, updates=[*owned, (mine, FALSE)], note="gets it")
    if interrupted is not None:
        killed = and_(fatal_pending(site.facts, site.me), not_(free))
        others = or_(*(w for p, w in enumerate(parts(sem, "write_waiter")) if p != site.me))
        gone: list[Assignment] = [(mine, FALSE), (interrupted, TRUE), *_let_in(sem, not_(others))]
        site.edge(queued, done, guard=killed, updates=gone, note="is interrupted")
    site.here = done
    return interrupted


def _let_in(sem: ObjRef, when: Expr) -> list[Assignment]:
    """Readers that queued behind a writer no longer wait for one."""
    return [(place, ite(and_(when, eq(place, _BEHIND)), _QUEUED, place)) for place in parts(sem, "read_waiter")]


def _try(site: Site, free: Expr, sure: Expr, updates: list[Assignment], checks: list[Check]) -> Expr:
    """One step that takes the lock where `free`, and may fail where not `sure`."""
    got, target = site.temp(BOOL), site.node()
    site.edge(site.here, target, guard=free, updates=[*updates, (got, TRUE)], checks=checks)
    site.edge(site.here, target, guard=not_(sure), updates=[(got, FALSE)])
    site.here = target
    return got


def _down_read_trylock(site: Site, args: Sequence[Operand]) -> Expr:
    sem = obj(args[0])
    strict = and_(_no_writer(sem), not_(_anybody_waits(sem)))
    free = _no_writer(sem) if sem.variant == "any" else strict
    return _try(site, free, strict, [_one_more(site, sem)], [_depth_check(site, sem)])


def _down_write_trylock(site: Site, args: Sequence[Operand]) -> Expr:
    sem = obj(args[0])
    unlocked = and_(_no_writer(sem), _no_reader(sem))
    strict = and_(unlocked, not_(_anybody_waits(sem)))
    free = unlocked if sem.variant == "any" else strict
    return _try(site, free, strict, [(sem.at("writer"), this(site))], [])


def _up_read(site: Site, args: Sequence[Operand]) -> None:
    sem = obj(args[0])
    target, mine = site.node(), sem.at("readers", site.me)
    check = Check("lockdep", _reads(sem, site.me), f"up_read of {sem.text} by a thread that does not hold it", True)
    site.edge(site.here, target, updates=[(mine, binary(Op.SUB, mine, _ONE_READER))], checks=[check])
    site.here = target


def _up_write(site: Site, args: Sequence[Operand]) -> None:
    sem = obj(args[0])
    target = site.node()
    check = Check("lockdep", _writes(sem, site.me), f"up_write of {sem.text} by a thread that does not hold it", True)
    free = owner_literal(sem.at("writer"), None)
    site.edge(site.here, target, updates=[(sem.at("writer"), free), *_let_in(sem, TRUE)], checks=[check])
    site.here = target


def _downgrade_write(site: Site, args: Sequence[Operand]) -> None:
    sem = obj(args[0])
    target = site.node()
    check = Check("lockdep", _writes(sem, site.me), f"downgrade of {sem.text} by a thread that does not hold it", True)
    free = owner_literal(sem.at("writer"), None)
    updates = [(sem.at("writer"), free), _one_more(site, sem), *_let_in(sem, TRUE)]
    site.edge(site.here, target, updates=updates, checks=[check])
    site.here = target


def _is_locked(_facts: Facts, args: Sequence[Operand]) -> Expr:
    sem = obj(args[0])
    return not_(and_(_no_writer(sem), _no_reader(sem)))


def _is_contended(_facts: Facts, args: Sequence[Operand]) -> Expr:
    return _anybody_waits(obj(args[0]))


def _views(sem: ObjRef, names: tuple[str, ...]) -> list[tuple[View, str, Expr, int | None]]:
    facts: list[tuple[View, str, Expr, int | None]] = []
    for process in range(len(names)):
        facts.append((View.HELD, f"{sem.text} (write)", _writes(sem, process), process))
        facts.append((View.HELD, f"{sem.text} (read)", _reads(sem, process), process))
        facts.append((View.WAITS, f"{sem.text} (write)", sem.at("write_waiter", process), process))
        waits = not_(eq(sem.at("read_waiter", process), _NO))
        facts.append((View.WAITS, f"{sem.text} (read)", waits, process))
    return facts


_SEM = (ArgKind.OBJECT,)


def _op(name: str, draw: object, result: ResultKind = ResultKind.VOID, sleeps: bool = False) -> Operation:
    assert callable(draw)
    return Operation(name, "rwsem", _SEM, result, draw=draw, sleeps=sleeps, must_use=result is ResultKind.BOOL)


RWSEM = ObjectKind(
    "rwsem",
    (
        Field("writer", thread_sort),
        Field("readers", _depth_sort, per_process=True),
        Field("write_waiter", bool_sort, per_process=True),
        Field("read_waiter", _queue_sort, per_process=True),
    ),
    (
        _op("down_read", lambda site, args: _down_read(site, args, False), sleeps=True),
        _op("down_write", lambda site, args: _down_write(site, args, False), sleeps=True),
        _op("down_read_killable", lambda site, args: _down_read(site, args, True), ResultKind.BOOL, sleeps=True),
        _op("down_write_killable", lambda site, args: _down_write(site, args, True), ResultKind.BOOL, sleeps=True),
        _op("down_read_trylock", _down_read_trylock, ResultKind.BOOL),
        _op("down_write_trylock", _down_write_trylock, ResultKind.BOOL),
        _op("up_read", _up_read),
        _op("up_write", _up_write),
        _op("downgrade_write", _downgrade_write),
        Operation("rwsem_is_locked", "rwsem", _SEM, ResultKind.BOOL, value=_is_locked),
        Operation("rwsem_is_contended", "rwsem", _SEM, ResultKind.BOOL, value=_is_contended),
    ),
    variants=("fair", "any"),
    held=_held,
    waiting=_waiting,
    views=_views,
)
