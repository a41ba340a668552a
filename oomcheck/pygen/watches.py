"""The conditions that are still open, and after each transition those to test."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from oomcheck.ir.system import State, TransitionSystem
from oomcheck.prop.property import Property
from oomcheck.pygen.watch import Item, Watch, compile_watch, items
from oomcheck.semantics.checks import is_sanitizer
from oomcheck.semantics.findings import Findings
from oomcheck.semantics.sought import Decides, Fails, Occurs

STALE = 50  # idle alarms after which a watch is compiled anew without what was already found


class Watches:
    """The watch of each transition, compiled when the transition first finds a state.

    `after[index]` is the watch of a transition, `after[-1]` that of the initial state.
    """

    def __init__(self, system: TransitionSystem, properties: Sequence[Property], findings: Findings) -> None:
        self._system = system
        self._items = items(system, properties)
        self._asked = frozenset(prop.name for prop in properties if is_sanitizer(prop, prop.name))
        self._findings = findings
        self._open = set(range(len(self._items)))
        self._steps = {step.index: step for step in system.transitions}
        size = max(self._steps, default=-1) + 2
        self._idle = [0] * size
        self.after: list[Watch | None] = [self._compile_later(index) for index in range(size)]

    def _compile_later(self, index: int) -> Watch:
        def first(state: State, alarm: Callable[[int], None]) -> None:
            watch = self._compile(index)
            if watch is not None:
                watch(state, alarm)

        return first

    def _compile(self, index: int) -> Watch | None:
        candidates = [(number, self._items[number]) for number in sorted(self._open)]
        # the initial state has the last index, which is no transition
        self.after[index] = compile_watch(self._system, candidates, self._steps.get(index))
        return self.after[index]

    def note(self, alarms: Sequence[int], state: int, step: int) -> None:
        """Note the items that hold in state number `state`, found by transition `step`."""
        fresh = [number for number in sorted(alarms) if number in self._open]
        for number in fresh:
            self._take(self._items[number], state)
        if fresh:
            self._open.difference_update(fresh)
            self._open = {number for number in self._open if not self._is_settled(self._items[number])}
        else:
            self._idle[step] += 1
            if self._idle[step] % STALE == 0:
                self._compile(step)

    def _take(self, item: Item, state: int) -> None:
        match item.subject:
            case Decides(prop=prop):
                self._findings.decide(prop, state)
            case Occurs(prop=prop, number=number):
                self._findings.antecedents.add((prop, number))
            case Fails(fault=fault):
                if fault.halts:
                    self._findings.halted.add(fault.sanitizer)
                if fault.sanitizer in self._asked:
                    self._findings.decide(fault.sanitizer, state, fault=fault.index)

    def _is_settled(self, item: Item) -> bool:
        """Whether an item can tell nothing new."""
        found = self._findings
        match item.subject:
            case Decides(prop=prop):
                return prop in found.witnesses
            case Occurs(prop=prop, number=number):
                return (prop, number) in found.antecedents
            case Fails(fault=fault):
                unanswered = fault.sanitizer in self._asked and fault.sanitizer not in found.witnesses
                return not unanswered and (fault.sanitizer in found.halted or not fault.halts)
