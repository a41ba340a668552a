"""Habits from other languages, as a table: what was written, and how it is written here."""

from __future__ import annotations

from string import Template
from typing import Final

from oomcheck.diag.diagnostic import Diagnostic
from oomcheck.lang.syntax_runs import TABLE as RUNS
from oomcheck.lang.syntax_runs import TIMING_ORDER, Habit
from oomcheck.lang.syntax_spot import Spot
from oomcheck.lang.syntax_words import plain, words

PROPERTIES: Final = words("invariant never cover lemma deadlock_free ltl leads_to within bound")
COMPARISONS: Final = words("== != < <= > >=")


TABLE: Final[tuple[Habit, ...]] = (
    Habit(
        lambda s: s.found == "=>", "`=>` is not an operator", "write `->` for implication, `>=` for greater or equal"
    ),
    Habit(lambda s: s.found == "==" and s.middle, "`==` compares; here `=` is meant", "write `=`"),
    Habit(
        lambda s: s.found == "=" and s.text(-1) in ("==", "!=") and s.adjacent(-1),
        "`$before=` is not an operator",
        "write `$before`",
    ),
    Habit(lambda s: s.found == "=" and s.text(-1) == ":" and s.adjacent(-1), "`:=` is not an operator", "write `=`"),
    Habit(
        lambda s: s.found in ("<", ">") and s.text(-1) == s.found and s.adjacent(-1),
        "`$found$found` is not an operator",
        "there are no bit operations; multiply or divide by a power of two",
    ),
    Habit(
        lambda s: s.found in ("<", ">") and s.text(1) == s.found + "=" and s.adjacent(0),
        "`$found$after` is not an operator",
        "the assignments are `=`, `+=` and `-=`",
    ),
    Habit(lambda s: s.found == ">" and s.text(-1) == "<" and s.adjacent(-1), "`<>` is not an operator", "write `!=`"),
    Habit(lambda s: s.found == ">" and s.text(-1) == "<=" and s.adjacent(-1), "`<=>` is not an operator", "write `==`"),
    Habit(
        lambda s: s.found in COMPARISONS and "_AND" in s.accepts and "COMPARE" not in s.accepts,
        "comparisons do not chain",
        "write `a < b and b < c`",
    ),
    Habit(
        lambda s: s.found in ("&", "|") and "_AND" in s.accepts,
        "`$found` is not an operator between values",
        "write `and` or `or` for conditions; bits of a flag word are read with test_bit(BIT, word)",
    ),
    Habit(
        lambda s: s.found == "=" and s.text(-1) in ("*", "/", "%", "&", "|") and s.adjacent(-1),
        "`$before=` is not an operator",
        "the assignments are `=`, `+=` and `-=`",
    ),
    Habit(
        lambda s: s.found in ("*", "/", "%", "&", "|") and s.text(1) == "=" and s.adjacent(0),
        "`$found=` is not an operator",
        "the assignments are `=`, `+=` and `-=`",
    ),
    Habit(
        lambda s: s.found in ("++", "--") and bool(s.words) and (s.word(-1) or s.text(-1) == "]"),
        "`$before$found` has no value",
        "make it a statement of its own",
    ),
    Habit(
        lambda s: s.found in ("++", "--") and not s.words, "`$found` stands behind the variable", "write `$after$found`"
    ),
    Habit(lambda s: s.found in ("++", "--"), "`$found` has no value", "make it a statement of its own"),
    Habit(
        lambda s: s.found == "=" and s.words[:1] == ("param",) and bool({"in", ">="} & set(s.words)),
        "the default of a parameter stands before its range",
        "write `param int NAME = DEFAULT in LOW .. HIGH;`",
    ),
    Habit(
        lambda s: s.found == "=" and "COMPARE" in s.accepts and s.assigns,
        "a second `=` in one statement",
        "write two statements; comparisons are written `==`",
    ),
    Habit(lambda s: s.found == "=" and "COMPARE" in s.accepts, "`=` does not compare", "write `==`"),
    Habit(
        lambda s: s.found == "->" and s.word(-1) and "ASSIGN" in s.accepts,
        "`->` with blanks around it is implication",
        "write `$before->$after` without blanks",
    ),
    Habit(
        lambda s: s.found == "." and s.number(-1) and s.adjacent(-1),
        "numbers are whole",
        "scale the values; a range is written `1 .. 4`",
    ),
    Habit(lambda s: s.found == "." and s.text(-1) == "..", "`...` is not a range", "write `LOW .. HIGH`"),
    Habit(
        lambda s: s.found in ("to", ":", ",", "-") and s.wants(".."),
        "expected `..`, found `$found`",
        "a range is written `1 .. 4`",
    ),
    Habit(
        lambda s: s.found == ".." and s.word(-1) and s.text(-2) == "int",
        "a name as lower bound needs parentheses",
        "write `int ($before)..HIGH NAME`",
    ),
    Habit(lambda s: s.text(-1) == "@", "a source reference stands in quotes", 'write `@ "mm/oom_kill.c:function"`'),
    Habit(
        lambda s: s.found in ("forall", "exists") and "LPAR" in s.accepts,
        "`$found` inside of an expression needs parentheses",
        "write `($found x in S : CONDITION)`",
    ),
    Habit(
        lambda s: s.found == "," and s.inside_body and s.assigns,
        "expected `;`, found `,`",
        "write two statements",
    ),
    Habit(
        lambda s: (
            s.found in ("=", "+=", "-=", "++", "--")
            and s.text(-1) == ")"
            and "COMPARE" not in s.accepts
            and s.inside_body
        ),
        "expected `;`, found `$found`",
        "only variables, elements and fields can be assigned",
    ),
    Habit(lambda s: s.found == "}" and s.text(-1) == ":", "expected a statement, found `}`", "write `skip;` before it"),
    Habit(
        lambda s: s.text(-1) == "->" and s.adjacent(-2) and s.text(-2) != "<" and not s.word(0),
        "expected the name of a field, found `$found`",
        "",
    ),
    Habit(
        lambda s: s.found in ("int", "bool") and s.text(-1) == "(" and "INT" in s.accepts,
        "there are no casts",
        "leave out `($found)`",
    ),
    Habit(lambda s: s.found == "void" and s.text(-1) == "(", "no `void` for an empty list", "write `()`"),
    Habit(
        lambda s: s.found == "*" and s.text(-1) in ("int", "bool", "void"),
        "there are no pointers to `$before`",
        "pointers lead to structures (`S *p`), threads (`task *t`) or, as arguments, kernel objects",
    ),
    Habit(
        lambda s: s.found == "*" and s.text(-1) == "," and "*" in s.words,
        "one pointer for each declaration",
        "write a declaration of its own for `$after`",
    ),
    Habit(
        lambda s: s.found == "*" and ("INT" in s.accepts or not s.words),
        "pointers are not followed with `*`",
        "write `$after->FIELD`",
    ),
    Habit(
        lambda s: s.found == "{" and s.text(-1) == "=" and "INT" in s.accepts,
        "no lists as values",
        "one initial value stands for all elements: `int 0..3 a[4] = 0;`",
    ),
    Habit(
        lambda s: s.found == "(" and s.words[:1] in (("thread",), ("kthread",), ("env",)) and len(s.words) == 2,
        "threads take no arguments",
        "write `$first $before { ... }`, or `$first $before[2]` for two instances",
    ),
    Habit(
        lambda s: s.text(0)[:1] == '"' and "INT" in s.accepts,
        "a text cannot be a value",
        "texts stand behind `assert CONDITION`, `@` and in specs",
    ),
    Habit(
        lambda s: s.found == "," and s.words[:1] == ("assert",),
        "expected `)`, found `,`",
        'write `assert CONDITION "why";`',
    ),
    Habit(
        lambda s: s.found == "[" and s.text(-1) in ("int", "bool"),
        "the size of an array stands behind its name",
        "write `$before NAME[$after]`",
    ),
    Habit(
        lambda s: s.found == ":" and s.text(1) == "=" and s.adjacent(0),
        "`:=` is not an operator",
        "write `=`",
    ),
    Habit(
        lambda s: s.text(-1) == "each" and s.word(0),
        "expected `thread`, found `$found`",
        "write `for each thread $found`",
    ),
    Habit(
        lambda s: s.start == "spec" and s.found == "=" and s.words[:1] != () and s.words[0] in PROPERTIES,
        "expected `:`, found `=`",
        "write `$first NAME : CONDITION;`",
    ),
    Habit(
        lambda s: s.start == "spec" and s.text(-1) in PROPERTIES | {"check"} and len(s.words) == 1,
        "`$before` needs a name",
        "write `$before NAME : ...;`",
    ),
    Habit(
        lambda s: (
            s.words[:1] == ("check",)
            and not s.wants(":")
            and s.found in ("with", "without", "timed", "untimed", "quick", "expect", "because")
        ),
        "`$found` comes too late",
        TIMING_ORDER,
    ),
    Habit(
        lambda s: s.text(-1) in ("if", "while") and s.found != "(",
        "expected `(` after `$before`",
        "conditions stand in parentheses",
    ),
    Habit(
        lambda s: (
            s.found in ("=", "in", ">=")
            and s.words[:1] == ("param",)
            and len(s.words) == 2
            and s.words[1] not in ("int", "bool", "enum")
        ),
        "a parameter needs a type",
        "write `param int $before` or `param bool $before`",
    ),
    Habit(
        lambda s: s.found == "-" and s.words[:1] in (("model",), ("library",)),
        "expected `;`, found `-`",
        "names consist of letters, digits and `_`",
    ),
    Habit(
        lambda s: s.text(-1) == "expect" and s.word(0),
        "expected a verdict, found `$found`",
        "write `expect` with `holds`, `violated`, `covered` or `unreachable`",
    ),
)


def habit(spot: Spot) -> Diagnostic | None:
    """The first entry of the tables that applies."""
    for entry in (*RUNS, *TABLE):
        if entry.applies(spot):
            names = {
                "found": plain(spot.found),
                "before": plain(spot.text(-1)),
                "after": plain(spot.text(1) or "NAME"),
                "first": spot.words[0] if spot.words else "",
            }
            message, hint = (Template(text).substitute(names) for text in (entry.message, entry.hint))
            return spot.problem(message, hint, code=entry.code)
    return None
