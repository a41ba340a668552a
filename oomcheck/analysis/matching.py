"""Guesses which permutation of slots and values goes with a permutation of processes.

Nothing here has to be right: a guess is verified before it is used. The code of two processes that change places is
compared step by step: what stands at the same place in it changes places too. What that does not tell is guessed by
names, where a name has the name of a process in it, and by where values go.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import zip_longest

from oomcheck.analysis.permutation import Renaming
from oomcheck.ir.expr import Apply, Expr, Index, Lit, Place, Var
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import EnumSort, Scalar, scalar_of, width
from oomcheck.ir.system import TransitionSystem, Update
from oomcheck.ir.walk import subexpressions
from oomcheck.records import dataclass

MAX_VALUES = 64  # of a place whose values may be renamed


@dataclass(frozen=True, slots=True)
class Guess:
    """Where processes and slots go, and how values are renamed."""

    processes: tuple[int, ...]
    slots: tuple[int, ...]
    values: tuple[Renaming, ...]


class Guesser:
    """Guesses about one system."""

    def __init__(self, system: TransitionSystem) -> None:
        self.system = system

    def guess(self, seed: Mapping[int, int]) -> Guess | None:
        """A permutation in which processes go where `seed` says; None if there is none that is plausible."""
        return _Matcher(self, seed).run()

    @cached_property
    def domains(self) -> _Domains:
        """Which slots are renamed alike."""
        return _Domains(self.system)

    @cached_property
    def indexed(self) -> list[tuple[Index, tuple[int, int, int]]]:
        """Elements by a computed number, with the slot, factor and offset of the index."""
        return [
            (node, form)
            for expr in _expressions(self.system)
            for node in subexpressions(expr)
            if isinstance(node, Index) and not isinstance(node.index, Lit)
            if (form := _linear(self.system, node.index)) is not None
        ]


class _Matcher:
    def __init__(self, guesser: Guesser, seed: Mapping[int, int]) -> None:
        self._guesser = guesser
        self._system = system = guesser.system
        self._names = _words(system, seed)
        self._seed = seed
        self._votes: dict[int, Counter[int]] = {}  # by slot: where the code says that it goes, and how often
        self._clash = False
        self._pairs: dict[int, dict[int, int]] = {}  # by slot: values that literals beside it have, before and after

    def run(self) -> Guess | None:
        """Processes, then slots, then values."""
        processes = self._processes()
        if sorted(processes) != list(range(len(processes))):
            return None
        for old, new in enumerate(processes):
            if old != new:
                self._compare(old, new)
        slots = self._all_slots()
        values = None if self._clash else self._values(slots)
        if values is not None and self._follow(slots, values):
            values = self._values(slots)
        if values is None or sorted(slots) != list(range(len(slots))):
            return None
        return Guess(tuple(processes), tuple(slots), values)

    # ------------------------------------------------------------ processes and names

    def _processes(self) -> list[int]:
        """Where each process goes: by the seed, else by its name."""
        number = {process.name: index for index, process in enumerate(self._system.processes)}
        return [
            self._seed.get(index, number.get(self._renamed(process.name), index))
            for index, process in enumerate(self._system.processes)
        ]

    def _renamed(self, name: str) -> str:
        return self._names.sub(name)

    # ------------------------------------------------------------ slots

    def _compare(self, old: int, new: int) -> None:
        """Compare the steps of two processes, in their order."""
        mine = [step for step in self._system.transitions if step.process == old]
        theirs = [step for step in self._system.transitions if step.process == new]
        self._bind(self._pc(old), self._pc(new))
        for one, other in zip_longest(mine, theirs):
            if one is None or other is None or (one.origin, one.target) != (other.origin, other.target):
                self._clash = True
                return
            self._unify(one.guard, other.guard)
            for update, twin in zip(one.updates, other.updates, strict=False):
                self._unify(update.target, twin.target)
                self._unify(update.value, twin.value)
                self._beside(update.target, update.value, twin.value)
            for access, its in zip(one.accesses, other.accesses, strict=False):
                self._unify(access.place, its.place)

    def _pc(self, process: int) -> int:
        return self._system.slot[self._system.processes[process].pc]

    def _unify(self, one: Expr, other: Expr) -> None:
        """What stands at the same place in two expressions goes from one to the other.

        Equal ones say nothing: what names both `a[0]` and `a[1]` does so for everybody in the same order.
        """
        if one == other:
            return
        match one, other:
            case (Var(), Var()):
                self._bind(self._system.slot[one.name], self._system.slot[other.name])
            case (Index(index=Lit(value=a)), Index(index=Lit(value=b))):
                self._bind(self._system.slot[one.array.name] + a, self._system.slot[other.array.name] + b)
            case (Index(), Index()):
                if one.array.name != other.array.name and one.array.sort == other.array.sort:
                    first, second = self._system.slot[one.array.name], self._system.slot[other.array.name]
                    for element in range(width(one.array.sort)):
                        self._bind(first + element, second + element)
                self._unify(one.index, other.index)
            case (Apply(), Apply()) if one.op is other.op and len(one.args) == len(other.args):
                if one.op in (Op.EQ, Op.NE):
                    self._beside(one.args[0], one.args[1], other.args[1])
                    self._beside(one.args[1], one.args[0], other.args[0])
                for arg, its in zip(one.args, other.args, strict=True):
                    self._unify(arg, its)
            case _:
                pass

    def _bind(self, old: int, new: int) -> None:
        self._votes.setdefault(old, Counter())[new] += 1

    def _beside(self, place: Expr, one: Expr, other: Expr) -> None:
        """Literals that are compared with a place or put there."""
        match one, other:
            case (Lit(value=a), Lit(value=b)) if isinstance(place, Var | Index):
                slot = _only(self._system, place)
                if slot is not None:
                    self._pairs.setdefault(slot, {}).setdefault(a, b)
            case _:
                pass

    def _all_slots(self) -> list[int]:
        """Where each slot goes: as the code says, else by its name, else nowhere."""
        names = self._system.slot_names
        stems = [v.name.partition("[")[0] if v.owner is None else "" for v, _ in self._system.slots]
        known = {(stem, name): slot for slot, (stem, name) in enumerate(zip(stems, names, strict=True))}
        chosen = {slot: votes.most_common(1)[0][0] for slot, votes in self._votes.items()}
        moved = [self._renamed(name) for name in names]
        return [  # several locals of inlined functions may share a name, so one that keeps it stays where it is
            chosen.get(slot, slot if moved[slot] == names[slot] else known.get((stem, moved[slot]), slot))
            for slot, stem in enumerate(stems)
        ]

    def _follow(self, slots: list[int], values: Sequence[Renaming]) -> bool:
        """Let elements of arrays, if nothing else moves them, go where their numbers do; whether some go anywhere."""
        changed = False
        for node, (slot, factor, offset) in self._guesser.indexed:
            base, size = self._system.slot[node.array.name], width(node.array.sort)
            whole = range(base, base + size)
            if not values[slot] or any(element in self._votes or slots[element] != element for element in whole):
                continue
            for old, new in values[slot]:
                one, other = factor * old + offset, factor * new + offset
                if 0 <= one < size and 0 <= other < size:
                    slots[base + one] = base + other
                    changed = True
        return changed

    # ------------------------------------------------------------ values

    def _values(self, slots: Sequence[int]) -> tuple[Renaming, ...] | None:
        """How values are renamed: members by name, numbers by evidence that goes from slot to slot."""
        domains = self._guesser.domains
        evidence: dict[int, dict[int, int]] = {}
        for slot, pairs in (*self._pairs.items(), *self._of_indices(slots)):
            self._add(evidence.setdefault(domains.of(slot), {}), pairs)
        found: list[Renaming] = []
        for slot, sort in enumerate(self._system.slot_sorts):
            renaming = _permutation(evidence.get(domains.of(slot), {}))
            if isinstance(sort, EnumSort) and not renaming:
                renaming = self._by_name(sort)
            if renaming is None:
                return None
            found.append(renaming)
        return tuple(found)

    @staticmethod
    def _add(known: dict[int, int], pairs: Mapping[int, int]) -> None:
        for old, new in pairs.items():
            known.setdefault(old, new)

    def _by_name(self, sort: EnumSort) -> Renaming | None:
        """Members that are called like processes change places with them."""
        number = {name: index for index, name in enumerate(sort.members)}
        moved = {index: number.get(self._renamed(name), index) for name, index in number.items()}
        return _permutation(moved)

    def _of_indices(self, slots: Sequence[int]) -> Iterator[tuple[int, dict[int, int]]]:
        """Places that index an array whose elements change places: their values do the same."""
        for node, (slot, factor, offset) in self._guesser.indexed:
            base, size = self._system.slot[node.array.name], width(node.array.sort)
            target = min(slots[base : base + size])
            moves = {k: slots[base + k] - target for k in range(size)}
            if all(old == new for old, new in moves.items()):
                continue
            pairs = {
                (old - offset) // factor: (new - offset) // factor
                for old, new in moves.items()
                if (old - offset) % factor == 0 and (new - offset) % factor == 0
            }
            yield slot, pairs


class _Domains:
    """Slots whose values go from one to the other, or are compared: they are renamed alike."""

    def __init__(self, system: TransitionSystem) -> None:
        self._system = system
        self._parent = list(range(len(system.initial)))
        alike: dict[tuple[str, Scalar], int] = {}
        for slot, (variable, element) in enumerate(system.slots):
            if variable.owner is None:  # elements of an array, also of one that was taken apart
                name = variable.name.partition("[")[0] if "[" in variable.names[element] else variable.name
                self._join(slot, alike.setdefault((name, scalar_of(variable.sort)), slot))
        for expr in _expressions(system):
            for node in subexpressions(expr):
                if isinstance(node, Apply) and node.op in (Op.EQ, Op.NE):
                    self._relate(node.args[0], node.args[1])
        for update in _updates(system):
            self._relate(update.target, update.value)

    def of(self, slot: int) -> int:
        """A slot that stands for all of the domain."""
        while self._parent[slot] != slot:
            self._parent[slot] = self._parent[self._parent[slot]]
            slot = self._parent[slot]
        return slot

    def _join(self, one: int, other: int) -> None:
        self._parent[self.of(one)] = self.of(other)

    def _relate(self, left: Expr, right: Expr) -> None:
        found = [*_copied(self._system, left), *_copied(self._system, right)]
        for slot in found[1:]:
            self._join(found[0], slot)


def _copied(system: TransitionSystem, expr: Expr) -> Iterator[int]:
    """Places whose value may be that of the expression."""
    match expr:
        case Var(name=name):
            yield system.slot[name]
        case Index(array=array, index=index):
            known = index.value if isinstance(index, Lit) and 0 <= index.value < width(array.sort) else 0
            yield system.slot[array.name] + known
        case Apply(op=Op.ITE, args=(_, then, other)):
            yield from _copied(system, then)
            yield from _copied(system, other)
        case _:
            pass


def _updates(system: TransitionSystem) -> Iterator[Update]:
    for step in system.transitions:
        yield from step.updates


def _expressions(system: TransitionSystem) -> Iterator[Expr]:
    """What steps look at and write."""
    for step in system.transitions:
        yield step.guard
        for update in step.updates:
            yield update.target
            yield update.value
        yield from (access.place for access in step.accesses)


def _only(system: TransitionSystem, place: Place) -> int | None:
    """The slot of a place; of an array with a computed index, its first one stands for all."""
    return next(_copied(system, place), None)


def _linear(system: TransitionSystem, expr: Expr) -> tuple[int, int, int] | None:
    """Slot, factor and offset of an index that depends on one place only."""
    match expr:
        case Var() | Index():
            slot = _only(system, expr)
            return None if slot is None else (slot, 1, 0)
        case Apply(op=Op.ADD, args=(arg, Lit(value=value))) | Apply(op=Op.ADD, args=(Lit(value=value), arg)):
            factor, offset = 1, value
        case Apply(op=Op.SUB, args=(arg, Lit(value=value))):
            factor, offset = 1, -value
        case Apply(op=Op.MUL, args=(arg, Lit(value=value))) | Apply(op=Op.MUL, args=(Lit(value=value), arg)):
            factor, offset = value, 0
        case _:
            return None
    form = _linear(system, arg)
    if form is None or factor == 0:
        return None
    return form[0], factor * form[1], factor * form[2] + offset


def _permutation(pairs: Mapping[int, int]) -> Renaming | None:
    """The pairs as a permutation: what only arrives goes where its chain began; None if two go to one place."""
    if len(set(pairs.values())) != len(pairs):
        return None
    back = {new: old for old, new in pairs.items()}
    full = dict(pairs)
    for value in set(pairs.values()) - set(pairs):
        first = value
        while first in back:
            first = back[first]
        full[value] = first
    return tuple(sorted((old, new) for old, new in full.items() if old != new))


class _Words:
    """Names with the names of processes in them."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self._words = words
        pattern = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
        self._pattern = re.compile(rf"(?<![\w.])(?:{pattern})(?![\w\[])") if words else None

    def sub(self, name: str) -> str:
        """The name with all of them replaced at once."""
        if self._pattern is None:
            return name
        return self._pattern.sub(lambda found: self._words[found[0]], name)


def _words(system: TransitionSystem, seed: Mapping[int, int]) -> _Words:
    """What is replaced in names: the part in which the names of processes that change places differ."""
    words: dict[str, str] = {}
    for old, new in seed.items():
        one, other = system.processes[old].name, system.processes[new].name
        head, _, tail = one.rpartition(".")
        other_head, _, other_tail = other.rpartition(".")
        if head and tail == other_tail and head != other_head:  # threads of two processes: these change places
            one, other = head, other_head
        if one != other:
            words[one] = other
    return _Words(words)
