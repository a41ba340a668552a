"""Room for values: variables for those elements and values that occur, and expressions over them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from oomcheck.analysis.influence import name_of
from oomcheck.analysis.values import Possible, Values
from oomcheck.ir.expr import Expr, Index, Lit, Place, Var, binary
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import ArraySort, BoolSort, EnumSort, IntSort, Scalar, scalar_of, width
from oomcheck.ir.system import Role, StateVar, Transition, TransitionSystem
from oomcheck.ir.walk import Rewriting
from oomcheck.prop.property import Property
from oomcheck.transform.focus import Reduced, mapped_property


def shrunk(
    system: TransitionSystem,
    properties: Sequence[Property],
    values: Values,
    spread: Mapping[str, Collection[int]],
) -> Reduced:
    """The same question over new variables.

    No expression reads a slot that holds one value only by its number. `values` are those of the slots of `system`,
    `spread` the elements that expressions name by a computed index, for each array that has such.
    """
    room = _Room(system, values, spread)
    reduced = replace(
        system,
        variables=tuple(room.variables),
        transitions=tuple(room.step(step) for step in system.transitions),
        faults=tuple(replace(fault, guard=room.expression(fault.guard)) for fault in system.faults),
        locks=tuple(replace(lock, holders=tuple(map(room.expression, lock.holders))) for lock in system.locks),
    )
    return Reduced(reduced, tuple(mapped_property(p, room.expression) for p in properties), tuple(room.gone))


class _Room:
    """The new variables, and how expressions name them."""

    def __init__(self, system: TransitionSystem, values: Values, spread: Mapping[str, Collection[int]]) -> None:
        self._values = values
        self._slot = system.slot
        self._spread = spread
        self._places = {
            (name_of(access.place), _element_of(access.place))
            for step in system.transitions
            for access in step.accesses
        }
        self._taken = {variable.name for variable in system.variables}
        self._whole: dict[str, Var] = {}  # scalars and arrays that stay such
        self._first: dict[str, int] = {}  # the first element that such an array keeps
        self._parts: dict[tuple[str, int], Var] = {}  # elements of arrays that are taken apart
        self.gone: list[str] = []
        self.variables = [new for variable in system.variables for new in self._placed(variable)]
        self.expression = Rewriting(self._leaf)  # an expression over the new variables

    def _placed(self, variable: StateVar) -> Iterator[StateVar]:
        """What becomes of a variable."""
        name, sets = variable.name, self._sets(variable)
        used = [
            element
            for element, found in enumerate(sets)
            if found is None or len(found) > 1 or (name, element) in self._places
        ]
        if variable.role is Role.PC:
            self._whole[name] = variable.var
            yield variable
        elif name in self._spread:
            yield self._array(variable, sorted({*used, *self._spread[name]}), sets)
        else:
            self.gone.extend(shown for element, shown in enumerate(variable.names) if element not in used)
            for element in used:
                yield self._scalar(variable, element, sets[element])

    def _sets(self, variable: StateVar) -> Sequence[Possible]:
        first = self._slot[variable.name]
        return self._values.sets[first : first + width(variable.sort)]

    def _scalar(self, variable: StateVar, element: int, found: Possible) -> StateVar:
        is_array = isinstance(variable.sort, ArraySort)
        name = self._fresh(f"{variable.name}[{element}]") if is_array else variable.name
        sort = _narrow(scalar_of(variable.sort), found)
        if is_array:
            self._parts[variable.name, element] = Var(name, sort)
        else:
            self._whole[name] = Var(name, sort)
        return replace(variable, name=name, sort=sort, init=(variable.init[element],), names=(variable.names[element],))

    def _array(self, variable: StateVar, kept: Sequence[int], sets: Sequence[Possible]) -> StateVar:
        low, high = (kept[0], kept[-1] + 1) if kept else (0, 1)
        inside = sets[low:high]
        every = None if None in inside else frozenset().union(*(found for found in inside if found is not None))
        sort = ArraySort(_narrow(scalar_of(variable.sort), every), high - low)
        self._whole[variable.name] = Var(variable.name, sort)
        self._first[variable.name] = low
        self.gone.extend((*variable.names[:low], *variable.names[high:]))
        return replace(variable, sort=sort, init=variable.init[low:high], names=variable.names[low:high])

    def _fresh(self, name: str) -> str:
        while name in self._taken:
            name += "'"
        self._taken.add(name)
        return name

    # ------------------------------------------------------------ expressions

    def step(self, step: Transition) -> Transition:
        """A step over the new variables."""
        return replace(
            step,
            guard=self.expression(step.guard),
            updates=tuple(
                replace(u, target=self._place(u.target), value=self.expression(u.value)) for u in step.updates
            ),
            accesses=tuple(replace(access, place=self._place(access.place)) for access in step.accesses),
            acquire=None if step.acquire is None else self.expression(step.acquire),
        )

    def _place(self, place: Place) -> Place:
        if isinstance(place, Index):
            place = Index(place.array, self.expression(place.index))
        new = self._leaf(place)
        assert isinstance(new, Var | Index)
        return new

    def _leaf(self, leaf: Lit | Var | Index) -> Expr:
        match leaf:
            case Lit():
                return leaf
            case Var(name=name):
                return self._whole[name]
            case Index(array=array, index=Lit(value=value)) if (array.name, value) in self._parts:
                return self._parts[array.name, value]
            case Index(array=array, index=index):
                first = self._first[array.name]
                return Index(self._whole[array.name], binary(Op.SUB, index, Lit(first, IntSort(first, first))))


def _element_of(place: Place) -> int:
    """The element that a place names by its number, else 0."""
    return place.index.value if isinstance(place, Index) and isinstance(place.index, Lit) else 0


def _narrow(sort: Scalar, found: Possible) -> Scalar:
    """The sort with no more values than there must be; a name keeps its number."""
    if found is None:
        return sort
    match sort:
        case BoolSort():
            return sort if len(found) > 1 else IntSort(min(found), max(found))
        case IntSort():
            return IntSort(min(found), max(found))
        case EnumSort(name=name, members=members):
            return EnumSort(name, members[: max(found) + 1])
