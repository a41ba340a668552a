"""Cost counters: what they count, and that counting changes nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from random import Random

import networkx as nx
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.ir.system import Role, State, TransitionSystem
from oomcheck.lang.costs import counters
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.lower import lower
from oomcheck.lang.mode import Mode
from oomcheck.semantics.successors import enabled, faults, location, successors
from tests import programs
from tests.cli.samples import put

CORPUS = Path(__file__).parents[1] / "corpus" / "costs"
COST = re.compile(r" cost \w+")
WAITS = re.compile(
    r"^(\s*(?:\w+: )?(?:await (?!false)[^;]*|(?:spin_lock|mutex_lock|wait_event|wait_for_completion)\([^;]*\)));$", re.M
)
MAX_STATES = 800
#: What a random model may be refused for: atomic blocks, choices, size.
REFUSED = frozenset({"E0217", "E0409", "E0302", "E0009"})


class TooLargeError(Exception):
    """The state space is more than these tests can take."""


def lowered(path: Path, mode: Mode) -> TransitionSystem:
    """The system of a model read in a mode."""
    return lower(load_model(path, {}), mode).system


def reachable(system: TransitionSystem) -> list[State]:
    """All reachable states; `TooLargeError` if they are too many."""
    found = {system.initial: None}
    work = [system.initial]
    while work:
        for _, state in successors(system, work.pop()):
            if state not in found:
                found[state] = None
                work.append(state)
        if len(found) > MAX_STATES:
            raise TooLargeError
    return list(found)


def greatest(initial: State, start: int, edges: Callable[[State], Iterable[tuple[State, int]]]) -> int | None:
    """The greatest sum along a path, component by component; None if a cycle adds to it."""
    graph: nx.MultiDiGraph[State] = nx.MultiDiGraph()
    graph.add_node(initial)
    work = [initial]
    for state in work:
        for following, weight in edges(state):
            if following not in graph:
                work.append(following)
            graph.add_edge(state, following, weight=weight)
        if len(work) > MAX_STATES:
            raise TooLargeError
    whole = nx.condensation(graph)
    component = whole.graph["mapping"]
    best = dict.fromkeys(whole, 0)
    for number in reversed(list(nx.topological_sort(whole))):
        for state in whole.nodes[number]["members"]:
            for _, following, weight in graph.out_edges(state, data="weight"):
                if component[following] != number:
                    best[number] = max(best[number], weight + best[component[following]])
                elif weight:
                    return None
    return start + best[component[initial]]


def counted(system: TransitionSystem) -> int | None:
    """The greatest sum of all counters, from the steps that the lowering has added."""
    graph = {
        state: [(following, sum(n for _, n in step.costs)) for step, following in successors(system, state)]
        for state in reachable(system)
    }
    return greatest(system.initial, 0, lambda state: graph[state])


def waited(system: TransitionSystem, spans: set[tuple[int, int, int]]) -> int | None:
    """The same from the system without counters: each visit of a place counts once if the process is stuck there."""
    places = {
        (step.process, step.origin)
        for step in system.transitions
        if step.action.span and (step.process, step.action.span.start, step.action.span.end) in spans
    }

    def stuck(state: State, process: int) -> bool:
        here = (process, location(system, state, process))
        if here not in places or any(step.process == process for step in enabled(system, state)):
            return False
        return not any(fault.process == process and fault.halts for fault in faults(system, state))

    def arrive(state: State, waiting: frozenset[int]) -> frozenset[int]:
        return waiting | {process for process in range(len(system.processes)) if stuck(state, process)}

    def edges(node: State) -> Iterator[tuple[State, int]]:
        state, waiting = node[:-1], frozenset(i for i in range(len(system.processes)) if node[-1] >> i & 1)
        for step, following in successors(system, state):
            before = waiting - {step.process}
            after = arrive(following, before)
            yield (*following, sum(1 << i for i in after)), len(after - before)

    first = arrive(system.initial, frozenset())
    return greatest((*system.initial, sum(1 << i for i in first)), len(first), edges)


def seen(system: TransitionSystem) -> set[tuple[int, ...]]:
    """What reachable states look like without locals, ghosts and program counters."""
    slots = [
        number
        for number, (variable, _) in enumerate(system.slots)
        if variable.role in (Role.SHARED, Role.OBJECT) and variable.owner is None
    ]
    return {tuple(state[slot] for slot in slots) for state in reachable(system)}


def wrong(system: TransitionSystem) -> set[str]:
    """Sanitizers that have a fault in some reachable state."""
    return {fault.sanitizer for state in reachable(system) for fault in faults(system, state)}


def attempts(system: TransitionSystem) -> set[tuple[int, int, int]]:
    """Process and place in the text of the steps that count."""
    return {
        (step.process, step.action.span.start, step.action.span.end)
        for step in system.transitions
        if step.costs and step.action.span
    }


MODELS = sorted(CORPUS.glob("*.oom"))


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_counters_that_nobody_asks_for_change_nothing(path: Path, tmp_path: Path) -> None:
    """Without its counters a model has the same states and steps."""
    plain = put(tmp_path, path.name, COST.sub("", path.read_text(encoding="utf-8")))
    for mode in (Mode(), Mode(timed=True, slack=0)):
        with_costs, without = lowered(path, mode), lowered(plain, mode)
        assert with_costs.variables == without.variables
        assert [(t.guard, t.updates, t.origin, t.target, t.costs) for t in with_costs.transitions] == [
            (t.guard, t.updates, t.origin, t.target, ()) for t in without.transitions
        ]


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_counting_keeps_behaviour(path: Path) -> None:
    """Steps that show waits add no shared state, no fault and no deadlock."""
    names = frozenset(counters(load_model(path, {}).model))
    plain, shown = lowered(path, Mode()), lowered(path, Mode(costs=names))
    assert seen(plain) == seen(shown)
    assert wrong(plain) == wrong(shown)
    ends = [any(not enabled(system, state) for state in reachable(system)) for system in (plain, shown)]
    assert ends[0] == ends[1]


@pytest.mark.parametrize(
    ("model", "expected"),
    [("spinlock", 2), ("rwsem", 2), ("waitqueue", 2), ("handover", None), ("functions", 2), ("labels", 3)],
)
def test_waits_of_the_corpus(model: str, expected: int | None) -> None:
    """The sum of all counters is what the system without counters says."""
    path = CORPUS / f"{model}.oom"
    shown = lowered(path, Mode(costs=frozenset(counters(load_model(path, {}).model))))
    assert counted(shown) == expected
    if model != "functions":  # two counters of one wait
        assert waited(lowered(path, Mode()), attempts(shown)) == expected


def test_counters_by_name() -> None:
    """Only the counters asked for are counted; a wait may raise two of them."""
    path = CORPUS / "functions.oom"

    def raised(*names: str) -> set[tuple[tuple[str, int], ...]]:
        system = lowered(path, Mode(costs=frozenset(names)))
        return {step.costs for step in system.transitions if step.costs}

    assert raised("mutexes") == {(("mutexes", 1),)}
    assert raised("all") == {(("all", 1),)}
    assert raised("all", "mutexes") == {(("all", 1), ("mutexes", 1)), (("all", 1),)}


def test_the_place_to_wait_has_the_label_of_the_statement(tmp_path: Path) -> None:
    """A thread that waits is still at its label."""
    text = (
        "model m;\nspinlock l;\nthread t { here: spin_lock(l) cost c; spin_unlock(l); }\nthread u { spin_lock(l); }\n"
    )
    found = lower(load_model(put(tmp_path, "m.oom", text), {}), Mode(costs=frozenset({"c"})))
    places = found.derived.locations(0, "here")
    (attempt,) = [step for step in found.system.transitions if step.costs]
    assert {attempt.origin, attempt.target} == places
    assert attempt.action.note == "has to wait"


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_random_models(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    """On random models, too, counting keeps what can be seen and counts what the plain system says."""
    text = programs.build(Random(seed))
    costly = WAITS.sub(r"\1 cost c;", text)
    assume(costly != text)
    path = put(tmp_path_factory.mktemp("random"), "m.oom", costly)
    try:
        plain, shown = lowered(path, Mode()), lowered(path, Mode(costs=frozenset({"c"})))
    except OomcheckError as failure:
        codes = {diagnostic.code for diagnostic in failure.diagnostics}
    else:
        codes = set()
    assume(not codes & REFUSED)
    assert not codes
    try:
        assert seen(plain) == seen(shown)
        assert wrong(plain) == wrong(shown)
        assert waited(plain, attempts(shown)) == counted(shown)
    except TooLargeError:
        assume(False)
