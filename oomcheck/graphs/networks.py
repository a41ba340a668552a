"""State and lock graphs as networkx graphs; apart from the rest, because networkx is slow to import."""

from __future__ import annotations

import os
from collections.abc import Iterator

import networkx as nx

from oomcheck.graphs.locks import Search, lock_orders
from oomcheck.graphs.picture import Mark, Picture
from oomcheck.graphs.space import explore_space
from oomcheck.ir.system import State, TransitionSystem
from oomcheck.result.exploration import Limits


def state_graph(system: TransitionSystem, max_states: int) -> nx.MultiDiGraph[State]:
    """Reachable states as nodes, steps as edges with attributes `process` and `text`.

    Raises OomcheckError (E0303) if there are more than `max_states` states.
    """
    space = explore_space(system, Limits(max_states=max_states), os.environ)
    graph: nx.MultiDiGraph[State] = nx.MultiDiGraph()
    graph.add_nodes_from(space.states)
    for source, target, index in zip(space.sources(), space.graph.target, space.graph.step, strict=True):
        step = space.steps[index]
        name = system.processes[step.process].name
        graph.add_edge(space.states[source], space.states[target], process=name, text=step.action.text)
    return graph


def lock_graph(system: TransitionSystem) -> nx.DiGraph[str]:
    """Locks as nodes; an edge A -> B if some step blocks for B where its process may hold A.

    Over all reachable states; edges carry the set of processes as `processes`, and of kernel functions as `sources`.
    """
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(lock.name for lock in system.locks)
    for one in lock_orders(system, Search(Limits(), os.environ)).orders:
        held, wanted = system.locks[one.edge.held].name, system.locks[one.edge.wanted].name
        if not graph.has_edge(held, wanted):
            graph.add_edge(held, wanted, processes=set(), sources=set())
        graph[held][wanted]["processes"].add(system.processes[one.edge.process].name)
        graph[held][wanted]["sources"].update(one.sources)
    return graph


def graphml(picture: Picture) -> str:
    """The picture as GraphML; attributes are texts and numbers, marks one attribute each that is 0 or 1.

    Texts must have no control characters, which XML cannot say.
    """
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(name=picture.title, notes="\n".join(picture.notes))
    used = {mark for node in picture.nodes for mark in node.marks} | {m for edge in picture.edges for m in edge.marks}
    names = sorted(mark.value for mark in used)

    def numbers(marks: frozenset[Mark]) -> dict[str, int]:
        own = {mark.value for mark in marks}
        return {name: int(name in own) for name in names}

    for node in picture.nodes:
        text = "\n".join(node.lines)
        graph.add_node(node.name, label=text, group=node.group, weight=node.weight, **numbers(node.marks))
    for edge in picture.edges:
        text = "\n".join(edge.lines)
        graph.add_edge(edge.source, edge.target, label=text, weight=edge.weight, **numbers(edge.marks))
    lines: Iterator[str] = nx.generate_graphml(graph, named_key_ids=True)
    return "\n".join(lines) + "\n"
