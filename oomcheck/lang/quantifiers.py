"""Quantifiers of the transition system: no name is bound twice on one way down."""

from __future__ import annotations

from collections.abc import Mapping

from oomcheck.ir.expr import Apply, Expr, Index, Lit, Quantified, Var
from oomcheck.ir.walk import rebuild, subexpressions


def has_quantifier(expr: Expr) -> bool:
    """Whether a quantifier stands somewhere in an expression."""
    return any(isinstance(part, Quantified) for part in subexpressions(expr))


def untangled(expr: Expr) -> Expr:
    """The same expression, where no quantifier stands below another one with the same name.

    A value that is put in place of a variable may bring quantifiers with it. It brings no unbound names, so each name
    belongs to the next quantifier above it.
    """
    return _renamed(expr, {}, frozenset()) if has_quantifier(expr) else expr


def _renamed(expr: Expr, names: Mapping[str, Var], taken: frozenset[str]) -> Expr:
    """`names` are those that are bound around `expr`, and what stands for them; `taken` are all that stand there."""
    match expr:
        case Lit():
            return expr
        case Var(name=name):
            return names.get(name, expr)
        case Index(array=array, index=position):
            return Index(array, _renamed(position, names, taken))
        case Apply(op=op, args=args):
            return rebuild(op, tuple(_renamed(arg, names, taken) for arg in args))
        case Quantified(kind=kind, variable=variable, low=low, high=high, body=body):
            name = variable.name
            while name in taken:
                name += "'"
            new = variable if name == variable.name else Var(name, variable.sort)
            inner = _renamed(body, {**names, variable.name: new}, taken | {name})
            return Quantified(kind, new, _renamed(low, names, taken), _renamed(high, names, taken), inner)
