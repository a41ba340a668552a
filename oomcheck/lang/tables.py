"""The tables that drive the parser, and their text in the cache.

They are data alone: numbers, names and the texts of tokens. So a file with them can be wrong but never runs code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from oomcheck.records import dataclass

Row = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Rule:
    """What a reduction does: takes `size` children and makes a tree `name`, or hands on an only child if `single`.

    `keep` lists the children that stay: (position, whether its own children take its place, Nones before it); `absent`
    is the number of Nones at the end. `keep` is None if all children stay.
    """

    origin: str
    size: int
    name: str
    single: bool
    keep: tuple[tuple[int, bool, int], ...] | None
    absent: int


@dataclass(frozen=True, slots=True)
class Terminal:
    """A kind of token: one fixed text, or a pattern, the texts of which are known unless it is a class of tokens.

    `words` are keywords, `marks` are signs, each in the order in which they are tried; `bounded` if a letter of any
    alphabet after a keyword makes it something else.
    """

    name: str
    text: str  # "" if there are several
    words: tuple[str, ...]
    marks: tuple[str, ...]
    bounded: bool
    greedy: bool  # read also where a longer word could be a name


@dataclass(frozen=True, slots=True)
class Tables:
    """An LALR(1) automaton. A row gives for each symbol the next state, or -1 - n to reduce by rule n.

    `terminals` stand in the order in which the lexer tries them; `member` is the pattern of `->` between names.
    """

    rows: tuple[Row, ...]
    rules: tuple[Rule, ...]
    terminals: tuple[Terminal, ...]
    start: Mapping[str, int]
    final: Mapping[str, int]
    member: str


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The terminals by what they look like; those of one look stand in the order in which they are tried."""

    words: Mapping[str, tuple[str, ...]]
    bounded: frozenset[str]
    greedy: tuple[tuple[str, str], ...]  # word and terminal
    marks: Mapping[str, tuple[tuple[str, str], ...]]  # by the first character: text and terminal
    member: re.Pattern[str]


def lexicon(tables: Tables) -> Lexicon:
    """The terminals of the tables, for the lexer."""
    words: dict[str, tuple[str, ...]] = {}
    marks: dict[str, tuple[tuple[str, str], ...]] = {}
    for terminal in tables.terminals:
        for word in terminal.words:
            words[word] = (*words.get(word, ()), terminal.name)
        for mark in terminal.marks:
            marks[mark[0]] = (*marks.get(mark[0], ()), (mark, terminal.name))
    bounded = frozenset(terminal.name for terminal in tables.terminals if terminal.bounded)
    greedy = tuple((terminal.text, terminal.name) for terminal in tables.terminals if terminal.greedy)
    return Lexicon(words, bounded, greedy, marks, re.compile(tables.member))


def dump(tables: Tables) -> bytes:
    """The tables as text; `parse` reads it."""
    symbols = sorted({symbol for row in tables.rows for symbol in row})
    number = {symbol: n for n, symbol in enumerate(symbols)}
    body = {
        "symbols": symbols,
        "rows": [[[number[symbol] for symbol in row], list(row.values())] for row in tables.rows],
        "rules": [[r.origin, r.size, r.name, r.single, r.keep, r.absent] for r in tables.rules],
        "terminals": [[t.name, t.text, t.words, t.marks, t.bounded, t.greedy] for t in tables.terminals],
        "start": tables.start,
        "final": tables.final,
        "member": tables.member,
    }
    return json.dumps(body, separators=(",", ":")).encode()


def parse(text: bytes) -> Tables:
    """The tables of a text that `dump` wrote."""
    body = json.loads(text)
    name = body["symbols"].__getitem__
    return Tables(
        tuple(dict(zip(map(name, symbols), actions, strict=True)) for symbols, actions in body["rows"]),
        tuple(_rule(*fields) for fields in body["rules"]),
        tuple(Terminal(n, text, tuple(words), tuple(marks), b, g) for n, text, words, marks, b, g in body["terminals"]),
        body["start"],
        body["final"],
        body["member"],
    )


def _rule(origin: str, size: int, name: str, single: bool, keep: list[list[int]] | None, absent: int) -> Rule:
    kept = None if keep is None else tuple((place, bool(inline), nones) for place, inline, nones in keep)
    return Rule(origin, size, name, single, kept, absent)
