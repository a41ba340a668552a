"""Checks that a run shows what a property about runs claims: a lasso that is fair and false, a time, a cost.

Nothing of the search is believed: formulas are evaluated on the states of the lasso, times and costs are added up
along the steps, fairness is looked up in the states of the loop.
"""

from __future__ import annotations

from oomcheck.ir.system import ProcessKind, TransitionSystem
from oomcheck.prop.property import Kind, Property
from oomcheck.prop.temporal import CostBound, Fairness, Liveness, Response
from oomcheck.result.exploration import Witness
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.lasso import holds
from oomcheck.semantics.runs import Run, every_thread, kept, owed, run_of
from oomcheck.semantics.waits import longest_wait, total_cost, waits

ZENO = "zeno"


def is_about_runs(prop: Property) -> bool:
    """Whether a run decides `prop`, not a state."""
    return prop.temporal is not None or _forbids_zeno(prop)


def _forbids_zeno(prop: Property) -> bool:
    return prop.kind is Kind.SANITIZER and prop.name == ZENO


def check_run(system: TransitionSystem, prop: Property, witness: Witness, claimed: int | None = None) -> str:
    """Why the run of `witness` does not decide `prop`; "" if it does.

    `claimed` is the extreme value that a finite run is said to reach; without it, the run must exceed the limit.
    """
    run = run_of(system, witness)
    if isinstance(run, str):
        return run
    match prop.temporal:
        case Liveness() as liveness:
            return _check_lasso(system, liveness, run)
        case Response() as response:
            return _check_response(system, response, run, claimed)
        case CostBound() as bound:
            return _check_cost(bound, run, claimed)
        case None:
            return _check_zeno(system, run) if _forbids_zeno(prop) else f"{prop.name} is not about runs"


def assumed(system: TransitionSystem, prop: Property) -> tuple[Fairness, ...]:
    """The fairness that a lasso against `prop` has to keep."""
    if isinstance(prop.temporal, Liveness):
        return owed(system, prop.temporal)
    return every_thread(system) if _forbids_zeno(prop) else ()


def _check_lasso(system: TransitionSystem, liveness: Liveness, run: Run) -> str:
    if run.loop is None:
        return "a finite path decides nothing about whole runs"
    if holds(liveness.formula, run.positions, run.loop, system.slot):
        return "the formula holds on the lasso"
    return _unfair(system, owed(system, liveness), run)


def _unfair(system: TransitionSystem, fairness: tuple[Fairness, ...], run: Run) -> str:
    broken = [item for item in fairness if kept(system, item, run) is None]
    return f"the loop does not keep {broken[0].kind.value} fairness of {broken[0].name}" if broken else ""


def _check_zeno(system: TransitionSystem, run: Run) -> str:
    if not run.repeated:
        return "nothing moves for ever without time"
    if any(step.ticks for step in run.repeated):
        return "time passes in the loop"
    if any(system.processes[step.process].kind is ProcessKind.ENV for step in run.repeated):
        return "the environment moves in the loop, and need not"
    return _unfair(system, every_thread(system), run)


def _check_response(system: TransitionSystem, response: Response, run: Run, claimed: int | None) -> str:
    if run.loop is not None:
        return _check_endless(system, response, run)
    wait = longest_wait(system, response, run)
    if claimed is None:
        return _check_limit(0 if wait is None else wait.ticks, response.limit)
    if wait is None:
        return "the trigger never comes"
    return "" if wait.ticks == claimed else f"the response takes {wait.ticks} ticks, not {claimed}"


def _check_endless(system: TransitionSystem, response: Response, run: Run) -> str:
    found = waits(system, response, run)
    again = any(evaluate(response.response, state, system.slot) for state in run.states[run.loop :])
    if not found or found[-1].answered or again:
        return "the response is not awaited all through the loop"
    if run.rests or any(step.ticks for step in run.repeated):
        return ""
    return "no time passes in the loop"


def _check_cost(bound: CostBound, run: Run, claimed: int | None) -> str:
    if run.loop is not None:
        return "" if total_cost(run.repeated, bound.name) > 0 else f"the loop adds nothing to {bound.name}"
    total = total_cost(run.steps, bound.name)
    if claimed is None:
        return _check_limit(total, bound.limit)
    return "" if total == claimed else f"{bound.name} amounts to {total}, not {claimed}"


def _check_limit(value: int, limit: int | None) -> str:
    if limit is None:
        return "a path without a claim shows nothing"
    return "" if value > limit else f"the limit is {limit}, the path reaches only {value}"
