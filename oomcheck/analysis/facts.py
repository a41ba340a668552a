"""What the choice of ample sets needs to know about a system, worked out once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from oomcheck.analysis.ample import Ample, Item, Point
from oomcheck.analysis.columns import Supports
from oomcheck.analysis.conflicts import conflicts, merge
from oomcheck.analysis.footprint import Footprint, Interest, Vocabulary, footprint, ones
from oomcheck.analysis.points import Control, Entry, Specialiser, unfold
from oomcheck.analysis.proviso import Key, cyclic, key_of, sticky
from oomcheck.ir.expr import Expr, Index
from oomcheck.ir.system import Fault, TransitionSystem
from oomcheck.prop.property import ABOUT_RUNS, Property
from oomcheck.records import dataclass
from oomcheck.result.exploration import Limits


@dataclass(frozen=True, slots=True)
class Watched:
    """What a search looks out for besides deadlocks and what runs: state predicates, faults, races, lock orders."""

    formulas: tuple[Expr, ...] = ()
    faults: tuple[Fault, ...] = ()
    races: bool = False
    orders: bool = False


MOST_PROCESSES = 64  # sets of them are words
MOST_STEPS = 4_000  # each is compared with each: that takes seconds


def order_refusal(system: TransitionSystem, properties: Sequence[Property], limits: Limits) -> str:
    """Why a search must not leave out orders of steps (a clause), or "" if it may."""
    about_runs = next((prop for prop in properties if prop.kind in ABOUT_RUNS), None)
    if about_runs is not None:
        return f"`{about_runs.name.rpartition(':')[2]}` is about runs, and those that are left out count as well"
    if limits.depth is not None:
        return "a depth limit counts the steps on shortest paths, and these may be left out"
    if system.timed:
        return "in a timed model nearly every step depends on the clock"
    if len(system.processes) > MOST_PROCESSES:
        return f"the model has more than {MOST_PROCESSES} threads"
    if len(system.transitions) > MOST_STEPS:
        return f"the model has more than {MOST_STEPS} steps"
    return ""


def prepare(system: TransitionSystem, watched: Watched) -> Ample:
    """What a reduced search of `system` needs."""
    return _Builder(system, watched).run()


class _Builder:
    """Unfolds the processes, sorts what may happen into classes, and relates these."""

    def __init__(self, system: TransitionSystem, watched: Watched) -> None:
        self._system = system
        self._watched = watched
        self._specialiser = Specialiser(system)
        self._words = Vocabulary(system, self._specialiser.support)
        self._controls = unfold(system, watched.faults, self._specialiser)
        self._class: dict[Key, int] = {}
        self._footprints = self._classify()
        self._formulas = [self._words.guard(formula) for formula in watched.formulas]
        self._facts = conflicts(self._words, self._footprints)
        self._present = [self._mask_of(control) for control in self._controls]
        self._merged: Sequence[int] = ()
        self._masks: dict[int, tuple[int, int]] = {}  # `clashes` and `visible` of items, by class
        self._tests: dict[tuple[int, frozenset[int]], tuple[int, ...]] = {}

    def _classify(self) -> tuple[Footprint, ...]:
        """Number each entry with its class; the footprints of the classes."""
        system, watched = self._system, self._watched
        counters = {system.slot[process.pc] for process in system.processes}
        read = _slots_read(system, watched, self._specialiser.support)
        interest = Interest(watched.races, watched.orders, frozenset(counters & read))
        classes: dict[Footprint, int] = {}
        for control in self._controls:
            for entry in _entries(control):
                own = footprint(self._words, entry, interest, self._specialiser)
                self._class[key_of(control.process, entry)] = classes.setdefault(own, len(classes))
        return tuple(classes)

    def _mask_of(self, control: Control) -> int:
        mask = 0
        for entry in _entries(control):
            mask |= 1 << self._class[key_of(control.process, entry)]
        return mask

    def _others(self, process: int) -> int:
        """Classes of what other processes may do."""
        mask = 0
        for number, present in enumerate(self._present):
            mask |= present if number != process else 0
        return mask

    def run(self) -> Ample:
        stuck = self._sticky()
        self._merged, classes = merge(self._facts.clashes)
        points = tuple(self._points(control, stuck) for control in self._controls)
        everybody = self._others(-1)
        formulas = tuple(self._ordered(-1, tests, everybody) for tests in self._formulas)
        tests = tuple(test.expr for test in self._words.tests)
        return Ample(self._controls, points, tests, formulas, classes)

    def _sticky(self) -> set[Key]:
        effects = {key: self._footprints[number].effects for key, number in self._class.items()}
        loops = cyclic(self._controls, effects, self._words.effects)
        stuck = set[Key]()
        for control in self._controls:
            others = self._others(control.process)

            def price(entry: Entry, process: int = control.process, others: int = others) -> int:
                number = self._class[key_of(process, entry)]
                clashes = self._facts.clashes[number] & others
                return -clashes.bit_count() - self._facts.falsified[number].bit_count()

            stuck |= sticky(control, loops, price)
        return stuck

    def _points(self, control: Control, stuck: set[Key]) -> tuple[Point, ...]:
        process = control.process
        # Above the bit of its class, each entry has that of the merged class.
        size = len(self._footprints)
        numbers = [[self._class[key_of(process, entry)] for entry in group] for group in control.entries]
        reach = _Reach(control, [[1 << n | self._merged[n] << size for n in group] for group in numbers])
        full = reach.masks(0)
        makes = [0] * len(full)
        cuts: list[dict[int, int]] = [{} for _ in full]
        others = self._others(process)
        for test, (needers, makers) in enumerate(zip(self._facts.needers, self._facts.makers, strict=True)):
            without = full
            if full[0] & needers and makers & others:  # else nobody is waited for
                without = reach.masks(needers)
                for point, mask in enumerate(without):
                    if gone := (full[point] & ~mask) >> size:
                        cuts[point].setdefault(gone, test)
            if full[0] & makers:
                for point, mask in enumerate(without):
                    if mask & makers:
                        makes[point] |= 1 << test
        return tuple(
            Point(
                tuple(self._item(process, entry, stuck) for entry in entries),
                full[point] >> size,
                makes[point],
                tuple((test, gone) for gone, test in sorted(cuts[point].items(), key=_by_size)),
            )
            for point, entries in enumerate(control.entries)
        )

    def _item(self, process: int, entry: Entry, stuck: set[Key]) -> Item:
        key = key_of(process, entry)
        number = self._class[key]
        if number not in self._masks:
            falsified = self._facts.falsified[number]
            visible = sum(1 << k for k, tests in enumerate(self._formulas) if any((falsified >> t) & 1 for t in tests))
            clashes = 0
            for other in ones(self._facts.clashes[number]):
                clashes |= self._merged[other]
            self._masks[number] = clashes, visible
        tests = self._ordered(process, self._footprints[number].tests, self._others(process))
        return Item(entry.source, *self._masks[number], tests, key in stuck)

    def _ordered(self, process: int, tests: frozenset[int], others: int) -> tuple[int, ...]:
        """First the tests that the fewest others can make true: one false test is enough."""
        key = process, tests
        if key not in self._tests:
            makers = self._facts.makers
            self._tests[key] = tuple(sorted(tests, key=lambda test: ((makers[test] & others).bit_count(), test)))
        return self._tests[key]


def _slots_read(system: TransitionSystem, watched: Watched, support: Supports) -> set[int]:
    """Slots that something reads."""
    read: set[int] = set()
    for step in system.transitions:
        read |= support(step.guard)
        for update in step.updates:
            read |= support(update.value)
            if isinstance(update.target, Index):
                read |= support(update.target.index)
        for access in step.accesses:
            read |= support(access.place)
        if step.acquire is not None:
            read |= support(step.acquire)
    holders = [holds for lock in system.locks for holds in lock.holders]
    for expr in (*watched.formulas, *(fault.guard for fault in watched.faults), *holders):
        read |= support(expr)
    return read


def _by_size(cut: tuple[int, int]) -> tuple[int, int]:
    """The largest cuts first, so that the first few are the best."""
    gone, test = cut
    return -gone.bit_count(), test


def _entries(control: Control) -> Iterator[Entry]:
    for entries in control.entries:
        yield from entries


class _Reach:
    """Classes of what can happen from each point of a process on; `bits` are those of its entries."""

    def __init__(self, control: Control, bits: list[list[int]]) -> None:
        self._edges = [
            [(bit, entry.targets) for bit, entry in zip(group, entries, strict=True)]
            for group, entries in zip(bits, control.entries, strict=True)
        ]
        self._order = self._postorder()

    def _postorder(self) -> list[int]:
        """Points so that most come after those that they lead to."""
        following = [[target for _, targets in edges for target in targets] for edges in self._edges]
        seen, order = {0}, []
        stack = [(0, iter(following[0]))]
        while stack:
            for target in stack[-1][1]:
                if target not in seen:
                    seen.add(target)
                    stack.append((target, iter(following[target])))
                    break
            else:
                order.append(stack.pop()[0])
        return order

    def masks(self, avoid: int) -> list[int]:
        """For each point the classes of entries outside of `avoid` that come after steps outside of it only."""
        found = [0] * len(self._edges)
        changed = True
        while changed:
            changed = False
            for point in self._order:
                mask = found[point]
                for bit, targets in self._edges[point]:
                    if not bit & avoid:
                        mask |= bit
                        for target in targets:
                            mask |= found[target]
                if mask != found[point]:
                    found[point] = mask
                    changed = True
        return found
