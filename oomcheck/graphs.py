"""State and lock graphs as networkx graphs; apart from the rest, because networkx is slow to import."""

from __future__ import annotations

import networkx as nx

from oomcheck.diag.diagnostic import error
from oomcheck.ir.system import State, TransitionSystem
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.successors import apply, enabled


def state_graph(system: TransitionSystem, max_states: int) -> nx.MultiDiGraph[State]:
    """Reachable states as nodes, steps as edges with attributes `process` and `text`.

    Raises OomcheckError (E0303) if there are more than `max_states` states.
    """
    graph: nx.MultiDiGraph[State] = nx.MultiDiGraph()
    graph.add_node(system.initial)
    work = [system.initial]
    while work:
        state = work.pop()
        for transition in enabled(system, state):
            following = apply(system, transition, state)
            if following not in graph:
                if graph.number_of_nodes() >= max_states:
                    raise error("E0303", f"the model has more than {max_states} states")
                work.append(following)
            name = system.processes[transition.process].name
            graph.add_edge(state, following, process=name, text=transition.action.text)
    return graph


def lock_graph(system: TransitionSystem) -> nx.DiGraph[str]:
    """Locks as nodes; an edge A -> B if some step blocks for B where its process may hold A.

    Over all reachable states; edges carry the set of processes as `processes`.
    """
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(lock.name for lock in system.locks)
    for state in state_graph(system, 200_000):
        for transition in enabled(system, state):
            if transition.acquire is None:
                continue
            wanted = evaluate(transition.acquire, state, system.slot)
            for number, lock in enumerate(system.locks):
                if number != wanted and evaluate(lock.holders[transition.process], state, system.slot):
                    names = graph.get_edge_data(lock.name, system.locks[wanted].name, {}).get("processes", set())
                    name = system.processes[transition.process].name
                    graph.add_edge(lock.name, system.locks[wanted].name, processes={*names, name})
    return graph
