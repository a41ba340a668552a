"""The search core as Python sees it: structures of `runtime/search.h` and `trace.h`, and calls of their functions."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Sequence
from ctypes import (
    POINTER,
    c_bool,
    c_char_p,
    c_double,
    c_int,
    c_int32,
    c_int64,
    c_size_t,
    c_uint8,
    c_uint32,
    c_uint64,
    c_void_p,
)
from enum import IntEnum
from pathlib import Path

from oomcheck.native.emit import MODEL_ABI
from oomcheck.records import dataclass

SEARCH_ABI = 1
MOST_TARGETS = 8


class Status(IntEnum):
    """Why the core came back."""

    SLICE = 0
    LEVEL = 1
    DONE = 2
    DEPTH = 3
    STATES = 4
    MEMORY = 5
    REFUSED = 6
    PARTS = 7


class LoadError(Exception):
    """A library is not what it should be."""


class RefusedError(MemoryError):
    """The system gave no memory or disk for the start of a search; `number` is its errno."""

    def __init__(self, number: int) -> None:
        super().__init__(os.strerror(number))
        self.number = number


class _Model(ctypes.Structure):
    _fields_ = (
        *(
            (name, c_uint32)
            for name in ("abi", "words", "bits", "steps", "items", "most_moves", "conditions", "ordered")
        ),
        *((name, c_void_p) for name in ("initial", "expand", "reduce", "canonical", "letters")),
    )


class SearchOptions(ctypes.Structure):
    """`struct search_options`."""

    _fields_ = (
        *((name, c_uint64) for name in ("most_states", "most_bytes", "log_bytes")),
        ("depth", c_int64),
        *((name, c_uint32) for name in ("threads", "want", "reduce", "fuse", "canonical")),
        ("log_path", c_char_p),
    )


class _Facts(ctypes.Structure):
    _fields_ = (
        *(
            (name, c_uint64)
            for name in (
                "states",
                "transitions",
                "frontier",
                "depth",
                "bytes",
                "table_bytes",
                "log_bytes",
                "item_words",
            )
        ),
        ("items", POINTER(c_uint64)),
        ("item_depth", POINTER(c_int64)),
        ("fired", POINTER(c_uint8)),
        ("error", c_int32),
    )


class _Target(ctypes.Structure):
    _fields_ = (("depth", c_uint64), ("items", POINTER(c_uint64)))


@dataclass(frozen=True, slots=True)
class Facts:
    """What a search has found: counts, items with the depth at which each was first seen, transitions that fired."""

    states: int
    transitions: int
    frontier: int
    depth: int
    memory: int
    error: int
    items: dict[int, int]
    fired: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """Some state at `depth` in which one of `items` holds."""

    depth: int
    items: frozenset[int]


class Loaded:
    """A core and a model that fit each other. Raises LoadError."""

    def __init__(self, core: Path, model: Path) -> None:
        self.core = _open(core)
        self._model_library = _open(model)
        entry = self._model_library.oomcheck_model
        entry.restype = POINTER(_Model)
        entry.argtypes = ()
        self.model = entry()
        facts = self.model.contents
        words = c_uint32.in_dll(self.core, "core_words").value
        ours = (SEARCH_ABI, ctypes.sizeof(SearchOptions), ctypes.sizeof(_Facts))
        theirs = tuple(c_uint32.in_dll(self.core, f"core_{what}").value for what in _SHAPE)
        if facts.abi != MODEL_ABI or theirs != ours:
            raise LoadError("a library is of another version")
        if words not in (facts.words, 0):
            raise LoadError(f"the core is for states of {words} words, the model has {facts.words}")
        self.words: int = facts.words
        self.steps: int = facts.steps
        self.item_words: int = (facts.items + 63) // 64
        self.reduces = bool(facts.reduce)
        self.folds = bool(facts.canonical)
        _declare(self.core)


#: What a core tells of itself: a structure that differs would have one side read what the other did not write.
_SHAPE = ("abi", "options_size", "facts_size")


def _open(path: Path) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(str(path), use_errno=True)
    except OSError as problem:
        raise LoadError(str(problem)) from problem


#: Name, result and arguments of each function of the core that is called here.
_FUNCTIONS: tuple[tuple[str, object, tuple[object, ...]], ...] = (
    ("search_new", c_void_p, (POINTER(_Model), POINTER(SearchOptions))),
    ("search_free", None, (c_void_p,)),
    ("search_run", c_int, (c_void_p, c_double)),
    ("search_facts", POINTER(_Facts), (c_void_p,)),
    ("search_want", None, (c_void_p, c_uint32)),
    ("checkpoint_take", c_size_t, (c_void_p, POINTER(c_uint64))),
    ("checkpoint_sync", c_bool, (c_void_p,)),
    ("checkpoint_resume", c_void_p, (POINTER(_Model), POINTER(SearchOptions), POINTER(c_uint64), c_size_t)),
    ("tracing_new", c_void_p, (c_void_p, POINTER(_Target), c_uint32)),
    ("tracing_free", None, (c_void_p,)),
    ("tracing_run", c_int, (c_void_p, c_double)),
    ("tracing_path", c_bool, (c_void_p, c_uint32, POINTER(c_uint32))),
)


def _declare(core: ctypes.CDLL) -> None:
    for name, result, arguments in _FUNCTIONS:
        function = getattr(core, name)
        function.restype = result
        function.argtypes = arguments


class Search:
    """A search that can be run slice by slice, a new one or one that goes on from a record. To be closed.

    Raises RefusedError; with EINVAL if the record does not fit.
    """

    def __init__(self, loaded: Loaded, options: SearchOptions, record: bytes | None = None) -> None:
        self._loaded = loaded
        self._core = loaded.core
        if record is None:
            self._handle = self._core.search_new(loaded.model, ctypes.byref(options))
        else:
            words = (c_uint64 * (len(record) // 8)).from_buffer_copy(record)
            self._handle = self._core.checkpoint_resume(loaded.model, ctypes.byref(options), words, len(words))
        if not self._handle:
            raise RefusedError(ctypes.get_errno())

    def close(self) -> None:
        """Give the memory back."""
        self._core.search_free(self._handle)
        self._handle = None

    def run(self, seconds: float) -> Status:
        """Go on for about so long."""
        return Status(self._core.search_run(self._handle, seconds))

    def want(self, bits: int) -> None:
        """Look out for these of WANT_... from now on."""
        self._core.search_want(self._handle, bits)

    def facts(self) -> Facts:
        """What is known by now."""
        raw = self._core.search_facts(self._handle).contents
        seen = (n for w in range(raw.item_words) if raw.items[w] for n in members(raw.items[w], 64 * w))
        fired = bytes(raw.fired[: self._loaded.steps])
        return Facts(
            raw.states,
            raw.transitions,
            raw.frontier,
            raw.depth,
            raw.bytes,
            raw.error,
            {number: raw.item_depth[number] for number in seen},
            tuple(step for step, is_fired in enumerate(fired) if is_fired),
        )

    def record(self) -> bytes:
        """From what another process can go on, with the log; only for a search with its log in a file."""
        words = (c_uint64 * self._core.checkpoint_take(self._handle, None))()
        self._core.checkpoint_take(self._handle, words)
        return bytes(words)

    def sync(self) -> None:
        """Wait until the log is on disk. Raises OSError."""
        if not self._core.checkpoint_sync(self._handle):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def paths(
        self, targets: Sequence[Target], seconds: float, poll: Callable[[], str]
    ) -> tuple[list[tuple[int, ...]], str]:
        """The least shortest path to each target, or the reason why `poll` wants to stop.

        `poll` is called after each slice of so many seconds. Raises MemoryError.
        """
        found: list[tuple[int, ...]] = []
        for start in range(0, len(targets), MOST_TARGETS):
            some = targets[start : start + MOST_TARGETS]
            reason = self._trace(some, seconds, poll, found)
            if reason:
                return found, reason
        return found, ""

    def _trace(
        self, targets: Sequence[Target], seconds: float, poll: Callable[[], str], found: list[tuple[int, ...]]
    ) -> str:
        raw = (_Target * len(targets))()
        sets = []
        for target, space in zip(targets, raw, strict=True):
            sets.append(_item_set(target.items, self._loaded.item_words))
            space.depth, space.items = target.depth, sets[-1]
        tracing = self._core.tracing_new(self._handle, raw, len(targets))
        if not tracing:
            raise MemoryError
        try:
            while (status := Status(self._core.tracing_run(tracing, seconds))) is Status.SLICE:
                reason = poll()
                if reason:
                    return reason
            if status is not Status.DONE:
                raise MemoryError
            found += [self._path(tracing, number, target.depth) for number, target in enumerate(targets)]
        finally:
            self._core.tracing_free(tracing)
        return ""

    def _path(self, tracing: int, number: int, depth: int) -> tuple[int, ...]:
        steps = (c_uint32 * max(depth, 1))()
        if not self._core.tracing_path(tracing, number, steps):
            raise AssertionError("a state that the search has seen is not in its log")
        return tuple(steps[:depth])


def members(bits: int, base: int) -> list[int]:
    """The numbers in a word of a set, whose lowest bit stands for `base`."""
    return [base + k for k in range(64) if bits >> k & 1]


def _item_set(items: frozenset[int], words: int) -> ctypes.Array[c_uint64]:
    bits = sum(1 << item for item in items)
    return (c_uint64 * words)(*(bits >> 64 * w & 2**64 - 1 for w in range(words)))
