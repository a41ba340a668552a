"""`oomcheck compare` as a command."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from oomcheck.cli.main import main
from tests.cli.samples import ENDLESS, put
from tests.comparing.samples import FIX, FIX_SPEC

ROOT = Path(__file__).parents[2]


def files(folder: Path) -> list[str]:
    """The model twice, as arguments; its spec lies beside it."""
    put(folder, "fix.oomspec", FIX_SPEC)
    return [str(put(folder, "fix.oom", FIX))] * 2


def test_verdicts_that_differ(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1 as of diff; flags and specs come in any order."""
    spec = str(tmp_path / "fix.oomspec")
    code = main(["compare", *files(tmp_path), "-a", "FIX=false", "-b", "FIX=true", spec])
    out = capsys.readouterr().out
    assert code == 1
    assert out.startswith(f"A  {tmp_path}/fix.oom FIX=false\nB  {tmp_path}/fix.oom FIX=true\n")
    assert out.endswith("11 rows: 1 different, 10 same; exit 1: some verdicts differ\n")


def test_same_verdicts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 0, and what is set for both sides is set on both."""
    code = main(["compare", *files(tmp_path), str(tmp_path / "fix.oomspec"), "-c", "FIX=true", "--format", "json"])
    value = json.loads(capsys.readouterr().out)
    assert (code, value["exit_code"]) == (0, 0)
    assert [value[side]["params"]["FIX"] for side in "ab"] == ["true", "true"]


def test_a_side_wins_over_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """-b overrides -c."""
    main(["compare", *files(tmp_path), "-c", "FIX=true", "-b", "FIX=false", "--format", "json"])
    value = json.loads(capsys.readouterr().out)
    assert [value[side]["given"]["FIX"] for side in "ab"] == ["true", "false"]


def test_unknown_verdicts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 3 if nothing differs but something is not known."""
    model = str(put(tmp_path, "endless.oom", ENDLESS))
    code = main(["compare", model, model, "--max-states", "1000", "-p", "deadlock"])
    assert code == 3
    assert "undecided  model/default/deadlock" in capsys.readouterr().out


def test_given_schedule(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--trace says which schedule is taken on both sides; it may be about a row that does not differ."""
    model, _ = files(tmp_path)
    spec = str(tmp_path / "fix.oomspec")
    main(["check", model, spec, "-p", "goes", "-o", str(tmp_path / "out")])
    capsys.readouterr()
    saved = str(tmp_path / "out" / "fix" / "both" / "goes.json")
    code = main(["compare", model, model, spec, "-b", "FIX=true", "-p", "goes", "--trace", saved])
    out = capsys.readouterr().out
    assert code == 0
    assert "the schedule of A for fix/both/goes, taken on B" in out
    assert "goes is covered there, too" in " ".join(out.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-b", "FIX"], "`-b FIX` is not of the form NAME=VALUE"),
        (["-a", "FIX=7"], "FIX"),
        (["--trace", "nowhere.json"], "cannot read nowhere.json"),
        (["-p", "nothing"], "nothing"),
        (["nowhere.oomspec"], "cannot read nowhere.oomspec"),
        (["--spill", "somewhere"], "--spill and --resume are for one search"),
        (["--width", "10"], "--width is at least 40, found 10"),
    ],
)
def test_wrong_input(tmp_path: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2 with a message, and nothing on the standard output."""
    assert main(["compare", *files(tmp_path), *arguments]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert message in told.err


def test_the_series_against_what_was_merged(capsys: pytest.CaptureFixture[str]) -> None:
    """v5 reads a variable that nobody wrote; the merged series has no such branch, and follows the rest."""
    models = [str(ROOT / "models" / f"oom_{name}.oom") for name in ("series_v5", "v6_18")]
    code = main(["compare", *models, "-b", "FREEZE=ANY_TIME", "-p", "uninit", "--format", "json"])
    value = json.loads(capsys.readouterr().out)
    assert code == 1
    (row,) = value["rows"]
    assert (row["a"]["verdict"], row["b"]["verdict"]) == ("violated", "holds")
    assert row["a"]["source"] == "mm/oom_kill.c:should_delay_oom_reap"
    schedule = value["schedule"]
    assert (schedule["divergence"], schedule["decides"]) == (None, False)
    alone = [one["own"] for one in schedule["followed"] if one["other"] is None]
    assert alone == [
        "__thaw_task(tsk)",
        "tsk->mm is &victim_mm",
        "frozen(tsk) is true",
        "refcount_read(mm->mm_users) is 2",
        "rcu_read_lock()",
    ]
    instead = {one["own"]: one["extra"] for one in schedule["followed"] if one["extra"]}
    assert instead == {
        "__thaw_task(tsk)": [
            "rcu_read_lock()",
            "__thaw_task(victim.t[0])",
            "__thaw_task(victim.t[1])",
            "rcu_read_unlock()",
        ],
        "tsk->mm is &victim_mm": ["mod_timer(tsk->oom_reaper_timer, jiffies + expires)"],
    }


def test_first_divergence_of_the_series(capsys: pytest.CaptureFixture[str]) -> None:
    """As the models stand, the victim of the merged one freezes before the kill, so v5's schedule ends early."""
    models = [str(ROOT / "models" / f"oom_{name}.oom") for name in ("series_v5", "v6_18")]
    assert main(["compare", *models, "-p", "uninit"]) == 1
    out = capsys.readouterr().out
    assert "first divergence at step 4 of" in " ".join(out.split())
    assert re.search(r"in B it cannot move: stands before await\s+cgroup_is_frozen", out)
