"""mutex: one owner, taking it may sleep."""

from __future__ import annotations

from collections.abc import Sequence

from oomcheck.ir.expr import FALSE, TRUE, Expr, and_, not_
from oomcheck.ir.sorts import BOOL
from oomcheck.objects.base import (
    ArgKind,
    Check,
    ObjectKind,
    Operand,
    Operation,
    ResultKind,
    Site,
    atomic_context,
    obj,
    this,
)
from oomcheck.objects.locks import OWNER, held, is_free, is_locked, release, take, trylock, views
from oomcheck.objects.task import fatal_pending


def _lock(site: Site, args: Sequence[Operand]) -> None:
    take(site, obj(args[0]), atomic_context(site, "mutex_lock"), [])


def _lock_killable(site: Site, args: Sequence[Operand]) -> Expr:
    """Own it (false), or give up because of a fatal signal (true)."""
    lock = obj(args[0])
    interrupted, target = site.temp(BOOL), site.node()
    again = Check("lockdep", not_(held(lock, site.me)), f"self-deadlock: this thread already holds {lock.text}", True)
    site.edge(
        site.here,
        target,
        guard=is_free(lock),
        updates=[(lock.at("owner"), this(site)), (interrupted, FALSE)],
        checks=[*atomic_context(site, "mutex_lock_killable"), again],
        acquire=site.facts.lock_number(lock),
    )
    killed = and_(not_(is_free(lock)), fatal_pending(site.facts, site.me))
    site.edge(site.here, target, guard=killed, updates=[(interrupted, TRUE)])
    site.here = target
    return interrupted


def _unlock(site: Site, args: Sequence[Operand]) -> None:
    release(site, obj(args[0]), [])


def _trylock(site: Site, args: Sequence[Operand]) -> Expr:
    return trylock(site, obj(args[0]), [])


_ONE = (ArgKind.OBJECT,)

MUTEX = ObjectKind(
    "mutex",
    (OWNER,),
    (
        Operation("mutex_lock", "mutex", _ONE, draw=_lock, sleeps=True),
        Operation(
            "mutex_lock_killable", "mutex", _ONE, ResultKind.BOOL, draw=_lock_killable, sleeps=True, must_use=True
        ),
        Operation(
            "mutex_lock_interruptible", "mutex", _ONE, ResultKind.BOOL, draw=_lock_killable, sleeps=True, must_use=True
        ),
        Operation("mutex_trylock", "mutex", _ONE, ResultKind.BOOL, draw=_trylock, must_use=True),
        Operation("mutex_unlock", "mutex", _ONE, draw=_unlock),
        Operation("mutex_is_locked", "mutex", _ONE, ResultKind.BOOL, value=is_locked),
    ),
    held=held,
    views=views,
)
