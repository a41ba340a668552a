"""Texts made fit for a page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oomcheck.report.wording import NO_BREAK, flow, place, plain, shorten, wrap


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 10, [""]),
        ("kills++", 16, ["kills++"]),
        ("set_bit(TIF_MEMDIE, tif(t))", 20, ["set_bit(TIF_MEMDIE,", "  tif(t))"]),
        ("test_and_set_bit(QUEUED, flags)", 20, ["test_and_set_bit(", "  QUEUED, flags)"]),
        ("MMF_OOM_REAP_QUEUED_AGAIN", 16, ["MMF_OOM_REAP_", "  QUEUED_AGAIN"]),
        ("x" * 20, 16, ["x" * 14, "  " + "x" * 6]),
        (f"state: RUNNING{NO_BREAK}->{NO_BREAK}FROZEN", 20, ["state:", f"  RUNNING{NO_BREAK}->{NO_BREAK}FROZEN"]),
        (f": {NO_BREAK}->{NO_BREAK}mm.flags.MMF_OOM_SKIP", 16, [": -> mm.flags.", "  MMF_OOM_SKIP"]),
        ("a b c d e f g h i j k l m n o p", 4, ["a b", "  c", "  d", " ..."]),
    ],
)
def test_wrap(text: str, width: int, lines: list[str]) -> None:
    """Lines break at spaces, then at punctuation, then at underscores, then anywhere; what is too long is cut."""
    assert wrap(text, width) == lines


@given(text=st.text(st.sampled_from("ab_(),. " + NO_BREAK)), width=st.integers(8, 30))
def test_wrap_keeps_every_character(text: str, width: int) -> None:
    """No line is too long or blank, and none but blanks are lost."""
    lines = wrap(text, width, max_lines=None)
    assert all(len(line) <= width for line in lines)
    assert lines == [""] or all(line.strip() for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("width", "shown"),
    [(40, "[mm/oom_kill.c:oom_reaper]"), (25, "[oom_kill.c:oom_reaper]"), (16, "[oom_reaper]"), (9, "[oom_...]")],
)
def test_place(width: int, shown: str) -> None:
    """A kernel reference loses its folder first, then its file; the function stays longest."""
    assert place("mm/oom_kill.c:oom_reaper", width) == shown


def test_plain() -> None:
    """Control characters are escaped, line ends become blanks; ASCII only on request."""
    assert plain("a\nb\x1b[2J≤\u202e", ascii_only=False) == "a b\\x1b[2J≤\\u202e"
    assert plain("≤", ascii_only=True) == "\\u2264"


def test_shorten_and_flow() -> None:
    """A text is cut at its end; pieces stay whole as long as they fit."""
    assert (shorten("oom_reaper", 10), shorten("oom_reaper", 9)) == ("oom_reaper", "oom_re...")
    assert flow(["held: none", "", "waits: none", "timer: not armed"], 30, "  ") == [
        "  held: none   waits: none",
        "  timer: not armed",
    ]
