"""Temporal formulas that people write, as text in the syntax of `ltl` properties.

`PATTERNS` are the specification patterns of Dwyer, Avrunin and Corbett, Patterns in property specifications for
finite-state verification (1999), with their mapping to LTL: eleven patterns in five scopes. `CLASSICS` come from the
tests of translations: Etessami and Holzmann (2000), Somenzi and Bloem (2000), Gastin and Oddoux (2001).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from oomcheck.ir.expr import Var
from oomcheck.ir.sorts import BOOL
from oomcheck.prop.formula import (
    BOTTOM,
    TOP,
    And,
    Atom,
    Formula,
    Next,
    Not,
    Or,
    Release,
    Until,
    always,
    equivalence,
    eventually,
    implication,
    weak_until,
)

PROPOSITIONS = ("p", "q", "r", "s", "t", "z")

SCOPES = ("globally", "before r", "after q", "between q and r", "after q until r")

_TWICE = "(!p W (p W (!p W (p W G !p))))"
_TWICE_BEFORE_R = "((!p && !r) U (r || ((p && !r) U (r || ((!p && !r) U (r || ((p && !r) U (r || {last}))))))))"

_BY_PATTERN: dict[str, tuple[str, str, str, str, str]] = {
    "absence": (
        "G !p",
        "F r -> (!p U r)",
        "G (q -> G !p)",
        "G ((q && !r && F r) -> (!p U r))",
        "G (q && !r -> (!p W r))",
    ),
    "existence": (
        "F p",
        "!r W (p && !r)",
        "G !q || F (q && F p)",
        "G (q && !r -> (!r W (p && !r)))",
        "G (q && !r -> (!r U (p && !r)))",
    ),
    "bounded existence": (
        _TWICE,
        "F r -> " + _TWICE_BEFORE_R.format(last="(!p U r)"),
        f"F q -> (!q U (q && {_TWICE}))",
        "G ((q && F r) -> " + _TWICE_BEFORE_R.format(last="(!p U r)") + ")",
        "G (q -> " + _TWICE_BEFORE_R.format(last="(!p W r) || G p") + ")",
    ),
    "universality": (
        "G p",
        "F r -> (p U r)",
        "G (q -> G p)",
        "G ((q && !r && F r) -> (p U r))",
        "G (q && !r -> (p W r))",
    ),
    "precedence": (
        "!p W s",
        "F r -> (!p U (s || r))",
        "G !q || F (q && (!p W s))",
        "G ((q && !r && F r) -> (!p U (s || r)))",
        "G (q && !r -> (!p W (s || r)))",
    ),
    "response": (
        "G (p -> F s)",
        "F r -> (p -> (!r U (s && !r))) U r",
        "G (q -> G (p -> F s))",
        "G ((q && !r && F r) -> (p -> (!r U (s && !r))) U r)",
        "G (q && !r -> ((p -> (!r U (s && !r))) W r))",
    ),
    "precedence of a chain": (
        "F p -> (!p U (s && !p && X (!p U t)))",
        "F r -> (!p U (r || (s && !p && X (!p U t))))",
        "G !q || (!q U (q && F p -> (!p U (s && !p && X (!p U t)))))",
        "G ((q && F r) -> (!p U (r || (s && !p && X (!p U t)))))",
        "G (q -> (F p -> (!p U (r || (s && !p && X (!p U t))))))",
    ),
    "precedence to a chain": (
        "F (s && X F t) -> (!s U p)",
        "F r -> (!(s && !r && X (!r U (t && !r))) U (r || p))",
        "G !q || (!q U (q && (F (s && X F t) -> (!s U p))))",
        "G ((q && F r) -> (!(s && !r && X (!r U (t && !r))) U (r || p)))",
        "G (q -> (!(s && !r && X (!r U (t && !r))) U (r || p) || G !(s && X F t)))",
    ),
    "response to a chain": (
        "G (s && X F t -> X F (t && F p))",
        "F r -> (s && X (!r U t) -> X (!r U (t && F p))) U r",
        "G (q -> G (s && X F t -> X (!t U (t && F p))))",
        "G ((q && F r) -> (s && X (!r U t) -> X (!r U (t && F p))) U r)",
        "G (q -> (s && X (!r U t) -> X (!r U (t && F p))) U (r || G (s && X (!r U t) -> X (!r U (t && F p)))))",
    ),
    "response by a chain": (
        "G (p -> F (s && X F t))",
        "F r -> (p -> (!r U (s && !r && X (!r U t)))) U r",
        "G (q -> G (p -> (s && X F t)))",
        "G ((q && F r) -> (p -> (!r U (s && !r && X (!r U t)))) U r)",
        "G (q -> (p -> (!r U (s && !r && X (!r U t)))) U (r || G (p -> (s && X F t))))",
    ),
    "constrained response by a chain": (
        "G (p -> F (s && !z && X (!z U t)))",
        "F r -> (p -> (!r U (s && !r && !z && X ((!r && !z) U t)))) U r",
        "G (q -> G (p -> (s && !z && X (!z U t))))",
        "G ((q && F r) -> (p -> (!r U (s && !r && !z && X ((!r && !z) U t)))) U r)",
        "G (q -> (p -> (!r U (s && !r && !z && X ((!r && !z) U t)))) U (r || G (p -> (s && !z && X (!z U t)))))",
    ),
}

PATTERNS: dict[str, str] = {
    f"{pattern}, {scope}": text
    for pattern, texts in _BY_PATTERN.items()
    for scope, text in zip(SCOPES, texts, strict=True)
}

CLASSICS: dict[str, str] = {
    text: text
    for text in (
        "p U q",
        "p U (q U r)",
        "(p U q) U r",
        "!(p U (q U r))",
        "p R q",
        "(F p) U (G q)",
        "(G p) U q",
        "!(F F p <-> F p)",
        "G F p -> G F q",
        "!(G F p -> G F q)",
        "G F p && G F q && G F r",
        "!(G F p && G F q && G F r)",
        "(G F p && G F q) -> G (r -> F s)",
        "F G p || F G q",
        "F (p && X (q && X r))",
        "G (p -> (q && X r))",
        "X p U X !(q || r)",
        "(X q && r) R X ((s U p) R (r U s))",
        "G q || (p R q) && F !q",
        "G (!p || q U (G r || G s))",
        "!q U (q && X (!q W r))",
        "X X X p || F X X q",
        "F p && F q && F r && F s",
        "G (p <-> X !p)",
        "p W (q W r)",
        "(p R q) R r",
    )
}

_TOKEN = re.compile(r"<->|->|&&|\|\||[()!]|[A-Za-z]+")

_UNARY: dict[str, Callable[[Formula], Formula]] = {"!": Not, "X": Next, "F": eventually, "G": always}

_BINARY: dict[str, tuple[int, Callable[[Formula, Formula], Formula]]] = {
    "<->": (1, equivalence),
    "->": (2, implication),
    "||": (3, Or),
    "&&": (4, And),
    "U": (5, Until),
    "R": (5, Release),
    "W": (5, weak_until),
}

_TIGHTEST = 6


def formula(text: str) -> Formula:
    """The formula that a text means; each name is a boolean variable. Binary operators associate to the right."""
    tokens = _TOKEN.findall(text)
    result = _parsed(tokens, 1)
    assert not tokens, f"{text}: cannot read {tokens[0]}"
    return result


def _parsed(tokens: list[str], level: int) -> Formula:
    if level == _TIGHTEST:
        return _operand(tokens)
    left = _parsed(tokens, level + 1)
    if tokens and _BINARY.get(tokens[0], (0, And))[0] == level:
        operator = _BINARY[tokens.pop(0)][1]
        return operator(left, _parsed(tokens, level))
    return left


def _operand(tokens: list[str]) -> Formula:
    token = tokens.pop(0)
    if token in _UNARY:
        return _UNARY[token](_operand(tokens))
    if token == "(":
        inner = _parsed(tokens, 1)
        assert tokens.pop(0) == ")"
        return inner
    if token in ("true", "false"):
        return TOP if token == "true" else BOTTOM
    assert token.islower(), f"unexpected {token}"
    return Atom(Var(token, BOOL))
