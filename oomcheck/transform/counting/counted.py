"""What counting makes of a family: a system for all sizes, and its instances of one size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from oomcheck.ir.expr import Var
from oomcheck.ir.sorts import IntSort
from oomcheck.ir.system import State, StateVar, TransitionSystem
from oomcheck.prop.property import Property
from oomcheck.records import dataclass
from oomcheck.transform.counting.family import Family, Globals, Local

GATHERING, RUNNING = 0, 1  # locations of the family's process


@dataclass(frozen=True, slots=True)
class Counted:
    """A system that counts, and the same questions about it.

    Counters and numbers with the range of C's int have no upper end, and such numbers no lower one: only a prover may
    read it. `spawn` is the step that adds a member, `start` the variable that says whether all have started. `sources`
    gives for the other steps the index of the step that they stand for. `counters` names the counter of each local
    state, that of the start first. `together` has for each local state the globals beside which it was found.
    """

    system: TransitionSystem
    properties: tuple[Property, ...]
    family: Family
    counters: Mapping[Local, Var]
    together: Mapping[Local, tuple[Globals, ...]]
    start: str
    spawn: int
    sources: Mapping[int, int]

    def state(self, state: State, members: int | None = None) -> State:
        """The state of the counted system for one of the system that it was made of.

        With `members` only the first so many are there. Raises KeyError for a local state that has no counter.
        """
        shared, locals_ = self.family.project(state)
        many = Counter(self.counters[local].name for local in locals_[:members])
        return (*shared, *(many[var.name] for var in self.counters.values()), RUNNING)


@dataclass(frozen=True, slots=True)
class Refused:
    """The system cannot be counted, and why."""

    reason: str


def concrete_size(counted: Counted, steps: Sequence[int]) -> int:
    """The number of members on a path of the counted system, given by the indices of its steps."""
    return sum(step == counted.spawn for step in steps)


def instance(counted: Counted, members: int) -> TransitionSystem:
    """The counted system for so many members: they have come and started. A search may read it.

    Its states are those of the system with so many members up to their order. Steps that add members are there but
    cannot be taken.
    """
    first = next(iter(counted.counters.values()))  # the state at the start is found first
    sort = IntSort(0, members)
    counters = {var.name for var in counted.counters.values()}

    def sized(variable: StateVar) -> StateVar:
        if variable.name in counters:
            return replace(variable, sort=sort, init=(members if variable.name == first.name else 0,))
        return replace(variable, init=(RUNNING,)) if variable.name == counted.start else variable

    return replace(counted.system, variables=tuple(map(sized, counted.system.variables)))
