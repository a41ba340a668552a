"""Small models and specs, and how the tests of commands run them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from oomcheck.cli.main import main

SCHEMA = Path(__file__).parents[2] / "oomcheck" / "result" / "result.schema.json"

#: States one after the other; nothing is wrong with it.
STEPS = """model steps source "linux v6.17";
param int LAST = 3 in 1 .. 9;
marked int 0..9 x                     @ "mm/mmap.c:mm";
thread t                              @ "mm/mmap.c:exit_mmap" {
	for (i in 1 .. LAST)
		x = i;
	x = 0                         @ "kernel/exit.c:exit_mm";
}
"""

STEPS_SPEC = """spec for "steps.oom";
invariant small "x stays small" : x <= 3;
invariant smaller : x < 2;
never four : x == 4;
cover two : x == 2;
cover five : x == 5;
lemma unasked : x == 7 -> x == 8;
"""

#: Too many states for any test to visit.
ENDLESS = """model endless;
marked int 0..9999 x[6];
thread t[6] {
	for (i in 0 .. 5)
		loop
			x[i] = (x[i] + 1) % 9999;
}
"""

#: A lock is taken twice: what follows has no meaning.
MISUSE = """model misuse;
spinlock l;
marked int 0..3 x;
thread t {
	x = 1;
	spin_lock(l);
	spin_lock(l);
	x = 3;
}
"""

#: Trips race, deadlock and lockdep.
CLASH = """model clash source "linux v6.17";
mutex a;
mutex b;
int 0..3 x;
thread one                            @ "mm/oom_kill.c:one" {
	mutex_lock(a);
	mutex_lock(b);
	mutex_unlock(b);
	mutex_unlock(a);
	x = 1;
}
thread two                            @ "mm/oom_kill.c:two" {
	mutex_lock(b);
	mutex_lock(a);
	mutex_unlock(a);
	mutex_unlock(b);
	x = 2;
}
"""


def put(folder: Path, name: str, text: str) -> Path:
    """A file with `text` in `folder`."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def steps(folder: Path, checks: str = "") -> list[str]:
    """Model `steps` and its spec with `checks`, as arguments of `check`."""
    model = put(folder, "steps.oom", STEPS)
    spec = put(folder, "steps.oomspec", STEPS_SPEC + checks)
    return ["check", str(model), str(spec)]


def report(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    """Exit code and report of a command that prints JSON; the report fits its schema and tells the exit code."""
    capsys.readouterr()
    code = main([*arguments, "--format", "json"])
    value = json.loads(capsys.readouterr().out)
    jsonschema.validate(value, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert value["exit_code"] == code
    return code, value


def verdicts(value: dict[str, Any]) -> dict[str, str]:
    """Verdict words by identity."""
    return {row["id"]: row["verdict"] for row in value["results"]}
