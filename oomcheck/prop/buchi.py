"""From a formula to a Büchi automaton that accepts the runs which satisfy it.

Gastin and Oddoux, Fast LTL to Büchi automata translation (2001): the subformulas are the states of a very weak
alternating automaton; sets of them, read as conjunctions, are those of a generalised Büchi automaton with
acceptance on edges, one set for each `U`. Edges that another one makes superfluous are left out on the way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from oomcheck.prop.automaton import Automaton, Edge
from oomcheck.prop.formula import Formula
from oomcheck.prop.letters import EVERY, Cube, Letters, join
from oomcheck.prop.normal import BOTTOM, All, Any, Literal, Next, Release, Table, Until, operands, too_large
from oomcheck.prop.reduce import degeneralised, maximal, reduced

__all__ = ["Automaton", "Edge", "degeneralised", "translate"]

#: Automata that are larger before they are reduced are refused.
MAX_STATES = 2_000
MAX_EDGES = 20_000

Obligations = frozenset[int]


@dataclass(frozen=True, slots=True)
class Move:
    """A step of the alternating automaton: with these letters, all of `targets` are owed from the next state on."""

    letters: Cube
    targets: Obligations


def translate(formula: Formula, max_states: int = MAX_STATES, max_edges: int = MAX_EDGES) -> Automaton:
    """An automaton that accepts exactly the runs which satisfy `formula`, reduced, with the same bytes every time.

    Its atoms are conditions on one state: those of the formula, and junctions of them. A formula whose automaton
    would pass a limit is an error for the user.
    """
    table = Table()
    root = table.add(formula)
    moves = _Moves(table, max_edges)
    untils = [number for number in moves.below(root) if isinstance(table.nodes[number], Until)]
    numbers = {moves.owed(root): 0} if root != BOTTOM else {}
    edges: list[Edge] = []
    queue = list(numbers)
    for state in queue:
        for move, marks in _steps(moves, state, untils):
            if move.targets not in numbers:
                numbers[move.targets] = len(numbers)
                queue.append(move.targets)
            edges.append(Edge(numbers[state], *move.letters, numbers[move.targets], marks))
        if len(numbers) > max_states or len(edges) > max_edges:
            raise too_large(f"its automaton has more than {max_states} states or {max_edges} edges")
    initial = (0,) if numbers else ()
    return reduced(Automaton(tuple(table.atoms), len(numbers), initial, tuple(edges), len(untils)))


class _Moves:
    """The alternating automaton: the moves of each formula of a table."""

    def __init__(self, table: Table, max_edges: int) -> None:
        self.letters = Letters(table.atoms)
        self._table = table
        self._max_edges = max_edges
        self._known: dict[int, tuple[Move, ...]] = {}

    def owed(self, number: int) -> Obligations:
        """A formula as a set of obligations."""
        node = self._table.nodes[number]
        return frozenset(node.parts) if isinstance(node, All) else frozenset({number})

    def below(self, root: int) -> list[int]:
        """`root` and all formulas that it is built from, by number."""
        found, stack = {root}, [root]
        while stack:
            new = set(operands(self._table.nodes[stack.pop()])) - found
            found |= new
            stack.extend(new)
        return sorted(found)

    def of(self, number: int) -> tuple[Move, ...]:
        """The moves of a formula."""
        if number not in self._known:
            self._known[number] = self._of(number)
        return self._known[number]

    def _of(self, number: int) -> tuple[Move, ...]:
        again = (Move(EVERY, frozenset({number})),)
        match self._table.nodes[number]:
            case Literal(atom=atom, positive=positive):
                return (Move((1 << atom, 0) if positive else (0, 1 << atom), frozenset()),)
            case All(parts=parts):
                return self._minimal(self.together(parts))
            case Any(parts=parts):
                return self._minimal(move for part in parts for move in self.of(part))
            case Next(arg=arg):
                return (Move(EVERY, self.owed(arg)),)
            case Until(left=left, right=right):
                return self._minimal([*self.of(right), *self._both(self.of(left), again)])
            case Release(left=left, right=right):
                return self._minimal(self._both(self.of(right), (*self.of(left), *again)))

    def together(self, numbers: Iterable[int]) -> tuple[Move, ...]:
        """The moves of a conjunction, none left out."""
        moves: tuple[Move, ...] = (Move(EVERY, frozenset()),)
        for number in numbers:
            moves = self._both(moves, self.of(number))
        return moves

    def covers(self, wide: Move, narrow: Move) -> bool:
        """Whether `wide` reads every letter of `narrow` and owes nothing more."""
        return wide.targets <= narrow.targets and self.letters.include(wide.letters, narrow.letters)

    def _both(self, left: Sequence[Move], right: Sequence[Move]) -> tuple[Move, ...]:
        if len(left) * len(right) > self._max_edges:
            raise too_large(f"its automaton has more than {self._max_edges} edges")
        joint = (Move(join(a.letters, b.letters), a.targets | b.targets) for a in left for b in right)
        return tuple(dict.fromkeys(move for move in joint if not self.letters.empty(move.letters)))

    def _minimal(self, moves: Iterable[Move]) -> tuple[Move, ...]:
        """Moves that no other one covers. Sound for one formula, but not for a set: see `_steps`."""
        return tuple(maximal(dict.fromkeys(moves), self.covers))


def _steps(moves: _Moves, state: Obligations, untils: Sequence[int]) -> list[tuple[Move, int]]:
    """The edges of a set of obligations with their marks, without those that others make superfluous.

    An edge is in the set of an `U` that is not owed after it, or that could have been fulfilled by it and is
    owed anew. An edge that owes less but delays an `U` does not replace one that fulfils it.
    """
    marked = [(move, _marks(moves, move, untils)) for move in moves.together(sorted(state))]
    return maximal(marked, lambda a, b: a[1] & b[1] == b[1] and moves.covers(a[0], b[0]))


def _marks(moves: _Moves, move: Move, untils: Sequence[int]) -> int:
    marks = 0
    for i, until in enumerate(untils):
        fulfilled = (own for own in moves.of(until) if until not in own.targets)
        if until not in move.targets or any(moves.covers(own, move) for own in fulfilled):
            marks |= 1 << i
    return marks
