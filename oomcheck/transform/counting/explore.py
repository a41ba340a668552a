"""Which local states there are, and together with which globals: a superset of what any number of members can reach.

Pairs of globals and one local state are closed under all steps, where a member that takes part in a step may be in any
local state that was found with these globals, and one that does not take part is taken along (thread-modular
reasoning; Flanagan and Qadeer, Thread-modular model checking, SPIN 2003). Values of numbers with a large range are not
followed: what depends on them may be anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from oomcheck.ir.sorts import bounds
from oomcheck.ir.system import Fault, Transition
from oomcheck.records import dataclass
from oomcheck.transform.counting.cases import Case, beside, known_slot, lookup_of
from oomcheck.transform.counting.family import Family, Globals, Local, NotCountableError
from oomcheck.transform.counting.partial import Lookup, partial_slot, partial_value
from oomcheck.transform.counting.rules import Rule

MAX_LOCALS = 2000


@dataclass(frozen=True, slots=True)
class _Move:
    """What a case does to the globals, and which others stand beside it."""

    case: Case
    after: Globals


class Exploration:
    """The closure; `locals` and `cases` are complete when it is made."""

    def __init__(self, family: Family, steps: Sequence[Rule], faults: Sequence[Rule]) -> None:
        self.family = family
        self.cases: dict[Case, None] = {}
        self._rules = self._by_place([*steps, *faults])
        self._found: dict[Globals, dict[Local, None]] = {}
        self._moves: dict[Globals, dict[_Move, None]] = {}
        shared, each = family.project(family.system.initial)
        self._new: list[tuple[Globals, Local]] = []
        self._add(shared, each[0])
        while self._new:
            self._visit(*self._new.pop())

    @property
    def locals(self) -> tuple[Local, ...]:
        """All local states that were found, in the order in which they were."""
        return tuple(dict.fromkeys(local for found in self._found.values() for local in found))

    @property
    def together(self) -> dict[Local, tuple[Globals, ...]]:
        """For each local state the globals that it was found beside."""
        found: dict[Local, list[Globals]] = {}
        for globals_, locals_ in self._found.items():
            for local in locals_:
                found.setdefault(local, []).append(globals_)
        return {local: tuple(globals_) for local, globals_ in found.items()}

    def cases_of(self, rule: Rule) -> Iterator[Case]:
        """The cases of a condition on states, each once."""
        found = (
            Case(rule, subjects, known, holders, before, before)
            for shared in self._found
            for subjects, known, holders, before in self._situations(rule, shared, None)
        )
        yield from dict.fromkeys(found)

    # ------------------------------------------------------------ the closure

    def _by_place(self, rules: Sequence[Rule]) -> dict[tuple[int, int], list[Rule]]:
        found: dict[tuple[int, int], list[Rule]] = {}
        for rule in rules:
            assert rule.source is not None
            found.setdefault((rule.source.process, rule.source.origin), []).append(rule)
        return found

    def _add(self, shared: Globals, local: Local) -> None:
        locals_ = self._found.setdefault(shared, {})
        if local in locals_:
            return
        self.family.check_local(local)
        locals_[local] = None
        if len(locals_) > MAX_LOCALS:
            raise NotCountableError(f"there are more than {MAX_LOCALS} local states")
        self._new.append((shared, local))

    def _visit(self, shared: Globals, new: Local) -> None:
        """A local state that was found with these globals: moves known before take it along, it may make new ones."""
        for move in list(self._moves.get(shared, ())):
            self._take_along(move, new)
        for rule in self._candidates(shared):
            for situation in list(self._situations(rule, shared, new)):
                self._try(rule, shared, situation)

    def _candidates(self, shared: Globals) -> Iterator[Rule]:
        """The rules of members, and those of other processes where these stand."""
        family = self.family
        for (process, origin), rules in self._rules.items():
            slot = family.system.slot[family.system.processes[process].pc]
            if process in family.members or shared[family.shared.index(slot)] == origin:
                yield from rules

    def _stands(self, rule: Rule, before: Sequence[Local]) -> bool:
        """Whether the member that moves, the first subject then, is where the rule begins."""
        family = self.family
        if rule.source is None or rule.source.process not in family.members:
            return True
        slot = family.system.slot[family.system.processes[rule.source.process].pc]
        return before[0][family.place(slot)[0]] == rule.source.origin

    def _try(self, rule: Rule, shared: Globals, situation: _Situation) -> None:
        subjects, known, holders, before = situation
        lookup = self._lookup(shared, subjects, holders, before)
        if partial_value(self.family.system, rule.guard, lookup) == 0:
            return
        if isinstance(rule.source, Fault):
            self.cases[Case(rule, subjects, known, holders, before, before)] = None
            return
        for after, globals_ in self._effects(rule, shared, situation, lookup):
            case = Case(rule, subjects, known, holders, before, after)
            move = _Move(case, globals_)
            if move in self._moves.setdefault(shared, {}):
                continue
            self._moves[shared][move] = self.cases[case] = None
            for local in after:
                self._add(globals_, local)
            for local in list(self._found[shared]):
                self._take_along(move, local)

    def _take_along(self, move: _Move, local: Local) -> None:
        """A member in a local state that stands beside a move."""
        held = {slot for slot, _ in move.case.holders}
        for slot, bit in self.family.bit.items():
            if local[bit] and (slot in held or any(subject[bit] for subject in move.case.before)):
                return
        self._add(move.after, beside(self.family, move.case, local))

    # ------------------------------------------------------------ who takes part

    def _situations(self, rule: Rule, shared: Globals, new: Local | None) -> Iterator[_Situation]:
        """All ways to fill the places of the subjects with local states; if one is new, at least one with it.

        A rule without subjects has one way, whatever is new.
        """
        values = dict(zip(self.family.shared, shared, strict=True))
        known = tuple((slot, values[slot]) for slot in rule.needed)
        names = [slot for slot, value in known if value in self.family.named[slot]]
        for subjects, holders in _filled(rule.subjects, names, len(self.family.members)):
            for before in product(self._found[shared], repeat=len(subjects)):
                if new is not None and before and new not in before:
                    continue
                if self._stands(rule, before) and self._fits(subjects, holders, before, values):
                    yield subjects, known, tuple(sorted(holders.items())), before

    def _fits(
        self, subjects: Sequence[int], holders: Mapping[int, int], before: Sequence[Local], values: Mapping[int, int]
    ) -> bool:
        """Whether the bits of local states agree with whom the globals name."""
        for slot, bit in self.family.bit.items():
            bearers = [member for member, local in zip(subjects, before, strict=True) if local[bit]]
            if slot in holders:
                if bearers != [holders[slot]]:
                    return False
            elif len(bearers) > int(values[slot] in self.family.named[slot]):
                return False
        return True

    def _lookup(
        self, shared: Globals, subjects: Sequence[int], holders: Sequence[tuple[int, int]], before: Sequence[Local]
    ) -> Lookup:
        family = self.family
        followed = set(family.followed)
        values = {slot: value for slot, value in zip(family.shared, shared, strict=True) if slot in followed}
        return lookup_of(family, values, subjects, holders, before)

    # ------------------------------------------------------------ what a step does

    def _effects(
        self, rule: Rule, shared: Globals, situation: _Situation, lookup: Lookup
    ) -> Iterator[tuple[tuple[Local, ...], Globals]]:
        """Local states of the subjects and globals after a step; several if what is written is not known."""
        subjects, _, _, before = situation
        written = self._written(rule, subjects, lookup)
        for values in product(*written.values()):
            globals_, locals_ = list(shared), [list(local) for local in before]
            for slot, value in zip(written, values, strict=True):
                if self.family.owner[slot] is None:
                    self._write_global(globals_, locals_, subjects, slot, value)
                else:
                    position, member = self.family.place(slot)
                    locals_[subjects.index(member)][position] = self.family.normal(slot, value, member)
            yield tuple(map(tuple, locals_)), tuple(globals_)

    def _written(self, rule: Rule, subjects: Sequence[int], lookup: Lookup) -> dict[int, Sequence[int]]:
        """The global slots and those of subjects that a step writes, with the values that they can get."""
        assert isinstance(rule.source, Transition)
        family, found = self.family, dict[int, Sequence[int]]()
        for update in rule.updates:
            slot = known_slot(family, partial_slot(family.system, update.target, lookup))
            if slot < 0 or (family.owner[slot] is not None and family.owner[slot] not in subjects):
                continue
            if family.owner[slot] is None and slot not in family.followed:
                continue
            value = partial_value(family.system, update.value, lookup)
            low, high = bounds(family.system.slot_sorts[slot])
            found.pop(slot, None)
            found[slot] = range(low, high + 1) if value is None else (value,)
            if value is None and (high - low >= 64 or family.named[slot]):
                raise NotCountableError(f"what `{family.system.slot_names[slot]}` gets is not known")
        found[family.system.slot[family.system.processes[rule.source.process].pc]] = (rule.source.target,)
        return found

    def _write_global(
        self, globals_: list[int], locals_: list[list[int]], subjects: Sequence[int], slot: int, value: int
    ) -> None:
        member = self.family.named[slot].get(value)
        if member is not None and member not in subjects:
            raise NotCountableError(f"`{self.family.system.slot_names[slot]}` gets the name of a thread out of nowhere")
        globals_[self.family.shared.index(slot)] = self.family.normal(slot, value, member or 0)
        if slot in self.family.bit:
            for subject, local in zip(subjects, locals_, strict=True):
                local[self.family.bit[slot]] = int(subject == member)


_Situation = tuple[tuple[int, ...], tuple[tuple[int, int], ...], tuple[tuple[int, int], ...], tuple[Local, ...]]


def _filled(
    subjects: tuple[int, ...], names: Sequence[int], members: int
) -> Iterator[tuple[tuple[int, ...], dict[int, int]]]:
    """Whom each of the naming slots names: a subject, or the next of those that are alike, who becomes one."""
    fresh = next((member for member in range(members) if member not in subjects), None)
    if fresh is None:  # one must be left to tell what happens to those that a step is not about
        raise NotCountableError("a step is about more threads than there are to look at")
    if not names:
        yield subjects, {}
        return
    for member in (*subjects, fresh):
        extended = subjects if member in subjects else (*subjects, member)
        for filled, holders in _filled(extended, names[1:], members):
            yield filled, {names[0]: member, **holders}
