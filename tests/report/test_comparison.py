"""Comparisons as text and as JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from oomcheck.comparing.compare import Comparison, compare
from oomcheck.comparing.course import Difference, Divergence, Reason
from oomcheck.comparing.pairs import pairs_of
from oomcheck.comparing.sides import read_side, read_specs
from oomcheck.report.comparison import ComparisonOptions, divergence_text, render_comparison
from oomcheck.report.comparison_json import render_comparison_json
from oomcheck.rows import Options
from tests.cli.samples import put
from tests.comparing.samples import FIX, FIX_SPEC, compared
from tests.conftest import Golden

SCHEMA = Path(__file__).parents[2] / "oomcheck" / "result" / "compare.schema.json"


@pytest.fixture
def fixed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Comparison:
    """A model without and with its fix, by relative paths."""
    monkeypatch.chdir(tmp_path)
    put(tmp_path, "fix.oom", FIX)
    put(tmp_path, "fix.oomspec", FIX_SPEC)
    sides = read_side("A", Path("fix.oom"), {}, ()), read_side("B", Path("fix.oom"), {"FIX": "true"}, ())
    specs = read_specs([Path("fix.oomspec")], sides)
    return compare(*sides, specs, Options(engine="reference"), None, with_texts=True)


def as_json(found: Comparison) -> dict[str, Any]:
    """The JSON object, which fits its schema."""
    text = render_comparison_json(found, "1.0")
    assert text.isascii()
    value: dict[str, Any] = json.loads(text)
    jsonschema.validate(value, json.loads(SCHEMA.read_text(encoding="utf-8")))
    return value


def test_text(fixed: Comparison, golden: Golden) -> None:
    """Rows that differ with both verdicts, one schedule up to the divergence, and how both sides go on."""
    golden(render_comparison(fixed), "report/compare.txt")


def test_verbose(fixed: Comparison) -> None:
    """All rows of sanitizers are told on request; without, how many there are."""
    short, long = (render_comparison(fixed, ComparisonOptions(verbose=verbose)) for verbose in (False, True))
    assert "and 9 rows of sanitizers, the same on both sides (-v shows them)" in short
    assert "same fix/both/uninit: HOLDS (A 10 states, depth 4; B 14 states, depth 7)" in " ".join(long.split())
    assert "-v shows them" not in long


def test_json(fixed: Comparison) -> None:
    """The same as JSON, by its schema."""
    value = as_json(fixed)
    assert value["exit_code"] == 1
    assert [value[side]["given"] for side in "ab"] == [{}, {"FIX": "true"}]
    row = value["rows"][0]
    assert (row["id"], row["relation"]) == ("fix/both/seen", "different")
    assert [row[side]["verdict"] for side in "ab"] == ["violated", "holds"]
    schedule = value["schedule"]
    assert schedule["followed"] == [
        {"step": 1, "process": "one", "own": "x = 1", "other": "x = 1", "extra": ["mutex_lock(m)"]}
    ]
    assert schedule["divergence"]["message"] == "in B it cannot move: waits for m, held by one"
    assert schedule["divergence"]["facts"]["other"][0] == {"view": "held", "process": "one", "text": "m"}
    assert value["texts"]["files"] == []
    assert len(value["texts"]["statements"]) == 4


def test_follows_to_the_end(tmp_path: Path) -> None:
    """Where the other side follows, the text says whether the property is violated there, too."""
    a = "model a;\nint 0..3 x;\nmarked int 0..3 y;\nthread one { x = 1; }\nthread two { y = 1; x = 2; }\n"
    found = compared(tmp_path, a, a.replace("y = 1;", "").replace("int 0..3 x", "marked int 0..3 x"), select=("race",))
    lines = render_comparison(found, ComparisonOptions(width=120)).splitlines()
    (title,) = [line for line in lines if line.startswith("the schedule of A")]
    assert title == (
        "the schedule of A for model/default/race, taken on B: B follows to the end, 1 step only in A, and race is not "
        "violated"
    )
    assert lines[lines.index(title) + 1 :][:4] == [
        "  there by it",
        "  only in A, step 1: two: y = 1",
        "  variables that differ at the end (A, B):",
        "    y (1, 0) since step 1",
    ]
    assert as_json(found)["schedule"]["decides"] is False


def test_same_models(tmp_path: Path) -> None:
    """Nothing differs: no schedule, and the texts are the same."""
    found = compared(tmp_path, FIX, FIX)
    text = render_comparison(found)
    assert "the models are the same, text and statements" in text
    assert text.endswith("9 rows: 9 same; exit 0: all verdicts are the same\n")
    assert as_json(found)["schedule"] is None


def test_partial(fixed: Comparison) -> None:
    """An interrupted comparison says that rows may be missing."""
    reports = fixed.reports[0], replace(fixed.reports[1], partial="interrupted", results=())
    found = replace(fixed, reports=reports, pairs=pairs_of(*reports), schedule=None)
    text = render_comparison(found)
    assert "PARTIAL (interrupted): these are not all rows of B" in text
    assert "exit 130: interrupted; the rows are not all" in text
    assert as_json(found)["exit_code"] == 130


def test_unprintable_paths(fixed: Comparison) -> None:
    """No path steers the terminal."""
    odd = replace(fixed.a, model=Path("\x1b[2Jü.oom"))
    text = render_comparison(replace(fixed, a=odd), ComparisonOptions(ascii_only=True))
    assert text.startswith("A  \\x1b[2J\\xfc.oom\n")
    assert text.isascii()


@pytest.mark.parametrize(
    ("reason", "possible", "why", "message"),
    [
        (Reason.OUTCOME, ("x is 0",), (), "in B: x is 0"),
        (Reason.EFFECT, ("x = k",), (), "in B the same step leaves x = 2"),
        (Reason.BLOCKED, (), ("waits for m", "frozen (F)"), "in B it cannot move: waits for m; frozen (F)"),
        (Reason.BLOCKED, (), (), "in B it cannot move"),
        (Reason.ENDED, (), (), "in B it has ended"),
        (Reason.FAULT, (), ("null: p is NULL",), "in B it runs into a fault: null: p is NULL"),
        (Reason.ELSEWHERE, ("y = 1", "y = 2"), (), "in B it stands elsewhere and can take: y = 1 or y = 2"),
        (Reason.MISSING, (), (), "in B there is no such thread"),
    ],
)  # fmt: skip
def test_sentences(reason: Reason, possible: tuple[str, ...], why: tuple[str, ...], message: str) -> None:
    """Each reason in words."""
    effects = (Difference("x", "1", "2", 1),) if reason is Reason.EFFECT else ()
    found = Divergence(reason, 1, "one", "x = k", possible, why, (), effects, (), (), (), ())
    assert divergence_text(found, "B") == message
