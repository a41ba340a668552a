"""Linear temporal logic over state expressions.

Operators and their meaning on infinite runs follow Pnueli, The temporal logic of programs (1977), and Baier and
Katoen, Principles of Model Checking (2008), ch. 5: `U` is the strong until, `R` its dual, `W` the weak until.
"""

from __future__ import annotations

from dataclasses import dataclass

from oomcheck.ir.expr import FALSE, TRUE, Expr


@dataclass(frozen=True, slots=True)
class Atom:
    """A condition on one state."""

    condition: Expr


@dataclass(frozen=True, slots=True)
class Not:
    """`!arg`."""

    arg: Formula


@dataclass(frozen=True, slots=True)
class And:
    """`left && right`."""

    left: Formula
    right: Formula


@dataclass(frozen=True, slots=True)
class Or:
    """`left || right`."""

    left: Formula
    right: Formula


@dataclass(frozen=True, slots=True)
class Next:
    """`X arg`: in the next state."""

    arg: Formula


@dataclass(frozen=True, slots=True)
class Until:
    """`left U right`: some time right holds, and left until then."""

    left: Formula
    right: Formula


@dataclass(frozen=True, slots=True)
class Release:
    """`left R right`: right holds up to and with the first state where left does, or for ever."""

    left: Formula
    right: Formula


Formula = Atom | Not | And | Or | Next | Until | Release

TOP = Atom(TRUE)
BOTTOM = Atom(FALSE)


def implication(left: Formula, right: Formula) -> Formula:
    """`left -> right`."""
    return Or(Not(left), right)


def equivalence(left: Formula, right: Formula) -> Formula:
    """`left <-> right`."""
    return Or(And(left, right), And(Not(left), Not(right)))


def eventually(arg: Formula) -> Formula:
    """`F arg`."""
    return Until(TOP, arg)


def always(arg: Formula) -> Formula:
    """`G arg`."""
    return Release(BOTTOM, arg)


def weak_until(left: Formula, right: Formula) -> Formula:
    """`left W right`: left until right, or left for ever."""
    return Release(right, Or(left, right))


def leads_to(trigger: Formula, response: Formula) -> Formula:
    """`G (trigger -> F response)`."""
    return always(implication(trigger, eventually(response)))
