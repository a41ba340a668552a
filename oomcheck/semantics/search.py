"""The reference search: breadth first, one state after the other.

Faster engines must give the same answer: the same counts, and for each
property the same path.
"""

from __future__ import annotations

from collections.abc import Sequence

from oomcheck.ir.system import State, Transition, TransitionSystem
from oomcheck.prop.property import Property
from oomcheck.result.exploration import Exploration, Limits
from oomcheck.semantics.budget import DECIDED, POLL, Budget, Report, StopCheck, depth_limit, state_limit
from oomcheck.semantics.checks import deadlocked, deciding, forbids_deadlock, is_sanitizer, lock_edges, race
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.findings import Findings
from oomcheck.semantics.paths import Mismatch, replay
from oomcheck.semantics.successors import apply, enabled, faults


class Tree:
    """The states found, numbered in that order, and for each its parent, its last step and its depth."""

    def __init__(self, initial: State) -> None:
        self.states = [initial]
        self.number = {initial: 0}
        self.parent = [-1]
        self.step = [-1]
        self.depth = [0]

    def add(self, state: State, parent: int, step: int) -> None:
        """Add a state that `step` reaches from state number `parent`."""
        self.number[state] = len(self.states)
        self.states.append(state)
        self.parent.append(parent)
        self.step.append(step)
        self.depth.append(self.depth[parent] + 1)

    def path_to(self, number: int) -> tuple[int, ...]:
        """Transitions from the initial state to state `number`."""
        steps: list[int] = []
        while number:
            steps.append(self.step[number])
            number = self.parent[number]
        return tuple(reversed(steps))


def explore(
    system: TransitionSystem,
    properties: Sequence[Property],
    limits: Limits,
    should_stop: StopCheck | None = None,
    progress: Report | None = None,
) -> Exploration:
    """Search all reachable states; `Exploration` says what comes back.

    States are inspected and expanded in the order in which they were found, so
    witnesses are shortest. The search ends early when every property has its
    witness (never if `unreachable` is asked: it has none), at a limit, or when
    `should_stop` returns a reason. At the depth limit a state is inspected, but
    a step of it to a state not yet found is not taken and not counted.
    """
    budget = Budget(limits, should_stop, progress)
    tree = Tree(system.initial)
    findings = Findings(properties, tree.path_to)
    number, transitions, cut, stopped = 0, 0, False, ""
    while number < len(tree.states) and not stopped:
        if number % POLL == 0:
            stopped = budget.spent(len(tree.states), transitions, len(tree.states) - number, tree.depth[-1])
            if stopped:
                break
        state = tree.states[number]
        moves = enabled(system, state)
        _inspect(system, properties, findings, number, state, moves)
        for move in moves:
            successor = apply(system, move, state)
            if successor not in tree.number:
                if tree.depth[number] == limits.depth:
                    cut = True
                    continue
                if len(tree.states) == limits.max_states:
                    stopped = state_limit(limits)
                    break
                tree.add(successor, number, move.index)
            transitions += 1
        number += 1
        if not stopped and number < len(tree.states) and findings.complete:
            stopped = DECIDED
    if cut and not stopped:
        stopped = depth_limit(limits)
    return findings.exploration(len(tree.states), transitions, tree.depth[-1], stopped, budget.seconds)


def inspect_paths(
    system: TransitionSystem, properties: Sequence[Property], paths: Sequence[Sequence[int]]
) -> Findings | Mismatch:
    """What the states along some paths (transition indices from the initial state) decide, path after path.

    A search that visited these states in this order would have the same findings; or the first step that is not one.
    """
    ends: list[tuple[int, ...]] = []
    findings = Findings(properties, ends.__getitem__)
    for path in paths:
        states = replay(system, path)
        if isinstance(states, Mismatch):
            return states
        for length, state in enumerate(states):
            ends.append(tuple(path[:length]))
            _inspect(system, properties, findings, len(ends) - 1, state, enabled(system, state))
    return findings


def _inspect(
    system: TransitionSystem,
    properties: Sequence[Property],
    findings: Findings,
    number: int,
    state: State,
    moves: Sequence[Transition],
) -> None:
    """Note everything that state `number` decides; `moves` are its enabled transitions."""
    for prop in properties:
        findings.antecedents.update(
            (prop.name, position)
            for position, part in enumerate(prop.antecedents)
            if evaluate(part.formula, state, system.slot)
        )
    for fault in faults(system, state):
        if fault.halts:
            findings.halted.add(fault.sanitizer)
        if any(is_sanitizer(prop, fault.sanitizer) for prop in properties):
            findings.decide(fault.sanitizer, number, fault=fault.index)
    for prop in properties:
        if is_sanitizer(prop, "lockdep"):  # a circle does not end the list of orders
            for edge in lock_edges(system, state, moves):
                findings.order(edge, number)
        elif prop.name in findings.witnesses:
            continue
        elif evaluate(deciding(prop), state, system.slot):
            findings.decide(prop.name, number)
        elif is_sanitizer(prop, "race") and (racing := race(system, state, moves)):
            findings.decide(prop.name, number, racing=racing)
        elif forbids_deadlock(prop) and deadlocked(system, prop, state, moves):
            findings.decide(prop.name, number)
    findings.covered.update(point for move in moves for point in move.covers)
