"""One step of a system as a template over two states."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import z3

from oomcheck.ir.expr import Expr, Index, Lit, Place, Var
from oomcheck.ir.sorts import ArraySort
from oomcheck.ir.system import Transition, TransitionSystem
from oomcheck.ir.walk import subexpressions
from oomcheck.records import dataclass
from oomcheck.smt.encoding import Encoding
from oomcheck.smt.machine import Cell
from oomcheck.smt.terms import Term


@dataclass(frozen=True)
class Template:
    """A step: `fired` has a constant for each transition, in order, and `after` one for each in the next step.

    `step` says that exactly one transition fires and leads from the state `now` to the state `then`. `order` says of
    two steps in a row that they do not come in the wrong one of two orders that make no difference. A transition that
    would leave what the encoding can represent does not fire; `escape` says that there is one.
    """

    now: tuple[Term, ...]
    then: tuple[Term, ...]
    fired: tuple[z3.BoolRef, ...]
    after: tuple[z3.BoolRef, ...]
    start: z3.BoolRef
    step: z3.BoolRef
    order: z3.BoolRef
    escape: z3.BoolRef


def template(encoding: Encoding) -> Template:
    """The template of a system's steps.

    `order` is the peephole reduction of Wang, Yang, Kahlon, Gupta, "Peephole partial order reduction" (2008): of all
    orders of a path's steps that neighbouring independent steps lead to by trading places, all of one length and with
    one last state, the one that is least by process number has no such pair with the greater number first. So what can
    be reached in a number of steps still can, and where a path of some length exists there is one.
    """
    steps = encoding.system.transitions
    fired = [z3.Bool(f"?fired{number}") for number in range(len(steps))]
    after = [z3.Bool(f"?after{number}") for number in range(len(steps))]
    new = dict(encoding.now)
    parts, escapes = [z3.Or(fired), *_at_most_one(steps, fired)], []
    for step, here in zip(steps, fired, strict=True):
        enabled = encoding.holds(encoding.system.full_guard(step))
        effect, escape = encoding.effect(step)
        parts.append(z3.Implies(here, enabled))
        if not z3.is_false(escape):
            parts.append(z3.Implies(here, z3.Not(escape)))
            escapes.append(z3.And(enabled, escape))
        for at, term in effect.items():
            new[at] = z3.If(here, term, new[at])
    parts += [encoding.then[at] == term for at, term in new.items()]
    return Template(
        tuple(encoding.now.values()),
        tuple(encoding.then.values()),
        tuple(fired),
        tuple(after),
        encoding.start(),
        z3.And(parts),
        z3.And(list(_order(encoding.system, fired, after))),
        z3.simplify(z3.Or(escapes)),
    )


def _at_most_one(steps: Sequence[Transition], fired: Sequence[z3.BoolRef]) -> Iterator[z3.BoolRef]:
    """Two steps that start at different places of one process exclude each other by its program counter."""
    by_process: dict[int, list[z3.BoolRef]] = {}
    by_origin: dict[tuple[int, int], list[z3.BoolRef]] = {}
    for step, here in zip(steps, fired, strict=True):
        by_process.setdefault(step.process, []).append(here)
        by_origin.setdefault((step.process, step.origin), []).append(here)
    moving = [z3.Or(found) for found in by_process.values()]
    for group in (moving, *by_origin.values()):
        yield from (z3.Or(z3.Not(one), z3.Not(other)) for one, other in combinations(group, 2))


def _order(system: TransitionSystem, fired: Sequence[z3.BoolRef], after: Sequence[z3.BoolRef]) -> Iterator[z3.BoolRef]:
    """After each step none follows that is independent of it and of a process with a lower number."""
    none_of: dict[tuple[int, ...], z3.BoolRef] = {}
    touched = [_touched(system, step) for step in system.transitions]
    for step, here, own in zip(system.transitions, fired, touched, strict=True):
        lower: dict[int, list[int]] = {}
        for number, (other, others) in enumerate(zip(system.transitions, touched, strict=True)):
            if other.process < step.process and not _conflict(own, others):
                lower.setdefault(other.process, []).append(number)
        for group in map(tuple, lower.values()):
            if group not in none_of:
                none_of[group] = z3.Not(z3.Or([after[number] for number in group]))
            yield z3.Implies(here, none_of[group])


_Touched = tuple[frozenset[Cell], frozenset[Cell]]


def _conflict(one: _Touched, other: _Touched) -> bool:
    return not (one[1].isdisjoint(other[0]) and one[1].isdisjoint(other[1]) and one[0].isdisjoint(other[1]))


def _touched(system: TransitionSystem, step: Transition) -> _Touched:
    """What a step can read and write, by its text; it does both with the program counter of its process."""
    values = [step.guard, *(update.value for update in step.updates)]
    values += [update.target.index for update in step.updates if isinstance(update.target, Index)]
    reads = {at for expr in values for node in subexpressions(expr) for at in _cells(node)}
    writes = {at for update in step.updates for at in _cells(update.target)}
    counter = system.processes[step.process].pc, 0
    return frozenset(reads | {counter}), frozenset(writes | {counter})


def _cells(place: Expr | Place) -> Iterator[Cell]:
    """The cells that a part of an expression names; an array with an extent is one cell."""
    match place:
        case Var(name=name):
            yield name, 0
        case Index(array=Var(name=name, sort=ArraySort(size=size, extent=extent)), index=index):
            if extent:
                yield name, 0
            elif isinstance(index, Lit):
                yield name, index.value
            else:
                yield from ((name, slot) for slot in range(size))
        case _:
            pass
