"""Sets of letters: conjunctions of literals over the atoms of an automaton."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from oomcheck.ir.expr import Expr, not_
from oomcheck.prop.entails import entails

#: Masks of the atoms that must hold and of those that must not. `(0, 0)` is every letter.
Cube = tuple[int, int]

EVERY: Cube = (0, 0)


class Letters:
    """What cubes over some atoms mean, with what the form of the atoms tells about them (see `entails`)."""

    def __init__(self, atoms: Sequence[Expr]) -> None:
        literals = [(atom, (1 << i, 0)) for i, atom in enumerate(atoms)]
        literals += [(not_(atom), (0, 1 << i)) for i, atom in enumerate(atoms)]
        self._implied = {
            own: join_all(cube for other, cube in literals if entails(expr, other)) for expr, own in literals
        }
        self._closed: dict[Cube, Cube] = {EVERY: EVERY}

    def closed(self, cube: Cube) -> Cube:
        """The cube with all literals that its literals imply."""
        if cube not in self._closed:
            self._closed[cube] = join_all(self._implied[literal] for literal in split(cube))
        return self._closed[cube]

    def empty(self, cube: Cube) -> bool:
        """Whether the literals of the cube exclude each other."""
        positive, negative = self.closed(cube)
        return positive & negative != 0

    def include(self, wide: Cube, narrow: Cube) -> bool:
        """Whether every letter of `narrow` is one of `wide`."""
        positive, negative = self.closed(narrow)
        return wide[0] & positive == wide[0] and wide[1] & negative == wide[1]


def join(left: Cube, right: Cube) -> Cube:
    """The letters of both."""
    return left[0] | right[0], left[1] | right[1]


def join_all(cubes: Iterable[Cube]) -> Cube:
    """The letters of all."""
    positive = negative = 0
    for cube in cubes:
        positive, negative = positive | cube[0], negative | cube[1]
    return positive, negative


def split(cube: Cube) -> list[Cube]:
    """The literals of a cube, each as a cube."""
    positive, negative = cube
    bits = range((positive | negative).bit_length())
    return [(1 << i, 0) for i in bits if positive >> i & 1] + [(0, 1 << i) for i in bits if negative >> i & 1]
