"""Guarded pieces of C whose common conditions are tested once."""

from __future__ import annotations

from collections.abc import Sequence

from oomcheck.ir.expr import TRUE, Apply, Expr, not_
from oomcheck.ir.ops import Op
from oomcheck.native.expressions import Writer
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


def nest(items: Sequence[Guarded], writer: Writer) -> list[str]:
    """Lines that run the bodies of those `items` whose tests hold, in order.

    Neighbours share their leading tests, and a neighbour whose leading test is the opposite goes to the else branch.
    Bodies must not change what tests read.
    """
    lines: list[str] = []
    position = 0
    while position < len(items):
        item = items[position]
        if not item.tests:
            lines += ["{", *_indented(item.body), "}"] if len(item.body) > 1 else item.body
            position += 1
            continue
        test = item.tests[0]
        end = _run(items, position, test)
        lines += [f"if ({writer.value(test)}) {{", *_indented(nest(_below(items[position:end]), writer)), "}"]
        position = end
        end = _run(items, position, not_(test))
        if end > position:
            lines[-1] = "} else {"
            lines += [*_indented(nest(_below(items[position:end]), writer)), "}"]
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


def _indented(lines: Sequence[str]) -> list[str]:
    return ["\t" + line if line else line for line in lines]
