"""Guarded pieces of C whose common conditions are tested once."""

from __future__ import annotations

from collections.abc import Sequence

from oomcheck.ir.expr import not_
from oomcheck.native.expressions import Writer
from oomcheck.semantics.guarded import Guarded, below, end_of_run


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
        end = end_of_run(items, position, test)
        lines += [f"if ({writer.value(test)}) {{", *_indented(nest(below(items[position:end]), writer)), "}"]
        position = end
        end = end_of_run(items, position, not_(test))
        if end > position:
            lines[-1] = "} else {"
            lines += [*_indented(nest(below(items[position:end]), writer)), "}"]
            position = end
    return lines


def _indented(lines: Sequence[str]) -> list[str]:
    return ["\t" + line if line else line for line in lines]
