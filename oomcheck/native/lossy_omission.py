"""How likely a search with a table that forgets has left states out.

All of it assumes that the hashes of different states are uniform and independent; the functions in use are drawn from
a strongly universal family by the seed, so this does not rest on what the states look like. Only states that were
reached and taken for known ones are counted. What lies behind them was never reached, so the figures are lower bounds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

PIECES = 512  # of the interval of integration, even: Simpson's rule


@dataclass(frozen=True, slots=True)
class Omission:
    """Estimates for one search: `chance` that it left out a state, `expected` number of states that it left out."""

    chance: float
    expected: float


NONE = Omission(0.0, 0.0)


def bitstate_omission(bits: int, filled: int, hashes: int) -> Omission:
    """Omissions of an array of `bits` bits, of which `filled` are set at the end, with `hashes` hash functions.

    Where a share f of the bits is set, a new state is taken for a known one with probability q = f^k (Holzmann, An
    analysis of bitstate hashing, Formal Methods in System Design 13, 1998). On average q / (1 - q) states are left out
    before one is added, which sets k (1 - f) / (1 - q) bits. So while f grows by df

        dn = m / k (1 - q) / (1 - f) df = m / k (1 + f + ... + f^(k - 1)) df

    states are added, and the sums over states become integrals from 0 to the final f: of q / (1 - q) dn for the number
    of omissions, and of ln(1 - q) dn for the logarithm of the probability that there was none.
    """
    share = filled / bits
    if share >= 1:
        return Omission(1.0, math.inf)
    width = share / PIECES
    weights = [1, *([4, 2] * (PIECES // 2))[:-1], 1]
    total = sum(w * _log_kept(i * width, hashes) for i, w in enumerate(weights)) * width / 3
    return Omission(-math.expm1(bits / hashes * total), bits / hashes * _log_tail(share, hashes))


def bitstate_states(bits: int, filled: int, hashes: int) -> float:
    """The number of states that is expected to have filled so many bits; see `bitstate_omission`."""
    share = filled / bits
    return bits / hashes * sum(share**power / power for power in range(1, hashes + 1))


def compaction_omission(bits: int, compares: int) -> Omission:
    """Omissions of a table with hashes of `bits` bits, one value of which marks a free slot.

    A new state is left out if its hash equals that of one of the slots in use that it is compared with (Stern and Dill,
    Improved probabilistic verification by hash compaction, CHARME 1995). They estimate how many those are from the load
    of the table; here `compares` is what the search has counted, over all states that were added.
    """
    equal = 1 / ((1 << bits) - 1)
    return Omission(-math.expm1(compares * math.log1p(-equal)), compares * equal)


def _log_kept(share: float, hashes: int) -> float:
    """ln(1 - q) (1 - q) / (1 - f)."""
    taken = share**hashes
    return math.log1p(-taken) * (1 - taken) / (1 - share)


def _log_tail(share: float, terms: int) -> float:
    """-ln(1 - f) without the first terms of its series: the integral of f^k / (1 - f)."""
    if share < 0.5:
        # The difference of two nearly equal numbers would lose all digits here.
        return sum(share**power / power for power in range(terms + 1, terms + 64))
    return -math.log1p(-share) - sum(share**power / power for power in range(1, terms + 1))
