"""Conditions about one unit of a parametric system, and the same conditions about all units."""

from __future__ import annotations

from oomcheck.ir.expr import (
    TRUE,
    Apply,
    Expr,
    Index,
    Lit,
    Quantified,
    Quantifier,
    Var,
    add,
    and_,
    binary,
    eq,
    forall,
    implies,
    not_,
    or_,
)
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import ArraySort, IntSort, scalar_of
from oomcheck.ir.system import TransitionSystem
from oomcheck.ir.walk import parts, rebuild, rewrite, variables
from oomcheck.smt.ground import quantified, rename

UNITS = IntSort(0, 2**31 - 1)


def unit_of(extent: str) -> Var:
    """The parameter that says which unit is tracked, of those that `extent` counts."""
    return Var(f"?{extent}", UNITS)


def extents(system: TransitionSystem) -> tuple[str, ...]:
    """Parameters that some array has as its extent."""
    found = (extent_of(v.var) for v in system.variables)
    return tuple(dict.fromkeys(extent for extent in found if extent))


def extent_of(array: Var) -> str:
    """The parameter that says how many units an array has; empty if it has a size of its own or is none."""
    return array.sort.extent if isinstance(array.sort, ArraySort) else ""


def cells_of(array: Var) -> Var:
    """The cells of one unit, as an array of that name."""
    assert isinstance(array.sort, ArraySort)
    return Var(array.name, ArraySort(array.sort.element, array.sort.size))


def size_of(array: Var) -> int:
    """How many cells a unit has in an array."""
    assert isinstance(array.sort, ArraySort)
    return array.sort.size


def number(value: int) -> Lit:
    """An integer literal."""
    return Lit(value, IntSort(value, value))


def within(system: TransitionSystem, extent: str, unit: Expr) -> Expr:
    """Whether there is such a unit."""
    return and_(binary(Op.LE, number(0), unit), binary(Op.LT, unit, count_of(system, extent)))


def count_of(system: TransitionSystem, extent: str) -> Var:
    """The parameter as an expression."""
    return next(v.var for v in system.variables if v.name == extent)


