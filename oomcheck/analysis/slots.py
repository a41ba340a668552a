"""Which slots expressions and steps name, by their text."""

from __future__ import annotations

from collections.abc import Iterator

from oomcheck.ir.expr import Expr, Index, Lit, Place, Var
from oomcheck.ir.sorts import width
from oomcheck.ir.system import TransitionSystem
from oomcheck.ir.walk import subexpressions


def own_slots(system: TransitionSystem) -> list[frozenset[int]]:
    """For each process the slots that it alone writes, its program counter left out."""
    writers: dict[int, set[int]] = {}
    for step in system.transitions:
        for update in step.updates:
            for slot in slots_named(system, update.target):
                writers.setdefault(slot, set()).add(step.process)
    owner = {slot: next(iter(found)) for slot, found in writers.items() if len(found) == 1}
    return [
        frozenset(slot for slot, process in owner.items() if process == number)
        for number in range(len(system.processes))
    ]


def slots_named(system: TransitionSystem, place: Place) -> range:
    """The slots that a place can be, by its text: the one, or the whole array."""
    match place:
        case Var(name=name, sort=sort):
            return range(system.slot[name], system.slot[name] + width(sort))
        case Index(array=array, index=Lit(value=value)):
            base = system.slot[array.name]
            return range(base + value, base + value + 1) if 0 <= value < width(array.sort) else range(0)
        case Index(array=array):
            base = system.slot[array.name]
            return range(base, base + width(array.sort))


def slots_read(system: TransitionSystem, expr: Expr) -> Iterator[int]:
    """The slots that an expression can read, by its text; some may come twice."""
    for node in subexpressions(expr):
        if isinstance(node, Var | Index):
            yield from slots_named(system, node)
