"""Guarded pieces of generated code, so that neighbours can share the tests with which they begin."""

from __future__ import annotations

from collections.abc import Sequence

from oomcheck.ir.expr import TRUE, Apply, Expr
from oomcheck.ir.ops import Op
from oomcheck.records import dataclass


@dataclass(frozen=True, slots=True)
class Guarded:
    """`body` (lines without indentation) is to run when all `tests` hold."""

    tests: tuple[Expr, ...]
    body: tuple[str, ...]


def guarded(guard: Expr, body: Sequence[str]) -> Guarded:
    """`body` under `guard`, split at its conjunctions."""
    if guard == TRUE:
        return Guarded((), tuple(body))
    tests = guard.args if isinstance(guard, Apply) and guard.op is Op.AND else (guard,)
    return Guarded(tests, tuple(body))


def end_of_run(items: Sequence[Guarded], start: int, test: Expr) -> int:
    """End of the longest run of items from `start` on whose first test is `test`."""
    end = start
    while end < len(items) and items[end].tests and items[end].tests[0] == test:
        end += 1
    return end


def below(items: Sequence[Guarded]) -> list[Guarded]:
    """The same where the first test of each is known to hold."""
    return [Guarded(item.tests[1:], item.body) for item in items]
