"""The models of `c/lossy_toys.c`, built together with the lossy search, and a plain search of them in Python."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from oomcheck.native.build import RUNTIME
from oomcheck.native.lossy_core import Task, never

HERE = Path(__file__).parent / "c"
SOURCES = (*sorted((RUNTIME / "lossy").glob("*.c")), RUNTIME / "memory.c")
FLAGS = ("-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{RUNTIME}", f"-I{RUNTIME / 'lossy'}")

State = tuple[int, ...]


class _Moves(ctypes.Structure):
    _fields_ = (
        ("states", ctypes.c_void_p),
        ("steps", ctypes.c_void_p),
        ("items", ctypes.c_void_p),
        ("want", ctypes.c_uint32),
        ("count", ctypes.c_uint32),
        ("reduced", ctypes.c_uint32),
    )


_EXPAND = ctypes.CFUNCTYPE(None, ctypes.POINTER(ctypes.c_uint64), ctypes.POINTER(_Moves))


class _Model(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_uint32) for name in ("abi", "words", "bits", "steps", "items", "most_moves", "letters", "o")),
        ("initial", ctypes.POINTER(ctypes.c_uint64)),
        ("expand", _EXPAND),
    )


def compile_c(target: Path, *extra: str | Path) -> None:
    """Compile the runtime of the lossy search together with other arguments of the compiler."""
    command = [os.environ.get("CC", "cc"), *FLAGS, *map(str, (*extra, *SOURCES)), "-o", str(target)]
    subprocess.run(command, check=True, timeout=120)


@dataclass(frozen=True)
class Toys:
    """The toys in states of `words` words."""

    library: ctypes.CDLL
    words: int

    def model(self, name: str) -> _Model:
        """The `struct model` of a toy."""
        function = getattr(self.library, f"toy_{name}")
        function.restype = ctypes.POINTER(_Model)
        model = function().contents
        assert isinstance(model, _Model)
        return model

    def initial(self, name: str) -> State:
        """The initial state of a toy."""
        return tuple(self.model(name).initial[: self.words])

    def task(self, name: str, *wanted: int, enough: bool = False, reduce: bool = False, symmetry: bool = False) -> Task:
        """What to search a toy for."""
        model, chosen = self.model(name), frozenset(wanted)
        return Task(
            core=self.library,
            model=ctypes.addressof(model),
            items=model.items,
            steps=model.steps,
            wanted=chosen,
            enough=chosen.issubset if enough else never,
            reduce=reduce,
            symmetry=symmetry,
        )


Successors = Callable[[State], tuple[frozenset[int], list[tuple[int, State]]]]


@cache
def successors(toys: Toys, name: str) -> Successors:
    """The function from a state to its items and to its steps with the states that they lead to."""
    model, words = toys.model(name), toys.words
    states = (ctypes.c_uint64 * (model.most_moves * words))()
    steps = (ctypes.c_uint32 * model.most_moves)()

    @cache
    def expand(state: State) -> tuple[frozenset[int], list[tuple[int, State]]]:
        items = (ctypes.c_uint64 * ((model.items + 63) // 64))()
        moves = _Moves(*map(ctypes.addressof, (states, steps, items)))
        model.expand((ctypes.c_uint64 * words)(*state), ctypes.byref(moves))
        found = int.from_bytes(bytes(items), "little")
        return frozenset(k for k in range(model.items) if found >> k & 1), [
            (steps[k], tuple(states[k * words : (k + 1) * words])) for k in range(moves.count)
        ]

    return expand


@cache
def reachable(toys: Toys, name: str) -> dict[State, int]:
    """All states of a toy and how many steps away they are."""
    expand = successors(toys, name)
    depths = {toys.initial(name): 0}
    queue = deque(depths)
    while queue:
        state = queue.popleft()
        for _, successor in expand(state)[1]:
            if successor not in depths:
                depths[successor] = depths[state] + 1
                queue.append(successor)
    return depths


def follow(toys: Toys, name: str, path: tuple[int, ...]) -> State:
    """The state that a path leads to; KeyError if it is none."""
    expand, state = successors(toys, name), toys.initial(name)
    for step in path:
        state = dict(expand(state)[1])[step]
    return state


def build_toys(folder: Path, words: int) -> Toys:
    """The toys in a shared object of their own."""
    path = folder / f"toys{words}.so"
    compile_c(path, "-O2", "-fPIC", "-shared", f"-DWORDS={words}", HERE / "lossy_toys.c")
    return Toys(ctypes.CDLL(str(path)), words)
