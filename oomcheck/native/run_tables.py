"""Automata, fairness and weights as the flat tables that the C functions about runs read."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from ctypes import c_uint8, c_uint32, c_uint64

from oomcheck.analysis.graph import RunGraph
from oomcheck.analysis.product import Product, accepting_parts
from oomcheck.native.run_core import AutomatonTables, DemandTables, Graph, Moves, Query, Weights
from oomcheck.prop.automaton import Automaton
from oomcheck.prop.temporal import Fairness, FairnessKind


def automaton_tables(automaton: Automaton, masks: Sequence[int], positions: Sequence[int]) -> AutomatonTables:
    """The automaton for classes of states with these masks, whose bit `positions[i]` stands for atom i.

    Most classes differ only in what the automaton does not look at, so edges are kept by what it reads of them.
    """
    letters = [sum((mask >> bit & 1) << atom for atom, bit in enumerate(positions)) for mask in masks]
    readings = {letter: number for number, letter in enumerate(dict.fromkeys(letters))}
    product = Product(_graph_of_letters(list(readings)), automaton, range(len(positions)))
    parts, width = accepting_parts(automaton), automaton.states
    rows = [moves for table in product.moves for moves in table]
    inner = [
        [move for move in moves if parts[row % width] >= 0 and parts[move[0]] == parts[row % width]]
        for row, moves in enumerate(rows)
    ]
    return AutomatonTables(
        width,
        len(automaton.initial),
        _numbers(automaton.initial),
        _numbers(readings[letter] for letter in letters) if len(readings) > 1 else None,
        _moves(rows),
        _moves(inner),
        _bytes(part >= 0 for part in parts),
        _bytes(product.accepts_rest(row) for row in range(len(rows))),
        automaton.all_marks,
    )


def demand_tables(masks: Sequence[int], fairness: Sequence[Fairness], ends: Sequence[int | None]) -> DemandTables:
    """Fairness assumptions; `ends` as in `analysis.demands`."""
    due = [(1 << own, 1 << bit) for own, bit in enumerate(ends) if bit is not None]
    return DemandTables(
        *(
            sum(1 << own for own, assumption in enumerate(fairness) if assumption.kind is kind)
            for kind in (FairnessKind.WEAK, FairnessKind.STRONG, FairnessKind.PROGRESS)
        ),
        _longs(sum(own for own, bit in due if mask & bit) for mask in masks),
    )


def query_of(
    graph: Graph,
    automaton: AutomatonTables,
    demands: DemandTables,
    fairness: Sequence[Fairness],
    allowed: Collection[int] | None,
) -> Query:
    """The whole question; loops may take the transitions `allowed` alone, if any are given."""
    taken: dict[int, int] = {}
    for own, assumption in enumerate(fairness):
        for step in assumption.steps:
            taken[step] = taken.get(step, 0) | 1 << own
    steps = 1 + max((*taken, *(allowed or ())), default=0)
    by_step = _longs(taken.get(step, 0) for step in range(steps))
    may = None if allowed is None else _bytes(step in allowed for step in range(steps))
    return Query(graph, automaton, demands, steps, by_step, may)


def weights_of(graph: Graph, weight: Mapping[int, int]) -> Weights:
    """Sums from the initial state on, without end."""
    steps = 1 + max(weight, default=0)
    return Weights(graph, None, None, steps, _longs(weight.get(step, 0) for step in range(steps)), 0)


def limit_to(weights: Weights, masks: Sequence[int], source: int, exit_: int) -> Weights:
    """The same, from states with bit `source` of their masks to those with bit `exit_`, and rest is without end."""
    weights.sources = _bytes(mask >> source & 1 for mask in masks)
    weights.exits = _bytes(mask >> exit_ & 1 for mask in masks)
    weights.rest_is_endless = 1
    return weights


def _graph_of_letters(letters: Sequence[int]) -> RunGraph:
    """One state for each letter, and no edges."""
    count = len(letters)
    nothing = array("i", [-1]) * count
    first, each = array("q", [0]) * (count + 1), array("i", range(count))
    return RunGraph(first, array("i"), array("i"), nothing, nothing, bytearray(count), each, tuple(letters))


def _moves(rows: Sequence[Sequence[tuple[int, int]]]) -> Moves:
    begin = [0]
    for row in rows:
        begin.append(begin[-1] + len(row))
    flat = [move for row in rows for move in row]
    return Moves(_numbers(begin), _numbers(target for target, _ in flat), _longs(marks for _, marks in flat))


# A pointer in a record keeps the table that it was made of.


def _numbers(values: Iterable[int]) -> object:
    table = list(values)
    return (c_uint32 * len(table))(*table)


def _longs(values: Iterable[int]) -> object:
    table = list(values)
    return (c_uint64 * len(table))(*table)


def _bytes(values: Iterable[int]) -> object:
    table = list(values)
    return (c_uint8 * len(table))(*table)
