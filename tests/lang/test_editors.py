"""The editors know the words of the grammar."""

from __future__ import annotations

import json
import re
from pathlib import Path

from oomcheck.lang.grammar import keywords

EDITORS = Path(__file__).parents[2] / "editors"


def test_vim_knows_all_keywords() -> None:
    """Each keyword of the grammar is in one group of the Vim file, and no other word is."""
    text = (EDITORS / "vim" / "syntax" / "oom.vim").read_text(encoding="utf-8")
    groups = re.findall(r"^syntax keyword oom(?!Todo)\w+ (.*)$", text, re.MULTILINE)
    words = " ".join(groups).split()
    assert sorted(words) == sorted(keywords())


def test_textmate_knows_all_keywords() -> None:
    """The same for the TextMate grammar, whose expressions are valid."""
    grammar = json.loads((EDITORS / "textmate" / "oom.tmLanguage.json").read_text(encoding="utf-8"))
    words: list[str] = []
    for pattern in grammar["patterns"]:
        expression = pattern.get("match", pattern.get("begin"))
        re.compile(expression)
        if found := re.fullmatch(r"\\b\(\?:(.*)\)\\b", expression):
            words += found.group(1).split("|")
    assert sorted(words) == sorted(keywords())
