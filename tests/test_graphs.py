"""Graphs of states, locks and control flow, compared with plain walks over the reference semantics and networkx."""

from __future__ import annotations

import io
import os
from collections import Counter
from pathlib import Path

import networkx as nx
import pytest
from hypothesis import given, settings

import oomcheck
from oomcheck.graphs import networks
from oomcheck.graphs.flow import Executed, flow_picture
from oomcheck.graphs.globs import matches
from oomcheck.graphs.locks import Search, lock_orders, lock_picture
from oomcheck.graphs.picture import Edge, Mark, Node, Picture, short
from oomcheck.graphs.space import Space, explore_space
from oomcheck.graphs.states import quotient_picture, state_picture
from oomcheck.graphs.statistics import statistics_of
from oomcheck.ir.system import ASSUME, State, TransitionSystem
from oomcheck.prop.property import sanitizer
from oomcheck.report.graphs import printable_picture
from oomcheck.result.exploration import Limits, LockEdge, Progress
from oomcheck.semantics.checks import deadlocked, lock_edges
from oomcheck.semantics.successors import enabled, faults, successors
from tests.cli.samples import CLASH, ENDLESS, MISUSE, STEPS, put
from tests.strategies import systems

MODELS = Path(__file__).parents[1] / "models"

#: One function takes one of two locks, and two functions take the second.
PLACES = """model places source "linux v6.17";
mutex a;
mutex b[2];
marked bool seen;
void first()                          @ "mm/one.c:first" { mutex_lock(b[0]); mutex_unlock(b[0]); }
void second()                         @ "mm/one.c:second" { mutex_lock(b[0]); mutex_unlock(b[0]); }
void third()                          @ "mm/one.c:third" { mutex_lock(b[0]); mutex_unlock(b[0]); }
thread t {
	third();
	mutex_lock(a);
	if (seen)
		first();
	second();
	mutex_unlock(a);
}
"""

#: One thread takes two locks in both orders, one after the other: no circle of two threads.
ALONE = """model alone;
mutex a;
mutex b;
thread t {
	mutex_lock(a); mutex_lock(b); mutex_unlock(b); mutex_unlock(a);
	mutex_lock(b); mutex_lock(a); mutex_unlock(a); mutex_unlock(b);
}
"""


def system_of(folder: Path, text: str) -> TransitionSystem:
    """The system of a model's text."""
    return oomcheck.load(put(folder, "model.oom", text)).system


def space_of(system: TransitionSystem, states: int = 3_000) -> Space:
    """All its states."""
    return explore_space(system, Limits(max_states=states), os.environ)


def walk(system: TransitionSystem) -> dict[State, list[tuple[int, State]]]:
    """Each reachable state with its steps, by the reference semantics."""
    found: dict[State, list[tuple[int, State]]] = {}
    work = [system.initial]
    while work:
        state = work.pop()
        if state not in found:
            found[state] = [(step.index, after) for step, after in successors(system, state)]
            work += [after for _, after in found[state]]
    return found


def edges_of(space: Space) -> Counter[tuple[State, int, State]]:
    """Each step with the states before and after."""
    parts = zip(space.sources(), space.graph.step, space.graph.target, strict=True)
    return Counter((space.states[source], index, space.states[target]) for source, index, target in parts)


@settings(max_examples=60)
@given(system=systems())
def test_states_and_steps_are_those_of_the_reference(system: TransitionSystem) -> None:
    """The states are made again from steps; they, the steps and what is special about states are as defined."""
    space, expected = space_of(system, 100_000), walk(system)
    assert len(set(space.states)) == len(space.states)
    assert set(space.states) == expected.keys()
    assert edges_of(space) == Counter((s, index, t) for s, steps in expected.items() for index, t in steps)
    for number, state in enumerate(space.states):
        found = faults(system, state)
        stuck = deadlocked(system, sanitizer("deadlock"), state, enabled(system, state))
        assert space.bad[number] == any(fault.sanitizer != ASSUME for fault in found)
        assert (number in space.deadlocks) == stuck
        ended = not expected[state] and not stuck and not any(fault.halts for fault in found)
        assert (number in space.ends) == ended
    assert space.open == frozenset()


