"""Samples in a few numbers."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from oomcheck.records import dataclass

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Summary:
    """Mean, standard deviation of the sample, order statistics, and a 95 % confidence interval of the mean.

    A single value has no deviation and no interval.
    """

    count: int
    mean: float
    sd: float | None
    low: float
    p50: float
    p90: float
    p99: float
    high: float
    interval: tuple[float, float] | None


def summary(values: Sequence[float]) -> Summary | None:
    """The numbers of a sample; None of an empty one."""
    if not values:
        return None
    ordered = sorted(values)
    count = len(ordered)
    mean = math.fsum(ordered) / count
    sd = statistics.stdev(ordered, mean) if count > 1 else None
    interval = None
    if sd is not None:
        half = student(count - 1) * sd / math.sqrt(count)
        interval = (mean - half, mean + half)
    p50, p90, p99 = (quantile(ordered, share) for share in (0.5, 0.9, 0.99))
    return Summary(count, mean, sd, ordered[0], p50, p90, p99, ordered[-1], interval)


def quantile(ordered: Sequence[float], share: float) -> float:
    """Between the two nearest order statistics, in proportion (type 7 of Hyndman and Fan, 1996)."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def student(freedom: int) -> float:
    """The t that a variate of Student's distribution stays within with probability 95 %.

    Exact for one and two degrees of freedom; else the series of Fisher and Cornish to the fourth order (Abramowitz and
    Stegun, 26.7.5), right to 0.5 % from three on and to 0.01 % from eight on.
    """
    upper = (1 + CONFIDENCE) / 2
    if freedom == 1:
        return math.tan(math.pi * (upper - 0.5))
    if freedom == 2:
        return (2 * upper - 1) * math.sqrt(2 / (4 * upper * (1 - upper)))
    z = statistics.NormalDist().inv_cdf(upper)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + math.fsum(term / freedom**order for order, term in enumerate(terms, start=1))
