"""Random numbers of a run: each run has its own stream, which only the seed and the number of the run decide."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """Draws for run number `run` of seed `seed`; the same on every machine."""

    def __init__(self, seed: int, run: int) -> None:
        self._random = random.Random(f"{seed}/{run}").random

    def between(self, low: int, high: int) -> int:
        """A whole number, each of `low` to `high` as likely as the others (up to a part in 2**33)."""
        return low if low == high else low + int(self._random() * (high - low + 1))

    def one_of(self, choices: Sequence[T]) -> T:
        """One of the choices, all equally likely."""
        return choices[0] if len(choices) == 1 else choices[int(self._random() * len(choices))]

    def heads(self) -> bool:
        """A fair coin."""
        return self._random() < 0.5