@settings(max_examples=40)
@given(system=systems())
def test_statistics_agree_with_networkx(system: TransitionSystem) -> None:
    """Components, depth and counts are those that another library finds in the graph of the public API."""
    space = space_of(system, 100_000)
    numbers, graph = statistics_of(space), networks.state_graph(system, 100_000)
    parts = list(nx.strongly_connected_components(graph))
    cyclic = [part for part in parts if len(part) > 1 or any(graph.has_edge(s, s) for s in part)]
    lengths = Counter(nx.single_source_shortest_path_length(graph, system.initial).values())
    assert (numbers.states, numbers.edges) == (graph.number_of_nodes(), graph.number_of_edges())
    assert (numbers.components, numbers.largest) == (len(parts), max(map(len, parts)))
    assert numbers.cyclic == len(cyclic)
    assert numbers.bottom == sum(1 for _ in nx.attracting_components(graph))
    assert (numbers.depth, numbers.widest) == (max(lengths), max(lengths.values()))
    assert numbers.out == max(degree for _, degree in graph.out_degree())
    expected = Counter(data["process"] for _, _, data in graph.edges(data=True))
    assert dict(numbers.by_process) == {process.name: expected[process.name] for process in system.processes}


def test_native_states_are_those_of_the_reference() -> None:
    """Where there are too many states for Python the graph is that of the native search."""
    system = oomcheck.load(MODELS / "examples/exit_vs_reaper.oom").system
    space, expected = space_of(system, 5_000), walk(system)
    assert (len(space.states), space.graph.edges) == (3410, 8860)
    assert edges_of(space) == Counter((s, index, t) for s, steps in expected.items() for index, t in steps)


def test_too_many_states(tmp_path: Path) -> None:
    """A graph that lacks states is refused, with what can be done."""
    with pytest.raises(oomcheck.OomcheckError) as caught:
        space_of(system_of(tmp_path, ENDLESS), 500)
    assert [d.code for d in caught.value.diagnostics] == ["E0303"]
    assert caught.value.diagnostics[0].message == "the model has more than 500 states"


def test_an_interrupted_search_is_partial(tmp_path: Path) -> None:
    """What was found is kept; states that were not expanded are told from those where nothing moves."""
    system = system_of(tmp_path, ENDLESS)
    seen: list[Progress] = []
    space = explore_space(
        system, Limits(), os.environ, lambda: "interrupted" if seen[-1].states >= 64 else "", seen.append
    )
    assert space.stopped == "interrupted"
    assert (space.deadlocks, space.ends) == (frozenset(), frozenset())
    expanded = {s for s in range(space.graph.states) if len(space.graph.edges_of(s))}
    assert space.open == frozenset(range(space.graph.states)) - expanded
    picture = state_picture(space)
    assert picture.notes == ("PARTIAL (interrupted): there are more states and steps",)
    assert {node.name for node in picture.nodes if Mark.OPEN in node.marks} == {f"s{number}" for number in space.open}
    assert statistics_of(space).stopped == "interrupted"


def test_state_picture(tmp_path: Path) -> None:
    """Nodes tell what differs from the initial state, edges who does what in which line."""
    picture = state_picture(space_of(system_of(tmp_path, STEPS)))
    assert [node.lines for node in picture.nodes] == [
        ("#0", "initial"),
        ("#1", "x = 1", "t.i = 2"),
        ("#2", "x = 2", "t.i = 3"),
        ("#3", "t: line 7", "x = 3"),
        ("#4", "t: end"),
    ]
    assert [node.marks for node in picture.nodes] == [
        {Mark.INITIAL},
        frozenset(),
        frozenset(),
        frozenset(),
        {Mark.END},
    ]
    assert [edge.lines for edge in picture.edges] == [("t", "x = i (line 6)")] * 3 + [("t", "x = 0 (line 7)")]
    misused = state_picture(space_of(system_of(tmp_path, MISUSE)))
    assert [node.marks for node in misused.nodes] == [{Mark.INITIAL}, frozenset(), {Mark.BAD}]
    assert misused.nodes[2].lines[-1].startswith("lockdep: ")


