"""Properties as questions whether a state can be reached: the goals that engines without a search take one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from itertools import combinations

from oomcheck.ir.expr import FALSE, Expr, Lit, and_, eq, not_, or_
from oomcheck.ir.sorts import IntSort
from oomcheck.ir.system import Transition, TransitionSystem
from oomcheck.prop.property import Kind, Property
from oomcheck.records import dataclass
from oomcheck.result.exploration import LockEdge
from oomcheck.semantics.checks import is_sanitizer
from oomcheck.semantics.evident import is_about_runs
from oomcheck.semantics.lockorder import LockOrder
from oomcheck.semantics.sought import Decides, Fails, Occurs, clash, sought, stuck


class Aim(Enum):
    """What it means that the state of a goal can be reached."""

    DECIDES = "decides"  # the property is violated, or covered
    ANTECEDENT = "antecedent"  # part `number` of the property's antecedents holds somewhere
    HALT = "halt"  # behaviour ends at a fault of the sanitizer `prop`; of ASSUME: at a false assumption
    EDGE = "edge"  # locks are taken in the order `edge`


@dataclass(frozen=True, slots=True)
class Goal:
    """A state to look for, where `bad` holds. `prop` is the name of a property; of a HALT that of a sanitizer."""

    prop: str
    aim: Aim
    bad: Expr
    number: int = 0
    edge: LockEdge | None = None

    def __str__(self) -> str:
        match self.aim:
            case Aim.DECIDES:
                return self.prop
            case Aim.ANTECEDENT:
                return f"{self.prop}, antecedent {self.number}"
            case Aim.HALT:
                return f"end of behaviour by {self.prop}"
            case Aim.EDGE:
                assert self.edge is not None
                return f"process {self.edge.process} takes lock {self.edge.wanted} holding {self.edge.held}"


@dataclass(frozen=True, slots=True)
class Goals:
    """All goals of some properties, and the names of those that reachability cannot decide.

    A property is violated (a COVER: covered) if its DECIDES goal can be reached; one whose goal is missing here is
    decided already: nothing can violate it. `lockdep` is violated too if `circle` of the edges that can be reached is
    not empty; no other edge can be part of a circle. A positive verdict needs that no HALT goal but that of ASSUME can
    be reached, and that each ANTECEDENT goal can be; an antecedent that is missing here never holds.
    """

    goals: tuple[Goal, ...]
    unsupported: tuple[str, ...]

    def of(self, prop: str, aim: Aim = Aim.DECIDES) -> tuple[Goal, ...]:
        """The goals of one property with one aim."""
        return tuple(goal for goal in self.goals if goal.prop == prop and goal.aim is aim)


def goals(system: TransitionSystem, properties: Sequence[Property]) -> Goals:
    """The goals of `properties` in a fixed order: decisions, antecedents, halting faults, orders of locks.

    Dead code and properties about runs are unsupported.
    """
    asked = [prop for prop in properties if is_supported(prop)]
    parts: dict[str, list[Expr]] = {prop.name: [] for prop in asked}
    occurring: list[Goal] = []
    for condition, subject in sought(system, asked):
        match subject:
            case Decides(prop=name):
                parts[name].append(condition)
            case Occurs(prop=name, number=number):
                occurring.append(Goal(name, Aim.ANTECEDENT, condition, number))
            case Fails(fault=fault):
                if fault.sanitizer in parts and any(is_sanitizer(prop, fault.sanitizer) for prop in asked):
                    parts[fault.sanitizer].append(condition)
    at_rest = not_(or_(*(system.full_guard(step) for step in system.transitions)))
    for name, condition in stuck(system, asked):
        parts[name].append(and_(condition, at_rest))
    if any(is_sanitizer(prop, "race") for prop in asked):
        parts["race"].extend(racing(system))
    found = [Goal(name, Aim.DECIDES, or_(*conditions)) for name, conditions in parts.items()]
    found += [*occurring, *_halts(system)]
    if any(is_sanitizer(prop, "lockdep") for prop in asked):
        found += [Goal("lockdep", Aim.EDGE, bad, edge=edge) for edge, bad in orders(system).items()]
    return Goals(
        tuple(goal for goal in found if goal.bad != FALSE),
        tuple(prop.name for prop in properties if not is_supported(prop)),
    )


def is_supported(prop: Property) -> bool:
    """Whether reachability of states decides a property."""
    about_code = prop.kind is Kind.SANITIZER and prop.name == "unreachable"
    return not is_about_runs(prop) and not about_code


def _halts(system: TransitionSystem) -> Iterator[Goal]:
    ending: dict[str, list[Expr]] = {}
    for fault in system.faults:
        if fault.halts:
            ending.setdefault(fault.sanitizer, []).append(system.full_guard(fault))
    yield from (Goal(name, Aim.HALT, or_(*conditions)) for name, conditions in sorted(ending.items()))


def racing(system: TransitionSystem) -> Iterator[Expr]:
    """For each pair of steps of two processes that can touch one slot, when both are enabled and do."""
    touching = [(step, system.full_guard(step)) for step in system.transitions if step.accesses]
    for (first, guard), (second, other) in combinations(touching, 2):
        condition = clash(first, second)
        if condition != FALSE:
            yield and_(guard, other, condition)


def orders(system: TransitionSystem) -> Mapping[LockEdge, Expr]:
    """When a process holds one lock and an enabled step of it takes another by blocking.

    Only edges that can be part of a circle of locks, as far as the steps tell; those are in a fixed order.
    """
    found: dict[LockEdge, list[Expr]] = {}
    for step in system.transitions:
        for edge, condition in _edges(system, step):
            found.setdefault(edge, []).append(condition)
    possible = {edge: or_(*conditions) for edge, conditions in found.items()}
    everything = LockOrder()
    for edge in possible:
        everything.add(edge, 0)
    return {edge: possible[edge] for edge in sorted(possible, key=_key) if everything.circle(edge)}


def _key(edge: LockEdge) -> tuple[int, int, int]:
    return edge.process, edge.held, edge.wanted


def _edges(system: TransitionSystem, step: Transition) -> Iterator[tuple[LockEdge, Expr]]:
    if step.acquire is None:
        return
    numbers = IntSort(0, len(system.locks))
    guard = system.full_guard(step)
    for wanted in range(len(system.locks)):
        takes = eq(step.acquire, Lit(wanted, numbers))
        for held, lock in enumerate(system.locks):
            condition = and_(guard, takes, lock.holders[step.process])
            if held != wanted and condition != FALSE:
                yield LockEdge(step.process, held, wanted), condition


def circle(edges: Iterable[LockEdge]) -> tuple[LockEdge, ...]:
    """A circle that some of the edges close, with a process of its own for each of them; () if there is none."""
    order = LockOrder()
    for edge in edges:
        found = order.add(edge, 0)
        if found:
            return found
    return ()
