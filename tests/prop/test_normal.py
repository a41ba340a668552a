"""Negation normal form: the same meaning, the rewriting rules, sharing, limits."""

from __future__ import annotations

from functools import reduce

import pytest
from hypothesis import given

from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.ir.expr import TRUE, Apply, Lit, Var, and_, eq, not_, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, IntSort
from oomcheck.prop import formula as ltl
from oomcheck.prop.formula import Atom, Formula
from oomcheck.prop.normal import BOTTOM, MAX_DEPTH, TOP, All, Any, Literal, Next, Release, Table, Until, operands
from oomcheck.semantics.lasso import holds
from tests.ltl_patterns import CLASSICS, PATTERNS, formula
from tests.prop.draws import PLAIN, RICH, words
from tests.prop.words import SLOTS, Lasso
from tests.semantics.test_lasso import DIFFERENT

P, Q, R = (Var(name, BOOL) for name in "pqr")
TRUE_FORMULA: Formula = ltl.TOP
FALSE_FORMULA: Formula = ltl.BOTTOM
X = Var("x", IntSort(0, 2))


def back(table: Table, number: int) -> Formula:
    """A formula of a table as one of the logic."""
    below = [back(table, part) for part in operands(table.nodes[number])]
    match table.nodes[number]:
        case Literal() as literal:
            return Atom(table.expr(literal))
        case All():
            return reduce(ltl.And, below, TRUE_FORMULA)
        case Any():
            return reduce(ltl.Or, below, FALSE_FORMULA)
        case Next():
            return ltl.Next(below[0])
        case Until():
            return ltl.Until(below[0], below[1])
        case Release():
            return ltl.Release(below[0], below[1])


def number(table: Table, text: str) -> int:
    """The number of the formula that a text means."""
    return table.add(formula(text))


SAME = {
    "F F p": "F p",
    "G G p": "G p",
    "G F G F p": "G F p",
    "F G F p": "G F p",
    "X G F p": "G F p",
    "p U G F q": "G F q",
    "p U (p U q)": "p U q",
    "(p U q) U q": "p U q",
    "(p && q) U (p U r)": "p U r",
    "F (p U q)": "F q",
    "G (p R q)": "G q",
    "!p U p": "F p",
    "p R (p R q)": "p R q",
    "X p && X q": "X (p && q)",
    "X p U X q": "X (p U q)",
    "F X p": "X F p",
    "G X p": "X G p",
    "G p && G q": "G (p && q)",
    "F p || F q": "F (p || q)",
    "F G p && F G q": "F G (p && q)",
    "G F p || G F q": "G F (p || q)",
    "(p U r) && (q U r)": "(p && q) U r",
    "(p U q) || (p U r)": "p U (q || r)",
    "(p R q) && (p R r)": "p R (q && r)",
    "F (p && G F q)": "F p && G F q",
    "G (p || F G q)": "G p || F G q",
    "X (p && G F q)": "X p && G F q",
    "F (p || F q)": "F (p || q)",
    "p && (p || F q)": "p",
    "q || (p && q && F r)": "q",
    "F p && (p || F p)": "F p",
    "(p U q) && F q": "p U q",
    "G p && F p": "G p",
    "G p && X p && p": "G p",
    "p -> p": "true",
    "G p && F !p": "false",
    "(p U q) && G !q": "false",
    "X true": "true",
    "X false": "false",
    "p U true": "true",
    "p U false": "false",
    "false U p": "p",
    "true R p": "p",
    "p && !p": "false",
    "!(p && q)": "!q || !p",
    "p <-> p": "true",
}


@pytest.mark.parametrize(("one", "other"), SAME.items(), ids=str)
def test_rules(one: str, other: str) -> None:
    """Formulas that the rules make equal have one number; so have their negations."""
    table = Table()
    assert number(table, one) == number(table, other)
    assert number(table, f"!({one})") == number(table, f"!({other})") == table.negation(number(table, one))


@pytest.mark.parametrize(("one", "other"), DIFFERENT.items(), ids=str)
def test_difference(one: str, other: str) -> None:
    """Formulas with different meanings have different numbers."""
    table = Table()
    assert number(table, one) != number(table, other)


