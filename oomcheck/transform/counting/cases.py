"""Rules for certain members in certain local states, and what they do to a member that they are not about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from oomcheck.records import dataclass
from oomcheck.transform.counting.family import Family, Local, NotCountableError
from oomcheck.transform.counting.partial import Lookup, partial_slot, partial_value
from oomcheck.transform.counting.rules import Rule, targets


@dataclass(frozen=True, slots=True)
class Case:
    """A rule for certain members in certain local states.

    `known` are the values of the slots that the rule needs, as of the first member; `holders` says which of them name
    a member of `subjects`, and whom. `before` and `after` are the local states of the subjects.
    """

    rule: Rule
    subjects: tuple[int, ...]
    known: tuple[tuple[int, int], ...]
    holders: tuple[tuple[int, int], ...]
    before: tuple[Local, ...]
    after: tuple[Local, ...]


def lookup_of(
    family: Family,
    values: Mapping[int, int],
    subjects: Sequence[int],
    holders: Sequence[tuple[int, int]],
    locals_: Sequence[Local],
) -> Lookup:
    """Values of slots, from the globals that are known (as of the first member) and some local states."""
    named = dict(holders)
    known = {slot: family.real(slot, value, named.get(slot, 0)) for slot, value in values.items()}
    for member, local in zip(subjects, locals_, strict=True):
        swap = family.swap(0, member)
        for position, slot in enumerate(family.own):
            known[swap.slots[slot]] = family.real(swap.slots[slot], local[position], member)
    return known.get


def known_slot(family: Family, slot: int | None) -> int:
    """A slot that must be known by now."""
    if slot is None:
        raise NotCountableError(f"an index depends on what a thread `{family.name}` that is not meant has")
    return slot


def beside(family: Family, case: Case, local: Local) -> Local:
    """What a step makes of the local state of a member that it is not about; nearly always the same."""
    rule = case.rule
    others = [member for member in range(len(family.members)) if member not in case.subjects]
    touched = {family.owner[slot] for slot in targets(rule, family)}
    if not touched.intersection(others):
        return local
    found = {_beside(family, case, local, member) for member in others}
    if found != {local} and (len(others) < 2 or len(found) != 1):
        raise NotCountableError(f"a step treats threads `{family.name}` differently that it does not name")
    return found.pop()


def _beside(family: Family, case: Case, local: Local, member: int) -> Local:
    everybody, locals_ = (*case.subjects, member), (*case.before, local)
    lookup = lookup_of(family, dict(case.known), everybody, case.holders, locals_)
    new = list(local)
    for update in case.rule.updates:
        slot = known_slot(family, partial_slot(family.system, update.target, lookup))
        if slot >= 0 and family.owner[slot] == member:
            value = partial_value(family.system, update.value, lookup)
            if value is None:
                raise NotCountableError(f"what `{family.system.slot_names[slot]}` gets depends on more than the thread")
            new[family.place(slot)[0]] = family.normal(slot, value, member)
    return tuple(new)
