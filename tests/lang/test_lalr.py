"""The parser against Lark's own, from whose automaton its tables are."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path
from typing import Literal

import lark
import pytest
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from oomcheck.lang import grammar
from oomcheck.lang.generate import generate, read_grammar
from oomcheck.lang.lalr import Run, skip, token_at
from oomcheck.lang.nodes import NOWHERE, Node, Token, Tree
from oomcheck.lang.tables import Tables, dump, parse

ROOT = Path(__file__).parents[2]
FILES = sorted(
    [*(ROOT / "models").rglob("*.oom*"), *(ROOT / "specs").rglob("*.oom*"), *(ROOT / "tests").rglob("*.oom*")]
)
Start = Literal["model", "spec"]

#: Texts that the two could easily read differently.
TRICKY = [
    "model m; int 0..3 x; thread t { x = -1 - -x; x -= 1; x--; }",
    "model m; thread t { a->b = c -> d; a ->b = 1; a-> b = 1; [1]->b; }",
    "model m; daemonx; unallocatedy z;",
    "model m; thread t daemon daemon weak { }",
    "model m; thread t daemonx { }",
    "model m; bool b unallocated; bool c unallocatedd;",
    "model m; rcu\u00e9 x; if\u00e9",
    "model m; thread t { if\u00e9 (x) skip; rcu\u00e9; x and\u00e9 y; }",
    "model m; /* open",
    "model m; const A = 1 / 2 /* open",
    "model m; const A = 1 / 2 // open",
    'model m source "open',
    'model m source "a" "b";',
    "model m; const A = 12b;",
    "model m; const A = 1..2;",
    "model m; param int N = 1 in 1 .. 2; param int K >= 3;",
    "model m; const A = b<=c; const B = b< =c; const C = b<>c; const D = b<->c;",
    "model m; const A = x ? y : z; const B = !x && !!y || &z;",
    "modelm;",
    "model model; const count = count; const loop = loop;",
    "model m; x",
    "model m; thread t { L: M: skip; goto L; await a->b; }",
    'spec for "m"; ltl a : [] <> p -> X q U r W (s R t) <-> F G always eventually p;',
    'spec for "m"; ltl a : [ ] p;',
    'spec for "m"; ltl a : G(p -> (q[1]->r -> s)) fair weak(all), strong(t at L);',
    'spec for "m"; ltl X : X X; invariant G : G; check U : all with W = 1, R in {1, 2,} expect holds;',
    'spec for "m"; check c : a, b, without d timed slack 3 expect violated value 3 at "x" because "y";',
    'spec for "m"; bound b : max c <= 3; bound s : sup time(p ~> q); within w : p ~> q within 2;',
    'checkx : a; spec for "m";',
    'spec for "m"; lemma a : t at "p" && local(t, v, 2) == internal("x", 1) || internal("y"); lemma b : f("s", 1, 2);',
    "",
    " // only a comment",
    "\u00e9",
]


@cache
def lark_parser() -> lark.Lark:
    """Lark's parser."""
    return read_grammar(grammar.grammar_text())


def by_lark(text: str, start: Start) -> tuple[object, list[tuple[str, str, int]], frozenset[str]]:
    """Lark's tree in the form of `shape`, or the offset of the failure and the terminals that would have fitted."""
    run = lark_parser().parse_interactive(text, start=start)
    read: list[lark.Token] = []
    try:
        for token in run.iter_parse():
            end = skip_word(text, token.start_pos or 0)
            if end > (token.end_pos or 0):  # a keyword or number that goes on as a word
                raise UnexpectedToken(token, set())  # type: ignore[no-untyped-call]
            read.append(token)
        tree = run.feed_eof(read[-1] if read else None)  # type: ignore[no-untyped-call]
        return lark_shape(tree), listed(read), frozenset()
    except UnexpectedToken as problem:
        offset = len(text) if problem.token.type == "$END" else problem.token.start_pos
    except UnexpectedCharacters as problem:
        offset = problem.pos_in_stream
    read = [token for token in read if (token.start_pos or 0) < (offset or 0)]
    again = lark_parser().parse_interactive("", start=start)
    for token in read:
        again.feed_token(token)
    return offset, listed(read), frozenset(again.accepts())  # type: ignore[no-untyped-call]


def skip_word(text: str, offset: int) -> int:
    """The end of the letters, digits and `_` from `offset` on."""
    while offset < len(text) and text[offset].isascii() and (text[offset].isalnum() or text[offset] == "_"):
        offset += 1
    return offset


