"""The same run with fewer thread switches: independent steps trade places.

Two neighbouring steps of different processes are independent if neither
writes a slot that the other reads or writes; trading their places then changes
neither the values they see nor the state behind them (Mazurkiewicz,
"Trace theory", 1986). A run therefore is a partial order of steps, and any of
its linear extensions will do; the one with the fewest switches is the easiest
to read. Time stays where it is: nothing moves across a step that takes time.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from oomcheck.ir.expr import Index
from oomcheck.ir.system import State, Transition, TransitionSystem
from oomcheck.records import dataclass
from oomcheck.semantics.evaluate import slots_read
from oomcheck.semantics.paths import Mismatch, replay
from oomcheck.semantics.successors import effects

DEFAULT_BOUND = 20_000  # nodes of the search for the best order; beyond it a greedy order is taken


@dataclass(frozen=True, slots=True)
class _Run:
    """Positions of a path by process (its lane), and for each position how much of each lane must come before it."""

    lanes: tuple[tuple[int, ...], ...]
    needs: tuple[tuple[int, ...], ...]


#: How many steps of each lane are done, and the lane that ran last (-1: none yet).
_Node = tuple[tuple[int, ...], int]


def fewest_switches(
    system: TransitionSystem,
    path: Sequence[int],
    last: int | None = None,
    bound: int = DEFAULT_BOUND,
    start: State | None = None,
) -> tuple[int, ...]:
    """A reordering of `path` (transition indices) to the same final state with the fewest process switches.

    `last` is a process that acts after the path, such as the one that runs into
    a fault: a switch to it counts too. The path begins in `start`, None is the
    initial state. The result is replayed; `path` itself comes back if it is
    already as good, or if it is no path of the system.
    """
    states = replay(system, path, start)
    if isinstance(states, Mismatch):
        return tuple(path)
    by_index = {transition.index: transition for transition in system.transitions}
    steps = [by_index[index] for index in path]
    ticks = [position for position, step in enumerate(steps) if step.ticks]
    new: list[int] = []
    following = last
    # From the end, so that an instant can end with the process that begins the next one.
    for begin, end in reversed(list(zip([0, *(tick + 1 for tick in ticks)], [*ticks, len(steps)], strict=True))):
        order = _instant(system, steps[begin:end], states[begin : end + 1], following, bound)
        new[:0] = [*order, *path[end : end + 1]]
        following = by_index[order[0]].process if order else following
    switches = [_switches([by_index[index] for index in option], last) for option in (path, new)]
    if switches[0] <= switches[1]:
        return tuple(path)
    replayed = replay(system, new, start)
    assert not isinstance(replayed, Mismatch), str(replayed)
    assert replayed[-1] == states[-1], "independent steps changed the final state"
    return tuple(new)


def _instant(
    system: TransitionSystem, steps: Sequence[Transition], states: Sequence[State], last: int | None, bound: int
) -> list[int]:
    """Steps between which no time passes, by their indices in an order with the fewest switches."""
    run = _dependences(system, steps, states)
    lane_of_last = -1 if last is None else last
    order = _search(run, lane_of_last, bound) or _greedy(run, lane_of_last)
    return [steps[position].index for position in order]


def _switches(steps: Sequence[Transition], last: int | None) -> int:
    line = [step.process for step in steps if not step.ticks] + ([] if last is None else [last])
    return sum(a != b for a, b in pairwise(line))


def _dependences(system: TransitionSystem, steps: Sequence[Transition], states: Sequence[State]) -> _Run:
    """Order that must be kept: that of one process, and that of accesses to one slot of which one writes."""
    count = len(system.processes)
    lanes: list[list[int]] = [[] for _ in range(count)]
    needs: list[tuple[int, ...]] = []
    # For each slot, how much of each lane is done with the last step there that wrote it, and that touched it.
    written: dict[int, list[int]] = {}
    touched: dict[int, list[int]] = {}
    for position, (step, state) in enumerate(zip(steps, states, strict=False)):
        reads, writes = _footprint(system, step, state)
        before = [written[slot] for slot in reads if slot in written]
        before += [touched[slot] for slot in writes if slot in touched]
        needs.append(tuple(max(ranks) for ranks in zip(*before, strict=True)) if before else (0,) * count)
        lanes[step.process].append(position)
        rank = len(lanes[step.process])
        for slot in reads | writes:
            touched.setdefault(slot, [0] * count)[step.process] = rank
        for slot in writes:
            written.setdefault(slot, [0] * count)[step.process] = rank
    return _Run(tuple(map(tuple, lanes)), tuple(needs))


def _footprint(system: TransitionSystem, step: Transition, state: State) -> tuple[frozenset[int], frozenset[int]]:
    """Slots that a step reads and writes in `state`."""
    reads = set(slots_read(step.guard, state, system.slot))
    reads.add(system.slot[system.processes[step.process].pc])
    for update in step.updates:
        reads.update(slots_read(update.value, state, system.slot))
        if isinstance(update.target, Index):
            reads.update(slots_read(update.target.index, state, system.slot))
    writes = frozenset(slot for slot, _ in effects(system, step, state))
    return frozenset(reads), writes


def _advance(run: _Run, done: tuple[int, ...], lane: int) -> tuple[int, ...]:
    """Run `lane` as far as it can go.

    Going further costs no switch and only helps the others, so a best order
    always exists among those that do.
    """
    count = done[lane]
    for position in run.lanes[lane][count:]:
        needs = run.needs[position]
        if any(needs[other] > done[other] for other in range(len(done)) if other != lane):
            break
        count += 1
    return (*done[:lane], count, *done[lane + 1 :])


def _search(run: _Run, last: int, bound: int) -> tuple[int, ...]:
    """Positions in a best order by breadth-first search over whole segments; () if `bound` nodes are not enough."""
    goal = tuple(len(lane) for lane in run.lanes)
    start: _Node = (tuple(0 for _ in run.lanes), -1)
    parents: dict[_Node, _Node] = {start: start}
    level, complete = [start], None
    while level and complete is None:
        following: list[_Node] = []
        # With a `last` process, an order that ends in another one has a switch
        # more: it loses against any that is found on the same level.
        ends = [node for node in level if node[0] == goal]
        complete = next((node for node in ends if node[1] == last), ends[0] if ends else None)
        for node in level:
            for lane in range(len(run.lanes)):
                done = _advance(run, node[0], lane)
                if done == node[0] or (done, lane) in parents:
                    continue
                if len(parents) == bound:
                    return ()
                parents[done, lane] = node
                following.append((done, lane))
        level = following
    return () if complete is None else _positions(run, parents, start, complete)


def _greedy(run: _Run, last: int) -> tuple[int, ...]:
    """Positions in a good order: whenever the running process is stuck, the one that can go furthest follows."""
    goal = tuple(len(lane) for lane in run.lanes)
    start: _Node = (tuple(0 for _ in run.lanes), -1)
    parents: dict[_Node, _Node] = {start: start}
    node = start
    while node[0] != goal:
        options = [(_advance(run, node[0], lane), lane) for lane in range(len(run.lanes))]
        done, lane = max(options, key=lambda option: (sum(option[0]), option[1] != last, -option[1]))
        parents[done, lane] = node
        node = (done, lane)
    return _positions(run, parents, start, node)


def _positions(run: _Run, parents: dict[_Node, _Node], start: _Node, end: _Node) -> tuple[int, ...]:
    segments: list[tuple[int, ...]] = []
    node = end
    while node != start:
        parent = parents[node]
        lane = node[1]
        segments.append(run.lanes[lane][parent[0][lane] : node[0][lane]])
        node = parent
    return tuple(position for segment in reversed(segments) for position in segment)
