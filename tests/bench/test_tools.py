"""What the benchmark reads from tools, what it tells them, and the points at which it does."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.bench import ours, rumur, spin, tlc
from tests.bench.measure import BenchError, Counted, Finished
from tests.bench.points import (
    EXIT,
    HERE,
    PEERS,
    POINTS,
    ROOT,
    RUN_POINTS,
    SMALLEST,
    Point,
    Verdict,
    exit_at,
    kernel_models,
)
from tests.test_counts import LARGE
from tests.test_counts import PEERS as COUNTED

HOLDS, VIOLATED, UNKNOWN = Verdict.HOLDS, Verdict.VIOLATED, Verdict.UNKNOWN
POINT = Point("m", EXIT, exit_at("8 3 3 3 2 7 1 0"), 1_000, 429_975)


def recorded(name: str) -> str:
    """What a tool printed once; its list of unreached statements is cut out."""
    return (HERE / "recorded" / f"{name}.txt").read_text(encoding="utf-8")


# ---------------------------------------------------------------- what tools print


@pytest.mark.parametrize(
    ("name", "counted"),
    [
        ("spin_holds", Counted(HOLDS, 86_712, 239_323, 0.11)),
        ("spin_violated", Counted(VIOLATED, 230, 399, 0.0)),
        ("spin_deadlock", Counted(VIOLATED, 4_147, 5_384, 0.0)),
        ("spin_breadth_first", Counted(HOLDS, 1_594_323, 13_817_466, 10.2)),
        ("spin_fair", Counted(HOLDS, 3_942, 32_680, 0.01)),
    ],
)
def test_spin_is_read(name: str, counted: Counted) -> None:
    """Verdict, states, transitions without the initial state, and SPIN's own time."""
    assert spin.read(recorded(name)) == counted


def test_spin_counts_in_floating_point() -> None:
    """From ten million on, SPIN prints counts with an exponent."""
    text = "errors: 0\n1.4348907e+07 states, stored\n1.4348908e+08 transitions (= stored+matched)\n"
    assert spin.read(text) == Counted(HOLDS, 14_348_907, 143_489_079, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [(recorded("spin_too_deep"), "hit its depth"), ("pan: out of memory\n", "no result"), ("", "no result")],
)
def test_spin_that_did_not_finish_is_an_error(text: str, message: str) -> None:
    """A search that was cut off is no figure, although it reports no error."""
    with pytest.raises(BenchError, match=message):
        spin.read(text)


def test_rumur_is_read() -> None:
    """Verdict, states, rules fired, and whole seconds."""
    assert rumur.read(recorded("rumur_holds")) == Counted(HOLDS, 86_712, 239_323, 0.0)
    assert rumur.read(recorded("rumur_violated")) == Counted(VIOLATED, 29_624, 76_877, 0.0)
    with pytest.raises(BenchError, match="no result"):
        rumur.read("Segmentation fault\n")


def test_tlc_is_read() -> None:
    """The last counts, without the initial state; TLC's own time is not used."""
    progress = (
        "Progress(7) at 2024-01-01 00:00:00: 99 states generated, 50 distinct states found, 3 states left on queue.\n"
    )
    counts = "39613 states generated, 14448 distinct states found, 0 states left on queue.\n"
    done = "Model checking completed. No error has been found.\n"
    broken = "Error: Invariant NoFreeUnderReaper is violated.\n"
    assert tlc.read(progress + done + counts) == Counted(HOLDS, 14_448, 39_612, None)
    assert tlc.read(broken + counts) == Counted(VIOLATED, 14_448, 39_612, None)
    with pytest.raises(BenchError, match="no result"):
        tlc.read("Error: Could not find module\n")


def report(*rows: tuple[str, int, float]) -> str:
    """A report with rows of verdict, states and seconds."""
    keys = ("verdict", "states", "seconds")
    found = [{**dict(zip(keys, row, strict=True)), "transitions": 2 * row[1], "engine": "native"} for row in rows]
    return json.dumps({"schema": "oomcheck.result/1", "results": found}, indent=2) + "\n"


@pytest.mark.parametrize(
    ("rows", "counted"),
    [
        ([("holds", 10, 0.1), ("holds", 10, 0.2)], Counted(HOLDS, 10, 20, 0.2)),
        ([("holds", 10, 0.1), ("violated", 10, 0.1)], Counted(VIOLATED, 10, 20, 0.1)),
        ([("unknown", 10, 0.1), ("holds", 10, 0.1)], Counted(UNKNOWN, 10, 20, 0.1)),
    ],
)
def test_our_report_is_read(rows: list[tuple[str, int, float]], counted: Counted) -> None:
    """Worst verdict, counts and the longest time of all rows, whatever stands around the report."""
    assert ours.read(Finished(0, f"notice: no compiler\n{report(*rows)}warning\n", 1.0, 0, False)) == counted


