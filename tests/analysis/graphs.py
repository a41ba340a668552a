"""Small graphs of runs for tests: drawn at random, or written down; lassos are judged by definition alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from hypothesis import strategies as st

from oomcheck.analysis.graph import GraphBuilder, RunGraph
from oomcheck.ir.expr import Expr, Var
from oomcheck.ir.sorts import BOOL
from oomcheck.prop.formula import And, Atom, Formula, Next, Not, Or, Release, Until
from oomcheck.prop.temporal import Fairness, FairnessKind
from oomcheck.result.exploration import REST
from oomcheck.semantics import lasso
from oomcheck.semantics.evaluate import evaluate
from tests.ltl_patterns import PROPOSITIONS

P, Q = Atom(Var("p", BOOL)), Atom(Var("q", BOOL))
SLOTS = {name: slot for slot, name in enumerate(PROPOSITIONS)}
STEPS = 5  # transitions in a random graph

#: Transitions and targets of each state.
Arrows = Sequence[Sequence[tuple[int, int]]]


def graph_of(arrows: Arrows, masks: Sequence[int], rests: Sequence[int] = ()) -> RunGraph:
    """The part of a graph that state 0 reaches; states are renumbered as a search finds them."""
    builder = GraphBuilder()
    number = {0: builder.add(-1, -1, masks[0])}
    queue = [0]
    for state in queue:
        for step, target in arrows[state]:
            if target not in number:
                number[target] = builder.add(number[state], step, masks[target])
                queue.append(target)
        builder.close([number[target] for _, target in arrows[state]], [step for step, _ in arrows[state]])
        builder.rests[number[state]] = state in rests
    return builder.finish()


@st.composite
def graphs(draw: st.DrawFn, size: int = 5, propositions: int = 2) -> RunGraph:
    """Up to `size` states over p, q, ...; a transition has one target in each state; some states may rest."""
    count = draw(st.integers(1, size))
    steps = st.frozensets(st.integers(0, STEPS - 1), max_size=3)
    arrows = [[(step, draw(st.integers(0, count - 1))) for step in sorted(draw(steps))] for _ in range(count)]
    masks = draw(st.lists(st.integers(0, 2**propositions - 1), min_size=count, max_size=count))
    rests = [state for state in range(count) if not arrows[state] or draw(st.integers(0, 3)) == 0]
    return graph_of(arrows, masks, rests)


def valuation(mask: int) -> tuple[int, ...]:
    """The truth of each proposition."""
    return tuple(mask >> slot & 1 for slot in SLOTS.values())


def with_bits(graph: RunGraph, conditions: Sequence[Expr]) -> RunGraph:
    """The graph with one bit for each of these conditions on propositions."""
    masks = tuple(
        sum(bool(evaluate(condition, valuation(mask), SLOTS)) << bit for bit, condition in enumerate(conditions))
        for mask in graph.masks
    )
    return replace(graph, masks=masks)


def formulas(depth: int = 3) -> st.SearchStrategy[Formula]:
    """Formulas over p and q."""
    return st.recursive(
        st.sampled_from([P, Q]),
        lambda below: st.one_of(
            st.builds(Not, below),
            st.builds(Next, below),
            *(st.builds(kind, below, below) for kind in (And, Or, Until, Release)),
        ),
        max_leaves=depth + 1,
    )


def fairness() -> st.SearchStrategy[tuple[Fairness, ...]]:
    """A few assumptions on the transitions of a random graph."""
    sets = st.frozensets(st.integers(0, STEPS - 1), min_size=1, max_size=2)
    one = st.builds(Fairness, st.just("some"), st.sampled_from(FairnessKind), sets)
    return st.lists(one, max_size=3).map(tuple)


def enabled(graph: RunGraph, state: int) -> set[int]:
    """Transitions that have an edge from a state."""
    return {graph.step[edge] for edge in graph.edges_of(state)}


def follow(graph: RunGraph, state: int, steps: Sequence[int]) -> list[int]:
    """The states along some transitions, the first one included."""
    states = [state]
    for step in steps:
        edges = [edge for edge in graph.edges_of(states[-1]) if graph.step[edge] == step]
        assert edges, f"no transition {step} in state {states[-1]}"
        states.append(graph.target[edges[0]])
    return states


def keeps(graph: RunGraph, states: Sequence[int], loop: Sequence[int], assumption: Fairness) -> bool:
    """Whether a loop through these states keeps an assumption, by its definition."""
    if assumption.steps.intersection(loop):
        return True
    asked = [bool(assumption.steps & enabled(graph, state)) for state in states]
    match assumption.kind:
        case FairnessKind.WEAK:
            return not all(asked)
        case FairnessKind.STRONG:
            return not any(asked)
        case FairnessKind.PROGRESS:
            return False


def satisfies(graph: RunGraph, formula: Formula, stem: Sequence[int], loop: Sequence[int]) -> bool:
    """Whether the run along these states, the last of which `loop` follow for ever, satisfies a formula."""
    masks = [graph.masks[graph.letter[state]] for state in (*stem, *loop)]
    return lasso.holds(formula, [valuation(mask) for mask in masks], len(stem), SLOTS)


def is_counterexample(
    graph: RunGraph, formula: Formula, assumed: Sequence[Fairness], stem: Sequence[int], loop: Sequence[int]
) -> bool:
    """Whether transitions `stem` and then `loop` for ever are a fair run that violates a formula."""
    before = follow(graph, 0, stem)
    if tuple(loop) == (REST,):
        inside = before[-1:]
        if not graph.rests[inside[0]]:
            return False
    else:
        states = follow(graph, before[-1], loop)
        if not loop or states[-1] != states[0]:
            return False
        inside = states[:-1]
    if not all(keeps(graph, inside, loop, assumption) for assumption in assumed):
        return False
    return not satisfies(graph, formula, before[:-1], inside)


def lassos(graph: RunGraph, length: int) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """All lassos of at most `length` steps in all."""
    paths: list[tuple[tuple[int, ...], list[int]]] = [((), [0])]
    for steps, states in paths:  # grows meanwhile
        if graph.rests[states[-1]]:
            yield steps, (REST,)
        for start in range(len(steps)):
            if states[start] == states[-1]:
                yield steps[:start], steps[start:]
        if len(steps) < length:
            for edge in graph.edges_of(states[-1]):
                paths.append(((*steps, graph.step[edge]), [*states, graph.target[edge]]))
