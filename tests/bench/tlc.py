"""TLC: the configuration of a TLA+ module, and what TLC prints. It is run if TLA2TOOLS_JAR names its jar."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.bench.measure import BenchError, Counted, Measured, measured, run, unfinished
from tests.bench.points import PEERS, Point, Verdict

PACKAGE = "default-jre-headless"
JAR = "TLA2TOOLS_JAR"
RESOLUTION = 1.0
JAVA = ("-XX:+UseParallelGC",)


@dataclass(frozen=True, slots=True)
class Checker:
    """A module with its configuration in a folder."""

    point: Point
    workers: int
    folder: Path
    limit: float

    @property
    def options(self) -> tuple[str, ...]:
        """Options of TLC; `-deadlock` turns the check for deadlocks off."""
        off = () if self.point.model.deadlock else ("-deadlock",)
        return ("-workers", str(self.workers), "-noGenerateSpecTE", *off)

    @property
    def flags(self) -> str:
        """The command, to repeat the figure by hand."""
        return f"java {' '.join(JAVA)} tlc2.TLC {' '.join(self.options)}"

    def __call__(self) -> Measured:
        """One run, the start of Java included: TLC's own clock does not tell it apart."""
        jar = Path(os.environ[JAR]).resolve()
        module = f"{self.point.model.module}.tla"
        done = run(["java", *JAVA, "-cp", jar, "tlc2.TLC", *self.options, module], self.folder, self.limit)
        return unfinished(done) if done.killed else measured(done, read(done.out), RESOLUTION)


def available() -> bool:
    """Whether Java is on PATH and the jar is named."""
    return shutil.which("java") is not None and bool(os.environ.get(JAR))


def make(point: Point, workers: int, folder: Path, limit: float) -> Checker:
    """The module and its configuration in a new folder."""
    folder.mkdir(parents=True)
    shutil.copyfile(PEERS / f"{point.model.module}.tla", folder / f"{point.model.module}.tla")
    (folder / f"{point.model.module}.cfg").write_text(configuration(point), encoding="utf-8")
    return Checker(point, workers, folder, limit)


def configuration(point: Point) -> str:
    """The text of the .cfg file."""
    constants = "".join(f"  {name} = {value}\n" for name, value in point.params)
    return f"CONSTANTS\n{constants}SPECIFICATION Spec\nINVARIANTS {' '.join(point.model.invariants)}\n"


def read(out: str) -> Counted:
    """What TLC prints: the last line of its counts."""
    counts = re.findall(r"^(\d+) states generated, (\d+) distinct states found", out, re.MULTILINE)
    error = re.search(r"^Error: (Invariant .* is violated|Deadlock reached|Temporal propert)", out, re.MULTILINE)
    holds = "No error has been found" in out
    if not counts or not (holds or error):
        raise BenchError(f"TLC: no result in\n{out[-2000:]}")
    generated, states = map(int, counts[-1])
    return Counted(Verdict.HOLDS if holds else Verdict.VIOLATED, states, generated - 1, None)
