"""The native graph is the reference graph, number for number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oomcheck.analysis.graph import RunGraph
from oomcheck.ir.expr import TRUE, Expr
from oomcheck.ir.system import TransitionSystem
from oomcheck.native import survey as native
from oomcheck.prop.property import Property
from oomcheck.result.exploration import Exploration, Limits
from oomcheck.semantics import graph as reference
from oomcheck.semantics.graph import Survey
from tests import strategies, toys
from tests.conformance.test_engines import limits, thorough
from tests.native.workshop import build

conditions = st.lists(strategies.booleans(2), max_size=4)


def parts(found: Survey) -> tuple[object, ...]:
    """All that a survey says, in a form that compares."""
    graph: RunGraph = found.graph
    arrays = [graph.first, graph.target, graph.step, graph.parent, graph.found_by, graph.rests, graph.letter]
    exploration: Exploration = replace(found.exploration, seconds=0.0)
    return (*(list(numbers) for numbers in arrays), graph.masks, exploration)


@thorough
@given(system=strategies.systems(), asked=conditions, properties=strategies.properties(), limits=limits)
def test_equals_the_reference(
    system: TransitionSystem, asked: list[Expr], properties: tuple[Property, ...], limits: Limits
) -> None:
    """States, edges, letters and rests, with and without limits."""
    expected = reference.survey(system, asked, properties, limits)
    assert parts(native.survey(system, asked, properties, limits, build)) == parts(expected)


def test_arrays_outlive_the_call() -> None:
    """The arrays keep the memory of the native code; 2^10 states and twice as many letters in use."""

    def first_array(system: TransitionSystem, asked: Sequence[Expr]) -> Sequence[int]:
        return native.survey(system, asked, (), Limits(), build).graph.first

    toy = toys.counter(1000)
    assert list(first_array(toy, ()))[-3:] == [1000, 1001, 1001]


def test_too_many_conditions_are_refused() -> None:
    """A letter has 64 bits, and one of them is taken."""
    with pytest.raises(native.TooManyConditionsError, match="64 conditions"):
        native.survey(toys.counter(3), [TRUE] * 64, (), Limits(), build)
