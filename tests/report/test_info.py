"""`info`: what a model declares, its atomic places and its size."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from oomcheck.api import load
from oomcheck.cli.main import main
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.lower import lower
from oomcheck.report.info import render_info
from tests.cli.samples import put
from tests.conftest import Golden

ROOT = Path(__file__).parents[2]
MODELS = sorted([*ROOT.glob("models/*.oom"), *ROOT.glob("models/examples/*.oom")])

MODEL = """model small source "linux v6.17";
param int N = 2 in 1 .. 4                     @ "mm/oom_kill.c:MAX_OOM_REAP_RETRIES";
param int M >= 0;
param enum FIX { BASE, V5 } = BASE;
param bool FAST = false;
struct mm_struct {
	rwsem mmap_lock;
	flags flags { MMF_UNSTABLE, MMF_OOM_SKIP };
	marked bool present[2] = true;
};
mm_struct mm;
mm_struct *shared = NULL;
ghost int 0..2 kills;
per_task bool asked;
timer wait = expired;
softirq expired()                             @ "mm/oom_kill.c:wake_oom_reaper" {
	shared = &mm;
}
kthread reaper daemon strong                  @ "mm/oom_kill.c:oom_reaper" {
	await shared != NULL and mm.present[0];
	down_read(shared->mmap_lock);
	atomic {
		mm.present[0] = false;
		mm.present[1] = false;
	}
	up_read(shared->mmap_lock);
}
thread victim[N] slack 2                      @ "kernel/exit.c:exit_mm" {
	current->asked = true;
	mod_timer(wait, jiffies + M);
	set_bit(MMF_OOM_SKIP, mm.flags);
	if (kills_are_counted)
		kills++;
}
define kills_are_counted = FIX == V5 or FAST;
"""


def test_small_model(tmp_path: Path, golden: Golden) -> None:
    """All sections of the text."""
    path = put(tmp_path, "small.oom", MODEL)
    text = render_info(lower(load_model(path, {"M": 1, "FIX": "V5"})))
    golden(text.replace(str(tmp_path), "DIR"), "report/info.txt")


def test_nothing_declared(tmp_path: Path) -> None:
    """Empty sections say so; what nobody declared and nothing uses is not listed."""
    path = put(tmp_path, "m.oom", "model m;\nthread t { skip; }\n")
    text = render_info(lower(load_model(path, {})))
    assert text.count("  none\n") == 3
    assert text.startswith("model m\n")
    assert "rcu" not in text


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_models(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command works on each model that is shipped, and counts what the model has."""
    assert main(["info", str(path)]) == 0
    text = capsys.readouterr().out
    system = load(path).system
    assert f"{len(system.slot_sorts)} variables" in text
    assert f"{len(system.transitions)} transitions, {len(system.faults)} possible faults" in text
    for process in system.processes:
        assert f"\n  {process.name}: {process.kind.value}" in text


def test_parameters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """-c changes what is described; a parameter without a value is an error."""
    path = put(tmp_path, "small.oom", MODEL)
    assert main(["info", str(path), "-c", "M=0", "-c", "N=3"]) == 0
    assert "  victim[2]: thread, slack 2" in capsys.readouterr().out
    assert main(["info", str(path)]) == 2
    assert "E0305" in capsys.readouterr().err


def test_costs(tmp_path: Path) -> None:
    """Counters are listed with the places that raise them; a model without any has no such section."""
    text = "model m;\nspinlock l;\nthread t {\n\tspin_lock(l) cost c;\n\tdelay(1) cost d;\n\tdelay(2) cost c;\n}\n"
    path = put(tmp_path, "m.oom", text)
    shown = render_info(lower(load_model(path, {})))
    assert f"costs, and where they count waits:\n  c: {path}:4:20, {path}:6:16\n  d: {path}:5:16\n" in shown
    assert "costs" not in render_info(lower(load_model(put(tmp_path, "n.oom", re.sub(r" cost \w", "", text)), {})))
