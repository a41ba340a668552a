"""Exact counts of the example models: those of the peers, and those counted by hand (docs/granularity.md)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from oomcheck.check import check_files
from oomcheck.prop.property import SANITIZERS
from oomcheck.result.verdict import Result, Word, trace_of, word
from oomcheck.rows import Options
from oomcheck.ways import Ways

#: Every state of the model itself.
WHOLE = Ways(threads=2, reductions=frozenset())
ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "models" / "examples"
SPECS = ROOT / "specs" / "examples"
PAGE = ROOT / "docs" / "granularity.md"


class Counts(NamedTuple):
    """States, transitions and depth of a finished search."""

    states: int
    transitions: int
    depth: int


class Point(NamedTuple):
    """A model at parameters, its counts, and the sanitizers that it violates with the length of the trace."""

    model: str
    params: str
    counts: Counts
    violated: tuple[tuple[str, int], ...] = ()


#: The peers' models; equal to what SPIN 6.5.2 counts (depth: breadth-first; with `-c0` where something is violated).
PEERS = (
    Point("trivial", "N=3", Counts(3, 2, 2)),
    Point("trivial", "N=10", Counts(10, 9, 9)),
    Point("exit_vs_reaper", "N=1 K=1 R=1 S=0 F=1 FP=7 REV=0 BUG=0", Counts(1_009, 2_584, 30)),
    Point("exit_vs_reaper", "N=2 K=1 R=1 S=1 F=1 FP=7 REV=1 BUG=0", Counts(2_389, 6_201, 39)),
    Point("exit_vs_reaper", "N=2 K=1 R=2 S=1 F=1 FP=2 REV=0 BUG=0", Counts(2_953, 7_765, 41)),
    Point("exit_vs_reaper", "N=2 K=2 R=2 S=1 F=1 FP=7 REV=0 BUG=0", Counts(3_410, 8_860, 43)),
    Point("exit_vs_reaper", "N=2 K=2 R=2 S=1 F=1 FP=7 REV=1 BUG=0", Counts(3_358, 8_734, 43)),
    Point("exit_vs_reaper", "N=2 K=2 R=2 S=1 F=1 FP=7 REV=0 BUG=1", Counts(4_076, 10_978, 46), (("assert", 25),)),
    Point("exit_vs_reaper", "N=4 K=2 R=2 S=1 F=2 FP=7 REV=0 BUG=0", Counts(14_448, 39_612, 66)),
    Point("exit_vs_reaper", "N=6 K=2 R=3 S=2 F=2 FP=7 REV=0 BUG=0", Counts(86_712, 239_323, 108)),
    Point("exit_vs_reaper", "N=6 K=2 R=3 S=2 F=2 FP=7 REV=0 BUG=1", Counts(98_767, 279_892, 117), (("assert", 45),)),
    Point("peterson", "N=2", Counts(54, 101, 11)),
    Point("peterson", "N=3", Counts(2_248, 6_011, 29)),
    Point("peterson", "N=4", Counts(128_022, 449_729, 53)),
    Point("szymanski", "N=2", Counts(173, 308, 21)),
    Point("szymanski", "N=3", Counts(3_758, 9_940, 35)),
    Point("szymanski", "N=4", Counts(99_830, 354_128, 55)),
    Point("phils", "N=2 LEFTY=1", Counts(9, 12, 4)),
    Point("phils", "N=3 LEFTY=1", Counts(27, 54, 7)),
    Point("phils", "N=6 LEFTY=1", Counts(729, 2_916, 16)),
    Point("phils", "N=10 LEFTY=1", Counts(59_049, 393_660, 28)),
    Point("phils", "N=2 LEFTY=0", Counts(8, 10, 3), (("deadlock", 2),)),
    Point("phils", "N=3 LEFTY=0", Counts(26, 51, 6), (("deadlock", 3),)),
    Point("phils", "N=6 LEFTY=0", Counts(728, 2_910, 15), (("deadlock", 6),)),
    Point("phils", "N=10 LEFTY=0", Counts(59_048, 393_650, 27), (("deadlock", 10),)),
)
#: Counted by hand; the models say how.
BY_HAND = (
    Point("peterson2", "", Counts(20, 34, 6)),
    Point("bounded_buffer", "SLOTS=2 ITEMS=4", Counts(12, 14, 8)),
    Point("bounded_buffer", "SLOTS=3 ITEMS=5", Counts(18, 24, 10)),
    Point("bounded_buffer", "SLOTS=1 ITEMS=3", Counts(7, 6, 6)),
)
#: More than a few seconds each.
LARGE = (
    Point("exit_vs_reaper", "N=8 K=3 R=3 S=3 F=2 FP=7 REV=1 BUG=0", Counts(429_975, 1_201_567, 147)),
    Point("exit_vs_reaper", "N=10 K=3 R=3 S=3 F=3 FP=7 REV=0 BUG=0", Counts(1_392_536, 3_944_658, 179)),
    Point("szymanski", "N=5", Counts(3_174_585, 14_187_419, 79)),
)


def settings(params: str) -> dict[str, int | str]:
    """Parameters written as NAME=VALUE ..."""
    return {name: value for name, _, value in (setting.partition("=") for setting in params.split())}


def assert_point(point: Point) -> None:
    """The search finds exactly the counts of the point, and exactly its violations, by traces of the given length."""
    report = check_files(EXAMPLES / f"{point.model}.oom", (), Options(params=settings(point.params), ways=WHOLE))
    assert {Counts(row.states, row.transitions, row.depth) for row in report.results} == {point.counts}
    assert all(row.exhaustive for row in report.results)
    assert violations(report.results) == dict(point.violated)


def violations(results: tuple[Result, ...]) -> dict[str, int]:
    """The length of the trace of each property that is violated; all others hold."""
    found = {}
    for row in results:
        if word(row.verdict) is not Word.HOLDS:
            trace = trace_of(row.verdict)
            assert trace is not None
            found[row.prop] = len(trace.steps)
    return found


def identify(point: Point) -> str:
    """How a case is called."""
    return f"{point.model}-{point.params.replace(' ', ',')}".rstrip("-")


@pytest.mark.parametrize("point", PEERS, ids=identify)
def test_peer_counts(point: Point) -> None:
    """States, transitions and depth equal those that the other tools count on the same transitions."""
    assert_point(point)


@pytest.mark.parametrize("point", BY_HAND, ids=identify)
def test_counted_by_hand(point: Point) -> None:
    """Counts equal the derivation in the model's comment."""
    assert_point(point)


