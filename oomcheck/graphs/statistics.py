"""What a graph of states looks like in numbers."""

from __future__ import annotations

from collections import Counter

from oomcheck.analysis.components import Components
from oomcheck.graphs.space import Space
from oomcheck.records import dataclass


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts over a graph of states.

    `depth` is the most steps on a shortest path to a state and `widest` the most states at one depth. A component is
    strongly connected; a cyclic one has an edge inside; a bottom one is never left. `out` is the most edges that leave
    one state. `by_process` has the number of edges of each process, in the order of the processes.
    """

    states: int
    edges: int
    depth: int
    widest: int
    components: int
    largest: int
    cyclic: int
    bottom: int
    deadlocks: int
    ends: int
    bad: int
    out: int
    by_process: tuple[tuple[str, int], ...]
    stopped: str = ""


def statistics_of(space: Space) -> Statistics:
    """The numbers of a graph; cost is linear in its size."""
    graph = space.graph
    sizes, cyclic, bottom = _components(space)
    levels = Counter(graph.depths())
    taken = Counter(graph.step)
    by_process = Counter[int]()
    for index, count in taken.items():
        by_process[space.steps[index].process] += count
    names = [process.name for process in space.system.processes]
    return Statistics(
        states=graph.states,
        edges=graph.edges,
        depth=space.depth,
        widest=max(levels.values()),
        components=len(sizes),
        largest=max(sizes),
        cyclic=cyclic,
        bottom=bottom,
        deadlocks=len(space.deadlocks),
        ends=len(space.ends),
        bad=sum(space.bad),
        out=max(len(graph.edges_of(state)) for state in space.numbers()),
        by_process=tuple((name, by_process[number]) for number, name in enumerate(names)),
        stopped=space.stopped,
    )


def _components(space: Space) -> tuple[list[int], int, int]:
    """Sizes of the strongly connected components; how many have an edge inside, and how many none that leaves."""
    graph = space.graph
    components = Components(
        graph.states, lambda state: graph.target[graph.first[state] : graph.first[state + 1]], space.poll
    )
    sizes = [len(component) for component in components.split(range(graph.states))]
    label = components.label
    inside: set[int] = set()
    left: set[int] = set()
    for source, target in zip(space.sources(), graph.target, strict=True):
        (inside if label[source] == label[target] else left).add(label[source])
    return sizes, len(inside), len(sizes) - len(left)
