"""Permutations of a system: what goes where, as a whole and in a state, and the groups that they generate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from oomcheck.ir.system import State, TransitionSystem
from oomcheck.records import dataclass
from oomcheck.result.exploration import LockEdge

Renaming = tuple[tuple[int, int], ...]  # value and new value of those that change, in order; empty: none does


@dataclass(frozen=True, slots=True)
class Permutation:
    """What changes places: entry i of each tuple says where process, slot, transition or lock i goes.

    Transitions are counted by their position in the system. `values[s]` renames what is in slot s, before it goes to
    `slots[s]`.
    """

    processes: tuple[int, ...]
    slots: tuple[int, ...]
    values: tuple[Renaming, ...]
    transitions: tuple[int, ...]
    locks: tuple[int, ...]

    def state(self, state: State) -> State:
        """The state with everything in its new place."""
        new = [0] * len(state)
        for slot, value in enumerate(state):
            new[self.slots[slot]] = renamed(self.values[slot], value)
        return tuple(new)

    def edge(self, edge: LockEdge) -> LockEdge:
        """The same order of locks, taken by the process that this one becomes."""
        return LockEdge(self.processes[edge.process], self.locks[edge.held], self.locks[edge.wanted])

    def then(self, second: Permutation) -> Permutation:
        """First this one, then the second one."""
        return Permutation(
            tuple(second.processes[p] for p in self.processes),
            tuple(second.slots[s] for s in self.slots),
            tuple(
                composed(first, second.values[target]) for first, target in zip(self.values, self.slots, strict=True)
            ),
            tuple(second.transitions[t] for t in self.transitions),
            tuple(second.locks[lock] for lock in self.locks),
        )


def identity(system: TransitionSystem) -> Permutation:
    """Nothing changes."""
    slots = len(system.initial)
    return Permutation(
        tuple(range(len(system.processes))),
        tuple(range(slots)),
        ((),) * slots,
        tuple(range(len(system.transitions))),
        tuple(range(len(system.locks))),
    )


def renamed(renaming: Renaming, value: int) -> int:
    """The new value."""
    return next((new for old, new in renaming if old == value), value)


def composed(first: Renaming, second: Renaming) -> Renaming:
    """First one renaming, then the other."""
    values = sorted({old for old, _ in (*first, *second)})
    pairs = ((value, renamed(second, renamed(first, value))) for value in values)
    return tuple((old, new) for old, new in pairs if old != new)


def closure(neutral: Permutation, generators: Iterable[Permutation], most: int) -> tuple[Permutation, ...] | None:
    """All products of generators, `neutral` first; None if there are more than `most`."""
    generators = tuple(generators)
    found = {_key(neutral): neutral}
    frontier = [neutral]
    while frontier:
        new: list[Permutation] = []
        for element in frontier:
            for generator in generators:
                product = element.then(generator)
                if _key(product) not in found:
                    if len(found) == most:
                        return None
                    found[_key(product)] = product
                    new.append(product)
        frontier = new
    return tuple(found.values())


def _key(permutation: Permutation) -> tuple[object, ...]:
    """What tells two permutations apart; what they do to transitions and locks follows, but for equal ones."""
    return permutation.processes, permutation.slots, permutation.values


def least(group: Sequence[Permutation], state: State) -> tuple[State, int]:
    """The least state that a group makes of `state`, and the first element of the group that does."""
    return min((element.state(state), number) for number, element in enumerate(group))


Step = Callable[[int, State], State]  # a transition, by its position, and a state in which it is enabled


def unfolded(group: Sequence[Permutation], initial: State, steps: Iterable[int], step: Step) -> tuple[int, ...]:
    """The steps of the system itself, for `steps` along representatives: what each does, done by who it really is.

    Positions of transitions; each is enabled in the representative of the state that the ones before it lead to.
    """
    state, found = initial, []
    for taken in steps:
        _, number = least(group, state)
        real = group[number].transitions.index(taken)
        found.append(real)
        state = step(real, state)
    return tuple(found)
