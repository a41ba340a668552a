"""The surroundings of a syntax error, as the rules that explain it ask for them."""

from __future__ import annotations

from functools import cached_property
from typing import Final, Literal

from oomcheck.diag.diagnostic import Diagnostic
from oomcheck.diag.span import Source, Span
from oomcheck.lang.scan import Lexeme
from oomcheck.lang.syntax_words import fixed_texts, words
from oomcheck.records import dataclass

OPENING: Final = {")": "(", "]": "[", "}": "{"}
CLOSING: Final = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True)
class Spot:
    """Where parsing stopped: `code[index]` is the first lexeme that does not fit; past the end, the text ended there.

    `code` are the lexemes without comments; `accepts` are the terminals that would have fitted.
    """

    source: Source
    start: Literal["model", "spec"]
    code: tuple[Lexeme, ...]
    index: int
    accepts: frozenset[str]
    middle: bool  # the lexeme's first characters were a token of their own, such as `=` of `==`

    @property
    def found(self) -> str:
        """Text of the lexeme that does not fit; empty at the end."""
        return self.text(0)

    def text(self, distance: int) -> str:
        """Text of the lexeme `distance` places after the failing one (negative: before it), empty if there is none."""
        lexeme = self.at(distance)
        return lexeme.text if lexeme else ""

    def at(self, distance: int) -> Lexeme | None:
        """The lexeme `distance` places after the failing one."""
        place = self.index + distance
        return self.code[place] if 0 <= place < len(self.code) else None

    def word(self, distance: int) -> bool:
        """Whether the lexeme at `distance` is a word or number."""
        lexeme = self.at(distance)
        return lexeme is not None and lexeme.kind == "word"

    def number(self, distance: int) -> bool:
        """Whether the lexeme at `distance` is a number."""
        return self.word(distance) and self.text(distance).isdigit()

    def wants(self, text: str) -> bool:
        """Whether the fixed token `text` would have fitted."""
        return text in fixed_texts(self.accepts)

    @property
    def assigns(self) -> bool:
        """Whether the failing statement has an assignment already, outside of brackets opened in it."""
        if any(bracket.start >= self.code[self.first].start for bracket in self.open) or not self.words:
            return False
        control = words("await assert assume return const define invariant never cover lemma ltl leads_to within bound")
        return "=" in self.words and self.words[0] not in control

    def adjacent(self, distance: int) -> bool:
        """Whether nothing stands between the lexeme at `distance` and the one after it."""
        left, right = self.at(distance), self.at(distance + 1)
        return left is not None and right is not None and left.end == right.start

    @cached_property
    def open(self) -> tuple[Lexeme, ...]:
        """The brackets before the failure that nothing has closed, outermost first."""
        stack: list[Lexeme] = []
        for lexeme in self.code[: self.index]:
            if lexeme.kind == "punct" and lexeme.text in CLOSING:
                stack.append(lexeme)
            elif stack and OPENING.get(lexeme.text) == stack[-1].text:
                stack.pop()
        return tuple(stack)

    @cached_property
    def first(self) -> int:
        """Index of the first lexeme of the statement or declaration that fails."""
        depth = 0
        place = self.index
        while place > 0:
            text = self.code[place - 1].text
            if depth == 0 and text in (";", "{", "}"):
                break
            if text in OPENING:
                depth += 1
            elif text in CLOSING and depth:
                depth -= 1
            place -= 1
        return place

    @property
    def words(self) -> tuple[str, ...]:
        """Texts of the statement or declaration up to the failing lexeme."""
        return tuple(lexeme.text for lexeme in self.code[self.first : self.index])

    @property
    def inside_body(self) -> bool:
        """Whether the failure is within braces."""
        return any(bracket.text == "{" for bracket in self.open)

    def span(self, distance: int = 0) -> Span:
        """Place of a lexeme; at the end of the text, the end of the last one."""
        lexeme = self.at(distance)
        return self.after(distance - 1) if lexeme is None else Span(self.source, lexeme.start, lexeme.end)

    def after(self, distance: int) -> Span:
        """The place right behind a lexeme, where something is missing."""
        lexeme = self.at(distance)
        end = lexeme.end if lexeme else len(self.source.text)
        return Span(self.source, end, end)

    def line(self, lexeme: Lexeme) -> int:
        """Line of a lexeme, from 1."""
        return self.source.position(lexeme.start)[0]

    def problem(self, message: str, hint: str = "", *, at: int = 0, code: str = "E0101") -> Diagnostic:
        """A diagnostic about the lexeme `at` places away."""
        return Diagnostic(code, message, self.span(at), hint)

    def place_of(self, word: str) -> int | None:
        """Distance (negative) of the last occurrence of `word` in the failing statement."""
        for place in range(self.index - 1, self.first - 1, -1):
            if self.code[place].text == word:
                return place - self.index
        return None
