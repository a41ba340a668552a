"""The canonical layout of models and specs: `oomcheck fmt`.

Works on tokens and comments, so that nothing else than blanks and line ends can change. Lines start where statements
and declarations start; line breaks inside of these stay where the author put them, one tab further in. Labels stand at
the margin, source references and comments behind code in column `MARGIN`, blank lines shrink to one. Blocks of simple
statements on one line stay there, and so does the `{` of a function on a line of its own.
"""

from __future__ import annotations

import re
from dataclasses import field, replace
from typing import Final

from oomcheck.diag.span import Source
from oomcheck.lang.format_layout import Layout, layout
from oomcheck.lang.nodes import Token
from oomcheck.lang.parsing import Start, comments, parse
from oomcheck.records import dataclass

TAB: Final = 8
MARGIN: Final = 48  # column of source references and of comments behind code
WIDTH: Final = 100  # a source reference that would go beyond may have a line of its own

NO_BLANK_BEFORE: Final = frozenset((")", "]", ",", ";", ".", "++", "--"))
NO_BLANK_AFTER: Final = frozenset(("(", "[", ".", "!"))
CALLED: Final = frozenset(("NAME", "OBJECT", "DELAY", "MEMBER", "EXEMPT", "FAIRNESS", "TIME"))  # directly before `(`


@dataclass(slots=True)
class Line:
    """One line of the result: code, and the comment behind it; `part` if it continues the line before."""

    text: str
    comment: str = ""
    part: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """A token, or a comment with `kind` empty; `breaks` counts the line ends before it in the source."""

    text: str
    offset: int
    kind: str
    breaks: int


def format_text(source: Source, start: Start) -> str:
    """The text in canonical layout; raises `OomcheckError` if it does not parse."""
    tree, read = parse(source, start)
    pieces = _pieces(source, read)
    printer = Printer(layout(tree, read, source.text))
    for piece, following in zip(pieces, _following(pieces), strict=True):
        printer.add(piece, following)
    _align_names(printer.lines)
    text = "".join(f"{line.text}{line.comment}\n" for line in printer.lines)
    _check_same(source, Source(source.path, text), start, read)
    return text


def _check_same(before: Source, after: Source, start: Start, read: tuple[Token, ...]) -> None:
    """The promise of this module; a file is never rewritten when it is broken."""
    assert [(t.type, str(t)) for t in parse(after, start)[1]] == [(t.type, str(t)) for t in read]
    assert [text for _, text in comments(after)] == [_unix(text) for _, text in comments(before)]


def _unix(text: str) -> str:
    """Lines end with LF only."""
    return text.replace("\r\n", "\n")


def _pieces(source: Source, read: tuple[Token, ...]) -> list[Piece]:
    """Tokens and comments in order."""
    parts = [(token.start, token.end, str(token), token.type) for token in read]
    parts += [(span.start, span.end, _unix(text), "") for span, text in comments(source)]
    pieces: list[Piece] = []
    end = 0
    for offset, after, text, kind in sorted(parts):
        if kind == "STRING" and pieces and pieces[-1].kind == "AT" and pieces[-1].text == "@":
            pieces[-1] = replace(pieces[-1], text=f"@ {text}")
            end = after
            continue
        pieces.append(Piece(text, offset, kind, source.text.count("\n", end, offset)))
        end = after
    return pieces


def _following(pieces: list[Piece]) -> list[int | None]:
    """For each piece the offset of the next token after it."""
    result: list[int | None] = []
    token: int | None = None
    for piece in reversed(pieces):
        result.append(token)
        token = piece.offset if piece.kind else token
    return result[::-1]


