"""Traces of runs: loops, fairness, times and costs, re-checked and told from hand-made systems."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oomcheck.evidence import EvidenceError, Subject, build_trace
from oomcheck.explicit import Explicit, Means
from oomcheck.ir.expr import FALSE, TRUE, Expr, Var, and_
from oomcheck.ir.sorts import BOOL
from oomcheck.ir.system import TransitionSystem
from oomcheck.lang.mode import Mode
from oomcheck.prop.formula import And, Atom, Formula, Not, always, eventually, leads_to
from oomcheck.prop.property import Kind, Part, Property
from oomcheck.prop.temporal import CostBound, Fairness, FairnessKind, Liveness, Response
from oomcheck.report.lanes import LaneOptions, render_trace
from oomcheck.result.codec import dump_trace, load_trace
from oomcheck.result.exploration import REST, Limits, Witness
from oomcheck.result.trace import Promise, Trace
from oomcheck.runs import search_runs
from oomcheck.transform.clock import clocked
from tests import strategies, toys
from tests.conftest import Golden
from tests.semantics.test_commute import lines

FLAG, OPENED, ASKED, ANSWERED = (Var(name, BOOL) for name in ("flag", "opened", "asked", "answered"))
BLINKER, VISITOR = toys.blinker(), toys.visitor()
SLEEPER = clocked(toys.sleeper(3), idle=True)
WHOLE = (0, 2, 2, 2, 1)
SUBJECT = Subject("m.oom", "s/c/p", "violated", 4, "explicit")
TIMED = replace(SUBJECT, mode=Mode(timed=True, slack=0))

quick = settings(max_examples=60, suppress_health_check=list(HealthCheck))


def live(*fairness: Fairness, of: Expr = FLAG, text: str = "true ~> flag") -> Property:
    """`true ~> of` under some fairness."""
    return Property("p", Kind.LEADS_TO, text=text, temporal=Liveness(leads_to(Atom(TRUE), Atom(of)), fairness))


def response(limit: int | None = None, answer: Expr = ANSWERED) -> Property:
    """The time from question to answer."""
    kind = Kind.BOUND if limit is None else Kind.WITHIN
    text = "asked ~> answered" if answer is ANSWERED else "asked ~> false"
    return Property("p", kind, text=text, temporal=Response(ASKED, answer, limit))


def cost(limit: int | None = None) -> Property:
    """The turns of the blinker."""
    return Property("p", Kind.BOUND, text="max turns", temporal=CostBound("turns", limit))


def fair(name: str, kind: FairnessKind, *steps: int) -> Fairness:
    """An assumption about some steps."""
    return Fairness(name, kind, frozenset(steps))


def told(system: TransitionSystem, prop: Property, witness: Witness, subject: Subject = SUBJECT) -> Trace:
    """The trace; it survives its file and fits the page."""
    trace = build_trace(system, prop, witness, subject)
    assert load_trace(dump_trace(trace), "t.json") == trace
    for width in (75, 40):
        assert max(map(len, render_trace(trace, LaneOptions(width=width)).splitlines())) <= width
    return trace


def test_loop() -> None:
    """The steps of the loop come after the stem, with the number of the last step before them."""
    fairness = (fair("a", FairnessKind.WEAK, 0, 1), fair("b", FairnessKind.WEAK, 2), fair("c", FairnessKind.STRONG))
    trace = told(BLINKER, live(*fairness), Witness((0,), loop=(1, 0)))
    assert ([step.choice for step in trace.steps], trace.loop) == ([0, 1, 0], 1)
    assert trace.promises == (
        Promise("a", "weak", "moves at step 2"),
        Promise("b", "weak", "cannot move after step 1"),
        Promise("c", "strong", "never enabled in the loop"),
    )
    assert trace.ending.message == "true in the initial state, and flag never follows"
    assert (trace.shortest, trace.timed, trace.value, trace.unit) == (False, False, None, "")
    assert [step.costs for step in trace.steps] == [(), (("turns", 1),), ()]


def test_rest() -> None:
    """A run that stops has a loop of no steps, and who owes a step cannot move any more."""
    trace = told(VISITOR, live(fair("t", FairnessKind.WEAK, 1), of=OPENED), Witness((), loop=(REST,)))
    assert (trace.steps, trace.loop) == ((), 0)
    assert trace.promises == (Promise("t", "weak", "cannot move any more"),)


def test_formulas() -> None:
    """A formula that is no response is told by its text; of a response, the first trigger without answer."""
    formula = always(eventually(Atom(FLAG)))
    prop = Property("p", Kind.LTL, text="G F flag", temporal=Liveness(formula))
    trace = told(BLINKER, prop, Witness((), loop=(0, 1)))
    assert trace.ending.message == "G F flag is false, its body in the initial state"
    stays = Property("p", Kind.LTL, text="G home", temporal=Liveness(always(Atom(BLINKER.at(0, 0)))))
    trace = told(BLINKER, stays, Witness((), loop=(0, 1)))
    assert trace.ending.message == "G home is false, its body after step 1"
    spelt = Property("p", Kind.LTL, text="G (home -> F flag)", temporal=live(of=FLAG).temporal)
    trace = told(BLINKER, spelt, Witness((), loop=(0, 1)))
    assert trace.ending.message == "G (home -> F flag) is false, its body in the initial state"
    fix = Property("p", Kind.LTL, text="F flag", temporal=Liveness(eventually(Atom(FLAG))))
    assert told(BLINKER, fix, Witness((), loop=(0, 1))).ending.message == "F flag is false"
    away = Liveness(leads_to(Atom(BLINKER.at(0, 1)), Atom(FLAG)))
    prop = Property("p", Kind.LEADS_TO, text="away ~> flag", temporal=away)
    assert told(BLINKER, prop, Witness((), loop=(0, 1))).ending.message == "away after step 1, and flag never follows"


def test_time(golden: Golden) -> None:
    """The extreme run of a bound tells its value; ticks carry their time."""
    trace = told(SLEEPER, response(), Witness(WHOLE), replace(TIMED, verdict="holds", value=3))
    assert (trace.value, trace.unit, trace.hz, trace.timed, trace.slack) == (3, "ticks", 10, True, 0)
    assert [step.ticks for step in trace.steps] == [0, 1, 1, 1, 0]
    assert trace.ending.message == "3 ticks (0.3 s): asked after step 1, answered after step 5"
    golden(render_trace(trace), "lanes/sleeper.txt")


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (WHOLE, "asked after step 1, answered follows 3 ticks (0.3 s) later; the limit is 2 ticks (0.2 s)"),
        (
            WHOLE[:4],
            "asked after step 1, answered has not followed 3 ticks (0.3 s) later; the limit is 2 ticks (0.2 s)",
        ),
    ],
)
def test_limit(steps: tuple[int, ...], message: str) -> None:
    """A limit that is exceeded is told with when the trigger was and how long it took."""
    trace = told(SLEEPER, response(2), Witness(steps), TIMED)
    assert trace.ending.message == message
    assert (trace.value, trace.loop) == (3, None)


def test_unbounded() -> None:
    """A time or cost without bound is a lasso."""
    trace = told(SLEEPER, response(answer=FALSE), Witness(WHOLE, loop=(2,)), TIMED)
    assert trace.ending.message == "asked after step 1, then time passes for ever and false never follows"
    assert (trace.value, trace.unit, trace.loop, trace.promises) == (None, "ticks", 5, ())
    trace = told(BLINKER, cost(), Witness((), loop=(0, 1)))
    assert trace.ending.message == "turns grows for ever: each round of the loop adds 1"
    assert (trace.value, trace.unit, trace.costs) == (None, "turns", ())


def test_costs() -> None:
    """A cost tells its sum, and the limit where it is exceeded."""
    subject = replace(SUBJECT, verdict="holds", value=2, mode=Mode(costs=frozenset({"turns"})))
    trace = told(BLINKER, cost(), Witness((0, 1, 0, 1)), subject)
    assert (trace.ending.message, trace.value, trace.unit) == ("turns amounts to 2", 2, "turns")
    assert trace.costs == ("turns",)
    trace = told(BLINKER, cost(1), Witness((0, 1, 0, 1)))
    assert trace.ending.message == "turns amounts to 2; the limit is 1"


def test_zeno() -> None:
    """A Zeno run tells that no time passes; every thread's turn is among the promises."""
    still = replace(BLINKER, processes=tuple(replace(p, slack=0) for p in BLINKER.processes))
    trace = told(clocked(still, idle=True), Property("zeno", Kind.SANITIZER), Witness((), loop=(0, 1)), TIMED)
    assert trace.ending.message == "no time passes in this loop of 2 steps, and nothing ends it"
    assert [(p.name, p.why) for p in trace.promises] == [("a", "moves at step 1"), ("b", "cannot move after step 1")]


