"""Terminals of the grammar in the reader's words."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from oomcheck.lang.grammar import spellings, tables


def words(text: str) -> frozenset[str]:
    """The words of `text`, for tables that read well."""
    return frozenset(text.split())


MAX_SHOWN: Final = 40  # characters of a token in a message
MAX_CHOICES: Final = 7

# Terminals that start something with a name of its own. The mark decides whether the group is meant; the members are
# what the name covers, so that they are not listed again.
GROUPS: Final[tuple[tuple[str, str, frozenset[str]], ...]] = (
    (
        "STRUCT",
        "a declaration",
        words(
            "IMPORT CONST PARAM ENUM STRUCT PROCESS QUALIFIER BOOL INT_TYPE NAME FLAGS OBJECT RCU ATOMIC TIMER "
            "FREEZER_KEYWORD DEFINE VOID SOFTIRQ THREAD"
        ),
    ),
    (
        "DEADLOCK_FREE",
        "a property, `check`, `define` or `equivalent`",
        words("DEADLOCK_FREE CHECK DEFINE EQUIVALENT PROPERTY LTL LEADS_TO WITHIN BOUND"),
    ),
    (
        "WHILE",
        "a statement",
        words(
            "IF WHILE LOOP FOR RCU LBRACE ATOMIC EITHER BOOL INT_TYPE NAME CHOOSE AWAIT ASSERT ASSUME RETURN DELAY "
            "GOTO BREAK CONTINUE SKIP CURRENT ELSE"
        ),
    ),
    (
        "TIMER",
        "a declaration",
        words("QUALIFIER BOOL INT_TYPE NAME FLAGS OBJECT RCU ATOMIC TIMER THREAD"),
    ),
    (
        "GLOBALLY",
        "a condition",
        words("INT NAME LPAR MINUS BANG NOT AMPERSAND TRUE FALSE NULL CURRENT COUNT"),
    ),
    ("GLOBALLY", "a temporal operator", words("NEXT GLOBALLY FINALLY")),
    (
        "INT",
        "a value",
        # a text is one only of `internal`, which few need
        words("INT NAME LPAR MINUS BANG NOT AMPERSAND TRUE FALSE NULL CURRENT QUANTIFIER COUNT STRING"),
    ),
    ("CURRENT", "a variable", words("NAME CURRENT")),
    (
        "ADD",
        "an operator",
        words(
            "ADD MUL STAR COMPARE LE GE MINUS _AND _OR _IMPLIES _IFF QMARK _MEMBER LSQB DOT LPAR AT_KEYWORD INSIDE "
            "UNTIL RELEASES WEAK_UNTIL"
        ),
    ),
    ("COMPARE", "an operator", words("COMPARE LE GE _AND _OR _IMPLIES _IFF QMARK UNTIL RELEASES WEAK_UNTIL")),
    ("_AND", "an operator", words("_AND _OR _IMPLIES _IFF QMARK UNTIL RELEASES WEAK_UNTIL")),
    ("ASSIGN", "`=`", words("ASSIGN INCDEC DOT LSQB _MEMBER")),
)

WORDS: Final[dict[str, str]] = {
    "$END": "the end of the file",
    "NAME": "a name",
    "INT": "a number",
    "STRING": 'a text in quotes ("...")',
    "QUALIFIER": "`ghost`, `marked`, `per_task` or `per_group`",
    "OBJECT": "a kernel object (`rwsem`, `spinlock`, ...)",
    "FREEZER": "`legacy` or `v2`",
    "THREAD": "`thread`",
    "FAIRNESS": "`weak` or `strong`",
    "PROPERTY": "`invariant`, `never`, `cover` or `lemma`",
    "QUANTIFIER": "`forall` or `exists`",
    "COUNT": "`count`",
    "RCU": "`rcu`",
    "VERDICT": "`holds`, `violated`, `covered` or `unreachable`",
    "_AND": "`and`",
    "_OR": "`or`",
    "_IMPLIES": "`->`",
    "_MEMBER": "`->`",
    "NEXT": "`X`",
    "GLOBALLY": "`G`",
    "FINALLY": "`F`",
    "UNTIL": "`U`",
    "RELEASES": "`R`",
    "WEAK_UNTIL": "`W`",
    "COMPARE": "a comparison",
    "ADD": "`+`",
    "MUL": "`/`",
    "ASSIGN": "`=`",
    "INCDEC": "`++`",
}


def expected(accepts: Collection[str]) -> str:
    """What the grammar allows, as a list in words: groups first, then single tokens."""
    rest = set(accepts)
    choices: list[str] = []
    names = _names()
    roles = {terminal: _role(terminal, names) for terminal in accepts}
    for mark, title, members in GROUPS:
        if mark in {roles[terminal] for terminal in rest}:
            rest -= {terminal for terminal in rest if roles[terminal] in members}
            choices.append(title)
    if len(accepts) > 1:
        rest -= {"AT", "COST", "$END"}  # may stand in many places and are never what is missing
    order = sorted(rest, key=lambda terminal: (terminal == "$END", not _text(terminal, names)[1:2].isalpha(), terminal))
    choices.extend(_text(terminal, names) for terminal in order)
    unique = list(dict.fromkeys(choices))
    if len(unique) > MAX_CHOICES:
        unique = [*unique[: MAX_CHOICES - 1], "..."]
    return unique[0] if len(unique) == 1 else f"{', '.join(unique[:-1])} or {unique[-1]}" if unique else "nothing more"


def accepted_words(accepts: Collection[str]) -> list[str]:
    """The keywords among `accepts`, sorted."""
    return sorted(word for terminal in tables().terminals if terminal.name in accepts for word in spellings(terminal))


def fixed_texts(accepts: Collection[str]) -> frozenset[str]:
    """The texts of those terminals among `accepts` that have one text only."""
    names = _names()
    return frozenset(names[terminal] for terminal in accepts if terminal in names)


def shown(text: str) -> str:
    """A token as quoted in a message."""
    return f"`{text}`" if len(text) <= MAX_SHOWN else f"`{text[: MAX_SHOWN - 3]}...`"


def plain(text: str) -> str:
    """A token as part of a quoted text, cut when it is long."""
    return shown(text)[1:-1]


def _names() -> dict[str, str]:
    """Fixed texts of terminals by their names in the grammar."""
    return {terminal.name: terminal.text for terminal in tables().terminals if terminal.text}


def _role(terminal: str, names: dict[str, str]) -> str:
    """The name by which `GROUPS` knows a terminal; Lark numbers some whose name is taken."""
    text = names.get(terminal, "")
    return {"int": "INT_TYPE", "at": "AT_KEYWORD", "freezer": "FREEZER_KEYWORD"}.get(text, terminal)


def _text(terminal: str, names: dict[str, str]) -> str:
    """One terminal in words."""
    return WORDS.get(terminal) or f"`{names[terminal]}`"
