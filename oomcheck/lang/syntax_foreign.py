"""Words and constructions of C and other languages that are written differently here."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from oomcheck.diag.diagnostic import Diagnostic
from oomcheck.lang.syntax_spot import Spot
from oomcheck.lang.syntax_words import accepted_words, plain, shown, words

LATER: Final = words("lock_order initialised")

# Words that begin a declaration in C and have no counterpart.
TYPE_WORDS: Final[dict[str, str]] = {
    **dict.fromkeys(
        ("unsigned", "signed", "long", "short", "char"), "write `int LOW..HIGH NAME`, for example `int 0..3 x`"
    ),
    **dict.fromkeys(("float", "double"), "there are whole numbers only: `int LOW..HIGH NAME`"),
    **dict.fromkeys(("static", "extern", "inline", "register", "auto", "__always_inline"), "leave it out"),
    "volatile": "write `marked` if all accesses are like READ_ONCE and WRITE_ONCE",
    "typedef": "types are declared with `struct` and `enum` and used by their name alone",
    "union": "there are no unions; use a `struct`",
    "boolean": "did you mean `bool`?",
}
CONTROL_WORDS: Final[dict[str, str]] = {
    "switch": "use `if (...) ... else if (...) ...`",
    "case": "use `if (...) ... else if (...) ...`",
    "do": "write `loop { ... if (not CONDITION) break; }`",
    "until": "write `while (not CONDITION)`",
    "unless": "write `if (not CONDITION)`",
    **dict.fromkeys(("elif", "elsif", "elseif"), "write `else if`"),
    "foreach": "write `for (x in SET)`",
    "repeat": "write `loop { ... }`",
}
OTHER_WORDS: Final[dict[str, str]] = {
    "iff": "write `==`",
    "xor": "write `!=`",
    "mod": "write `%`",
    "then": "leave out `then`",
    "div": "write `/`",
}


def _later(spot: Spot) -> Diagnostic | None:
    """Words of properties that other tools of the kind have."""
    start = spot.first - spot.index
    for distance in (0, start):
        if spot.text(distance) in LATER:
            code = "E0404" if spot.start == "spec" else "E0104"
            hint = "the sanitizers check it without being asked" if spot.start == "spec" else ""
            return spot.problem(f"`{spot.text(distance)}` is not supported", hint, at=distance, code=code)
    return None


def _foreign_word(spot: Spot) -> Diagnostic | None:
    """Words of other languages at the start of the failing statement, or right where it fails."""
    start = spot.first - spot.index
    for table in (TYPE_WORDS, CONTROL_WORDS):
        for distance in (start, -1, 0):
            word = spot.text(distance)
            if word in table and distance <= 0 and (word != "until" or spot.start == "model"):
                return spot.problem(f"there is no `{word}`", table[word], at=distance)
    if spot.found in OTHER_WORDS:
        return spot.problem(f"`{spot.found}` is not an operator", OTHER_WORDS[spot.found])
    lower = spot.found.lower()
    if spot.word(0) and lower != spot.found and lower in accepted_words(spot.accepts):
        return spot.problem(f"unexpected {shown(spot.found)}", f"did you mean `{lower}`?")
    return None


def _struct(spot: Spot) -> Diagnostic | None:
    """`struct S *p`: structures are named without the word."""
    distance = 0 if spot.found == "struct" else -2
    if spot.text(distance) != "struct" or spot.text(distance + 2) == "{":
        return None
    if spot.found == "struct" and ("STRUCT" in spot.accepts or "NAME" not in spot.accepts):
        return None
    name = plain(spot.text(distance + 1))
    star = "*" if spot.text(distance + 2) == "*" else ""
    return spot.problem("`struct` only declares a structure", f"write `{name} {star}NAME`", at=distance)


def _number(spot: Spot) -> Diagnostic | None:
    """`0x10`, `10UL`, `1abc`: a word that starts with a digit."""
    word = spot.found
    if not spot.word(0) or not word[0].isdigit() or word.isdigit():
        return None
    if re.fullmatch(r"0[xX][0-9a-fA-F]{1,15}", word):
        return spot.problem(f"numbers are decimal, found `{word}`", f"write `{int(word, 16)}`")
    if re.fullmatch(r"0[bB][01]{1,60}", word):
        return spot.problem(f"numbers are decimal, found `{word}`", f"write `{int(word, 2)}`")
    suffix = re.fullmatch(r"([0-9]+)[uUlL]+", word)
    hint = f"write `{suffix.group(1)}`" if suffix else "names start with a letter"
    return spot.problem(f"{shown(word)} is neither a number nor a name", hint)


def _for(spot: Spot) -> Diagnostic | None:
    """C's three-part `for`."""
    distance = spot.place_of("for") if spot.start == "model" else None
    if distance is None or spot.text(distance + 1) != "(":
        if spot.text(-1) == "for" and spot.word(0) and spot.inside_body:
            return spot.problem("expected `(` after `for`", "write `for (i in 0 .. 3)` or `for each thread t of P`")
        return None
    opening = spot.at(distance + 1)
    inside = opening is not None and any(bracket is opening for bracket in spot.open)
    if opening is None or not inside or (spot.found not in ("=", ";", ":", "int")):
        return None
    parts = re.match(
        r"\(\s*(?:int\s+)?(\w+)\s*=\s*([^;(){}]{1,40});\s*\1\s*(<=?|>=?)\s*([^;(){}]{1,40});",
        spot.source.text[opening.start : opening.start + 200],
    )
    hint = "write `for (i in LOW .. HIGH)`, with both ends included"
    if parts:
        name, begin, relation, end = (part.strip() for part in parts.groups())
        last = _last(end, relation)
        hint = f"write `for ({name} in {begin} {'..' if relation[0] == '<' else 'down to'} {last})`"
    return spot.problem("a loop runs over a range or a set", hint, at=distance)


def _last(end: str, relation: str) -> str:
    """The last value of a C loop with the condition `i relation end`."""
    if relation in ("<=", ">="):
        return end
    step = -1 if relation == "<" else 1
    return str(int(end) + step) if end.isdigit() else f"{end} {'-' if step < 0 else '+'} 1"


FOREIGN: Final[tuple[Callable[[Spot], Diagnostic | None], ...]] = (_later, _number, _for, _struct, _foreign_word)
