"""Every engine gives the same answers on random systems, and they are right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oomcheck.ir.system import TransitionSystem
from oomcheck.prop.property import Property, sanitizer
from oomcheck.pygen import search as generated
from oomcheck.result.exploration import Exploration, Limits
from oomcheck.semantics import search as reference
from oomcheck.semantics.replay import check_witness
from tests import oracle, strategies
from tests.native.workshop import Native

Engine = Callable[[TransitionSystem, tuple[Property, ...], Limits], Exploration]
ENGINES: dict[str, Engine] = {
    "reference": reference.explore,
    "pygen": generated.explore,
    "native": Native(1),
    "native on 2 threads": Native(2),
    "native on 5 threads": Native(5),
}

#: With `unreachable` among the properties no search ends early.
COMPLETE = sanitizer("unreachable")

thorough = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def everything(properties: tuple[Property, ...]) -> tuple[Property, ...]:
    """The properties, and a question that makes the search exhaustive."""
    return properties if COMPLETE in properties else (*properties, COMPLETE)


@pytest.mark.parametrize("name", ENGINES)
class TestEngine:
    """What each engine must do; a new engine adds one line to ENGINES."""

    @thorough
    @given(system=strategies.systems(), properties=strategies.properties())
    def test_agrees_with_oracle(self, name: str, system: TransitionSystem, properties: tuple[Property, ...]) -> None:
        """Counts, verdicts, distances and everything noted on the way are those of the oracle."""
        asked = everything(properties)
        found = ENGINES[name](system, asked, Limits())
        expected = oracle.answer(system, asked)
        assert found.stopped == ""
        assert (found.states, found.transitions, found.depth) == (expected.states, expected.transitions, expected.depth)
        assert found.witnesses.keys() == expected.decided
        assert (found.antecedents, found.covered, found.halted) == (
            expected.antecedents,
            expected.covered,
            expected.halted,
        )
        for prop, witness in found.witnesses.items():
            if prop != "lockdep":
                assert len(witness.steps) == expected.distance[prop]

    @thorough
    @given(system=strategies.systems(), properties=strategies.properties())
    def test_witnesses_are_real(self, name: str, system: TransitionSystem, properties: tuple[Property, ...]) -> None:
        """Each witness passes the check of the reference semantics."""
        found = ENGINES[name](system, everything(properties), Limits())
        for prop in properties:
            if prop.name in found.witnesses:
                assert check_witness(system, prop, found.witnesses[prop.name]) == ""


limits = st.builds(
    Limits, max_states=st.one_of(st.none(), st.integers(1, 40)), depth=st.one_of(st.none(), st.integers(0, 6))
)


@settings(thorough, max_examples=240)
@given(system=strategies.systems(), properties=strategies.properties(), limits=limits)
def test_engines_agree_under_limits(system: TransitionSystem, properties: tuple[Property, ...], limits: Limits) -> None:
    """Both engines stop at the same place for the same reason, with the same findings."""
    expected = reference.explore(system, properties, limits)
    found = generated.explore(system, properties, limits)
    assert replace(found, seconds=0.0) == replace(expected, seconds=0.0)


@thorough
@given(system=strategies.systems(), properties=strategies.properties())
def test_native_finds_what_the_reference_finds(system: TransitionSystem, properties: tuple[Property, ...]) -> None:
    """The same record for any number of threads, down to the path of each witness."""
    asked = everything(properties)
    expected = replace(reference.explore(system, asked, Limits()), seconds=0.0)
    for threads in (1, 2, 5):
        assert replace(Native(threads)(system, asked, Limits()), seconds=0.0) == expected


@settings(thorough, max_examples=240)
@given(system=strategies.systems(), properties=strategies.properties(), limits=limits)
def test_native_is_sound_under_limits(
    system: TransitionSystem, properties: tuple[Property, ...], limits: Limits
) -> None:
    """It stops for the reason that the reference stops for, visits as many states, and what it finds is real."""
    expected = reference.explore(system, everything(properties), limits)
    found = Native(2)(system, everything(properties), limits)
    assert (found.stopped, found.states, found.depth) == (expected.stopped, expected.states, expected.depth)
    assert found.witnesses.keys() >= expected.witnesses.keys()
    for prop in properties:
        if prop.name in found.witnesses:
            assert check_witness(system, prop, found.witnesses[prop.name]) == ""
