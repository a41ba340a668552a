"""The state graph of a system as Z3 has it, beside the one that a search makes.

Whether a step can be taken in a state, where it leads and whether a condition holds is for Z3 to say: it computes the
value of each formula of its encoding for the values of the constants that occur in it. These are few, so most values
were computed before, for another state.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, Generic, TypeAlias, TypeVar

import z3

from oomcheck.analysis.graph import RunGraph
from oomcheck.ir.expr import Expr
from oomcheck.ir.sorts import bounds
from oomcheck.ir.system import TransitionSystem
from oomcheck.records import dataclass
from oomcheck.smt.encoding import Encoding, encoding
from oomcheck.smt.terms import Term

Key = TypeVar("Key", bound=Hashable)
State: TypeAlias = "bytes | tuple[int, ...]"  # the value of each slot; bytes where all fit


class DifferError(Exception):
    """Z3 and the search mean different things; says where."""


def same_graph(system: TransitionSystem, graph: RunGraph, conditions: Sequence[Expr], told: int) -> tuple[bool, ...]:
    """Which of the conditions hold in some state, if Z3 has the same graph. Raises DifferError.

    The graph must be complete. Of the conditions the first ones, as many as are `told`, are those of the graph.
    """
    shape = Shape(system, conditions)
    first = shape.first()
    states, numbers = [first], {first: 0}
    held = [graph.where(bit) for bit in range(told)]
    somewhere = [False] * len(conditions)
    for number, state in enumerate(states):  # which grows
        steps, targets = [], []
        for step, target in sorted(shape.steps(state)):
            if target not in numbers:
                numbers[target] = len(states)
                states.append(target)
            steps.append(step)
            targets.append(numbers[target])
        edges = graph.edges_of(number) if number < graph.states else range(0)
        if steps != [graph.step[e] for e in edges] or targets != [graph.target[e] for e in edges]:
            raise DifferError(f"steps of state {number}, {tuple(state)}")
        holding = set(shape.holding(state))
        if any((bit in holding) != held[bit][number] for bit in range(told)):
            raise DifferError(f"conditions in state {number}, {tuple(state)}")
        for bit in holding:
            somewhere[bit] = True
    if len(states) != graph.states:
        raise DifferError(f"{len(states)} states by Z3, {graph.states} by search")
    return tuple(somewhere)


class Shape:
    """The formulas of a system."""

    def __init__(self, system: TransitionSystem, conditions: Sequence[Expr]) -> None:
        encoded = encoding(system)
        self._encoded = encoded
        self._cells = cells = _Cells(system, encoded)
        self._conditions = Table(
            [(n, cells.formula(encoded.holds(expr))) for n, expr in enumerate(conditions)],
        )
        steps: list[tuple[_Step, Formula]] = []
        for step in system.transitions:
            effect, escape = encoded.effect(step)
            guard = cells.formula(z3.And(encoded.holds(system.full_guard(step)), z3.Not(escape)))
            writes = tuple((cells.slots[at], cells.content(cells.slots[at], term)) for at, term in effect.items())
            steps.append((_Step(step.index, writes), guard))
        self._steps = Table(steps)

    def first(self) -> State:
        """The initial state."""
        solver = z3.Solver()
        solver.add(self._encoded.start())
        assert solver.check() == z3.sat
        model = solver.model()
        return self._cells.pack(self._cells.read(n, model.eval(term)) for n, term in enumerate(self._cells.terms))

    def steps(self, state: State) -> Iterator[tuple[int, State]]:
        """The steps that can be taken, each with its target."""
        for step in self._steps.holding(state):
            target = list(state)
            for slot, formula in step.writes:
                target[slot] = formula.value(state)
            yield step.index, self._cells.pack(target)

    def holding(self, state: State) -> Iterator[int]:
        """The numbers of the conditions that hold."""
        return self._conditions.holding(state)


class Formula(ABC):
    """A formula that has a value in each state: 0 or 1, or the number that a slot gets.

    `only` names program counters, and all values of each at which the formula can hold.
    """

    only: Mapping[int, frozenset[int]]

    @abstractmethod
    def value(self, state: State) -> int:
        """The value in a state."""


class Table(Generic[Key]):
    """Formulas by the values of a program counter at which they can hold."""

    def __init__(self, formulas: Iterable[tuple[Key, Formula]]) -> None:
        self._anywhere: list[tuple[Key, Formula]] = []
        self._at: dict[int, dict[int, list[tuple[Key, Formula]]]] = {}
        for key, formula in formulas:
            if not formula.only:
                self._anywhere.append((key, formula))
                continue
            slot = min(formula.only, key=lambda at: (len(formula.only[at]), at))
            for value in formula.only[slot]:
                self._at.setdefault(slot, {}).setdefault(value, []).append((key, formula))

    def holding(self, state: State) -> Iterator[Key]:
        """The keys of those that hold in a state."""
        for key, formula in self._anywhere:
            if formula.value(state):
                yield key
        for slot, places in self._at.items():
            for key, formula in places.get(state[slot], ()):
                if formula.value(state):
                    yield key


@dataclass(frozen=True, slots=True)
class _Step:
    """What a step writes: a formula for each of some slots."""

    index: int
    writes: tuple[tuple[int, Formula], ...]


class _And(Formula):
    def __init__(self, parts: Sequence[Formula]) -> None:
        self._parts = sorted(parts, key=lambda part: not part.only)
        only: dict[int, frozenset[int]] = {}
        for part in parts:
            for slot, values in part.only.items():
                only[slot] = only.get(slot, values) & values
        self.only = only

    def value(self, state: State) -> int:
        return int(all(part.value(state) for part in self._parts))


class _Or(Formula):
    def __init__(self, parts: Sequence[Formula]) -> None:
        slots = set.intersection(*(set(part.only) for part in parts)) if parts else set[int]()
        self.only = {slot: frozenset[int]().union(*(part.only[slot] for part in parts)) for slot in slots}
        self._parts = Table([(n, part) for n, part in enumerate(parts)])

    def value(self, state: State) -> int:
        return int(any(True for _ in self._parts.holding(state)))


class _Not(Formula):
    def __init__(self, part: Formula) -> None:
        self.only = {}
        self._part = part

    def value(self, state: State) -> int:
        return 1 - self._part.value(state)


class _Leaf(Formula):
    """What Z3 computes; `substituted` is the formula for values of the slots that it mentions."""

    def __init__(self, slots: Sequence[int], substituted: Callable[[Sequence[int]], int]) -> None:
        self.only = {}
        self._slots = slots
        self._of = itemgetter(*slots) if slots else lambda state: ()
        self._substituted = substituted
        self._known: dict[Any, int] = {}

    def value(self, state: State) -> int:
        key = self._of(state)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._substituted([state[slot] for slot in self._slots])
        return found


class _Cells:
    """The constants of a state, in the order of its slots, and what their values are as numbers."""

    def __init__(self, system: TransitionSystem, encoded: Encoding) -> None:
        self.terms: tuple[Term, ...] = tuple(encoded.now.values())
        self.slots = {at: number for number, at in enumerate(encoded.now)}
        assert {name: number for (name, slot), number in self.slots.items() if slot == 0} == dict(system.slot)
        self._numbers = {term.get_id(): number for number, term in enumerate(self.terms)}
        self._ranges = [bounds(sort) for sort in system.slot_sorts]
        self.pack: Callable[[Iterable[int]], State] = (
            bytes if all(low >= 0 and high < 256 for low, high in self._ranges) else tuple
        )
        self._counters = {system.slot[process.pc] for process in system.processes}
        self._known: dict[tuple[int, bool], tuple[Term, Formula]] = {}  # the term is held, so that its id stays its

    def read(self, slot: int, value: Term) -> int:
        """The number that a value of a slot stands for."""
        return _number(value, self._ranges[slot][0] < 0)

    def content(self, slot: int, term: Term) -> Formula:
        """A formula for the value of a slot."""
        return self.formula(term, self._ranges[slot][0] < 0)

    def formula(self, term: Term, signed: bool = False) -> Formula:
        """A formula of the constants; the same one for the same term."""
        key = (term.get_id(), signed)
        if key not in self._known:
            self._known[key] = (term, self._made(term, signed))
        return self._known[key][1]

    def _made(self, term: Term, signed: bool) -> Formula:
        kind = term.decl().kind()
        if kind == z3.Z3_OP_AND:
            return _And([self.formula(part) for part in term.children()])
        if kind == z3.Z3_OP_OR:
            return _Or([self.formula(part) for part in term.children()])
        if kind == z3.Z3_OP_NOT:
            return _Not(self.formula(term.arg(0)))
        slots = sorted(self._mentioned(term))
        leaf = _Leaf(slots, lambda values: self._substituted(term, slots, values, signed))
        if z3.is_bool(term) and len(slots) == 1 and slots[0] in self._counters:
            low, high = self._ranges[slots[0]]
            places = range(low, high + 1)
            leaf.only = {slots[0]: frozenset(n for n in places if self._substituted(term, slots, [n], signed))}
        return leaf

    def _substituted(self, term: Term, slots: Sequence[int], values: Sequence[int], signed: bool) -> int:
        constants = [(self.terms[slot], self._value(slot, value)) for slot, value in zip(slots, values, strict=True)]
        return _number(z3.simplify(z3.substitute(term, *constants)), signed)

    def _value(self, slot: int, value: int) -> Term:
        term = self.terms[slot]
        return z3.BoolVal(bool(value)) if z3.is_bool(term) else z3.BitVecVal(value, term.sort())

    def _mentioned(self, term: Term) -> set[int]:
        found, done, left = set[int](), set[int](), [term]
        while left:
            part = left.pop()
            if part.get_id() not in done:
                done.add(part.get_id())
                left += part.children()
                if part.get_id() in self._numbers:
                    found.add(self._numbers[part.get_id()])
        return found


def _number(value: Term, signed: bool) -> int:
    if z3.is_bool(value):
        assert z3.is_true(value) or z3.is_false(value), value
        return int(z3.is_true(value))
    assert isinstance(value, z3.BitVecNumRef), value
    return int(value.as_signed_long() if signed else value.as_long())
