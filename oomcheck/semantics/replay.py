"""Checks that a path is real, and that its end shows what a witness claims."""

from __future__ import annotations

from collections.abc import Sequence

from oomcheck.ir.system import State, TransitionSystem
from oomcheck.prop.property import Kind, Property
from oomcheck.result.exploration import LockEdge, Witness
from oomcheck.semantics.checks import deadlocked, deciding, forbids_deadlock, is_sanitizer, lock_edges, race
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.evident import check_run, is_about_runs
from oomcheck.semantics.paths import Mismatch, replay
from oomcheck.semantics.successors import enabled, faults

__all__ = ["Mismatch", "check_witness", "replay"]


def check_witness(system: TransitionSystem, prop: Property, witness: Witness, claimed: int | None = None) -> str:
    """Why `witness` does not decide `prop`; "" if it does. `claimed` is the extreme value of a bound, if there is one.

    A timed property about runs needs the clocked system in which time may also pass where nothing changes.
    """
    if is_about_runs(prop):
        return check_run(system, prop, witness, claimed)
    if witness.loop:
        return f"{prop.name} is decided by a state, not by a loop"
    states = replay(system, witness.steps)
    if isinstance(states, Mismatch):
        return str(states)
    last = states[-1]
    if witness.fault is not None:
        return _check_fault(system, prop, witness.fault, last)
    if witness.racing is not None:
        return _check_race(system, prop, witness.racing, last)
    if witness.cycle:
        return _check_cycle(system, prop, witness)
    if forbids_deadlock(prop):
        return "" if deadlocked(system, prop, last, enabled(system, last)) else "the last state is not a deadlock"
    if prop.kind is Kind.SANITIZER:
        return f"nothing shows a violation of {prop.name}"
    return "" if evaluate(deciding(prop), last, system.slot) else f"the last state does not decide {prop.name}"


def _check_fault(system: TransitionSystem, prop: Property, index: int, last: State) -> str:
    fault = next((fault for fault in faults(system, last) if fault.index == index), None)
    if fault is None:
        return f"fault {index} does not occur in the last state"
    if not is_sanitizer(prop, fault.sanitizer):
        return f"fault {index} is no violation of {prop.name}"
    return ""


def _check_race(system: TransitionSystem, prop: Property, racing: tuple[int, int], last: State) -> str:
    if not is_sanitizer(prop, "race"):
        return f"a race is no violation of {prop.name}"
    moves = [move for move in enabled(system, last) if move.index in racing]
    if len(moves) == 2 and race(system, last, moves) is not None:
        return ""
    return f"transitions {racing[0]} and {racing[1]} do not race in the last state"


def _check_cycle(system: TransitionSystem, prop: Property, witness: Witness) -> str:
    """The edges close a circle of different processes, and each can be reached by its own path."""
    cycle = witness.cycle
    if not is_sanitizer(prop, "lockdep"):
        return f"a lock order is no violation of {prop.name}"
    if any(edge.wanted != following.held for edge, following in zip(cycle, cycle[1:] + cycle[:1], strict=True)):
        return "the lock orders do not close a circle"
    if len({edge.process for edge in cycle}) != len(cycle):
        return "one process appears twice in the circle of locks"
    if len(witness.paths) != len(cycle) or witness.paths[-1] != witness.steps:
        return "the lock orders do not come with their paths"
    for edge, path in zip(cycle, witness.paths, strict=True):
        problem = _check_edge(system, edge, path)
        if problem:
            return problem
    return ""


def _check_edge(system: TransitionSystem, edge: LockEdge, path: Sequence[int]) -> str:
    states = replay(system, path)
    if isinstance(states, Mismatch):
        return str(states)
    if edge in lock_edges(system, states[-1], enabled(system, states[-1])):
        return ""
    process = system.processes[edge.process].name
    return f"{process} does not take lock {edge.wanted} while holding lock {edge.held}"