@given(RICH, words())
def test_meaning(property_: Formula, word: Lasso) -> None:
    """The normal form of a formula, and the dual of it, mean what they should."""
    table = Table()
    entry = table.add(property_)
    expected = holds(property_, word.states, word.loop, SLOTS)
    assert holds(back(table, entry), word.states, word.loop, SLOTS) == expected
    assert holds(back(table, table.negation(entry)), word.states, word.loop, SLOTS) != expected


@given(PLAIN, PLAIN, words())
def test_implication(left: Formula, right: Formula, word: Lasso) -> None:
    """A formula that is said to imply another one does, and eventual and universal ones are."""
    table = Table()
    a, b = table.add(left), table.add(right)
    if table.implies(a, b) and holds(left, word.states, word.loop, SLOTS):
        assert holds(right, word.states, word.loop, SLOTS)
    later = ltl.Next(left)
    if table.eventual(a) and holds(later, word.states, word.loop, SLOTS):
        assert holds(left, word.states, word.loop, SLOTS)
    if table.universal(a) and holds(left, word.states, word.loop, SLOTS):
        assert holds(later, word.states, word.loop, SLOTS)


@given(PLAIN)
def test_normal(property_: Formula) -> None:
    """A normal form is its own normal form."""
    table = Table()
    entry = table.add(property_)
    assert table.add(back(table, entry)) == entry
    assert table.negation(table.negation(entry)) == entry


@pytest.mark.parametrize("text", [*PATTERNS.values(), *CLASSICS.values()])
def test_linear(text: str) -> None:
    """The table stays small: with its dual each subformula makes two entries, rewriting a few more."""
    table = Table()
    number(table, text)
    assert len(table.nodes) <= 4 * len(ltl.subformulas(formula(text))) + 10


def test_conditions() -> None:
    """Ways to write a condition and its negation share an atom."""
    table = Table()
    one = Lit(1, IntSort(0, 2))
    equal = table.condition(eq(X, one))
    assert table.condition(not_(eq(X, one))) == table.negation(equal)
    assert table.condition(Apply(Op.NE, (X, one))) == table.negation(equal)
    assert table.condition(Apply(Op.LE, (X, one))) == table.negation(table.condition(Apply(Op.LT, (one, X))))
    assert table.condition(TRUE) == TOP
    assert table.condition(Lit(0, BOOL)) == BOTTOM
    assert table.atoms == [eq(X, one), Apply(Op.LT, (one, X))]


def test_junctions_of_conditions() -> None:
    """A junction of conditions is one literal, and its negation the negation of that."""
    table = Table()
    both = table.add(ltl.And(Atom(P), ltl.And(Atom(Q), Atom(R))))
    assert table.nodes[both] == Literal(table.atoms.index(and_(P, Q, R)), True)
    assert number(table, "!p || !q || !r") == table.negation(both)
    assert table.nodes[number(table, "!p && !q")] == Literal(table.atoms.index(or_(P, Q)), False)
    exclusive = [Atom(eq(X, Lit(value, IntSort(0, 2)))) for value in (0, 1)]
    assert table.add(ltl.And(*exclusive)) == BOTTOM


@pytest.mark.parametrize(
    "text", ["X " * (MAX_DEPTH + 1) + "p", "(" * MAX_DEPTH + "p" + " U q) R r)" * (MAX_DEPTH // 2)]
)
def test_too_deep(text: str) -> None:
    """Formulas that are nested too deep are refused, however deep."""
    with pytest.raises(
        OomcheckError, match=f"E0505: the formula is too large: nested deeper than {MAX_DEPTH}"
    ) as caught:
        number(Table(), text)
    assert caught.value.diagnostics[0].hint == "check its parts as properties of their own"


def test_wide() -> None:
    """A conjunction over many threads is no problem."""
    table = Table()
    many = [Atom(Var(f"v{i}", BOOL)) for i in range(300)]
    whole = table.add(reduce(ltl.And, [ltl.eventually(atom) for atom in many]))
    node = table.nodes[whole]
    assert isinstance(node, All)
    assert len(node.parts) == 300
