"""One depth-first search by the core, called from Python: `runtime/lossy.h` with types."""

from __future__ import annotations

import ctypes
import math
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor, wait
from enum import IntEnum
from types import TracebackType
from typing import Final, Self

from oomcheck.native.lossy_omission import NONE, Omission, bitstate_omission, compaction_omission
from oomcheck.records import dataclass

UNBOUNDED: Final = 2**64 - 1
SMALLEST: Final = 64
MOST_HASHES: Final = 16

COMPACT, SHUFFLE, REDUCE, SYMMETRY = 1, 2, 4, 8

POLL: Final = 0.05  # seconds between two looks at the limits
PATIENCE: Final = 0.2  # seconds that a path may still take to become shorter once the search should end


class End(IntEnum):
    """How a slice ended; see `lossy.h`."""

    RUNNING = 0
    DONE = 1
    FULL = 2
    NEWS = 3
    NO_MEMORY = 4


@dataclass(frozen=True, slots=True)
class Bitstate:
    """An array of `size` bytes of bits; each state sets `hashes` of them."""

    size: int
    hashes: int = 3

    def __post_init__(self) -> None:
        _check("size", self.size, SMALLEST, 2**59)
        _check("hashes", self.hashes, 1, MOST_HASHES)


@dataclass(frozen=True, slots=True)
class HashCompact:
    """A table of `size` bytes that keeps `bits` bits of the hash of each state: 8, 16, ... or 64."""

    size: int
    bits: int = 40

    def __post_init__(self) -> None:
        _check("size", self.size, SMALLEST, 2**59)
        _check("bits", self.bits, 8, 64)
        if self.bits % 8:
            raise ValueError(f"bits is {self.bits}, no multiple of 8")


Table = Bitstate | HashCompact


def never(_seen: frozenset[int]) -> bool:
    """No items are enough."""
    return False


def nothing(_seen: frozenset[int]) -> int:
    """Look out for nothing that costs."""
    return 0


@dataclass(frozen=True, slots=True)
class Task:
    """What to search, and for what.

    `core` is the core's library for the width of the model, `model` the address of its `struct model`, `items` and
    `steps` the numbers of its items and transitions. Paths are kept to the items `wanted`. Each time an item is seen
    for the first time, `enough` says of all those seen whether the search may end, and `want` what else to look out
    for: a set of WANT_... of `model.h`. Both are called from any thread and must be pure.
    """

    core: ctypes.CDLL
    model: int
    items: int
    steps: int
    wanted: frozenset[int]
    enough: Callable[[frozenset[int]], bool] = never
    want: Callable[[frozenset[int]], int] = nothing
    reduce: bool = False  # use the model's partial-order reduction, if it has one
    symmetry: bool = False  # use the model's symmetry reduction, if it has one


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of one search: bytes of its stack, steps of a path, states."""

    stack: int
    depth: int | None = None
    states: int | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of one search so far; see `struct lossy_counts`."""

    states: int = 0
    transitions: int = 0
    waiting: int = 0
    depth: int = 0
    cut_depth: int = 0
    cut_stack: int = 0
    places: int = 0
    filled: int = 0
    compares: int = 0
    most: int = 0


@dataclass(frozen=True, slots=True)
class Findings:
    """What one search found: a path for each wanted item, all items, and the transitions that were enabled."""

    paths: dict[int, tuple[int, ...]]
    seen: frozenset[int]
    fired: frozenset[int]


Look = Callable[[Counts], str]  # the reason to end a search with these counts, or ""


class _Options(ctypes.Structure):
    _fields_ = (
        ("table", ctypes.c_uint64),
        ("stack", ctypes.c_uint64),
        ("seed", ctypes.c_uint64),
        ("depth", ctypes.c_uint64),
        ("states", ctypes.c_uint64),
        ("wanted", ctypes.c_void_p),
        ("flags", ctypes.c_uint32),
        ("strength", ctypes.c_uint32),
        ("want", ctypes.c_uint32),
        ("unused", ctypes.c_uint32),
    )


class _Counts(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_uint64) for name in Counts.__slots__)


