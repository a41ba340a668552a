"""Tokens and fingerprints: layout and comments do not count, everything else does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oomcheck.kerneltree.parse import definitions
from oomcheck.kerneltree.tokens import DIGITS, deepest, fingerprint, line_end, statement_end, tokens

#: A function of most kinds of tokens, one at a time.
WORDS = (
    *("static", "int", "reap", "(", "struct", "victim", "*", "tsk", ",", "unsigned", "long", "flags", ")", "{"),
    *("if", "(", "tsk", "->", "users", ">=", "0x1fUL", "&&", "!", "tsk", "->", "mm", ")", "{"),
    *("tsk", "->", "count", "+=", "2.5e-3", ";", "flags", "<<=", "'\\''", ";", "}"),
    *("pr_info", "(", '"a /* b */ // c \\" d"', '"e"', ")", ";", "for", "(", ";", ";", ")", "flags", "--", ";"),
    *("return", "queue", "[", "1", "]", ".", "next", "==", "tsk", "?", "1", ":", "-", "1", ";", "}"),
)
BLANKS = st.lists(
    st.sampled_from((" ", "\t", "\n", "\r\n", " \\\n", "/* it's { */", "/* \n * } */", ' // "open\n', "\f")),
    min_size=1,
    max_size=3,
).map("".join)
LAYOUT = st.lists(BLANKS, min_size=len(WORDS), max_size=len(WORDS))
PLAIN = " ".join(WORDS).encode()


def of_reap(text: bytes) -> str:
    """The fingerprint of the function in a file."""
    found = [made for made in definitions(text) if made.name == "reap"]
    assert len(found) == 1
    return fingerprint([text[found[0].start : found[0].end]])


def test_tokens() -> None:
    """Comments, blanks and splices go, each mark of C is one token, and strings keep what they hold."""
    text = b"a = b/* x */->c /*y*/ >>= 0x1p-3f + .5e+2; // z\nL\"/*\" '\\'' ab\\\ncd ...##@"
    marks = [b"a", b"=", b"b", b"->", b"c", b">>=", b"0x1p-3f", b"+", b".5e+2", b";"]
    assert tokens(text) == (*marks, b'L"/*"', b"'\\''", b"abcd", b"...", b"##", b"@")


def test_directives() -> None:
    """The line of a directive ends with a token, and a macro with parameters begins them with another parenthesis."""
    assert tokens(b" # define F(x) \\\n (x)\ny") == (
        b"#",
        b"define",
        b"F",
        b"( ",
        b"x",
        b")",
        b"(",
        b"x",
        b")",
        b"\n",
        b"y",
    )
    assert tokens(b"#define F (x)") == (b"#", b"define", b"F", b"(", b"x", b")", b"\n")
    assert tokens(b"a # b\nc") == (b"a", b"#", b"b", b"c")
    assert fingerprint([b"#define F(x) 1"]) != fingerprint([b"#define F (x) 1"])
    assert fingerprint([b"#if A\nB\n#endif"]) != fingerprint([b"#if A B\n#endif"])


@pytest.mark.parametrize("text", [b"/* open", b'"open', b"'", b"\\", b"\x00\xff\xfe", b"#", b"// \\\n"])
def test_any_bytes(text: bytes) -> None:
    """Nothing is rejected."""
    assert len(fingerprint([text])) == DIGITS


def test_texts_are_apart() -> None:
    """Several definitions of a name are not the same as one after the other, and their order counts."""
    assert len({fingerprint(texts) for texts in ([b"a b"], [b"a", b"b"], [b"b", b"a"], [b"ab"], [b""], [])}) == 6


@given(layout=LAYOUT)
def test_layout_changes_nothing(layout: list[str]) -> None:
    """White space, comments and line splices between tokens never change a fingerprint."""
    text = "".join(blank + word for blank, word in zip(layout, WORDS, strict=True)).encode()
    assert tokens(text) == tuple(word.encode() for word in WORDS)
    assert of_reap(text) == of_reap(PLAIN)


@given(at=st.integers(0, len(WORDS) - 1), word=st.sampled_from((*sorted(set(WORDS)), "other", "0", '"f"')))
def test_each_token_counts(at: int, word: str) -> None:
    """Another token at any place, or none, is another fingerprint."""
    changed = " ".join((*WORDS[:at], word, *WORDS[at + 1 :])).encode()
    assert (fingerprint([changed]) == fingerprint([PLAIN])) == (word == WORDS[at])
    shorter = " ".join((*WORDS[:at], *WORDS[at + 1 :])).encode()
    assert fingerprint([shorter]) != fingerprint([PLAIN])


@given(at=st.integers(1, len("victims") - 1))
def test_splice_inside_a_word(at: int) -> None:
    """A line splice may stand in the middle of a word."""
    word = b"victims"
    assert tokens(word[:at] + b"\\\n" + word[at:]) == (word,)


def test_ends() -> None:
    """Where a directive and a statement end: not in comments, strings, splices or brackets."""
    text = b"#define A 1 /* \n */ + \\\n 2\nx"
    assert text[: line_end(text, 0)] == b"#define A 1 /* \n */ + \\\n 2"
    text = b"int a[] = { f(\";\"); }, b /* ; */ = ';'; int c;"
    assert text[: statement_end(text, 0, 3)] == b"int a[] = { f(\";\"); }, b /* ; */ = ';';"
    assert statement_end(b"int a } ;", 0, 5) == 5
    assert statement_end(b"int a", 0, 5) == 5


def test_deepest() -> None:
    """Brackets in comments and strings do not count, and those that close nothing do not either."""
    assert [deepest(text) for text in (b"", b"f(a[1])", b"}}({", b"{(}{[", b'/* (( */ "((" {')] == [0, 2, 2, 3, 1]
