"""Facts about counted systems: they hold, they are inductive, and they prove P7 for any number of threads."""

from __future__ import annotations

import pytest
import z3
from hypothesis import HealthCheck, assume, given, settings

from oomcheck.ir.expr import Expr, Var, and_
from oomcheck.ir.walk import subexpressions
from oomcheck.semantics.evaluate import evaluate
from oomcheck.smt.machine import Machine
from oomcheck.transform.counting.build import counted
from oomcheck.transform.counting.counted import Counted, instance
from oomcheck.transform.counting.counters import NUMBER
from oomcheck.transform.counting.facts import companions, invariants
from oomcheck.transform.counting.places import linear_invariants
from tests.analysis import alike
from tests.transform.counting import reachable
from tests.transform.victims import KILLED, SELF_OOM, bad, family

random_programs = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)

CLEARED = "count(victim.t at line 63: atomic_dec(oom_victims), mm == NULL)"  # between clear_bit() and atomic_dec()


def satisfiable(*conditions: z3.BoolRef) -> bool:
    """Whether there are values for which all of them hold."""
    solver = z3.Solver()
    solver.add(*conditions)
    answer = solver.check()
    assert answer != z3.unknown
    return bool(answer == z3.sat)


def broken(of: Counted, facts: list[Expr]) -> list[int]:
    """The steps that do not keep the facts; -1 stands for the initial state."""
    machine = Machine(of.system)
    now, then = ([frame.truth(fact) for fact in facts] for frame in (machine.current, machine.after))
    missed = z3.Not(z3.And(then))
    found = [step.index for step in of.system.transitions if satisfiable(*now, machine.taken(step), missed)]
    return [-1, *found] if satisfiable(machine.initial(machine.current), z3.Not(z3.And(now))) else found


def excludes_bad(of: Counted, facts: list[Expr]) -> bool:
    """Whether no state with all the facts has a negative count."""
    frame = Machine(of.system).current
    return not satisfiable(*map(frame.truth, facts), frame.truth(bad(of)))


@pytest.mark.parametrize("fix", ["V6_18", "V8"])
def test_facts_hold_for_one_and_two_threads(fix: str) -> None:
    """In all reachable states of the instances."""
    found = and_(*invariants(family(fix)))
    for small in (instance(family(fix), members) for members in (1, 2)):
        assert all(evaluate(found, state, small.slot) for state in reachable(small))


@random_programs
@given(alike.programs())
def test_facts_about_random_families_hold_and_are_inductive(program: alike.Program) -> None:
    """Four threads that run a random program, with references to each other."""
    of = counted(program.system(4), (), "t")
    assume(isinstance(of, Counted))
    assert isinstance(of, Counted)
    facts = invariants(of)
    small = instance(of, 4)
    assert all(evaluate(and_(*facts), state, small.slot) for state in reachable(small))
    assert broken(of, facts) == []


def test_the_count_is_a_sum_of_counters() -> None:
    """In 6.18, oom_victims is the number of threads in seven local states; v8 has no such equation."""
    about = [
        [fact for fact in linear_invariants(family(fix).system) if "oom_victims.value[0]" in str(fact)]
        for fix in ("V6_18", "V8")
    ]
    (equation,), none = about
    assert none == []
    counters = {node.name for node in subexpressions(equation) if isinstance(node, Var) and node.sort == NUMBER}
    assert len(counters) == 7
    names = {variable.name: variable.names[0] for variable in family("V6_18").system.variables}
    assert {names[counter] for counter in counters if "thread_flags.TIF_MEMDIE" not in names[counter]} == {CLEARED}


@pytest.mark.parametrize(("fix", "way"), [("V6_17", ""), ("V6_18", ""), ("V6_18", KILLED), ("V6_18", SELF_OOM)])
def test_the_count_is_never_negative_for_any_number_of_threads(fix: str, way: str) -> None:
    """The facts hold initially, each step keeps them, and they exclude a negative count: P7 is proved."""
    of = family(fix, way)
    facts = invariants(of)
    assert broken(of, facts) == []
    assert excludes_bad(of, facts)


def test_the_facts_of_v8_are_inductive_and_do_not_prove_it() -> None:
    """They do not exclude a negative count, which can happen."""
    of = family("V8")
    facts = invariants(of)
    assert broken(of, facts) == []
    assert not excludes_bad(of, facts)


def test_a_wrong_fact_is_not_kept() -> None:
    """That nobody starts holds initially, and the second step breaks it."""
    of = family("V6_18")
    assert broken(of, [*invariants(of), of.system.at(len(of.system.processes) - 1, 0)]) == [1]


def test_where_threads_mark_themselves_the_equations_do_not_suffice() -> None:
    """What is marked by itself and named by the killer is counted or not: it takes the globals beside it to tell."""
    of = family("V6_18", SELF_OOM)
    without = [fact for fact in invariants(of) if fact not in companions(of)]
    assert not excludes_bad(of, without)
