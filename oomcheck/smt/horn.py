"""Reachability as Horn clauses: a system with inputs, and what one clause may know of other reachable states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from oomcheck.ir.expr import Apply, Expr, Index, Lit, Var
from oomcheck.ir.ops import Op
from oomcheck.ir.system import TransitionSystem
from oomcheck.ir.walk import Rewriting
from oomcheck.records import dataclass

Other = Mapping[str, Var]  # variables of another reachable state, by the name of what they are there


@dataclass(frozen=True, slots=True)
class Part:
    """What restricts one transition or the bad states: conditions, and other states that are reachable too.

    An other state is like the present one but for some variables, whose values there are in inputs.
    """

    conditions: tuple[Expr, ...] = ()
    others: tuple[Other, ...] = ()


@dataclass(frozen=True, slots=True)
class Horn:
    """Whether `bad` is reachable.

    `inputs` are variables that have any value in each state: no step sets or keeps them, and nothing is known of them
    but what `parts` say; there is one of these for each transition, in order, and at last one for `bad`.
    """

    system: TransitionSystem
    bad: Expr
    inputs: frozenset[str]
    parts: tuple[Part, ...]


def plain(system: TransitionSystem, bad: Expr) -> Horn:
    """The question about a system as it is."""
    return Horn(system, bad, frozenset(), (Part(),) * (len(system.transitions) + 1))


def strengthened(horn: Horn, facts: Sequence[Expr]) -> Horn:
    """The same question where facts that hold in all reachable states are known."""
    places = [excluded(horn.system, fact) for fact in facts]
    parts = []
    for number, part in enumerate(horn.parts):
        here = origin(horn.system, number)
        useful = [fact for fact, place in zip(facts, places, strict=True) if not settled(place, here)]
        there = [elsewhere(other) for other in part.others]
        more = [*useful, *(change(fact) for change in there for fact in useful)]
        parts.append(replace(part, conditions=tuple(dict.fromkeys((*part.conditions, *more)))))
    return replace(horn, parts=tuple(parts))


def elsewhere(other: Other) -> Rewriting:
    """How an expression is said of an other state."""

    def leaf(node: Lit | Var | Index) -> Expr:
        match node:
            case Var(name=name) if name in other:
                return other[name]
            case Index(array=array, index=position) if array.name in other:
                return Index(other[array.name], position)
            case _:
                return node

    return Rewriting(leaf)


def origin(system: TransitionSystem, number: int) -> tuple[str, int] | None:
    """The program counter of a transition and where it begins; None behind the last one, for the bad states."""
    if number == len(system.transitions):
        return None
    step = system.transitions[number]
    return system.processes[step.process].pc, step.origin


def excluded(system: TransitionSystem, fact: Expr) -> frozenset[tuple[str, int]]:
    """Places of processes such that a clause holds whenever a process is elsewhere."""
    counters = {process.pc for process in system.processes}
    return frozenset(_excluded(fact, counters))


def _excluded(fact: Expr, counters: set[str]) -> Iterator[tuple[str, int]]:
    for part in fact.args if isinstance(fact, Apply) and fact.op is Op.OR else (fact,):
        match part:
            case Apply(op=Op.NE, args=(Var(name=name), Lit(value=value))) if name in counters:
                yield name, value


def settled(places: frozenset[tuple[str, int]], here: tuple[str, int] | None) -> bool:
    """Whether a clause holds because a process is `here`."""
    return here is not None and any(name == here[0] and value != here[1] for name, value in places)
