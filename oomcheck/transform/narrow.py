"""Narrowing: what never changes becomes a literal, and the rest gets no more room than its values need.

Slots that hold one value are left out; where a process knows the value of a slot by the place where it stands, it
need not read it (constant propagation, as of Wegman and Zadeck, Constant propagation with conditional branches, 1991);
an array whose elements are all told apart is taken apart, another one keeps the elements that are used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from oomcheck.analysis.influence import name_of
from oomcheck.analysis.values import Known, Values, possible_values
from oomcheck.ir.expr import FALSE, Apply, Expr, Index, Lit, Place, Quantified, Var, and_, eq, ite, not_, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import ArraySort, IntSort, scalar_of, width
from oomcheck.ir.system import Access, Fault, LockInfo, Transition, TransitionSystem, Update
from oomcheck.ir.walk import rebuild
from oomcheck.prop.property import Property
from oomcheck.transform.focus import Reduced, focused, mapped_property
from oomcheck.transform.shrink import shrunk

_COMPARISONS = frozenset((Op.EQ, Op.NE, Op.LT, Op.LE))


def narrowed(system: TransitionSystem, properties: Sequence[Property]) -> Reduced:
    """The same question with fewer and smaller slots.

    A step that cannot be taken keeps its index and gets the guard `false`.
    """
    focus = focused(system, properties)
    settler = _Settler(possible_values(focus.system))
    settled = replace(
        focus.system,
        transitions=tuple(settler.step(step) for step in focus.system.transitions),
        faults=tuple(fault for fault in map(settler.fault, focus.system.faults) if fault.guard != FALSE),
        locks=tuple(settler.lock(lock) for lock in focus.system.locks),
    )
    properties = tuple(mapped_property(prop, settler.expression) for prop in focus.properties)
    return shrunk(settled, properties, settler.values, settler.spread)


class _Settler:
    """Rewrites expressions by what is known of the values; variables keep their names."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self.spread: dict[str, set[int]] = {}  # elements that are meant by a computed number, by array
        self._system = values.system

    # ------------------------------------------------------------ parts of a system

    def step(self, step: Transition) -> Transition:
        """A step with what is known where it begins, and while its guard holds."""
        here = self.values.at.get((step.process, step.origin))
        known = None if here is None else self.values.under(step.guard, here)
        guard = FALSE if known is None else self.expression(step.guard, here)
        if known is None or guard == FALSE:
            return replace(step, guard=FALSE, updates=(), accesses=(), acquire=None)
        return replace(
            step,
            guard=guard,
            updates=tuple(self._updates(step, known)),
            accesses=tuple(self._accesses(step, known)),
            acquire=None if step.acquire is None else self.expression(step.acquire, known),
        )

    def fault(self, fault: Fault) -> Fault:
        """A fault with what is known where it happens; FALSE if it cannot."""
        here = self.values.at.get((fault.process, fault.origin))
        return replace(fault, guard=FALSE if here is None else self.expression(fault.guard, here))

    def lock(self, lock: LockInfo) -> LockInfo:
        """A lock with the conditions to hold it."""
        return replace(lock, holders=tuple(self.expression(held) for held in lock.holders))

    def _updates(self, step: Transition, known: Known) -> list[Update]:
        """What a step writes. A write that may miss its only possible element keeps what was there otherwise."""
        found: list[Update] = []
        for update in step.updates:
            place, inside = self._place(update.target, known)
            if inside == FALSE:
                continue
            value = self.expression(update.value, known)
            hidden = any(name_of(u.target) == name_of(place) and _is_computed(u.target) for u in found)
            if hidden and inside is not None:  # what was there may be the value of an update before this one
                assert isinstance(update.target, Index)
                found.append(Update(self._computed(update.target, known), value))
            elif hidden or not self._is_constant(place, known):
                if inside is not None:
                    before = next((u.value for u in reversed(found) if u.target == place), place)
                    value = ite(inside, value, before)
                found.append(Update(place, value))
        return found

    def _is_constant(self, place: Place, known: Known) -> bool:
        """Whether all that a place can mean holds one value for ever, each its own."""
        sets = [self.values.sets[slot] for slot in self._slots(place, known)]
        return all(found is not None and len(found) == 1 for found in sets)

    def _slots(self, place: Place, known: Known) -> list[int]:
        base = self._system.slot[name_of(place)]
        if isinstance(place, Var):
            return [base]
        found = self.values.positions(place, known)
        size = width(place.array.sort)
        return [base + p for p in (range(size) if found is None else sorted(found)) if 0 <= p < size]

    def _accesses(self, step: Transition, known: Known) -> Iterator[Access]:
        """Where a step reads and writes; without those that miss their array."""
        for access in step.accesses:
            place, inside = self._place(access.place, known)
            if inside is None:
                yield replace(access, place=place)
            elif inside != FALSE:  # it may miss the only element that it can mean: not a place without a condition
                assert isinstance(access.place, Index)
                yield replace(access, place=self._computed(access.place, known))

    # ------------------------------------------------------------ expressions

    def _place(self, place: Place, known: Known | None) -> tuple[Place, Expr | None]:
        """A place, by number if only one element is possible, and the condition that it is that one; None: it is."""
        if isinstance(place, Var):
            return place, None
        found = self.values.positions(place, known)
        inside = None if found is None else [p for p in found if 0 <= p < width(place.array.sort)]
        if inside is None or len(inside) > 1:
            return self._computed(place, known), None
        if not inside:
            return place, FALSE
        assert found is not None
        position = _number(inside[0])
        if len(found) == 1:
            return Index(place.array, position), None
        return Index(place.array, position), self._equals(self.expression(place.index, known), position, known)

    def _computed(self, place: Index, known: Known | None) -> Index:
        """An element by a computed number; notes which ones it can be."""
        size, found = width(place.array.sort), self.values.positions(place, known)
        inside = range(size) if found is None else (p for p in found if 0 <= p < size)
        self.spread.setdefault(place.array.name, set()).update(inside)
        return Index(place.array, self.expression(place.index, known))

    def _equals(self, index: Expr, position: Lit, known: Known | None) -> Expr:
        """Whether an index is a number; said of the variable in it where there is one."""
        slot = self.values.only_slot(index)
        sources = None if slot is None else self.values.slot(slot, known)
        if slot is not None and sources is not None:
            fitting = [
                v for v in sources if self.values.of(index, {slot: frozenset((v,))}) == frozenset((position.value,))
            ]
            if len(fitting) == 1:
                variable, element = self._system.slots[slot]
                place: Place = variable.var
                if isinstance(variable.sort, ArraySort):
                    place = Index(variable.var, _number(element))
                return eq(place, Lit(fitting[0], scalar_of(variable.sort)))
        return eq(index, position)

    def expression(self, expr: Expr, known: Known | None = None) -> Expr:
        """An expression with the same value wherever `known` holds."""
        match expr:
            case Lit():
                return expr
            case Var(sort=sort):
                found = self.values.of(expr, known)
                return Lit(next(iter(found)), scalar_of(sort)) if found is not None and len(found) == 1 else expr
            case Index(array=array):
                return self._element(expr, known, Lit(0, scalar_of(array.sort)))
            case Apply(op=Op.AND, args=args):
                return self._conjunction(args, known)
            case Apply(op=Op.OR, args=args):
                return self._disjunction(args, known)
            case Apply(op=Op.ITE, args=(test, then, other)):
                return self._choice(test, then, other, known)
            case Apply(op=op, args=args):
                if op in _COMPARISONS:
                    found = self.values.of(expr, known)
                    if found is not None and len(found) == 1:
                        return not_(FALSE) if 1 in found else FALSE
                return rebuild(op, tuple(self.expression(arg, known) for arg in args))
            case Quantified():
                raise AssertionError("searches see no quantifiers")

    def _element(self, expr: Index, known: Known | None, outside: Lit) -> Expr:
        found = self.values.of(expr, known)
        if found is not None and len(found) == 1:
            return Lit(next(iter(found)), outside.sort)
        place, inside = self._place(expr, known)
        if inside is None:
            return place
        return outside if inside == FALSE else ite(inside, self.expression(place, known), outside)

    def _conjunction(self, args: tuple[Expr, ...], known: Known | None) -> Expr:
        parts: list[Expr] = []
        for arg in args:
            parts.append(self.expression(arg, known))
            known = self.values.under(arg, known)
            if known is None:
                return FALSE
        return and_(*parts)

    def _disjunction(self, args: tuple[Expr, ...], known: Known | None) -> Expr:
        parts: list[Expr] = []
        for arg in args:
            parts.append(self.expression(arg, known))
            known = self.values.under(not_(arg), known)
            if known is None:
                return not_(FALSE)
        return or_(*parts)

    def _choice(self, test: Expr, then: Expr, other: Expr, known: Known | None) -> Expr:
        if_true, if_false = self.values.under(test, known), self.values.under(not_(test), known)
        if if_true is None:
            return self.expression(other, if_false)
        if if_false is None:
            return self.expression(then, if_true)
        return ite(self.expression(test, known), self.expression(then, if_true), self.expression(other, if_false))


def _number(value: int) -> Lit:
    return Lit(value, IntSort(value, value))


def _is_computed(place: Place) -> bool:
    return isinstance(place, Index) and not isinstance(place.index, Lit)
