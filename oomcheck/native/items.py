"""What a search looks out for, numbered: each item is one bit of what `expand` reports of a state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from oomcheck.ir.expr import FALSE, Expr
from oomcheck.ir.interval import interval
from oomcheck.ir.system import TransitionSystem
from oomcheck.prop.property import Property
from oomcheck.records import dataclass
from oomcheck.result.exploration import LockEdge
from oomcheck.semantics.checks import is_sanitizer
from oomcheck.semantics.sought import Decides, Fails, Subject, sought, stuck


@dataclass(frozen=True, slots=True)
class Races:
    """Two enabled transitions race."""


@dataclass(frozen=True, slots=True)
class Orders:
    """A lock is taken while another is held."""

    edge: LockEdge


Item = Subject | Races | Orders


@dataclass(frozen=True, slots=True)
class Items:
    """Items by number, each with its condition.

    The condition of a fault leaves out that its process stands at the origin; that of a deadlock counts only where no
    transition is enabled. Races and lock orders have none; `orders` gives the item of each edge.
    """

    items: tuple[Item, ...]
    conditions: tuple[Expr, ...]
    stuck: frozenset[int]
    orders: dict[LockEdge, int]
    races: int | None

    @property
    def faults(self) -> Iterator[tuple[int, Fails]]:
        """Numbers of the faults."""
        return ((number, item) for number, item in enumerate(self.items) if isinstance(item, Fails))

    @property
    def formulas(self) -> Iterator[tuple[int, Expr]]:
        """Numbers and conditions of items that are formulas over the state."""
        for number, item in enumerate(self.items):
            if not isinstance(item, Fails | Races | Orders) and number not in self.stuck:
                yield number, self.conditions[number]


def items_of(system: TransitionSystem, properties: Sequence[Property]) -> Items:
    """All that `properties` ask for; conditions that are never true are left out."""
    found: list[tuple[Item, Expr]] = []
    for condition, subject in sought(system, properties):
        own = subject.fault.guard if isinstance(subject, Fails) else condition
        if own != FALSE:
            found.append((subject, own))
    waiting = len(found)
    found += [(Decides(name), condition) for name, condition in stuck(system, properties) if condition != FALSE]
    resting = frozenset(range(waiting, len(found)))
    races = None
    if any(is_sanitizer(prop, "race") for prop in properties) and any(step.accesses for step in system.transitions):
        races = len(found)
        found.append((Races(), FALSE))
    orders = {}
    if any(is_sanitizer(prop, "lockdep") for prop in properties):
        orders = {edge: number for number, edge in enumerate(_edges(system), start=len(found))}
        found += [(Orders(edge), FALSE) for edge in orders]
    kinds, conditions = tuple(item for item, _ in found), tuple(condition for _, condition in found)
    return Items(kinds, conditions, resting, orders, races)


def _edges(system: TransitionSystem) -> Iterator[LockEdge]:
    """The edges that some step may show, each once."""
    wanted: dict[int, set[int]] = {}
    for step in system.transitions:
        if step.acquire is not None:
            low, high = interval(step.acquire)
            wanted.setdefault(step.process, set()).update(range(max(low, 0), min(high + 1, len(system.locks))))
    for process, locks in sorted(wanted.items()):
        held = [number for number, lock in enumerate(system.locks) if lock.holders[process] != FALSE]
        yield from (LockEdge(process, own, lock) for own in held for lock in sorted(locks) if own != lock)
