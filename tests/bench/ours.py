"""Our side: the command line, what to ask of it, and what it answers. All flags stand here."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.measure import BenchError, Counted, Finished, Measured, measured, run, unfinished
from tests.bench.points import ROOT, SMALLEST, Point, RunPoint, Verdict

#: The safety properties that the peers' models state too: assertions, and ends where somebody is stuck.
SAFETY = ("assert", "deadlock")
#: Of our report's `seconds`.
RESOLUTION = 1e-6
CACHE = "XDG_CACHE_HOME"


@dataclass(frozen=True, slots=True)
class Setting:
    """How to search: `engine` is a name of `--engine`, `reduced` leaves all reductions on."""

    engine: str
    threads: int = 1
    reduced: bool = False


@dataclass(frozen=True, slots=True)
class Tool:
    """The program, with what its `check --help` prints: what this version can do."""

    program: str
    help: str

    def can(self, flag: str) -> bool:
        """Whether `check` has a flag."""
        return any(line.split()[:1] in ([flag], [flag + ","]) for line in self.help.splitlines())

    def has_engine(self, name: str) -> bool:
        """Whether the line of `--engine` lists a name."""
        listed = re.search(r"--engine ENGINE\s(.*?)(?=\n  -|\n\n|\Z)", self.help, re.DOTALL)
        return listed is not None and name in re.findall(r"\w+", listed.group(1))


@contextmanager
def caches(folder: Path) -> Iterator[None]:
    """All processes that are started meanwhile have their caches in a folder."""
    before = os.environ.get(CACHE)
    os.environ[CACHE] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ[CACHE]
        else:
            os.environ[CACHE] = before


def find_tool(limit: float = 60) -> Tool:
    """The program beside this interpreter, else on PATH."""
    beside = Path(sys.executable).with_name("oomcheck")
    program = str(beside) if beside.exists() else shutil.which("oomcheck")
    if program is None:
        raise BenchError("oomcheck is not installed beside this Python, nor on PATH")
    done = run([program, "check", "--help"], ROOT, limit, {"COLUMNS": "80"})
    if done.status != 0:
        raise BenchError(f"`oomcheck check --help` failed:\n{done.out}")
    return Tool(program, done.out)


def flags(tool: Tool, setting: Setting) -> tuple[str, ...] | None:
    """The setting as flags; None if this version cannot do it.

    A version without reductions searches unreduced anyway, and one without threads has one.
    """
    given = ["--engine", setting.engine]
    if tool.can("-j"):
        given += ["-j", str(setting.threads)]
    elif setting.threads != 1:
        return None
    if tool.can("--no-reduction"):
        given += [] if setting.reduced else ["--no-reduction"]
    elif setting.reduced:
        return None
    return tuple(given)


def safety_command(tool: Tool, model: Path, params: tuple[tuple[str, int], ...], given: tuple[str, ...]) -> list[str]:
    """Check assertions and deadlocks."""
    asked = [part for name in SAFETY for part in ("-p", name)]
    return [tool.program, "check", str(model.relative_to(ROOT)), *_params(params), *given, *asked, "--format", "json"]


def runs_command(tool: Tool, asked: RunPoint, given: tuple[str, ...]) -> list[str]:
    """Check a property about runs alone."""
    files = [str(path.relative_to(ROOT)) for path in (asked.point.model.path, asked.spec)]
    return [tool.program, "check", *files, *_params(asked.point.params), *given, "-p", asked.claim, "--format", "json"]


def _params(params: tuple[tuple[str, int], ...]) -> list[str]:
    return [part for name, value in params for part in ("-c", f"{name}={value}")]


def read(done: Finished) -> Counted:
    """The report that a run printed.

    The rows of one search tell the same counts, and each its time: the longest is that of the search with what
    followed it. Notices on stderr come before the report.
    """
    try:
        found = rows(done.out)
        verdicts = {row["verdict"] for row in found}
        largest = max(found, key=lambda row: row["states"])
    except (ValueError, KeyError, TypeError) as problem:
        raise BenchError(f"oomcheck ended with {done.status} and no report:\n{done.out[-2000:]}") from problem
    verdict = Verdict.HOLDS if verdicts == {"holds"} else Verdict.UNKNOWN
    if "violated" in verdicts:
        verdict = Verdict.VIOLATED
    return Counted(verdict, largest["states"], largest["transitions"], max(row["seconds"] for row in found))


def rows(out: str) -> list[dict[str, Any]]:
    """The results of the report in an output; ValueError or KeyError if there is none."""
    report, _ = json.JSONDecoder().raw_decode(out[max(0, out.find("{\n")) :])
    found: list[dict[str, Any]] = report["results"]
    return found


def probe(tool: Tool, given: tuple[str, ...], cache: Path, limit: float) -> str:
    """The engine that a small model's report names, which is another one where the engine asked for cannot run."""
    done = run(safety_command(tool, SMALLEST.model.path, SMALLEST.params, given), ROOT, limit, {CACHE: str(cache)})
    read(done)
    return str(rows(done.out)[0]["engine"])


def runner(command: list[str], cache: Path, limit: float) -> Callable[[], Measured]:
    """A run of a command with its caches in a folder; fresh when that is empty."""

    def once() -> Measured:
        done = run(command, ROOT, limit, {CACHE: str(cache)})
        return unfinished(done) if done.killed else measured(done, read(done), RESOLUTION)

    return once


def checker(tool: Tool, point: Point, given: tuple[str, ...], cache: Path, limit: float) -> Callable[[], Measured]:
    """A run of the safety properties of a point."""
    return runner(safety_command(tool, point.model.path, point.params, given), cache, limit)
