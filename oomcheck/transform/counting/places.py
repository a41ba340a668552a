"""Linear equations that all reachable states of a system satisfy: the place invariants of Petri nets.

A system of counters is a net: its places are the counters and numbers, and for each variable with few values one place
for each value, which holds 1 if the variable has it. A step adds a linear form over the places to each place. A
combination of places to which every step adds nothing keeps its first value (Lautenbach, 1973; Murata, Petri nets,
Proc. IEEE 77, 1989, section VIII). Equations over several such combinations are found by exact elimination.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import gcd, lcm

from oomcheck.ir.expr import Apply, Expr, Lit, Var, add, binary, eq, ite, not_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import ArraySort, BoolSort, IntSort, Scalar, bounds
from oomcheck.ir.system import Transition, TransitionSystem
from oomcheck.records import dataclass
from oomcheck.transform.counting.counters import NUMBER, number

MANY = 64  # a variable with more values than that is a number


@dataclass(frozen=True, slots=True)
class Place:
    """A number, or with a `value` whether a variable has this value."""

    name: str
    value: int | None = None


Form = Mapping[Place | None, Fraction]  # a linear form; None stands for 1
Row = dict[Place | None, Fraction]
ONE: None = None


def linear_invariants(system: TransitionSystem) -> list[Expr]:
    """Equations that hold initially and that every step keeps, as many as are independent.

    Each is `sum of factor * place == number`. A variable with few values gets no place for the last one of them, which
    the others leave over. Variables that some step sets to what is not linear are left out, and so are arrays.
    """
    places = _places(system)
    while True:
        rows, lost = _equations(system, places)
        if not lost:
            break
        places = tuple(place for place in places if place.name not in lost)
    sorts = {v.name: v.sort for v in system.variables if not isinstance(v.sort, ArraySort)}
    found = [combination for combination in _kernel(rows, places) if _is_kept(system, places, combination)]
    start = {v.name: v.init[0] for v in system.variables}
    return [_equation(combination, sorts, start) for combination in found]


def nonnegative(system: TransitionSystem) -> list[Expr]:
    """That no counter is negative: each one by itself holds initially and is kept by every step."""
    return [binary(Op.LE, number(0), v.var) for v in system.variables if v.sort == NUMBER]


def _places(system: TransitionSystem) -> tuple[Place, ...]:
    found: list[Place] = []
    for variable in system.variables:
        if isinstance(variable.sort, ArraySort):
            continue
        low, high = bounds(variable.sort)
        if high - low >= MANY:
            found.append(Place(variable.name))
        else:
            found.extend(Place(variable.name, value) for value in range(low, high))
    return tuple(found)


# ---------------------------------------------------------------- what steps add


def _equations(system: TransitionSystem, places: Sequence[Place]) -> tuple[list[Row], set[str]]:
    """For each step and each place that it reads, the sum over places of what it adds must be nothing.

    One row for each: for each place what the step adds to it for one unit of what is read. Also the names of variables
    to which some step gives what is not linear.
    """
    rows: list[Row] = []
    lost: set[str] = set()
    for step in system.transitions:
        try:
            change = _change(system, step, places)
        except _NotLinearError as failure:
            lost.add(failure.name)
            continue
        for unit in {key for form in change.values() for key, factor in form.items() if factor}:
            rows.append({place: form[unit] for place, form in change.items() if form.get(unit)})
    return rows, lost


class _NotLinearError(Exception):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _change(system: TransitionSystem, step: Transition, places: Sequence[Place]) -> dict[Place, Form]:
    """What a step adds to each place, where its guard holds."""
    known = _fixed(system, step)
    pc = system.processes[step.process].pc
    new: dict[str, Expr] = {u.target.name: u.value for u in step.updates if isinstance(u.target, Var)}
    new[pc] = Lit(step.target, NUMBER)
    allowed = frozenset(places)
    change: dict[Place, Form] = {}
    for place in places:
        if place.name not in new:
            continue
        try:
            after = _value_form(new[place.name], known) if place.value is None else _has(new, place, known, system)
            form = _plus(after, _form_of(place, known), -1)
        except ValueError:
            raise _NotLinearError(place.name) from None
        if any(factor and key is not None and key not in allowed for key, factor in form.items()):
            raise _NotLinearError(place.name)
        change[place] = {key: factor for key, factor in form.items() if factor}
    return change


def _fixed(system: TransitionSystem, step: Transition) -> Mapping[str, int]:
    """Variables that have one value wherever a step can be taken."""
    found = {system.processes[step.process].pc: step.origin}
    parts = step.guard.args if isinstance(step.guard, Apply) and step.guard.op is Op.AND else (step.guard,)
    counters = {v.name for v in system.variables if v.sort == NUMBER}  # never negative
    for part in parts:
        match part:
            case Apply(op=Op.EQ, args=(Var(name=name), Lit(value=value))):
                found[name] = value
            case Apply(op=Op.LE, args=(Var(name=name), Lit(value=0))) if name in counters:
                found[name] = 0
            case Var(name=name, sort=BoolSort()):
                found[name] = 1
            case Apply(op=Op.NOT, args=(Var(name=name, sort=BoolSort()),)):
                found[name] = 0
            case _:
                pass
    return found


def _has(new: Mapping[str, Expr], place: Place, known: Mapping[str, int], system: TransitionSystem) -> Form:
    """Whether a variable has a value after a step: known, or that of another variable with the same values."""
    match new[place.name]:
        case Lit(value=value):
            return {ONE: Fraction(value == place.value)}
        case Var(name=name) if name in known:
            return {ONE: Fraction(known[name] == place.value)}
        case Var(name=name, sort=sort) if sort == _sort(system, place.name) and place.value is not None:
            return {Place(name, place.value): Fraction(1)}
        case _:
            raise ValueError


def _sort(system: TransitionSystem, name: str) -> object:
    return next(v.sort for v in system.variables if v.name == name)


def _form_of(place: Place, known: Mapping[str, int]) -> Form:
    """A place, or its value where that is known."""
    if place.name not in known:
        return {place: Fraction(1)}
    value = known[place.name]
    return {ONE: Fraction(value if place.value is None else value == place.value)}


def _value_form(expr: Expr, known: Mapping[str, int]) -> Form:
    """A number as a linear form; raises ValueError if it is none."""
    match expr:
        case Lit(value=value):
            return {ONE: Fraction(value)}
        case Var(name=name, sort=IntSort(lo=low, hi=high)) if high - low >= MANY:
            return _form_of(Place(name), known)
        case Apply(op=Op.ADD, args=(left, right)):
            return _plus(_value_form(left, known), _value_form(right, known), 1)
        case Apply(op=Op.SUB, args=(left, right)):
            return _plus(_value_form(left, known), _value_form(right, known), -1)
        case Apply(op=Op.NEG, args=(arg,)):
            return _plus({}, _value_form(arg, known), -1)
        case _:
            raise ValueError


def _plus(left: Form, right: Form, factor: int) -> Form:
    found = dict(left)
    for key, value in right.items():
        found[key] = found.get(key, Fraction(0)) + factor * value
    return found


# ---------------------------------------------------------------- elimination


def _kernel(rows: Sequence[Row], places: Sequence[Place]) -> Iterator[Mapping[Place, Fraction]]:
    """A basis of the combinations of places that every row makes nothing of, from reduced row echelon form."""
    pivots: dict[Place, Row] = {}
    order = {place: k for k, place in enumerate(places)}
    for row in rows:
        left = dict(row)
        for place, pivot in pivots.items():
            if left.get(place):
                left = _reduced(left, pivot, left[place])
        if not left:
            continue
        chosen = max((place for place in left if place is not None), key=order.__getitem__)
        left = {place: value / left[chosen] for place, value in left.items()}
        for place, pivot in pivots.items():
            if pivot.get(chosen):
                pivots[place] = _reduced(pivot, left, pivot[chosen])
        pivots[chosen] = left
    for free in places:
        if free not in pivots:
            bound = {place: -pivot[free] for place, pivot in pivots.items() if pivot.get(free)}
            yield {free: Fraction(1), **bound}


def _reduced(row: Row, pivot: Row, factor: Fraction) -> Row:
    found = dict(row)
    for place, value in pivot.items():
        found[place] = found.get(place, Fraction(0)) - factor * value
    return {place: value for place, value in found.items() if value}


def _is_kept(system: TransitionSystem, places: Sequence[Place], combination: Mapping[Place, Fraction]) -> bool:
    """Whether no step changes a combination: each equation is checked by itself, however it was found."""
    for step in system.transitions:
        total: Form = {}
        for place, form in _change(system, step, places).items():
            factor = combination.get(place, Fraction(0))
            total = _plus(total, {key: factor * value for key, value in form.items()}, 1)
        if any(total.values()):
            return False
    return True


# ---------------------------------------------------------------- as expressions


def _equation(combination: Mapping[Place, Fraction], sorts: Mapping[str, Scalar], start: Mapping[str, int]) -> Expr:
    """`combination == its first value`, with whole factors; what would be subtracted is on the other side."""
    scale = lcm(*(factor.denominator for factor in combination.values()))
    whole = {place: int(factor * scale) for place, factor in combination.items()}
    divisor = gcd(*whole.values())
    sides: dict[bool, Expr] = {True: number(0), False: number(0)}
    first = 0
    for place, factor in whole.items():
        start_value = start[place.name] if place.value is None else int(start[place.name] == place.value)
        first += factor // divisor * start_value
        term, many = _term(place, sorts[place.name]), abs(factor) // divisor
        sides[factor > 0] = add(sides[factor > 0], term if many == 1 else binary(Op.MUL, term, number(many)))
    if len(whole) == 1:
        match sides[True]:
            case Apply(op=Op.ITE, args=(held, _, _)):  # one variable and one value of it
                return held if first else not_(held)
    sides[first < 0] = add(sides[first < 0], number(abs(first)))
    return eq(sides[True], sides[False])


def _term(place: Place, sort: Scalar) -> Expr:
    """A place as a number."""
    variable = Var(place.name, sort)
    if place.value is None:
        return variable
    held: Expr = eq(variable, Lit(place.value, sort))
    return ite(held, number(1), number(0))
