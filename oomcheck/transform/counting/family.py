"""A family of interchangeable processes: what belongs to which member, and states as globals and local states.

The local state of a member is the values of the slots that belong to it, as they would be called if it were the first
member, and for each global slot that can name a member whether it names this one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import combinations

from oomcheck.analysis.permutation import Permutation, identity, renamed
from oomcheck.analysis.symmetry import refusal, symmetry
from oomcheck.ir.sorts import bounds
from oomcheck.ir.system import State, TransitionSystem
from oomcheck.prop.property import Kind, Property
from oomcheck.records import dataclass

LEAST_MEMBERS = 3  # with two, "every other one" and "some other one" are the same
MANY = 64  # a slot with more values than that is a number, whose values are not followed

Globals = tuple[int, ...]  # the value of each global slot; of one that names a member, the value that names the first
Local = tuple[int, ...]  # values of the slots of a member, then a bit for each naming slot

COUNTED = frozenset({Kind.INVARIANT, Kind.NEVER, Kind.LEMMA})
FAULTS = frozenset({"uninit", "null", "lifetime", "refcount", "range", "assert"})  # sanitizers about faults alone


class NotCountableError(Exception):
    """Why a system cannot be counted, in the words of the model."""


@dataclass(frozen=True)
class Family:
    """The members of a family by number, from 0.

    `members` are their processes. `swaps[i, j]`, i < j, exchanges two of them and what is theirs, and nothing else.
    """

    system: TransitionSystem
    name: str
    members: tuple[int, ...]
    swaps: dict[tuple[int, int], Permutation]

    def swap(self, one: int, other: int) -> Permutation:
        """The permutation that exchanges two members."""
        return self._same if one == other else self.swaps[min(one, other), max(one, other)]

    @cached_property
    def _same(self) -> Permutation:
        return identity(self.system)

    # ------------------------------------------------------------ what belongs to whom

    @cached_property
    def owner(self) -> tuple[int | None, ...]:
        """For each slot the member that it belongs to, None for a global one."""
        return tuple(self._centre(s, (p for p, swap in self.swaps.items() if swap.slots[s] != s)) for s in self._slots)

    @cached_property
    def _slots(self) -> range:
        return range(len(self.system.initial))

    def _centre(self, slot: int, moved: Iterable[tuple[int, int]]) -> int | None:
        """Whom it concerns what these exchanges move: all exchanges of one member, or none at all."""
        pairs = set(moved)
        if not pairs:
            return None
        for member in range(len(self.members)):
            if pairs == {pair for pair in self.swaps if member in pair}:
                return member
        raise NotCountableError(f"`{self.system.slot_names[slot]}` is about several members at once")

    @cached_property
    def named(self) -> tuple[dict[int, int], ...]:
        """For each slot the values that mean a member, with the member."""
        return tuple(self._named(slot) for slot in self._slots)

    def _named(self, slot: int) -> dict[int, int]:
        values = {old for swap in self.swaps.values() for old, _ in swap.values[slot]}
        found: dict[int, int] = {}
        for value in sorted(values):
            pairs = (p for p, swap in self.swaps.items() if renamed(swap.values[slot], value) != value)
            member = self._centre(slot, pairs)
            assert member is not None
            found[value] = member
        return found

    @cached_property
    def own(self) -> tuple[int, ...]:
        """The slots of the first member, in order."""
        return tuple(slot for slot in self._slots if self.owner[slot] == 0)

    @cached_property
    def shared(self) -> tuple[int, ...]:
        """The global slots, in order."""
        return tuple(slot for slot in self._slots if self.owner[slot] is None)

    @cached_property
    def naming(self) -> tuple[int, ...]:
        """The global slots that can name a member, in order."""
        return tuple(slot for slot in self.shared if self.named[slot])

    @cached_property
    def followed(self) -> tuple[int, ...]:
        """The global slots with few values, in order."""
        sorts = self.system.slot_sorts
        return tuple(s for s in self.shared if bounds(sorts[s])[1] - bounds(sorts[s])[0] < MANY)

    @cached_property
    def bit(self) -> dict[int, int]:
        """Where the bit of a naming slot stands in a local state."""
        return {slot: len(self.own) + k for k, slot in enumerate(self.naming)}

    # ------------------------------------------------------------ names as of the first member

    def place(self, slot: int) -> tuple[int, int]:
        """The position in a local state of a slot that belongs to a member, and the member."""
        member = self.owner[slot]
        assert member is not None
        return self.own.index(self.swap(0, member).slots[slot]), member

    def normal(self, slot: int, value: int, member: int) -> int:
        """A value as it would be if `member` were the first one."""
        return renamed(self.swap(0, member).values[slot], value)

    def real(self, slot: int, value: int, member: int) -> int:
        """A value in `slot`, which belongs to `member` or is global, from the one that it has for the first member."""
        return renamed(self.swap(0, member).values[self.swap(0, member).slots[slot]], value)

    def check_local(self, local: Local) -> None:
        """Refuse a local state that refers to another member."""
        for position, slot in enumerate(self.own):
            if self.named[slot].get(local[position], 0) != 0:
                raise NotCountableError(f"`{self.system.slot_names[slot]}` names another thread")

    def project(self, state: State) -> tuple[Globals, tuple[Local, ...]]:
        """The globals of a state, and the local state of each member."""
        holders = {slot: self.named[slot].get(state[slot]) for slot in self.naming}
        shared = tuple(self.normal(slot, state[slot], holders.get(slot) or 0) for slot in self.shared)
        return shared, tuple(self._local(state, member, holders) for member in range(len(self.members)))

    def _local(self, state: State, member: int, holders: dict[int, int | None]) -> Local:
        slots = [self.swap(0, member).slots[slot] for slot in self.own]
        values = [self.normal(slot, state[slot], member) for slot in slots]
        return (*values, *(int(holders[slot] == member) for slot in self.naming))


def family_of(system: TransitionSystem, properties: Sequence[Property], name: str) -> Family:
    """The family of the processes `name[0]`, `name[1]`, ...; raises NotCountableError if they are not alike."""
    if refusal(properties):
        raise NotCountableError(refusal(properties))
    for prop in properties:
        if prop.kind not in COUNTED and not (prop.kind is Kind.SANITIZER and prop.name in FAULTS):
            raise NotCountableError(f"`{prop.name}` is not about single states")
    if system.timed:
        raise NotCountableError("time passes in this system")
    if system.parametric:
        raise NotCountableError("the system has parameters without a value")
    number = {process.name: index for index, process in enumerate(system.processes)}
    members: list[int] = []
    while f"{name}[{len(members)}]" in number:
        members.append(number[f"{name}[{len(members)}]"])
    if len(members) < LEAST_MEMBERS:
        raise NotCountableError(f"there are {len(members)} threads `{name}`; {LEAST_MEMBERS} must be there to look at")
    group = symmetry(system, properties).group
    found = Family(system, name, tuple(members), dict(_swaps(system, members, group)))
    _check_consistent(found)
    return found


def _swaps(
    system: TransitionSystem, members: Sequence[int], group: Sequence[Permutation]
) -> Iterable[tuple[tuple[int, int], Permutation]]:
    """For each two members the element of the group that exchanges them and no other process."""
    for i, j in combinations(range(len(members)), 2):
        wanted = list(range(len(system.processes)))
        wanted[members[i]], wanted[members[j]] = members[j], members[i]
        swap = next((element for element in group if list(element.processes) == wanted), None)
        if swap is None:
            names = f"`{system.processes[members[i]].name}` and `{system.processes[members[j]].name}`"
            raise NotCountableError(f"{names} are not interchangeable")
        yield (i, j), swap


def _check_consistent(family: Family) -> None:
    """The exchanges must fit together: to go from i to j by way of the first member is to go there at once."""
    for i, j in family.swaps:
        around = family.swap(0, i).then(family.swap(0, j)).then(family.swap(0, i))
        if i and (around.slots, around.values) != (family.swap(i, j).slots, family.swap(i, j).values):
            raise NotCountableError(f"the threads `{family.name}` can change places in more than one way")
    slots = range(len(family.system.initial))
    for member in range(1, len(family.members)):
        swap = family.swap(0, member)
        if swap.then(swap).slots != tuple(slots) or any(swap.then(swap).values):
            raise NotCountableError(f"the threads `{family.name}` can change places in more than one way")
    family.check_local(family.project(family.system.initial)[1][0])
