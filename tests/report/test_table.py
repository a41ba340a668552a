"""The checks of a gate as a table to be read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oomcheck.gate.subjects import Asked, Subject
from oomcheck.report.markdown import escape
from oomcheck.report.table import Found, cell, found_in, link, recorded, render_table
from oomcheck.result.gated import Gated, GateReport
from oomcheck.result.verdict import Violated, Word
from tests.report.reports import HOLDS, full_report

RACE = Subject(
    "race",
    "museum/race",
    "specs/museum/race.oomspec",
    "models/museum/race.oom",
    "race",
    "linux v4.15",
    ("P1", "P4"),
    (
        Asked("old", 3, ("p", "q"), "FIX = OLD; timed slack 1", "nobody waits for the <reader> | any_more"),
        Asked("new", 5, ("p",), "FIX in { NEW, NEWER }", "somebody does"),
        Asked("seen", 7, ("s",), "", "not empty"),
        Asked("more", 9, (), "", ""),
    ),
)
OTHER = replace(
    RACE, name="other", spec="specs/other.oomspec", kernel="", about=(), checks=(Asked("c", 1, (), "A = 1", "why"),)
)
FOUND = {
    "race/old/q": Found(Word.VIOLATED, "explicit", 40, 0.04),
    "race/old/p[N=1]": Found(Word.VIOLATED, "explicit", 12345, 1.26),
    "race/old/p[N=2]": Found(Word.HOLDS, "explicit", 7, 0.0),
    "race/new/p[FIX=NEW]": Found(Word.HOLDS, "explicit", 99, 0.1),
    "race/new/p[FIX=NEWER]": Found(Word.HOLDS, "kind", 0, 0.2),
    "race/seen/s": Found(Word.COVERED, "explicit", 9, 0.1),
    "race/more/t": Found(Word.UNREACHABLE, "explicit", 5, 0.1),
    "race/more/u": Found(Word.UNKNOWN, "pdr", 0, 9.96),
    "race/default/lemma": Found(Word.PROVED, "kind", 0, 0.3),
    "other/c/p": Found(Word.HOLDS, "explicit", 4, 0.0),
    "elsewhere/c/p": Found(Word.VIOLATED, "explicit", 4, 0.0),
}
RACE_LINKS = "[`race`](../models/museum/race.oom) [`spec`](../specs/museum/race.oomspec) P1, P4"


def test_rows() -> None:
    """What is violated or unknown has rows of its own in the order of the spec, the rest one for each verdict."""
    assert render_table((RACE, OTHER), FOUND, Path("docs")) == [
        "| model | kernel | check | property | verdict | engine | states | s | story |",
        "| --- | --- | --- | --- | --- | --- | ---: | ---: | --- |",
        f"| {RACE_LINKS} | linux v4.15 | `old`: FIX = OLD; timed slack 1 | `p`, `q` | VIOLATED "
        "| explicit | 12,345 | 1.3 "
        r"| nobody waits for the &lt;reader&gt; \| any_more |",
        "|  |  | `more` | `u` | UNKNOWN | pdr |  | 10.0 |  |",
        "|  |  | `old`, `new` | `p` | HOLDS | explicit, kind | 99 | 0.2 |  |",
        "|  |  | `default` | `lemma` | PROVED | kind |  | 0.3 |  |",
        "|  |  | `more` | `t` | UNREACHABLE | explicit | 5 | 0.1 |  |",
        "| [`race`](../models/museum/race.oom) [`other`](../specs/other.oomspec) |  "
        "| `c`: A = 1 | `p` | HOLDS | explicit | 4 | 0.0 | why |",
    ]


def test_a_list_of_verdicts_gives_the_same_rows() -> None:
    """In whatever order; numbers and engines are left empty."""
    verdicts = {identity: found.word.value for identity, found in sorted(FOUND.items(), reverse=True)}
    rows = render_table((RACE,), recorded(verdicts), Path("docs"))
    assert [row.split(" | ")[2:5] for row in rows] == [
        row.split(" | ")[2:5] for row in render_table((RACE,), FOUND, Path("docs"))
    ]
    assert rows[4] == "|  |  | `old`, `new` | `p` | HOLDS |  |  |  |  |"


def test_no_results() -> None:
    """A spec without results has no row: the gate says that it was not checked."""
    assert len(render_table((RACE,), {}, Path("."))) == 2


def test_found_in_a_gate() -> None:
    """States are those of full searches only."""
    violated = next(one for one in full_report().results if isinstance(one.verdict, Violated))
    violated = replace(violated, exhaustive=True)
    partial = replace(violated, identity="a/c/part", exhaustive=False)
    report = replace(full_report(), results=(HOLDS, violated, partial))
    gate = GateReport("specs", (Gated("a", "m", report), Gated("b", "m", None, failure="died")))
    assert found_in(gate) == {
        HOLDS.identity: Found(Word.HOLDS, HOLDS.engine, HOLDS.states, HOLDS.seconds),
        violated.identity: Found(Word.VIOLATED, violated.engine, violated.states, violated.seconds),
        "a/c/part": Found(Word.VIOLATED, violated.engine, 0, violated.seconds),
    }


def test_link() -> None:
    """Links are relative to the page, and whatever is in a path stays in it."""
    assert link("`a`", "specs/a b).oomspec", Path("models"), 7) == "[`a`](../specs/a%20b%29.oomspec#L7)"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("tsk->mm is read (mm_users: 2)", "tsk-&gt;mm is read (mm_users: 2)"),
        ("__thaw_task() _a_ a_", r"\_\_thaw_task() \_a\_ a\_"),
        ("a | b [x](y) `c` *d* :e: $f$ #1 @g", r"a \| b \[x\](y) \`c\` \*d\* \:e: \$f\$ \#1 \@g"),
        (r"\( \\", r"\\( \\\\"),
        ("", ""),
    ],
)
def test_cell(text: str, shown: str) -> None:
    """Only what Markdown would take for a mark is escaped."""
    assert cell(text) == shown


@given(text=st.text(alphabet=r"ab_\|(!:= -+", max_size=12))
def test_cell_says_what_escape_says(text: str) -> None:
    """Without the backslashes it is the same text, and no bar is bare."""
    stripped = cell(text).replace("\\\\", "\0").replace("\\", "").replace("\0", "\\")
    assert stripped == escape(text).replace("\\\\", "\0").replace("\\", "").replace("\0", "\\") == text
    assert "|" not in cell(text).replace("\\\\", "").replace("\\|", "")
