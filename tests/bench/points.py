"""What is measured: models at parameters, by size, and the properties and models of single sections."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PEERS = HERE / "peers"


class Verdict(StrEnum):
    """What a run says; `UNKNOWN` if it was ended before it was through."""

    HOLDS = "holds"
    VIOLATED = "violated"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Model:
    """A model in the languages of all tools; `invariants` are those of the TLA+ module."""

    name: str
    module: str
    invariants: tuple[str, ...]
    deadlock: bool  # whether a state without successors is an error

    @property
    def path(self) -> Path:
        """The model in our language."""
        return ROOT / "models" / "examples" / f"{self.name}.oom"


@dataclass(frozen=True, slots=True)
class Point:
    """A model at parameters; `states` is the exact number of reachable states where somebody has counted them.

    `depth` is enough for SPIN's depth-first search, and not much more: SPIN fills a stack of that depth beforehand,
    which would count as memory that it needs.
    """

    size: str
    model: Model
    params: tuple[tuple[str, int], ...]
    depth: int
    states: int | None = None
    expect: Verdict = Verdict.HOLDS

    @property
    def title(self) -> str:
        """The whole name, for tables."""
        return " ".join((self.model.name, *(f"{name}={value}" for name, value in self.params)))

    @property
    def short(self) -> str:
        """Model, first parameter and what makes it violate, for charts."""
        kept = [f"{name}={value}" for name, value in self.params[:1]]
        kept += [f"{name}={value}" for name, value in self.params[1:] if (name, value) in (("BUG", 1), ("LEFTY", 0))]
        return " ".join((self.model.name, *kept))


@dataclass(frozen=True, slots=True)
class RunPoint:
    """A property about runs, under weak fairness of every thread: `claim` in the .pml, `spec` in our language."""

    point: Point
    claim: str

    @property
    def spec(self) -> Path:
        """The spec that states the claim."""
        return HERE / "specs" / f"{self.point.model.name}.oomspec"


TRIVIAL = Model("trivial", "Trivial", ("InRange",), deadlock=False)
EXIT = Model("exit_vs_reaper", "ExitVsReaper", ("Exclusion", "NoFreeUnderReaper"), deadlock=False)
PETERSON = Model("peterson", "Peterson", ("Exclusion",), deadlock=True)
SZYMANSKI = Model("szymanski", "Szymanski", ("Exclusion",), deadlock=True)
PHILS = Model("phils", "Phils", ("Held",), deadlock=True)


def exit_at(values: str) -> tuple[tuple[str, int], ...]:
    """Parameters of `exit_vs_reaper` from their values in the order of the declaration."""
    names = ("N", "K", "R", "S", "F", "FP", "REV", "BUG")
    return tuple(zip(names, map(int, values.split()), strict=True))


def threads(count: int) -> tuple[tuple[str, int], ...]:
    """Parameters of a model of `count` threads."""
    return (("N", count),)


def table(count: int, lefty: int) -> tuple[tuple[str, int], ...]:
    """Parameters of `phils`."""
    return (("N", count), ("LEFTY", lefty))


#: Counts of points that hold are those of SPIN 6.5.2 with `-o2 -DNOREDUCE`; where something is violated, each tool
#: stops somewhere else and there is nothing to compare.
POINTS = (
    Point("s", TRIVIAL, threads(10), 1_000, 10),
    Point("s", EXIT, exit_at("1 1 1 0 1 7 0 0"), 1_000, 1_009),
    Point("s", EXIT, exit_at("4 2 2 1 2 7 0 0"), 1_000, 14_448),
    Point("s", EXIT, exit_at("6 2 3 2 2 7 0 0"), 1_000, 86_712),
    Point("s", EXIT, exit_at("6 2 3 2 2 7 0 1"), 1_000, None, Verdict.VIOLATED),
    Point("m", EXIT, exit_at("8 3 3 3 2 7 1 0"), 1_000, 429_975),
    Point("m", EXIT, exit_at("10 3 3 3 3 7 0 0"), 1_000, 1_392_536),
    Point("l", EXIT, exit_at("12 3 4 4 3 7 0 0"), 1_000, 6_442_742),
    Point("l", EXIT, exit_at("12 3 4 4 3 7 0 1"), 1_000, None, Verdict.VIOLATED),
    Point("x", EXIT, exit_at("14 3 5 5 3 7 0 0"), 1_000, 27_565_648),
    Point("s", PETERSON, threads(3), 2_000, 2_248),
    Point("s", PETERSON, threads(4), 35_000, 128_022),
    Point("l", PETERSON, threads(5), 1_600_000, 9_372_001),
    Point("s", SZYMANSKI, threads(3), 1_000, 3_758),
    Point("s", SZYMANSKI, threads(4), 10_000, 99_830),
    Point("m", SZYMANSKI, threads(5), 80_000, 3_174_585),
    Point("s", PHILS, table(10, 1), 60_000, 3**10),
    Point("m", PHILS, table(13, 1), 1_600_000, 3**13),
    Point("x", PHILS, table(15, 1), 14_400_000, 3**15),
    Point("s", PHILS, table(10, 0), 60_000, None, Verdict.VIOLATED),
    Point("m", PHILS, table(15, 0), 14_400_000, None, Verdict.VIOLATED),
)

#: More than 10^8 states, ours alone: the others would take hours.
LARGE = (Point("h", PHILS, table(17, 1), 0, 3**17),)

#: `served` holds because of the fairness: without it, a thread may stand still for ever.
RUN_POINTS = (
    RunPoint(Point("s", PETERSON, threads(3), 2_000, 2_248), "served"),
    RunPoint(Point("s", SZYMANSKI, threads(3), 1_000, 3_758), "served"),
    RunPoint(Point("s", EXIT, exit_at("4 2 2 1 2 7 0 0"), 1_000, 14_448), "exits"),
    RunPoint(Point("m", PETERSON, threads(4), 35_000, 128_022), "served"),
    RunPoint(Point("m", SZYMANSKI, threads(4), 10_000, 99_830), "served"),
    RunPoint(Point("m", EXIT, exit_at("10 3 3 3 3 7 0 0"), 1_000, 1_392_536), "exits"),
)

#: Of what a process costs before it searches.
SMALLEST = POINTS[0]


def kernel_models() -> tuple[Path, ...]:
    """The models of kernel code, which have no version for other tools."""
    return tuple(sorted((ROOT / "models").glob("*.oom")))
