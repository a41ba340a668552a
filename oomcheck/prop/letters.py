"""Sets of letters as bit masks: conjunctions of literals over the atoms of an automaton.

A cube has a bit for each literal: bit i for atom i, bit n + i for its negation, where n is the number of atoms. It is
closed: a literal that the others imply is among its bits, as far as `entails` tells. So a cube reads every letter
of another one when its bits are a subset, and the bits of a conjunction are the union.
"""

from __future__ import annotations

from collections.abc import Sequence

from oomcheck.ir.expr import Expr, not_
from oomcheck.ir.walk import variables
from oomcheck.prop.entails import entails


class Letters:
    """Cubes over some atoms."""

    def __init__(self, atoms: Sequence[Expr]) -> None:
        self.count = len(atoms)
        self._atoms_mask = (1 << self.count) - 1
        literals = [*atoms, *map(not_, atoms)]
        related = _related(literals)
        self._implied = [
            1 << i | sum(1 << j for j in related[i] if entails(literal, literals[j]))
            for i, literal in enumerate(literals)
        ]

    def cube(self, positive: int, negative: int) -> int:
        """The cube in which these atoms hold and those do not."""
        cube = 0
        for bit in _bits(positive | negative << self.count):
            cube |= self._implied[bit]
        return cube

    def empty(self, cube: int) -> bool:
        """Whether the literals exclude each other; higher bits than those of a cube do not matter."""
        return cube & cube >> self.count & self._atoms_mask != 0

    def masks(self, cube: int) -> tuple[int, int]:
        """The atoms that hold and those that do not, without literals that others imply."""
        needed = cube & ((1 << 2 * self.count) - 1)
        for bit in _bits(needed):
            if self._closed(needed & ~(1 << bit)) >> bit & 1:
                needed &= ~(1 << bit)
        return needed & self._atoms_mask, needed >> self.count

    def _closed(self, cube: int) -> int:
        return self.cube(cube & self._atoms_mask, cube >> self.count)


def _related(exprs: Sequence[Expr]) -> list[list[int]]:
    """For each expression the other ones that read a variable of it: no form tells anything about the rest."""
    readers: dict[str, set[int]] = {}
    for i, expr in enumerate(exprs):
        for name in variables(expr):
            readers.setdefault(name, set()).add(i)
    return [
        sorted(frozenset().union(*(readers[name] for name in variables(expr))) - {i}) for i, expr in enumerate(exprs)
    ]


def _bits(mask: int) -> list[int]:
    return [bit for bit in range(mask.bit_length()) if mask >> bit & 1]
