"""Properties about runs as questions about states: the same answers as a search for lassos, and real lassos."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings

from oomcheck import reference
from oomcheck.analysis.product import EVERYTHING
from oomcheck.explicit import Explicit, Means
from oomcheck.ir.expr import FALSE, TRUE, Var, add, binary, eq
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, IntSort
from oomcheck.ir.system import ProcessKind, TransitionSystem
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.load import read_spec
from oomcheck.lang.lower import lower
from oomcheck.lang.mode import Mode
from oomcheck.lang.spec import typed_properties
from oomcheck.prop.formula import BOTTOM, Atom, Formula, eventually, leads_to
from oomcheck.prop.property import Kind, Property, sanitizer
from oomcheck.prop.temporal import CostBound, Fairness, Liveness, Response
from oomcheck.pygen.search import explore as explore_generated
from oomcheck.result.exploration import REST, Limits, Witness
from oomcheck.runs import search_runs
from oomcheck.safety import RunQuestion, fair_run_question, run_question
from oomcheck.semantics.evident import check_run
from oomcheck.semantics.search import explore
from oomcheck.transform.clock import clocked
from tests import toys
from tests.conformance.test_runs import fair_systems, formulas, small

ROOT = Path(__file__).parent.parent
COUNT = Var("count", IntSort(0, 2))
FLAG = Var("flag", BOOL)

thorough = settings(max_examples=300, suppress_health_check=list(HealthCheck))


def answer(question: RunQuestion | None, limit: int = 60_000) -> Witness | None:
    """The run that a search of all states finds, if there is one."""
    assert question is not None
    search = explore if limit <= 60_000 else explore_generated
    found = search(question.system, [Property("bad", Kind.NEVER, question.bad)], Limits(max_states=limit))
    assert not found.stopped.startswith("state limit")
    witness = found.witnesses.get("bad")
    return None if witness is None else question.witness(witness.steps)


def live(formula: Formula, *fairness: Fairness) -> Property:
    """A formula that every fair run satisfies."""
    return Property("p", Kind.LTL, temporal=Liveness(formula, fairness))


@thorough
@given(drawn=fair_systems(), formula=formulas())
def test_same_answer_as_a_search_for_lassos(
    drawn: tuple[TransitionSystem, tuple[Fairness, ...]], formula: Formula
) -> None:
    """A bad state can be reached exactly if the plain semantics has a counterexample, and the path to it shows one."""
    system, fairness = drawn
    assume(small(system))
    prop = live(formula, *fairness)
    witness = answer(run_question(system, prop))
    expected = search_runs(system, [prop], Limits()).findings.get("p")
    assert (witness is not None) == (expected is not None and expected.violates)
    assert witness is None or check_run(system, prop, witness) == ""


@settings(thorough, max_examples=50)
@given(drawn=fair_systems())
def test_some_fair_run(drawn: tuple[TransitionSystem, tuple[Fairness, ...]]) -> None:
    """Whether any run keeps what is assumed; the one that is found violates what nothing satisfies."""
    system, fairness = drawn
    assume(small(system))
    witness = answer(fair_run_question(system, fairness))
    expected = reference.find_lasso(system, EVERYTHING, fairness, Limits()).lasso
    assert (witness is None) == (expected is None)
    assert witness is None or check_run(system, live(BOTTOM, *fairness), witness) == ""


@settings(thorough, max_examples=50)
@given(drawn=fair_systems())
def test_endless_runs_without_time(drawn: tuple[TransitionSystem, tuple[Fairness, ...]]) -> None:
    """The sanitizer `zeno`: threads that move for ever, each of them in its turn."""
    system, _ = drawn
    assume(small(system))
    prop = sanitizer("zeno")
    witness = answer(run_question(system, prop))
    expected = search_runs(system, [prop], Limits()).findings.get("zeno")
    assert (witness is None) == (expected is None)
    assert witness is None or check_run(system, prop, witness) == ""


def questions(
    model: str, params: dict[str, str], mode: Mode, names: tuple[str, ...]
) -> tuple[TransitionSystem, list[Property]]:
    """A model as it is searched for runs, and properties of the spec of the same name."""
    lowered = lower(load_model(ROOT / f"models/{model}.oom", params), mode)
    typed = typed_properties(read_spec(ROOT / f"specs/{model}.oomspec")[0], lowered)
    system = clocked(lowered.system, idle=True) if mode.timed else lowered.system
    return system, [typed[name] if name in typed else sanitizer(name) for name in names]


TIMED, SLACK = Mode(timed=True, slack=0), Mode(timed=True, slack=1)


@pytest.mark.parametrize(
    ("model", "params", "mode", "names"),
    [
        ("examples/fischer", {"N": "1"}, Mode(), ("progress", "served", "zeno")),
        ("examples/fischer", {"N": "1"}, TIMED, ("progress", "served", "zeno")),
        ("examples/fischer", {"N": "2"}, Mode(), ("progress", "served")),
        ("examples/train_gate", {"N": "1"}, TIMED, ("crosses", "zeno")),
        ("examples/train_gate", {"N": "1"}, Mode(), ("crosses",)),
        ("examples/fischer", {"N": "2"}, TIMED, ("progress", "served", "zeno")),
        ("examples/csma_cd", {"N": "2"}, Mode(), ("ends",)),
    ],
)
def test_models(model: str, params: dict[str, str], mode: Mode, names: tuple[str, ...]) -> None:
    """Models with their specs, untimed and with time as a step."""
    system, properties = questions(model, params, mode, names)
    explicit = Explicit(Means())
    expected = search_runs(system, properties, Limits(), explicit=explicit).findings
    for prop in properties:
        witness = answer(run_question(system, prop), 1_000_000)
        finding = expected.get(prop.name)
        assert (witness is not None) == (finding is not None and finding.violates), prop.name
        assert witness is None or check_run(system, prop, witness) == ""


def turning() -> TransitionSystem:
    """A thread that goes to and fro, and counts modulo three how often; nobody reads that."""
    wrapped = binary(Op.MOD, add(COUNT, toys.number(1)), toys.number(3))
    steps = [toys.step(0, 0, 1), toys.step(0, 1, 0, writes=[(COUNT, wrapped)])]
    return toys.system("turning", [toys.variable("count", COUNT.sort)], [toys.process("t", 2)], steps)


def test_variables_that_nobody_reads_take_more_rounds() -> None:
    """The loop of the question is one turn; the run repeats itself after three, which a question about `count` sees."""
    system, prop = turning(), live(BOTTOM)
    question = run_question(system, prop)
    assert question is not None
    assert "count" not in {variable.name for variable in question.system.variables}
    witness = answer(question)
    assert witness == Witness((), loop=(0, 1) * 3)
    assert check_run(system, prop, witness) == ""
    counted = live(eventually(Atom(eq(COUNT, toys.number(2)))))
    assert answer(run_question(system, counted)) is None


def test_rounds_before_the_loop_join_the_stem() -> None:
    """A flag that is set once and for all, and never read: the state before repeats for the question alone."""
    steps = [toys.step(0, 0, 1), toys.step(0, 1, 0, writes=[(FLAG, TRUE)])]
    latch = toys.system("latch", [toys.variable("flag", BOOL)], [toys.process("t", 2)], steps)
    assert answer(run_question(latch, live(BOTTOM))) == Witness((0, 1), loop=(0, 1))


def test_rest_is_shown_as_rest() -> None:
    """A run that stops is a stem and a rest, whatever was left out of the question."""
    prop = live(leads_to(Atom(TRUE), Atom(Var("opened", BOOL))))
    assert answer(run_question(toys.visitor(), prop)) == Witness((), loop=(REST,))
    assert answer(run_question(toys.visitor(ProcessKind.THREAD), prop)) is None


def test_path_that_is_none_stays_one_that_is_none() -> None:
    """What is made of a wrong path is refused when it is checked."""
    system, prop = toys.blinker(), live(eventually(Atom(FLAG)))
    question = run_question(system, prop)
    assert question is not None
    save = question.reduced.save
    assert check_run(system, prop, question.witness((0, 0, save, 1))) == (
        "step 2: a stands at L1, but transition 0 starts at L0"
    )
    assert check_run(system, prop, question.witness((save, 0, 0))) == (
        "step 2: a stands at L1, but transition 0 starts at L0"
    )
    assert check_run(system, prop, question.witness((2, save, 0, 1))) == ("the formula holds on the lasso")


@pytest.mark.parametrize(
    "prop",
    [
        Property("p", Kind.WITHIN, temporal=Response(TRUE, FALSE, 3)),
        Property("p", Kind.BOUND, temporal=CostBound("turns")),
        Property("p", Kind.NEVER, FLAG),
        sanitizer("deadlock"),
    ],
)
def test_other_properties_are_no_questions_about_loops(prop: Property) -> None:
    """Times and costs are sums, other properties are about states already."""
    assert run_question(toys.blinker(), prop) is None
