"""A parametric system at numbers: arrays with a size, quantifiers unrolled, parameters as literals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from oomcheck.ir.expr import Apply, Expr, Index, Lit, Place, Quantified, Quantifier, Var, and_, or_
from oomcheck.ir.sorts import ArraySort, IntSort, Sort
from oomcheck.ir.system import Access, Action, Observable, Process, Role, StateVar, Transition, TransitionSystem, Update
from oomcheck.ir.walk import rebuild
from oomcheck.prop.property import Property
from oomcheck.transform.focus import mapped_property

COUNT = IntSort(-(2**31), 2**31 - 1)
Scope = Mapping[str, Lit]  # of the variables of quantifiers that are being unrolled


def instantiated(
    system: TransitionSystem, values: Mapping[str, int], properties: Sequence[Property] = ()
) -> tuple[TransitionSystem, tuple[Property, ...]]:
    """The system where each open parameter is the number that `values` gives it, and properties over its states.

    Steps, faults and locks keep their numbers, so a step of the result is the step of the same index of `system`.
    What a front end makes of a model at these values has the same behaviour, but names each element of a class of
    locks as a lock of its own; here the class stays one.
    """
    for parameter in system.parametric:
        assert isinstance(parameter.sort, IntSort)
        assert values[parameter.name] >= parameter.sort.lo, f"{parameter.name} is too small"
    at = _Numbers(system, values)
    variables = tuple(at.variable(v) for v in system.variables if v.role is not Role.PARAM)
    result = replace(
        system,
        variables=variables,
        processes=tuple(at.process(process) for process in system.processes),
        transitions=tuple(at.step(step) for step in system.transitions),
        faults=tuple(replace(f, guard=at(f.guard), action=at.action(f.action)) for f in system.faults),
        locks=tuple(replace(lock, holders=tuple(map(at, lock.holders))) for lock in system.locks),
        observables=tuple(at.observable(one) for one in system.observables),
        params=tuple((name, str(values.get(name, shown))) for name, shown in system.params),
    )
    return result, tuple(at.property(prop) for prop in properties)


class _Numbers:
    """Rewrites everything of a system for the values of its parameters."""

    def __init__(self, system: TransitionSystem, values: Mapping[str, int]) -> None:
        self._values = {v.name: Lit(values[v.name], COUNT) for v in system.parametric}
        self._sorts = {v.name: self._sort(v.sort) for v in system.variables}
        self._done: dict[int, tuple[Expr, Expr]] = {}  # by identity, outside of quantifiers; the part itself is held

    def _sort(self, sort: Sort) -> Sort:
        if isinstance(sort, ArraySort) and sort.extent in self._values:
            return ArraySort(sort.element, sort.size * self._values[sort.extent].value)
        return sort

    def variable(self, variable: StateVar) -> StateVar:
        """An array with an extent gets all of its units."""
        old, sort = variable.sort, self._sorts[variable.name]
        if old == sort:
            return variable
        assert isinstance(old, ArraySort)
        units = self._values[old.extent].value
        names = tuple(name.replace("#", str(unit)) for unit in range(units) for name in variable.names)
        return replace(variable, sort=sort, init=variable.init * units, names=names)

    # ------------------------------------------------------------ expressions

    def __call__(self, expr: Expr) -> Expr:
        """An expression over the variables of the new system."""
        return self._at(expr, {})

    def _at(self, expr: Expr, scope: Scope) -> Expr:
        """`expr`, where variables of quantifiers have the values in `scope`."""
        if scope or isinstance(expr, Lit | Var):
            return self._new(expr, scope)
        known = self._done.get(id(expr))
        if known is None:
            known = self._done[id(expr)] = (expr, self._new(expr, scope))
        return known[1]

    def _new(self, expr: Expr, scope: Scope) -> Expr:
        match expr:
            case Lit():
                return expr
            case Var(name=name):
                return scope.get(name) or self._values.get(name) or expr
            case Index(array=array, index=position):
                return Index(self._array(array), self._at(position, scope))
            case Apply(op=op, args=args):
                return rebuild(op, tuple(self._at(arg, scope) for arg in args))
            case Quantified():
                return self._unrolled(expr, scope)

    def _unrolled(self, expr: Quantified, scope: Scope) -> Expr:
        """The instances of a quantifier; it stays where its range depends on the state."""
        low, high = self._at(expr.low, scope), self._at(expr.high, scope)
        name = expr.variable.name
        if not isinstance(low, Lit) or not isinstance(high, Lit):
            inner = {other: value for other, value in scope.items() if other != name}
            return Quantified(expr.kind, expr.variable, low, high, self._at(expr.body, inner))
        numbers = range(low.value, high.value + 1)
        instances: Iterator[Expr] = (self._at(expr.body, {**scope, name: Lit(n, COUNT)}) for n in numbers)
        return and_(*instances) if expr.kind is Quantifier.FORALL else or_(*instances)

    def _array(self, array: Var) -> Var:
        return Var(array.name, self._sorts[array.name])

    def _place(self, place: Place) -> Place:
        return Index(self._array(place.array), self(place.index)) if isinstance(place, Index) else place

    # ------------------------------------------------------------ parts of a system

    def step(self, step: Transition) -> Transition:
        """A step over the new variables."""
        return replace(
            step,
            guard=self(step.guard),
            updates=tuple(Update(self._place(u.target), self(u.value)) for u in step.updates),
            actions=tuple(map(self.action, step.actions)),
            accesses=tuple(Access(self._place(a.place), a.write, a.marked, a.span) for a in step.accesses),
            acquire=None if step.acquire is None else self(step.acquire),
        )

    def action(self, action: Action) -> Action:
        """What people are told of a step."""
        result = None if action.result is None else (self(action.result[0]), action.result[1])
        indices = tuple((text, self(value), sort) for text, value, sort in action.indices)
        return replace(action, result=result, indices=indices)

    def process(self, process: Process) -> Process:
        """A process that knows where it is busy."""
        places = tuple(replace(place, patience=self(place.patience)) for place in process.locations)
        return replace(process, locations=places)

    def observable(self, one: Observable) -> Observable:
        """A fact for reports."""
        return replace(one, condition=self(one.condition), count=None if one.count is None else self(one.count))

    def property(self, prop: Property) -> Property:
        """A property over the new states."""
        conjuncts = tuple(replace(part, formula=self(part.formula)) for part in prop.conjuncts)
        return replace(mapped_property(prop, self), conjuncts=conjuncts)
