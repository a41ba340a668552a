"""Signals sent to real processes: they end soon, say that they are partial, and leave nothing behind."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from oomcheck.cli import stopping
from oomcheck.cli.stopping import interruptible
from tests.cli.samples import ENDLESS, put, report, steps, verdicts

PROGRAM = [sys.executable, "-m", "oomcheck.cli.main"]
HANG = 60.0  # seconds after which a process is said to hang; a slow machine needs no more

#: `near` is violated after a few steps, `far` is not settled in any time that a test waits.
SPEC = """spec for "endless.oom";
never near : x[0] == 1;
never far : x[0] + x[1] + x[2] + x[3] == 30000;
"""
RUNS = """spec for "endless.oom";
leads_to often : x[0] + x[1] + x[2] + x[3] == 30000 ~> x[0] == 2 fair weak(all);
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a model too large to search, and specs."""
    put(tmp_path, "endless.oom", ENDLESS)
    put(tmp_path, "endless.oomspec", SPEC)
    put(tmp_path, "runs.oomspec", RUNS)
    return tmp_path


def descendants(pid: int) -> set[int]:
    """Processes that run below this one, zombies left out."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                state, parent, *_ = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has just ended
            if state != "Z":
                parents[int(folder.name)] = int(parent)
    found, work = set[int](), [pid]
    while work:
        above = work.pop()
        children = {child for child, parent in parents.items() if parent == above} - found
        found |= children
        work += children
    return found


