"""Bounded model checking finds what the reference search finds, with witnesses of the same length."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from oomcheck.ir.system import TransitionSystem
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.lower import lower
from oomcheck.prop.property import SANITIZERS, Property, sanitizer
from oomcheck.result.exploration import Exploration, Limits
from oomcheck.semantics import search as reference
from oomcheck.semantics.replay import check_witness
from oomcheck.smt.bmc import NOTHING_DEEPER, Answer, bmc_many
from oomcheck.smt.goals import Aim, Goal, circle, goals, is_supported
from oomcheck.smt.outcome import Budget, Refutation, UpTo
from oomcheck.smt.witness import witness
from oomcheck.transform.narrow import narrowed
from tests import strategies
from tests.test_corpus import Params, cases

#: Random systems; OOMCHECK_SYSTEMS=2000 draws more.
SYSTEMS = int(os.environ.get("OOMCHECK_SYSTEMS", "150"))
#: Steps that a model of the corpus is unrolled for.
DEPTH = int(os.environ.get("OOMCHECK_DEPTH", "8"))
COMPLETE = sanitizer("unreachable")  # with it no search ends early


def reached(answers: dict[Goal, Answer], aim: Aim) -> dict[Goal, tuple[int, ...]]:
    """The goals with an aim that can be reached, with their paths."""
    return {
        goal: answer.steps for goal, answer in answers.items() if goal.aim is aim and isinstance(answer, Refutation)
    }


def assert_agrees(
    system: TransitionSystem, properties: tuple[Property, ...], found: Exploration, answers: dict[Goal, Answer]
) -> None:
    """The answers are those of an exhaustive search."""
    decided = {goal.prop: len(steps) for goal, steps in reached(answers, Aim.DECIDES).items()}
    orders = {goal.edge: steps for goal, steps in reached(answers, Aim.EDGE).items() if goal.edge is not None}
    cycle = circle(orders)
    by_cycle = {"lockdep"} if cycle else set()
    assert found.witnesses.keys() - {COMPLETE.name} == decided.keys() | by_cycle
    for name, length in decided.items():
        if not found.witnesses[name].cycle:
            assert length == len(found.witnesses[name].steps)
    assert {(goal.prop, goal.number) for goal in reached(answers, Aim.ANTECEDENT)} == found.antecedents
    assert {goal.prop for goal in reached(answers, Aim.HALT)} == found.halted
    paths: dict[str, tuple[tuple[int, ...], ...]] = {
        goal.prop: (steps,) for goal, steps in reached(answers, Aim.DECIDES).items()
    }
    paths |= {"lockdep": tuple(orders[edge] for edge in cycle)} if cycle else {}
    for prop in properties:
        if prop.name in paths:
            assert check_witness(system, prop, witness(system, prop, *paths[prop.name])) == ""


@settings(max_examples=SYSTEMS, deadline=None, suppress_health_check=list(HealthCheck))
@given(system=strategies.systems(), properties=strategies.properties())
def test_agrees_with_the_reference(system: TransitionSystem, properties: tuple[Property, ...]) -> None:
    """Random systems, as deep as they are: what is violated, covered and noted, and how many steps away."""
    found = reference.explore(system, (*properties, COMPLETE), Limits())
    asked = goals(system, properties)
    assert set(asked.unsupported) == {prop.name for prop in properties if not is_supported(prop)}
    answers = dict(bmc_many(system, {goal: goal.bad for goal in asked.goals}, Budget(depth=found.depth)))
    assert_agrees(system, properties, found, answers)
    for answer in answers.values():
        if not isinstance(answer, Refutation):
            assert isinstance(answer, UpTo)
            assert answer.depth == found.depth or answer.reason == NOTHING_DEEPER


@pytest.mark.parametrize(("path", "params"), list(cases()))
def test_agrees_on_the_corpus(path: Path, params: Params) -> None:
    """Models of the corpus, for some steps: what is violated within so many, and how many it takes."""
    properties = tuple(sanitizer(name) for name in SANITIZERS)
    system = lower(load_model(path, dict(params))).system
    found = reference.explore(system, properties, Limits(depth=DEPTH))
    small = narrowed(system, properties)
    asked = goals(small.system, small.properties)
    answers = dict(bmc_many(small.system, {goal: goal.bad for goal in asked.goals}, Budget(depth=DEPTH)))
    assert_agrees(system, properties, found, answers)
