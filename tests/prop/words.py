"""Lassos over a few propositions, what they satisfy by the definition of LTL, and what automata accept of them.

Nothing here is shared with the code under test: truth is decided by the quantifiers in the definitions of `U` and
`R` over all positions that can matter, acceptance by the components that networkx finds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import product
from operator import or_

import networkx as nx

from oomcheck.ir.expr import Var
from oomcheck.ir.sorts import IntSort
from oomcheck.ir.system import State
from oomcheck.prop.automaton import Automaton
from oomcheck.prop.formula import And, Atom, Formula, Next, Not, Or, Release, Until
from oomcheck.semantics.evaluate import evaluate
from tests.ltl_patterns import PROPOSITIONS

#: A state has one slot for each proposition, and one for a number.
NUMBER = Var("x", IntSort(0, 2))
SLOTS = {name: slot for slot, name in enumerate((*PROPOSITIONS, NUMBER.name))}


@dataclass(frozen=True)
class Lasso:
    """The word `states`, after which `states[loop:]` repeats."""

    states: tuple[State, ...]
    loop: int

    def position(self, number: int) -> int:
        """Where in `states` position `number` of the infinite word is found."""
        period = len(self.states) - self.loop
        return number if number < self.loop else self.loop + (number - self.loop) % period


def lasso(stem: str, loop: str) -> Lasso:
    """A lasso from texts such as "p pq -": letters that name what holds, "-" for nothing."""
    words = [*stem.split(), *loop.split()]
    return Lasso(tuple(letter(set(word)) for word in words), len(stem.split()))


def letter(true: Collection[str], number: int = 0) -> State:
    """The state in which exactly these propositions hold."""
    return (*(int(name in true) for name in PROPOSITIONS), number)


def lassos(propositions: str, longest: int) -> Iterator[Lasso]:
    """All lassos with at most `longest` states over some propositions; the others never hold, the number is 0."""
    letters = [
        letter({name for name, bit in zip(propositions, bits, strict=True) if bit})
        for bits in product((False, True), repeat=len(propositions))
    ]
    for length in range(1, longest + 1):
        for states in product(letters, repeat=length):
            for loop in range(length):
                yield Lasso(states, loop)


class Meaning:
    """Which positions of a lasso satisfy which formulas."""

    def __init__(self, word: Lasso) -> None:
        self._word = word
        self._known: dict[tuple[int, int], bool] = {}
        self._alive: list[Formula] = []  # so that no identity is used twice

    def holds(self, formula: Formula, number: int = 0) -> bool:
        """Whether the suffix from position `number` on satisfies the formula."""
        key = (id(formula), self._word.position(number))
        if key not in self._known:
            self._alive.append(formula)
            self._known[key] = self._holds(formula, key[1])
        return self._known[key]

    def _holds(self, formula: Formula, here: int) -> bool:
        # From `here` on, this many positions meet every suffix of the word.
        ahead = range(here, here + len(self._word.states))
        match formula:
            case Atom(condition=condition):
                return bool(evaluate(condition, self._word.states[here], SLOTS))
            case Not(arg=arg):
                return not self.holds(arg, here)
            case And(left=left, right=right):
                return self.holds(left, here) and self.holds(right, here)
            case Or(left=left, right=right):
                return self.holds(left, here) or self.holds(right, here)
            case Next(arg=arg):
                return self.holds(arg, here + 1)
            case Until(left=left, right=right):
                return any(self.holds(right, j) and all(self.holds(left, k) for k in range(here, j)) for j in ahead)
            case Release(left=left, right=right):
                return all(self.holds(right, j) or any(self.holds(left, k) for k in range(here, j)) for j in ahead)


def accepts(automaton: Automaton, word: Lasso) -> bool:
    """Whether some run of the automaton on the lasso is accepting."""
    graph: nx.MultiDiGraph[tuple[int, int]] = nx.MultiDiGraph()
    graph.add_nodes_from((state, 0) for state in automaton.initial)
    letters = [
        sum(1 << i for i, atom in enumerate(automaton.atoms) if evaluate(atom, state, SLOTS)) for state in word.states
    ]
    for here, letter in enumerate(letters):
        for edge in automaton.edges:
            if edge.reads(letter):
                graph.add_edge((edge.source, here), (edge.target, word.position(here + 1)), marks=edge.marks)
    starts = [(state, 0) for state in automaton.initial]
    reached = set(starts).union(*(nx.descendants(graph, start) for start in starts))
    for component in nx.strongly_connected_components(graph.subgraph(reached)):
        inner: list[int] = list(nx.get_edge_attributes(graph.subgraph(component), "marks").values())
        if inner and reduce(or_, inner) == automaton.all_marks:
            return True
    return False
