"""A breadth-first search of representatives under a symmetry, as slow and plain as it can be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from oomcheck.analysis.permutation import Permutation
from oomcheck.analysis.symmetry import Symmetry
from oomcheck.ir.system import State, Transition, TransitionSystem
from oomcheck.prop.property import Property
from oomcheck.records import dataclass
from oomcheck.result.exploration import Exploration, LockEdge
from oomcheck.semantics.checks import deadlocked, deciding, forbids_deadlock, is_sanitizer, lock_edges, race
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.lockorder import LockOrder
from oomcheck.semantics.successors import apply, enabled, faults


@dataclass(frozen=True, slots=True)
class Findings:
    """What a search tells that symmetry must not change; `decided` has the length of a shortest path for each name."""

    decided: dict[str, int]
    antecedents: frozenset[tuple[str, int]]
    covered: frozenset[int]
    halted: frozenset[str]


def of(found: Exploration) -> Findings:
    """The same of an exploration of everything. A circle of locks has no one path."""
    decided = {name: 0 if witness.cycle else len(witness.steps) for name, witness in found.witnesses.items()}
    return Findings(decided, found.antecedents, found.covered, found.halted)


class Quotient:
    """All representatives, in the order in which they are found, with the steps that lead there."""

    def __init__(self, system: TransitionSystem, symmetry: Symmetry) -> None:
        self.system = system
        self.symmetry = symmetry
        self.paths: dict[State, tuple[int, ...]] = {symmetry.canonical(system.initial): ()}
        self.moves: dict[State, tuple[Transition, ...]] = {}
        position = {step.index: number for number, step in enumerate(system.transitions)}
        queue = list(self.paths)
        for state in queue:
            self.moves[state] = enabled(system, state)
            for move in self.moves[state]:
                new = symmetry.canonical(apply(system, move, state))
                if new not in self.paths:
                    self.paths[new] = (*self.paths[state], position[move.index])
                    queue.append(new)

    def findings(self, properties: Sequence[Property]) -> Findings:
        """What the representatives show; orders of locks are those of all their images."""
        decided: dict[str, int] = {}
        antecedents, halted = set[tuple[str, int]](), set[str]()
        order = LockOrder()
        for state, path in self.paths.items():
            for name, is_circle in self._decided(properties, state, order):
                decided.setdefault(name, 0 if is_circle else len(path))
            halted |= {fault.sanitizer for fault in faults(self.system, state) if fault.halts}
            antecedents |= {
                (prop.name, number)
                for prop in properties
                for number, part in enumerate(prop.antecedents)
                if evaluate(part.formula, state, self.system.slot)
            }
        covered = {point for moves in self.moves.values() for move in moves for point in move.covers}
        return Findings(decided, frozenset(antecedents), frozenset(covered), frozenset(halted))

    def _decided(self, properties: Sequence[Property], state: State, order: LockOrder) -> Iterator[tuple[str, bool]]:
        system, moves = self.system, self.moves[state]
        found = {fault.sanitizer for fault in faults(system, state)}
        for prop in properties:
            bad = (
                any(is_sanitizer(prop, name) for name in found)
                or evaluate(deciding(prop), state, system.slot)
                or (is_sanitizer(prop, "race") and race(system, state, moves))
                or (forbids_deadlock(prop) and deadlocked(system, prop, state, moves))
            )
            if bad:
                yield prop.name, False
            elif is_sanitizer(prop, "lockdep"):
                circles = [order.add(edge, 0) for edge in self._edges(state)]
                if any(circles):
                    yield prop.name, True

    def _edges(self, state: State) -> Iterator[LockEdge]:
        for edge in lock_edges(self.system, state, self.moves[state]):
            yield from (element.edge(edge) for element in self.symmetry.group)


def commutes(system: TransitionSystem, permutation: Permutation, state: State) -> bool:
    """Whether the permuted system does in the permuted state what the system does in `state`."""
    position = {step.index: number for number, step in enumerate(system.transitions)}
    after = {
        (permutation.transitions[position[move.index]], permutation.state(apply(system, move, state)))
        for move in enabled(system, state)
    }
    image = permutation.state(state)
    return after == {(position[move.index], apply(system, move, image)) for move in enabled(system, image)}