def test_time_is_a_promise() -> None:
    """In a lasso with time, that time goes on is assumed and told."""
    prop = Property("p", Kind.LTL, text="F G asked", temporal=Liveness(Not(eventually(always(Atom(ASKED))))))
    trace = told(SLEEPER, prop, Witness(WHOLE, loop=(2,)), TIMED)
    assert trace.promises == (Promise("time", "progress", "passes at step 6"),)


@pytest.mark.parametrize(
    ("prop", "witness", "value", "problem"),
    [
        (response(), Witness(WHOLE), 4, "the response takes 3 ticks, not 4"),
        (response(), Witness(WHOLE[:-1], loop=(2,)), None, "step 5: transition 2 of time is not enabled"),
        (response(3), Witness(WHOLE), None, "the limit is 3, the path reaches only 3"),
        (live(of=ANSWERED), Witness(WHOLE, loop=(2,)), None, "the formula holds on the lasso"),
        (live(of=FALSE), Witness((0, 2), loop=(2,)), None, "the loop does not lead back to where it starts"),
    ],
)
def test_lies(prop: Property, witness: Witness, value: int | None, problem: str) -> None:
    """Evidence that is none is an internal error that says why."""
    with pytest.raises(EvidenceError, match=f"s/c/p: {problem}"):
        build_trace(SLEEPER, prop, witness, replace(TIMED, value=value))


