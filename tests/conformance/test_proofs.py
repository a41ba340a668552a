"""Proof engines and search never contradict each other: random systems, the corpus, and properties about runs."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from oomcheck.ir.system import ASSUME, TransitionSystem
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.lower import lower
from oomcheck.lang.spec import Check, mode_of
from oomcheck.proofs import Asked, Bounded, Established, Reached, Undecided, prove, targets_of
from oomcheck.prop.formula import Formula
from oomcheck.prop.property import SANITIZERS, Kind, Property, sanitizer
from oomcheck.prop.temporal import Fairness, Liveness
from oomcheck.result.exploration import Exploration, Limits
from oomcheck.runs import search_runs
from oomcheck.semantics.evident import check_run
from oomcheck.semantics.search import explore
from oomcheck.smt import auxiliary, walks
from oomcheck.smt.goals import is_supported
from oomcheck.smt.outcome import Budget, Open, Proof, Refutation, UpTo
from oomcheck.smt.strategy import settle
from oomcheck.smt.targets import Answer, Method, Task
from oomcheck.smt.witness import witness
from oomcheck.transform.clock import clocked
from oomcheck.transform.narrow import narrowed
from tests import strategies
from tests.conformance.test_runs import fair_systems, formulas, small
from tests.test_corpus import Params, cases, expectations

#: Random systems for each method; OOMCHECK_SYSTEMS=2000 draws more.
SYSTEMS = int(os.environ.get("OOMCHECK_SYSTEMS", "60"))
#: Z3's own steps for one question: few questions about such small systems need more.
STEPS = 300_000
#: Transitions of the models of the corpus that are asked about.
LARGEST = int(os.environ.get("OOMCHECK_LARGEST", "10"))
COMPLETE = sanitizer("unreachable")  # with it no search ends early


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer states for guesses at invariants, which takes the most time here; what is proved does not rest on it."""
    monkeypatch.setattr(auxiliary, "STATES", 100)
    monkeypatch.setattr(walks, "LONGEST_WALK", 60)
    monkeypatch.setattr(walks, "STALE_WALKS", 3)


def answers(system: TransitionSystem, properties: tuple[Property, ...], method: Method, budget: Budget) -> list[Answer]:
    """What the strategy says of properties, in this process."""
    found: list[object] = []
    asked = Asked(system, system, properties, (), method)
    settle(Task(tuple(targets_of(asked)), method, budget), found.append)
    told = [answer for answer in found if isinstance(answer, Answer)]
    assert [answer.name for answer in told] == [prop.name for prop in properties]
    return told


def assert_agrees(answer: Answer, prop: Property, system: TransitionSystem, found: Exploration) -> str:
    """An answer about a property is not against an exhaustive search; how it is called."""
    ends = found.halted - {ASSUME}
    match answer.outcome:
        case Proof():
            assert prop.name not in found.witnesses
            assert not ends
            there = {number for name, number in found.antecedents if name == prop.name}
            never, unsettled = set(answer.never), set(answer.unsettled)
            assert not never & there
            assert set(range(len(prop.antecedents))) - never - unsettled <= there
            return "proof"
        case Refutation() if answer.halting:
            assert ends
            return "end"
        case Refutation(steps=steps):
            assert prop.name in found.witnesses
            paths = answer.paths or (steps,)
            assert witness(system, prop, *paths) is not None
            return "refutation"
        case UpTo(depth=depth) | Open(depth=depth):
            seen = found.witnesses.get(prop.name)
            assert seen is None or seen.cycle or len(seen.steps) > depth
            return "open"


@st.composite
def few(draw: st.DrawFn) -> tuple[Property, ...]:
    """At most two properties that states decide."""
    return tuple(filter(is_supported, draw(strategies.properties())))[-2:]


@pytest.mark.parametrize(("method", "floor"), [(Method.KIND, 80), (Method.PDR, 40), (Method.AUTO, 80)])
def test_random_systems(method: Method, floor: int) -> None:
    """What is proved holds, what is refuted is reached; of a hundred answers at least so many settle a property."""
    seen: Counter[str] = Counter()

    @settings(
        max_examples=SYSTEMS if method is Method.AUTO else SYSTEMS // 3,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(strategies.systems(), few())
    def check(system: TransitionSystem, properties: tuple[Property, ...]) -> None:
        found = explore(system, (*properties, COMPLETE), Limits())
        for answer in answers(system, properties, method, Budget(depth=8, rlimit=STEPS)):
            prop = next(prop for prop in properties if prop.name == answer.name)
            seen[assert_agrees(answer, prop, system, found)] += 1

    check()
    total = sum(seen.values())
    if method is Method.AUTO:
        assert min(seen["proof"], seen["refutation"], seen["end"]) > 2, seen
    assert 100 * (total - seen["open"]) >= floor * total, seen


@pytest.mark.parametrize(("path", "params"), list(cases()))
def test_corpus(path: Path, params: Params) -> None:
    """Models of the corpus: what they are said to violate is never proved, and nothing else is refuted."""
    violated = {one.violated for one in expectations(path) if one.params == params and one.violated}
    model = load_model(path, dict(params))
    mode = mode_of(Check("default", (), ({},), (), frozenset(), "", "", "", None), model)
    system = lower(model, mode).system
    system = clocked(system, idle=False) if mode.timed else system
    if len(system.transitions) > LARGEST:
        pytest.skip(f"more than {LARGEST} transitions; OOMCHECK_LARGEST=1000 takes all")
    chosen = tuple(sanitizer(name) for name in SANITIZERS if name in (violated or {"deadlock", "assert"}))
    reduced = narrowed(system, chosen)
    found: list[object] = []
    asked = Asked(reduced.system, reduced.system, reduced.properties, (), Method.AUTO)
    targets = tuple(t for t in targets_of(asked) if t.name in SANITIZERS)
    settle(Task(targets, Method.AUTO, Budget(depth=8, rlimit=STEPS // 10)), found.append)
    for answer in found:
        assert isinstance(answer, Answer)
        if isinstance(answer.outcome, Proof):
            assert answer.name not in violated
        elif isinstance(answer.outcome, Refutation) and not answer.halting:
            assert answer.name in violated


def test_runs() -> None:
    """Properties about runs, by bounds and by induction: never against a search for lassos; each answer occurs."""
    seen: Counter[str] = Counter()

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @given(fair_systems(), formulas(), st.sampled_from([Method.BMC, Method.KIND]))
    def check(drawn: tuple[TransitionSystem, tuple[Fairness, ...]], formula: Formula, method: Method) -> None:
        system, fairness = drawn
        assume(small(system))
        prop = Property("p", Kind.LTL, temporal=Liveness(formula, fairness))
        finding = search_runs(system, [prop], Limits()).findings.get("p")
        violated = finding is not None and finding.violates
        known = prove(Asked(system, system, (prop,), (), method, Limits(depth=10), STEPS))["p"].known
        seen[type(known).__name__] += 1
        match known:
            case Established():
                assert not violated
            case Reached(witness=witness):
                assert violated
                assert witness is not None
                assert check_run(system, prop, witness) == ""
            case Bounded() | Undecided():
                pass

    check()
    assert seen["Reached"] > 3, seen
