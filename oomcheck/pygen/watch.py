"""What a search looks out for, and which steps can bring it about.

Everything sought is a condition: a formula that decides a property, an
antecedent, a fault. A condition that was
false in every state so far can only become true by a step that writes a slot
it reads. So each transition has a short list of conditions to test after it,
with the values it has just written already put in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import cast

from oomcheck.ir.expr import FALSE, Expr, Index, Lit, Place, Var
from oomcheck.ir.sorts import ArraySort, width
from oomcheck.ir.system import State, Transition, TransitionSystem
from oomcheck.ir.walk import rewrite, subexpressions
from oomcheck.prop.property import Property
from oomcheck.pygen.branches import emit
from oomcheck.pygen.expressions import Emitter, load
from oomcheck.records import dataclass
from oomcheck.semantics.guarded import guarded
from oomcheck.semantics.sought import Fails, Subject, sought


@dataclass(frozen=True, slots=True)
class Item:
    """A condition to look out for, the slots that it may read, and what it shows."""

    condition: Expr
    slots: frozenset[int]
    subject: Subject
    at: tuple[int, int] | None = None  # process and location of a fault


#: Called with a state and a sink for the numbers of the items that hold.
Watch = Callable[[State, Callable[[int], None]], None]


def items(system: TransitionSystem, properties: Sequence[Property]) -> tuple[Item, ...]:
    """All that is to be noticed, in the order in which it is to be noted within one state."""
    return tuple(
        Item(condition, slots_below(condition, system.slot), subject, _place(subject))
        for condition, subject in sought(system, properties)
        if condition != FALSE
    )


def _place(subject: Subject) -> tuple[int, int] | None:
    return (subject.fault.process, subject.fault.origin) if isinstance(subject, Fails) else None


def compile_watch(
    system: TransitionSystem, candidates: Sequence[tuple[int, Item]], step: Transition | None
) -> Watch | None:
    """A function that tests the numbered `candidates` that `step` can bring about (None: all of them).

    None if there is nothing to test.
    """
    written = None if step is None else written_slots(system, step)
    known = {} if step is None else _known_values(system, step)
    emitter = Emitter(system.slot)
    tests = []
    for number, item in candidates:
        if step is not None and item.at is not None and item.at[0] == step.process and item.at[1] != step.target:
            continue  # the process has just gone elsewhere
        if written is None or item.slots & written:
            reads_known = not item.slots.isdisjoint(known)
            condition = _with_values(item.condition, system.slot, known) if reads_known else item.condition
            if condition != FALSE:
                tests.append(guarded(condition, [f"h({number})"]))
    if not tests:
        return None
    text = ["def watch(s, h):", *emit(tests, emitter)]
    return cast("Watch", load("".join(emitter.helpers) + "\n".join(text) + "\n")["watch"])


def written_slots(system: TransitionSystem, step: Transition) -> frozenset[int]:
    """Slots that a step may write: all of an array whose index is computed."""
    slots = {system.slot[system.processes[step.process].pc]}
    for update in step.updates:
        slots.update(_slots_of(update.target, system.slot))
    return frozenset(slots)


def _known_values(system: TransitionSystem, step: Transition) -> dict[int, int]:
    """Slots that have one and the same value after each run of `step`."""
    known: dict[int, int] = {}
    for update in step.updates:
        slots = _slots_of(update.target, system.slot)
        for slot in slots:
            known.pop(slot, None)
        if len(slots) == 1 and isinstance(update.value, Lit) and _is_fixed(update.target):
            known[slots[0]] = update.value.value
    known[system.slot[system.processes[step.process].pc]] = step.target
    return known


def _is_fixed(place: Place) -> bool:
    return isinstance(place, Var) or isinstance(place.index, Lit)


def _slots_of(place: Place, slots: Mapping[str, int]) -> Sequence[int]:
    """Slots that a place can stand for."""
    match place:
        case Var(name=name, sort=sort):
            return range(slots[name], slots[name] + width(sort))
        case Index(array=array, index=Lit(value=position)):
            base = slots[array.name]
            return range(base + position, base + position + 1) if 0 <= position < width(array.sort) else ()
        case Index(array=array):
            return _slots_of(array, slots)


def slots_below(expr: Expr, slots: Mapping[str, int]) -> frozenset[int]:
    """Slots that an expression may read."""
    found: set[int] = set()
    for node in subexpressions(expr):
        if isinstance(node, Var | Index):
            found.update(_slots_of(node, slots))
    return frozenset(found)


def _with_values(expr: Expr, slots: Mapping[str, int], known: Mapping[int, int]) -> Expr:
    """`expr` with the known slots replaced by their values, and simplified."""

    def leaf(node: Lit | Var | Index) -> Expr:
        if isinstance(node, Lit) or not _is_fixed(node):
            return node
        slot = _slots_of(node, slots)
        sort = node.sort if isinstance(node, Var) else node.array.sort
        if len(slot) != 1 or slot[0] not in known:
            return node
        return Lit(known[slot[0]], sort.element if isinstance(sort, ArraySort) else sort)

    return rewrite(expr, leaf)
