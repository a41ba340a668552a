"""spinlock: one owner, never sleeps, no sleeping while it is held."""

from __future__ import annotations

from collections.abc import Sequence

from oomcheck.ir.expr import Expr
from oomcheck.objects.base import (
    ArgKind,
    ObjectKind,
    Operand,
    Operation,
    ResultKind,
    Site,
    enter_atomic,
    leave_atomic,
    obj,
)
from oomcheck.objects.locks import OWNER, held, is_locked, release, take, trylock, views


def _lock(site: Site, args: Sequence[Operand]) -> None:
    take(site, obj(args[0]), [], enter_atomic(site))


def _unlock(site: Site, args: Sequence[Operand]) -> None:
    release(site, obj(args[0]), leave_atomic(site))


def _trylock(site: Site, args: Sequence[Operand]) -> Expr:
    return trylock(site, obj(args[0]), enter_atomic(site))


_ONE = (ArgKind.OBJECT,)

SPINLOCK = ObjectKind(
    "spinlock",
    (OWNER,),
    (
        Operation("spin_lock", "spinlock", _ONE, draw=_lock),
        Operation("spin_lock_irqsave", "spinlock", _ONE, draw=_lock),
        Operation("spin_unlock", "spinlock", _ONE, draw=_unlock),
        Operation("spin_unlock_irqrestore", "spinlock", _ONE, draw=_unlock),
        Operation("spin_trylock", "spinlock", _ONE, ResultKind.BOOL, draw=_trylock, must_use=True),
        Operation("spin_is_locked", "spinlock", _ONE, ResultKind.BOOL, value=is_locked),
    ),
    held=held,
    views=views,
    spins=True,
)
