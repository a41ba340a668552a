"""Contenders that run in turns, and whether they agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tests.bench.measure import Measured
from tests.bench.points import Verdict


class Name(StrEnum):
    """Who runs, and how."""

    OURS = "oomcheck, 1 thread"
    OURS_2 = "oomcheck, 2 threads"
    OURS_FIRST = "oomcheck, first run ever"
    OURS_COLD = "oomcheck, cold"
    OURS_WARM = "oomcheck, warm"
    OURS_REDUCED = "oomcheck, reduced"
    SPIN = "SPIN"
    SPIN_DEFAULT = "SPIN, default"
    SPIN_REDUCED = "SPIN, reduced"
    SPIN_FAST_BUILD = "SPIN, gcc -O0"
    RUMUR = "rumur, 1 thread"
    RUMUR_2 = "rumur, 2 threads"
    TLC_2 = "TLC, 2 workers"


#: Those whose counts may differ: reductions keep the verdict, not the number of states.
INEXACT = frozenset({Name.OURS_REDUCED, Name.SPIN_REDUCED})


@dataclass(frozen=True, slots=True)
class Contender:
    """Somebody to run; `flags` are what one would type."""

    name: Name
    flags: str
    run: Callable[[], Measured]


@dataclass(frozen=True, slots=True)
class Result:
    """All runs of one point, those of one round at the same place of each tuple; shorter where one never finished.

    `expect` is the verdict that all owe, `states` the number of states where it is known; `counted` unless each counts
    something else.
    """

    title: str
    short: str
    size: str
    expect: Verdict | None
    states: int | None
    runs: Mapping[Name, tuple[Measured, ...]]
    flags: Mapping[Name, str]
    counted: bool = True

    @property
    def comparable(self) -> bool:
        """Whether all searched the same states; a search that stops at a violation stops anywhere."""
        return self.expect is Verdict.HOLDS

    def finished(self, name: Name) -> tuple[Measured, ...]:
        """The runs that came to an end."""
        return tuple(run for run in self.runs.get(name, ()) if run.verdict is not Verdict.UNKNOWN)


def interleave(contenders: Sequence[Contender], rounds: int) -> dict[Name, tuple[Measured, ...]]:
    """Each in turn, `rounds` times, so that what else the machine does hits all alike.

    Who is over the limit of time once is not asked again.
    """
    found: dict[Name, list[Measured]] = {contender.name: [] for contender in contenders}
    for _ in range(rounds):
        for contender in contenders:
            before = found[contender.name]
            if not before or before[-1].verdict is not Verdict.UNKNOWN:
                before.append(contender.run())
    return {name: tuple(runs) for name, runs in found.items()}


def mismatches(result: Result) -> list[str]:
    """What contradicts: a verdict that is not the expected one, or counts that differ where they must not."""
    found = []
    counts: dict[int, str] = {} if result.states is None else {result.states: "the table of points"}
    for name in result.runs:
        for run in result.finished(name):
            if result.expect is not None and run.verdict is not result.expect:
                found.append(f"{result.title}: {name} says {run.verdict}, expected {result.expect}")
            elif result.counted and name not in INEXACT and run.verdict is Verdict.HOLDS:
                counts.setdefault(run.states, name)
    if len(counts) > 1:
        listed = ", ".join(f"{states:,} ({name})" for states, name in counts.items())
        found.append(f"{result.title}: states differ: {listed}")
    return list(dict.fromkeys(found))
