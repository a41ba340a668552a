"""Z3 has the state graphs of the search, each of them whole: the same states, steps and conditions.

So of a row about states Z3 has a verdict of its own, which is the one that the spec expects. Of a row about runs it
shows that the search was over the right graph, as the algorithms on it know no more than what is compared here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from oomcheck.analysis.graph import RunGraph
from oomcheck.check import planned
from oomcheck.explicit import Explicit, Means
from oomcheck.ir.expr import FALSE, TRUE, Expr, not_
from oomcheck.ir.system import ASSUME, Transition, TransitionSystem
from oomcheck.prop.buchi import translate
from oomcheck.prop.formula import Not
from oomcheck.prop.property import Kind, Property, sanitizer
from oomcheck.prop.temporal import Liveness, Response
from oomcheck.readings import Readings, key_of
from oomcheck.records import dataclass
from oomcheck.result.exploration import Limits
from oomcheck.rows import Options
from oomcheck.semantics.evident import assumed, is_about_runs
from oomcheck.smt.goals import Aim, Goal, Goals, circle, goals, is_supported
from oomcheck.transform.enabled import some_ends
from tests.models.agreement import NAMES, table
from tests.models.state_graph import DifferError, same_graph
from tests.models.suites import model_of, spec_of
from tests.toys import both_critical, peterson, philosophers, use_after_free

#: Whether to compare all graphs, which takes half an hour: OOMCHECK_AGREEMENT=1.
ALL = bool(os.environ.get("OOMCHECK_AGREEMENT"))
#: States of the graphs that are compared in each run.
FEW = 300
#: Conditions that a search notes of each state.
MOST = 60


@dataclass(frozen=True, slots=True)
class Subject:
    """Rows about one system: each with its property and the verdict that is expected."""

    system: TransitionSystem
    rows: Mapping[str, tuple[Property, str]]
    about_runs: bool


def subjects(name: str, wanted: frozenset[str]) -> Iterator[Subject]:
    """The systems that some rows of a spec are about."""
    spec = spec_of(name)
    names = tuple(f"{spec.stem}/{row}" for row in wanted)
    options = Options(engine="explicit", select=names)
    files, _, planned_rows = planned(model_of(spec), (spec,), options)
    for group in Readings(files, options).groups(planned_rows, lambda: False):
        asked = {
            row.identity.partition("/")[2]: (group.typed[key_of(row)], row.check.expect or "")
            for row in (planned_rows[n] for n in group.rows)
            if row.identity in names
        }
        for about_runs in (False, True):
            chosen = {row: one for row, one in asked.items() if is_about_runs(one[0]) is about_runs}
            if chosen:
                yield Subject(group.system(about_runs), chosen, about_runs)


def compared(subject: Subject, most: int) -> tuple[int, dict[str, str]] | None:
    """States of the graph, and of each row what is wrong; None if there are more than `most`. Raises DifferError."""
    properties = [prop for prop, _ in subject.rows.values()]
    asked = goals(subject.system, [prop for prop in properties if is_supported(prop)])
    needed = [condition for prop in properties for condition in noted(subject.system, prop)]
    states = [goal.bad for goal in asked.goals if goal.aim is not Aim.EDGE]
    told = list(dict.fromkeys([*needed, *states]))[:MOST]
    assert set(needed) <= set(told)
    graph = graph_of(subject.system, told, most)
    if graph is None:
        return None
    conditions = list(dict.fromkeys([*told, *(goal.bad for goal in asked.goals)]))
    somewhere = dict(zip(conditions, same_graph(subject.system, graph, conditions, len(told)), strict=True))
    reached = frozenset(goal for goal in asked.goals if somewhere[goal.bad])
    found = {row: wrong(asked, prop, expected, reached) for row, (prop, expected) in subject.rows.items()}
    return graph.states, found


def graph_of(system: TransitionSystem, conditions: list[Expr], most: int) -> RunGraph | None:
    """The graph of a search that leaves nothing out; None if it has more than `most` states."""
    found, _ = Explicit(Means()).survey(system, conditions, [], Limits(max_states=most))
    assert not found.exploration.stopped or found.graph.states > most // 2
    return None if found.exploration.stopped else found.graph


def noted(system: TransitionSystem, prop: Property) -> Iterator[Expr]:
    """The conditions on states that a property about runs looks at."""
    match prop.temporal:
        case Liveness(formula=formula):
            yield from translate(Not(formula)).atoms
        case Response(trigger=trigger, response=response):
            yield from (trigger, response)
        case _:
            pass
    yield from (end for one in assumed(system, prop) if (end := some_ends(system, one.steps)) != FALSE)


def wrong(asked: Goals, prop: Property, expected: str, reached: frozenset[Goal]) -> str:
    """What Z3 says of a row if that is not what is expected; nothing of a row that states do not decide."""
    if not is_supported(prop):
        return ""
    said = verdict(asked, prop, reached)
    return "" if said == ("holds" if expected == "proved" else expected) else said


def verdict(asked: Goals, prop: Property, reached: frozenset[Goal]) -> str:
    """The verdict on a property about states, if these goals are all that can be reached."""
    edges = [goal.edge for goal in asked.of(prop.name, Aim.EDGE) if goal in reached and goal.edge is not None]
    is_cover = prop.kind is Kind.COVER
    if reached.intersection(asked.of(prop.name)) or circle(edges):
        return "covered" if is_cover else "violated"
    ends = [goal.prop for goal in reached if goal.aim is Aim.HALT and goal.prop != ASSUME]
    if ends:
        return f"behaviour ends: {ends[0]}"
    if len(reached.intersection(asked.of(prop.name, Aim.ANTECEDENT))) < len(prop.antecedents):
        return "vacuous"
    return "unreachable" if is_cover else "holds"


@pytest.mark.parametrize("name", NAMES)
def test_z3_has_the_graph_of_the_search(name: str) -> None:
    """The same states, steps and conditions; and by Z3 alone the verdict of each row about states."""
    lines = {row: one.states for row, one in table()[name].items() if one.states is not None}
    most = max(lines.values(), default=0) if ALL else FEW
    wanted = frozenset(row for row, states in lines.items() if states <= most)
    if not wanted:
        return
    seen = {}
    for subject in subjects(name, wanted):
        found = compared(subject, most)
        assert found is not None, f"{sorted(subject.rows)}: more than {most} states"
        assert {row: said for row, said in found[1].items() if said} == {}
        seen.update(dict.fromkeys(subject.rows, found[0]))
    assert seen == {row: lines[row] for row in wanted}


# ---------------------------------------------------------------- whether a difference is noticed


def changed(system: TransitionSystem, number: int, **fields: object) -> TransitionSystem:
    """A system with another transition of this number."""
    steps: list[Transition] = list(system.transitions)
    steps[number] = replace(steps[number], **fields)  # type: ignore[arg-type]
    return replace(system, transitions=tuple(steps))


def complete(system: TransitionSystem, conditions: list[Expr]) -> RunGraph:
    """The graph of a small system."""
    graph = graph_of(system, conditions, 1000)
    assert graph is not None
    return graph


def test_the_same_graph_is_the_same() -> None:
    """Mutual exclusion: no state has both inside, as Z3 says of a graph that it shares with the search."""
    toy = peterson()
    bad = both_critical(toy)
    assert same_graph(toy, complete(toy, [bad]), [bad, not_(bad)], 1) == (False, True)


def test_a_bad_state_is_seen() -> None:
    """Without the turn both get in."""
    toy = peterson(broken=True)
    bad = both_critical(toy)
    assert same_graph(toy, complete(toy, [bad]), [bad], 1) == (True,)


@pytest.mark.parametrize("number", range(len(peterson().transitions)))
def test_another_guard_or_effect_is_noticed(number: int) -> None:
    """Each step matters: if the search had another one, its graph would not be the one of Z3."""
    toy = peterson()
    step = toy.transitions[number]
    others = [changed(toy, number, guard=FALSE), changed(toy, number, target=step.origin)]
    if step.guard != TRUE:
        others.append(changed(toy, number, guard=not_(step.guard)))
    if step.updates:
        others.append(changed(toy, number, updates=()))
    for other in others:
        with pytest.raises(DifferError):
            same_graph(toy, complete(other, []), [], 0)


def test_another_condition_is_noticed() -> None:
    """The search noted where both are inside, and Z3 is asked for the opposite."""
    toy = peterson()
    bad = both_critical(toy)
    with pytest.raises(DifferError, match="conditions in state 0"):
        same_graph(toy, complete(toy, [bad]), [not_(bad)], 1)


def test_a_graph_of_another_size_is_noticed() -> None:
    """Two threads that count, and three."""
    with pytest.raises(DifferError):
        same_graph(philosophers(2), complete(philosophers(3), []), [], 0)


def test_the_verdict_is_that_of_the_goals() -> None:
    """A fault that ends behaviour violates its sanitizer, and leaves nothing to say of the others."""
    toy = use_after_free()
    lifetime, null = sanitizer("lifetime"), sanitizer("null")
    found = compared(Subject(toy, {"a": (lifetime, "violated"), "b": (null, "holds")}, False), 100)
    assert found is not None
    assert found[1] == {"a": "", "b": "behaviour ends: lifetime"}
    wrong_row = compared(Subject(toy, {"a": (lifetime, "holds")}, False), 100)
    assert wrong_row is not None
    assert wrong_row[1] == {"a": "violated"}
