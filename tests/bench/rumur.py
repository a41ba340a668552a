"""rumur: from a Murphi model to a verifier, and what the verifier prints."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.bench.measure import BenchError, Counted, Measured, build, measured, run, unfinished
from tests.bench.points import PEERS, Point, Verdict

PACKAGE = "rumur"
#: Of the time in its last line: whole seconds.
RESOLUTION = 1.0
COMPILE = ("-std=c11", "-O3", "-march=native", "-mcx16")


@dataclass(frozen=True, slots=True)
class Verifier:
    """A compiled verifier in its folder; `built` are the seconds that it took from the model."""

    translate: tuple[str, ...]
    folder: Path
    limit: float
    built: float

    @property
    def flags(self) -> str:
        """All commands, to repeat the figure by hand."""
        return commands(self.translate)

    def __call__(self) -> Measured:
        """One run."""
        done = run(["./verifier"], self.folder, self.limit)
        return unfinished(done) if done.killed else measured(done, read(done.out), RESOLUTION)


def options(point: Point, threads: int) -> tuple[str, ...]:
    """Options of rumur: exact, as many threads, the point's kind of deadlocks."""
    stuck = "stuck" if point.model.deadlock else "off"
    return ("--symmetry-reduction", "off", "--deadlock-detection", stuck, "--threads", str(threads))


def commands(translate: tuple[str, ...]) -> str:
    """What to type, but for the parameters of the model."""
    return f"rumur {' '.join(translate)}; gcc {' '.join(COMPILE)}"


def available() -> bool:
    """Whether rumur and a compiler are on PATH."""
    return shutil.which("rumur") is not None and shutil.which("gcc") is not None


def make(point: Point, threads: int, folder: Path, limit: float) -> Verifier:
    """The verifier of a point, built in a new folder."""
    folder.mkdir(parents=True)
    (folder / "model.m").write_text(instance(point), encoding="utf-8")
    translate = options(point, threads)
    seconds = build(["rumur", *translate, "-o", "model.c", "model.m"], folder, limit)
    seconds += build(["gcc", *COMPILE, "-o", "verifier", "model.c", "-lpthread", "-latomic"], folder, limit)
    return Verifier(translate, folder, limit, seconds)


def instance(point: Point) -> str:
    """The model with its constants set: they stand one a line, as `  NAME: NUMBER;`."""
    text = (PEERS / f"{point.model.name}.m").read_text(encoding="utf-8")
    for name, value in point.params:
        text, found = re.subn(rf"^  {name}: \d+;", f"  {name}: {value};", text, flags=re.MULTILINE)
        if found != 1:
            raise BenchError(f"{point.model.name}.m has no constant {name}")
    return text


def read(out: str) -> Counted:
    """What a verifier prints."""
    explored = re.search(r"(\d+) states, (\d+) rules fired in (\d+)s", out)
    found = re.search(r"No error found|(\d+) error\(s\) found", out)
    if explored is None or found is None:
        raise BenchError(f"rumur: no result in\n{out[-2000:]}")
    states, rules, seconds = map(int, explored.groups())
    return Counted(Verdict.HOLDS if found.group(1) is None else Verdict.VIOLATED, states, rules, float(seconds))
