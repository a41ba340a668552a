"""Files to text, text to Lark's parse tree; everything that goes wrong on the way is an `OomcheckError`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, Literal

from lark import Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from oomcheck.diag.diagnostic import OomcheckError, error
from oomcheck.diag.span import Source, Span
from oomcheck.lang.grammar import parser
from oomcheck.lang.scan import Lexeme, limited, scan
from oomcheck.lang.syntax_errors import Failure, explain, strange
from oomcheck.lang.syntax_words import words

MAX_BYTES: Final = 4 * 1024 * 1024
MAX_DEPTH: Final = 200  # levels of the parse tree; the phases after the parser recurse over it

# Most words of the language may be names where they have no meaning; these never, as the reader would be misled.
RESERVED: Final = words(
    "true false NULL current and or not implies if else while for return goto break continue int bool void struct enum "
    "const param import define thread kthread softirq forall exists"
)

# Characters that make a reader see another text than the parser: a line end of its own, marks of writing direction.
HIDDEN: Final = re.compile("\r(?!\n)|[\u202a-\u202e\u2066-\u2069]")

Start = Literal["model", "spec"]


def read_source(path: Path, shown: str) -> Source:
    """The text of a file; `shown` is its name in messages. Line ends stay as they are, a byte order mark goes."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except IsADirectoryError:
        raise error("E0001", f"cannot read {shown}: it is a directory") from None
    except OSError as problem:
        raise error("E0001", f"cannot read {shown}: {problem.strerror or 'unknown reason'}") from None
    except ValueError:  # a NUL in the name
        raise error("E0001", f"cannot read {shown}: this cannot be the name of a file") from None
    if len(data) > MAX_BYTES:
        raise error("E0009", f"{shown} is larger than {MAX_BYTES // 1024 // 1024} MiB", hint="split the model")
    return Source(shown, _decode(data, shown))


def _decode(data: bytes, shown: str) -> str:
    """Bytes as text: UTF-8 without NUL."""
    nul = data.find(b"\0")
    if nul >= 0:
        raise error("E0002", f"{shown} is not a text file: byte {nul} is NUL", hint="expected UTF-8 text")
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as problem:
        where = f"byte {problem.start} (0x{data[problem.start]:02x}) is not UTF-8"
        raise error("E0002", f"{shown} is not a text file: {where}", hint="expected UTF-8 text") from None


def parse_tree(source: Source, start: Start) -> Tree[Token]:
    """Lark's tree of the whole text, with positions; at most `MAX_DEPTH` levels deep."""
    return parse(source, start)[0]


def comments(source: Source) -> list[tuple[Span, str]]:
    """All comments in order, each with its delimiters and without the line end."""
    found = []
    for lexeme in scan(source):
        if lexeme.kind == "comment":
            text = lexeme.text.rstrip("\r") if lexeme.text.startswith("//") else lexeme.text
            found.append((Span(source, lexeme.start, lexeme.start + len(text)), text))
    return found


def parse(source: Source, start: Start) -> tuple[Tree[Token], tuple[Token, ...]]:
    """The tree and all its tokens, those that the tree leaves out as well; without blanks and comments."""
    hidden = HIDDEN.search(source.text)
    if hidden:
        raise OomcheckError([strange(source, Lexeme("strange", hidden.group(), hidden.start(), hidden.end()))])
    lexemes = limited(source)
    read: list[Token] = []
    outcome = _advance(source, start, lexemes, read)
    if isinstance(outcome, int):
        raise explain(Failure(source, start, lexemes, outcome, _accepted(start, read, outcome)))
    _check_depth(source, outcome)
    return outcome, tuple(read)


def _advance(source: Source, start: Start, lexemes: tuple[Lexeme, ...], read: list[Token]) -> Tree[Token] | int:
    """The tree, or the offset where the first token stands that does not fit; `read` collects the tokens."""
    ends = {lexeme.start: lexeme.end for lexeme in lexemes if lexeme.kind == "word"}
    run = parser().parse_interactive(source.text, start=start)
    try:
        for token in run.iter_parse():  # hands out each token before it is fed
            begin = token.start_pos or 0
            if ends.get(begin, token.end_pos) != token.end_pos:
                return begin  # a keyword or number that goes on as a word, such as `checkx`
            if token.type == "NAME" and token in RESERVED:
                return begin
            read.append(token)
        tree: Tree[Token] = run.feed_eof(read[-1] if read else None)  # type: ignore[no-untyped-call]
    except UnexpectedToken as problem:
        return len(source.text) if problem.token.type == "$END" else (problem.token.start_pos or 0)
    except UnexpectedCharacters as problem:
        return problem.pos_in_stream or 0
    return tree


def _accepted(start: Start, read: list[Token], failed_at: int) -> frozenset[str]:
    """The terminals that the grammar allows at the failure.

    A failing token may have been reduced upon already, and Lark's own expected set is too wide; so the good tokens are
    read again and the parser is asked in the state before the failure.
    """
    run = parser().parse_interactive("", start=start)
    for token in read:
        if (token.start_pos or 0) < failed_at:
            run.feed_token(token)
    return frozenset(run.accepts())  # type: ignore[no-untyped-call]


def _check_depth(source: Source, tree: Tree[Token]) -> None:
    """Refuse a tree that the recursion of later phases could not walk."""
    stack = [(tree, 1, 0)]
    while stack:
        node, depth, begin = stack.pop()
        if depth > MAX_DEPTH:
            span = Span(source, begin, begin + 1)
            hint = "use `define`, functions or blocks; each `else if` and each operator of a chain counts"
            raise error("E0009", f"statement or expression nested more than {MAX_DEPTH} levels deep", span, hint)
        for child in reversed(node.children):
            if isinstance(child, Tree):
                here = begin if child.meta.empty else child.meta.start_pos
                stack.append((child, depth + 1, here))
