"""The run to a violation with the fewest thread switches, and among those the shortest.

A search over pairs of a state and the process that moved last, in the order of (switches, steps): Dijkstra's algorithm
with costs that are compared one after the other. Time that passes is no switch.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from itertools import count

from oomcheck.explaining.searching import Searcher
from oomcheck.ir.expr import or_
from oomcheck.ir.system import State, TransitionSystem
from oomcheck.prop.property import Property
from oomcheck.pygen.expressions import Condition, compile_conditions
from oomcheck.pygen.steps import compile_steps
from oomcheck.records import dataclass
from oomcheck.result.exploration import Witness
from oomcheck.semantics.budget import POLL
from oomcheck.semantics.checks import deciding, forbids_deadlock, is_sanitizer, race
from oomcheck.semantics.sought import stuck
from oomcheck.semantics.successors import enabled, faults

MAX_NODES = 500_000  # pairs of state and process


@dataclass(frozen=True, slots=True)
class Fewest:
    """The witness, None if there is none within the bound; `reason` is "" if everything with less was looked at."""

    witness: Witness | None
    reason: str = ""


def fewest(
    system: TransitionSystem,
    prop: Property,
    searcher: Searcher,
    most: tuple[int, int] | None = None,
    max_nodes: int = MAX_NODES,
) -> Fewest:
    """The run with the fewest switches to a state that decides `prop`, which is about states; no circle of locks is.

    `most` are switches and steps of a known run: what has more is not looked at.
    """
    return _Search(system, prop, searcher, most, max_nodes).run()


class _Search:
    """A node is a number: that of its state times (processes + 1), plus who moved last (0: nobody yet)."""

    def __init__(
        self,
        system: TransitionSystem,
        prop: Property,
        searcher: Searcher,
        most: tuple[int, int] | None,
        max_nodes: int,
    ) -> None:
        self._searcher = searcher
        self._most = most
        self._max_nodes = max_nodes
        self._factor = len(system.processes) + 1
        self._table = compile_steps(system)
        self._clocks = frozenset(step.index for step in system.transitions if step.ticks)
        self._ends = _endings(system, prop)
        self._states = [system.initial]
        self._numbers = {system.initial: 0}
        self._best: dict[int, tuple[int, int]] = {}  # the cost with which a node waits in the queue
        self._parents: dict[int, tuple[int, int]] = {}  # of the nodes done: the node before and the step

    def run(self) -> Fewest:
        """Search until a state decides the property, all nodes are done, or a bound is met."""
        order = count()
        queue = [(0, 0, next(order), 0, -1, -1)]
        while queue:
            switches, steps, _, node, parent, step = heapq.heappop(queue)
            if node in self._parents:
                continue
            self._parents[node] = (parent, step)
            self._best.pop(node, None)
            number, last = divmod(node, self._factor)
            moves = list(self._moves(self._states[number]))
            witness = self._ends(self._states[number], not moves)
            if witness is not None:
                return Fewest(Witness(self._path(node), *witness))
            reason = self._bound()
            if reason:
                return Fewest(None, reason)
            for process, index, state in moves:
                mover = last if index in self._clocks else process + 1
                cost = (switches + (mover != last and last > 0), steps + 1)
                following = self._numbered(state) * self._factor + mover
                if self._is_better(following, cost):
                    heapq.heappush(queue, (*cost, next(order), following, node, index))
        return Fewest(None)

    def _is_better(self, node: int, cost: tuple[int, int]) -> bool:
        """Whether this way to a node is the best known so far, and within what is known to be enough."""
        if node in self._parents or (self._most is not None and cost > self._most):
            return False
        known = self._best.get(node)
        if known is not None and known <= cost:
            return False
        self._best[node] = cost
        return True

    def _numbered(self, state: State) -> int:
        number = self._numbers.setdefault(state, len(self._states))
        if number == len(self._states):
            self._states.append(state)
        return number

    def _bound(self) -> str:
        if len(self._parents) >= self._max_nodes:
            return f"the search for fewer switches ended after {self._max_nodes} pairs of state and thread"
        return "" if len(self._parents) % POLL != 1 else self._searcher.stopped

    def _moves(self, state: State) -> Iterator[tuple[int, int, State]]:
        """Process, transition and successor of each enabled step."""
        for process, (slot, steps) in enumerate(self._table):
            expand = steps[state[slot]]
            if expand is not None:
                indices: list[int] = []
                states: list[State] = []
                expand(state, indices.append, states.append)
                for index, successor in zip(indices, states, strict=True):
                    yield process, index, successor

    def _path(self, node: int) -> tuple[int, ...]:
        steps: list[int] = []
        while True:
            node, step = self._parents[node]
            if step < 0:
                return tuple(reversed(steps))
            steps.append(step)


#: What a witness needs beside its steps: the fault, or the two racing transitions; None if the state decides nothing.
Ending = tuple[int | None, tuple[int, int] | None]


def _endings(system: TransitionSystem, prop: Property) -> Callable[[State, bool], Ending | None]:
    """A function of a state, and of whether nothing can move in it, that says how it decides `prop`."""
    own = [fault for fault in system.faults if is_sanitizer(prop, fault.sanitizer)]
    conditions = [deciding(prop), or_(*(system.full_guard(fault) for fault in own))]
    conditions += [condition for _, condition in stuck(system, [prop])]
    is_decided, is_faulty, *is_stuck = compile_conditions(conditions, system.slot)
    races = is_sanitizer(prop, "race")

    def ending(state: State, rests: bool) -> Ending | None:
        if is_decided(state):
            return None, None
        if is_faulty(state):
            return next(f.index for f in faults(system, state) if is_sanitizer(prop, f.sanitizer)), None
        if races:
            racing = race(system, state, enabled(system, state))
            return None if racing is None else (None, racing)
        return (None, None) if rests and forbids_deadlock(prop) and _any(is_stuck, state) else None

    return ending


def _any(conditions: Sequence[Condition], state: State) -> bool:
    return any(condition(state) for condition in conditions)