def split(position: Expr, size: int) -> tuple[Expr, int] | None:
    """The unit and the element in `unit * size + element`; None if that cannot be seen."""
    if size == 1:
        return _flat(position), 0
    match position:
        case Apply(op=Op.ADD, args=(Apply(op=Op.MUL, args=(unit, Lit(value=factor))), Lit(value=element))):
            return (_flat(unit), element) if factor == size and 0 <= element < size else None
        case Apply(op=Op.MUL, args=(unit, Lit(value=factor))):
            return (_flat(unit), 0) if factor == size else None
        case Lit(value=value):
            return number(value // size), value % size
        case _:
            return None


def _flat(position: Expr) -> Expr:
    """`(1 + v) - 1` is `v`: what a reference points to."""
    match position:
        case Apply(op=Op.SUB, args=(Apply(op=Op.ADD, args=(Lit(value=more), inner)), Lit(value=less))) if more == less:
            return _flat(inner)
        case Apply(op=Op.SUB, args=(Apply(op=Op.ADD, args=(inner, Lit(value=more))), Lit(value=less))) if more == less:
            return _flat(inner)
        case _:
            return position


def for_all_units(system: TransitionSystem, expr: Expr) -> Expr:
    """What holds of the tracked units, said of all."""
    arrays = {v.name: v.var for v in system.variables if extent_of(v.var)}

    def leaf(node: Lit | Var | Index) -> Expr:
        if not isinstance(node, Index) or node.array.name not in arrays:
            return node
        array = arrays[node.array.name]
        unit, size = unit_of(extent_of(array)), size_of(array)
        return Index(array, unit if size == 1 else add(binary(Op.MUL, unit, number(size)), node.index))

    found = rewrite(expr, leaf)
    for extent in extents(system):
        if unit_of(extent).name in variables(found):
            unit = _any_unit(system, extent)
            found = forall(unit, number(0), _last(system, extent), rename(found, unit_of(extent).name, unit))
    return found


def _any_unit(system: TransitionSystem, extent: str) -> Var:
    """A variable for all units of a kind, called like no variable of the system."""
    name = "unit" if len(extents(system)) == 1 else f"unit_{extent}"
    while any(v.name == name for v in system.variables):
        name += "'"
    return Var(name, UNITS)


def _last(system: TransitionSystem, extent: str) -> Expr:
    return binary(Op.SUB, count_of(system, extent), number(1))


class _OtherUnitError(Exception):
    """A condition speaks of a unit that is not tracked."""


def for_one_unit(system: TransitionSystem, expr: Expr) -> Expr | None:
    """A condition about all units, said of the tracked ones; None if it speaks of others as well."""
    stripped = _instance(system, expr)
    if quantified(stripped):
        return None
    try:
        return rewrite(stripped, _cell)
    except _OtherUnitError:
        return None


def as_units(system: TransitionSystem, expr: Expr) -> tuple[Expr, ...]:
    """Conditions about one unit that mean the same together as a condition; none if there are no such.

    What is said of one computed unit is said of each unit that it is; and what reads an element that does not exist
    reads 0.
    """
    whole = for_one_unit(system, expr)
    if whole is not None:
        return (whole,)
    units = {_place_of(node) for node in parts((expr,)) if isinstance(node, Index) and extent_of(node.array)}
    if len(units) != 1 or None in units or quantified(expr):
        return ()
    ((extent, unit),) = (found for found in units if found is not None)
    if any(isinstance(node, Index) and extent_of(node.array) for node in parts((unit,))):
        return ()

    def inside(node: Lit | Var | Index) -> Expr:
        if not isinstance(node, Index) or not extent_of(node.array):
            return node
        found = split(node.index, size_of(node.array))
        assert found is not None
        return Index(cells_of(node.array), number(found[1]))

    def outside(node: Lit | Var | Index) -> Expr:
        missing = isinstance(node, Index) and extent_of(node.array)
        return Lit(0, scalar_of(node.array.sort)) if isinstance(node, Index) and missing else node

    here = or_(not_(eq(unit_of(extent), unit)), rewrite(expr, inside))
    return tuple(e for e in (here, or_(within(system, extent, unit), rewrite(expr, outside))) if e != TRUE)


def _place_of(node: Index) -> tuple[str, Expr] | None:
    """The kind of unit of which a cell is read, and the unit."""
    found = split(node.index, size_of(node.array))
    return None if found is None else (extent_of(node.array), found[0])


def _cell(node: Lit | Var | Index) -> Expr:
    if not isinstance(node, Index) or not extent_of(node.array):
        return node
    found = split(node.index, size_of(node.array))
    if found is None or found[0] != unit_of(extent_of(node.array)):
        raise _OtherUnitError
    return Index(cells_of(node.array), number(found[1]))


def _is_whole(low: Expr, high: Expr, extent: str) -> bool:
    """Whether a range is that of all units."""
    match low, high:
        case Lit(value=0), Apply(op=Op.SUB, args=(Var(name=name), Lit(value=1))):
            return name == extent
    return False


def _instance(system: TransitionSystem, expr: Expr) -> Expr:
    """`forall` in the parts of a clause for the tracked unit: of the kind that ends its range, else of the first."""
    match expr:
        case Quantified(kind=Quantifier.FORALL, low=low, high=high) if extents(system):
            kinds = [extent for extent in extents(system) if extent in variables(high)] or list(extents(system))
            unit = unit_of(kinds[0])
            body = rename(expr.body, expr.variable.name, unit)
            if not _is_whole(low, high, kinds[0]):
                body = implies(and_(binary(Op.LE, low, unit), binary(Op.LE, unit, high)), body)
            return _instance(system, body)
        case Apply(op=Op.OR | Op.AND as op, args=args):
            return rebuild(op, tuple(_instance(system, arg) for arg in args))
        case _:
            return expr
