"""Times and costs in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oomcheck.result.amounts import amount, duration, seconds


@pytest.mark.parametrize(
    ("ticks", "hz", "text"),
    [
        (24, 10, "2.4 s"),
        (0, 10, "0.0 s"),
        (20, 10, "2.0 s"),
        (7, 1, "7 s"),
        (1, 250, "0.004 s"),
        (1, 300, "0.003 s"),
        (2, 300, "0.007 s"),
        (1234567, 1_000_000, "1.234567 s"),
        (3, 0, ""),
    ],
)
def test_seconds(ticks: int, hz: int, text: str) -> None:
    """As many decimals as a tick needs, rounded to three where none are enough."""
    assert seconds(ticks, hz) == text


@given(ticks=st.integers(0, 10**9), hz=st.integers(1, 5000))
def test_seconds_are_close(ticks: int, hz: int) -> None:
    """What is printed is off by half a millisecond at most."""
    assert abs(float(seconds(ticks, hz).removesuffix(" s")) - ticks / hz) <= 0.0005 + 1e-6


def test_amounts() -> None:
    """A time has ticks and perhaps seconds, a cost its counter."""
    assert (duration(1, 10), duration(24, 10), duration(2, 0)) == ("1 tick (0.1 s)", "24 ticks (2.4 s)", "2 ticks")
    assert (amount(24, "ticks", 10), amount(2, "contention", 10)) == ("24 ticks (2.4 s)", "contention 2")