def test_deadlocks_are_marked(tmp_path: Path) -> None:
    """Two threads that wait for each other."""
    picture = state_picture(space_of(system_of(tmp_path, CLASH)))
    stuck = [node for node in picture.nodes if Mark.DEADLOCK in node.marks]
    assert [{line for line in node.lines if line.startswith("held")} for node in stuck] == [
        {"held: a by one", "held: b by two"}
    ]


def test_quotient(tmp_path: Path) -> None:
    """Every state and every step is counted once, and nodes say what their states agree on."""
    space = space_of(system_of(tmp_path, CLASH))
    for by in (["pcs"], ["pc(one)"], ["x"], ["x", "pc(t*)"]):
        picture = quotient_picture(space, by)
        assert sum(node.weight for node in picture.nodes) == space.graph.states
        assert sum(edge.weight for edge in picture.edges) == space.graph.edges
        assert len({node.lines[:-1] for node in picture.nodes}) == len(picture.nodes)
    by_value = quotient_picture(space, ["x"])
    assert sorted(node.lines[0] for node in by_value.nodes) == ["x = 0", "x = 1", "x = 2"]
    # One node for each place of the thread: four locks, the write, the end.
    assert len(quotient_picture(space, ["pc(one)"]).nodes) == 6
    with pytest.raises(oomcheck.OomcheckError) as caught:
        quotient_picture(space, ["y"])
    assert [d.code for d in caught.value.diagnostics] == ["E0003"]


@pytest.mark.parametrize(
    ("name", "glob", "expected"),
    [
        ("t[0]", "t[0]", True),
        ("t[0]", "t[*]", True),
        ("t0", "t[0]", False),
        ("t[1]", "t[0]", False),
        ("a]", "*]", True),
    ],
)
def test_brackets_are_brackets(name: str, glob: str, expected: bool) -> None:
    """A glob can name an element of an array."""
    assert matches(name, glob) == expected


# ---------------------------------------------------------------- locks


def seen_by_hand(system: TransitionSystem) -> set[LockEdge]:
    """The orders over all reachable states, state by state."""
    return {edge for state in walk(system) for edge in lock_edges(system, state, enabled(system, state))}


@pytest.mark.parametrize("text", [CLASH, PLACES, ALONE, MISUSE])
def test_orders_are_those_of_all_states(tmp_path: Path, text: str) -> None:
    """A circle of locks does not end the search for more."""
    system = system_of(tmp_path, text)
    found = lock_orders(system, Search(Limits(), os.environ))
    assert {one.edge for one in found.orders} == seen_by_hand(system)
    assert found.stopped == ""


@settings(max_examples=40)
@given(system=systems())
def test_orders_of_any_system(system: TransitionSystem) -> None:
    """Locks that are chosen by expressions and held for any reason; each order has a place."""
    found = lock_orders(system, Search(Limits(), os.environ))
    assert {one.edge for one in found.orders} == seen_by_hand(system)
    assert all(one.sources for one in found.orders)


def test_orders_of_a_native_search() -> None:
    """The orders of a large model are those that a walk over all its states sees."""
    system = oomcheck.load(MODELS / "examples/exit_vs_reaper.oom").system
    found = lock_orders(system, Search(Limits(), os.environ))
    assert {one.edge for one in found.orders} == seen_by_hand(system)


def test_places_that_take_a_lock(tmp_path: Path) -> None:
    """Of several functions that take a lock only those count that do so while the other is held, in some state."""
    found = lock_orders(system_of(tmp_path, PLACES), Search(Limits(), os.environ))
    assert [one.sources for one in found.orders] == [("mm/one.c:second",)]


def test_circles(tmp_path: Path) -> None:
    """Two threads make a circle; one thread alone makes none, whatever its orders."""
    clash, alone = (
        lock_picture(lock_orders(system_of(tmp_path, text), Search(Limits(), os.environ))) for text in (CLASH, ALONE)
    )
    assert [edge.marks for edge in clash.edges] == [{Mark.CYCLE}] * 2
    assert [edge.lines for edge in clash.edges] == [("one", "mm/oom_kill.c:one"), ("two", "mm/oom_kill.c:two")]
    assert [node.marks for node in clash.nodes] == [{Mark.CYCLE}] * 2
    assert [edge.marks for edge in alone.edges] == [frozenset()] * 2


