"""What makes a state decide a property: formulas, races, lock orders, deadlocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from oomcheck.ir.expr import FALSE, Expr, and_, not_, or_
from oomcheck.ir.system import ProcessKind, State, Transition, TransitionSystem
from oomcheck.prop.property import Kind, Property
from oomcheck.result.exploration import LockEdge
from oomcheck.semantics.evaluate import evaluate, slot_of
from oomcheck.semantics.successors import faults, location


def deciding(prop: Property) -> Expr:
    """True exactly in the states that decide a formula property: bad ones, or covered ones."""
    match prop.kind:
        case Kind.INVARIANT | Kind.LEMMA:
            return or_(not_(prop.defined), not_(prop.formula))
        case Kind.NEVER:
            return or_(not_(prop.defined), prop.formula)
        case Kind.COVER:
            return and_(prop.defined, prop.formula)
        case Kind.SANITIZER | Kind.DEADLOCK_FREE | Kind.LTL | Kind.LEADS_TO | Kind.WITHIN | Kind.BOUND:
            return FALSE


def is_sanitizer(prop: Property, name: str) -> bool:
    """Whether `prop` is the built-in property of that name."""
    return prop.kind is Kind.SANITIZER and prop.name == name


def forbids_deadlock(prop: Property) -> bool:
    """Whether a deadlock violates `prop`."""
    return prop.kind is Kind.DEADLOCK_FREE or is_sanitizer(prop, "deadlock")


def race(system: TransitionSystem, state: State, moves: Sequence[Transition]) -> tuple[int, int] | None:
    """The first two enabled transitions that race, by index.

    Two processes can touch one slot at once, one of them writes, and not both
    accesses are marked.
    """
    touched = {
        move.index: [(slot_of(a.place, state, system.slot), a.write, a.marked) for a in move.accesses] for move in moves
    }
    for first, second in combinations(moves, 2):
        if first.process == second.process:
            continue
        for slot, write, marked in touched[first.index]:
            for other_slot, other_write, other_marked in touched[second.index]:
                same = slot is not None and slot == other_slot
                if same and (write or other_write) and not (marked and other_marked):
                    return first.index, second.index
    return None


def lock_edges(system: TransitionSystem, state: State, moves: Sequence[Transition]) -> Iterator[LockEdge]:
    """Pairs of a held lock and one that an enabled step takes by blocking, in index order."""
    for move in moves:
        if move.acquire is None:
            continue
        wanted = evaluate(move.acquire, state, system.slot)
        if not 0 <= wanted < len(system.locks):
            continue
        for held, lock in enumerate(system.locks):
            if held != wanted and evaluate(lock.holders[move.process], state, system.slot):
                yield LockEdge(move.process, held, wanted)


def may_rest(system: TransitionSystem, process: int) -> bool:
    """Whether a process may stay where it is for ever without being stuck."""
    kind = system.processes[process].kind
    return system.processes[process].daemon or kind in (ProcessKind.ENV, ProcessKind.SOFTIRQ, ProcessKind.CLOCK)


def deadlocked(system: TransitionSystem, prop: Property, state: State, moves: Sequence[Transition]) -> bool:
    """Whether nothing can move although a process that must finish has not, and `prop` does not accept that.

    A halting fault explains why nothing moves, so it is not also a deadlock.
    """
    if moves or evaluate(prop.rest, state, system.slot) or any(fault.halts for fault in faults(system, state)):
        return False
    return any(
        not may_rest(system, number) and location(system, state, number) != process.done
        for number, process in enumerate(system.processes)
    )
