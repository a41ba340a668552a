"""What a search has found so far; an `Exploration` in the making."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from oomcheck.prop.property import Property
from oomcheck.result.exploration import Exploration, LockEdge, Witness
from oomcheck.semantics.lockorder import LockOrder

PathTo = Callable[[int], tuple[int, ...]]


class Findings:
    """Grows during a search. The first witness of a property is kept: it is the shortest.

    States are known by the number in which they were found; `path_to` gives
    the transitions that lead to one.
    """

    def __init__(self, properties: Sequence[Property], path_to: PathTo) -> None:
        self._names = frozenset(prop.name for prop in properties)
        self._path_to = path_to
        self._order = LockOrder()
        self.witnesses: dict[str, Witness] = {}
        self.antecedents: set[tuple[str, int]] = set()
        self.covered: set[int] = set()
        self.halted: set[str] = set()

    @property
    def complete(self) -> bool:
        """Whether something was asked and every question has its witness."""
        return bool(self._names) and self._names == self.witnesses.keys()

    def asks(self, name: str) -> bool:
        """Whether a property of this name is among those to be decided."""
        return name in self._names

    def decide(self, name: str, state: int, fault: int | None = None, racing: tuple[int, int] | None = None) -> None:
        """State number `state` decides the property."""
        if name not in self.witnesses:
            self.witnesses[name] = Witness(self._path_to(state), fault, racing)

    def order(self, edge: LockEdge, state: int) -> None:
        """Locks are taken in this order in state number `state`; lockdep is violated if that closes a circle."""
        cycle = self._order.add(edge, state)
        if cycle and "lockdep" not in self.witnesses:
            paths = tuple(self._path_to(self._order.origin(part)) for part in cycle)
            self.witnesses["lockdep"] = Witness(paths[-1], cycle=cycle, paths=paths)

    def exploration(self, states: int, transitions: int, depth: int, stopped: str, seconds: float) -> Exploration:
        """The finished record."""
        return Exploration(
            states=states,
            transitions=transitions,
            depth=depth,
            stopped=stopped,
            witnesses=dict(sorted(self.witnesses.items())),
            antecedents=frozenset(self.antecedents),
            covered=frozenset(self.covered),
            halted=frozenset(self.halted),
            seconds=seconds,
            orders=self._order.edges,
        )
