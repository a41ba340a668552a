"""Parts of conditions: left sides of implications, which must hold somewhere, and conjuncts, which a trace shows."""

from __future__ import annotations

from collections.abc import Iterator

from oomcheck.ir.expr import FALSE, TRUE, Expr, and_, exists, or_
from oomcheck.lang import model as m
from oomcheck.lang.lower import Fixing, Lowered
from oomcheck.prop.property import Part


def antecedents(expr: m.TExpr, lowered: Lowered) -> Iterator[Part]:
    """Left sides of implications; one under `forall` must hold for some value."""
    found: dict[tuple[int, ...], tuple[str, list[Expr]]] = {}
    for path, text, formula in left_sides(expr, lowered, {}, TRUE, ()):
        found.setdefault(path, (text, []))[1].append(formula)
    for text, formulas in found.values():
        yield Part(text, or_(*formulas))


def left_sides(
    expr: m.TExpr, lowered: Lowered, fixed: Fixing, context: Expr, path: tuple[int, ...]
) -> Iterator[tuple[tuple[int, ...], str, Expr]]:
    """`path` tells where in the property an implication stands; the values of a `forall` share it."""
    match expr:
        case m.Operate(operator="->", args=(left, right)):
            value, needs = lowered.formula(left, fixed)
            here = and_(context, *(need.ok for need in needs), value)
            yield path, " ".join(left.span.text.split()), here
            yield from left_sides(right, lowered, fixed, here, (*path, 1))
        case m.Operate(operator="&&", args=args):
            for number, arg in enumerate(args):
                yield from left_sides(arg, lowered, fixed, context, (*path, number))
        case m.Quantify(kind="forall", variable=variable, values=values, body=body):
            for choice in values:
                yield from left_sides(body, lowered, {**fixed, variable: choice}, context, (*path, 0))
            if not values:
                yield from ((below, text, FALSE) for below, text in never_asked(body, (*path, 0)))
        case m.QuantifyRange(kind="forall", variable=variable, body=body):
            bound = lowered.bound(expr, fixed)
            inner = {**fixed, variable: bound}
            for below, text, formula in left_sides(body, lowered, inner, TRUE, (*path, 0)):
                yield below, text, and_(context, exists(bound.var, bound.low, bound.high, formula))
        case _:
            pass


def never_asked(expr: m.TExpr, path: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], str]]:
    """Left sides below a `forall` over nothing."""
    match expr:
        case m.Operate(operator="->", args=(left, _)):
            yield path, " ".join(left.span.text.split())
        case m.Operate(operator="&&", args=args):
            for number, arg in enumerate(args):
                yield from never_asked(arg, (*path, number))
        case m.Quantify(kind="forall", body=body) | m.QuantifyRange(kind="forall", body=body):
            yield from never_asked(body, (*path, 0))
        case _:
            pass


def conjuncts(expr: m.TExpr, lowered: Lowered) -> Iterator[Part]:
    """The parts that a trace shows with their truth: conjuncts, and both sides of an implication."""
    match expr:
        case m.Operate(operator="&&" | "->", args=args):
            for arg in args:
                yield from conjuncts(arg, lowered)
        case _:
            value, needs = lowered.formula(expr)
            yield Part(" ".join(expr.span.text.split()), and_(*(need.ok for need in needs), value))
