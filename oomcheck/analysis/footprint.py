"""What a step reads and writes, sharp enough to say which steps can disturb each other.

A guard is a conjunction of tests. An effect says what a step does to one slot: for each value that the slot can have
when the step is enabled, the values that it can have afterwards. Tests and effects are numbered, so that each question
about a pair (can this effect make that test true? do these effects commute?) is answered once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from oomcheck.analysis.columns import Supports, Table
from oomcheck.analysis.points import Entry, Specialiser
from oomcheck.analysis.slots import slots_named
from oomcheck.ir.expr import TRUE, Apply, Expr, Index, Lit, Var
from oomcheck.ir.interval import interval
from oomcheck.ir.ops import Op
from oomcheck.ir.system import Fault, Transition, TransitionSystem
from oomcheck.records import dataclass


@dataclass(frozen=True, slots=True)
class Test:
    """A conjunct of a guard, the slots it reads, and the rows of their table where it is true (None: too many)."""

    expr: Expr
    support: tuple[int, ...]
    true: int | None


@dataclass(frozen=True, slots=True)
class Effect:
    """What a step does to a slot: value `lo + i` is possible before if bit i of `before` is set, and then the step
    leaves one of the values `after[i]` (bits again). `exact`: nothing but the old value decides the new one.
    """

    slot: int
    before: int
    after: tuple[int, ...]
    exact: bool


@dataclass(frozen=True, slots=True)
class Touch:
    """An access to a slot for the `race` sanitizer."""

    slot: int
    write: bool
    marked: bool


@dataclass(frozen=True, slots=True)
class Footprint:
    """All that an entry has to do with shared state; numbers are those of the `Vocabulary`.

    `tests` is its guard; `held` are conditions whose value matters where the entry is enabled, but does not enable it;
    `reads` are slots whose value goes into what the step writes.
    """

    tests: frozenset[int]
    held: frozenset[int]
    reads: frozenset[int]
    effects: frozenset[int]
    touches: frozenset[Touch]


def conjuncts(expr: Expr) -> tuple[Expr, ...]:
    """The parts of a conjunction; () for TRUE."""
    if expr == TRUE:
        return ()
    return expr.args if isinstance(expr, Apply) and expr.op is Op.AND else (expr,)


class Vocabulary:
    """Numbers the tests and effects of one system and answers questions about them."""

    def __init__(self, system: TransitionSystem, support: Supports) -> None:
        self.system = system
        self.support = support
        self.tests: list[Test] = []
        self.effects: list[Effect] = []
        self._test: dict[Expr, int] = {}
        # By the id of an expression, which is kept: most are met again and again.
        self._guards: dict[int, tuple[Expr, frozenset[int]]] = {}
        self._met: dict[int, tuple[Expr, int]] = {}
        self._effect: dict[Effect, int] = {}
        self._tables: dict[tuple[int, ...], Table] = {}

    def table(self, support: Sequence[int]) -> Table:
        """The combinations of values of these slots."""
        key = tuple(support)
        if key not in self._tables:
            self._tables[key] = Table(self.system, key)
        return self._tables[key]

    def guard(self, expr: Expr) -> frozenset[int]:
        """Numbers of the tests that a condition consists of."""
        found = self._guards.get(id(expr))
        if found is None:
            found = self._guards[id(expr)] = expr, frozenset(map(self.test, conjuncts(expr)))
        return found[1]

    def test(self, expr: Expr) -> int:
        """Number of a test."""
        found = self._met.get(id(expr))
        if found is None:
            found = self._met[id(expr)] = expr, self._number(expr)
        return found[1]

    def _number(self, expr: Expr) -> int:
        if expr not in self._test:
            support = tuple(sorted(self.support(expr)))
            table = self.table(support)
            true = None
            if table.is_small:
                true = _bits(row for row, value in enumerate(table.column(expr)) if value)
            self._test[expr] = len(self.tests)
            self.tests.append(Test(expr, support, true))
        return self._test[expr]

    def effect(self, effect: Effect) -> int:
        """Number of an effect."""
        if effect not in self._effect:
            self._effect[effect] = len(self.effects)
            self.effects.append(effect)
        return self._effect[effect]

    # ------------------------------------------------------------ questions

    def outcomes(self, effect: int, test: int) -> tuple[bool, bool]:
        """Whether an effect on a slot that the test reads can make the test false, and whether it can make it true."""
        act, condition = self.effects[effect], self.tests[test]
        if condition.true is None:
            return True, True
        table = self.table(condition.support)
        stride = table.stride[act.slot]
        lo = table.domain[act.slot][0]
        falls = rises = False
        for row, value in enumerate(table.columns[act.slot]):
            old = value - lo
            if not (act.before >> old) & 1:
                continue
            held = (condition.true >> row) & 1
            for new in ones(act.after[old]):
                if (condition.true >> (row + (new - old) * stride)) & 1 != held:
                    falls, rises = falls or bool(held), rises or not held
            if falls and rises:
                break
        return falls, rises

    def commute(self, first: int, second: int) -> bool:
        """Whether two effects on one slot leave the same value in either order, wherever both can happen."""
        one, other = self.effects[first], self.effects[second]
        if not (one.exact and other.exact):
            return False
        for value in ones(one.before & other.before):
            left, right = one.after[value].bit_length() - 1, other.after[value].bit_length() - 1
            if one.after[value] != 1 << left or other.after[value] != 1 << right:
                return False
            if not (other.before >> left) & 1 or not (one.before >> right) & 1 or other.after[left] != one.after[right]:
                return False
        return True

    def exclude(self, first: int, second: int) -> bool:
        """Whether two tests are never true together, as far as a look at one table can tell."""
        one, other = self.tests[first], self.tests[second]
        return (
            one.true is not None
            and other.true is not None
            and one.support == other.support
            and not one.true & other.true
        )

    def implies(self, first: int, second: int) -> bool:
        """Whether the second test is true wherever the first one is, as far as a look at one table can tell."""
        one, other = self.tests[first], self.tests[second]
        if one.true is None or other.true is None or one.support != other.support:
            return first == second
        return not one.true & ~other.true


def _bits(positions: Iterator[int]) -> int:
    return sum(1 << position for position in positions)


def ones(mask: int) -> Iterator[int]:
    """Positions of the bits that are set, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


