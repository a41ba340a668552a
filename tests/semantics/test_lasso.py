"""LTL on lassos: by the expansion laws it is what it is by definition."""

from __future__ import annotations

import pytest
from hypothesis import given

from oomcheck.prop.formula import Formula, subformulas
from oomcheck.semantics.lasso import holds, truths
from tests.ltl_patterns import CLASSICS, PATTERNS, formula
from tests.prop.draws import RICH, words
from tests.prop.words import SLOTS, Lasso, Meaning, lasso, lassos

SHORT = tuple(lassos("pq", 3))

#: Formulas with the same meaning, the second as another way to say the first.
EQUIVALENCES = {
    # dualities
    "!X p": "X !p",
    "!F p": "G !p",
    "!G p": "F !p",
    "!(p U q)": "!p R !q",
    "!(p R q)": "!p U !q",
    "!(p W q)": "!q U (!p && !q)",
    # what the operators abbreviate
    "F p": "true U p",
    "G p": "false R p",
    "p W q": "(p U q) || G p",
    "p U q": "(p W q) && F q",
    "p R q": "q W (p && q)",
    "p -> q": "!p || q",
    "p <-> q": "(p -> q) && (q -> p)",
    # expansion
    "q || (p && X (p U q))": "p U q",
    "q && (p || X (p R q))": "p R q",
    "q || (p && X (p W q))": "p W q",
    "p || X F p": "F p",
    "p && X G p": "G p",
    # idempotence and absorption
    "F F p": "F p",
    "G G p": "G p",
    "p U (p U q)": "p U q",
    "(p U q) U q": "p U q",
    "p R (p R q)": "p R q",
    "F G F p": "G F p",
    "G F G p": "F G p",
    "F (p U q)": "F q",
    "G (p R q)": "G q",
    # distribution
    "X (p && q)": "X p && X q",
    "X (p || q)": "X p || X q",
    "X (p U q)": "X p U X q",
    "F (p || q)": "F p || F q",
    "G (p && q)": "G p && G q",
    "G F (p || q)": "G F p || G F q",
    "F G (p && q)": "F G p && F G q",
    "p U (q || F p)": "(p U q) || (p U F p)",
    "(p && F q) U q": "(p U q) && (F q U q)",
    "X F p": "F X p",
    "X G p": "G X p",
}

DIFFERENT = {
    "F (p && q)": "F p && F q",
    "G (p || q)": "G p || G q",
    "G F (p && q)": "G F p && G F q",
    "p U q": "p W q",
    "p R q": "p W q",
    "X p": "p",
    "G F p": "F G p",
    "p U (p && q)": "p U q",
}


def differing(one: str, other: str) -> list[Lasso]:
    """Lassos over p and q on which two formulas differ."""
    left, right = formula(one), formula(other)
    return [w for w in SHORT if holds(left, w.states, w.loop, SLOTS) != holds(right, w.states, w.loop, SLOTS)]


@pytest.mark.parametrize(("one", "other"), EQUIVALENCES.items(), ids=str)
def test_equivalence(one: str, other: str) -> None:
    """The laws of the logic hold on every lasso of up to three states over two propositions."""
    assert differing(one, other) == []


@pytest.mark.parametrize(("one", "other"), DIFFERENT.items(), ids=str)
def test_difference(one: str, other: str) -> None:
    """Formulas that are easily confused differ on some lasso."""
    assert differing(one, other) != []


@pytest.mark.parametrize("text", [*PATTERNS.values(), *CLASSICS.values()])
def test_patterns_by_definition(text: str) -> None:
    """On lassos over the propositions of a pattern the fixpoints agree with the definition by quantifiers."""
    property_ = formula(text)
    names = "".join(sorted({letter for letter in text if letter.islower()}))
    for word in lassos(names[:3], 2):
        assert holds(property_, word.states, word.loop, SLOTS) == Meaning(word).holds(property_)


@given(RICH, words())
def test_random_by_definition(property_: Formula, word: Lasso) -> None:
    """So they do on random formulas and lassos, for each subformula at each position."""
    meaning = Meaning(word)
    for part in truths(property_, word.states, word.loop, SLOTS):
        assert part.at == tuple(meaning.holds(part.formula, i) for i in range(len(word.states)))


@pytest.mark.parametrize(
    ("text", "word", "expected"),
    [
        ("F q", lasso("p p", "q"), (True, True, True)),
        ("G q", lasso("p q", "q"), (False, True, True)),
        ("p U q", lasso("p - p", "q"), (False, False, True, True)),
        ("p U q", lasso("", "p"), (False,)),
        ("p W q", lasso("", "p"), (True,)),
        ("q R p", lasso("p", "pq -"), (True, True, False)),
        ("X p", lasso("- p", "- p"), (True, False, True, False)),
        ("G F p", lasso("- -", "- - p"), (True,) * 5),
        ("F G p", lasso("p p", "p -"), (False,) * 4),
        ("X X X p", lasso("", "- p -"), (False, True, False)),
    ],
)
def test_positions(text: str, word: Lasso, expected: tuple[bool, ...]) -> None:
    """The truth of a formula at each position, worked out by hand."""
    assert truths(formula(text), word.states, word.loop, SLOTS)[-1].at == expected


def test_operands_come_first() -> None:
    """The truths cover each subformula once, operands before what is built from them."""
    property_ = formula("G (p -> F q)")
    word = lasso("p", "q")
    found = truths(property_, word.states, word.loop, SLOTS)
    assert [id(part.formula) for part in found] == [id(part) for part in subformulas(property_)]
    assert found[-1].formula is property_


@pytest.mark.parametrize("loop", [-1, 1])
def test_loop_inside(loop: int) -> None:
    """A lasso without a loop is no run."""
    with pytest.raises(AssertionError, match="repeats at least one state"):
        holds(formula("p"), lasso("", "p").states, loop, SLOTS)


def test_shared_operands() -> None:
    """An equivalence holds its sides twice; a chain of them takes linear time all the same."""
    property_ = formula(" <-> ".join(["p"] * 60))
    word = lasso("- p", "p -")
    assert truths(property_, word.states, word.loop, SLOTS)[-1].at == (True,) * 4