@pytest.mark.slow
@pytest.mark.parametrize("point", LARGE, ids=identify)
def test_large_peer_counts(point: Point) -> None:
    """As the smaller points."""
    assert_point(point)


@pytest.mark.parametrize("philosophers", range(2, 8))
@pytest.mark.parametrize("lefty", [0, 1])
def test_philosophers_follow_the_formula(philosophers: int, lefty: int) -> None:
    """The closed forms of the page on counts."""
    n = philosophers
    right = Counts(3**n - 1, n * (2 * 3 ** (n - 1) - 1), 3 * n - 3)
    left = Counts(3**n, 2 * n * 3 ** (n - 1), 3 * n - 2)
    deadlock = (("deadlock", n),)
    assert_point(Point("phils", f"N={n} LEFTY={lefty}", left if lefty else right, () if lefty else deadlock))


@pytest.mark.parametrize("spec", sorted(SPECS.glob("*.oomspec")), ids=lambda path: path.stem)
def test_example_specs_are_met(spec: Path) -> None:
    """Every check of the examples gives the verdict that it expects."""
    report = check_files(EXAMPLES / f"{spec.stem}.oom", (spec,), Options())
    assert [(row.identity, word(row.verdict), row.note) for row in report.results if not row.ok] == []


def test_all_examples_are_counted() -> None:
    """No example model is left out."""
    timed = {"csma_cd", "fischer", "train_gate"}  # tests/models/test_timed_examples.py has theirs
    assert {point.model for point in (*PEERS, *BY_HAND)} | timed == {path.stem for path in EXAMPLES.glob("*.oom")}


def test_page_shows_these_counts() -> None:
    """The table of docs/granularity.md holds each point with the numbers asserted here."""
    text = PAGE.read_text(encoding="utf-8").replace(",", "")
    row = re.compile(r"^\| (\w+) \| ([^|]*?) \| (\d+) \| (\d+) \| (\d+) \|", re.MULTILINE)
    rows = {(model, params): tuple(counts) for model, params, *counts in row.findall(text)}
    for point in (*PEERS, *BY_HAND, *LARGE):
        assert rows.get((point.model, point.params or "-")) == tuple(map(str, point.counts))


def test_sanitizers_are_all_on() -> None:
    """The counts are taken with every sanitizer on but `unreachable`, which changes no verdict, and `zeno`, of time."""
    report = check_files(EXAMPLES / "trivial.oom", (), Options())
    assert {row.prop for row in report.results} == set(SANITIZERS) - {"unreachable", "zeno"}
