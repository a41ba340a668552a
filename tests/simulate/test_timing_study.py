"""The timing study: its fit finds known numbers, its page has the tables that it prints, its model is exact."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from oomcheck.check import check_files
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.lower import lower
from oomcheck.lang.mode import Mode
from oomcheck.rows import Options
from oomcheck.simulate.experiment import Experiment
from oomcheck.simulate.walk import Plan

ROOT = Path(__file__).parents[2]
MODEL, SPEC = ROOT / "models" / "exit_timing.oom", ROOT / "specs" / "exit_timing.oomspec"
RUNS = 12  # of each simulation here; the page has more


@pytest.fixture(scope="module")
def study() -> ModuleType:
    """The script as a module."""
    loader = importlib.machinery.SourceFileLoader("timing_study", str(ROOT / "scripts" / "timing-study"))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[loader.name] = module  # where its dataclasses look for their annotations
    loader.exec_module(module)
    return module


def cells(lines: list[str]) -> list[list[str]]:
    """The rows of all tables."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]


def number(cell: str) -> float | None:
    """The first number of a cell."""
    found = re.fullmatch(r"([+-]?\d+\.\d+)( %)?( ± .*)?", cell)
    return float(found[1]) if found else None


@pytest.mark.slow
def test_the_page_has_the_tables(study: ModuleType) -> None:
    """Every table of the page, made anew with fewer runs: the same rows, and numbers within the noise of those runs."""
    page = (ROOT / "docs" / "timing-study.md").read_text(encoding="utf-8").splitlines()
    first = page.index("### No reaper held out")
    shown = cells(page[first:])
    made = cells(list(study.report(study.Setting(runs=RUNS))))
    assert [row[0] for row in made] == [row[0] for row in shown]
    for one, other in zip(made, shown, strict=True):
        for left, right in zip(one[1:], other[1:], strict=True):
            a, b = number(left), number(right)
            if a is None or b is None:
                assert left == right
            else:
                assert abs(a - b) <= (2.0 if "%" in left else max(0.02 * abs(b), 0.01)), (one, other)


def test_held_out_rows_are_predicted(study: ModuleType) -> None:
    """Where the three numbers are identifiable, each held-out time is within 10 % of the measurement."""
    setting = study.Setting(runs=RUNS)
    for held_out in ("NO_REAPER", "DESCENDING"):
        _, fit = study.fitted([row for row in study.MEASURED if row != held_out], setting)
        means = study.simulate(held_out, fit, setting).means
        for mean, real in zip(means, study.MEASURED[held_out], strict=True):
            assert abs(mean / real - 1) < 0.1


@pytest.mark.slow
@pytest.mark.parametrize(("fixed", "work", "share"), [(10.0, 80.0, 0.7), (3.0, 200.0, 0.9)])
def test_the_fit_finds_what_is_known(
    study: ModuleType, monkeypatch: pytest.MonkeyPatch, fixed: float, work: float, share: float
) -> None:
    """Fitted to times that the simulator made, with other random numbers, the fit comes back to their numbers."""
    truth = study.Fit(fixed, work, share)
    walks = ("DESCENDING", "ASCENDING", "NO_REAPER")
    times = {walk: study.simulate(walk, truth, study.Setting(runs=60, seed=77, vmas=24)).means for walk in walks}
    monkeypatch.setattr(study, "MEASURED", times)
    for rows in (walks[:2], walks[1:]):
        _, found = study.fitted(rows, study.Setting(runs=60, vmas=24))
        assert found.work == pytest.approx(work, rel=0.01)
        assert found.share == pytest.approx(share, rel=0.02)
        assert found.fixed == pytest.approx(fixed, abs=0.01 * work)
    _, found = study.fitted(("DESCENDING", "NO_REAPER"), study.Setting(runs=60, vmas=24))
    assert found.work == pytest.approx(work, rel=0.01)


def test_least_squares(study: ModuleType) -> None:
    """The line nearest to four points, by hand; a square system exactly."""
    slope, offset = study.least_squares([[x, 1] for x in (1, 2, 3, 4)], [6, 5, 7, 10])
    assert (slope, offset) == (pytest.approx(1.4), pytest.approx(3.5))
    solved = study.least_squares([[0, 2, 0], [1, 0, 0], [0, 0, 4]], [6, 5, 2])
    assert solved == pytest.approx([5, 3, 0.5])


def test_script_complains(study: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """One run has no confidence interval."""
    with pytest.raises(SystemExit) as stop:
        study.main(["--runs", "1"])
    assert stop.value.code == 2
    assert "--runs is at least 2" in capsys.readouterr().err


@pytest.mark.parametrize(("check", "walk"), [("alone", "NO_REAPER"), ("up", "ASCENDING"), ("down", "DESCENDING")])
def test_simulated_extremes_are_the_exact_ones(check: str, walk: str) -> None:
    """In small numbers: the longest of 300 runs takes as long as the worst case that a search of all states finds."""
    report = check_files(MODEL, (SPEC,), Options(select=(f"exit_timing/{check}/release",)))
    (result,) = report.results
    experiment = Experiment(lower(load_model(MODEL, {"WALK": walk}), Mode(timed=True)).system, [])
    walks = experiment.make(Plan(runs=300))
    life = next(measure for measure in experiment.measures() if measure.name == "life(exiting)")
    assert max(life.values) == result.value
    assert (walks.cut, life.open) == (0, 0)


def test_waits_are_those_of_the_exact_bound() -> None:
    """Ascending, all four VMAs are contended in every run; descending, none is."""
    for walk, waits in (("ASCENDING", 4), ("DESCENDING", 0)):
        mode = Mode(timed=True, costs=frozenset({"contention"}))
        experiment = Experiment(lower(load_model(MODEL, {"WALK": walk}), mode).system, [])
        experiment.make(Plan(runs=50))
        known = {measure.name: set(measure.values) for measure in experiment.measures()}
        assert known.get("cost(contention)", {0}) == {waits}
