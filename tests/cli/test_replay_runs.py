"""Traces of runs as the commands write, read and show them: loops, time, costs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oomcheck.cli.main import main
from tests.cli.samples import put, report
from tests.conftest import Golden

Trace = dict[str, Any]

MODEL = """model runs;
const HZ = 10;
marked bool killed;
marked bool reaped;
marked bool flag;
mutex lock;
thread killer slack 1 { killed = true; }
thread reaper slack 2 {
	await killed;
	mutex_lock(lock) cost contention;
	delay(2 .. 4);
	reaped = true;
	mutex_unlock(lock);
}
thread worker slack 0 {
	loop {
		mutex_lock(lock);
		flag = !flag;
		delay(1 .. 3);
		mutex_unlock(lock);
	}
}
"""

SPEC = """spec for "runs.oom";
leads_to back "the memory comes back" : killed ~> reaped fair weak(all);
ltl calm : F G !flag;
within fast : killed ~> reaped within 5;
bound worst : sup time(killed ~> reaped) <= 4;
bound waited : max contention;
bound first : sup time(!killed ~> killed);
leads_to kill : !killed ~> killed;
check untimed_runs : back, calm, waited untimed;
check timed_runs : fast, worst, calm, first timed;
check rests : kill untimed;
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the model, its spec and, below `out`, all traces of a check."""
    place = tmp_path_factory.mktemp("runs")
    put(place, "runs.oom", MODEL)
    put(place, "runs.oomspec", SPEC)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)  # so that paths in the traces are short, and the same everywhere
        assert main(["check", "runs.oom", "runs.oomspec", "-o", "out", "-q"]) == 1
    return place


def trace_of(folder: Path, name: str) -> Path:
    """The file of a trace."""
    return folder / "out" / "runs" / f"{name}.json"


def test_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Rows tell how time was read, exact worst values with their unit, and what has none."""
    model, spec = put(tmp_path, "runs.oom", MODEL), put(tmp_path, "runs.oomspec", SPEC)
    _, value = report(["check", str(model), str(spec)], capsys)
    rows = {row["id"]: (row["verdict"], row["timing"], row["value"], row["unit"]) for row in value["results"]}
    assert rows == {
        "runs/untimed_runs/back": ("violated", "untimed", None, None),
        "runs/untimed_runs/calm": ("violated", "untimed", None, None),
        "runs/untimed_runs/waited": ("holds", "untimed", 1, "contention"),
        "runs/timed_runs/fast": ("violated", "timed, declared slack", "unbounded", "ticks"),
        "runs/timed_runs/worst": ("violated", "timed, declared slack", "unbounded", "ticks"),
        "runs/timed_runs/calm": ("violated", "timed, declared slack", None, None),
        "runs/timed_runs/first": ("holds", "timed, declared slack", 1, "ticks"),
        "runs/rests/kill": ("violated", "untimed", None, None),
    }


@pytest.mark.parametrize(
    "name",
    [
        "untimed_runs/back",
        "untimed_runs/calm",
        "untimed_runs/waited",
        "timed_runs/fast",
        "timed_runs/worst",
        "timed_runs/calm",
        "timed_runs/first",
        "rests/kill",
    ],
)
def test_each_is_replayed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], golden: Golden, name: str
) -> None:
    """The page of each trace: loops with their bracket, time in rows across, values and fairness at the end."""
    monkeypatch.chdir(folder)
    assert main(["replay", str(trace_of(folder, name))]) == 0
    page, _, last = capsys.readouterr().out.rstrip("\n").rpartition("\n")
    assert last.startswith("replayed: ")
    assert max(map(len, page.splitlines())) <= 75
    golden(page + "\n", f"lanes/runs/{name.replace('/', '_')}.txt")


def test_states_and_time(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """--step N tells how much time has passed; behind the last step the state is that where the loop begins."""
    monkeypatch.chdir(folder)
    path = trace_of(folder, "timed_runs/calm")
    trace = json.loads(path.read_text(encoding="utf-8"))
    count, loop = len(trace["steps"]), trace["loop"]
    shown = []
    for number in (loop, count):
        assert main(["replay", str(path), "--step", str(number)]) == 0
        head, *state = capsys.readouterr().out.splitlines()
        ticks = sum(step.get("ticks", 0) for step in trace["steps"][:number])
        assert head.startswith(f"state after step {number} of {count}, {ticks} tick")
        shown.append(state)
    assert shown[0] == shown[1]


def _loop(trace: Trace) -> None:
    trace["loop"] += 1


def _no_loop(trace: Trace) -> None:
    del trace["loop"]


def _rest(trace: Trace) -> None:
    trace["loop"] = len(trace["steps"])


def _ticks(trace: Trace) -> None:
    next(step for step in trace["steps"] if "ticks" in step)["ticks"] = 2


def _hz(trace: Trace) -> None:
    trace["timing"]["hz"] = 100


def _untimed(trace: Trace) -> None:
    del trace["timing"]


def _timed(trace: Trace) -> None:
    trace["timing"] = {"slack": None, "hz": 10}


def _promise(trace: Trace) -> None:
    trace["promises"][0]["why"] = "moves at step 1"


def _kind(trace: Trace) -> None:
    for promise in trace["promises"]:
        promise["kind"] = "progress"


def _value(trace: Trace) -> None:
    trace["value"] += 1


def _unit(trace: Trace) -> None:
    trace["unit"] = "other"


def _costs(trace: Trace) -> None:
    trace["costs"] = []


def _cost(trace: Trace) -> None:
    next(step for step in trace["steps"] if "costs" in step)["costs"][0]["amount"] = 2


@pytest.mark.parametrize(
    ("name", "tamper"),
    [
        ("untimed_runs/back", _loop),
        ("untimed_runs/back", _no_loop),
        ("untimed_runs/back", _rest),
        ("untimed_runs/back", _timed),
        ("untimed_runs/back", _promise),
        ("untimed_runs/back", _kind),
        ("timed_runs/calm", _loop),
        ("timed_runs/calm", _ticks),
        ("timed_runs/calm", _hz),
        ("timed_runs/calm", _untimed),
        ("timed_runs/first", _value),
        ("timed_runs/first", _unit),
        ("untimed_runs/waited", _value),
        ("untimed_runs/waited", _unit),
        ("untimed_runs/waited", _costs),
        ("untimed_runs/waited", _cost),
    ],
)
def test_tampered(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, tamper: Callable[[Trace], None]
) -> None:
    """A loop that does not close, fairness that is not kept, other times and costs than told: all refused."""
    trace = json.loads(trace_of(folder, name).read_text(encoding="utf-8"))
    tamper(trace)
    path = put(tmp_path, "t.json", json.dumps(trace))
    assert main(["replay", str(path), "--model", str(folder / "runs.oom")]) == 2
    assert "error[E0503]" in capsys.readouterr().err
