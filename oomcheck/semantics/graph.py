"""The graph of a system's reachable states, built by the reference semantics.

Faster engines must give the same graph, number for number.
"""

from __future__ import annotations

from collections.abc import Sequence

from oomcheck.analysis.graph import GraphBuilder, RunGraph
from oomcheck.ir.expr import Expr
from oomcheck.ir.system import State, TransitionSystem
from oomcheck.prop.property import Property
from oomcheck.records import dataclass
from oomcheck.result.exploration import Exploration, Limits
from oomcheck.semantics.budget import POLL, Budget, Report, StopCheck, depth_limit, state_limit
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.findings import Findings
from oomcheck.semantics.runs import may_rest
from oomcheck.semantics.successors import faults, successors


@dataclass(frozen=True, slots=True)
class Survey:
    """A graph, and what the search that made it noted on the way; no property has a witness yet."""

    graph: RunGraph
    exploration: Exploration


def survey(
    system: TransitionSystem,
    conditions: Sequence[Expr],
    properties: Sequence[Property],
    limits: Limits,
    should_stop: StopCheck | None = None,
    progress: Report | None = None,
) -> Survey:
    """Visit all reachable states; bit i of a state's mask is condition i.

    Antecedents of the properties, halting faults and statements that run are noted. The search ends early only at a
    limit or when `should_stop` returns a reason. A state whose edges cannot all be followed, because of a limit, is
    given up: it is not expanded and its steps do not count. The depth limit goes on with the states after it.
    """
    budget = Budget(limits, should_stop, progress)
    findings = Findings(properties, lambda number: ())
    builder = GraphBuilder()
    states = [system.initial]
    known = {system.initial: builder.add(-1, -1, _mask(system, conditions, system.initial))}
    number, cut, stopped = 0, False, ""
    while number < len(states) and not stopped:
        if number % POLL == 0:
            frontier = len(states) - number
            stopped = budget.spent(len(states), builder.edges, frontier, builder.depth[-1])
            if stopped:
                break
        state = states[number]
        _note(system, properties, findings, state)
        moves = list(successors(system, state))
        fresh = dict.fromkeys(after for _, after in moves if after not in known)
        if fresh and builder.depth[number] == limits.depth:
            cut, moves = True, []
        elif limits.max_states is not None and len(states) + len(fresh) > limits.max_states:
            stopped, moves = state_limit(limits), []
        else:
            builder.rests[number] = may_rest(system, state, [move for move, _ in moves])
            findings.covered.update(point for move, _ in moves for point in move.covers)
        for move, after in moves:
            if after not in known:
                known[after] = builder.add(number, move.index, _mask(system, conditions, after))
                states.append(after)
        builder.close([known[after] for _, after in moves], [move.index for move, _ in moves])
        number += 1
    if cut and not stopped:
        stopped = depth_limit(limits)
    graph = builder.finish()
    found = findings.exploration(graph.states, graph.edges, builder.depth[-1], stopped, budget.seconds)
    return Survey(graph, found)


def _mask(system: TransitionSystem, conditions: Sequence[Expr], state: State) -> int:
    return sum(bool(evaluate(condition, state, system.slot)) << bit for bit, condition in enumerate(conditions))


def _note(system: TransitionSystem, properties: Sequence[Property], findings: Findings, state: State) -> None:
    for prop in properties:
        for position, part in enumerate(prop.antecedents):
            if evaluate(part.formula, state, system.slot):
                findings.antecedents.add((prop.name, position))
    findings.halted.update(fault.sanitizer for fault in faults(system, state) if fault.halts)
