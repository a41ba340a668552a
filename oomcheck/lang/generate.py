"""The tables of the parser from the text of the grammar. Lark reads the grammar and builds the automaton.

Only this module needs Lark; what it makes is kept in the user's cache (`grammar.py`).
"""

from __future__ import annotations

import re
from operator import itemgetter
from typing import Final

from lark import Lark
from lark.grammar import Rule as LarkRule
from lark.grammar import Terminal as LarkTerminal
from lark.lexer import PatternStr, TerminalDef
from lark.parsers.lalr_analysis import IntParseTable, Shift

from oomcheck.lang.tables import Row, Rule, Tables, Terminal

STARTS: Final = ("model", "spec")

#: Terminals that are classes of tokens: the lexer knows them by their names.
CLASSES: Final = {
    "NAME": r"[A-Za-z_][A-Za-z0-9_]*",
    "INT": r"[0-9]+",
    "STRING": '"[^"\\n]*"',
    "WS": "[ \\t\x0c\\r\\n]+",
    "COMMENT": r"(?:\/\*(.|\n)*?\*\/|\/\/[^\n]*)",
}
MEMBER: Final = "_MEMBER"  # `->` where it stands between names


def read_grammar(text: str, strict: bool = False) -> Lark:
    """Lark's parser of both start rules; `strict` refuses every conflict but needs a package that only tests have."""
    return Lark(
        text,
        parser="lalr",
        start=list(STARTS),
        propagate_positions=True,
        maybe_placeholders=True,
        strict=strict,
    )


def generate(text: str) -> Tables:
    """The tables of a grammar; the same text gives the same tables."""
    made = read_grammar(text)
    table = made.parser.parser._parse_table
    rules = sorted(made.rules, key=lambda rule: (rule.origin.name, rule.order, [s.name for s in rule.expansion]))
    numbers = {rule: number for number, rule in enumerate(rules)}
    states = _numbered(table)
    rows: list[Row] = []
    for state in states:
        actions = sorted(table.states[state].items(), key=itemgetter(0))
        rows.append({symbol: states[arg] if kind is Shift else -1 - numbers[arg] for symbol, (kind, arg) in actions})
    ranked = sorted(made.terminals, key=_rank)
    return Tables(
        tuple(rows),
        tuple(_rule(rule) for rule in rules),
        tuple(_terminal(terminal) for terminal in ranked),
        {start: states[table.start_states[start]] for start in STARTS},
        {start: states[table.end_states[start]] for start in STARTS},
        next(terminal.pattern.value for terminal in ranked if terminal.name == MEMBER),
    )


def _numbered(table: IntParseTable) -> dict[int, int]:
    """Lark's states with numbers of their own, breadth first: Lark numbers them in another order each time."""
    found = [table.start_states[start] for start in STARTS]
    known = set(found)
    for state in found:
        for _, (kind, arg) in sorted(table.states[state].items(), key=itemgetter(0)):
            if kind is Shift and arg not in known:
                known.add(arg)
                found.append(arg)
    return {state: number for number, state in enumerate(found)}


def _rank(terminal: TerminalDef) -> tuple[int, int, int, str]:
    """The order in which Lark's lexer tries terminals."""
    pattern = terminal.pattern
    return -terminal.priority, -pattern.max_width, -len(pattern.value), terminal.name


def _terminal(terminal: TerminalDef) -> Terminal:
    """A terminal with all its texts."""
    name, pattern = terminal.name, terminal.pattern
    value = pattern.value.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    if isinstance(pattern, PatternStr):
        word = pattern.value.isidentifier()
        text = (pattern.value,)
        return Terminal(name, pattern.value, text * word, text * (not word), False, word and terminal.priority > 0)
    if name in CLASSES:
        assert value == CLASSES[name], f"the lexer reads {name} as {CLASSES[name]}"
        return Terminal(name, "", (), (), False, False)
    if name == MEMBER:
        return Terminal(name, "", (), ("->",), False, False)
    texts = _alternatives(pattern.value)
    words = tuple(text for text in texts if text.isidentifier())
    marks = tuple(text for text in texts if text not in words)
    assert all(re.fullmatch(pattern.value, text) for text in texts), f"{name} is no choice between texts"
    assert not any(re.match(pattern.value, f"{word}x") for word in words), f"{name} needs \\b after its words"
    return Terminal(name, "", words, marks, True, False)


def _alternatives(pattern: str) -> tuple[str, ...]:
    """The texts of a choice between words, each with a word boundary behind it, and signs; in its order."""
    texts = [""]
    for part in re.findall(r"\\.|[(][?]:|.", pattern):
        if part == "|":
            texts.append("")
        elif part not in ("\\b", "(?:", "(", ")"):
            texts[-1] += part[-1]
    return tuple(texts)


def _rule(rule: LarkRule) -> Rule:
    """What Lark's tree builder does at a reduction (lark/parse_tree_builder.py)."""
    options = rule.options
    absent = [0]
    for missing in options.empty_indices or [False] * len(rule.expansion):
        if missing:
            absent[-1] += 1
        else:
            absent.append(0)
    keep: list[tuple[int, bool, int]] = []
    nones = 0
    for place, symbol in enumerate(rule.expansion):
        nones += absent[place]
        if options.keep_all_tokens or not (isinstance(symbol, LarkTerminal) and symbol.filter_out):
            keep.append((place, not symbol.is_term and symbol.name.startswith("_"), nones))
            nones = 0
    nones += absent[len(rule.expansion)]
    whole = not nones and keep == [(place, False, 0) for place in range(len(rule.expansion))]
    name = rule.alias or options.template_source or rule.origin.name
    single = bool(options.expand1 and not rule.alias)
    return Rule(rule.origin.name, len(rule.expansion), str(name), single, None if whole else tuple(keep), nones)
