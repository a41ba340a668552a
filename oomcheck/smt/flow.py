"""What locals of a process are for, by the text of its steps: where they matter, and which of them count units."""

from __future__ import annotations

from collections.abc import Iterator

from oomcheck.ir.expr import Expr, Index, Var
from oomcheck.ir.sorts import ArraySort
from oomcheck.ir.system import Transition, TransitionSystem
from oomcheck.ir.walk import parts, variables


def live_locals(system: TransitionSystem) -> dict[tuple[int, int], frozenset[str]]:
    """For each (process, place) the variables that a step from there on may read before the process writes them.

    Only what one process owns can be told from this; a property may read it elsewhere nevertheless.
    """
    live: dict[tuple[int, int], frozenset[str]] = {}
    for fault in system.faults:
        key = fault.process, fault.origin
        live[key] = live.get(key, frozenset()) | variables(fault.guard)
    uses = [(step, _reads(step), _writes(step)) for step in system.transitions]
    grown = True
    while grown:
        grown = False
        for step, reads, writes in reversed(uses):
            key = step.process, step.origin
            before = live.get(key, frozenset())
            after = before | reads | (live.get((step.process, step.target), frozenset()) - writes)
            live[key] = after
            grown = grown or after != before
    return live


def _reads(step: Transition) -> frozenset[str]:
    found = variables(step.guard)
    for update in step.updates:
        found |= variables(update.value)
        if isinstance(update.target, Index):
            found |= variables(update.target.index) | {update.target.array.name}
    return found


def _writes(step: Transition) -> frozenset[str]:
    return frozenset(u.target.name for u in step.updates if isinstance(u.target, Var))


def pointers(system: TransitionSystem) -> frozenset[str]:
    """Variables that occur in an index of an array with an extent."""
    nodes = list(parts(list(_exprs(system))))
    places = [n.index for n in nodes if isinstance(n, Index) and _extended(n.array)]
    return frozenset().union(*map(variables, places))


def _extended(array: Var) -> bool:
    return isinstance(array.sort, ArraySort) and bool(array.sort.extent)


def _exprs(system: TransitionSystem) -> Iterator[Expr]:
    for fault in system.faults:
        yield fault.guard
    for step in system.transitions:
        yield step.guard
        for update in step.updates:
            yield update.value
            yield update.target