@pytest.mark.parametrize("out", ["", "error[E0402]: no such property\n", "{\n}\n", '{\n"results": []}'])
def test_our_missing_report_is_an_error(out: str) -> None:
    """No report, no figure."""
    with pytest.raises(BenchError, match="ended with 2"):
        ours.read(Finished(2, out, 1.0, 0, False))


# ---------------------------------------------------------------- what tools are told

NOW = ours.Tool("oomcheck", "  --engine ENGINE       auto, explicit or reference\n  --no-range            leave out\n")
LATER = ours.Tool(
    "oomcheck",
    "  -j N, --jobs N        threads\n  --engine ENGINE       auto, explicit, native\n"
    "                        or reference\n  --no-reduction        search everything\n",
)


def test_flags_follow_what_the_version_can_do() -> None:
    """Threads and reductions are asked for where they exist; else that contender is left out."""
    assert ours.flags(NOW, ours.Setting("auto")) == ("--engine", "auto")
    assert ours.flags(NOW, ours.Setting("auto", threads=2)) is None
    assert ours.flags(NOW, ours.Setting("auto", reduced=True)) is None
    plain = ("--engine", "native", "-j", "2", "--no-reduction")
    assert ours.flags(LATER, ours.Setting("native", threads=2)) == plain
    assert ours.flags(LATER, ours.Setting("native", reduced=True)) == ("--engine", "native", "-j", "1")


def test_engines_are_those_of_the_help() -> None:
    """The line of `--engine` and its continuation count, other lines do not."""
    assert [NOW.has_engine(name) for name in ("auto", "native", "leave")] == [True, False, False]
    assert [LATER.has_engine(name) for name in ("native", "reference", "threads")] == [True, True, False]


def test_our_command() -> None:
    """Parameters, flags, and the properties that the peers check too."""
    command = ours.safety_command(NOW, EXIT.path, (("N", 1), ("BUG", 0)), ("--engine", "auto"))
    text = "oomcheck check models/examples/exit_vs_reaper.oom -c N=1 -c BUG=0 --engine auto -p assert -p deadlock"
    assert command == [*text.split(), "--format", "json"]


@pytest.mark.parametrize(("count", "power"), [(None, 22), (10, 18), (2**20 - 1, 20), (2**20, 21), (1_594_323, 21)])
def test_hash_table_of_spin_fits(count: int | None, power: int) -> None:
    """The next power of two above the states, not too small, and by size where nobody has counted them."""
    assert spin.slots(replace(POINT, states=count)) == power


def test_arguments_of_spin() -> None:
    """Ends are errors where the model says so; flags of the configuration come first."""
    assert spin.arguments(POINT, spin.DEFAULT) == ("-E", "-m1000", "-w19")
    assert spin.arguments(RUN_POINTS[0].point, spin.RUNS[0]) == ("-a", "-f", "-m4000", "-w18")


def test_rumur_gets_the_parameters() -> None:
    """Each constant is set once, and one that the model lacks is an error."""
    text = rumur.instance(POINT)
    assert [line for line in text.splitlines() if line.startswith(("  N:", "  K:", "  REV:"))] == [
        "  N: 8;",
        "  K: 3;",
        "  REV: 1;",
    ]
    with pytest.raises(BenchError, match="no constant Z"):
        rumur.instance(replace(POINT, params=(("Z", 1),)))


def test_tlc_gets_the_parameters() -> None:
    """The configuration names constants, specification and invariants."""
    wanted = "CONSTANTS\n  N = 10\nSPECIFICATION Spec\nINVARIANTS InRange\n"
    assert tlc.configuration(SMALLEST) == wanted


# ---------------------------------------------------------------- points


def test_points_have_known_counts() -> None:
    """Where both count a point, the table here and tests/test_counts.py agree."""
    known = {(point.model, point.params): point.counts.states for point in (*COUNTED, *LARGE)}
    for point in POINTS:
        params = point.title.partition(" ")[2]
        if point.states is not None:
            assert known.get((point.model.name, params), point.states) == point.states
    assert sum((p.model.name, p.title.partition(" ")[2]) in known for p in POINTS) == 14


def test_points_have_their_files() -> None:
    """Each model exists in all languages, and each property about runs in both."""
    for point in POINTS:
        assert point.model.path.is_file()
        assert all((PEERS / f"{name}").is_file() for name in (f"{point.model.name}.pml", f"{point.model.name}.m"))
        assert (PEERS / f"{point.model.module}.tla").is_file()
    for asked in RUN_POINTS:
        assert f"\nltl {asked.claim} {{" in (PEERS / f"{asked.point.model.name}.pml").read_text(encoding="utf-8")
        assert f"\nltl {asked.claim} " in asked.spec.read_text(encoding="utf-8")
    assert ROOT / "models" / "oom_v6_17.oom" in kernel_models()


def test_names_of_points() -> None:
    """The short name is enough to tell points of a chart apart."""
    assert POINT.title == "exit_vs_reaper N=8 K=3 R=3 S=3 F=2 FP=7 REV=1 BUG=0"
    assert POINT.short == "exit_vs_reaper N=8"
    assert len({point.short for point in POINTS}) == len(POINTS)
