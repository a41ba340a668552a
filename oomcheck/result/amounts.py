"""Times and costs in words: `24 ticks (2.4 s)`, `contention 2`."""

from __future__ import annotations

TICKS = "ticks"  # the unit of times; that of a cost is the name of its counter
MAX_DECIMALS = 6


def seconds(ticks: int, hz: int) -> str:
    """`2.4 s`: as many decimals as one tick needs (three, if no number of them is enough); "" if hz is not known."""
    if hz <= 0:
        return ""
    exact = (digits for digits in range(MAX_DECIMALS + 1) if 10**digits % hz == 0)
    digits = next(exact, 3)
    scaled = (ticks * 10**digits * 2 + hz) // (2 * hz)
    whole, part = divmod(scaled, 10**digits)
    return f"{whole}.{part:0{digits}d} s" if digits else f"{whole} s"


def duration(ticks: int, hz: int) -> str:
    """`1 tick`, `24 ticks (2.4 s)`."""
    text = f"{ticks} tick" if ticks == 1 else f"{ticks} ticks"
    return f"{text} ({seconds(ticks, hz)})" if hz > 0 else text


def amount(value: int, unit: str, hz: int) -> str:
    """A value with its unit: a duration, or a cost counter and what it amounts to."""
    return duration(value, hz) if unit == TICKS else f"{unit} {value}"
