"""Guarded pieces of code whose common conditions are tested once."""

from __future__ import annotations

from collections.abc import Sequence

from oomcheck.ir.expr import TRUE, Apply, Expr, and_, not_
from oomcheck.ir.ops import Op
from oomcheck.pygen.expressions import Emitter
from oomcheck.records import dataclass

MAX_DEPTH = 40  # Python takes 100 levels of indentation


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


def emit(items: Sequence[Guarded], emitter: Emitter, depth: int = 1) -> list[str]:
    """Lines that run the bodies of those `items` whose tests hold, in order.

    Neighbours share their leading tests, and a neighbour whose leading test is
    the opposite goes to the else branch. Bodies must not change what tests read.
    """
    pad = " " * depth
    lines: list[str] = []
    position = 0
    while position < len(items):
        item = items[position]
        if not item.tests:
            lines += [pad + line for line in item.body]
            position += 1
        elif depth == MAX_DEPTH:
            lines.append(f"{pad}if {emitter.condition(and_(*item.tests))}:")
            lines += [f"{pad} {line}" for line in item.body]
            position += 1
        else:
            test = item.tests[0]
            end = _run(items, position, test)
            lines.append(f"{pad}if {emitter.condition(test)}:")
            lines += emit(_below(items[position:end]), emitter, depth + 1)
            position = end
            end = _run(items, position, not_(test))
            if end > position:
                lines.append(f"{pad}else:")
                lines += emit(_below(items[position:end]), emitter, depth + 1)
                position = end
    return lines


def _run(items: Sequence[Guarded], start: int, test: Expr) -> int:
    """End of the longest run of items from `start` on whose first test is `test`."""
    end = start
    while end < len(items) and items[end].tests and items[end].tests[0] == test:
        end += 1
    return end


def _below(items: Sequence[Guarded]) -> list[Guarded]:
    return [Guarded(item.tests[1:], item.body) for item in items]
