"""Rest as a step: maximal runs that end become infinite ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from oomcheck.ir.expr import TRUE, Expr, Lit, and_, eq, not_
from oomcheck.ir.sorts import EnumSort
from oomcheck.ir.system import (
    Action,
    Location,
    Process,
    ProcessKind,
    Role,
    StateVar,
    Transition,
    TransitionSystem,
)
from oomcheck.records import dataclass
from oomcheck.result.exploration import REST
from oomcheck.transform.enabled import enabled_expr

PC = "@rest"  # no name of a model has an @
PLACES = ("moving", "resting")


@dataclass(frozen=True, slots=True)
class Stuttering:
    """A system all of whose runs are infinite; `may_rest` holds where a run of the original may stay for ever."""

    system: TransitionSystem
    may_rest: Expr
    original: int  # transitions of the original; those after them are rest

    def lift(self, steps: Sequence[int]) -> tuple[int, ...]:
        """Steps of the original, and REST."""
        return tuple(step if step < self.original else REST for step in steps)


def stuttering(system: TransitionSystem) -> Stuttering:
    """Add a process whose only steps are rest, as last process with the last indices.

    A run may rest where nobody but the environment can move and no halting fault applies; once at rest, it stays
    there, so the environment is stopped too.
    """
    kinds = [process.kind for process in system.processes]
    moving = (enabled_expr(system, number) for number, kind in enumerate(kinds) if kind is not ProcessKind.ENV)
    halted = (system.full_guard(fault) for fault in system.faults if fault.halts)
    may_rest = and_(*(not_(part) for part in (*moving, *halted)))
    sort = EnumSort(PC, PLACES)
    counter = StateVar(PC, sort, (0,), Role.PC, (PC,), owner=len(system.processes), quiet=True)
    still_moving = eq(counter.var, Lit(0, sort))
    steps = [
        replace(step, guard=and_(still_moving, step.guard)) if kinds[step.process] is ProcessKind.ENV else step
        for step in system.transitions
    ]
    count = max((step.index for step in steps), default=-1) + 1
    me, rest = len(system.processes), (Action("rest"),)
    steps += [Transition(count, me, 0, 1, may_rest, (), rest), Transition(count + 1, me, 1, 1, TRUE, (), rest)]
    process = Process(PC, ProcessKind.CLOCK, PC, PC, tuple(Location(place) for place in PLACES), None, daemon=True)
    extended = replace(
        system,
        variables=(*system.variables, counter),
        processes=(*system.processes, process),
        transitions=tuple(steps),
    )
    return Stuttering(extended, may_rest, count)