@dataclass(frozen=True, slots=True)
class Interest:
    """What a search looks for besides formulas: races, lock orders, and where program counters matter."""

    races: bool
    orders: bool
    counters: frozenset[int]  # slots of program counters that something reads


def footprint(words: Vocabulary, entry: Entry, interest: Interest, specialiser: Specialiser) -> Footprint:
    """The footprint of an entry."""
    tests = words.guard(entry.guard)
    match entry.source:
        case Fault():
            return Footprint(tests, frozenset(), frozenset(), frozenset(), frozenset())
        case Transition() as step:
            reads = set[int]()
            effects = _Writes(words, entry, tests, interest.counters, reads).run()
            touches = _touches(words, entry, step, reads) if interest.races else frozenset()
            held = _held(words, entry, step, reads, specialiser) if interest.orders else frozenset()
            return Footprint(tests, held, frozenset(reads), effects, touches)


def _touches(words: Vocabulary, entry: Entry, step: Transition, reads: set[int]) -> frozenset[Touch]:
    found = set[Touch]()
    for access, place in zip(step.accesses, entry.places, strict=True):
        if isinstance(place, Index):
            reads |= words.support(place.index)
        found.update(Touch(slot, access.write, access.marked) for slot in slots_named(words.system, place))
    return frozenset(found)


def _held(
    words: Vocabulary, entry: Entry, step: Transition, reads: set[int], specialiser: Specialiser
) -> frozenset[int]:
    """Tests that say which other locks the process of an acquiring step holds."""
    if entry.acquire is None:
        return frozenset()
    reads |= words.support(entry.acquire)
    known = dict(entry.known)
    found = set[int]()
    for number, lock in enumerate(words.system.locks):
        holds = specialiser.apply(lock.holders[step.process], known)
        is_wanted = isinstance(entry.acquire, Lit) and entry.acquire.value == number
        if not isinstance(holds, Lit) and not is_wanted:
            found.add(words.test(holds))
    return frozenset(found)


class _Writes:
    """The effects of one entry; slots that its values are made of are added to `reads`."""

    def __init__(
        self, words: Vocabulary, entry: Entry, tests: frozenset[int], counters: frozenset[int], reads: set[int]
    ) -> None:
        self._words = words
        self._entry = entry
        self._guard = [words.tests[test] for test in tests]
        self._counters = counters
        self._reads = reads
        self._after: dict[int, tuple[tuple[int, ...], bool]] = {}

    def run(self) -> frozenset[int]:
        """Numbers of the effects."""
        system = self._words.system
        step = self._entry.source
        assert isinstance(step, Transition)
        for update in self._entry.updates:
            slots = slots_named(system, update.target)
            certain = isinstance(update.target, Var) or isinstance(update.target.index, Lit)
            if isinstance(update.target, Index):
                self._reads |= self._words.support(update.target.index)
            for slot in slots:
                self._add(slot, update.value, certain)
        counter = system.slot[system.processes[step.process].pc]
        if counter in self._counters:
            size = len(system.processes[step.process].locations)
            self._after[counter] = ((1 << step.target,) * size, True)
        known = dict(self._entry.known)
        known[counter] = step.origin
        return frozenset(
            self._words.effect(Effect(slot, self._before(slot, known), after, exact))
            for slot, (after, exact) in sorted(self._after.items())
        )

    def _add(self, slot: int, value: Expr, certain: bool) -> None:
        after, exact = self._image(slot, value)
        if after and not certain:
            old = self._after[slot][0] if slot in self._after else tuple(1 << i for i in range(len(after)))
            after, exact = tuple(a | b for a, b in zip(after, old, strict=True)), False
        self._after[slot] = after, exact

    def _image(self, slot: int, value: Expr) -> tuple[tuple[int, ...], bool]:
        """For each old value of the slot the new ones, and whether the old one decides."""
        table = self._words.table((slot,))
        lo, hi = table.domain[slot]
        support = self._words.support(value)
        if not table.is_small:
            self._reads |= support
            return (), False
        if support <= {slot}:
            column = table.column(value)
            # Out of range only where the guard is false.
            everything = (1 << (hi - lo + 1)) - 1
            return tuple(1 << (new - lo) if lo <= new <= hi else everything for new in column), True
        self._reads |= support - {slot}
        least, most = interval(value)
        least, most = max(lo, least), min(hi, most)
        if least > most:
            least, most = lo, hi
        return (((1 << (most - least + 1)) - 1) << (least - lo),) * (hi - lo + 1), False

    def _before(self, slot: int, known: dict[int, int]) -> int:
        """Values that the slot can have when the step is enabled."""
        table = self._words.table((slot,))
        if not table.is_small:
            return 0
        lo, hi = table.domain[slot]
        before = (1 << (hi - lo + 1)) - 1
        if slot in known:
            before &= 1 << (known[slot] - lo)
        for test in self._guard:
            if test.support == (slot,) and test.true is not None:
                before &= test.true
        return before
