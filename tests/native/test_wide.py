"""Wide states, which the native engine keeps folded: what is found is the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oomcheck.ir.sorts import IntSort
from oomcheck.ir.system import TransitionSystem
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.lower import lower
from oomcheck.native.engine import FOLDED, core_for
from oomcheck.native.layout import NARROW, WIDEST, lay_out
from oomcheck.prop.property import SANITIZERS, Property, sanitizer
from oomcheck.pygen import search as generated
from oomcheck.result.exploration import Limits
from oomcheck.semantics import search as reference
from oomcheck.semantics.replay import check_witness
from tests import strategies, toys
from tests.native.workshop import Native

MODELS = Path(__file__).parents[2] / "models"
COMPLETE = sanitizer("unreachable")
PAD = IntSort(0, 2 ** (WIDEST - 2))

thorough = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def padded(system: TransitionSystem, pads: int) -> TransitionSystem:
    """The system with large constants between its variables, which come to lie in words far from each other."""
    variables = list(system.variables)
    for number in range(pads):
        place = (2 * number + 1) % (len(variables) + 1)
        variables.insert(place, toys.variable(f"pad{number}", PAD, 2**number % PAD.hi))
    return replace(system, variables=tuple(variables))


wide = st.builds(padded, strategies.systems(), st.sampled_from([5, 8, 63, 100]))


def test_one_core_for_all_wide_states() -> None:
    """Up to four words each width has its own core; from five on there is one for all."""
    assert [core_for(words) for words in (1, NARROW, NARROW + 1, 100)] == [1, NARROW, FOLDED, FOLDED]


@thorough
@given(system=wide, properties=strategies.properties())
def test_wide_systems_are_searched_exactly(system: TransitionSystem, properties: tuple[Property, ...]) -> None:
    """The record of the reference for any number of threads, down to the path of each witness."""
    asked = (*(p for p in properties if p != COMPLETE), COMPLETE)
    assert lay_out(system, ()).words > NARROW
    expected = replace(reference.explore(system, asked, Limits()), seconds=0.0)
    for threads in (1, 2, 5):
        assert replace(Native(threads)(system, asked, Limits()), seconds=0.0) == expected


limits = st.builds(
    Limits, max_states=st.one_of(st.none(), st.integers(1, 40)), depth=st.one_of(st.none(), st.integers(0, 6))
)


@thorough
@given(system=wide, properties=strategies.properties(), limits=limits)
def test_limits_hold_for_wide_systems(
    system: TransitionSystem, properties: tuple[Property, ...], limits: Limits
) -> None:
    """A folded search stops where the reference stops, and what it has found by then is real."""
    asked = (*(p for p in properties if p != COMPLETE), COMPLETE)
    expected = reference.explore(system, asked, limits)
    found = Native(2)(system, asked, limits)
    assert (found.stopped, found.states, found.depth) == (expected.stopped, expected.states, expected.depth)
    for prop in properties:
        if prop.name in found.witnesses:
            assert check_witness(system, prop, found.witnesses[prop.name]) == ""


@pytest.mark.parametrize("name", ["oom_series_v5", "oom_v6_17", "suspend", "reaper_queue"])
def test_kernel_models_are_searched_exactly(name: str) -> None:
    """Generated Python and the folded search say the same of every level near the start of a real model."""
    system = lower(load_model(MODELS / f"{name}.oom", {})).system
    asked = tuple(sanitizer(one) for one in SANITIZERS)
    within = Limits(depth=20)
    expected = replace(generated.explore(system, asked, within), seconds=0.0)
    assert replace(Native(2)(system, asked, within), seconds=0.0) == expected
