"""A cost counter as part of the state, so that a limit of it is a question about reachable states."""

from __future__ import annotations

from dataclasses import replace

from oomcheck.ir.expr import Expr, Lit, Var, add, binary, ite
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import IntSort
from oomcheck.ir.system import Role, StateVar, Transition, TransitionSystem, Update


def cost_var(counter: str, limit: int) -> Var:
    """The variable that counts; it stays at one more than the limit."""
    return Var(f"cost({counter})", IntSort(0, limit + 1))


def with_cost(system: TransitionSystem, counter: str, limit: int) -> tuple[TransitionSystem, Expr]:
    """The system with the cost so far, and the condition that it is more than `limit`.

    Transitions keep their indices, and are enabled as before.
    """
    total = cost_var(counter, limit)
    variable = StateVar(total.name, total.sort, (0,), Role.GHOST, (total.name,))
    steps = tuple(_counting(step, counter, total, limit) for step in system.transitions)
    sort = IntSort(0, limit + 1)
    exceeded = binary(Op.LT, Lit(limit, sort), total)
    return replace(system, variables=(*system.variables, variable), transitions=steps), exceeded


def _counting(step: Transition, counter: str, total: Var, limit: int) -> Transition:
    amount = sum(value for name, value in step.costs if name == counter)
    if not amount:
        return step
    most = Lit(limit + 1, IntSort(0, limit + 1))
    raised = add(total, Lit(amount, IntSort(amount, amount)))
    capped = ite(binary(Op.LT, most, raised), most, raised)
    return replace(step, updates=(*step.updates, Update(total, capped)))
