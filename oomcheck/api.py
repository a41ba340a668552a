"""The public Python interface; the command line is a thin layer over the same functions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import networkx as nx

from oomcheck.check import Options, check_files
from oomcheck.diag.diagnostic import error
from oomcheck.ir.system import State, TransitionSystem
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.lower import lower
from oomcheck.result.verdict import Report
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.successors import apply, enabled

FilePath = str | Path


@dataclass(frozen=True)
class Model:
    """A model at fixed parameter values, ready to be explored."""

    path: str
    system: TransitionSystem

    @property
    def params(self) -> dict[str, str]:
        """Parameters and their values, as the user writes them."""
        return dict(self.system.params)

    def state_graph(self, max_states: int = 10_000) -> nx.MultiDiGraph[State]:
        """Reachable states as nodes, steps as edges with attributes `process` and `text`.

        Raises OomcheckError (E0303) if there are more than `max_states` states.
        """
        graph: nx.MultiDiGraph[State] = nx.MultiDiGraph()
        graph.add_node(self.system.initial)
        work = [self.system.initial]
        while work:
            state = work.pop()
            for transition in enabled(self.system, state):
                following = apply(self.system, transition, state)
                if following not in graph:
                    if graph.number_of_nodes() >= max_states:
                        raise error("E0303", f"the model has more than {max_states} states")
                    work.append(following)
                name = self.system.processes[transition.process].name
                graph.add_edge(state, following, process=name, text=transition.action.text)
        return graph

    def lock_graph(self) -> nx.DiGraph[str]:
        """Locks as nodes; an edge A -> B if some step blocks for B where its process may hold A.

        Over all reachable states; edges carry the set of processes as `processes`.
        """
        system = self.system
        graph: nx.DiGraph[str] = nx.DiGraph()
        graph.add_nodes_from(lock.name for lock in system.locks)
        for state in self.state_graph(200_000):
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


def load(path: FilePath, *, include: Iterable[FilePath] = (), **params: int | str | bool) -> Model:
    """Read a model and fix its parameters; raises OomcheckError with all diagnostics."""
    elaborated = load_model(Path(path), _values(params), tuple(Path(p) for p in include))
    return Model(str(path), lower(elaborated).system)


def check(
    model: FilePath,
    spec: FilePath | Iterable[FilePath] = (),
    *,
    options: Options | None = None,
    **params: int | str | bool,
) -> Report:
    """Check a model against one spec or several, or with its sanitizers alone."""
    specs = (Path(spec),) if isinstance(spec, str | Path) else tuple(Path(s) for s in spec)
    chosen = options or Options()
    return check_files(Path(model), specs, replace(chosen, params={**chosen.params, **_values(params)}))


def _values(params: dict[str, int | str | bool]) -> dict[str, int | str]:
    return {name: ("true" if v else "false") if isinstance(v, bool) else v for name, v in params.items()}