def cpu_seconds(pid: int) -> float:
    """What a process has computed so far; a deep sleep adds nothing."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def started(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A command that runs, killed at the end whatever happens."""
    process = subprocess.Popen(
        [*PROGRAM, *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something is so; fail if it takes very long."""
    end = time.monotonic() + HANG
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def stopped(process: subprocess.Popen[str], number: int) -> tuple[str, str]:
    """Send a signal and wait for the end: output and errors; children must be gone as well."""
    below = descendants(process.pid)
    process.send_signal(number)
    out, err = process.communicate(timeout=HANG)
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in below))
    return out, err


def at_work(process: subprocess.Popen[str], seconds: float = 1.2) -> None:
    """Wait until a process has computed for so long that its search has begun."""
    wait_for(lambda: process.poll() is not None or cpu_seconds(process.pid) > seconds)
    assert process.poll() is None, process.communicate()


@pytest.mark.parametrize(("number", "reason"), [(signal.SIGINT, "interrupted"), (signal.SIGTERM, "terminated")])
def test_check(files: Path, number: int, reason: str) -> None:
    """A native search ends with what is known: JSON that names itself partial, traces that are whole."""
    with started(files, "check", "endless.oom", "endless.oomspec", "--format", "json", "-o", "out") as process:
        at_work(process, 2.0)
        out, err = stopped(process, number)
    value = json.loads(out)
    assert (process.returncode, value["exit_code"], value["partial"], err) == (130, 130, reason, "")
    found = {row["property"]: row["verdict"] for row in value["results"]}
    assert (found["near"], found["far"]) == ("violated", "unknown")
    written = [path for path in (files / "out").rglob("*") if path.is_file()]
    assert [path.name for path in written] == ["near.json"]
    assert json.loads(written[0].read_text())["verdict"] == "violated"


@pytest.mark.parametrize(
    "arguments",
    [
        ["endless.oomspec", "-p", "far", "--spill", "spill"],
        ["endless.oomspec", "-p", "far", "--bitstate"],
        ["runs.oomspec"],
    ],
    ids=" ".join,
)
def test_other_searches(files: Path, arguments: list[str]) -> None:
    """Every way of searching looks at signals."""
    with started(files, "check", "endless.oom", *arguments) as process:
        at_work(process)
        out, err = stopped(process, signal.SIGINT)
    assert (process.returncode, err) == (130, "")
    assert "PARTIAL (interrupted): these are not all results" in out


def test_prove_and_its_children(files: Path) -> None:
    """A proof engine that computes is killed, and what was not settled is unknown."""
    with started(files, "prove", "endless.oom", "endless.oomspec", "-p", "far", "--format", "json") as process:
        wait_for(lambda: any(cpu_seconds(pid) > 0.3 for pid in descendants(process.pid)))
        out, err = stopped(process, signal.SIGTERM)
    value = json.loads(out)
    assert (process.returncode, value["partial"], err) == (130, "terminated", "")
    assert [row["verdict"] for row in value["results"]] == ["unknown"]


def test_children_end_when_their_parent_is_killed(files: Path) -> None:
    """After SIGKILL, which nobody can see coming, no solver goes on."""
    with started(files, "prove", "endless.oom", "endless.oomspec", "-p", "far") as process:
        wait_for(lambda: any(cpu_seconds(pid) > 0.3 for pid in descendants(process.pid)))
        below = descendants(process.pid)
        process.kill()
        process.communicate(timeout=HANG)
        wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in below))
    assert below


@pytest.mark.parametrize("timed", [[], ["--timed"]], ids=["steps", "timed"])
def test_sim(files: Path, timed: list[str]) -> None:
    """Runs that were made count, and the report says how many were wanted."""
    arguments = ["endless.oom", "--runs", "100000000", "--steps", "500", "--format", "json", *timed]
    with started(files, "sim", *arguments) as process:
        at_work(process)
        out, err = stopped(process, signal.SIGINT)
    value = json.loads(out)
    assert (process.returncode, value["partial"], value["exit_code"], err) == (130, "interrupted", 130, "")


@pytest.mark.parametrize("arguments", [["--stats"], ["--what", "cfg", "--reachable"]], ids=["states", "cfg"])
def test_graph(files: Path, arguments: list[str]) -> None:
    """What is known of a graph is named partial."""
    with started(files, "graph", "endless.oom", "--max-states", "1G", *arguments) as process:
        at_work(process)
        out, err = stopped(process, signal.SIGTERM)
    assert (process.returncode, err) == (130, "")
    assert "PARTIAL (terminated)" in out


# ---------------------------------------------------------------- killed while writing

#: Writes the same report again and again, as fast as it can.
WRITER = """
import json, sys
from pathlib import Path
from oomcheck.cli.common import write_file
text = json.dumps({"rows": list(range(200_000))})
print("ready", flush=True)
while True:
    write_file(Path(sys.argv[1]), text)
"""


@pytest.mark.parametrize("milliseconds", range(0, 60, 10))
def test_killed_while_writing(tmp_path: Path, milliseconds: int) -> None:
    """A report is whole or not there; what was not finished does not look like one."""
    target = tmp_path / "out" / "report.json"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(target)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(milliseconds / 1000)
        process.kill()
    for path in target.parent.glob("*") if target.parent.exists() else ():
        if path.name == "report.json":
            assert len(json.loads(path.read_text())["rows"]) == 200_000
        else:
            assert path.name == f".report.json.{process.pid}"


# ---------------------------------------------------------------- patience


def test_work_that_does_not_ask_is_ended() -> None:
    """Once somebody has asked, work that then forgets to is ended some time after the signal."""
    with interruptible(0.05) as should_stop:
        assert should_stop() == ""
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            threading.Event().wait(HANG)
        assert should_stop() == "interrupted"


def test_what_is_settled_survives_the_end_of_patience(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A trace that takes for ever to make costs its own verdict, not those that were there before."""

    def hang(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        threading.Event().wait(HANG)

    monkeypatch.setattr(importlib.import_module("oomcheck.check"), "build_trace", hang)
    checks = "check a : small expect holds;\ncheck b : smaller with LAST = 2 expect violated;"
    code, value = report([*steps(tmp_path, checks), "-p", "a/*", "-p", "b/*"], capsys)
    assert (code, value["partial"]) == (130, "interrupted")
    found = verdicts(value)
    assert found["steps/a/small"] == "holds"
    assert "steps/b/smaller" not in found


def test_the_second_signal_ends_at_once() -> None:
    """Whoever presses Ctrl-C twice does not want to wait."""
    with interruptible() as should_stop:
        assert should_stop() == ""
        os.kill(os.getpid(), signal.SIGTERM)
        assert should_stop() == "terminated"
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_afterwards_all_is_as_before() -> None:
    """No handler and no timer stays behind, even where the work ended in time."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)
    before = [signal.getsignal(number) for number in numbers]
    with interruptible(stopping.GRACE) as should_stop:
        should_stop()
        os.kill(os.getpid(), signal.SIGINT)
        assert should_stop() == "interrupted"
    assert [signal.getsignal(number) for number in numbers] == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