@dataclass(slots=True)
class Printer:
    """Puts pieces into lines."""

    marks: Layout
    lines: list[Line] = field(default_factory=list)
    last: Piece = Piece("", -1, "", 0)
    depth: int = 0

    def add(self, piece: Piece, following: int | None) -> None:
        """Append a piece; `following` is the offset of the next token after it."""
        depth = self._comment_depth(piece, following) if not piece.kind else self._token_depth(piece)
        if depth is not None:
            if piece.breaks > 1 and self._blank_line_fits(piece):
                self.lines.append(Line(""))
            self.lines.append(Line("\t" * (0 if piece.offset in self.marks.labels else depth) + piece.text))
            self.depth = depth
        elif self._continues(piece):
            inner = self.depth + (piece.text != "}")
            self.lines.append(Line("\t" * inner + piece.text, part=True))
        else:
            self._join(piece)
        self.last = piece

    def _comment_depth(self, piece: Piece, following: int | None) -> int | None:
        """Depth of a comment with lines of its own between statements; None for one beside or inside of code."""
        if piece.breaks == 0 and self.lines:
            return None
        if following is None:
            return 0
        if following in self.marks.closers:
            return self.marks.closers[following] + 1
        for table in (self.marks.starts, self.marks.elses, self.marks.soft):
            if following in table:
                return table[following]
        return None

    def _token_depth(self, piece: Piece) -> int | None:
        """Depth of the line that a token starts; None if it goes on with a line."""
        marks, offset, last = self.marks, piece.offset, self.last
        if last.text.startswith("/*") and not last.kind and piece.breaks == 0 and self._only_comment():
            return None
        if offset in marks.begins and offset not in marks.starts:
            alone = last.text.startswith("//") or (offset in marks.bodies and piece.breaks > 0)
            return self.depth if alone else None
        if offset in marks.elses:
            return None if last.offset in marks.ends else marks.elses[offset]
        if offset in marks.closers:
            return None if last.offset in marks.openers else marks.closers[offset]
        if offset in marks.soft and offset not in marks.starts:
            fits = _width(self.lines[-1].text) < marks.soft[offset] * TAB
            return None if fits and not piece.breaks else marks.soft[offset]
        return marks.starts.get(offset)

    def _only_comment(self) -> bool:
        """Whether the current line has no code yet."""
        return bool(self.lines) and not self.lines[-1].part and self.lines[-1].text.lstrip("\t") == self.last.text

    def _blank_line_fits(self, piece: Piece) -> bool:
        """Blank lines stand between statements and declarations only."""
        if not self.lines or piece.offset in self.marks.closers or piece.offset in self.marks.elses:
            return False
        return not self.last.kind or self.last.text in (";", "}")

    def _continues(self, piece: Piece) -> bool:
        """Whether a piece inside of a statement starts a line, as it did in the source."""
        if self.last.text.startswith("//") and not self.last.kind:
            return True
        if not piece.kind:
            return piece.breaks > 0
        close = piece.text in NO_BLANK_BEFORE or self.last.text in NO_BLANK_AFTER - {"("}
        if piece.kind == "AT" and _width(self.lines[-1].text) + 1 + len(piece.text) <= WIDTH:
            return False
        marks = self.marks
        fixed = any(piece.offset in table for table in (marks.begins, marks.tight, marks.closers, marks.elses))
        return piece.breaks > 0 and not close and not fixed

    def _join(self, piece: Piece) -> None:
        """Append a piece to the current line."""
        line = self.lines[-1]
        blank = " " if self._blank(piece) else ""
        if not piece.kind and "\n" not in piece.text and not line.comment:
            line.comment = _to_margin(line.text) + piece.text
            return
        line.text += line.comment and " " + line.comment.lstrip(" ")
        line.comment = ""
        if piece.kind == "AT":
            blank = _to_margin(line.text)
        elif piece.offset in self.marks.soft and self.last.offset in self.marks.tight:
            blank = "\t" * (self.marks.soft[piece.offset] - _width(line.text) // TAB)
        line.text += blank + piece.text

    def _blank(self, piece: Piece) -> bool:
        """Whether a blank stands between the last piece and this one."""
        last, marks = self.last, self.marks
        if not last.kind or not piece.kind:
            return piece.text not in (")", "]", ",", ";") and (last.text not in ("(", "[") or not last.kind)
        if piece.kind == "_MEMBER" or last.kind == "_MEMBER" or piece.offset in marks.tight:
            return False
        if last.offset in marks.stars or (last.offset in marks.tight and last.text == ".."):
            return False
        if piece.text in NO_BLANK_BEFORE or last.text in NO_BLANK_AFTER or last.kind == "AMPERSAND":
            return False
        if last.kind == "MINUS":
            return piece.kind == "MINUS"
        if piece.text == "[":
            return last.text in (")", "..")
        return not (piece.text == "(" and last.kind in CALLED)


def _to_margin(text: str) -> str:
    """The blanks between code and what stands in the margin."""
    return " " * max(1, MARGIN - _width(text))


def _width(text: str) -> int:
    """Columns of the last line of `text`."""
    return len(text.rsplit("\n", 1)[-1].expandtabs(TAB))


def _align_names(lines: list[Line]) -> None:
    """The colons of the checks of a spec line up."""
    checks = [(line, found.end()) for line in lines if (found := re.match(r"check \w+(?= :)", line.text))]
    longest = max((length for _, length in checks), default=0)
    for line, length in checks:
        line.text = line.text[:length] + " " * (longest - length) + line.text[length:]
