"""Kernel operations for `tests.interpreter`, by section 6 of docs/language.md."""

from __future__ import annotations

from dataclasses import dataclass

from tests.machine import Halt

FOREVER = 15  # a completion after complete_all


class Blocked(Exception):  # noqa: N818 - no error
    """The step is not enabled."""


@dataclass(frozen=True)
class Done:
    """The cells after an operation, its result, and the misuse that does not halt."""

    cells: tuple[int, ...]
    result: int | None = None
    seen: frozenset[str] = frozenset()


def operate(name: str, cells: tuple[int, ...], operands: list[int], me: int) -> Done:
    """One operation of thread `me` on the cells of an object; `Blocked` or `Halt` if it cannot be."""
    old, values = cells[0], (*operands, 0, 0)
    if name.startswith(("spin", "mutex")):
        return _lock(name.partition("_")[2], old, me)
    if name.startswith("refcount"):
        return _refcount(name.partition("_")[2], old, values[0])
    if name.startswith("atomic"):
        return _atomic(name.partition("_")[2], old, values)
    match name:
        case "test_bit":
            return Done((old,), old)
        case "set_bit":
            return Done((1,))
        case "clear_bit":
            return Done((0,))
        case "test_and_set_bit":
            return Done((1,), old)
        case "test_and_clear_bit":
            return Done((0,), old)
        case "xchg":
            return Done((values[0],), old)
        case "cmpxchg":
            return Done((values[1] if old == values[0] else old,), old)
        case "wake_up" | "wake_up_all":
            return Done((0,) * len(cells))
        case "waitqueue_active":
            return Done(cells, int(any(cells)))
        case _:
            return _completion(name, old)


def _lock(name: str, owner: int, me: int) -> Done:
    match name:
        case "lock":
            if owner == me:
                raise Halt("lockdep")
            if owner:
                raise Blocked
            return Done((me,))
        case "unlock":
            if owner != me:
                raise Halt("lockdep")
            return Done((0,))
        case "trylock":
            return Done((owner or me,), int(not owner))
        case _:
            assert name == "is_locked"
            return Done((owner,), int(owner != 0))


def _refcount(name: str, old: int, value: int) -> Done:
    match name:
        case "read":
            return Done((old,), old)
        case "set":
            return Done((value,))
        case "inc_not_zero":
            return Done((old + 1 if old else 0,), int(old != 0))
    if old == 0:
        raise Halt("refcount")
    match name:
        case "inc":
            return Done((old + 1,))
        case "dec_and_test":
            return Done((old - 1,), int(old == 1))
        case _:
            assert name == "dec"
            return Done((old - 1,), None, frozenset({"refcount"} if old == 1 else ()))


def _atomic(name: str, old: int, values: tuple[int, ...]) -> Done:
    match name:
        case "read":
            return Done((old,), old)
        case "set":
            return Done((values[0],))
        case "inc" | "dec":
            return Done((old + (1 if name == "inc" else -1),))
        case "add" | "sub":
            return Done((old + (values[0] if name == "add" else -values[0]),))
        case "inc_return" | "dec_return":
            new = old + (1 if name == "inc_return" else -1)
            return Done((new,), new)
        case "dec_and_test":
            return Done((old - 1,), int(old == 1))
        case "inc_not_zero":
            return Done((old + 1 if old else 0,), int(old != 0))
        case "xchg":
            return Done((values[0],), old)
        case _:
            assert name == "cmpxchg"
            return Done((values[1] if old == values[0] else old,), old)


def _completion(name: str, old: int) -> Done:
    taken = old if old == FOREVER else old - 1
    match name:
        case "complete":
            if old == FOREVER - 1:
                raise Halt("range")
            return Done((min(old + 1, FOREVER),))
        case "complete_all":
            return Done((FOREVER,))
        case "reinit_completion":
            return Done((0,))
        case "completion_done":
            return Done((old,), int(old != 0))
        case "wait_for_completion":
            if not old:
                raise Blocked
            return Done((taken,))
        case _:
            assert name == "try_wait_for_completion"
            return Done((taken if old else 0,), int(old != 0))
