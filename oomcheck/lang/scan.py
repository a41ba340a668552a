"""A context-free scan of a source: what needs no grammar to be found, or must be found before the grammar sees it.

The parser's own lexer depends on the parser's state. This one only knows words, strings, comments and punctuation; it
serves the comments, the limits, and the hints on syntax errors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final, Literal

from oomcheck.diag.diagnostic import error
from oomcheck.diag.span import Source, Span
from oomcheck.records import dataclass

MAX_BRACKETS: Final = 100  # nested brackets of any kind
MAX_DIGITS: Final = 18  # what fits a signed 64-bit integer whatever the digits are

Kind = Literal["word", "string", "comment", "punct", "open string", "open comment", "strange"]


@dataclass(frozen=True, slots=True)
class Lexeme:
    """A stretch `start .. end` of the text that no token can cross."""

    kind: Kind
    text: str
    start: int
    end: int


@cache
def _scanner() -> re.Pattern[str]:
    parts = [
        r"(?P<blank>[ \t\f\r\n]+)",
        r"(?P<word>[A-Za-z0-9_]+)",
        r"(?P<string>\"[^\"\n]*\")",
        r"(?P<open_string>\"[^\"\n]*)",
        r"(?P<comment>//[^\n]*|/\*[\s\S]*?\*/)",
        r"(?P<open_comment>/\*[\s\S]*)",
        r"(?P<punct>->|~>|=>|\.\.|\+\+|--|&&|\|\||[-+=!<>]=|[-+*/%!?:;,.@&|<>=(){}\[\]])",
        r"(?P<strange>[\s\S])",
    ]
    return re.compile("|".join(parts))


_KINDS: Final[dict[str, Kind]] = {
    "word": "word",
    "string": "string",
    "open_string": "open string",
    "comment": "comment",
    "open_comment": "open comment",
    "punct": "punct",
    "strange": "strange",
}


def scan(source: Source) -> Iterator[Lexeme]:
    """All lexemes of the text in order, comments included, blanks left out; never fails."""
    for match in _scanner().finditer(source.text):
        kind = match.lastgroup or ""
        if kind != "blank":
            yield Lexeme(_KINDS[kind], match.group(), match.start(), match.end())


def limited(source: Source) -> tuple[Lexeme, ...]:
    """All lexemes; refuses what the parser or the phases after it could not take: deep nesting, long numbers."""
    lexemes: list[Lexeme] = []
    depth = 0
    for lexeme in scan(source):
        lexemes.append(lexeme)
        if lexeme.kind == "word":
            _check_number(source, lexeme)
        elif lexeme.kind == "punct" and lexeme.text in "([{":
            depth += 1
            if depth > MAX_BRACKETS:
                span = Span(source, lexeme.start, lexeme.end)
                raise error("E0009", f"brackets nested more than {MAX_BRACKETS} deep", span, "move the inner part out")
        elif lexeme.kind == "punct" and lexeme.text in ")]}":
            depth -= 1
    return tuple(lexemes)


def _check_number(source: Source, lexeme: Lexeme) -> None:
    """Numbers are decimal and short."""
    if not lexeme.text.isdigit():
        return
    span = Span(source, lexeme.start, lexeme.end)
    if len(lexeme.text) > MAX_DIGITS:
        raise error("E0105", f"number with {len(lexeme.text)} digits; at most {MAX_DIGITS} are possible", span)
    if lexeme.text[0] == "0" and len(lexeme.text) > 1:
        hint = f"write `{int(lexeme.text)}`; C would read an octal number here"
        raise error("E0101", f"number `{lexeme.text}` starts with 0", span, hint)
