"""The C functions that answer questions about runs: their records, as in `runtime/runs.h`, and how they are called."""

from __future__ import annotations

from collections.abc import Callable
from ctypes import (
    CDLL,
    POINTER,
    Structure,
    byref,
    c_int,
    c_uint8,
    c_uint32,
    c_uint64,
    pointer,
)
from threading import Thread
from typing import ClassVar, Final

from oomcheck.analysis.components import Poll, Stopped
from oomcheck.analysis.graph import RunGraph

#: Bits for fairness assumptions, and for acceptance sets.
MOST_BITS: Final = 64
#: Sums of weights stay below.
MOST_SUM: Final = 2**63

SLICE: Final = 0.01  # seconds between two calls of `poll`

NUMBERS, LONGS, BYTES = POINTER(c_uint32), POINTER(c_uint64), POINTER(c_uint8)

# enum runs_status
_DONE, _STOPPED, _MEMORY, _TOO_LARGE = range(4)
# enum run_end
NO_SOURCE, GREATEST, PUMPS, RESTS = range(4)


class Graph(Structure):
    """`struct run_graph`."""

    _fields_: ClassVar = [
        ("states", c_uint64),
        ("first", LONGS),
        ("target", NUMBERS),
        ("step", NUMBERS),
        ("parent", NUMBERS),
        ("letter", NUMBERS),
        ("rests", BYTES),
    ]


class Moves(Structure):
    """`struct run_moves`."""

    _fields_: ClassVar = [("begin", NUMBERS), ("target", NUMBERS), ("marks", LONGS)]


class AutomatonTables(Structure):
    """`struct run_automaton`."""

    _fields_: ClassVar = [
        ("width", c_uint32),
        ("starts", c_uint32),
        ("start", NUMBERS),
        ("reading", NUMBERS),
        ("moves", Moves),
        ("inner", Moves),
        ("accepting", BYTES),
        ("stutters", BYTES),
        ("all_marks", c_uint64),
    ]


class DemandTables(Structure):
    """`struct run_demands`."""

    _fields_: ClassVar = [("weak", c_uint64), ("strong", c_uint64), ("progress", c_uint64), ("due", LONGS)]


class Query(Structure):
    """`struct run_query`."""

    _fields_: ClassVar = [
        ("graph", Graph),
        ("automaton", AutomatonTables),
        ("demands", DemandTables),
        ("steps", c_uint32),
        ("taken", LONGS),
        ("allowed", BYTES),
        ("stop", POINTER(c_int)),
    ]


class Weights(Structure):
    """`struct run_weights`."""

    _fields_: ClassVar = [
        ("graph", Graph),
        ("sources", BYTES),
        ("exits", BYTES),
        ("steps", c_uint32),
        ("weight", LONGS),
        ("rest_is_endless", c_uint32),
        ("stop", POINTER(c_int)),
    ]


class LassoFound(Structure):
    """`struct run_lasso`."""

    _fields_: ClassVar = [("found", c_uint32), ("stem", c_uint64), ("loop", c_uint64), ("steps", NUMBERS)]


class LongestFound(Structure):
    """`struct run_longest`."""

    _fields_: ClassVar = [
        ("end", c_uint32),
        ("source", c_uint32),
        ("value", c_uint64),
        ("stem", c_uint64),
        ("loop", c_uint64),
        ("steps", NUMBERS),
    ]


def graph_record(graph: RunGraph) -> Graph:
    """A graph for C; it shares the memory of the graph and keeps it."""
    states, edges = graph.states, graph.edges
    assert graph.first[states] == edges, "the edges are counted by `first`"
    return Graph(
        states,
        (c_uint64 * (states + 1)).from_buffer(graph.first),
        (c_uint32 * edges).from_buffer(graph.target),
        (c_uint32 * edges).from_buffer(graph.step),
        (c_uint32 * states).from_buffer(graph.parent),
        (c_uint32 * states).from_buffer(graph.letter),
        (c_uint8 * states).from_buffer(graph.rests),
    )


class RunCore:
    """The functions of a core library."""

    def __init__(self, library: CDLL) -> None:
        self._find_lasso = library.runs_find_lasso
        self._find_lasso.argtypes = [POINTER(Query), POINTER(LassoFound)]
        self._find_lasso.restype = c_int
        self._free_lasso = library.runs_lasso_free
        self._free_lasso.argtypes = [POINTER(LassoFound)]
        self._free_lasso.restype = None
        self._find_longest = library.runs_find_longest
        self._find_longest.argtypes = [POINTER(Weights), POINTER(LongestFound)]
        self._find_longest.restype = c_int
        self._free_longest = library.runs_longest_free
        self._free_longest.argtypes = [POINTER(LongestFound)]
        self._free_longest.restype = None

    def lasso(self, query: Query, poll: Poll) -> tuple[list[int], list[int]] | None:
        """Steps of the stem and of the loop, which is empty for a run that rests; None without a lasso.

        Whatever `poll` raises ends the search. Raises Stopped where memory or numbers do not suffice.
        """
        found, stop = LassoFound(), c_int(0)
        query.stop = pointer(stop)
        interruptible(lambda: int(self._find_lasso(byref(query), byref(found))), stop, poll)
        try:
            steps = found.steps[: found.stem + found.loop] if found.found else []
            return (steps[: found.stem], steps[found.stem :]) if found.found else None
        finally:
            self._free_lasso(byref(found))

    def longest(self, weights: Weights, poll: Poll) -> tuple[LongestFound, list[int]]:
        """What was found, without its steps, and those. Ends as `lasso` does."""
        found, stop = LongestFound(), c_int(0)
        weights.stop = pointer(stop)
        interruptible(lambda: int(self._find_longest(byref(weights), byref(found))), stop, poll)
        steps = found.steps[: found.stem + found.loop] if found.stem + found.loop else []
        kept = LongestFound(found.end, found.source, found.value, found.stem, found.loop, None)
        self._free_longest(byref(found))
        return kept, steps


def interruptible(call: Callable[[], int], stop: c_int, poll: Poll) -> None:
    """Call C code on a thread of its own, while this one sees to signals and limits; what `poll` raises sets `stop`.

    Raises Stopped where memory or numbers do not suffice.
    """
    statuses: list[int] = []
    poll()
    worker = Thread(target=lambda: statuses.append(call()))
    worker.start()
    try:
        worker.join(SLICE)
        while worker.is_alive():
            poll()
            worker.join(SLICE)
    finally:
        stop.value = 1
        worker.join()
    [status] = statuses
    if status == _MEMORY:
        raise Stopped("memory of the machine")
    if status == _TOO_LARGE:
        raise Stopped("more than 2^31 pairs of a state and a state of the automaton")
    assert status == _DONE, status
