"""Where each slot of a state lies in its packed form.

A slot gets just the bits that its sort needs, stored minus the least value of the sort. No field crosses the border of
two words. Fields lie in the order of their slots as far as that takes no more room: what a step changes is often
declared together, and the fewer words a step changes, the better the states of wide models fold (`runtime/tree.h`).
An array whose index is computed somewhere lies in one piece, so that an element is found by a shift; one that is larger
than a word has as many elements in each word as fit. All other elements are scalars of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from oomcheck.ir.expr import Expr, Index, Lit
from oomcheck.ir.sorts import ArraySort, bounds, scalar_of, width
from oomcheck.ir.system import State, TransitionSystem
from oomcheck.ir.walk import subexpressions
from oomcheck.records import dataclass

WORD = 64
WIDEST = 62  # of a field, so that values and differences of values fit 64 bits with sign
NARROW = 4  # words up to which each byte of a state counts


class TooWideError(Exception):
    """A value needs more bits than the native engine has; says which."""


@dataclass(frozen=True, slots=True)
class Field:
    """Bits `shift .. shift + width - 1` of word `word` hold the value minus `low`; without bits it is always `low`."""

    word: int
    shift: int
    width: int
    low: int

    @property
    def mask(self) -> int:
        """The field's bits, at the lowest position."""
        return (1 << self.width) - 1


@dataclass(frozen=True, slots=True)
class Block:
    """An array in one piece: element i is in word `first.word + i // per_word`, `i % per_word` fields up."""

    first: Field
    size: int
    per_word: int


@dataclass(frozen=True)
class Layout:
    """Fields by slot, arrays in one piece by name; `bits` counts through the words up to the last one in use."""

    fields: tuple[Field, ...]
    blocks: dict[str, Block]
    words: int
    bits: int

    def pack(self, state: State) -> tuple[int, ...]:
        """The words of a state whose values are in their sorts."""
        words = [0] * self.words
        for field, value in zip(self.fields, state, strict=True):
            words[field.word] |= (value - field.low) << field.shift
        return tuple(words)

    def unpack(self, words: Sequence[int]) -> State:
        """The state that `pack` made these words of."""
        return tuple((words[field.word] >> field.shift & field.mask) + field.low for field in self.fields)


def lay_out(system: TransitionSystem, expressions: Sequence[Expr]) -> Layout:
    """A layout for `system`, whose states are read by its own parts and by `expressions`.

    Raises TooWideError.
    """
    computed = _computed_arrays(system, expressions)
    pieces = sorted(_pieces(system, computed), key=lambda piece: piece.slot)
    in_order = _place(pieces, computed)
    dense = _place(sorted(pieces, key=lambda piece: (-piece.bits, piece.slot)), computed)
    return in_order if _size(in_order) <= _size(dense) else dense


def _size(layout: Layout) -> int:
    """Bits that a state takes: in whole bytes if it is narrow, else in whole words."""
    unit = 8 if layout.words <= NARROW else WORD
    return -(-layout.bits // unit) * unit


def _place(pieces: Sequence[_Piece], computed: frozenset[str]) -> Layout:
    """Place the pieces in the given order, those larger than a word first."""
    fields: dict[int, Field] = {}
    blocks: dict[str, Block] = {}
    words = _Words()
    for piece in (p for p in pieces if p.bits > WORD):
        block = words.whole(piece)
        blocks[piece.name] = block
        fields.update(_elements(piece, block))
    for piece in (p for p in pieces if p.bits <= WORD):
        word, shift = words.place(piece.bits)
        block = Block(Field(word, shift, piece.width, piece.low), piece.size, piece.size)
        if piece.name in computed:
            blocks[piece.name] = block
        fields.update(_elements(piece, block))
    return Layout(tuple(fields[slot] for slot in range(len(fields))), blocks, *words.end())


@dataclass(frozen=True, slots=True)
class _Piece:
    """What must lie together: a scalar, an element of an array, or an array as a whole."""

    name: str
    slot: int
    size: int
    width: int
    low: int

    @property
    def bits(self) -> int:
        return self.size * self.width


def _pieces(system: TransitionSystem, computed: frozenset[str]) -> Iterator[_Piece]:
    for variable in system.variables:
        low, high = bounds(scalar_of(variable.sort))
        bits = (high - low).bit_length()
        if bits > WIDEST or max(abs(low), abs(high)) >> WIDEST:
            raise TooWideError(f"`{variable.name}` has values from {low} to {high}")
        first, size = system.slot[variable.name], width(variable.sort)
        if variable.name in computed:
            yield _Piece(variable.name, first, size, bits, low)
        else:
            yield from (_Piece("", first + element, 1, bits, low) for element in range(size))


def _elements(piece: _Piece, block: Block) -> Iterator[tuple[int, Field]]:
    first = block.first
    for element in range(piece.size):
        word, position = divmod(element, block.per_word)
        yield (
            piece.slot + element,
            Field(first.word + word, first.shift + position * piece.width, piece.width, piece.low),
        )


class _Words:
    """Words that fill up: each piece goes where it leaves the least room (best fit)."""

    def __init__(self) -> None:
        self._used: list[int] = []

    def whole(self, piece: _Piece) -> Block:
        """Words of its own for an array; what they leave is for others."""
        per_word = WORD // piece.width
        full, rest = divmod(piece.size, per_word)
        first = len(self._used)
        self._used += [per_word * piece.width] * full + ([rest * piece.width] if rest else [])
        return Block(Field(first, 0, piece.width, piece.low), piece.size, per_word)

    def place(self, bits: int) -> tuple[int, int]:
        """Word and shift for so many bits."""
        if not bits:
            return 0, 0
        open_words = [word for word, used in enumerate(self._used) if used + bits <= WORD]
        if not open_words:
            self._used.append(0)
            open_words = [len(self._used) - 1]
        word = max(open_words, key=self._used.__getitem__)
        shift = self._used[word]
        self._used[word] += bits
        return word, shift

    def end(self) -> tuple[int, int]:
        """Words, at least one, and bits up to the last one in use."""
        words = max(len(self._used), 1)
        return words, WORD * (words - 1) + (self._used[-1] if self._used else 0)


def _computed_arrays(system: TransitionSystem, expressions: Sequence[Expr]) -> frozenset[str]:
    """Arrays that are read or written at an index that is no literal."""
    found = set()
    for expr in (*_expressions(system), *expressions):
        for node in subexpressions(expr):
            if isinstance(node, Index) and not isinstance(node.index, Lit):
                found.add(node.array.name)
    return frozenset(name for name in found if isinstance(_sort(system, name), ArraySort))


def _sort(system: TransitionSystem, name: str) -> object:
    return next(variable.sort for variable in system.variables if variable.name == name)


def _expressions(system: TransitionSystem) -> Iterator[Expr]:
    for step in system.transitions:
        yield step.guard
        for update in step.updates:
            yield update.target
            yield update.value
        yield from (access.place for access in step.accesses)
        if step.acquire is not None:
            yield step.acquire
    yield from (fault.guard for fault in system.faults)
    for lock in system.locks:
        yield from lock.holders
