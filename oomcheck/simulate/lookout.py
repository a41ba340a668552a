"""What random runs run into: bad states, faults, races, lock orders, deadlocks; how often, and the shortest example."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from oomcheck.ir.system import TransitionSystem
from oomcheck.prop.property import SANITIZERS, Property
from oomcheck.pygen.orders import Orders
from oomcheck.pygen.races import Candidate, Races
from oomcheck.pygen.watch import Item, Watch, compile_watch, items
from oomcheck.records import dataclass
from oomcheck.result.exploration import LockEdge, Witness
from oomcheck.semantics.checks import deadlocked, forbids_deadlock, is_sanitizer
from oomcheck.semantics.lockorder import LockOrder
from oomcheck.semantics.sought import Decides, Fails, Occurs
from oomcheck.simulate.program import Run, countdown_slots

MAX_MEMO = 100_000  # sets of enabled transitions to remember


@dataclass(slots=True)
class Tally:
    """How often a property was decided: in how many runs, and by the shortest witness, of run number `run`."""

    runs: int = 0
    witness: Witness | None = None
    run: int = 0


@dataclass(slots=True)
class _Now:
    """The run that is under way."""

    number: int
    found: set[str] = field(default_factory=set)


class Lookout:
    """Watches run after run for everything that decides one of `properties`.

    A condition is tested after the steps that write something it reads; so each run must begin with `begin`.
    """

    def __init__(self, system: TransitionSystem, properties: Sequence[Property]) -> None:
        self._system = system
        self._items = tuple(item for item in items(system, properties) if _is_wanted(item, properties))
        self._steps = {step.index: step for step in system.transitions}
        self._countdowns = frozenset(countdown_slots(system))
        self._watches: dict[int | None, Watch | None] = {}
        self._races = Races(system) if any(is_sanitizer(prop, "race") for prop in properties) else None
        self._orders = Orders(system) if any(is_sanitizer(prop, "lockdep") for prop in properties) else None
        self._memo: dict[tuple[int, ...], tuple[Candidate, ...]] = {}
        self._order = LockOrder()
        self._paths: dict[LockEdge, tuple[int, ...]] = {}  # to the state where each edge of the order appeared
        self._deadlocks = [prop for prop in properties if forbids_deadlock(prop)]
        self._now = _Now(0)
        self.tallies: dict[str, Tally] = {prop.name: Tally() for prop in properties}

    def begin(self, number: int, run: Run) -> None:
        """Run number `number` is in its first state."""
        self._now = _Now(number)
        self.look(None, run)

    def look(self, step: int | None, run: Run) -> None:
        """The run came to its state by transition `step`, by time if that is negative; None: it begins there."""
        key = -1 if step is not None and step < 0 else step
        if key not in self._watches:
            self._watches[key] = self._watch(key)
        watch = self._watches[key]
        if watch is not None:
            alarms: list[int] = []
            watch(tuple(run.state), alarms.append)
            for number in alarms:
                self._note(self._items[number], run.steps)
        if self._races is not None and "race" not in self._now.found:
            self._look_for_races(run)
        if self._orders is not None:
            self._look_for_orders(run)

    def _watch(self, step: int | None) -> Watch | None:
        """What to test after a transition, after a passing of time, or at first."""
        candidates = list(enumerate(self._items))
        if step != -1:
            return compile_watch(self._system, candidates, None if step is None else self._steps[step])
        changing = [(number, item) for number, item in candidates if not item.slots.isdisjoint(self._countdowns)]
        return compile_watch(self._system, changing, None)

    def rest(self, run: Run) -> None:
        """Nothing can happen any more."""
        for prop in self._deadlocks:
            if deadlocked(self._system, prop, tuple(run.state), ()):
                self._found(prop.name, Witness(tuple(run.steps)))

    def _note(self, item: Item, path: Sequence[int]) -> None:
        match item.subject:
            case Decides(prop=prop):
                self._found(prop, Witness(tuple(path)))
            case Fails(fault=fault):
                self._found(fault.sanitizer, Witness(tuple(path), fault=fault.index))
            case Occurs():
                pass

    def _found(self, name: str, witness: Witness) -> None:
        """The run decides a property, which counts once in a run."""
        if name in self._now.found:
            return
        self._now.found.add(name)
        tally = self.tallies[name]
        tally.runs += 1
        if tally.witness is None or len(witness.steps) < len(tally.witness.steps):
            tally.witness, tally.run = witness, self._now.number

    def _look_for_races(self, run: Run) -> None:
        assert self._races is not None
        enabled, state = run.indices, tuple(run.state)
        candidates = self._memo.get(enabled)
        if candidates is None:
            if len(self._memo) == MAX_MEMO:
                self._memo.clear()
            candidates = self._memo[enabled] = self._races.candidates(enabled)
        for first, second, clash in candidates:
            if clash(state):
                self._found("race", Witness(tuple(run.steps), racing=(first, second)))
                return

    def _look_for_orders(self, run: Run) -> None:
        """The order of locks is that of all runs together; it counts in the run that closes a circle."""
        assert self._orders is not None
        state = tuple(run.state)
        for index, situation in self._orders.candidates(run.indices):
            for edge in self._orders.edges(index, situation, state):
                self._add(edge, run.steps)

    def _add(self, edge: LockEdge, path: Sequence[int]) -> None:
        self._paths.setdefault(edge, tuple(path))
        cycle = self._order.add(edge, 0)
        if cycle:
            paths = tuple(self._paths[part] for part in cycle)
            self._found("lockdep", Witness(paths[-1], cycle=cycle, paths=paths))


def _is_wanted(item: Item, properties: Sequence[Property]) -> bool:
    """Whether the item can decide a property: antecedents and faults that nobody asked about cannot."""
    match item.subject:
        case Decides():
            return True
        case Occurs():
            return False
        case Fails(fault=fault):
            return fault.sanitizer in SANITIZERS and any(is_sanitizer(p, fault.sanitizer) for p in properties)
