"""When steps are enabled, as conditions that an engine evaluates fast."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from oomcheck.ir.expr import FALSE, Expr, Lit, binary, ite, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import EnumSort
from oomcheck.ir.system import ASSUME, Transition, TransitionSystem


def by_location(system: TransitionSystem, process: int, values: Mapping[int, Expr], default: Expr) -> Expr:
    """The value for the location where `process` stands, `default` where there is none.

    A balanced tree of comparisons of the program counter: an engine that stops early evaluates
    log2 of the number of different neighbours, not one comparison for each location.
    """
    size = len(system.processes[process].locations)
    runs: list[tuple[int, Expr]] = []  # first location, and the value from there to the next run
    for location in range(size):
        value = values.get(location, default)
        if not runs or runs[-1][1] != value:
            runs.append((location, value))
    return _tree(system, process, runs) if runs else default


def _tree(system: TransitionSystem, process: int, runs: list[tuple[int, Expr]]) -> Expr:
    if len(runs) == 1:
        return runs[0][1]
    middle = len(runs) // 2
    pc = system.pc_var(process)
    assert isinstance(pc.sort, EnumSort)
    below = binary(Op.LT, pc, Lit(runs[middle][0], pc.sort))
    return ite(below, _tree(system, process, runs[:middle]), _tree(system, process, runs[middle:]))


def enabled_expr(system: TransitionSystem, process: int) -> Expr:
    """The condition that some transition of `process` is enabled."""
    return _some(system, process, [step for step in system.transitions if step.process == process])


def some_enabled(system: TransitionSystem, steps: Collection[int]) -> Expr:
    """The condition that some transition whose index is in `steps` is enabled."""
    chosen: dict[int, list[Transition]] = {}
    for step in system.transitions:
        if step.index in steps:
            chosen.setdefault(step.process, []).append(step)
    return or_(*(_some(system, process, found) for process, found in sorted(chosen.items())))


def some_ends(system: TransitionSystem, steps: Collection[int]) -> Expr:
    """The condition that a step in `steps` is due and is a false assumption: whoever takes it has no run.

    An assumption belongs to `steps` if all transitions that start where it does are among them; where none starts, as
    behind `assume false`, if all transitions of the process are.
    """
    of_place: dict[tuple[int, int], list[int]] = {}
    of_process: dict[int, list[int]] = {}
    for step in system.transitions:
        of_place.setdefault((step.process, step.origin), []).append(step.index)
        of_process.setdefault(step.process, []).append(step.index)
    parts: dict[int, dict[int, list[Expr]]] = {}
    for fault in system.faults:
        own = of_place.get((fault.process, fault.origin)) or of_process.get(fault.process, [])
        if fault.sanitizer == ASSUME and own and all(index in steps for index in own):
            parts.setdefault(fault.process, {}).setdefault(fault.origin, []).append(fault.guard)
    return or_(
        *(
            by_location(system, process, {at: or_(*guards) for at, guards in places.items()}, FALSE)
            for process, places in sorted(parts.items())
        )
    )


def _some(system: TransitionSystem, process: int, steps: list[Transition]) -> Expr:
    guards: dict[int, list[Expr]] = {}
    for step in steps:
        guards.setdefault(step.origin, []).append(step.guard)
    return by_location(system, process, {at: or_(*parts) for at, parts in guards.items()}, FALSE)
