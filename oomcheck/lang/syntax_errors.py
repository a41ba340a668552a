"""What the parser could not read, told in the reader's words: one diagnostic for the first failure of a file."""

from __future__ import annotations

import unicodedata
from difflib import get_close_matches
from typing import Final, Literal

from oomcheck.diag.diagnostic import Diagnostic, OomcheckError
from oomcheck.diag.span import Source, Span
from oomcheck.lang.scan import Lexeme
from oomcheck.lang.syntax_foreign import FOREIGN
from oomcheck.lang.syntax_habits import habit
from oomcheck.lang.syntax_spot import Spot
from oomcheck.lang.syntax_structure import STRUCTURE
from oomcheck.lang.syntax_words import accepted_words, expected, shown
from oomcheck.records import dataclass


@dataclass(frozen=True, slots=True)
class Failure:
    """Where parsing stopped: `offset` is the start of the first token that does not fit, or the end of the text."""

    source: Source
    start: Literal["model", "spec"]
    lexemes: tuple[Lexeme, ...]
    offset: int
    accepts: frozenset[str]


# Characters with a story of their own; all others are only named.
CHARACTERS: Final[dict[str, str]] = {
    "'": 'there are no characters as values; texts stand in double quotes ("...")',
    "#": "there is no preprocessor; comments start with `//`",
    "\\": "a line needs no `\\` at its end; operators are `and`, `or`, `not`",
    "~": "there are no bit operations; write `not` or `!`",
    "^": "there are no bit operations; write `!=` for exclusive or",
    "$": "names consist of letters, digits and `_`",
    "`": 'texts stand in double quotes ("...")',
    "\u00a0": "this is a no-break space; replace it by an ordinary one",
    "\u201c": 'use straight quotes ("...")',
    "\u201d": 'use straight quotes ("...")',
    "\u2018": 'use straight quotes ("...")',
    "\u2019": 'use straight quotes ("...")',
    "\u2192": "write `->`",
    "\u21d2": "write `->`",
    "\u2264": "write `<=`",
    "\u2265": "write `>=`",
    "\u2260": "write `!=`",
    "\u2227": "write `and`",
    "\u2228": "write `or`",
    "\u00ac": "write `not`",
    "\u2200": "write `forall`",
    "\u2203": "write `exists`",
    "\u2026": "write `..`",
    "\u2013": "write `-`",
    "\u2212": "write `-`",
    "\r": "lines end with LF or CR LF, never with CR alone",
    "\ufeff": "a byte order mark may stand at the start of the file only",
}


def explain(failure: Failure) -> OomcheckError:
    """The error to show."""
    code = tuple(lexeme for lexeme in failure.lexemes if lexeme.kind != "comment")
    index = next((i for i, lexeme in enumerate(code) if lexeme.end > failure.offset), len(code))
    middle = index < len(code) and code[index].start < failure.offset
    spot = Spot(failure.source, failure.start, code, index, failure.accepts, middle)
    for rule in (_preprocessor, _open, _empty, *FOREIGN, habit, *STRUCTURE, _misspelled):
        found = rule(spot)
        if found is not None:
            return OomcheckError([found])
    message = f"expected {expected(spot.accepts)}, found {_found(spot)}"
    return OomcheckError([spot.problem(message, _keyword_as_name(spot))])


def strange(source: Source, lexeme: Lexeme) -> Diagnostic:
    """The error for a character that no token has."""
    char = lexeme.text
    name = unicodedata.name(char, "")
    quoted = f"`{char}`" if char.isprintable() and not char.isspace() else ""
    title = " ".join(part for part in (quoted, f"U+{ord(char):04X}", name) if part)
    hint = CHARACTERS.get(char, "")
    if unicodedata.bidirectional(char) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"):
        hint = "it would make readers see another text than the one that is checked"
    if not hint and (char.isalpha() or char.isdigit()):
        hint = "names consist of the letters a to z and A to Z, digits and `_`"
    return Diagnostic("E0102", f"unexpected character {title}", Span(source, lexeme.start, lexeme.end), hint)


