"""Random timed programs: countdowns and ticks show what a run by absolute time does."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from oomcheck.lang.mode import Mode
from oomcheck.transform.clock import clocked
from tests.timed import lowered, reachable, sights, slots
from tests.transform.programs import VARIABLES, Program, model, programs, run

HORIZON = 9


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(programs())
def test_the_clock_agrees_with_absolute_time(program: Program) -> None:
    """The same values of the variables at each instant up to the horizon."""
    system = clocked(lowered(model(program), Mode(timed=True)).system, idle=True)
    assert sights(system, VARIABLES, HORIZON) == run(program, HORIZON)


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(programs())
def test_time_only_takes_behaviour_away(program: Program) -> None:
    """Values seen in time are seen without; idle ticks lead nowhere new."""
    text = model(program)
    base = lowered(text, Mode(timed=True)).system
    system, untimed = clocked(base), lowered(text).system
    states = reachable(system)
    assert reachable(clocked(base, idle=True)) == states
    shown, free = slots(system, VARIABLES), slots(untimed, VARIABLES)
    seen = {tuple(state[slot] for slot in shown) for state in states}
    assert seen <= {tuple(state[slot] for slot in free) for state in reachable(untimed)}
