"""A system without what nobody asks about, and what all reductions of a question return."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from oomcheck.analysis.influence import LOCKDEP, RACE, asks, is_watched
from oomcheck.ir.expr import FALSE, Expr
from oomcheck.ir.system import Process, Transition, TransitionSystem
from oomcheck.prop.formula import Atom, Formula, operands, subformulas
from oomcheck.prop.property import Property
from oomcheck.prop.temporal import CostBound, Liveness, Response, Temporal
from oomcheck.records import dataclass


@dataclass(frozen=True, slots=True)
class Reduced:
    """A system and properties that give the same answer as the ones they came from.

    Paths are the same: transitions keep their indices, processes, locations and when they are enabled, faults their
    indices. States are not: `gone` names the slots that were left out, as reports call them. Nothing is left of what
    only reports read: a trace is of the system before.
    """

    system: TransitionSystem
    properties: tuple[Property, ...]
    gone: tuple[str, ...] = ()


def focused(system: TransitionSystem, properties: Sequence[Property]) -> Reduced:
    """Leave out what no search for these properties looks at: reports, faults and places that are not asked for.

    Time must have been made a step before: afterwards no location has patience.
    """
    races, orders = asks(properties, RACE), asks(properties, LOCKDEP)
    # Who holds a lock is asked of those who take another one by waiting, and of nobody else.
    asked = {step.process for step in system.transitions if step.acquire is not None} if orders else set[int]()
    locks = tuple(
        replace(lock, holders=tuple(held if n in asked else FALSE for n, held in enumerate(lock.holders)))
        for lock in system.locks
    )
    reduced = replace(
        system,
        processes=tuple(_without_patience(process) for process in system.processes),
        transitions=tuple(_bare(step, races, orders) for step in system.transitions),
        faults=tuple(fault for fault in system.faults if is_watched(fault, properties)),
        locks=locks,
        observables=(),
    )
    return Reduced(reduced, tuple(replace(prop, conjuncts=()) for prop in properties))


def _without_patience(process: Process) -> Process:
    if all(place.patience == FALSE for place in process.locations):
        return process
    return replace(process, locations=tuple(replace(place, patience=FALSE) for place in process.locations))


def _bare(step: Transition, races: bool, orders: bool) -> Transition:
    """A step without expressions that only reports read."""
    return replace(
        step,
        actions=tuple(
            replace(action, result=None, indices=()) if action.result or action.indices else action
            for action in step.actions
        ),
        accesses=step.accesses if races else (),
        acquire=step.acquire if orders else None,
    )


def mapped_property(prop: Property, change: Callable[[Expr], Expr]) -> Property:
    """A property with all its conditions on states changed."""
    return replace(
        prop,
        formula=change(prop.formula),
        defined=change(prop.defined),
        antecedents=tuple(replace(part, formula=change(part.formula)) for part in prop.antecedents),
        rest=change(prop.rest),
        temporal=None if prop.temporal is None else _mapped_temporal(prop.temporal, change),
    )


def _mapped_temporal(temporal: Temporal, change: Callable[[Expr], Expr]) -> Temporal:
    match temporal:
        case Liveness(formula=formula):
            return replace(temporal, formula=_mapped_formula(formula, change))
        case Response(trigger=trigger, response=response):
            return replace(temporal, trigger=change(trigger), response=change(response))
        case CostBound():
            return temporal


def _mapped_formula(formula: Formula, change: Callable[[Expr], Expr]) -> Formula:
    """Each part once, however often it occurs: an equivalence holds both of its sides twice."""
    made: dict[int, Formula] = {}
    for node in subformulas(formula):
        parts = [made[id(part)] for part in operands(node)]
        match node:
            case Atom(condition=condition, text=text):
                made[id(node)] = Atom(change(condition), text)
            case _:
                made[id(node)] = type(node)(*parts)
    return made[id(formula)]
