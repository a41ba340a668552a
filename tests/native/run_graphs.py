"""Graphs of runs and automata for tests that compare the native functions with the plain ones."""

from __future__ import annotations

from array import array
from random import Random

from oomcheck.analysis.graph import RunGraph
from oomcheck.ir.expr import Expr
from oomcheck.prop.automaton import Automaton, Edge
from oomcheck.prop.temporal import Fairness, FairnessKind
from tests.analysis.graphs import P, Q, graph_of

BITS = 4  # conditions in a random graph


def random_graph(random: Random, size: int, steps: int) -> RunGraph:
    """What state 0 reaches of up to `size` states; most edges lead near, so that there are large components."""
    density = random.choice([1, 1.5, 2, 3])
    arrows = []
    for state in range(size):
        count = min(steps, int(random.expovariate(1 / density) + random.random()))
        near = [(state + random.randrange(1, 4)) % size for _ in range(count)]
        taken = sorted(random.sample(range(steps), count))
        arrows.append(
            [(step, near[k] if random.random() < 0.6 else random.randrange(size)) for k, step in enumerate(taken)]
        )
    masks = [random.getrandbits(BITS) & random.getrandbits(BITS) for _ in range(size)]
    rests = [s for s in range(size) if random.random() < (0.02 if arrows[s] else 0.3)]
    return graph_of(arrows, masks, rests)


def random_automaton(random: Random) -> Automaton:
    """Up to four states, two atoms, three acceptance sets; it need not be one that a formula gives."""
    states, sets = random.randint(1, 4), random.randint(0, 3)
    edges = set()
    for source in range(states):
        for _ in range(random.randint(1, 4)):
            positive = random.getrandbits(2) & random.getrandbits(2)
            negative = random.getrandbits(2) & random.getrandbits(2) & ~positive
            marks = random.getrandbits(sets) if sets else 0
            edges.add(Edge(source, positive, negative, random.randrange(states), marks))
    initial = tuple(sorted(random.sample(range(states), random.randint(1, states))))
    atoms: tuple[Expr, ...] = (P.condition, Q.condition)
    return Automaton(atoms, states, initial, tuple(sorted(edges)), sets)


def random_fairness(random: Random, steps: int) -> tuple[Fairness, ...]:
    """Up to four assumptions of any kind."""
    return tuple(
        Fairness(
            "some",
            random.choice(list(FairnessKind)),
            frozenset(random.sample(range(steps), random.randint(1, min(3, steps)))),
        )
        for _ in range(random.choice([0, 1, 1, 2, 3, 4]))
    )


def tree(height: int) -> RunGraph:
    """A full binary tree; step 0 leads left, 1 right, and 2 from each leaf back to the root. Masks: 1 at leaves."""
    inner, states = 2**height - 1, 2 ** (height + 1) - 1
    first = array("q", range(0, 2 * inner + 1, 2)) + array("q", range(2 * inner + 1, 2 * inner + states - inner + 1))
    target = array("i", range(1, states)) + array("i", [0]) * (states - inner)
    step = array("i", [0, 1]) * inner + array("i", [2]) * (states - inner)
    parent = array("i", [-1, *((state - 1) // 2 for state in range(1, states))])
    found_by = array("i", [-1]) + array("i", [0, 1]) * inner
    letter = array("i", [0]) * inner + array("i", [1]) * (states - inner)
    return RunGraph(first, target, step, parent, found_by, bytearray(states), letter, (0, 1))


def chain(states: int, closed: bool) -> RunGraph:
    """States in a row, by step 0, and back from the last to the first if `closed`. Masks: 1 at the last."""
    edges = states - 1 + closed
    first = array("q", range(states)) + array("q", [edges])
    target = array("i", range(1, states)) + array("i", [0] * closed)
    parent, found_by = array("i", range(-1, states - 1)), array("i", [-1]) + array("i", [0]) * (states - 1)
    letter = array("i", [0]) * (states - 1) + array("i", [1])
    return RunGraph(first, target, array("i", [0]) * edges, parent, found_by, bytearray(states), letter, (0, 1))
