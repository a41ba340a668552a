"""Timed examples from the literature: the verdicts of their specs, and the exact constants where verdicts change."""

from __future__ import annotations

from pathlib import Path

import pytest

from oomcheck.check import check_files
from oomcheck.result.verdict import Word, word
from oomcheck.rows import Options

ROOT = Path(__file__).parents[2]
MODELS, SPECS = ROOT / "models" / "examples", ROOT / "specs" / "examples"


def found(name: str, check: str, prop: str, **params: int) -> Word:
    """The verdict of one property in a check with other parameters."""
    options = Options(params={key: str(value) for key, value in params.items()}, select=(f"{name}/{check}/{prop}*",))
    results = check_files(MODELS / f"{name}.oom", (SPECS / f"{name}.oomspec",), options).results
    assert len({word(result.verdict) for result in results}) == 1
    return word(results[0].verdict)


@pytest.mark.parametrize("name", ["fischer", "train_gate", "csma_cd"])
def test_the_spec_of_an_example(name: str) -> None:
    """Each row is as expected."""
    results = check_files(MODELS / f"{name}.oom", (SPECS / f"{name}.oomspec",), Options()).results
    assert [result.identity for result in results if not result.ok] == []


@pytest.mark.parametrize("slack", [0, 1])
@pytest.mark.parametrize("write", [0, 1, 2, 3])
def test_fischer_works_exactly_if_the_wait_is_longer(write: int, slack: int) -> None:
    """WAIT > WRITE + slack: one tick less and two threads get in."""
    check = ("safe", "late")[slack]
    for wait in range(1, 6):
        safe = wait > write + slack
        verdict = found("fischer", check, "two_inside", N=2, WRITE=write, WAIT=wait, INSIDE=wait)
        assert verdict == (Word.HOLDS if safe else Word.VIOLATED), (write, wait, slack)


@pytest.mark.parametrize("hold", range(16, 21))
def test_the_gate_without_a_sensor_must_wait_long_enough(hold: int) -> None:
    """The train ahead needs up to 20 and 5, the next one at least 7."""
    verdict = found("train_gate", "blind", "crash", N=2, HOLD=hold)
    assert verdict == (Word.HOLDS if hold + 7 > 25 else Word.VIOLATED)


@pytest.mark.parametrize("sigma", [2, 3])
def test_a_frame_must_outlast_a_collision(sigma: int) -> None:
    """At least 2 * SIGMA - 1 ticks."""
    for length in range(2 * sigma - 3, 2 * sigma + 2):
        verdict = found("csma_cd", "shortest", "taken_for_sent", N=2, SIGMA=sigma, LAMBDA=length)
        assert verdict == (Word.HOLDS if length >= 2 * sigma - 1 else Word.VIOLATED), (sigma, length)