def listed(tokens: list[lark.Token]) -> list[tuple[str, str, int]]:
    """Tokens as kind, text and place."""
    return [(token.type, str(token), token.start_pos or 0) for token in tokens]


def lark_shape(node: object) -> object:
    """A tree of Lark as nested tuples, with places."""
    if isinstance(node, lark.Tree):
        place = (NOWHERE, NOWHERE) if node.meta.empty else (node.meta.start_pos, node.meta.end_pos)
        return (str(node.data), *place, [lark_shape(child) for child in node.children])
    return (node.type, str(node), node.start_pos) if isinstance(node, lark.Token) else node


def shape(node: Node) -> object:
    """The same of ours."""
    if isinstance(node, Tree):
        return (node.data, node.start, node.end, [shape(child) for child in node.children])
    return (node.type, str(node), node.start) if isinstance(node, Token) else node


def by_tables(text: str, start: Start) -> tuple[object, list[tuple[str, str, int]], frozenset[str]]:
    """The same as `by_lark`, by our parser."""
    run, offset = Run(grammar.tables(), start), skip(text, 0)
    read: list[Token] = []
    while offset < len(text):
        token = token_at(grammar.lexicon(), text, offset, run.row)
        if token is None or not run.feed(token):
            return offset, [(t.type, str(t), t.start) for t in read], accepted(read, start)
        read.append(token)
        offset = skip(text, token.end)
    tree = run.finish(text)
    tokens = [(t.type, str(t), t.start) for t in read]
    return (len(text), tokens, accepted(read, start)) if tree is None else (shape(tree), tokens, frozenset())


def accepted(read: list[Token], start: Start) -> frozenset[str]:
    """The terminals that fit behind these tokens."""
    run = Run(grammar.tables(), start)
    assert all(run.feed(token) for token in read)
    return run.accepts()


def kind_of(path: Path) -> Start:
    """The start rule of a file."""
    return "spec" if path.suffix == ".oomspec" else "model"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_parse_as_with_lark(path: Path) -> None:
    """Each file gives the same tree and tokens with the same places, or stops at the same place."""
    text = path.read_bytes().decode("utf-8", "replace")
    assert by_tables(text, kind_of(path)) == by_lark(text, kind_of(path))


@pytest.mark.parametrize("text", TRICKY)
def test_tricky_texts_parse_as_with_lark(text: str) -> None:
    """So do texts whose tokens depend on what stands around them, as models and as specs."""
    assert by_tables(text, "model") == by_lark(text, "model")
    assert by_tables(text, "spec") == by_lark(text, "spec")


@pytest.mark.parametrize("seed", range(20))
def test_broken_files_fail_as_with_lark(seed: int) -> None:
    """So do files with characters and words dropped, doubled or put elsewhere."""
    chance = random.Random(seed)
    pieces = ["->", "daemon", "rcu", "[]", "<->", "..", "-", "X", "release", "at", "7", "/*", '"', "\u00e9", "(", ";"]
    for _ in range(10):
        path = chance.choice(FILES)
        text = path.read_bytes().decode("utf-8", "replace")[: chance.choice((300, 3000))]
        for _ in range(chance.randint(1, 3)):
            where = chance.randint(0, len(text))
            text = text[:where] + chance.choice([*pieces, ""]) + text[where + chance.choice((0, 0, 1, 5)) :]
        assert by_tables(text, kind_of(path)) == by_lark(text, kind_of(path)), (path, text)


def test_tables_survive_the_cache() -> None:
    """The tables from their text are those that were written."""
    made = generate(grammar.grammar_text())
    assert parse(dump(made)) == made
    assert isinstance(made, Tables)


def test_tables_are_the_same_each_time() -> None:
    """The text of the tables depends on nothing but the grammar, although Lark numbers states as sets fall out."""
    assert dump(generate(grammar.grammar_text())) == dump(generate(grammar.grammar_text()))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("INT: /[0-9]+/", "INT: /[0-9a-f]+/", "the lexer reads INT as"),
        (r"RCU.2: /rcu\b/", "RCU.2: /rcu/", "RCU needs"),
        (r"THREAD.2: /(thread|kthread|env)\b/", r"THREAD.2: /(k?thread|env)\b/", "THREAD is no choice"),
    ],
)
def test_patterns_that_the_lexer_cannot_read(old: str, new: str, message: str) -> None:
    """A pattern of the grammar that the lexer would read in another way is refused when the tables are made."""
    text = grammar.grammar_text()
    assert text.count(old) == 1
    with pytest.raises(AssertionError, match=message):
        generate(text.replace(old, new))