def test_fewer_switches() -> None:
    """Stem and loop are each put in an order with few switches, as far as the property stays decided."""
    toy = lines(2, 3)
    done = toy.at(0, 3)
    quiet = Property("p", Kind.LTL, text="G false", temporal=Liveness(always(Not(Atom(done)))))
    trace = told(toy, quiet, Witness((0, 3, 1, 4, 2, 5), loop=(REST,)))
    assert [step.choice for step in trace.steps] == [0, 1, 2, 3, 4, 5]


def test_order_that_matters() -> None:
    """An order that the formula is about stays as it was found, although another one has fewer switches."""
    toy = lines(2, 2)
    late = Atom(and_(toy.at(0, 2), toy.at(1, 1)))
    early = And(Atom(and_(toy.at(0, 0), toy.at(1, 1))), eventually(late))
    prop = Property("p", Kind.LTL, text="b does not enclose a", temporal=Liveness(Not(eventually(early))))
    trace = told(toy, prop, Witness((2, 0, 1, 3), loop=(REST,)))
    assert [step.choice for step in trace.steps] == [2, 0, 1, 3]
    both = replace(prop, temporal=Liveness(Not(eventually(Atom(and_(toy.at(0, 2), toy.at(1, 2)))))))
    assert told(toy, both, Witness((2, 0, 1, 3), loop=(REST,))).switches == 1


formulas = st.recursive(
    strategies.booleans(1).map(Atom),
    lambda below: st.one_of(
        below.map(Not), below.map(always), below.map(eventually), st.builds(leads_to, below, below)
    ),
    max_leaves=4,
)


@quick
@given(toy=strategies.systems(), formula=formulas, reference=st.booleans(), data=st.data())
def test_what_a_search_finds_is_evidence(
    toy: TransitionSystem, formula: Formula, reference: bool, data: st.DataObject
) -> None:
    """Whatever a search over runs reports passes the re-check, whose algorithms share nothing with it."""
    kinds = st.sampled_from(FairnessKind)
    sets = st.frozensets(st.integers(0, len(toy.transitions) - 1), min_size=1, max_size=3)
    fairness = tuple(data.draw(st.lists(st.builds(Fairness, st.just("f"), kinds, sets), max_size=2)))
    part = Part("part", TRUE)
    props = [
        Property("live", Kind.LTL, temporal=Liveness(formula, fairness), antecedents=(part,)),
        Property("opposite", Kind.LTL, temporal=Liveness(Not(formula), fairness)),
    ]
    found = search_runs(toy, props, Limits(max_states=2000), explicit=None if reference else Explicit(Means()))
    for prop in props:
        finding = found.findings.get(prop.name)
        if finding is not None and finding.witness is not None:
            trace = told(toy, prop, finding.witness)
            assert trace.loop is not None
            assert len(trace.promises) == len(fairness)
