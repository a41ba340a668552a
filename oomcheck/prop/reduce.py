"""Smaller automata with the same language.

Three reductions, until none changes anything: states and marks that no accepting run needs go; each component keeps
only the acceptance sets that it needs; states and edges that others simulate go (direct simulation: Etessami and
Holzmann, Optimizing Büchi automata (2000); Somenzi and Bloem, Efficient Büchi automata from LTL formulae (2000)).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from oomcheck.prop.automaton import Automaton, Edge, components
from oomcheck.prop.letters import Letters

#: In larger automata only states with the same edges are merged: the simulation costs the square of these numbers.
MAX_STATES = 150
MAX_EDGES = 3_000

T = TypeVar("T")


def least(masks: Iterable[int]) -> tuple[int, ...]:
    """The masks of which no other one is a part."""
    kept: list[int] = []
    for mask in sorted(set(masks), key=lambda mask: (mask.bit_count(), mask)):
        for other in kept:
            if other & mask == other:
                break
        else:
            kept.append(mask)
    return tuple(kept)


def reduced(automaton: Automaton) -> Automaton:
    """The automaton made small; its states are numbered breadth first, its atoms are those that edges read."""
    letters = Letters(automaton.atoms)
    while True:
        before = automaton
        automaton = _with_fewer_sets(_trimmed(automaton))
        automaton = _merged(automaton, _same_edges(automaton))
        if automaton.states <= MAX_STATES and len(automaton.edges) <= MAX_EDGES:
            automaton = _simulated(automaton, letters)
        automaton = _numbered(_with_wider_edges(automaton))
        if automaton == before:
            return _with_used_atoms(automaton)


def degeneralised(automaton: Automaton) -> Automaton:
    """The same language with exactly one acceptance set.

    A state remembers how many sets have been seen in turn; the edge that sees the last one is accepting. The
    count starts anew with each component (Gastin and Oddoux 2001, section 5; Giannakopoulou and Lerda 2002).
    """
    if automaton.sets == 1:
        return automaton
    repeated = _repeated(automaton)
    levels = max(automaton.sets, 1)
    edges: list[Edge] = []
    for edge in automaton.edges:
        for level in range(levels):
            after, marks = _advance(level, edge.marks, automaton.sets) if edge in repeated else (0, 0)
            source, target = edge.source * levels + level, edge.target * levels + after
            edges.append(replace(edge, source=source, target=target, marks=marks))
    initial = tuple(state * levels for state in automaton.initial)
    small = reduced(Automaton(automaton.atoms, automaton.states * levels, initial, tuple(edges), 1))
    if small.sets == 1:
        return small
    return replace(small, sets=1, edges=tuple(replace(edge, marks=1) for edge in small.edges))


def _advance(level: int, marks: int, sets: int) -> tuple[int, int]:
    """The level after an edge with these marks, and whether the edge is accepting."""
    accepted = 0
    while level < sets and marks >> level & 1:
        level += 1
    if level == sets:
        level, accepted = 0, 1
        while level < sets - 1 and marks >> level & 1:
            level += 1
    return level, accepted


def _inner(automaton: Automaton) -> dict[Edge, int]:
    """The edges that a run can take again and again, with the number of their component."""
    component = components([[edge.target for edge in edges] for edges in automaton.outgoing])
    return {e: component[e.source] for e in automaton.edges if component[e.source] == component[e.target]}


def _repeated(automaton: Automaton) -> dict[Edge, int]:
    """Those that an accepting run can take again and again."""
    inner = _inner(automaton)
    seen = dict.fromkeys(inner.values(), 0)
    for edge, number in inner.items():
        seen[number] |= edge.marks
    return {edge: number for edge, number in inner.items() if seen[number] == automaton.all_marks}


def _trimmed(automaton: Automaton) -> Automaton:
    """Without states from which no run is accepting; edges that no such run takes again and again have no marks."""
    repeated = _repeated(automaton)
    useful = dict.fromkeys(edge.source for edge in repeated)
    before: list[list[int]] = [[] for _ in range(automaton.states)]
    for edge in automaton.edges:
        before[edge.target].append(edge.source)
    queue = list(useful)
    for state in queue:
        new = [source for source in dict.fromkeys(before[state]) if source not in useful]
        useful.update(dict.fromkeys(new))
        queue.extend(new)
    kept = (edge for edge in automaton.edges if edge.target in useful)
    edges = tuple(edge if edge in repeated else replace(edge, marks=0) for edge in kept)
    return replace(automaton, initial=tuple(s for s in automaton.initial if s in useful), edges=edges)


def _with_fewer_sets(automaton: Automaton) -> Automaton:
    """Each component without the sets that others of it imply, and the rest in the lowest bits."""
    repeated = _repeated(automaton)
    groups: dict[int, list[Edge]] = {number: [] for number in repeated.values()}
    for edge, number in repeated.items():
        groups[number].append(edge)
    needed = {number: _needed_sets(edges, automaton.sets) for number, edges in groups.items()}
    # Where a run can stay without being accepted, some set has to say so.
    sets = max([int(len(repeated) < len(_inner(automaton))), *map(len, needed.values())])

    def remarked(edge: Edge) -> Edge:
        if edge not in repeated:
            return replace(edge, marks=0)
        chosen = needed[repeated[edge]]
        marks = sum(1 << i for i in range(sets) if i >= len(chosen) or edge.marks >> chosen[i] & 1)
        return replace(edge, marks=marks)

    return replace(automaton, edges=tuple(map(remarked, automaton.edges)), sets=sets)


def _needed_sets(edges: Sequence[Edge], sets: int) -> list[int]:
    """Acceptance sets that matter among these edges: neither all of them, nor more than another set."""
    members = [sum(1 << i for i, edge in enumerate(edges) if edge.marks >> number & 1) for number in range(sets)]
    every = (1 << len(edges)) - 1
    return [members.index(smallest) for smallest in least(members) if smallest != every]


def _same_edges(automaton: Automaton) -> list[int]:
    """For each state the first one with the same edges, up to such states (bisimulation)."""
    block = [0] * automaton.states
    while True:
        numbers: dict[tuple[int, tuple[tuple[int, int, int, int], ...]], int] = {}
        new = []
        for state, edges in enumerate(automaton.outgoing):
            steps = sorted({(edge.positive, edge.negative, edge.marks, block[edge.target]) for edge in edges})
            new.append(numbers.setdefault((block[state], tuple(steps)), len(numbers)))
        if new == block:
            return [block.index(number) for number in block]
        block = new


def _merged(automaton: Automaton, leader: Sequence[int]) -> Automaton:
    """Each state replaced by its leader, which keeps its own edges only."""
    edges = [
        replace(edge, target=leader[edge.target]) for edge in automaton.edges if leader[edge.source] == edge.source
    ]
    initial = dict.fromkeys(leader[state] for state in automaton.initial)
    return replace(automaton, initial=tuple(initial), edges=tuple(dict.fromkeys(edges)))


def _simulated(automaton: Automaton, letters: Letters) -> Automaton:
    """Without the states and edges that others can do duty for."""
    simulates = _simulation(automaton, letters)
    every = range(automaton.states)
    leader = [next(b for b in every if simulates[a] >> b & 1 and simulates[b] >> a & 1) for a in every]
    automaton = _merged(automaton, leader)
    cost = _costs(automaton, letters)

    def covers(wide: Edge, narrow: Edge) -> bool:
        return cost[wide] & cost[narrow] == cost[wide] and simulates[narrow.target] >> wide.target & 1 == 1

    edges = [edge for outgoing in automaton.outgoing for edge in _maximal(outgoing, covers)]
    initial = _maximal(automaton.initial, lambda wide, narrow: simulates[narrow] >> wide & 1 == 1)
    return replace(automaton, initial=tuple(initial), edges=tuple(edges))


def _costs(automaton: Automaton, letters: Letters) -> dict[Edge, int]:
    """For each edge a mask of the literals that it reads and the acceptance sets that it is not in."""
    unmarked = [~edge.marks & automaton.all_marks for edge in automaton.edges]
    cubes = [letters.cube(edge.positive, edge.negative) for edge in automaton.edges]
    return {
        edge: cube | marks << 2 * letters.count
        for edge, cube, marks in zip(automaton.edges, cubes, unmarked, strict=True)
    }


def _maximal(items: Iterable[T], covers: Callable[[T, T], bool]) -> list[T]:
    """Items that no other covers, in their order; of those that cover each other the first."""
    kept: list[T] = []
    for item in items:
        if not any(covers(other, item) for other in kept):
            kept = [other for other in kept if not covers(item, other)] + [item]
    return kept


def _simulation(automaton: Automaton, letters: Letters) -> list[int]:
    """For each state the mask of the states that can answer each of its edges by one that costs no more."""
    simulates = [(1 << automaton.states) - 1] * automaton.states
    cost = _costs(automaton, letters)
    outgoing = [[(cost[edge], 1 << edge.target) for edge in edges] for edges in automaton.outgoing]
    answers = []
    for edge in automaton.edges:
        own = cost[edge]
        answers.append([sum({target for other, target in edges if other & own == other}) for edges in outgoing])
    changed = True
    while changed:
        changed = False
        for edge, by_state in zip(automaton.edges, answers, strict=True):
            for other in range(automaton.states):
                if simulates[edge.source] >> other & 1 and not simulates[edge.target] & by_state[other]:
                    simulates[edge.source] &= ~(1 << other)
                    changed = True
    return simulates


def _with_wider_edges(automaton: Automaton) -> Automaton:
    """Two edges that differ in the sign of one literal made one, again and again."""
    edges = set(automaton.edges)
    before = 0
    while len(edges) != before:
        before = len(edges)
        for bit in (1 << i for i in range(len(automaton.atoms))):
            for edge in [edge for edge in edges if edge.positive & bit]:
                positive = edge.positive & ~bit
                twin = replace(edge, positive=positive, negative=edge.negative | bit)
                if twin in edges:
                    edges -= {edge, twin}
                    edges.add(replace(edge, positive=positive))
    return replace(automaton, edges=tuple(sorted(edges)))


def _numbered(automaton: Automaton) -> Automaton:
    """States that are reached, breadth first; edges sorted."""
    number = {state: i for i, state in enumerate(automaton.initial)}
    queue = list(number)
    for state in queue:
        for edge in automaton.outgoing[state]:
            if edge.target not in number:
                number[edge.target] = len(number)
                queue.append(edge.target)
    edges = [
        replace(edge, source=number[edge.source], target=number[edge.target])
        for edge in automaton.edges
        if edge.source in number
    ]
    initial = tuple(range(len(automaton.initial)))
    return replace(automaton, states=len(number), initial=initial, edges=tuple(sorted(edges)))


def _with_used_atoms(automaton: Automaton) -> Automaton:
    used = [i for i in range(len(automaton.atoms)) if any((e.positive | e.negative) >> i & 1 for e in automaton.edges)]

    def packed(mask: int) -> int:
        return sum(1 << new for new, old in enumerate(used) if mask >> old & 1)

    edges = tuple(sorted(replace(e, positive=packed(e.positive), negative=packed(e.negative)) for e in automaton.edges))
    return replace(automaton, atoms=tuple(automaton.atoms[i] for i in used), edges=edges)
