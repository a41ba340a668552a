"""The gate over all specs of the repository, with nothing in the cache and with everything."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench.measure import BenchError, Finished, run
from tests.bench.ours import CACHE, Tool
from tests.bench.points import ROOT
from tests.bench.tables import table

_SUM = re.compile(r"^(\d+) specs?\b.*, (\d+) results?: ", re.MULTILINE)
#: Exit codes of a gate that came to its end and has no unexpected verdict: all as expected, or a budget was used up.
ENDED = (0, 3)


@dataclass(frozen=True, slots=True)
class GateRun:
    """Gates of one kind: medians of wall and processor time in seconds, and how many specs and results there were."""

    title: str
    wall: float
    cpu: float
    specs: int
    results: int
    code: int


def measure(tool: Tool, fresh: Callable[[str], Path], rounds: int, limit: float, whole: bool) -> tuple[GateRun, ...]:
    """Quick gates, and the whole one if it is wanted, which takes minutes; `fresh` makes names of empty folders."""
    kinds = (("quick", ("--quick",)), ("whole", ()))[: 2 if whole else 1]
    found = []
    for name, flags in kinds:
        command = [tool.program, "gate", "specs", "-q", *flags]
        cache = fresh("gate")
        found.append(summed(f"{name}, cold", [_once(command, cache, limit)]))
        found.append(summed(f"{name}, warm", [_once(command, cache, limit) for _ in range(rounds)]))
    return tuple(found)


def _once(command: list[str], cache: Path, limit: float) -> Finished:
    done = run(command, ROOT, limit, {CACHE: str(cache)})
    if done.killed or done.status not in ENDED:
        raise BenchError(f"`{' '.join(command[1:])}` ended with {done.status}:\n{done.out}")
    return done


def summed(title: str, runs: list[Finished]) -> GateRun:
    """What runs of one kind come to; BenchError if they do not say how much they checked."""
    counts = _SUM.search(runs[0].out)
    if counts is None:
        raise BenchError(f"a gate did not say what it checked:\n{runs[0].out}")
    wall, cpu = median(one.seconds for one in runs), median(one.cpu for one in runs)
    return GateRun(title, wall, cpu, int(counts[1]), int(counts[2]), runs[0].status)


def shown(found: tuple[GateRun, ...]) -> str:
    """A line for each kind."""
    head = ("gate of specs/", "seconds", "of the processor", "specs", "results", "exit code")
    rows = [
        (one.title, f"{one.wall:.2f}", f"{one.cpu:.2f}", str(one.specs), str(one.results), str(one.code))
        for one in found
    ]
    return table(head, rows)
