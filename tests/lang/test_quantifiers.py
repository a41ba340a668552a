"""Quantifiers below quantifiers: each name belongs to the next one above it."""

from __future__ import annotations

from oomcheck.ir.expr import Expr, Index, Lit, Quantified, Quantifier, Var, and_
from oomcheck.ir.sorts import BOOL, ArraySort, IntSort
from oomcheck.ir.walk import subexpressions
from oomcheck.lang.quantifiers import has_quantifier, untangled
from oomcheck.semantics.evaluate import evaluate

NUMBERS = IntSort(0, 3)
X = Var("?x", NUMBERS)
A = Var("a", ArraySort(BOOL, 4))
C = Var("c", ArraySort(BOOL, 4))


def below(kind: Quantifier, high: int, body: Expr) -> Quantified:
    """A quantifier over `?x` from 0 on."""
    return Quantified(kind, X, Lit(0, NUMBERS), Lit(high, NUMBERS), body)


def test_inner_name_is_changed() -> None:
    """The inner quantifier gets a name of its own, what it does not bind keeps the outer one."""
    inner = below(Quantifier.EXISTS, 1, Index(A, X))
    outer = untangled(below(Quantifier.FORALL, 3, and_(inner, Index(C, X))))
    assert isinstance(outer, Quantified)
    primed = Var("?x'", NUMBERS)
    renamed = Quantified(Quantifier.EXISTS, primed, inner.low, inner.high, Index(A, primed))
    assert outer == below(Quantifier.FORALL, 3, and_(renamed, Index(C, X)))


def test_three_levels_have_three_names() -> None:
    """A name that was made for one level is not taken again below it."""
    innermost = below(Quantifier.EXISTS, 3, Index(A, X))
    found = untangled(below(Quantifier.FORALL, 1, below(Quantifier.EXISTS, 2, and_(innermost, Index(C, X)))))
    names = [part.variable.name for part in subexpressions(found) if isinstance(part, Quantified)]
    assert names == ["?x", "?x'", "?x''"]


def test_meaning_is_that_of_the_next_quantifier_above() -> None:
    """Some a holds, and all of c: the outer value is not that of the inner name."""
    tangled = below(Quantifier.FORALL, 3, and_(below(Quantifier.EXISTS, 3, Index(A, X)), Index(C, X)))
    state = (0, 0, 1, 0, 1, 1, 1, 1)
    assert evaluate(untangled(tangled), state, {"a": 0, "c": 4}) == 1


def test_neighbours_keep_their_names() -> None:
    """Two quantifiers beside each other may share a name, and what has none stays as it is."""
    pair = and_(below(Quantifier.EXISTS, 1, Index(A, X)), below(Quantifier.FORALL, 1, Index(C, X)))
    assert untangled(pair) == pair
    assert not has_quantifier(Index(A, Lit(1, NUMBERS)))
    assert has_quantifier(Index(A, below(Quantifier.EXISTS, 1, Index(C, X))))
