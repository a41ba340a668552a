"""From a formula to a Büchi automaton that accepts the runs which satisfy it.

After Gastin and Oddoux, Fast LTL to Büchi automata translation (2001): the subformulas are the states of a very weak
alternating automaton; sets of them, read as conjunctions, are those of a generalised Büchi automaton with
acceptance on edges, one set for each `U`. Whether a step delays an `U` is part of the step, as in Couvreur, On-the-fly
verification of linear temporal logic (1999), so that of two steps the better one is known at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from oomcheck.prop.automaton import Automaton, Edge
from oomcheck.prop.formula import Formula
from oomcheck.prop.letters import Letters
from oomcheck.prop.normal import BOTTOM, All, Any, Literal, Next, Release, Table, Until, operands, too_large
from oomcheck.prop.reduce import degeneralised, least, reduced

__all__ = ["Automaton", "Edge", "degeneralised", "translate"]

#: Automata that are larger before they are reduced are refused.
MAX_STATES = 1_000
MAX_EDGES = 10_000


def translate(formula: Formula, max_states: int = MAX_STATES, max_edges: int = MAX_EDGES) -> Automaton:
    """An automaton that accepts exactly the runs which satisfy `formula`, reduced, with the same bytes every time.

    Its atoms are conditions on one state: those of the formula, and junctions of them. A formula whose automaton
    would pass a limit is an error for the user.
    """
    table = Table()
    root = table.add(formula)
    moves = _Moves(table, root, max_edges)
    start = moves.owed(root)
    numbers = {start: 0} if root != BOTTOM else {}
    edges: list[Edge] = []
    queue = list(numbers)
    for state in queue:
        for move in moves.of_all(state):
            target = moves.targets(move)
            if target not in numbers:
                numbers[target] = len(numbers)
                queue.append(target)
            edges.append(Edge(numbers[state], *moves.letters.masks(move), numbers[target], moves.marks(move)))
        if len(numbers) > max_states or len(edges) > max_edges:
            raise too_large(f"its automaton has more than {max_states} states or {max_edges} edges")
    initial = (0,) if numbers else ()
    return reduced(Automaton(moves.atoms, len(numbers), initial, tuple(edges), moves.sets))


class _Moves:
    """The steps of the formulas below a root.

    A move is a mask of what it costs: the literals that it reads (a cube), then one bit for each formula that is
    owed from the next state on, then one for each `U` that it delays. So `|` does two moves at once, and a
    move whose bits are among those of another one makes that superfluous.

    The steps of a set of formulas may leave moves out at each `&&`. Where two of its formulas owe the same `U`,
    doing the same for both is enough: an accepting run can choose by position alone, and fulfil when it can.
    """

    def __init__(self, table: Table, root: int, max_edges: int) -> None:
        self._nodes = table.nodes
        self._max_edges = max_edges
        self._known: dict[int, tuple[int, ...]] = {}
        below = _below(table, root)
        atoms = sorted({node.atom for number in below if isinstance(node := table.nodes[number], Literal)})
        self.atoms = tuple(table.atoms[atom] for atom in atoms)
        self.letters = Letters(self.atoms)
        self._bit = {atom: 1 << i for i, atom in enumerate(atoms)}
        untils = [number for number in below if isinstance(table.nodes[number], Until)]
        self.sets = len(untils)
        self._first_owed = 2 * self.letters.count
        self._first_delayed = self._first_owed + len(below)
        self._formulas = below
        self._owed = {number: 1 << self._first_owed + i for i, number in enumerate(below)}
        self._delayed = {number: 1 << self._first_delayed + i for i, number in enumerate(untils)}
        self._renewed = {self._owed[number]: self.owed(arg) for number in below if (arg := self._always(number))}

    def owed(self, number: int) -> int:
        """A formula as a set of obligations."""
        node = self._nodes[number]
        return sum(self._owed[part] for part in (node.parts if isinstance(node, All) else (number,)))

    def targets(self, move: int) -> int:
        """What a move owes from the next state on: the state that it leads to.

        An obligation that some `G` there renews in each of its steps is left out: both would do the same.
        """
        owed = move & (1 << self._first_delayed) - (1 << self._first_owed)
        for always, renewed in self._renewed.items():
            if owed & always:
                owed &= ~renewed
        return owed

    def marks(self, move: int) -> int:
        """The acceptance sets of a move: one for each `U` that it does not delay."""
        return ~(move >> self._first_delayed) & (1 << self.sets) - 1

    def of_all(self, owed: int) -> tuple[int, ...]:
        """The moves of a set of obligations."""
        return self._together(number for number in self._formulas if owed & self._owed[number])

    def _always(self, number: int) -> int | None:
        node = self._nodes[number]
        return node.right if isinstance(node, Release) and node.left == BOTTOM else None

    def _of(self, number: int) -> tuple[int, ...]:
        if number not in self._known:
            self._known[number] = self._moves(number)
        return self._known[number]

    def _moves(self, number: int) -> tuple[int, ...]:
        match self._nodes[number]:
            case Literal(atom=atom, positive=positive):
                bit = self._bit[atom]
                return (self.letters.cube(bit, 0) if positive else self.letters.cube(0, bit),)
            case All(parts=parts):
                return self._together(parts)
            case Any(parts=parts):
                return least(move for part in parts for move in self._of(part))
            case Next(arg=arg):
                return (self.owed(arg),)
            case Until(left=left, right=right):
                again = (self._owed[number] | self._delayed[number],)
                return least((*self._of(right), *self._both(self._of(left), again)))
            case Release(left=left, right=right):
                return self._both(self._of(right), (*self._of(left), self._owed[number]))

    def _together(self, numbers: Iterable[int]) -> tuple[int, ...]:
        moves: tuple[int, ...] = (0,)
        for number in numbers:
            moves = self._both(moves, self._of(number))
        return moves

    def _both(self, left: Sequence[int], right: Sequence[int]) -> tuple[int, ...]:
        if len(left) * len(right) > self._max_edges:
            raise too_large(f"its automaton has more than {self._max_edges} edges")
        joint = {a | b for a in left for b in right}
        return least(move for move in joint if not self.letters.empty(move))


def _below(table: Table, root: int) -> list[int]:
    """`root` and all formulas that it is built from, by number."""
    found, stack = {root}, [root]
    while stack:
        new = set(operands(table.nodes[stack.pop()])) - found
        found |= new
        stack.extend(new)
    return sorted(found)
