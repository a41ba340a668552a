"""A Büchi automaton that reads a system, as variables, conditions and updates that each step of the system shares.

An automaton may have several edges for one letter. Instead of a transition for each of them there is a variable, the
choice, that says which one is taken; whoever sets it guesses. So the number of transitions does not grow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from oomcheck.analysis.product import accepting_parts
from oomcheck.ir.expr import FALSE, TRUE, Expr, Lit, Var, and_, binary, eq, ite, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import IntSort
from oomcheck.ir.system import Role, StateVar, Update
from oomcheck.prop.automaton import Automaton, Edge
from oomcheck.records import dataclass
from oomcheck.transform.product import STATE, letter

CHOICE = "@choice"  # no name of a model has an @


@dataclass(frozen=True, slots=True)
class Reader:
    """What a step of the system does with the automaton; all conditions are on the state that it leaves.

    `choice` takes the values 0 .. `choices` - 1 and may change at any time; None if there is nothing to choose.
    `may_repeat` holds where an accepting loop can begin. A step needs `reads`, within such a loop `repeats`;
    a loop of those is accepting if some of its steps meets each of `goals`. `state` is the variable that the start
    and the end of a loop must agree on, None if they always do.
    """

    variables: tuple[StateVar, ...]
    choice: Var | None
    choices: int
    reads: Expr
    repeats: Expr
    may_repeat: Expr
    updates: tuple[Update, ...]
    goals: tuple[Expr, ...]
    state: StateVar | None


def reader(automaton: Automaton) -> Reader:
    """The automaton in its initial state; one with several, or none, begins in a state of its own."""
    automaton = _with_one_start(automaton)
    strands = _strands(automaton)
    choices = max((count for _, count in strands.values()), default=1)
    state, choice = _variable(STATE, automaton.states, automaton.initial[0]), _variable(CHOICE, choices, 0)
    taken = {
        edge: and_(_is(state, edge.source), _chosen(choice, *strands[edge], choices), letter(automaton, edge))
        for edge in automaton.edges
    }
    parts = accepting_parts(automaton)
    inner = [edge for edge in automaton.edges if parts[edge.source] == parts[edge.target] >= 0]
    crowded = any(part >= 0 and parts.count(part) > 1 for part in parts)
    return Reader(
        variables=tuple(v for v in (state, choice) if len(_values(v)) > 1),
        choice=choice.var if choices > 1 else None,
        choices=choices,
        reads=or_(*taken.values()),
        repeats=or_(*(taken[edge] for edge in inner)),
        may_repeat=or_(*(_is(state, number) for number, part in enumerate(parts) if part >= 0)),
        updates=_moves(state, taken),
        goals=tuple(_goals(automaton, inner, taken)),
        state=state if crowded else None,
    )


def _with_one_start(automaton: Automaton) -> Automaton:
    if len(automaton.initial) == 1:
        return automaton
    begin = automaton.states
    first = (replace(edge, source=begin, marks=0) for edge in automaton.edges if edge.source in automaton.initial)
    edges = tuple(sorted({*automaton.edges, *first}))
    return replace(automaton, states=begin + 1, initial=(begin,), edges=edges)


def _variable(name: str, values: int, init: int) -> StateVar:
    return StateVar(name, IntSort(0, values - 1), (init,), Role.GHOST, (name,), quiet=True)


def _values(variable: StateVar) -> range:
    assert isinstance(variable.sort, IntSort)
    return range(variable.sort.lo, variable.sort.hi + 1)


def _is(variable: StateVar, value: int) -> Expr:
    return TRUE if len(_values(variable)) == 1 else eq(variable.var, _number(value))


def _number(value: int) -> Lit:
    return Lit(value, IntSort(0, value))


def _strands(automaton: Automaton) -> dict[Edge, tuple[int, int]]:
    """The edges of each state dealt out so that of one strand at most one reads a letter.

    For each edge the number of its strand, and how many strands its state has.
    """
    found: dict[Edge, tuple[int, int]] = {}
    for edges in automaton.outgoing:
        strands: list[list[Edge]] = []
        for edge in edges:
            for strand in strands:
                if all(_exclude(edge, other) for other in strand):
                    strand.append(edge)
                    break
            else:
                strands.append([edge])
        for number, strand in enumerate(strands):
            found.update(dict.fromkeys(strand, (number, len(strands))))
    return found


def _exclude(one: Edge, other: Edge) -> bool:
    """Whether no letter is read by both."""
    return bool(one.positive & other.negative or one.negative & other.positive)


def _chosen(choice: StateVar, strand: int, strands: int, choices: int) -> Expr:
    """Whether a strand is chosen; the last one of a state also by all choices that the state has no strand for.

    So the choice seldom has to change.
    """
    if strand < strands - 1 or strands == choices:
        return _is(choice, strand)
    return TRUE if strand == 0 else binary(Op.LE, _number(strand), choice.var)


def _moves(state: StateVar, taken: dict[Edge, Expr]) -> tuple[Update, ...]:
    """The state after a step that the automaton can read: where no edge leads away, the same."""
    after: Expr = state.var
    for target in _values(state):
        condition = or_(*(taken[edge] for edge in taken if edge.target == target != edge.source))
        after = ite(condition, _number(target), after)
    return () if after == state.var else (Update(state.var, after),)


def _goals(automaton: Automaton, inner: Sequence[Edge], taken: dict[Edge, Expr]) -> Iterable[Expr]:
    """When a step belongs to an acceptance set, for each set that some edge of a loop is not in."""
    for bit in range(automaton.sets):
        marked = [edge for edge in inner if edge.marks >> bit & 1]
        if len(marked) < len(inner):
            yield or_(*(taken[edge] for edge in marked)) if marked else FALSE
