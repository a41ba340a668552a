"""C text to tokens: what is left of a definition when layout and comments do not count."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import Final

#: Hexadecimal digits of a fingerprint: 64 bits tell texts apart that changed by themselves. Whoever wants to make
#: two texts of one fingerprint can, and gains nothing by it.
DIGITS: Final = 16

_SPLICE: Final = re.compile(rb"\\[ \t]*\r?\n")
_COMMENT: Final = rb"/\*[\s\S]*?(?:\*/|\Z)|//[^\n]*"
_LITERAL: Final = rb'(?:u8|[uUL])?"(?:\\[^\n]|[^"\\\n])*"|' rb"(?:[uUL])?'(?:\\[^\n]|[^'\\\n])*'"
#: Preprocessing tokens of C (C11, 6.4); bytes beyond ASCII count as letters.
_TOKEN: Final = re.compile(
    rb"(?P<blank>[ \t\f\v\r]+|" + _COMMENT + rb")|(?P<line>\n)|(?P<word>(?:" + _LITERAL + rb")"
    rb"|\.?[0-9](?:[eEpP][+-]|[\w.\x80-\xff])*"
    rb"|[A-Za-z_$\x80-\xff][\w$\x80-\xff]*"
    rb"|<<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&^|]=|##|[\s\S])"
)
#: As above for texts with line splices, where only a few marks matter.
_SCAN: Final = re.compile(rb"\\[ \t]*\r?\n|" + _COMMENT + rb"|" + _LITERAL + rb"|[(){}\[\];\n]")

#: Stands for the end of a directive's line, which has a meaning.
LINE_END: Final = b"\n"
#: Stands for the parenthesis of a macro with parameters: `F(x)` is another macro than `F (x)`.
PARAMETERS: Final = b"( "


def tokens(text: bytes) -> tuple[bytes, ...]:
    """The tokens of a text without comments, blanks and line splices; nothing is rejected.

    A preprocessor directive ends with LINE_END, the parameters of a `#define` begin with PARAMETERS.
    """
    found: list[bytes] = []
    directive = -1  # index of the `#` of the directive that we are in
    fresh = True  # nothing but blanks on this line so far
    close = False  # nothing between this token and the one before
    for match in _TOKEN.finditer(_SPLICE.sub(b"", text)):
        word = match.group()
        if match.lastgroup == "blank":
            close = False
            continue
        if match.lastgroup == "line":
            if directive >= 0:
                found.append(LINE_END)
            directive, fresh, close = -1, True, False
            continue
        if fresh and word == b"#":
            directive = len(found)
        if word == b"(" and close and directive >= 0 and found[directive + 1 : -1] == [b"define"]:
            word = PARAMETERS
        found.append(word)
        fresh, close = False, True
    return tuple([*found, LINE_END] if directive >= 0 else found)


def fingerprint(texts: Iterable[bytes]) -> str:
    """DIGITS digits that stand for the tokens of some texts and for their order."""
    digest = hashlib.sha256()
    for text in texts:
        words = tokens(text)
        digest.update(len(words).to_bytes(8, "big"))
        for word in words:
            digest.update(len(word).to_bytes(8, "big"))
            digest.update(word)
    return digest.hexdigest()[:DIGITS]


def line_end(text: bytes, start: int) -> int:
    """Where the directive that begins at `start` ends: at the first line end outside of comments and splices."""
    return next((at for mark, at in _marks(text, start) if mark == b"\n"), len(text))


def statement_end(text: bytes, start: int, least: int) -> int:
    """Behind the first `;` from `start` on that is in no brackets, but not before `least`; `least` if there is none."""
    depth = 0
    for mark, at in _marks(text, start):
        if mark in b"([{":
            depth += 1
        elif mark in b")]}":
            depth -= 1
            if depth < 0:
                return least
        elif mark == b";" and depth == 0 and at >= least - 1:
            return at + 1
    return least


def deepest(text: bytes) -> int:
    """How many brackets are open at most; those that are closed in one branch of an #if only stay open."""
    depth = most = 0
    for mark, _ in _marks(text, 0):
        if mark in b"([{":
            depth += 1
            most = max(most, depth)
        elif mark in b")]}" and depth:
            depth -= 1
    return most


def _marks(text: bytes, start: int) -> Iterator[tuple[bytes, int]]:
    for match in _SCAN.finditer(text, start):
        if match.end() - match.start() == 1:
            yield match.group(), match.start()
