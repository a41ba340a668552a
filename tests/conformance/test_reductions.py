"""Every corpus model natively, on 1, 2 and 5 threads, with each reduction and without: the same findings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from oomcheck.ir.system import TransitionSystem
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.lower import lower
from oomcheck.prop.property import SANITIZERS, sanitizer
from oomcheck.result.exploration import Exploration, Limits
from oomcheck.semantics import search as reference
from oomcheck.ways import ALL, Reduction, Ways
from tests.native.workshop import explore_in_ways
from tests.test_corpus import Params, cases

EVERYTHING = tuple(sanitizer(name) for name in SANITIZERS if name != "zeno")  # that one is about runs
#: Reference searches are slow; a model with more states is looked at by the tests of models.
LIMIT = Limits(max_states=1_500)
WAYS = {
    "none": Ways(1, frozenset()),
    "none, 2 threads": Ways(2, frozenset()),
    "none, 5 threads": Ways(5, frozenset()),
    **{
        reduction.value: Ways(1, frozenset([reduction])) for reduction in Reduction if reduction is not Reduction.FUSION
    },
    "fusion": Ways(2, frozenset([Reduction.ORDER, Reduction.FUSION])),
    "all": Ways(1, ALL),
    "all, 2 threads": Ways(2, ALL),
    "all, 5 threads": Ways(5, ALL),
}


def findings(found: Exploration) -> tuple[object, ...]:
    """All but the counts, which reductions change, and the time."""
    return found.stopped, found.witnesses, found.antecedents, found.covered, found.halted


def compare(system: TransitionSystem) -> None:
    """All ways of searching give the findings of the reference, unreduced ones also its counts."""
    expected = reference.explore(system, EVERYTHING, LIMIT)
    if expected.stopped:
        return
    for name, ways in WAYS.items():
        found = explore_in_ways(system, EVERYTHING, ways)
        if ways.reductions:
            assert findings(found) == findings(expected), name
            assert found.states <= expected.states, name
        else:
            assert replace(found, seconds=0.0) == replace(expected, seconds=0.0), name


@pytest.mark.parametrize(("path", "params"), list(cases()))
def test_corpus_model(path: Path, params: Params) -> None:
    """Witnesses, antecedents, statements that run, faults that end the behaviour."""
    compare(lower(load_model(path, dict(params))).system)
