"""Rules for what is missing or too much: semicolons, brackets, headers, parts in the wrong order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from oomcheck.diag.diagnostic import Diagnostic
from oomcheck.lang.syntax_spot import CLOSING, OPENING, Spot
from oomcheck.lang.syntax_words import plain, shown, words

ITEMS: Final = words("import const param enum struct process define void softirq thread kthread env freezer")
STATEMENTS: Final = words(
    "if else while loop for either choose await assert assume return delay goto break continue skip"
)
PROPERTIES: Final = words("invariant never cover lemma deadlock_free ltl leads_to within bound check")


def _unclosed(spot: Spot) -> Diagnostic | None:
    """The text ends within brackets."""
    if spot.found or not spot.open:
        return None
    bracket = spot.open[-1]
    closing = CLOSING[bracket.text]
    message = (
        f"missing `{closing}` at the end of the file: the `{bracket.text}` on line {spot.line(bracket)} is still open"
    )
    return Diagnostic("E0101", message, spot.after(-1))


def _closes_nothing(spot: Spot) -> Diagnostic | None:
    """A closing bracket without an opening one, or with one of another kind."""
    opening = OPENING.get(spot.found)
    if opening is None:
        return None
    if not any(bracket.text == opening for bracket in spot.open):
        return spot.problem(f"`{spot.found}` closes nothing: no `{opening}` is open here")
    inner = spot.open[-1]
    if inner.text != opening:
        message = f"missing `{CLOSING[inner.text]}` before `{spot.found}`"
        return spot.problem(message, f"the `{inner.text}` on line {spot.line(inner)} is still open")
    return None


def _missing_bracket(spot: Spot) -> Diagnostic | None:
    """`if (a {`, `x[1;`: a statement goes on or ends before its bracket is closed."""
    if not spot.open or spot.found not in ("{", ";", "=", "@"):
        return None
    inner = spot.open[-1]
    wanted = {"(": "RPAR", "[": "RSQB"}.get(inner.text)
    if wanted not in spot.accepts or (spot.found == "=" and "COMPARE" in spot.accepts):
        return None
    line = spot.line(inner)
    hint = f"the `{inner.text}` on line {line} is still open"
    message = f"missing `{CLOSING[inner.text]}` before `{spot.found}`"
    return Diagnostic("E0101", message, spot.after(-1), hint)


def _missing_brace(spot: Spot) -> Diagnostic | None:
    """A declaration where a statement is expected: a `}` is missing above it."""
    declaration = spot.found in ITEMS and spot.inside_body and "WHILE" in spot.accepts
    if not declaration or (spot.found == "struct" and spot.text(2) != "{"):
        return None
    brace = [bracket for bracket in spot.open if bracket.text == "{"][-1]
    hint = f"declarations stand outside of bodies; is a `}}` missing? The `{{` on line {spot.line(brace)} is still open"
    return spot.problem(f"expected a statement or `}}`, found `{spot.found}`", hint)


def _missing_semicolon(spot: Spot) -> Diagnostic | None:
    """The previous line could have ended with a semicolon."""
    before, here = spot.at(-1), spot.at(0)
    if before is None or "SEMICOLON" not in spot.accepts:
        return None
    new_line = here is None or spot.line(here) > spot.source.position(before.end)[0]
    if not new_line and spot.found != "}" and spot.found not in (ITEMS | STATEMENTS) - {"else"}:
        return None
    message = f"missing `;` after {shown(before.text)}"
    if here is not None and spot.line(here) > spot.line(before):
        message += f" on line {spot.line(before)}"
    return Diagnostic("E0101", message, spot.after(-1))


def _extra_semicolon(spot: Spot) -> Diagnostic | None:
    """`;` as an empty statement or after a block."""
    if spot.found != ";" or spot.accepts.isdisjoint(("WHILE", "STRUCT", "TIMER")):
        return None
    if spot.text(-1) == ";":
        return spot.problem("`;` after `;`", "leave it out")
    if spot.text(-1) == "}" and not spot.words:
        return spot.problem("`;` after `}`", "leave it out")
    if not spot.inside_body:
        return None if spot.words else spot.problem("`;` is too much here", "leave it out")
    if not spot.words or (spot.text(-1) in (")", "else", ":", "loop") and "WHILE" in spot.accepts):
        return spot.problem("a statement is missing before `;`", "write `skip;` for a statement that does nothing")
    return None


def _lone_word(spot: Spot) -> Diagnostic | None:
    """A word alone is no statement; the rule for misspelled words may know better."""
    lone = spot.found == ";" and len(spot.words) == 1 and spot.word(-1) and not spot.number(-1)
    if not lone or not spot.inside_body or "LPAR" not in spot.accepts:
        return None
    name = spot.words[0]
    if name in STATEMENTS:
        return None
    word = {"brek": "break", "contine": "continue", "retrun": "return", "pass": "skip", "exit": "return"}.get(name)
    return spot.problem(
        f"{shown(name)} alone is no statement",
        f"write `{word};`" if word else f"a call is written `{plain(name)}();`",
        at=-1,
    )


def _else(spot: Spot) -> Diagnostic | None:
    """`else` without a statement of `if` right before it."""
    if spot.found != "else" or "ELSE" in spot.accepts:
        return None
    if spot.text(-1) in (")", ":"):
        return spot.problem("expected a statement, found `else`", "write `skip;` for a statement that does nothing")
    if spot.wants("or"):
        return spot.problem("expected `or`, found `else`", "the branches of `either` are joined by `or`")
    return spot.problem("`else` without `if`", "more than one statement between `if` and `else` stand in { }")


def _call(spot: Spot) -> bool:
    """Whether the parenthesis at the failure is closed and a semicolon follows."""
    depth = 0
    for lexeme, following in zip(spot.code[spot.index :], spot.code[spot.index + 1 :], strict=False):
        depth += (lexeme.text in CLOSING) - (lexeme.text in OPENING)
        if depth == 0:
            return following.text == ";"
    return False


def _outside(spot: Spot) -> Diagnostic | None:
    """Statements and properties at places where they cannot stand."""
    if spot.inside_body:
        return None
    line = spot.words
    if spot.start == "model":
        if line and line[0] in PROPERTIES:
            place = spot.first - spot.index
            return spot.problem(
                f"`{line[0]}` belongs to a spec", "properties and checks stand in a .oomspec file", at=place
            )
        assigns = (
            len(line) >= 1 and spot.found in ("=", "+=", "-=", "++", "--", "[", ".", "->") and line[0] not in ITEMS
        )
        calls = len(line) == 1 and spot.found == "("
        if calls and (line[0] in STATEMENTS or _call(spot)):
            return spot.problem("statement outside of a body", "statements stand in a thread or function", at=-1)
        if (spot.found in STATEMENTS and not line) or (assigns and len(line) == 1):
            return spot.problem("statement outside of a body", "statements stand in a thread or function")
        if calls and spot.code[spot.index - 1].kind == "word" and line[0] not in ITEMS:
            hint = f"a function needs a result type: `void {line[0]}()`; calls stand in a thread or function"
            return spot.problem(f"expected a name, found `(` after {shown(line[0])}", hint)
    elif not line and spot.found in ITEMS | {"model", "library", "int", "bool", "flags", "rwsem", "mutex", "spinlock"}:
        return spot.problem(f"`{spot.found}` belongs to a model", "a spec has `define`, properties and `check` only")
    return None


STRUCTURE: Final[tuple[Callable[[Spot], Diagnostic | None], ...]] = (
    _unclosed,
    _closes_nothing,
    _missing_bracket,
    _missing_brace,
    _else,
    _outside,
    _missing_semicolon,
    _extra_semicolon,
    _lone_word,
)