def _preprocessor(spot: Spot) -> Diagnostic | None:
    """`#define` and `#include` have counterparts."""
    hints = {"define": "write `define NAME = EXPRESSION;`", "include": 'write `import "FILE";`'}
    if spot.found == "#" and spot.text(1) in hints:
        return Diagnostic("E0102", f"there is no `#{spot.text(1)}`", spot.span().to(spot.span(1)), hints[spot.text(1)])
    return None


def _open(spot: Spot) -> Diagnostic | None:
    """Unclosed strings and comments, and characters that no token has."""
    lexeme = spot.at(0)
    if lexeme is None:
        return None
    span = Span(spot.source, lexeme.start, lexeme.start + 1)
    if lexeme.kind == "open string":
        return Diagnostic("E0103", 'text without its closing `"`', span, "texts end on the line where they start")
    if lexeme.kind == "open comment":
        return Diagnostic("E0103", "comment without its closing `*/`", span)
    return strange(spot.source, lexeme) if lexeme.kind == "strange" else None


def _empty(spot: Spot) -> Diagnostic | None:
    """Files without any code, and files that start with something else than their header."""
    header = "`model NAME;`" if spot.start == "model" else '`spec for "MODEL.oom";`'
    kind = "a model" if spot.start == "model" else "a spec"
    if not spot.code:
        what = "only comments in this file" if spot.source.text.strip() else "the file is empty"
        return Diagnostic("E0101", what, Span(spot.source, 0, 0), f"{kind} starts with {header}")
    if spot.index > 0:
        return None
    if spot.found == "spec" and spot.start == "model":
        return spot.problem("this is a spec; a model was expected", "give the model first: oomcheck check MODEL SPEC")
    if spot.found in ("model", "library") and spot.start == "spec":
        return spot.problem("this is a model; a spec was expected", f"a spec starts with {header}")
    return spot.problem(f"expected {header} first, found {_found(spot)}", f"{kind} starts with {header}")


def _misspelled(spot: Spot) -> Diagnostic | None:
    """A word close to one that would fit here, or to a keyword that could have started the statement."""
    for distance in (0, spot.first - spot.index):
        lexeme = spot.at(distance)
        if lexeme is None or lexeme.kind != "word" or (distance and lexeme.text in STARTERS):
            continue
        candidates = accepted_words(spot.accepts) if distance == 0 else STARTERS
        close = get_close_matches(lexeme.text, candidates, 1, 0.7)
        if close and distance == 0:
            message = f"expected {expected(spot.accepts)}, found {_found(spot)}"
            return spot.problem(message, f"did you mean `{close[0]}`?")
        if close:
            message = f"unknown word `{lexeme.text}` at the start of a statement"
            return spot.problem(message, f"did you mean `{close[0]}`?", at=distance)
    return None


STARTERS: Final = (
    *(
        "import",
        "const",
        "param",
        "enum",
        "struct",
        "process",
        "flags",
        "define",
        "void",
        "softirq",
        "thread",
        "kthread",
    ),
    *("atomic", "either", "while", "loop", "choose", "await", "assert", "assume", "return", "delay", "goto", "break"),
    *("continue", "skip", "if", "for", "else", "rwsem", "spinlock", "mutex", "waitqueue", "completion", "refcount"),
    *("timer", "freezer", "ghost", "marked", "per_task", "per_group", "bool", "int", "check", "deadlock_free"),
    *("invariant", "never", "cover", "lemma", "ltl", "leads_to", "within", "bound", "library", "model"),
)


def _keyword_as_name(spot: Spot) -> str:
    """A hint where a word of the language was read as such but may have been meant as a name."""
    lexeme = spot.at(0)
    word = lexeme is not None and lexeme.kind == "word"
    if (
        word
        and not spot.found[0].isdigit()
        and "NAME" in spot.accepts
        and spot.accepts.isdisjoint(("WHILE", "STRUCT", "TIMER"))
    ):
        return f"{shown(spot.found)} is a word of the language and cannot be a name here"
    if not word and spot.text(-1) in ("count", "loop", "rcu", "skip", "atomic", "flags"):
        return f"`{spot.text(-1)}` is a word of the language; if it was meant as a name, choose another"
    return ""


def _found(spot: Spot) -> str:
    """What stands at the failure."""
    lexeme = spot.at(0)
    if lexeme is None:
        return "the end of the file"
    return "the text " + shown(lexeme.text) if lexeme.kind == "string" else shown(lexeme.text)