class DepthFirst:
    """A search by the core, open within a `with` statement; NoTableError if there is no memory for its table.

    One thread at a time may use it. Different searches do not know each other.
    """

    def __init__(self, task: Task, table: Table, bounds: Bounds, seed: int, shuffle: bool = False) -> None:
        self.seed = seed
        self.task = task
        self._table = table
        self._core = _prototyped(task.core)
        # The core copies the set while it opens the search; it must live until then.
        self._wanted = _bits(task.wanted, task.items)
        self._options = _options(task, table, bounds, seed, shuffle)
        self._options.wanted = ctypes.addressof(self._wanted)
        self._search: int | None = None

    def __enter__(self) -> Self:
        self._search = self._core.lossy_open(self.task.model, ctypes.byref(self._options))
        if not self._search:
            raise NoTableError
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._core.lossy_close(self._search)
        self._search = None

    def run(self, expansions: int) -> End:
        """Expand so many states at most. After anything but RUNNING and NEWS there is nothing left to do."""
        return End(self._core.lossy_run(self._search, expansions))

    def heed(self) -> bool:
        """After NEWS: whether what was seen is enough; else the search looks out for what the task wants now."""
        seen = self.seen()
        if self.task.enough(seen):
            return True
        self._core.lossy_want(self._search, self.task.want(seen))
        return False

    def counts(self) -> Counts:
        """Where the search stands."""
        counts = _Counts()
        self._core.lossy_count(self._search, ctypes.byref(counts))
        return Counts(*(getattr(counts, name) for name in Counts.__slots__))

    def omission(self) -> Omission:
        """Estimates for the search so far."""
        return omission(self._table, self.counts())

    def findings(self, look: Look) -> Findings:
        """What was found so far; paths without needless detours, unless `look` gives a reason to hurry."""
        paths = {item: path for item in sorted(self.task.wanted) if (path := self._path(item, look)) is not None}
        fired = ctypes.string_at(self._core.lossy_fired(self._search), self.task.steps)
        return Findings(
            paths,
            self.seen(),
            frozenset(step for step, byte in enumerate(fired) if byte),
        )

    def seen(self) -> frozenset[int]:
        """All items seen so far."""
        words = (ctypes.c_uint64 * _words(self.task.items)).from_address(self._core.lossy_seen(self._search))
        seen = int.from_bytes(bytes(words), "little")
        return frozenset(item for item in range(self.task.items) if seen >> item & 1)

    def _path(self, item: int, look: Look) -> tuple[int, ...] | None:
        length = self._core.lossy_path_length(self._search, item)
        if length == UNBOUNDED:
            return None
        steps = (ctypes.c_uint32 * length)()
        ctypes.memmove(steps, self._core.lossy_path(self._search, item), length * 4)
        shorter = self._shorten(steps, look)
        return tuple(steps[: length if shorter == UNBOUNDED else shorter])

    def _shorten(self, steps: ctypes.Array[ctypes.c_uint32], look: Look) -> int:
        """Shorten a path in place: in a thread of its own, as no signal is handled while the calling one is in C."""
        halt = ctypes.c_uint32(0)
        with ThreadPoolExecutor(1) as pool:
            try:
                work = pool.submit(self._core.lossy_shorten, self.task.model, steps, len(steps), ctypes.byref(halt))
                deadline = math.inf
                while not wait([work], POLL).done:
                    if deadline == math.inf and look(self.counts()):
                        deadline = time.perf_counter() + PATIENCE
                    halt.value = time.perf_counter() >= deadline
                return int(work.result())
            finally:
                halt.value = 1


class NoTableError(Exception):
    """There is not enough memory for the table or the buffers of a search."""


def omission(table: Table, counts: Counts) -> Omission:
    """Estimates for a search with these counts."""
    if not counts.places:
        return NONE
    if isinstance(table, Bitstate):
        return bitstate_omission(counts.places, counts.filled, table.hashes)
    return compaction_omission(table.bits, counts.compares)


def _options(task: Task, table: Table, bounds: Bounds, seed: int, shuffle: bool) -> _Options:
    flags = SHUFFLE * shuffle | REDUCE * task.reduce | SYMMETRY * task.symmetry
    if isinstance(table, HashCompact):
        flags |= COMPACT
    return _Options(
        table=table.size,
        stack=bounds.stack,
        seed=seed % 2**64,
        depth=UNBOUNDED if bounds.depth is None else bounds.depth,
        states=UNBOUNDED if bounds.states is None else max(bounds.states, 1),
        flags=flags,
        strength=table.hashes if isinstance(table, Bitstate) else table.bits // 8,
        want=task.want(frozenset()),
    )


def _prototyped(core: ctypes.CDLL) -> ctypes.CDLL:
    pointer, number = ctypes.c_void_p, ctypes.c_uint64
    core.lossy_open.argtypes, core.lossy_open.restype = (pointer, ctypes.POINTER(_Options)), pointer
    core.lossy_run.argtypes, core.lossy_run.restype = (pointer, number), ctypes.c_uint32
    core.lossy_count.argtypes, core.lossy_count.restype = (pointer, ctypes.POINTER(_Counts)), None
    core.lossy_want.argtypes, core.lossy_want.restype = (pointer, ctypes.c_uint32), None
    core.lossy_path_length.argtypes, core.lossy_path_length.restype = (pointer, ctypes.c_uint32), number
    core.lossy_path.argtypes, core.lossy_path.restype = (pointer, ctypes.c_uint32), pointer
    core.lossy_fired.argtypes, core.lossy_fired.restype = (pointer,), pointer
    core.lossy_seen.argtypes, core.lossy_seen.restype = (pointer,), pointer
    core.lossy_close.argtypes, core.lossy_close.restype = (pointer,), None
    core.lossy_shorten.argtypes, core.lossy_shorten.restype = (pointer, pointer, number, pointer), number
    return core


def _words(items: int) -> int:
    return (items + 63) // 64


def _bits(chosen: Collection[int], items: int) -> ctypes.Array[ctypes.c_uint64]:
    assert all(0 <= item < items for item in chosen), (sorted(chosen), items)
    number = sum(1 << item for item in chosen)
    return (ctypes.c_uint64 * _words(items))(*(number >> 64 * i & UNBOUNDED for i in range(_words(items))))


def _check(name: str, value: int, lo: int, hi: int) -> None:
    if not lo <= value <= hi:
        raise ValueError(f"{name} is {value}, not in {lo} .. {hi}")
