"""Search and proof side by side."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from oomcheck.ir.expr import Var, binary, eq
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import IntSort
from oomcheck.portfolio import SETTLED, Aside, open_ended
from oomcheck.proofs import Asked, Established, Reached
from oomcheck.prop.property import Kind, Property
from oomcheck.result.exploration import Exploration, Limits
from oomcheck.semantics.search import explore
from oomcheck.smt.targets import Method
from oomcheck.transform.instantiate import instantiated
from tests import toys
from tests.smt.small import left_out, walker
from tests.toys import number

COUNT = Var("n", IntSort(0, 3))
BELOW = Property("below", Kind.INVARIANT, binary(Op.LE, COUNT, number(3)))
TWO = Property("two", Kind.NEVER, eq(COUNT, number(2)))
TOY = toys.counter(3)


def waited(aside: Aside) -> str:
    """What the search is told once the proofs had time enough."""
    end = time.monotonic() + 60
    while not (reason := aside.stop()) and time.monotonic() < end:
        time.sleep(0.02)
    return reason


def test_a_search_stops_when_all_is_proved() -> None:
    """The proofs end it, and are there to be used."""
    aside = Aside(Asked(TOY, TOY, (BELOW, TWO), (), Method.AUTO), None, head_start=0)
    try:
        assert waited(aside) == SETTLED
        assert isinstance(aside.settled["below"].known, Established)
        assert isinstance(aside.settled["two"].known, Reached)
    finally:
        aside.close()


def test_a_search_has_a_head_start() -> None:
    """No process starts for a search that is soon over."""
    aside = Aside(Asked(TOY, TOY, (BELOW,), (), Method.AUTO), None, head_start=600)
    assert aside.stop() == ""
    assert aside.settled == {}
    aside.close()


def test_what_the_user_says_comes_first() -> None:
    """The reason of the caller is passed on."""
    aside = Aside(Asked(TOY, TOY, (BELOW,), (), Method.AUTO), lambda: "interrupted", head_start=0)
    assert aside.stop() == "interrupted"
    aside.close()


def test_an_open_end_does_not_stop_a_search() -> None:
    """A proof engine that gave up is no answer."""
    limits = Limits(max_memory=1)
    asked = Asked(TOY, TOY, (BELOW,), (), Method.AUTO, limits, rlimit=1)
    aside = Aside(asked, None, head_start=0)
    try:
        assert aside.stop() == ""
        aside.wait()
        if not isinstance(aside.settled["below"].known, Established):
            assert aside.stop() == ""
    finally:
        aside.close()


def skipping(start: int) -> tuple[Asked, list[Mapping[str, int]]]:
    """Whether a walker over N units leaves one out; with the sizes that are searched."""
    toy = walker(start=start)
    prop = Property("left_out", Kind.NEVER, left_out(toy))
    return Asked(toy, toy, (prop,), (), Method.AUTO), []


def searching(
    asked: Asked, sizes: list[Mapping[str, int]], values: Mapping[str, int], names: Sequence[str]
) -> Exploration:
    """An instance, searched by the reference semantics."""
    sizes.append(values)
    system, properties = instantiated(asked.system, values, asked.properties)
    return explore(system, [prop for prop in properties if prop.name in names], Limits())


def test_every_size_is_proved_and_small_ones_are_searched() -> None:
    """The walker leaves nothing out, whatever N is; the smallest sizes were looked at all the same."""
    asked, sizes = skipping(0)
    found = open_ended(asked, lambda values, names: searching(asked, sizes, values, names), None)
    assert sizes == [{"N": 1}, {"N": 2}, {"N": 3}]
    assert found.seen == {}
    assert isinstance(found.settled["left_out"].known, Established)
    assert found.settled["left_out"].known.invariant.open == ("N >= 1",)


def test_a_violation_is_found_by_search() -> None:
    """The smallest size at which the walker leaves out a unit is the first."""
    asked, sizes = skipping(1)
    found = open_ended(asked, lambda values, names: searching(asked, sizes, values, names), None)
    assert sizes == [{"N": 1}]
    assert found.seen["left_out"].values == {"N": 1}


def test_without_sizes_a_counterexample_is_searched_for_at_its_values() -> None:
    """What a proof engine finds is found again before it counts."""
    asked, sizes = skipping(1)
    found = open_ended(asked, lambda values, names: searching(asked, sizes, values, names), None, sizes=0)
    assert isinstance(found.settled["left_out"].known, Reached)
    assert sizes == [{"N": 1}]
    assert found.seen["left_out"].values == {"N": 1}


def test_a_caller_who_stops_gets_what_there_is() -> None:
    """Nothing positive comes of a proof that was not finished."""
    asked, sizes = skipping(0)
    found = open_ended(asked, lambda values, names: searching(asked, sizes, values, names), lambda: "interrupted", 0)
    known = found.settled["left_out"].known
    assert not isinstance(known, Reached)
    assert sizes == []
