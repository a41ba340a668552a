"""State that never changes or is never looked at: hidden variables that the model does not need.

Only what the user did not declare is touched: built-in fields of tasks, insides of
kernel objects, temporaries and written-bits. An array of them whose elements are
all known by number is taken apart, so that elements that never change cost nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from oomcheck.ir.expr import Expr, Index, Lit, Place, Var, eq, ite
from oomcheck.ir.sorts import ArraySort, scalar_of
from oomcheck.ir.system import Access, Fault, Role, StateVar, Transition, Update
from oomcheck.ir.walk import Rewriting, parts, rewrite, variables
from oomcheck.records import dataclass

Slot = tuple[str, int]  # a variable and the element in it, 0 for scalars


@dataclass(frozen=True, slots=True)
class Program:
    """Steps and faults, as far as this pass reads them."""

    transitions: tuple[Transition, ...]
    faults: tuple[Fault, ...]

    def expressions(self) -> Iterator[Expr]:
        """All expressions, targets of updates included."""
        for fault in self.faults:
            yield fault.guard
        for t in self.transitions:
            yield t.guard
            for update in t.updates:
                yield update.value
                yield update.target
            for access in t.accesses:
                yield access.place
            if t.acquire is not None:
                yield t.acquire


class Constants:
    """Finds what never changes, and rewrites expressions, steps and variables accordingly."""

    def __init__(self, known: Iterable[StateVar], transitions: Iterable[Transition], faults: Iterable[Fault]) -> None:
        self._known = {v.name: v for v in known}
        self._program = Program(tuple(transitions), tuple(faults))
        apart = self._taken_apart()
        self._scalars = {name: v for name, v in self._known.items() if name in apart}
        self._fixed = self._never_changed(apart)
        self._folded = Rewriting(self._leaf)

    # ------------------------------------------------------------ what never changes

    def _taken_apart(self) -> set[str]:
        """Hidden variables whose elements are known by number wherever they occur."""
        found = {name for name, v in self._known.items() if hidden(v) and not _is_open(v)}
        for node in parts(self._program.expressions()):
            if isinstance(node, Index) and not isinstance(node.index, Lit):
                found.discard(node.array.name)
        return found

    def _never_changed(self, apart: set[str]) -> dict[Slot, Lit]:
        """Elements that keep their first value: the greatest set that no update leaves."""
        fixed: dict[Slot, Lit] = {}
        for name in apart:
            variable = self._known[name]
            for element, value in enumerate(variable.init):
                fixed[(name, element)] = Lit(value, scalar_of(variable.sort))
        writes = [
            (slot, update.value)
            for t in self._program.transitions
            for update in t.updates
            if (slot := slot_of(update.target)) in fixed
        ]
        changed = True
        while changed:
            changed = False
            for slot, written in writes:
                if slot not in fixed:
                    continue
                now = rewrite(written, lambda leaf: _with(leaf, fixed))
                if not isinstance(now, Lit) or now.value != fixed[slot].value:
                    del fixed[slot]
                    changed = True
        return fixed

    # ------------------------------------------------------------ rewriting

    def fold(self, expr: Expr) -> Expr:
        """`expr` with the values of what never changes, and single variables for elements."""
        return self._folded(expr)

    def _leaf(self, leaf: Lit | Var | Index) -> Expr:
        if isinstance(leaf, Index) and leaf.array.name in self._scalars:
            if isinstance(leaf.index, Lit):
                return self._element(leaf.array.name, leaf.index.value)
            return self._dynamic(leaf)
        if isinstance(leaf, Var):
            return self._fixed.get((leaf.name, 0), leaf) if leaf.name in self._scalars else leaf
        return leaf

    def _element(self, name: str, element: int) -> Expr:
        variable = self._known[name]
        if not 0 <= element < len(variable.init):
            return Lit(0, scalar_of(variable.sort))
        known = self._fixed.get((name, element))
        return known if known is not None else Var(f"{name}[{element}]", scalar_of(variable.sort))

    def _dynamic(self, leaf: Index) -> Expr:
        """An element by a computed number, in a property: a choice between all."""
        variable = self._known[leaf.array.name]
        result: Expr = Lit(0, scalar_of(variable.sort))
        for element in reversed(range(len(variable.init))):
            here = eq(leaf.index, Lit(element, scalar_of(variable.sort)))
            result = ite(here, self._element(leaf.array.name, element), result)
        return result

    def transition(self, transition: Transition) -> Transition:
        """A step over the variables that are left."""
        updates = []
        for update in transition.updates:
            if slot_of(update.target) in self._fixed:
                continue
            updates.append(Update(self._place(update.target), self.fold(update.value)))
        actions = tuple(
            replace(
                a,
                result=None if a.result is None else (self.fold(a.result[0]), a.result[1]),
                indices=tuple((text, self.fold(value), sort) for text, value, sort in a.indices),
            )
            for a in transition.actions
        )
        acquire = None if transition.acquire is None else self.fold(transition.acquire)
        accesses = tuple(
            Access(self._place(a.place), a.write, a.marked, a.span)
            for a in transition.accesses
            if slot_of(a.place) not in self._fixed
        )
        guard = self.fold(transition.guard)
        return replace(
            transition, guard=guard, updates=tuple(updates), actions=actions, acquire=acquire, accesses=accesses
        )

    def _place(self, place: Place) -> Place:
        if not isinstance(place, Index):
            return place
        if place.array.name in self._scalars:
            assert isinstance(place.index, Lit)
            found = self._element(place.array.name, place.index.value)
            assert isinstance(found, Var)
            return found
        return Index(place.array, self.fold(place.index))

    def variables(self) -> Iterator[StateVar]:
        """The variables that are left, in their order."""
        for name, variable in self._known.items():
            if name not in self._scalars:
                yield variable
                continue
            sort = scalar_of(variable.sort)
            for element, value in enumerate(variable.init):
                if (name, element) not in self._fixed:
                    single = name if not isinstance(variable.sort, ArraySort) else f"{name}[{element}]"
                    yield replace(variable, name=single, sort=sort, init=(value,), names=(variable.names[element],))


def _with(leaf: Lit | Var | Index, fixed: dict[Slot, Lit]) -> Expr:
    if isinstance(leaf, Lit):
        return leaf
    slot = slot_of(leaf)
    return fixed.get(slot, leaf) if slot is not None else leaf


def slot_of(place: Place) -> Slot | None:
    """The element that a place names by number; None if it is computed."""
    if isinstance(place, Var):
        return place.name, 0
    return (place.array.name, place.index.value) if isinstance(place.index, Lit) else None


def _is_open(variable: StateVar) -> bool:
    """Whether the size of an array has no value, so that its elements cannot be named one by one."""
    return isinstance(variable.sort, ArraySort) and bool(variable.sort.extent)


def hidden(variable: StateVar) -> bool:
    """Whether the user did not declare this variable as such."""
    if variable.role is Role.PC:
        return False
    if variable.role is Role.LOCAL:
        return is_register(variable)
    return variable.quiet or variable.name.endswith("$alive") or variable.name.startswith(("rcu.", "$"))


def is_register(variable: StateVar) -> bool:
    """Whether a local is a temporary, a written-bit or a hidden counter."""
    return variable.role is Role.LOCAL and (".$" in variable.name or "?" in variable.name)


def read_registers(known: dict[str, StateVar], transitions: Iterable[Transition], faults: Iterable[Fault]) -> set[str]:
    """Variables to keep: all but registers whose value decides nothing."""
    registers = {name for name, v in known.items() if is_register(v)}
    deciding: list[Expr] = [fault.guard for fault in faults]
    computed: list[tuple[str, frozenset[str]]] = []
    for t in transitions:
        deciding += [t.guard] if t.acquire is None else [t.guard, t.acquire]
        for update in t.updates:
            target = update.target
            name = target.array.name if isinstance(target, Index) else target.name
            if isinstance(target, Index):
                deciding.append(target.index)
            if name in registers:
                computed.append((name, variables(update.value)))
            else:
                deciding.append(update.value)
        deciding += [access.place.index for access in t.accesses if isinstance(access.place, Index)]
    read = {node.name for node in parts(deciding) if isinstance(node, Var)}
    read |= {node.array.name for node in parts(deciding) if isinstance(node, Index)}
    before = -1
    while before != len(read):
        before = len(read)
        for name, sources in computed:
            if name in read:
                read |= sources
    return {name for name in known if name not in registers or name in read}
