"""Automata accept exactly the runs that satisfy the formula, are small, and are the same every time."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import reduce
from pathlib import Path

import pytest
from hypothesis import given

from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.ir.expr import Lit, Var, eq
from oomcheck.ir.sorts import BOOL, IntSort
from oomcheck.prop.automaton import Automaton, Edge
from oomcheck.prop.buchi import degeneralised, translate
from oomcheck.prop.formula import And, Atom, Formula, Not, always, eventually, leads_to
from tests.ltl_patterns import CLASSICS, PATTERNS, formula
from tests.prop.draws import PLAIN, RICH, words
from tests.prop.words import NUMBER, Lasso, Meaning, accepts, lassos
from tests.semantics.test_lasso import EQUIVALENCES

P, Q, R = (Var(name, BOOL) for name in "pqr")

TEXTS = [*PATTERNS.values(), *CLASSICS.values()]


def assert_exact(property_: Formula, checked: list[Lasso]) -> None:
    """Of the automata of a formula and of its negation exactly the right one accepts each lasso."""
    positive, negative = translate(property_), translate(Not(property_))
    simple, opposite = degeneralised(positive), degeneralised(negative)
    assert simple.sets == opposite.sets == 1
    # An automaton that has one set already is its own degeneralised form.
    accepting = [positive, *([simple] if simple is not positive else [])]
    rejecting = [negative, *([opposite] if opposite is not negative else [])]
    for word in checked:
        expected = Meaning(word).holds(property_)
        assert [accepts(automaton, word) for automaton in accepting] == [expected] * len(accepting)
        assert [accepts(automaton, word) for automaton in rejecting] == [not expected] * len(rejecting)


def propositions(text: str) -> str:
    """The propositions of a formula, the most frequent ones first."""
    return "".join(sorted({c for c in text if c.islower()}, key=lambda name: (-text.count(name), name)))


@pytest.mark.parametrize("text", TEXTS)
def test_patterns(text: str) -> None:
    """The patterns are translated exactly: all short lassos over their main propositions."""
    names = propositions(text)
    checked = [*lassos(names[:1], 4), *lassos(names[:3], 2), *lassos(names[1:4], 2)]
    assert_exact(formula(text), checked)


@pytest.mark.parametrize("text", EQUIVALENCES)
def test_laws(text: str) -> None:
    """So are the sides of the usual equivalences."""
    assert_exact(formula(text), [*lassos("p", 4), *lassos("pq", 2)])


@pytest.mark.parametrize(("one", "other"), EQUIVALENCES.items(), ids=str)
def test_equivalences(one: str, other: str) -> None:
    """Nothing satisfies one side of an equivalence and not the other: the automaton is empty."""
    difference = translate(formula(f"!(({one}) <-> ({other}))"))
    assert (difference.states, difference.initial) == (0, ()) or not any(
        accepts(difference, word) for word in lassos("pq", 3)
    )


@given(PLAIN, words())
def test_random(property_: Formula, word: Lasso) -> None:
    """Random formulas over independent propositions are translated exactly."""
    assert_exact(property_, [word])


@given(RICH, words())
def test_random_conditions(property_: Formula, word: Lasso) -> None:
    """So are those over conditions that exclude and imply each other."""
    assert_exact(property_, [word])


#: States and edges of the automaton of a formula, and of that with one acceptance set.
SIZES = {
    "true": ((1, 1), (1, 1)),
    "false": ((0, 0), (0, 0)),
    "p": ((2, 2), (2, 2)),
    "G p": ((1, 1), (1, 1)),
    "F p": ((2, 3), (2, 3)),
    "p U q": ((2, 3), (2, 3)),
    "p R q": ((2, 3), (2, 3)),
    "G F p": ((1, 2), (1, 2)),
    "F G p": ((2, 3), (2, 3)),
    "G (p -> F q)": ((2, 5), (2, 5)),
    "!(G (p -> F q))": ((2, 3), (2, 3)),
    "!(G F p -> G F q)": ((2, 4), (2, 4)),
    "G F p -> G F q": ((4, 8), (4, 8)),
    "!(G F p)": ((2, 3), (2, 3)),
    "!(p U q)": ((2, 3), (2, 3)),
    "!(G (p -> X q))": ((3, 4), (3, 4)),
    "!(G (p -> F (q && X F r)))": ((3, 6), (3, 6)),
    "G F p && G F q && G F r": ((1, 8), (3, 12)),
    "(G F p && G F q) && !(G (r -> F s))": ((2, 6), (3, 8)),
    "!((G F p && G F q) -> G (r -> F s))": ((2, 6), (3, 8)),
    "p U (q U r)": ((3, 6), (3, 6)),
    "F p && F q": ((4, 9), (4, 9)),
    "p && X (q && X r)": ((4, 4), (4, 4)),
}


@pytest.mark.parametrize(("text", "sizes"), SIZES.items(), ids=str)
def test_sizes(text: str, sizes: tuple[tuple[int, int], tuple[int, int]]) -> None:
    """Formulas that people write have small automata."""
    general = translate(formula(text))
    simple = degeneralised(general)
    assert ((general.states, len(general.edges)), (simple.states, len(simple.edges))) == sizes


def test_sizes_of_patterns() -> None:
    """States and edges of all violations of the patterns together, as an engine searches for them."""
    automata = [degeneralised(translate(Not(formula(text)))) for text in PATTERNS.values()]
    assert (sum(a.states for a in automata), sum(len(a.edges) for a in automata)) == (231, 554)
    assert max(a.states for a in automata) == 11


def test_violation_of_a_response() -> None:
    """The automaton of a response that fails to come: wait for the trigger, then see no response for ever."""
    automaton = translate(Not(leads_to(Atom(P), Atom(Q))))
    wait = Edge(0, positive=0b00, negative=0b00, target=0, marks=0)
    guess = Edge(0, positive=0b01, negative=0b10, target=1, marks=0)
    stay = Edge(1, positive=0b00, negative=0b10, target=1, marks=1)
    assert automaton == Automaton((P, Q), 2, (0,), (wait, guess, stay), 1)


def test_reads_the_state_left() -> None:
    """The first edge reads the first state."""
    automaton = translate(And(Atom(P), always(Atom(Q))))
    assert automaton.atoms == (P, Q)
    first, second = ([letter for letter in range(4) if any(e.reads(letter) for e in es)] for es in automaton.outgoing)
    assert (first, second) == ([0b11], [0b10, 0b11])


def test_excluded_letters() -> None:
    """Edges that would need a thread at two places at once are left out."""
    here, there = (Atom(eq(NUMBER, Lit(value, IntSort(0, 2)))) for value in (0, 1))
    automaton = translate(And(eventually(here), eventually(there)))
    # Without that knowledge one more edge would do both at once, as in `F p && F q`.
    assert (automaton.states, len(automaton.edges)) == (4, 8)


def test_many_threads() -> None:
    """The violation of a response of each of 100 threads grows with their number, not with its power."""
    pairs = [(Atom(Var(f"a{i}", BOOL)), Atom(Var(f"b{i}", BOOL))) for i in range(100)]
    automaton = translate(Not(reduce(And, (leads_to(trigger, response) for trigger, response in pairs))))
    assert (automaton.states, len(automaton.edges), automaton.sets) == (101, 201, 1)


def test_limits() -> None:
    """An automaton that grows too large is an error for the user, and says so early."""
    many = [Atom(Var(f"a{i}", BOOL)) for i in range(40)]
    with pytest.raises(OomcheckError, match="E0505: the formula is too large: its automaton has more than 2000 edges"):
        translate(reduce(And, map(eventually, many)), max_edges=2000)
    with pytest.raises(OomcheckError, match="more than 3 states or 100 edges"):
        translate(formula("F p && F q"), max_states=3, max_edges=100)
    with pytest.raises(OomcheckError, match="more than 1000 states or 8 edges"):
        translate(formula("F p && F q"), max_edges=8)
    assert translate(formula("F p && F q"), max_states=4, max_edges=9).states == 4


SHOW = """
from oomcheck.prop.buchi import degeneralised, translate
from tests.ltl_patterns import PATTERNS, formula
for text in PATTERNS.values():
    automaton = translate(formula(text))
    print(automaton, degeneralised(automaton))
"""


def test_same_every_time() -> None:
    """The automata do not depend on the hash seed."""
    root = Path(__file__).parent.parent.parent
    outputs = {
        subprocess.run(
            [sys.executable, "-c", SHOW],
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(outputs) == 1
    assert outputs.pop().count("\n") == len(PATTERNS)
