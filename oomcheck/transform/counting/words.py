"""Local states in words, for the counters that reports show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from oomcheck.ir.sorts import BoolSort, show
from oomcheck.ir.system import Role
from oomcheck.transform.counting.family import Family, Local

IT = "it"  # the thread that is counted


def local_words(family: Family, local: Local) -> str:
    """`count(t at PLACE, flag, x == 1, lock.owner == it)`: the place, and what is not as it is at first."""
    return f"count({', '.join([f'{family.name} at {_place(family, local)}', *_differences(family, local)])})"


def _place(family: Family, local: Local) -> str:
    """Where the first member would be, with a number from the second place of a name on."""
    process = family.system.processes[family.members[0]]
    at = local[family.own.index(family.system.slot[process.pc])]
    if at == process.done:
        return "its end"
    names = [" ".join(place.name.replace('"', "'").split()) for place in process.locations]
    number = names[: at + 1].count(names[at])
    return names[at] if number == 1 else f"{names[at]} #{number}"


def _differences(family: Family, local: Local) -> Iterator[str]:
    system = family.system
    me = system.processes[family.members[0]].name
    first = family.project(system.initial)[1][0]
    for position, slot in enumerate(family.own):
        variable, element = system.slots[slot]
        if local[position] == first[position] or variable.role is Role.PC:
            continue
        name = variable.names[element].removeprefix(f"{me}.")
        sort, value = system.slot_sorts[slot], local[position]
        if isinstance(sort, BoolSort):
            yield name if value else f"!{name}"
        else:
            yield f"{name} == {IT if family.named[slot].get(value) == 0 else show(sort, value)}"
    labels = Counter(system.slot_names[slot] for slot in family.bit)
    for slot, bit in family.bit.items():
        if local[bit]:
            shown = system.slot_names[slot]
            yield f"{shown if labels[shown] == 1 else system.slots[slot][0].name} == {IT}"
