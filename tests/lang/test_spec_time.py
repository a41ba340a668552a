"""Properties that compare jiffies with a deadline are asked in timed checks only."""

from __future__ import annotations

from pathlib import Path

import pytest

from oomcheck.check import check_files
from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.load import read_spec
from oomcheck.lang.spec import Check, mode_of, plan
from oomcheck.result.verdict import Word, word
from oomcheck.rows import Options

MODEL = """model m;
ghost deadline end;
marked bool x;
define passed = time_after(jiffies, end);
thread t { end = jiffies + 3; delay(2); x = true; x = false; }
"""
SPEC = """spec for "m.oom";
define over = x and passed;
invariant in_time "jiffies in a sentence is no comparison" : x -> time_before(jiffies, end);
never late : over;
never other "jiffies" : x and !x;
"""


def planned(folder: Path, checks: str) -> tuple[Check, ...]:
    """The checks of the spec above with these at its end."""
    (folder / "m.oom").write_text(MODEL, encoding="utf-8")
    path = folder / "m.oomspec"
    path.write_text(SPEC + checks, encoding="utf-8")
    tree, _ = read_spec(path)
    return plan(tree, str(path), load_model(folder / "m.oom", {}), {}).checks


@pytest.mark.parametrize(("named", "timed"), [("in_time", True), ("late", True), ("other", False)])
def test_a_comparison_makes_its_check_timed(named: str, timed: bool, tmp_path: Path) -> None:
    """Also one that stands in a macro of the spec or of the model."""
    checks = planned(tmp_path, f"check c : {named};\n")
    assert mode_of(checks[0], load_model(tmp_path / "m.oom", {})).timed is timed


@pytest.mark.parametrize("named", ["in_time", "late"])
def test_an_untimed_check_of_it_is_an_error(named: str, tmp_path: Path) -> None:
    """It says which property compares times."""
    with pytest.raises(OomcheckError) as caught:
        planned(tmp_path, f"check c : {named} untimed;\n")
    assert caught.value.diagnostics[0].code == "E0407"
    assert caught.value.diagnostics[0].message == f"`{named}` compares times, but the check is untimed"


def test_other_checks_of_the_spec_stay_untimed(tmp_path: Path) -> None:
    """Timed and untimed checks side by side, each with its verdict."""
    checks = "check a : in_time, late timed slack 0 expect holds;\ncheck b : in_time timed slack 1 expect violated;\n"
    planned(tmp_path, checks + "check c : other untimed expect holds;\n")
    results = check_files(tmp_path / "m.oom", (tmp_path / "m.oomspec",), Options()).results
    named = {"in_time", "late", "other"}
    assert [(r.identity.split("/")[1], word(r.verdict), r.timing) for r in results if r.prop in named] == [
        ("a", Word.HOLDS, "timed, slack 0"),
        ("a", Word.HOLDS, "timed, slack 0"),
        ("b", Word.VIOLATED, "timed, slack 1"),
        ("c", Word.HOLDS, "untimed"),
    ]
