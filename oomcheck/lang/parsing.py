"""Files to text, text to the tree of rules; everything that goes wrong on the way is an `OomcheckError`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, Literal

from oomcheck.diag.diagnostic import OomcheckError, error
from oomcheck.diag.span import Source, Span
from oomcheck.lang.grammar import lexicon, tables
from oomcheck.lang.lalr import Run, skip, token_at
from oomcheck.lang.nodes import Token, Tree
from oomcheck.lang.scan import Lexeme, limited, scan

MAX_BYTES: Final = 4 * 1024 * 1024
MAX_DEPTH: Final = 200  # levels of the parse tree; the phases after the parser recurse over it

# Most words of the language may be names where they have no meaning; these never, as the reader would be misled.
RESERVED: Final = frozenset(
    (
        *("true", "false", "NULL", "current", "and", "or", "not", "implies", "if", "else", "while", "for", "return"),
        *("goto", "break", "continue", "int", "bool", "void", "struct", "enum", "const", "param", "import", "define"),
        *("thread", "kthread", "softirq", "forall", "exists"),
    )
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


def parse_tree(source: Source, start: Start) -> Tree:
    """The tree of the whole text, with positions; at most `MAX_DEPTH` levels deep."""
    return parse(source, start)[0]


def comments(source: Source) -> list[tuple[Span, str]]:
    """All comments in order, each with its delimiters and without the line end."""
    found = []
    for lexeme in scan(source):
        if lexeme.kind == "comment":
            text = lexeme.text.rstrip("\r") if lexeme.text.startswith("//") else lexeme.text
            found.append((Span(source, lexeme.start, lexeme.start + len(text)), text))
    return found


def parse(source: Source, start: Start) -> tuple[Tree, tuple[Token, ...]]:
    """The tree and all its tokens, those that the tree leaves out as well; without blanks and comments."""
    hidden = HIDDEN.search(source.text)
    if hidden:
        raise _hidden(source, Lexeme("strange", hidden.group(), hidden.start(), hidden.end()))
    lexemes = limited(source)
    read: list[Token] = []
    outcome = _advance(source, start, read)
    if isinstance(outcome, int):
        raise _explained(source, start, lexemes, outcome, _accepted(start, read))
    _check_depth(source, outcome)
    return outcome, tuple(read)


def _explained(
    source: Source, start: Start, lexemes: tuple[Lexeme, ...], offset: int, accepts: frozenset[str]
) -> OomcheckError:
    from oomcheck.lang.syntax_errors import Failure, explain  # seven modules that correct texts do not need

    return explain(Failure(source, start, lexemes, offset, accepts))


def _hidden(source: Source, character: Lexeme) -> OomcheckError:
    from oomcheck.lang.syntax_errors import strange  # as above

    return OomcheckError([strange(source, character)])


def _advance(source: Source, start: Start, read: list[Token]) -> Tree | int:
    """The tree, or the offset where the first token stands that does not fit; `read` collects those that do."""
    text = source.text
    run = Run(tables(), start)
    known = lexicon()
    offset = skip(text, 0)
    while offset < len(text):
        token = token_at(known, text, offset, run.row)
        if token is None or (token.type == "NAME" and token in RESERVED) or not run.feed(token):
            return offset
        read.append(token)
        offset = skip(text, token.end)
    tree = run.finish(text)
    return len(text) if tree is None else tree


def _accepted(start: Start, read: list[Token]) -> frozenset[str]:
    """The terminals that the grammar allows after the tokens read.

    The parser that failed may have reduced upon the failing token already; so these tokens are read again.
    """
    run = Run(tables(), start)
    for token in read:
        run.feed(token)
    return run.accepts()


def _check_depth(source: Source, tree: Tree) -> None:
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
                stack.append((child, depth + 1, begin if child.empty else child.start))
