"""A search with ample sets, with or without step fusion, written to be read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from oomcheck.analysis.ample import Ample, Situation, choose
from oomcheck.analysis.facts import Watched, prepare
from oomcheck.ir.system import Fault, State, Transition, TransitionSystem
from oomcheck.prop.property import Property
from oomcheck.result.exploration import LockEdge
from oomcheck.semantics.checks import deadlocked, deciding, forbids_deadlock, is_sanitizer, lock_edges, race
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.lockorder import LockOrder
from oomcheck.semantics.successors import apply, enabled, faults


@dataclass
class Found:
    """What a search saw: `states` were stored, `reduced` of them were expanded in part, `passed` were not stored."""

    states: int = 0
    reduced: int = 0
    passed: int = 0
    decided: set[str] = field(default_factory=set)
    antecedents: set[tuple[str, int]] = field(default_factory=set)
    covered: set[int] = field(default_factory=set)
    halted: set[str] = field(default_factory=set)
    ends: set[State] = field(default_factory=set)  # where nothing moves
    taken: set[int] = field(default_factory=set)  # transitions
    happened: set[int] = field(default_factory=set)  # faults
    edges: set[LockEdge] = field(default_factory=set)

    @property
    def answers(self) -> tuple[Collection[object], ...]:
        """What must not depend on the search."""
        answers = self.decided, self.antecedents, self.covered, self.halted
        return *answers, self.ends, self.taken, self.happened, self.edges


def ample_for(system: TransitionSystem, properties: Sequence[Property]) -> Ample:
    """The data for a search that decides `properties`."""
    formulas = [deciding(prop) for prop in properties]
    formulas += [part.formula for prop in properties for part in prop.antecedents]
    asked = [fault for fault in system.faults if fault.halts or _is_asked(fault, properties)]
    races, orders = (any(is_sanitizer(prop, name) for prop in properties) for name in ("race", "lockdep"))
    return prepare(system, Watched(tuple(formulas), tuple(asked), races, orders))


def _is_asked(fault: Fault, properties: Sequence[Property]) -> bool:
    return any(is_sanitizer(prop, fault.sanitizer) for prop in properties)


class Search:
    """A search of `system` that expands what `facts` says is enough; None: everything."""

    def __init__(self, system: TransitionSystem, properties: Sequence[Property], facts: Ample | None) -> None:
        self.found = Found()
        self._system = system
        self._properties = properties
        self._facts = facts
        self._order = LockOrder()

    def run(self, fuse: bool = False) -> Found:
        """Search all states that the reduction leaves; with `fuse`, states with one step are passed, not stored."""
        visited = {self._system.initial}
        frontier = [self._system.initial]
        while frontier:
            state = frontier.pop()
            for move in self._expand(state):
                successor = apply(self._system, move, state)
                if fuse:
                    successor = self._pass(successor, visited)
                if successor not in visited:
                    visited.add(successor)
                    frontier.append(successor)
        self.found.states = len(visited)
        return self.found

    def _pass(self, state: State, visited: set[State]) -> State:
        """The first state from `state` on that has to be stored, or is."""
        passed: set[State] = set()
        while state not in visited and (only := self._only(state)) is not None:
            assert state not in passed, "a circle of states that are not stored"
            passed.add(state)
            self._expand(state)
            state = apply(self._system, only, state)
        self.found.passed += len(passed)
        return state

    def _only(self, state: State) -> Transition | None:
        """The step of a state that need not be stored."""
        moves = self._ample(state, enabled(self._system, state))
        return moves[0] if len(moves) == 1 and not self._is_sticky(state, moves[0]) else None

    def _is_sticky(self, state: State, move: Transition) -> bool:
        if self._facts is None:
            return True
        point = self._facts.points[move.process][self._situation(state, (move,)).points[move.process]]
        return any(item.sticky and item.source == move for item in point.items)

    def _expand(self, state: State) -> Sequence[Transition]:
        """Note what a state shows; the steps to take."""
        every = enabled(self._system, state)
        moves = self._ample(state, every)
        self.found.reduced += len(moves) < len(every)
        self._inspect(state, moves, every)
        return moves

    def _ample(self, state: State, every: Sequence[Transition]) -> Sequence[Transition]:
        if self._facts is None:
            return every
        chosen = choose(self._facts, self._situation(state, every))
        return [move for move in every if (chosen >> move.process) & 1]

    def _situation(self, state: State, every: Sequence[Transition]) -> Situation:
        assert self._facts is not None
        system, facts = self._system, self._facts
        points = tuple(control.point(state) for control in facts.controls)
        true = sum(1 << k for k, test in enumerate(facts.tests) if evaluate(test, state, system.slot))
        return Situation(points, frozenset(move.index for move in every), true)

    def _inspect(self, state: State, moves: Sequence[Transition], every: Sequence[Transition]) -> None:
        """Faults and formulas are those of the state; races, lock orders and coverage those of the steps taken."""
        system, found = self._system, self.found
        if not every:
            found.ends.add(state)
        for fault in faults(system, state):
            if not fault.halts and not _is_asked(fault, self._properties):
                continue
            found.happened.add(fault.index)
            if fault.halts:
                found.halted.add(fault.sanitizer)
            if _is_asked(fault, self._properties):
                found.decided.add(fault.sanitizer)
        for prop in self._properties:
            for number, part in enumerate(prop.antecedents):
                if evaluate(part.formula, state, system.slot):
                    found.antecedents.add((prop.name, number))
            if evaluate(deciding(prop), state, system.slot) or (
                is_sanitizer(prop, "race") and race(system, state, moves)
            ):
                found.decided.add(prop.name)
            elif is_sanitizer(prop, "lockdep"):
                self._note(lock_edges(system, state, moves), prop.name)
            elif forbids_deadlock(prop) and deadlocked(system, prop, state, every):
                found.decided.add(prop.name)
        for move in moves:
            found.taken.add(move.index)
            found.covered |= move.covers

    def _note(self, edges: Iterable[LockEdge], name: str) -> None:
        for edge in edges:
            self.found.edges.add(edge)
            if self._order.add(edge, 0):
                self.found.decided.add(name)
