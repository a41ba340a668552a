"""The flags that say how a search is made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from oomcheck.cli.main import main

#: 4,096 states: three threads count to 15, and none sees the others.
COUNTERS = """\
model counters;
int 0..15 n[3];
ghost int 0..15 seen;
thread t0 { while (n[0] < 15) n[0]++; }
thread t1 { while (n[1] < 15) n[1]++; }
thread t2 { while (n[2] < 15) n[2]++; }
"""
SPEC = 'spec for "counters.oom";\nnever full : n[0] == 15 and n[1] == 15 and n[2] == 15;\n'


@pytest.fixture
def counters(tmp_path: Path) -> list[str]:
    """Arguments that check the model, races left out."""
    (tmp_path / "counters.oom").write_text(COUNTERS)
    (tmp_path / "counters.oomspec").write_text(SPEC)
    return ["check", str(tmp_path / "counters.oom"), "--format", "json", "--engine", "explicit", "--no-race"]


def rows(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """The rows that were printed."""
    found: list[dict[str, object]] = json.loads(capsys.readouterr().out)["results"]
    return found


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--reduce", "order,slize"], "--reduce: there is no reduction `slize`"),
        (["--reduce", "fusion"], "--reduce fusion needs order: it passes through states that have one step left"),
        (
            ["--reduce", "order", "--no-slice"],
            "--reduce says which reductions there are; the flags with --no- say so too",
        ),
        (["--bitstate", "--hash-compact"], "--bitstate and --hash-compact exclude each other"),
        (["--hash-compact", "--swarm", "3"], "a swarm is made of bitstate searches; --hash-compact does not fit"),
        (["--seed", "3"], "--seed is for lossy searches"),
        (["--swarm", "0"], "--swarm: expected a whole number of at least 1, found '0'"),
        (["--bitstate=10"], "--bitstate: at least 64 bytes, found 10"),
        (["--bitstate=lots"], "--bitstate: expected a size such as 512M or 2G, found 'lots'"),
        (["--spill", "d", "--resume", "d"], "--spill and --resume exclude each other"),
        (["--spill", "d", "--bitstate"], "a lossy search keeps no states that could be spilled"),
        (["-j", "0"], "--jobs: expected a whole number of at least 1, found '0'"),
    ],
)
def test_what_does_not_fit_together(
    counters: list[str], capsys: pytest.CaptureFixture[str], flags: list[str], message: str
) -> None:
    """Exit code 2, and what is wrong."""
    assert main([*counters, *flags]) == 2
    assert message in capsys.readouterr().err


def test_no_reduction_counts_the_model_itself(counters: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The same states on one thread and on two, and no reduction in the report."""
    for jobs in ("1", "2"):
        assert main([*counters, "--no-reduction", "-j", jobs]) == 0
        found = rows(capsys)
        assert {row["reductions"] == [] for row in found} == {True}
        assert len({row["states"] for row in found}) == 1
        assert {row["exhaustive"] for row in found} == {True}


def test_a_lossy_search_proves_nothing(counters: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 3: whatever it did not find is unknown, and the reason tells what may have been left out."""
    assert main([*counters, "--bitstate=64K", "-p", "assert"]) == 3
    (row,) = rows(capsys)
    assert row["verdict"] == "unknown"
    assert str(row["reason"]).startswith("bitstate search: ")


def test_a_lossy_search_finds_errors(counters: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, with a trace that was replayed."""
    spec = counters[1].replace(".oom", ".oomspec")
    for flags in (["--hash-compact=1M"], ["--swarm", "3", "--bitstate=64K", "--seed", "7"]):
        assert main([counters[0], counters[1], spec, *counters[2:], "-p", "full", *flags]) == 1
        (row,) = rows(capsys)
        assert row["verdict"] == "violated"
        assert isinstance(row["trace"], dict)
        assert row["trace"]["shortest"] is False


def test_questions_about_runs_are_refused(
    counters: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A lossy search looks at states only."""
    spec = tmp_path / "runs.oomspec"
    spec.write_text('spec for "counters.oom";\nltl ends : F (n[0] == 15);\n')
    assert main([counters[0], counters[1], str(spec), *counters[2:], "-p", "ends", "--bitstate"]) == 2
    assert "error[E0508]: `ends` is about runs, and a lossy search looks at states only" in capsys.readouterr().err
