"""Why a run decides a property about runs, in words; how it keeps fairness; the value that it reaches."""

from __future__ import annotations

from typing import assert_never

from oomcheck.evidence.endings import ending_at
from oomcheck.ir.expr import FALSE, TRUE, Expr
from oomcheck.ir.system import TransitionSystem
from oomcheck.prop.formula import Atom, Formula, Not, Or, Release, Until
from oomcheck.prop.property import Property
from oomcheck.prop.temporal import CostBound, Fairness, Liveness, Response
from oomcheck.result.amounts import TICKS, duration
from oomcheck.result.trace import Ending, Promise
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.evident import assumed
from oomcheck.semantics.lasso import truths
from oomcheck.semantics.runs import TIME, Keeping, Run, kept
from oomcheck.semantics.waits import longest_wait, total_cost, waits

TIME_OF, WITHIN = "sup time(", " within "  # around `P ~> Q` in the texts of properties


def run_ending(system: TransitionSystem, prop: Property, run: Run) -> Ending:
    """Why a run that was checked decides `prop`; the place is that of the last step that is not just time."""
    match prop.temporal:
        case Liveness(formula=formula):
            message = _lasso(system, prop, formula, run)
        case Response() as response:
            message = _response(system, prop, response, run)
        case CostBound() as bound:
            message = _cost(bound, run)
        case None:
            message = f"no time passes in this loop of {len(run.repeated)} steps, and nothing ends it"
        case _:
            assert_never(prop.temporal)
    moves = [step for step in run.steps if not step.ticks]
    return ending_at(message, "", "", moves[-1].action if moves else None)


def amount_of(system: TransitionSystem, prop: Property, run: Run) -> tuple[int | None, str]:
    """The time or cost that a finite run shows, and its unit; no value where it has no bound, no unit for others."""
    match prop.temporal:
        case Response() as response:
            wait = longest_wait(system, response, run)
            return (wait.ticks if wait and run.loop is None else None), TICKS
        case CostBound(name=name):
            return (total_cost(run.steps, name) if run.loop is None else None), name
        case Liveness() | None:
            return None, ""


def promises(system: TransitionSystem, prop: Property, run: Run) -> tuple[Promise, ...]:
    """The fairness that the property assumes, and how the loop keeps it."""
    if run.loop is None:
        return ()
    return tuple(Promise(item.name, item.kind.value, why(system, item, run) or "") for item in assumed(system, prop))


def why(system: TransitionSystem, fairness: Fairness, run: Run) -> str | None:
    """How the loop keeps `fairness`, in words; None if it does not."""
    found = kept(system, fairness, run)
    if found is None:
        return None
    match found.how:
        case Keeping.TAKEN:
            return f"{'passes' if fairness.name == TIME else 'moves'} at step {found.position}"
        case Keeping.BLOCKED:
            return f"cannot move {after(found.position)}"
        case Keeping.NEVER:
            return "never enabled in the loop" if run.repeated else "cannot move any more"
        case _:
            assert_never(found.how)


def after(position: int) -> str:
    """Where a state is, by its number."""
    return f"after step {position}" if position else "in the initial state"


def _lasso(system: TransitionSystem, prop: Property, formula: Formula, run: Run) -> str:
    pair = _leads_to(formula) if "~>" in prop.text else None
    if pair is None:
        return f"{prop.text} is false{_since(system, formula, run)}"
    trigger, response = pair
    answered = [bool(evaluate(response, state, system.slot)) for state in run.states]
    asked = [bool(evaluate(trigger, state, system.slot)) for state in run.states]
    first = next((i for i, ask in enumerate(asked) if ask and not any(answered[i:])), None)
    names = sides(prop)
    if first is None or any(answered[run.loop :]):
        return f"{prop.text} is false"
    return f"{names[0]} {after(first)}, and {names[1]} never follows"


def _since(system: TransitionSystem, formula: Formula, run: Run) -> str:
    """Of a formula `G body`, where the body is false for the first time."""
    match formula:
        case Release(left=Atom(condition=left), right=body) if left == FALSE:
            assert run.loop is not None, "the run was checked"
            first = truths(body, run.positions, run.loop, system.slot)[-1].at.index(False)
            return f", its body {after(first)}"
        case _:
            return ""


def _leads_to(formula: Formula) -> tuple[Expr, Expr] | None:
    """Trigger and response of `G (trigger -> F response)`, if both are about one state."""
    match formula:
        case Release(
            left=Atom(condition=bottom),
            right=Or(left=Not(arg=Atom(condition=p)), right=Until(left=Atom(condition=top), right=Atom(condition=q))),
        ) if (bottom, top) == (FALSE, TRUE):
            return p, q
        case _:
            return None


def sides(prop: Property) -> tuple[str, str]:
    """The texts of trigger and response: of `P ~> Q`, `P ~> Q within N` or `sup time(P ~> Q)`, perhaps with a limit."""
    left, arrow, right = prop.text.partition("~>")
    if not arrow:
        return "the trigger", "the response"
    if left.startswith(TIME_OF):
        return left.removeprefix(TIME_OF).strip(), _balanced(right).strip()
    return left.strip(), (right.rpartition(WITHIN)[0] or right).strip()


def _balanced(text: str) -> str:
    """`text` up to the first bracket that closes one before it."""
    depth = 0
    for position, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if depth < 0:
            return text[:position]
    return text


def _response(system: TransitionSystem, prop: Property, response: Response, run: Run) -> str:
    trigger, answer = sides(prop)
    if run.loop is not None:
        start = waits(system, response, run)[-1].start
        return f"{trigger} {after(start)}, then time passes for ever and {answer} never follows"
    wait = longest_wait(system, response, run)
    assert wait is not None, "the run was checked"
    took = duration(wait.ticks, system.hz)
    if not wait.ticks:
        return f"{took}: no time passes between {trigger} {after(wait.start)} and {answer}"
    if response.limit is None or wait.ticks <= response.limit:
        end = f"{answer} {after(wait.end)}" if wait.answered else f"without {answer} up to step {wait.end}"
        return f"{took}: {trigger} {after(wait.start)}, {end}"
    verb = "follows" if wait.answered else "has not followed"
    limit = duration(response.limit, system.hz)
    return f"{trigger} {after(wait.start)}, {answer} {verb} {took} later; the limit is {limit}"


def _cost(bound: CostBound, run: Run) -> str:
    if run.loop is not None:
        return f"{bound.name} grows for ever: each round of the loop adds {total_cost(run.repeated, bound.name)}"
    total = total_cost(run.steps, bound.name)
    exceeded = bound.limit is not None and total > bound.limit
    return f"{bound.name} amounts to {total}" + (f"; the limit is {bound.limit}" if exceeded else "")
