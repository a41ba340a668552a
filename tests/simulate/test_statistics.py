"""Summaries of samples against numbers from tables and by hand."""

from __future__ import annotations

import math
import random

import pytest

from oomcheck.simulate.statistics import quantile, student, summary


@pytest.mark.parametrize(
    ("freedom", "table", "error"),
    [
        (1, 12.7062, 1e-4),
        (2, 4.30265, 1e-5),
        (3, 3.18245, 0.02),
        (4, 2.77645, 0.005),
        (5, 2.57058, 0.002),
        (8, 2.30600, 3e-4),
        (20, 2.08596, 1e-5),
        (100, 1.98397, 1e-5),
        (10_000, 1.96020, 1e-5),
    ],
)
def test_student(freedom: int, table: float, error: float) -> None:
    """The 97.5 % quantile of Student's distribution, as tables have it."""
    assert abs(student(freedom) - table) <= error


def test_summary_by_hand() -> None:
    """Mean, deviation, quantiles and interval of 1, 2, 3, 4."""
    found = summary([4, 1, 3, 2])
    assert found is not None
    assert (found.count, found.mean, found.low, found.high, found.p50) == (4, 2.5, 1, 4, 2.5)
    assert found.p90 == pytest.approx(3.7)
    assert found.p99 == pytest.approx(3.97)
    assert found.sd == pytest.approx(math.sqrt(5 / 3))
    assert found.interval == pytest.approx((2.5 - 2.054, 2.5 + 2.054), abs=0.015)


def test_small_samples() -> None:
    """Nothing of nothing; one value has no deviation; equal values have an interval of no width."""
    assert summary([]) is None
    one = summary([7])
    assert one is not None
    assert (one.mean, one.sd, one.interval, one.p99) == (7, None, None, 7)
    same = summary([5, 5, 5])
    assert same is not None
    assert (same.sd, same.interval) == (0, (5, 5))


def test_quantiles_between_values() -> None:
    """Linear between neighbours; the ends are the ends."""
    assert [quantile([10, 20, 40], share) for share in (0, 0.25, 0.5, 0.75, 1)] == [10, 15, 20, 30, 40]


def test_intervals_cover_the_mean() -> None:
    """Of 2000 samples of eight normal variates 95 % of the intervals hold the true mean, within five deviations."""
    draw = random.Random(1)
    hits = 0
    for _ in range(2000):
        found = summary([draw.gauss(3, 2) for _ in range(8)])
        assert found is not None
        assert found.interval is not None
        hits += found.interval[0] <= 3 <= found.interval[1]
    assert abs(hits - 1900) < 5 * math.sqrt(2000 * 0.95 * 0.05)
