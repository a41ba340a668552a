"""Estimates of how much a lossy search left out, against sums and simulations that do not use the closed forms."""

import math
import random

import pytest

from oomcheck.native.lossy_omission import Omission, bitstate_omission, bitstate_states, compaction_omission


def added_one_by_one(bits: int, hashes: int, states: int) -> tuple[float, Omission]:
    """Bits that are set, and omissions, if each state sets the expected number of bits and misses the expected one."""
    filled = expected = log_none = 0.0
    for _ in range(states):
        share = filled / bits
        taken = share**hashes
        expected += taken / (1 - taken)
        log_none += math.log1p(-taken)
        filled += hashes * (1 - share) / (1 - taken)
    return filled, Omission(-math.expm1(log_none), expected)


@pytest.mark.parametrize(
    ("bits", "hashes", "states"),
    [(10**6, 3, 20_000), (10**5, 3, 20_000), (10**5, 2, 60_000), (10**5, 1, 3000), (10**6, 8, 50_000)],
)
def test_bitstate_integral_is_the_sum_over_states(bits: int, hashes: int, states: int) -> None:
    """The closed form equals the sum over the states one by one, for near empty and for crowded arrays."""
    filled, omission = added_one_by_one(bits, hashes, states)
    found = bitstate_omission(bits, round(filled), hashes)
    assert found.chance == pytest.approx(omission.chance, rel=2e-3)
    assert found.expected == pytest.approx(omission.expected, rel=2e-3)
    assert bitstate_states(bits, round(filled), hashes) == pytest.approx(states, rel=2e-3)


def test_bitstate_estimate_is_stable_for_tiny_probabilities() -> None:
    """Near 0 both figures are those of the first term of the series, not the noise of a difference."""
    found = bitstate_omission(2**40, 2**10, 3)
    first = 2**40 / 3 * (2**-30) ** 4 / 4
    assert found.expected == pytest.approx(first, rel=1e-8)
    assert found.chance == pytest.approx(first, rel=1e-8)


def test_both_forms_of_the_tail_agree_where_they_meet() -> None:
    """The series for low shares and the difference for high ones join without a step."""
    below, above = (bitstate_omission(2**40, 2**39 + by, 3).expected for by in (-1, 0))
    assert below == pytest.approx(above, rel=1e-9)


def test_empty_and_full_array() -> None:
    """Nothing is left out of an empty array; once every bit is set everything is."""
    assert bitstate_omission(1000, 0, 3) == Omission(0.0, 0.0)
    assert bitstate_omission(1000, 1000, 3) == Omission(1.0, math.inf)


def test_bitstate_estimate_against_simulation() -> None:
    """Drawn at random, as many states are left out as estimated, within five standard deviations."""
    draw, bits, hashes = random.Random(7), 4000, 3
    filled: set[int] = set()
    omitted = 0
    for _ in range(1500):
        places = {draw.randrange(bits) for _ in range(hashes)}
        omitted += places <= filled
        filled |= places
    found = bitstate_omission(bits, len(filled), hashes)
    assert omitted == 143
    assert abs(omitted - found.expected) < 5 * math.sqrt(found.expected)
    assert found.chance == pytest.approx(1)


@pytest.mark.parametrize(("bits", "compares"), [(8, 0), (8, 100), (16, 7)])
def test_compaction_is_a_product(bits: int, compares: int) -> None:
    """No omission means that no comparison was of equal hashes."""
    found = compaction_omission(bits, compares)
    assert found.chance == pytest.approx(1 - (1 - 1 / (2**bits - 1)) ** compares)
    assert found.expected == pytest.approx(compares / (2**bits - 1))


def test_compaction_is_stable_for_tiny_probabilities() -> None:
    """With 64 bits the chance is far below the distance of 1 to the next number, and still right."""
    found = compaction_omission(64, 1000)
    assert found.chance == pytest.approx(1000 / 2**64, rel=1e-12)
