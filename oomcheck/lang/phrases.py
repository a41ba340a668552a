"""Pieces of text in the language, with how tightly they bind, so that parentheses stand only where they must."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from oomcheck.records import dataclass

#: Levels of the grammar, loosest first.
CHOICE: Final = 0
EITHER: Final = 2
BOTH: Final = 3
COMPARED: Final = 4
SUM: Final = 5
PRODUCT: Final = 6
UNARY: Final = 7
ATOM: Final = 8


@dataclass(frozen=True, slots=True)
class Phrase:
    """Text and its level; `parts` are what `word` joins, which is a connective, or `==` between two values."""

    text: str
    level: int
    parts: tuple[str, ...] = ()
    word: str = ""

    def above(self, level: int) -> str:
        """The text, in parentheses if it binds less tightly than `level`."""
        return self.text if self.level >= level else f"({self.text})"


def joined(word: str, phrases: Sequence[Phrase]) -> Phrase:
    """`&&` or `||` of conditions; one alone stays as it is."""
    if not phrases:
        return Phrase("true" if word == "&&" else "false", ATOM)
    if len(phrases) == 1:
        return phrases[0]
    level = BOTH if word == "&&" else EITHER
    parts = tuple(phrase.above(COMPARED) for phrase in phrases)
    return Phrase(f" {word} ".join(parts), level, parts, word)


def equal(left: Phrase, right: Phrase) -> Phrase:
    """`left == right`."""
    parts = left.above(SUM), right.above(SUM)
    return Phrase(" == ".join(parts), COMPARED, parts, "==")


def negated(phrase: Phrase) -> Phrase:
    """`!` of a condition, `!=` of an equality."""
    if phrase.word == "==":
        return Phrase(" != ".join(phrase.parts), COMPARED)
    return Phrase(f"!{phrase.above(UNARY)}", UNARY)


def choice(test: Phrase, then: Phrase, other: Phrase) -> Phrase:
    """`test ? then : other`."""
    return Phrase(f"{test.above(EITHER)} ? {then.above(EITHER)} : {other.above(EITHER)}", CHOICE)