def test_a_partial_order_says_so(tmp_path: Path) -> None:
    """A limit leaves edges out, so the picture is named partial."""
    found = lock_orders(system_of(tmp_path, CLASH), Search(Limits(max_states=3), os.environ))
    assert found.stopped == "state limit 3"
    assert lock_picture(found).notes[-1] == "PARTIAL (state limit 3): there may be more edges"


# ---------------------------------------------------------------- control flow


def test_flow(tmp_path: Path) -> None:
    """Places with their statement, steps with their outcome; one group for each thread that was chosen."""
    system = system_of(tmp_path, PLACES)
    picture = flow_picture(system, [], None)
    assert len(picture.edges) == len(system.transitions)
    assert {node.group for node in picture.nodes} == {"t"}
    assert sum(Mark.INITIAL in node.marks for node in picture.nodes) == 1
    taken = frozenset(space_of(system).graph.step)
    marked = flow_picture(system, ["t"], Executed(taken, ""))
    never = [edge for edge in marked.edges if Mark.NEVER in edge.marks]
    assert len(never) == len(system.transitions) - len(taken)
    dead = {node.lines[-1] for node in marked.nodes if Mark.NEVER in node.marks}
    assert dead == {"mm/one.c:first"}
    unsure = flow_picture(system, ["t"], Executed(taken, "interrupted"))
    marks = {mark for node in unsure.nodes for mark in node.marks} | {m for edge in unsure.edges for m in edge.marks}
    assert marks == {Mark.INITIAL, Mark.END, Mark.UNSEEN}
    with pytest.raises(oomcheck.OomcheckError) as caught:
        flow_picture(system, ["u*"], None)
    assert caught.value.diagnostics[0].hint == "there are t"


def test_outcomes(tmp_path: Path) -> None:
    """Steps that leave one place differ by what a statement returns or by a condition; others say nothing."""
    text = """model ways;
flags f { A, B };
mutex m;
marked int 0..3 x;
thread t {
	if (test_and_set_bit(A, f)) x = 1;
	mutex_lock(m);
	if (x == 2) x = 3;
	either { x = 0; } or { await x > 1; }
}
"""
    system = system_of(tmp_path, text)
    picture = flow_picture(system, [], None)
    found = Counter(line for edge in picture.edges for line in edge.lines)
    assert found == Counter(["true", "false", "2", "not 2", "await x > 1", "[1 < x]"])


# ---------------------------------------------------------------- texts


def test_graphml_is_read_back() -> None:
    """Whatever the texts, networkx reads nodes, edges, labels and marks back."""
    hostile = ("<b>&amp;\"x'</b>]]>", "line\x00\x07\x1b[31m", "ä\N{SNOWMAN}\\")
    nodes = (Node("a", hostile, frozenset([Mark.BAD]), "<g>", 3), Node("b", ("plain",)))
    edges = (Edge("a", "b", hostile, frozenset([Mark.CYCLE]), 2), Edge("a", "b"), Edge("b", "b"))
    text = networks.graphml(printable_picture(Picture("t<&", nodes, edges, ("n",))))
    back = nx.read_graphml(io.BytesIO(text.encode()), force_multigraph=True)
    assert set(back.nodes) == {"a", "b"}
    assert sorted(back.edges()) == [("a", "b"), ("a", "b"), ("b", "b")]
    shown = f"{hostile[0]}\nline\\x00\\x07\\x1b[31m\n{hostile[2]}"
    assert back.nodes["a"] == {"label": shown, "group": "<g>", "weight": 3, "bad": 1, "cycle": 0}
    assert {data["label"] for _, _, data in back.edges(data=True)} == {shown, ""}


@pytest.mark.parametrize(("text", "expected"), [("a\nb", "a b"), ("x" * 9, "x" * 9), ("x" * 11, "x" * 7 + "...")])
def test_short(text: str, expected: str) -> None:
    """Labels have one line for each thing."""
    assert short(text, 10) == expected
