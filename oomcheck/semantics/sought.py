"""What a search looks out for, as conditions over states: the common list of the engines that generate code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from oomcheck.ir.expr import FALSE, TRUE, Expr, Index, Lit, Place, Var, and_, binary, boolean, eq, not_, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import ArraySort, IntSort, Sort
from oomcheck.ir.system import Fault, Transition, TransitionSystem
from oomcheck.prop.property import Property
from oomcheck.records import dataclass
from oomcheck.semantics.checks import deciding, forbids_deadlock, is_sanitizer, may_rest


@dataclass(frozen=True, slots=True)
class Decides:
    """A property of this name is decided."""

    prop: str


@dataclass(frozen=True, slots=True)
class Occurs:
    """An antecedent holds."""

    prop: str
    number: int


@dataclass(frozen=True, slots=True)
class Fails:
    """A fault happens."""

    fault: Fault


Subject = Decides | Occurs | Fails


def sought(system: TransitionSystem, properties: Sequence[Property]) -> Iterator[tuple[Expr, Subject]]:
    """Conditions that the search must notice, in the order in which they are to be noted within one state.

    Races, lock orders and deadlocks depend on what is enabled; they are not among them.
    """
    for prop in properties:
        yield deciding(prop), Decides(prop.name)
        for number, part in enumerate(prop.antecedents):
            yield part.formula, Occurs(prop.name, number)
    for fault in sorted(system.faults, key=lambda fault: fault.index):
        if fault.halts or any(is_sanitizer(prop, fault.sanitizer) for prop in properties):
            yield system.full_guard(fault), Fails(fault)


def halted(system: TransitionSystem) -> Expr:
    """Whether some process runs into a halting fault next."""
    return or_(*(system.full_guard(fault) for fault in system.faults if fault.halts))


def stuck(system: TransitionSystem, properties: Sequence[Property]) -> list[tuple[str, Expr]]:
    """For each property that forbids deadlocks, when a state where no transition is enabled violates it."""
    unfinished = or_(
        *(FALSE if may_rest(system, number) else _unfinished(system, number) for number in range(len(system.processes)))
    )
    goes_on = not_(halted(system))
    return [(prop.name, and_(unfinished, not_(prop.rest), goes_on)) for prop in properties if forbids_deadlock(prop)]


def _unfinished(system: TransitionSystem, process: int) -> Expr:
    done = system.processes[process].done
    return TRUE if done is None else not_(system.at(process, done))


def clash(first: Transition, second: Transition) -> Expr:
    """When two transitions touch the same slot, one writes, and not both accesses are marked."""
    if first.process == second.process:
        return FALSE
    return or_(
        *(
            _same(a.place, b.place)
            for a in first.accesses
            for b in second.accesses
            if (a.write or b.write) and not (a.marked and b.marked)
        )
    )


def _same(left: Place, right: Place) -> Expr:
    match left, right:
        case Var(name=a), Var(name=b):
            return boolean(a == b)
        case Index(array=a), Index(array=b) if a.name == b.name:
            return and_(_inside(left.index, a.sort), _inside(right.index, b.sort), eq(left.index, right.index))
        case _:
            return FALSE


def _inside(index: Expr, array: Sort) -> Expr:
    assert isinstance(array, ArraySort)
    sort = IntSort(0, array.size)
    size: Expr = Lit(array.size, sort)
    if array.extent:
        size = binary(Op.MUL, Var(array.extent, IntSort(0, 2**31 - 1)), size)
    return and_(binary(Op.LE, Lit(0, sort), index), binary(Op.LT, index, size))
