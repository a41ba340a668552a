"""The graph of a system's reachable states as native code: the reference graph, number for number."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import POINTER, c_double, c_int, c_int32, c_int64, c_uint8, c_uint32, c_uint64, c_void_p

from oomcheck.analysis.graph import RunGraph
from oomcheck.ir.expr import Expr, not_
from oomcheck.ir.system import ProcessKind, TransitionSystem
from oomcheck.native.binding import Loaded, Status, members
from oomcheck.native.emit import emit
from oomcheck.native.engine import SLICE, Build, refusal
from oomcheck.native.items import items_of
from oomcheck.native.room import Room, machine_memory, most_bytes
from oomcheck.prop.property import Property
from oomcheck.result.exploration import Limits
from oomcheck.semantics.budget import Budget, Report, StopCheck, depth_limit, state_limit
from oomcheck.semantics.findings import Findings
from oomcheck.semantics.graph import Survey
from oomcheck.semantics.sought import Fails, Occurs, halted

MOST_CONDITIONS = 63  # of the 64 letters one says whether behaviour goes on


class TooManyConditionsError(Exception):
    """More conditions than the letters of a state have bits."""


class _Options(ctypes.Structure):
    _fields_ = (
        *((name, c_uint64) for name in ("most_states", "most_bytes", "space")),
        ("depth", c_int64),
        ("rest_bit", c_uint32),
        ("moving", POINTER(c_uint8)),
    )


class _Facts(ctypes.Structure):
    _fields_ = (
        *((name, c_uint64) for name in ("states", "edges", "expanded", "depth", "bytes", "letters", "item_words")),
        *((name, c_void_p) for name in ("first", "target", "step", "parent", "found_by", "letter", "rests")),
        ("fired", POINTER(c_uint8)),
        *((name, POINTER(c_uint64)) for name in ("masks", "items")),
        ("error", c_int32),
    )


def survey(
    system: TransitionSystem,
    conditions: Sequence[Expr],
    properties: Sequence[Property],
    limits: Limits,
    build: Build,
    should_stop: StopCheck | None = None,
    progress: Report | None = None,
) -> Survey:
    """The same as `semantics.graph.survey`, with the same result; the arrays of the graph are those of the native code.

    Raises TooWideError, TooManyConditionsError and what `build` raises.
    """
    if len(conditions) > MOST_CONDITIONS:
        raise TooManyConditionsError(
            f"{len(conditions)} conditions on states, and at most {MOST_CONDITIONS} can be told"
        )
    items = items_of(system, properties)
    emitted = emit(system, items, [*conditions, not_(halted(system))])
    loaded = build(emitted.layout.words, emitted.text)
    kinds = [process.kind for process in system.processes]
    moving = (c_uint8 * max(len(system.transitions), 1))()
    for step in system.transitions:
        moving[step.index] = kinds[step.process] is not ProcessKind.ENV
    room = most_bytes(limits.max_memory)
    options = _Options(
        limits.max_states or 0,
        room.amount,
        machine_memory(),
        -1 if limits.depth is None else limits.depth,
        len(conditions),
        moving,
    )
    native = _Survey(loaded, options)
    budget = Budget(limits, should_stop, progress)
    stopped = _run(native, limits, room, budget)
    facts = native.facts()
    findings = Findings(properties, lambda number: ())
    covers = {step.index: step.covers for step in system.transitions}
    for index in native.fired(len(system.transitions)):
        findings.covered |= covers[index]
    for number in native.items():
        match items.items[number]:
            case Occurs(prop=prop, number=part):
                findings.antecedents.add((prop, part))
            case Fails(fault=fault) if fault.halts:
                findings.halted.add(fault.sanitizer)
            case _:
                pass
    found = findings.exploration(facts.states, facts.edges, facts.depth, stopped, budget.seconds)
    return Survey(native.graph(), found)


def _run(native: _Survey, limits: Limits, room: Room, budget: Budget) -> str:
    """Why the search ended early, or ""."""
    while True:
        facts = native.facts()
        reason = budget.spent(facts.states, facts.edges, facts.states - facts.expanded, facts.depth)
        if reason:
            return reason
        match native.run(SLICE):
            case Status.DONE:
                return ""
            case Status.DEPTH:
                return depth_limit(limits)
            case Status.STATES:
                return state_limit(limits)
            case Status.MEMORY:
                return room.reason
            case Status.REFUSED:
                return refusal(native.facts().error)
            case Status.SLICE | Status.LEVEL:
                pass


class _Survey:
    """The native structure; it lives as long as somebody reads one of its arrays. Raises MemoryError."""

    def __init__(self, loaded: Loaded, options: _Options) -> None:
        self._loaded = loaded  # the code must stay as long as the memory
        self._options = options
        self._core = loaded.core
        for name, result, arguments in _FUNCTIONS:
            function = getattr(self._core, name)
            function.restype, function.argtypes = result, arguments
        self._free = self._core.survey_free
        self._handle = self._core.survey_new(ctypes.cast(loaded.model, c_void_p), ctypes.byref(options))
        if not self._handle:
            raise MemoryError

    def __del__(self) -> None:
        self._free(getattr(self, "_handle", None))

    def run(self, seconds: float) -> Status:
        """Go on for about so long."""
        return Status(self._core.survey_run(self._handle, seconds))

    def facts(self) -> _Facts:
        """Counts and arrays as they are now."""
        facts: _Facts = self._core.survey_facts(self._handle).contents
        return facts

    def items(self) -> list[int]:
        """The items that were seen."""
        facts = self.facts()
        return [n for w in range(facts.item_words) for n in members(facts.items[w], 64 * w)]

    def fired(self, steps: int) -> list[int]:
        """The transitions that were taken."""
        flags = bytes(self.facts().fired[:steps])
        return [step for step, is_fired in enumerate(flags) if is_fired]

    def graph(self) -> RunGraph:
        """The graph, whose arrays keep this alive."""
        self._core.survey_close(self._handle)
        facts = self.facts()
        states, edges = facts.states, facts.edges
        first = self._view(facts.first, 8, states + 1).cast("q")
        target, step = (self._view(address, 4, edges).cast("i") for address in (facts.target, facts.step))
        parent, found_by, letter = (
            self._view(address, 4, states).cast("i") for address in (facts.parent, facts.found_by, facts.letter)
        )
        masks = tuple(facts.masks[: facts.letters])
        return RunGraph(first, target, step, parent, found_by, self._view(facts.rests, 1, states), letter, masks)

    def _view(self, address: int, item: int, size: int) -> memoryview[int]:
        """An array of `size` elements of `item` bytes, as bytes."""
        column = (c_uint8 * (item * size)).from_address(address)
        column.owner = self  # type: ignore[attr-defined]  # an object of ctypes takes attributes
        return memoryview(column).cast("B")


_FUNCTIONS: tuple[tuple[str, object, tuple[object, ...]], ...] = (
    ("survey_new", c_void_p, (c_void_p, POINTER(_Options))),
    ("survey_free", None, (c_void_p,)),
    ("survey_run", c_int, (c_void_p, c_double)),
    ("survey_close", None, (c_void_p,)),
    ("survey_facts", POINTER(_Facts), (c_void_p,)),
)
