"""Which entries can disturb each other: masks over classes of entries with equal footprints.

Only pairs that are enabled together matter (Valmari's and Godefroid's "do not accord"): a step that enables another one
does not disturb it, two steps that exclude each other cannot.
"""

from __future__ import annotations

from collections.abc import Sequence

from oomcheck.analysis.footprint import Footprint, Touch, Vocabulary, ones
from oomcheck.records import dataclass


@dataclass(frozen=True, slots=True)
class Conflicts:
    """Bit i of a mask is class i. `clashes[i]` are the classes that an enabled step of class i disturbs or that disturb
    it; `falsified[i]` are the tests that it can make false, as bits; `makers[t]` are the classes that can make test t
    true, `needers[t]` those that cannot happen while test t is false.
    """

    clashes: tuple[int, ...]
    falsified: tuple[int, ...]
    makers: tuple[int, ...]
    needers: tuple[int, ...]


def conflicts(words: Vocabulary, classes: Sequence[Footprint]) -> Conflicts:
    """All relations between classes and tests of one vocabulary."""
    return _Relations(words, classes).run()


def merge(clashes: Sequence[int]) -> tuple[Sequence[int], int]:
    """For each class a mask with its bit among fewer classes, and how many these are.

    What clashes with the same becomes one class, what never clashes has no bit.
    """
    columns = [0] * len(clashes)
    for row, mask in enumerate(dict.fromkeys(clashes)):
        for number in ones(mask):
            columns[number] |= 1 << row
    bits: dict[int, int] = {}
    return [1 << bits.setdefault(column, len(bits)) if column else 0 for column in columns], len(bits)


class _Relations:
    def __init__(self, words: Vocabulary, classes: Sequence[Footprint]) -> None:
        self._words = words
        self._classes = classes
        self._testing: dict[int, int] = {}  # classes by test, guards only
        self._minding: dict[int, int] = {}  # classes by test, `held` only
        self._reading: dict[int, int] = {}  # classes by slot whose value they use
        self._doing: dict[int, int] = {}  # classes by effect
        self._effects: dict[int, list[int]] = {}  # effects by slot
        self._tests: dict[int, list[int]] = {}  # tests by slot
        for number, item in enumerate(classes):
            bit = 1 << number
            for test in item.tests:
                self._testing[test] = self._testing.get(test, 0) | bit
            for test in item.held:
                self._minding[test] = self._minding.get(test, 0) | bit
            for slot in item.reads:
                self._reading[slot] = self._reading.get(slot, 0) | bit
            for effect in item.effects:
                self._doing[effect] = self._doing.get(effect, 0) | bit
        for effect in self._doing:
            self._effects.setdefault(words.effects[effect].slot, []).append(effect)
        for number, condition in enumerate(words.tests):
            for slot in condition.support:
                self._tests.setdefault(slot, []).append(number)
        self._falls: list[int] = [0] * len(words.tests)  # classes that can make a test false
        self._rises: list[int] = [0] * len(words.tests)

    def run(self) -> Conflicts:
        words = self._words
        self._outcomes()
        writing = {slot: self._any(effects) for slot, effects in self._effects.items()}
        per_effect = {effect: self._against_effect(effect) for effect in self._doing}
        per_test = {test: self._against_test(test) for test in range(len(words.tests))}
        touching = self._touching()
        falsified = [0] * len(self._classes)
        for test, mask in enumerate(self._falls):
            for number in range(len(self._classes)):
                if (mask >> number) & 1:
                    falsified[number] |= 1 << test
        clashes = []
        for number, item in enumerate(self._classes):
            mask = 0
            for effect in item.effects:
                mask |= per_effect[effect]
            for slot in item.reads:
                mask |= writing.get(slot, 0)
            excluded = 0
            for test in item.tests:
                mask |= self._falls[test]
                excluded |= per_test[test]
            for test in item.held:
                mask |= self._falls[test] | self._rises[test]
            for test in ones(falsified[number]):
                mask |= self._testing.get(test, 0)
            mask |= self._moved(number)
            for touch in item.touches:
                mask |= touching[touch]
            clashes.append(mask & ~excluded)
        needers = tuple(self._needers(test) for test in range(len(words.tests)))
        return Conflicts(tuple(clashes), tuple(falsified), tuple(self._rises), needers)

    def _moved(self, number: int) -> int:
        """Classes that mind a test which this class can change either way."""
        bit = 1 << number
        mask = 0
        for test, minding in self._minding.items():
            if (self._falls[test] | self._rises[test]) & bit:
                mask |= minding
        return mask

    def _any(self, effects: Sequence[int]) -> int:
        mask = 0
        for effect in effects:
            mask |= self._doing[effect]
        return mask

    def _outcomes(self) -> None:
        """Which classes can make each test false, or true.

        A step with several effects does one of these if one of its effects alone does, with any values elsewhere.
        """
        words = self._words
        for slot, effects in self._effects.items():
            for test in self._tests.get(slot, ()):
                for effect in effects:
                    falls, rises = words.outcomes(effect, test)
                    self._falls[test] |= self._doing[effect] if falls else 0
                    self._rises[test] |= self._doing[effect] if rises else 0

    def _against_effect(self, effect: int) -> int:
        """Classes that use the slot of an effect, or write it so that the order matters."""
        words = self._words
        slot = words.effects[effect].slot
        mask = self._reading.get(slot, 0)
        for other in self._effects[slot]:
            if not words.commute(effect, other):
                mask |= self._doing[other]
        return mask

    def _against_test(self, test: int) -> int:
        """Classes whose guard excludes a test."""
        mask = 0
        support = self._words.tests[test].support
        for other in self._tests.get(support[0], ()) if support else ():
            if self._words.exclude(test, other):
                mask |= self._testing.get(other, 0)
        return mask

    def _needers(self, test: int) -> int:
        """Classes whose guard implies a test."""
        mask = 0
        support = self._words.tests[test].support
        for other in self._tests.get(support[0], ()) if support else ():
            if self._words.implies(other, test):
                mask |= self._testing.get(other, 0)
        return mask

    def _touching(self) -> dict[Touch, int]:
        """For each kind of access, the classes with one that races with it."""
        kinds: dict[int, dict[Touch, int]] = {}
        for number, item in enumerate(self._classes):
            for touch in item.touches:
                found = kinds.setdefault(touch.slot, {})
                found[touch] = found.get(touch, 0) | 1 << number
        races: dict[Touch, int] = {}
        for found in kinds.values():
            for one in found:
                races[one] = 0
                for other, mask in found.items():
                    if (one.write or other.write) and not (one.marked and other.marked):
                        races[one] |= mask
        return races
