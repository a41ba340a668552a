"""Figures from runs: rates, bytes per state, ratios of the same round, and the targets that they are held against."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import assert_never

from tests.bench.measure import Measured
from tests.bench.rounds import Name, Result

#: Sizes at which rates say something: at size s, tools are done before their clocks tick.
TIMED_SIZES = "mlx"
#: Fewer states than that drown in what a process takes anyway.
ENOUGH_STATES = 1_000_000


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, least and greatest."""

    median: float
    low: float
    high: float


class Bound(StrEnum):
    """On which side of a wanted figure the found one must be."""

    AT_LEAST = "at least"
    AT_MOST = "at most"
    BELOW = "below"


@dataclass(frozen=True, slots=True)
class Target:
    """A figure that is wanted at a point, and what was found."""

    figure: str
    point: str
    bound: Bound
    wanted: float
    found: Spread

    @property
    def reached(self) -> bool:
        """Whether the median is on the right side."""
        match self.bound:
            case Bound.AT_LEAST:
                return self.found.median >= self.wanted
            case Bound.AT_MOST:
                return self.found.median <= self.wanted
            case Bound.BELOW:
                return self.found.median < self.wanted
            case _:
                assert_never(self.bound)


def spread(values: Sequence[float]) -> Spread | None:
    """Of some values; None of none."""
    return Spread(median(values), min(values), max(values)) if values else None


def rate(run: Measured) -> float:
    """States per second of search."""
    return run.states / run.search


def search_seconds(run: Measured) -> float:
    """Seconds of search."""
    return run.search


def whole_seconds(run: Measured) -> float:
    """Seconds of the whole process."""
    return run.seconds


def bytes_per_state(run: Measured) -> float:
    """Peak resident memory over states."""
    return run.peak / run.states


def states(run: Measured) -> float:
    """Number of states."""
    return run.states


def ratio(result: Result, above: Name, below: Name, figure: Callable[[Measured], float]) -> Spread | None:
    """The figure of one over that of another, round by round; None if either has no finished run."""
    pairs = zip(result.finished(above), result.finished(below), strict=False)
    return spread([figure(one) / figure(other) for one, other in pairs])


def of(result: Result, name: Name, figure: Callable[[Measured], float]) -> Spread | None:
    """A figure over all rounds."""
    return spread([figure(run) for run in result.finished(name)])


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A figure that is wanted: a ratio of two contenders."""

    figure: str
    above: Name
    below: Name
    of: Callable[[Measured], float]
    bound: Bound

    def at(self, results: Iterable[Result], wanted: Callable[[Result], float]) -> list[Target]:
        """The target at each point that says something about it."""
        pairs = ((result, ratio(result, self.above, self.below, self.of)) for result in results)
        return [
            Target(self.figure, result.title, self.bound, wanted(result), found)
            for result, found in pairs
            if found is not None
        ]


def _over_spin(result: Result) -> float:
    return 5 if result.short.startswith("exit_vs_reaper") else 4


def search_targets(results: Sequence[Result]) -> list[Target]:
    """Of the searches: rates at sizes m and l, memory at l and x."""
    compared = [result for result in results if result.comparable]
    fast = [result for result in compared if result.size in "ml"]
    long = [result for result in compared if result.size == "l"]
    large = [result for result in compared if result.size in "lx"]
    spins = _Wanted("states/s, 1 thread, over SPIN's best", Name.OURS, Name.SPIN, rate, Bound.AT_LEAST)
    rumurs = _Wanted("states/s, 2 threads, over rumur's", Name.OURS_2, Name.RUMUR_2, rate, Bound.AT_LEAST)
    tlcs = _Wanted("states/s, 2 threads, over TLC's", Name.OURS_2, Name.TLC_2, rate, Bound.AT_LEAST)
    own = _Wanted("states/s, 2 threads over 1", Name.OURS_2, Name.OURS, rate, Bound.AT_LEAST)
    third = _Wanted("bytes/state over SPIN's default", Name.OURS, Name.SPIN_DEFAULT, bytes_per_state, Bound.AT_MOST)
    less = _Wanted("bytes/state over rumur's", Name.OURS, Name.RUMUR, bytes_per_state, Bound.BELOW)
    return [
        *spins.at(fast, _over_spin),
        *rumurs.at(fast, lambda _: 5),
        *tlcs.at(fast, lambda _: 50),
        *own.at(long, lambda _: 1.5),
        *third.at(large, lambda _: 1 / 3),
        *less.at(large, lambda _: 1),
    ]


def whole_targets(results: Sequence[Result]) -> list[Target]:
    """Of whole processes: a cold run at size s against SPIN's pipeline."""
    small = [result for result in results if result.size == "s"]
    figure = "whole time, cold, over SPIN's pipeline"
    return _Wanted(figure, Name.OURS_COLD, Name.SPIN, whole_seconds, Bound.AT_MOST).at(small, lambda _: 1 / 3)


def runs_targets(results: Sequence[Result]) -> list[Target]:
    """Of properties about runs: times of search, SPIN's over ours, where they are long enough to be told."""
    timed = [result for result in results if result.size in TIMED_SIZES]
    figure = "LTL with weak fairness, time of SPIN -a -f over ours"
    return _Wanted(figure, Name.SPIN, Name.OURS, search_seconds, Bound.AT_LEAST).at(timed, lambda _: 2)


def reduction_targets(results: Sequence[Result]) -> list[Target]:
    """Of reductions: states, ours over SPIN's."""
    figure = "states with reductions over SPIN's"
    reduced = _Wanted(figure, Name.OURS_REDUCED, Name.SPIN_REDUCED, states, Bound.BELOW)
    return reduced.at([result for result in results if result.comparable], lambda _: 1)
