"""Linear temporal logic over state expressions.

Operators and their meaning on infinite runs follow Pnueli, The temporal logic of programs (1977), and Baier and
Katoen, Principles of Model Checking (2008), ch. 5: `U` is the strong until, `R` its dual, `W` the weak until.
"""

from __future__ import annotations

from dataclasses import field

from oomcheck.ir.expr import FALSE, TRUE, Expr
from oomcheck.records import dataclass


@dataclass(frozen=True, slots=True)
class Atom:
    """A condition on one state; `text` is how the spec writes it, "" if it is not written as such."""

    condition: Expr
    text: str = field(default="", compare=False)


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


def operands(formula: Formula) -> tuple[Formula, ...]:
    """What the outermost operator applies to, from left to right."""
    match formula:
        case Atom():
            return ()
        case Not(arg=arg) | Next(arg=arg):
            return (arg,)
        case And(left=left, right=right) | Or(left=left, right=right):
            return (left, right)
        case Until(left=left, right=right) | Release(left=left, right=right):
            return (left, right)


def subformulas(formula: Formula) -> tuple[Formula, ...]:
    """`formula` and all below it, operands first; an object that occurs several times comes once.

    Objects are told apart by identity: an equivalence holds both of its sides twice, so that comparing
    trees would take exponential time.
    """
    found: dict[int, Formula] = {}
    stack = [(formula, False)]
    while stack:
        node, expanded = stack.pop()
        if id(node) in found:
            continue
        if expanded:
            found[id(node)] = node
        else:
            stack.append((node, True))
            stack.extend((below, False) for below in reversed(operands(node)))
    return tuple(found.values())


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
