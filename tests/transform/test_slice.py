"""Slicing: what makes no difference is gone, everything else stays as it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from oomcheck.ir.expr import FALSE, TRUE, Var, add, binary, eq, index
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import ArraySort, IntSort
from oomcheck.ir.system import Access, LockInfo, Observable, TransitionSystem, View
from oomcheck.prop.property import Kind, Property, sanitizer
from oomcheck.pygen.search import explore
from oomcheck.result.exploration import Limits
from oomcheck.transform.focus import focused
from oomcheck.transform.slice import sliced
from tests import strategies, toys
from tests.test_corpus import Params, cases
from tests.transform.answers import assert_same_answers, corpus_questions

COMPLETE = sanitizer("unreachable")
COUNT = Var("count", IntSort(0, 3))
LOG = Var("log", ArraySort(IntSort(0, 3), 2))


def logging(access: bool = True) -> TransitionSystem:
    """A thread counts to 3 and notes each number in one of two places; another one notes 2 in the second."""
    one = toys.number(1)
    note = index(LOG, binary(Op.MOD, COUNT, toys.number(2)))
    touch = (Access(note, True, False),) if access else ()
    other = (Access(index(LOG, one), True, False),) if access else ()
    steps = [
        toys.step(
            0, 0, 0, binary(Op.LT, COUNT, toys.number(3)), [(COUNT, add(COUNT, one)), (note, COUNT)], accesses=touch
        ),
        toys.step(1, 0, 1, writes=[(index(LOG, one), toys.number(2))], accesses=other),
    ]
    variables = [toys.variable("count", COUNT.sort), toys.variable("log", LOG.sort)]
    processes = [toys.process("a", 1, 0), toys.process("b", 2, 1)]
    return toys.system("logging", variables, processes, steps)


def test_a_log_that_nobody_reads_is_gone() -> None:
    """Four numbers and two locations are left; before, the second note told who was last, once both had written."""
    toy = logging()
    reduced = sliced(toy, [COMPLETE])
    assert reduced.gone == ("log[0]", "log[1]")
    assert [v.name for v in reduced.system.variables] == ["a.pc", "b.pc", "count"]
    assert [len(step.updates) for step in reduced.system.transitions] == [1, 0]
    assert (explore(toy, [COMPLETE], Limits()).states, explore(reduced.system, [COMPLETE], Limits()).states) == (10, 8)


def test_a_log_that_a_property_reads_stays() -> None:
    """And everything that it is computed from."""
    asked = [COMPLETE, Property("own", Kind.NEVER, eq(index(LOG, toys.number(0)), toys.number(2)))]
    reduced = sliced(logging(), asked)
    assert reduced.gone == ()
    assert reduced.system.transitions[0].updates == logging().transitions[0].updates


def test_races_on_what_is_gone_are_still_found() -> None:
    """The places of accesses stay, as a variable that holds nothing."""
    toy, asked = logging(), [COMPLETE, sanitizer("race")]
    reduced = sliced(toy, asked)
    (log,) = [v for v in reduced.system.variables if v.name == "log"]
    assert (log.sort, log.init) == (ArraySort(IntSort(0, 0), 2), (0, 0))
    assert_same_answers(toy, asked, reduced)
    assert explore(reduced.system, asked, Limits()).witnesses["race"].steps == (0,)


def test_transitions_keep_everything_but_updates() -> None:
    """Indices, processes, locations, guards, covers and costs are those of the system."""
    toy = logging()
    costly = replace(toy, transitions=tuple(replace(t, costs=(("c", 1),), ticks=1) for t in toy.transitions))
    for before, after in zip(costly.transitions, sliced(costly, [COMPLETE]).system.transitions, strict=True):
        assert replace(after, updates=before.updates, accesses=before.accesses) == before


def test_what_is_not_asked_for_is_out_of_focus() -> None:
    """Faults that neither halt nor are asked for, places, locks and reports are gone; indices of faults stay."""
    toy = logging()
    faults = tuple(
        replace(toys.fault(0, 0, FALSE, name, halts), index=i)
        for i, (name, halts) in enumerate([("uninit", False), ("null", True), ("range", False)])
    )
    lock = LockInfo("l", (TRUE, TRUE))
    steps = tuple(replace(step, acquire=toys.number(0)) for step in toy.transitions)
    full = replace(
        toy, faults=faults, locks=(lock,), transitions=steps, observables=(Observable(View.HELD, "l", TRUE),)
    )
    narrow = focused(full, [sanitizer("range")]).system
    assert [fault.index for fault in narrow.faults] == [1, 2]
    assert {step.acquire for step in narrow.transitions} == {None}
    assert narrow.locks == (LockInfo("l", (FALSE, FALSE)),)
    assert {step.accesses for step in narrow.transitions} == {()}
    assert narrow.observables == ()
    everything = focused(full, [sanitizer("lockdep"), sanitizer("race")]).system
    assert everything.locks == (lock,)
    assert [step.accesses for step in everything.transitions] == [step.accesses for step in toy.transitions]


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(strategies.systems(), strategies.properties())
def test_random_systems_give_the_same_answers(system: TransitionSystem, properties: tuple[Property, ...]) -> None:
    """The same witnesses, antecedents, covered statements and halting faults."""
    assert_same_answers(system, properties, sliced(system, properties))


@pytest.mark.parametrize(("path", "params"), list(cases())[::8])
def test_models_give_the_same_answers(path: Path, params: Params) -> None:
    """The same on models, with their specs' properties where they have some."""
    for system, properties in corpus_questions(path, params):
        assert_same_answers(system, properties, sliced(system, properties))
