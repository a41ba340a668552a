"""States of small systems put in for the constants of frames, so that terms become values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import z3

from oomcheck.ir.sorts import BoolSort, Scalar, bounds, scalar_of, width
from oomcheck.ir.system import State, TransitionSystem
from oomcheck.semantics.successors import successors
from oomcheck.smt.machine import Cell
from oomcheck.smt.terms import Term, literal

Pairs = list[tuple[Term, Term]]


def reachable(system: TransitionSystem, most: int) -> list[State]:
    """The first reachable states, breadth first."""
    found = {system.initial: None}
    frontier = [system.initial]
    while frontier and len(found) < most:
        following = [new for state in frontier for _, new in successors(system, state)]
        frontier = [state for state in dict.fromkeys(following) if state not in found]
        found.update(dict.fromkeys(frontier))
    return list(islice(found, most))


def cells(system: TransitionSystem) -> Iterator[tuple[Cell, Scalar]]:
    """The cells of a finite system in the order of a state's slots, with their sorts."""
    for variable in system.variables:
        for slot in range(width(variable.sort)):
            yield (variable.name, slot), scalar_of(variable.sort)


def integers(system: TransitionSystem, frame: Mapping[Cell, Term], state: Sequence[int]) -> Pairs:
    """Constants of a frame over integers, each with its value in a state."""
    return [(frame[at], literal(value, sort)) for (at, sort), value in zip(cells(system), state, strict=True)]


def bits(system: TransitionSystem, frame: Mapping[Cell, Term], state: Sequence[int]) -> Pairs:
    """The same over bit-vectors."""
    return [
        (frame[at], bit_literal(frame[at], value, sort)) for (at, sort), value in zip(cells(system), state, strict=True)
    ]


def bit_literal(term: Term, value: int, sort: Scalar) -> Term:
    """A value of a sort for a constant."""
    assert bounds(sort)[0] <= value <= bounds(sort)[1]
    return z3.BoolVal(bool(value)) if isinstance(sort, BoolSort) else z3.BitVecVal(value, term.size())


def holds(term: z3.BoolRef, *pairs: Pairs) -> bool:
    """The truth value of a term in which every constant gets a value."""
    found = z3.simplify(z3.substitute(term, *(pair for part in pairs for pair in part)))
    assert z3.is_true(found) or z3.is_false(found), found
    return bool(z3.is_true(found))
