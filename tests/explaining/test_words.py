"""Sentences about runs: small forms, and that every run can be told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from oomcheck.evidence import Subject, build_trace
from oomcheck.explaining.endings import failed_parts
from oomcheck.explaining.explanation import Need, Order, Place
from oomcheck.explaining.orders import decided, pairs, windows_of
from oomcheck.explaining.reduced import Question
from oomcheck.explaining.story import story_of
from oomcheck.explaining.words import Told, done, listed, paragraph, quoted, where
from oomcheck.ir.expr import Expr, and_
from oomcheck.ir.system import TransitionSystem
from oomcheck.prop.property import Kind, Property, sanitizer
from oomcheck.result.exploration import Limits
from oomcheck.result.trace import Step
from oomcheck.result.verdict import Word
from oomcheck.semantics.search import explore
from tests import toys
from tests.explaining.samples import searcher
from tests.report.traces import uninit_trace
from tests.strategies import booleans, systems


@pytest.mark.parametrize(
    ("texts", "told"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_listed(texts: list[str], told: str) -> None:
    """Lists have commas and one `and`."""
    assert listed(texts) == told


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (Place("mm/oom_kill.c:f", "m.oom", 3), "mm/oom_kill.c:f"),
        (Place("", "m.oom", 3), "m.oom:3"),
        (Place(), ""),
    ],
)
def test_where(place: Place, told: str) -> None:
    """The kernel reference is best, the line of the model comes next."""
    assert where(place) == told


def test_quoted() -> None:
    """A step with number, place and remarks; a step without a place has none."""
    step = Step(3, "t", 0, "x = 1 ", "m.oom", 7, "", ())
    assert quoted(step) == "`x = 1` (step 3, m.oom:7)"
    assert quoted(step, ["x becomes 1"]) == "`x = 1` (step 3, m.oom:7; x becomes 1)"
    assert quoted(Step(3, "t", 0, "x = 1", "", 0, "", ())) == "`x = 1` (step 3)"


def test_done() -> None:
    """What a run does depends on the verdict."""
    trace = uninit_trace()
    assert done(trace, alone=False) == "violated no_uninit"
    assert done(replace(trace, verdict="covered"), alone=False) == "reached no_uninit"
    assert done(replace(trace, verdict="holds"), alone=False) == "come to the worst value of no_uninit"
    assert done(trace, alone=True) == "ended like this"


def told_of(system: TransitionSystem, prop: Property) -> Told | None:
    """The shortest run that violates a property, and its orders."""
    witness = explore(system, [prop], Limits()).witnesses.get(prop.name)
    question = Question(system, prop)
    if witness is None:
        return None
    word = Word.COVERED if prop.kind is Kind.COVER else Word.VIOLATED
    trace = build_trace(system, prop, witness, Subject("m.oom", "m/c/p", word.value, 1, "reference"))
    story = story_of(question, type(witness)(tuple(step.choice for step in trace.steps), witness.fault, witness.racing))
    if story is None:
        return None
    found: tuple[Order, ...] = tuple(decided(pair, story, searcher()) for pair in pairs(story))
    return Told(trace, story, found, windows_of(story, found), failed_parts(story))


@settings(max_examples=40)
@given(system=systems(), bad=booleans(2))
def test_every_run_can_be_told(system: TransitionSystem, bad: Expr) -> None:
    """Sentences end with a full stop, and a needed order that is a matter of luck is told once."""
    for prop in (
        Property("bad", Kind.NEVER, bad),
        Property("bad", Kind.COVER, bad),
        sanitizer("race"),
        sanitizer("uninit"),
    ):
        told = told_of(system, prop)
        if told is None:
            continue
        sentences = paragraph(told)
        assert all(sentence.endswith(".") for sentence in sentences), sentences
        lucky = [order for order in told.orders if order.need is Need.NEEDED and order.free]
        assert sum("Had step" in sentence for sentence in sentences) == bool(lucky)


@pytest.mark.parametrize(
    ("order", "told"),
    [
        (
            Order(1, 2, "x", Need.NEEDED, None),
            "No run does without step 2 after step 1; whether the model allows another order is not known.",
        ),
        (Order(1, 2, "x", Need.NEEDED, False), "The model itself forces step 2 after step 1."),
        (
            Order(1, 2, "x", Need.NEEDED, True),
            "Had step 2 come before step 1, no run would have violated bad; all runs were searched. "
            "The model allows either order.",
        ),
    ],
)
def test_otherwise(order: Order, told: str) -> None:
    """What is said of an order that is needed depends on whether the model allows the other one."""
    toy = toys.increments()
    found = told_of(toy, Property("bad", Kind.NEVER, and_(toy.at(0, 1), toy.at(1, 1))))
    assert found is not None
    assert paragraph(replace(found, orders=(order,), windows=()))[-1] == told


def test_orders_left_open() -> None:
    """Beside needed orders, those that are not known are counted, with the reason of the first."""
    toy = toys.increments()
    found = told_of(toy, Property("bad", Kind.NEVER, and_(toy.at(0, 1), toy.at(1, 1))))
    assert found is not None
    orders = [Order(1, 2, "x", Need.NEEDED, True), Order(1, 2, "y", Need.UNDECIDED, None, "no time")]
    sentences = paragraph(replace(found, orders=tuple(orders)))
    assert sentences[-1] == "Whether one more order is needed is not known (no time)."
    sentences = paragraph(replace(found, orders=(*orders, orders[1])))
    assert sentences[-1] == "Whether 2 more orders are needed is not known (no time)."
    assert (
        paragraph(replace(found, orders=(orders[1],)))[0] == "Which orders of steps are needed is not known (no time)."
    )
