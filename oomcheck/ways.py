"""How an explicit search is to be made: threads, reductions, lossy tables, disk. Nothing here changes what is true."""

from __future__ import annotations

from dataclasses import field
from enum import Enum
from pathlib import Path

from oomcheck.records import dataclass


class Reduction(Enum):
    """Passes that make a search smaller and keep its verdicts; the value is the name in flags."""

    SLICE = "slice"  # what influences no property is left out
    RESET = "reset"  # locals that nobody reads any more are forgotten
    ORDER = "order"  # of steps that do not depend on each other one order is enough
    FUSION = "fusion"  # a state with one possible step is passed through
    SYMMETRY = "symmetry"  # alike threads and objects are not told apart


#: How reports call each.
TITLES = {
    Reduction.SLICE: "slicing",
    Reduction.RESET: "dead-variable reset",
    Reduction.ORDER: "partial order",
    Reduction.FUSION: "step fusion",
    Reduction.SYMMETRY: "symmetry",
}

ALL = frozenset(Reduction)


@dataclass(frozen=True, slots=True)
class Lossy:
    """A search that may leave states out: a table of `size` bytes (None: the usual one) of bits or of hashes."""

    bits: bool
    size: int | None = None
    swarm: int = 0  # random searches instead of one
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Ways:
    """Of one command. `demanded` reductions are refused where they are unsound, the others are then left out."""

    threads: int = 1
    reductions: frozenset[Reduction] = ALL
    demanded: frozenset[Reduction] = field(default_factory=frozenset)
    lossy: Lossy | None = None
    spill: Path | None = None  # folder for the log
    resume: bool = False  # a search that `spill` holds
