"""The parser: runs the tables over a text. Which tokens there are depends on the state of the parser.

`->` between two names is another token than `->` between two conditions, and most keywords are names where the grammar
has no use for them. So the lexer takes of the terminals that the present row of the tables has the first that fits: the
contextual lexing of Lark, from whose automaton the tables are.
"""

from __future__ import annotations

import re
from typing import Final

from oomcheck.lang.nodes import NOWHERE, Node, Token, Tree
from oomcheck.lang.tables import Lexicon, Row, Rule, Tables

END: Final = "$END"
MEMBER: Final = "_MEMBER"

_SKIPPED: Final = re.compile(r"(?:[ \t\f\r\n]+|//[^\n]*|/\*[\s\S]*?\*/)*")
_WORD: Final = re.compile(r"[A-Za-z0-9_]*")
_STRING: Final = re.compile(r'"[^"\n]*"')


# ---------------------------------------------------------------- tokens


def skip(text: str, offset: int) -> int:
    """The offset behind blanks and comments."""
    match = _SKIPPED.match(text, offset)
    assert match is not None
    return match.end()


def token_at(lexicon: Lexicon, text: str, offset: int, row: Row) -> Token | None:
    """The token that starts at `offset`, of those that the row has; None if there is none."""
    word = _WORD.match(text, offset)
    assert word is not None
    end = word.end()
    if end > offset:
        kind = _kind(lexicon, word.group(), text[end : end + 1], row)
        return token(kind, text, offset, end) if kind is not None and kind in row else None
    if string := _STRING.match(text, offset):
        return token("STRING", text, offset, string.end()) if "STRING" in row else None
    for mark, kind in lexicon.marks.get(text[offset], ()):
        if kind in row and text.startswith(mark, offset) and (kind != MEMBER or lexicon.member.match(text, offset)):
            return token(kind, text, offset, offset + len(mark))
    return None


def token(kind: str, text: str, start: int, end: int) -> Token:
    """A token of the text."""
    made = Token(text[start:end])
    made.type, made.start, made.end = kind, start, end
    return made


def _kind(lexicon: Lexicon, word: str, after: str, row: Row) -> str | None:
    """The terminal of a word of letters, digits and `_` before the character `after`; None if it has none."""
    if word[0].isdigit():
        return "INT" if word.isdigit() else None
    for begin, kind in lexicon.greedy:
        if kind in row and word.startswith(begin):
            return kind if word == begin else None
    glued = after.isalnum()  # a letter that no name can have
    for kind in lexicon.words.get(word, ()):
        if kind in row and not (glued and kind in lexicon.bounded):
            return kind
    return "NAME"


# ---------------------------------------------------------------- the automaton


class Run:
    """A parser somewhere in a text: the states and values on its stack."""

    def __init__(self, tables: Tables, start: str) -> None:
        self._rows = tables.rows
        self._rules = tables.rules
        self._final = tables.final[start]
        self._states = [tables.start[start]]
        self._values: list[Node] = []

    @property
    def row(self) -> Row:
        """What the parser can do next."""
        return self._rows[self._states[-1]]

    def feed(self, found: Token) -> bool:
        """Take a token; False if it does not fit, and then this parser is of no more use."""
        rows, states, values = self._rows, self._states, self._values
        kind = found.type
        while True:
            action = rows[states[-1]].get(kind)
            if action is None:
                return False
            if action >= 0:
                states.append(action)
                values.append(found)
                return True
            rule = self._rules[-1 - action]
            parts: list[Node] = []
            if rule.size:
                parts = values[-rule.size :]
                del values[-rule.size :], states[-rule.size :]
            values.append(_reduced(rule, parts))
            states.append(rows[states[-1]][rule.origin])
            if states[-1] == self._final:
                return True

    def finish(self, text: str) -> Tree | None:
        """The tree of the whole text; None if it must go on."""
        if not self.feed(token(END, text, len(text), len(text))):
            return None
        tree = self._values[-1]
        assert isinstance(tree, Tree)
        return tree

    def accepts(self) -> frozenset[str]:
        """The terminals that would fit now; a row alone has more, as it does not know the whole stack."""
        return frozenset(kind for kind in self.row if kind.isupper() and self._fits(kind))

    def _fits(self, kind: str) -> bool:
        states = self._states.copy()
        while True:
            action = self._rows[states[-1]].get(kind)
            if action is None or action >= 0:
                return action is not None
            rule = self._rules[-1 - action]
            del states[len(states) - rule.size :]
            states.append(self._rows[states[-1]][rule.origin])
            if states[-1] == self._final:
                return True


def _reduced(rule: Rule, parts: list[Node]) -> Node:
    """The value of a rule whose right side has the values `parts`."""
    children = parts
    if rule.keep is not None:
        children = []
        for place, inline, nones in rule.keep:
            if nones:
                children += [None] * nones
            part = parts[place]
            if inline:
                assert isinstance(part, Tree)
                children += part.children
            else:
                children.append(part)
        if rule.absent:
            children += [None] * rule.absent
    if rule.single and len(children) == 1:
        result = children[0]
        if not isinstance(result, Tree):
            return result
    else:
        result = Tree(rule.name, children)
    _place(result, parts)
    return result


def _place(tree: Tree, parts: list[Node]) -> None:
    """Extend a tree over all tokens of its rule, kept or not; what an only child covers itself stays as it is."""
    for part in parts:
        begin = part.start if isinstance(part, Token) else part.outer_start if part is not None else NOWHERE
        if begin != NOWHERE:
            tree.outer_start = begin
            if tree.start == NOWHERE:
                tree.start = begin
            break
    for part in reversed(parts):
        end = part.end if isinstance(part, Token) else part.outer_end if part is not None else NOWHERE
        if end != NOWHERE:
            tree.outer_end = end
            if tree.end == NOWHERE:
                tree.end = end
            break
