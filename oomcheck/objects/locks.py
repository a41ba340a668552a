"""What spinlock and mutex share: one owner, taken by one blocking step."""

from __future__ import annotations

from collections.abc import Sequence

from oomcheck.ir.expr import FALSE, TRUE, Expr, eq, not_
from oomcheck.ir.sorts import BOOL
from oomcheck.ir.system import View
from oomcheck.objects.base import (
    Assignment,
    Check,
    Facts,
    Field,
    ObjRef,
    Operand,
    Site,
    obj,
    owner_literal,
    this,
    thread_sort,
)

OWNER = Field("owner", thread_sort)


def is_free(lock: ObjRef) -> Expr:
    """Nobody owns the lock."""
    return eq(lock.at("owner"), owner_literal(lock.at("owner"), None))


def held(lock: ObjRef, process: int) -> Expr:
    """Process `process` owns the lock."""
    return eq(lock.at("owner"), owner_literal(lock.at("owner"), process))


def take(site: Site, lock: ObjRef, checks: Sequence[Check], extra: Sequence[Assignment]) -> None:
    """Block until free, then own it: one step."""
    again = Check("lockdep", not_(held(lock, site.me)), f"self-deadlock: this thread already holds {lock.text}", True)
    target = site.node()
    site.edge(
        site.here,
        target,
        guard=is_free(lock),
        updates=[(lock.at("owner"), this(site)), *extra],
        checks=[*checks, again],
        acquire=site.facts.lock_number(lock),
    )
    site.here = target


def trylock(site: Site, lock: ObjRef, extra: Sequence[Assignment]) -> Expr:
    """Own it if it is free: one step; tells whether."""
    got, target = site.temp(BOOL), site.node()
    owned: list[Assignment] = [(lock.at("owner"), this(site)), (got, TRUE), *extra]
    site.edge(site.here, target, guard=is_free(lock), updates=owned)
    site.edge(site.here, target, guard=not_(is_free(lock)), updates=[(got, FALSE)])
    site.here = target
    return got


def release(site: Site, lock: ObjRef, extra: Sequence[Assignment]) -> None:
    """Give it up; only the owner may."""
    target = site.node()
    mine = Check("lockdep", held(lock, site.me), f"release of {lock.text} by a thread that does not hold it", True)
    free = owner_literal(lock.at("owner"), None)
    site.edge(site.here, target, updates=[(lock.at("owner"), free), *extra], checks=[mine])
    site.here = target


def is_locked(_facts: Facts, args: Sequence[Operand]) -> Expr:
    """Somebody owns the lock."""
    return not_(is_free(obj(args[0])))


def views(lock: ObjRef, names: tuple[str, ...]) -> list[tuple[View, str, Expr, int | None]]:
    """Who holds the lock."""
    return [(View.HELD, lock.text, held(lock, p), p) for p in range(len(names))]
