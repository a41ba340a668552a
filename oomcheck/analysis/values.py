"""Which values each slot can ever hold: constants, ranges narrower than declared, indices that never occur.

An abstract interpretation with sets of values (Cousot and Cousot, Abstract interpretation, POPL 1977), each slot for
itself, from the initial state up: a step adds what it may write, if its process can get to where it begins and if its
guard does not contradict the values found so far. What only one process writes is known for each of its locations.
Large sets are given up for the whole sort.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product

from oomcheck.analysis.slots import own_slots, slots_read
from oomcheck.ir.expr import Apply, Expr, Index, Lit, Place, Quantified, Var, fold
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import bounds, width
from oomcheck.ir.system import Transition, TransitionSystem
from oomcheck.ir.walk import subexpressions

MAX_VALUES = 64  # in a set
MAX_GROWTHS = 16  # of a set before it becomes the whole sort
MAX_PAIRS = 1_024  # of operands

Possible = frozenset[int] | None  # None: any value that the place can hold
Known = Mapping[int, Possible]  # by slot, what a place or a condition leaves of that

_NO, _YES, _BOTH = frozenset((0,)), frozenset((1,)), frozenset((0, 1))


class Values:
    """For each slot the values that it may hold in a reachable state; see `possible_values`.

    `at` says for each (process, location) that may be reached what the slots can hold while the process stands there,
    as far as that is less than `sets`; its program counter is among them.
    """

    def __init__(self, system: TransitionSystem, sets: Sequence[Possible], at: Mapping[tuple[int, int], Known]) -> None:
        self.system = system
        self.sets = sets
        self.at = at
        self._only: dict[int, tuple[Expr, int | None]] = {}  # by identity of the expression, which is kept alive
        self._true: dict[tuple[int, int], bool] = {}  # by identity and value of that slot

    # ------------------------------------------------------------ expressions

    def of(self, expr: Expr, known: Known | None = None) -> Possible:
        """What `expr` can be, where slots in `known` are known better."""
        match expr:
            case Lit(value=value):
                return frozenset((value,))
            case Var(name=name):
                return self.slot(self.system.slot[name], known)
            case Index(array=array):
                size = width(array.sort)
                base, found = self.system.slot[array.name], self.positions(expr, known)
                inside = None if found is None else [p for p in found if 0 <= p < size]
                outside = inside is None or found is None or len(inside) < len(found)
                chosen = range(size) if inside is None else inside
                return _join((*(self.slot(base + p, known) for p in chosen), *((_NO,) if outside else ())))
            case Apply(op=op, args=args):
                return self._apply(op, args, known)
            case Quantified():
                raise AssertionError("searches see no quantifiers")

    def slot(self, slot: int, known: Known | None = None) -> Possible:
        """What a slot can hold."""
        return known[slot] if known and slot in known else self.sets[slot]

    def positions(self, place: Index, known: Known | None = None) -> Possible:
        """Which elements an index can mean, those outside of the array included; None: any."""
        return self.of(place.index, known)

    def _apply(self, op: Op, args: tuple[Expr, ...], known: Known | None) -> Possible:
        match op:
            case Op.NOT:
                inner = self.of(args[0], known)
                return _BOTH if inner is None else frozenset(int(not value) for value in inner)
            case Op.AND:
                return self._junction(args, known, 0)
            case Op.OR:
                return self._junction(args, known, 1)
            case Op.ITE:
                test = self.of(args[0], known)
                sides = [args[1]] if test is None or test != _NO else []
                sides += [args[2]] if test is None or 0 in test else []
                return _join(tuple(self.of(side, known) for side in sides))
            case Op.NEG:
                inner = self.of(args[0], known)
                return None if inner is None else frozenset(-value for value in inner)
            case _:
                return _combined(op, self.of(args[0], known), self.of(args[1], known))

    def _junction(self, args: tuple[Expr, ...], known: Known | None, strong: int) -> frozenset[int]:
        """A conjunction (`strong` is 0) or a disjunction (1): one strong argument decides."""
        open_ = False
        for arg in args:
            found = self.of(arg, known)
            truths = _BOTH if found is None else {int(bool(value)) for value in found}
            if truths == {strong}:
                return frozenset((strong,))
            open_ = open_ or strong in truths
        return _BOTH if open_ else frozenset((1 - strong,))

    # ------------------------------------------------------------ what conditions tell

    def under(self, condition: Expr, known: Known | None = None) -> Known | None:
        """`known`, and what else a condition tells about single slots; None if it cannot be true."""
        found = dict(known) if known else {}
        for part in condition.args if isinstance(condition, Apply) and condition.op is Op.AND else (condition,):
            slot = self.only_slot(part)
            if slot is None:
                continue
            before = self.slot(slot, found)
            if before is None:
                continue
            after = frozenset(value for value in before if self._may_hold(part, slot, value))
            if not after:
                return None
            if after != before:
                found[slot] = after
        return found

    def _may_hold(self, condition: Expr, slot: int, value: int) -> bool:
        """Whether a condition on one slot may be true for a value; the condition is remembered by `only_slot`."""
        key = (id(condition), value)
        if key not in self._true:
            self._true[key] = self.of(condition, {slot: frozenset((value,))}) != _NO
        return self._true[key]

    def only_slot(self, expr: Expr) -> int | None:
        """The slot that an expression reads if it is a single one."""
        key = id(expr)
        if key not in self._only:
            self._only[key] = (expr, self._single(expr))
        return self._only[key][1]

    def _single(self, expr: Expr) -> int | None:
        found: int | None = None
        for node in subexpressions(expr):
            match node:
                case Var(name=name):
                    slot = self.system.slot[name]
                case Index(array=array, index=Lit(value=value)) if 0 <= value < width(array.sort):
                    slot = self.system.slot[array.name] + value
                case Index():
                    return None
                case Lit() | Apply():
                    continue
            if found is not None and slot != found:
                return None
            found = slot
        return found


def _join(sets: Sequence[Possible]) -> Possible:
    found: set[int] = set()
    for values in sets:
        if values is None:
            return None
        found |= values
    return frozenset(found) if len(found) <= MAX_VALUES else None


def _combined(op: Op, left: Possible, right: Possible) -> Possible:
    """What two operands give that may be any of these."""
    match op:
        case Op.EQ | Op.NE:
            different, same = (_NO, _YES) if op is Op.EQ else (_YES, _NO)
            if left is None or right is None:
                return _BOTH
            if left.isdisjoint(right):
                return different
            return same if len(left) == 1 == len(right) else _BOTH
        case Op.LT | Op.LE:
            if not left or not right:
                return _BOTH
            if max(left) < min(right) or (op is Op.LE and max(left) == min(right)):
                return _YES
            return _NO if min(left) > max(right) or (op is Op.LT and min(left) == max(right)) else _BOTH
        case _:
            if left is None or right is None or len(left) * len(right) > MAX_PAIRS:
                return None
            found = {fold(op, a, b) for a, b in product(left, right)}
            return frozenset(found) if len(found) <= MAX_VALUES else None


# ---------------------------------------------------------------- the fixpoint


def possible_values(system: TransitionSystem) -> Values:
    """The least sets that hold the initial state and that no step leaves."""
    return _Fixpoint(system).run()


class _Fixpoint:
    def __init__(self, system: TransitionSystem) -> None:
        self._system = system
        self._sets: list[Possible] = [frozenset((value,)) for value in system.initial]
        self._at: dict[tuple[int, int], dict[int, Possible]] = {}
        self._growths: dict[tuple[int, int, int], int] = {}
        self._bounds = [bounds(sort) for sort in system.slot_sorts]
        self._values = Values(system, self._sets, self._at)
        self._pc = [system.slot[process.pc] for process in system.processes]
        self._own = own_slots(system)
        self._readers: dict[int, list[int]] = {}  # steps that read what other processes write too
        self._leaving: dict[tuple[int, int], list[int]] = {}
        for number, step in enumerate(system.transitions):
            self._leaving.setdefault((step.process, step.origin), []).append(number)
            for slot in {slot for expr in _relevant(step) for slot in slots_read(system, expr)}:
                if slot not in self._own[step.process]:
                    self._readers.setdefault(slot, []).append(number)
        self._waiting: deque[int] = deque()
        self._queued: set[int] = set()

    def run(self) -> Values:
        """Take steps until nothing grows."""
        for process, pc in enumerate(self._pc):
            first = self._system.initial[pc]
            known = {slot: self._sets[slot] for slot in self._own[process]}
            self._at[process, first] = {**known, pc: frozenset((first,))}
            self._wake(self._leaving.get((process, first), ()))
        while self._waiting:
            number = self._waiting.popleft()
            self._queued.discard(number)
            self._take(self._system.transitions[number])
        return self._values

    def _wake(self, steps: Iterable[int]) -> None:
        for number in steps:
            if number not in self._queued:
                self._queued.add(number)
                self._waiting.append(number)

    def _take(self, step: Transition) -> None:
        """Add what follows when a step is taken from every state that is known to be possible."""
        here = self._at.get((step.process, step.origin))
        known = None if here is None else self._values.under(step.guard, here)
        if known is None:
            return
        own = self._own[step.process]
        after = {slot: known[slot] for slot in own}
        for update in step.updates:
            values, targets = self._values.of(update.value, known), self._targets(update.target, known)
            for slot in targets:
                if slot not in own:
                    self._grow(slot, values)
                else:
                    exact = len(targets) == 1 and not self._may_miss(update.target, known)
                    after[slot] = self._fitting(slot, values if exact else _join((after[slot], values)))
        self._arrive(step, after)

    def _arrive(self, step: Transition, after: dict[int, Possible]) -> None:
        """A process gets to the target of its step with these values of its own slots."""
        key, pc = (step.process, step.target), self._pc[step.process]
        self._grow(pc, frozenset((step.target,)))
        for slot, values in after.items():
            self._grow(slot, values)
        there = self._at.get(key)
        if there is None:
            self._at[key] = {**after, pc: frozenset((step.target,))}
            self._wake(self._leaving.get(key, ()))
            return
        changed = False
        for slot, values in after.items():
            before = there[slot]
            grown = None if before is None or values is None else self._widened((*key, slot), slot, before, values)
            changed = changed or grown != before
            there[slot] = grown
        if changed:
            self._wake(self._leaving.get(key, ()))

    def _may_miss(self, place: Place, known: Known) -> bool:
        """Whether a write may be lost outside of its array."""
        if isinstance(place, Var):
            return False
        found = self._values.positions(place, known)
        return found is None or any(not 0 <= p < width(place.array.sort) for p in found)

    def _targets(self, place: Place, known: Known) -> Sequence[int]:
        if isinstance(place, Var):
            return (self._system.slot[place.name],)
        base, size = self._system.slot[place.array.name], width(place.array.sort)
        found = self._values.positions(place, known)
        return [base + p for p in (range(size) if found is None else sorted(found)) if 0 <= p < size]

    def _fitting(self, slot: int, values: Possible) -> Possible:
        """Values without those outside of the sort of their slot, which are never written."""
        low, high = self._bounds[slot]
        return None if values is None else frozenset(value for value in values if low <= value <= high)

    def _grow(self, slot: int, values: Possible) -> None:
        """Add values to a slot, and wake who reads it."""
        before = self._sets[slot]
        if before is None:
            return
        after = None if values is None else self._widened((-1, -1, slot), slot, before, values)
        if after != before:
            self._sets[slot] = after
            self._wake(self._readers.get(slot, ()))

    def _widened(self, key: tuple[int, int, int], slot: int, before: frozenset[int], new: frozenset[int]) -> Possible:
        """Both sets, or the whole sort if that has taken too many steps."""
        if new <= before:
            return before
        low, high = self._bounds[slot]
        self._growths[key] = self._growths.get(key, 0) + 1
        after = before | frozenset(value for value in new if low <= value <= high)
        if len(after) <= MAX_VALUES and self._growths[key] <= MAX_GROWTHS:
            return after
        return frozenset(range(low, high + 1)) if high - low < MAX_VALUES else None


def _relevant(step: Transition) -> Iterator[Expr]:
    """What decides what a step writes."""
    yield step.guard
    for update in step.updates:
        yield update.value
        if isinstance(update.target, Index):
            yield update.target.index
