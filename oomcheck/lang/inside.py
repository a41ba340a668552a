"""What invariants of a proof speak of and models do not: places in the code, locals of threads, insides of objects.

All are found by names that people can read, and each name here means one thing.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from oomcheck.ir.expr import FALSE, Expr, Index, Lit, Var, eq, ite
from oomcheck.ir.sorts import ArraySort, bounds, scalar_of
from oomcheck.ir.system import Process, Role, StateVar, TransitionSystem
from oomcheck.lang.types import Extent
from oomcheck.objects.base import COUNTER
from oomcheck.records import dataclass

ELEMENT = re.compile(r"(.*)\[(\d+)\]'*")


def place_names(process: Process) -> tuple[str, ...]:
    """A name for each location of a process: what happens there next, with a number from the second of a name on."""
    seen: dict[str, int] = {}
    found: list[str] = []
    for location in process.locations:
        name = " ".join(location.name.replace('"', "'").split())
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} #{seen[name]}")
    return tuple(found)


def local_name(process: str, variable: StateVar) -> tuple[str, int] | None:
    """The name of a local as its declaration has it, and its number among those of that name in the thread.

    None for what is no declared local: registers and countdowns.
    """
    prefix = f"{process}."
    if variable.role is not Role.LOCAL or not variable.name.startswith(prefix) or variable.countdown:
        return None
    name, _, number = variable.name[len(prefix) :].partition("'")
    return (name, int(number or 1)) if name.isidentifier() else None


@dataclass(frozen=True)
class Inside:
    """The insides of one system, by name."""

    system: TransitionSystem

    @cached_property
    def places(self) -> tuple[dict[str, int], ...]:
        """For each process its locations by name."""
        return tuple({name: i for i, name in enumerate(place_names(process))} for process in self.system.processes)

    @cached_property
    def locals(self) -> tuple[dict[tuple[str, int], StateVar], ...]:
        """For each process its locals by name and number."""
        found: tuple[dict[tuple[str, int], StateVar], ...] = tuple({} for _ in self.system.processes)
        for variable in self.system.variables:
            if variable.owner is not None:
                name = local_name(self.system.processes[variable.owner].name, variable)
                if name is not None:
                    found[variable.owner][name] = variable
        return found

    @cached_property
    def slots(self) -> dict[str, Expr]:
        """Slots by name: that of the variable if it is no array, and that of reports if nothing else has it.

        Reports call all locals of one name alike; these have the names of their variables only.
        """
        shown: dict[str, list[Expr]] = {}
        for variable in self.system.variables:
            if variable.role not in (Role.LOCAL, Role.PC):
                for name, slot in _shown(variable):
                    shown.setdefault(name, []).append(slot)
        found = {name: slots[0] for name, slots in shown.items() if len(slots) == 1}
        return found | {v.name: v.var for v in self.system.variables if not isinstance(v.sort, ArraySort)}

    def slot(self, name: str) -> Expr | None:
        """The slot of a name; `ARRAY[3]` is an element of a variable too. None if there is none."""
        found = self.slots.get(name)
        element = ELEMENT.fullmatch(name)
        if found is None and element is not None and element[1] in self.arrays:
            return Index(self.arrays[element[1]], Lit(int(element[2]), COUNTER))
        return found

    @cached_property
    def arrays(self) -> dict[str, Var]:
        """Arrays by their names."""
        return {v.name: v.var for v in self.system.variables if isinstance(v.sort, ArraySort)}

    @property
    def extent(self) -> Extent | None:
        """A parameter without a value, if there is one."""
        for variable in self.system.parametric:
            return Extent(variable.name, bounds(scalar_of(variable.sort))[0])
        return None

    def at(self, process: int, place: str) -> Expr | None:
        """That a process stands at a place; None if it has none of that name."""
        location = self.places[process].get(place)
        return None if location is None else self.system.at(process, location)


def _shown(variable: StateVar) -> Iterator[tuple[str, Expr]]:
    if not isinstance(variable.sort, ArraySort):
        yield variable.names[0], variable.var
    elif not variable.sort.extent:
        for element, name in enumerate(variable.names):
            yield name, Index(variable.var, Lit(element, COUNTER))


def element_of(place: Expr, position: Expr | None) -> Expr:
    """A slot, or an element of an array, which is 0 outside of it and so never without meaning."""
    if position is None:
        return place
    assert isinstance(place, Var)
    return Index(place, position)


def chosen(thread: Expr, choices: Sequence[Expr]) -> Expr:
    """The choice of a thread, which may be known or not."""
    if isinstance(thread, Lit):
        return choices[thread.value - 1] if thread.value else FALSE
    result = choices[0]
    for number, choice in enumerate(choices[1:], start=2):
        result = ite(eq(thread, Lit(number, COUNTER)), choice, result)
    return result


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint with the names that are close to one that nobody knows."""
    close = difflib.get_close_matches(name, sorted(set(known)), n=3, cutoff=0.5)
    return "did you mean " + " or ".join(f"`{one}`" for one in close) + "?" if close else ""
