"""Generated C called from Python: values of expressions, and the functions of a model."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import POINTER, c_int64, c_uint32, c_uint64

from oomcheck.ir.expr import Expr
from oomcheck.ir.system import State, TransitionSystem
from oomcheck.native.binding import Loaded
from oomcheck.native.build import Unit
from oomcheck.native.build import build as build_unit
from oomcheck.native.emit import WANT_ORDERS, WANT_RACES, emit
from oomcheck.native.expressions import PRELUDE, Writer
from oomcheck.native.items import Items
from oomcheck.native.layout import Layout, lay_out
from tests.native import workshop


class Values:
    """Expressions over the states of a system, as C functions."""

    def __init__(self, system: TransitionSystem, expressions: Sequence[Expr]) -> None:
        self.layout = lay_out(system, expressions)
        writer = Writer(system.slot, self.layout)
        bodies = [writer.value(expr) for expr in expressions]
        functions = [
            f"int64_t value_{number}(const uint64_t *s)\n{{\n\t(void)s;\n\treturn {body};\n}}\n"
            for number, body in enumerate(bodies)
        ]
        self.text = "\n".join(["#include <stdint.h>\n", PRELUDE, writer.accessors(), *writer.helpers, *functions])
        unit = Unit("values", {"values.c": self.text}, ("-O1",))
        self._library = ctypes.CDLL(str(build_unit(unit, workshop.quick(), workshop.SITE)))
        self._functions = [getattr(self._library, f"value_{number}") for number in range(len(bodies))]
        for function in self._functions:
            function.restype, function.argtypes = c_int64, (POINTER(c_uint64),)

    def __call__(self, state: State) -> list[int]:
        """Their values in a state."""
        packed = packed_words(self.layout, state)
        return [function(packed) for function in self._functions]


def packed_words(layout: Layout, state: State) -> ctypes.Array[c_uint64]:
    """A state as the generated code reads it."""
    return (c_uint64 * layout.words)(*layout.pack(state))


class _Moves(ctypes.Structure):
    _fields_ = (
        ("states", POINTER(c_uint64)),
        ("steps", POINTER(c_uint32)),
        ("items", POINTER(c_uint64)),
        *((name, c_uint32) for name in ("want", "count", "reduced", "single")),
    )


_EXPAND = ctypes.CFUNCTYPE(None, POINTER(c_uint64), POINTER(_Moves))
_LETTERS = ctypes.CFUNCTYPE(c_uint64, POINTER(c_uint64))


class Model:
    """The functions of a generated model."""

    def __init__(self, system: TransitionSystem, items: Items, conditions: Sequence[Expr] = ()) -> None:
        emitted = emit(system, items, conditions)
        self.layout = emitted.layout
        self._loaded: Loaded = workshop.build(self.layout.words, emitted.text)
        self.facts = self._loaded.model.contents
        most, words = self.facts.most_moves, self.layout.words
        self._states, self._steps = (c_uint64 * (most * words))(), (c_uint32 * most)()
        self._items = (c_uint64 * self._loaded.item_words)()

    def expand(self, state: State) -> tuple[list[tuple[int, State]], set[int]]:
        """Steps in the order of their index, each with its successor, and the items."""
        ctypes.memset(self._items, 0, ctypes.sizeof(self._items))
        moves = _Moves(self._states, self._steps, self._items, WANT_RACES | WANT_ORDERS)
        _EXPAND(self.facts.expand)(packed_words(self.layout, state), moves)
        words = self.layout.words
        found = [
            (self._steps[k], self.layout.unpack(self._states[k * words : (k + 1) * words])) for k in range(moves.count)
        ]
        bits = [64 * w + k for w, word in enumerate(self._items) for k in range(64) if word >> k & 1]
        return sorted(found), set(bits)

    def letters(self, state: State) -> int:
        """Which conditions hold, as a bit set."""
        letters: int = _LETTERS(self.facts.letters)(packed_words(self.layout, state))
        return letters
