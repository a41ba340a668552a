"""Guarded pieces of code whose common conditions are tested once."""

from __future__ import annotations

from collections.abc import Sequence

from oomcheck.ir.expr import and_, not_
from oomcheck.pygen.expressions import Emitter
from oomcheck.semantics.guarded import Guarded, below, end_of_run

MAX_DEPTH = 40  # Python takes 100 levels of indentation


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
            end = end_of_run(items, position, test)
            lines.append(f"{pad}if {emitter.condition(test)}:")
            lines += emit(below(items[position:end]), emitter, depth + 1)
            position = end
            end = end_of_run(items, position, not_(test))
            if end > position:
                lines.append(f"{pad}else:")
                lines += emit(below(items[position:end]), emitter, depth + 1)
                position = end
    return lines
