"""Breadth-first search with generated code: the reference search, made fast."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from oomcheck.ir.system import State, TransitionSystem
from oomcheck.prop.property import Property
from oomcheck.pygen.expressions import Condition, compile_conditions
from oomcheck.pygen.orders import Orders, Situation
from oomcheck.pygen.races import Candidate, Races
from oomcheck.pygen.steps import compile_steps, in_index_order
from oomcheck.pygen.watches import Watches
from oomcheck.result.exploration import Exploration, Limits
from oomcheck.semantics.budget import DECIDED, POLL, Budget, Report, StopCheck, depth_limit, state_limit
from oomcheck.semantics.checks import is_sanitizer
from oomcheck.semantics.findings import Findings
from oomcheck.semantics.sought import stuck

MAX_MEMO = 200_000  # sets of enabled transitions to remember


def explore(
    system: TransitionSystem,
    properties: Sequence[Property],
    limits: Limits,
    should_stop: StopCheck | None = None,
    progress: Report | None = None,
) -> Exploration:
    """The same as `semantics.search.explore`, with the same result."""
    budget = Budget(limits, should_stop, progress)
    return _Search(system, properties, limits, budget).run()


class _Tree:
    """For each state, by number: its parent and the transition that found it."""

    def __init__(self) -> None:
        self.parent = array("q", [-1])
        self.step = array("i", [-1])

    def path_to(self, number: int) -> tuple[int, ...]:
        steps: list[int] = []
        while number:
            steps.append(self.step[number])
            number = self.parent[number]
        return tuple(reversed(steps))


Acquiring = tuple[tuple[int, Situation], ...]  # steps that take a lock, by index


class _Search:
    """One search; see `run`."""

    def __init__(
        self, system: TransitionSystem, properties: Sequence[Property], limits: Limits, budget: Budget
    ) -> None:
        self._system = system
        self._limits = limits
        self._budget = budget
        self._tree = _Tree()
        self._findings = Findings(properties, self._tree.path_to)
        self._watches = Watches(system, properties, self._findings)
        self._table = [(slot, steps) for slot, steps in compile_steps(system) if any(steps)]
        self._is_sorted = in_index_order(system)
        self._covers = {step.index: step.covers for step in system.transitions}
        self._races = Races(system) if any(is_sanitizer(prop, "race") for prop in properties) else None
        self._orders = Orders(system) if any(is_sanitizer(prop, "lockdep") for prop in properties) else None
        self._memo: dict[tuple[int, ...], tuple[tuple[Candidate, ...], Acquiring]] = {}
        self._deadlocks = _deadlocks(system, properties)
        self._visited = {system.initial}
        self._number = 0  # of the state that is expanded
        self._transitions = 0
        self._depth = 0  # of the deepest state found
        self._stopped = ""

    def run(self) -> Exploration:
        """Search level by level, in the order of the reference."""
        level = [self._system.initial]
        while level and not self._stopped:
            if self._depth == self._limits.depth:
                self._close(level)
                break
            level = self._expand(level)
            self._depth += bool(level)
        found, depth = self._findings, self._depth
        return found.exploration(len(self._visited), self._transitions, depth, self._stopped, self._budget.seconds)

    def _expand(self, level: Sequence[State]) -> list[State]:
        """States newly found from those of `level`, in order; incomplete if the search is `_stopped`."""
        visited = self._visited
        add, parent, step = visited.add, self._tree.parent.append, self._tree.step.append
        following: list[State] = []
        count, number, transitions = len(visited), self._number, self._transitions
        for state in level:
            if number % POLL == 0:
                self._stopped = self._budget.spent(count, transitions, count - number, self._depth + bool(following))
                if self._stopped:
                    break
            indices, states = self._inspect(state, number)
            transitions += len(indices)
            for position, successor in enumerate(states):
                add(successor)
                if len(visited) != count:
                    if count == self._limits.max_states:
                        visited.remove(successor)
                        transitions -= len(indices) - position
                        self._stopped = state_limit(self._limits)
                        break
                    count += 1
                    following.append(successor)
                    parent(number)
                    step(indices[position])
            number += 1
            if not self._stopped and number < count and self._findings.complete:
                self._stopped = DECIDED
            if self._stopped:
                break
        self._number, self._transitions = number, transitions
        return following

    def _close(self, level: Sequence[State]) -> None:
        """Inspect the states at the depth limit without going further."""
        is_cut = False
        for number, state in enumerate(level, start=self._number):
            if number % POLL == 0:
                count = len(self._visited)
                self._stopped = self._budget.spent(count, self._transitions, count - number, self._depth)
                if self._stopped:
                    return
            _, states = self._inspect(state, number)
            known = sum(successor in self._visited for successor in states)
            self._transitions += known
            is_cut = is_cut or known < len(states)
            if number + 1 < len(self._visited) and self._findings.complete:
                self._stopped = DECIDED
                return
        if is_cut:
            self._stopped = depth_limit(self._limits)

    def _inspect(self, state: State, number: int) -> tuple[tuple[int, ...], list[State]]:
        """Note what state `number` shows; its enabled transitions and where they lead."""
        watch = self._watches.after[self._tree.step[number]]
        if watch is not None:
            alarms: list[int] = []
            watch(state, alarms.append)
            if alarms:
                self._watches.note(alarms, number, self._tree.step[number])
        found: list[int] = []
        states: list[State] = []
        for slot, steps in self._table:
            expand = steps[state[slot]]
            if expand is not None:
                expand(state, found.append, states.append)
        if not self._is_sorted:
            order = sorted(range(len(found)), key=found.__getitem__)
            found, states = [found[k] for k in order], [states[k] for k in order]
        indices = tuple(found)
        sought = self._memo.get(indices)
        if sought is None:
            sought = self._first_time(indices)
        races, acquiring = sought
        if acquiring and self._orders is not None:
            for index, situation in acquiring:
                for edge in self._orders.edges(index, situation, state):
                    self._findings.order(edge, number)
        if races:
            self._check_races(races, state, number)
        if not indices:
            self._check_deadlock(state, number)
        return indices, states

    def _first_time(self, indices: tuple[int, ...]) -> tuple[tuple[Candidate, ...], Acquiring]:
        """Note what follows from the set of enabled transitions alone; candidates for races and lock orders."""
        for index in indices:
            self._findings.covered.update(self._covers[index])
        if len(self._memo) == MAX_MEMO:
            self._memo.clear()
        races = () if self._races is None else self._races.candidates(indices)
        acquiring = () if self._orders is None else self._orders.candidates(indices)
        self._memo[indices] = (races, acquiring)
        return races, acquiring

    def _check_races(self, races: Sequence[Candidate], state: State, number: int) -> None:
        for first, second, clash in races:
            if clash(state):
                self._findings.decide("race", number, racing=(first, second))
                # Decided: from now on no set of transitions has candidates.
                self._races = None
                self._memo.clear()
                return

    def _check_deadlock(self, state: State, number: int) -> None:
        for name, is_stuck in self._deadlocks:
            if is_stuck(state):
                self._findings.decide(name, number)


def _deadlocks(system: TransitionSystem, properties: Sequence[Property]) -> list[tuple[str, Condition]]:
    """Tests for a state where no transition is enabled to violate a property."""
    asked = stuck(system, properties)
    compiled = compile_conditions([condition for _, condition in asked], system.slot)
    return [(name, condition) for (name, _), condition in zip(asked, compiled, strict=True)]
