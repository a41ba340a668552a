"""Names that are defined by macros, or hidden by them, found in the tokens of a statement."""

from __future__ import annotations

import re
from typing import Final

from oomcheck.kerneltree.tokens import tokens

#: Macros that define the name that they are given.
DEFINING: Final = re.compile(rb"[A-Z0-9_]*(?:DEFINE|DECLARE)[A-Z0-9_]*|(?!INIT_)[A-Z0-9_]+_HEAD")
#: Macros that define their last argument; the others define their first one.
LAST: Final = re.compile(rb"[A-Z0-9_]*(?:DEFINE|DECLARE)_(?:PER_CPU|STATIC_CALL_NAMED)[A-Z0-9_]*")
WORD: Final = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")
#: Macros that say something about a variable; those before the name are left to the parser.
ATTRIBUTE: Final = re.compile(rb"__[a-z0-9_]+")
PLAIN: Final = frozenset((b"int", b"long", b"short", b"char", b"bool", b"unsigned", b"signed", b"void", b"static"))


def macro_name(statement: bytes) -> str:
    """The name that a statement defines by calling a macro: `static DEFINE_MUTEX(name);`, "" if it calls none.

    Of a function only what stands before its body should be given.
    """
    head = tokens(statement)
    for at, word in enumerate(head[:-2]):
        if head[at + 1] != b"(":
            if word in (b"=", b"{", b"("):
                return ""
            continue
        if not DEFINING.fullmatch(word):
            return ""
        arguments = _arguments(head[at + 2 :])
        chosen = arguments[-1 if LAST.fullmatch(word) else 0] if arguments else ()
        words = [word for word in chosen if WORD.fullmatch(word)]
        return words[-1].decode() if words else ""
    return ""


def _arguments(words: tuple[bytes, ...]) -> list[tuple[bytes, ...]]:
    """What stands between the commas of the brackets that `words` begin in."""
    found: list[tuple[bytes, ...]] = []
    depth, begin = 0, 0
    for at, word in enumerate(words):
        if depth == 0 and word in (b",", b")"):
            found.append(words[begin:at])
            begin = at + 1
            if word == b")":
                break
        depth += (word in b"([{") - (word in b")]}")
    return found


def displaced_name(statement: bytes) -> str:
    """The name before the attributes: of `int x[2] __read_mostly = { }` the parser takes `__read_mostly` for it."""
    words = tokens(statement)
    head = words[: next((at for at, word in enumerate(words) if word in (b"=", b";", b"(")), len(words))]
    before = next((at for at, word in enumerate(head) if at and ATTRIBUTE.fullmatch(word) and head[at - 1] != b"*"), 0)
    while before and head[before - 1] == b"]":
        before = max((at for at in range(before) if head[at] == b"["), default=0)
    name = head[before - 1] if before > 1 else b""
    return name.decode() if WORD.fullmatch(name) and name not in PLAIN else ""
