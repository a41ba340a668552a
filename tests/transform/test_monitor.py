"""Response times by a monitor in the system, and by longest paths in its graph: two ways to one answer."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oomcheck.analysis.longest import Greatest, Unbounded, greatest_time
from oomcheck.ir.expr import Expr, Index, Lit, eq, not_
from oomcheck.ir.sorts import IntSort, scalar_of
from oomcheck.ir.system import TransitionSystem
from oomcheck.lang.mode import Mode
from oomcheck.prop.property import Kind, Property
from oomcheck.prop.temporal import Response
from oomcheck.pygen.graph import survey
from oomcheck.pygen.search import explore
from oomcheck.result.exploration import Limits
from oomcheck.semantics.evident import check_run
from oomcheck.transform.clock import clocked
from oomcheck.transform.monitor import monitored
from tests.timed import lowered
from tests.transform.programs import Program, model, programs


def condition(system: TransitionSystem, name: str, value: int) -> Expr:
    """That a variable of the program has a value."""
    variable = next(v for v in system.variables if v.name == name)
    place = Index(variable.var, Lit(0, IntSort(0, 0))) if len(variable.names) > 1 else variable.var
    return eq(place, Lit(value, scalar_of(variable.sort)))


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(programs(), st.data())
def test_monitor_and_longest_path_agree(program: Program, data: st.DataObject) -> None:
    """The monitor is late for each limit below the greatest time and for no other; its path is a witness."""
    system = clocked(lowered(model(program), Mode(timed=True)).system, idle=True)
    shared = sorted(v.name for v in system.variables if not v.quiet and v.owner is None)
    names = st.sampled_from(shared)
    trigger = condition(system, data.draw(names), data.draw(st.integers(0, 1)))
    response = condition(system, data.draw(names), data.draw(st.integers(0, 1)))
    if data.draw(st.booleans()):
        response = not_(response)
    found = survey(system, [trigger, response], (), Limits())
    worst = greatest_time(found.graph, 0, 1, {step.index: step.ticks for step in system.transitions})
    for limit in range(6):
        watched = monitored(system, trigger, response, limit)
        result = explore(watched.system, [Property("late", Kind.NEVER, watched.late)], Limits())
        witness = result.witnesses.get("late")
        match worst:
            case None:
                assert witness is None
            case Unbounded():
                assert witness is not None
            case Greatest(value=value):
                assert (witness is not None) == (value > limit)
        if witness is not None:
            asked = Property("within", Kind.WITHIN, temporal=Response(trigger, response, limit))
            assert check_run(system, asked, witness) == ""
