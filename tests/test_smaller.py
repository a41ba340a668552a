"""Which reductions a search makes, and which are refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.prop.property import Property, sanitizer
from oomcheck.result.exploration import Limits
from oomcheck.semantics.search import explore
from oomcheck.smaller import made_smaller, tuning_of
from oomcheck.ways import ALL, Reduction, Ways
from tests import toys

ASSERT = (sanitizer("assert"),)
ORDER, SYMMETRY = Reduction.ORDER, Reduction.SYMMETRY


def refused(ways: Ways, properties: tuple[Property, ...] = ASSERT, limits: Limits | None = None) -> str:
    """What is said where a reduction was demanded that would be unsound."""
    smaller = made_smaller(toys.philosophers(3), properties, ways)
    with pytest.raises(OomcheckError) as caught:
        tuning_of(smaller, ways, limits or Limits())
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "E0508"
    return diagnostic.message


def demanded(*reductions: Reduction) -> Ways:
    """These and no others."""
    return Ways(1, frozenset(reductions), frozenset(reductions))


def test_by_default_order_and_fusion() -> None:
    """Symmetry only where order cannot be reduced."""
    smaller = made_smaller(toys.philosophers(3), ASSERT, Ways())
    usual = tuning_of(smaller, Ways(), Limits())
    assert (usual.order, usual.fuse, usual.fold) == (True, True, False)
    assert tuning_of(smaller, Ways(reductions=ALL - {ORDER}), Limits()).fold
    bounded = tuning_of(smaller, Ways(), Limits(depth=3))
    assert (bounded.order, bounded.fold) == (False, True)


def test_none() -> None:
    """Without reductions only the room of values changes: the states are as many."""
    toy = toys.philosophers(3)
    ways = Ways(reductions=frozenset())
    smaller = made_smaller(toy, ASSERT, ways)
    tuning = tuning_of(smaller, ways, Limits())
    assert (smaller.reductions, tuning.reductions) == ((), ())
    everything = (sanitizer("unreachable"),)
    expected, found = (explore(system, everything, Limits()) for system in (toy, smaller.system))
    assert (found.states, found.transitions) == (expected.states, expected.transitions)


def test_order_is_refused_with_a_depth_limit() -> None:
    """Paths to what is within the limit may be left out."""
    assert "a depth limit counts the steps on shortest paths" in refused(demanded(ORDER), limits=Limits(depth=3))


def test_order_is_refused_for_a_timed_system() -> None:
    """Its clock reads nearly everything."""
    smaller = replace(
        made_smaller(toys.counter(3), ASSERT, demanded(ORDER)), system=replace(toys.counter(3), timed=True)
    )
    with pytest.raises(OomcheckError, match="depends on the clock"):
        tuning_of(smaller, demanded(ORDER), Limits())


def test_order_and_symmetry_exclude_each_other() -> None:
    """What order leaves out may differ between alike threads."""
    assert refused(demanded(ORDER, SYMMETRY)).startswith("symmetry is refused together with partial order")


def test_symmetry_is_refused_for_runs() -> None:
    """It keeps states, and `zeno` is about runs."""
    assert refused(demanded(SYMMETRY), (sanitizer("zeno"),)) == (
        "symmetry is refused: symmetry keeps states, not runs, and `zeno` is about runs"
    )
