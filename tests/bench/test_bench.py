"""The benchmark itself: its runs, arithmetic, tables and charts, and one run of the smallest point."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.bench import __main__ as program
from tests.bench import figures, gating, machine, plot, results, rumur, spin, tables, tlc
from tests.bench.figures import Bound, Spread, Target
from tests.bench.measure import BenchError, Counted, Finished, Measured, measured, run
from tests.bench.points import LARGE, Verdict
from tests.bench.results import Outcome, Section
from tests.bench.rounds import Contender, Name, Result, interleave, mismatches
from tests.bench.sections import Setup
from tests.bench.test_tools import LATER, NOW

HOLDS, VIOLATED, UNKNOWN = Verdict.HOLDS, Verdict.VIOLATED, Verdict.UNKNOWN


def took(search: float, states: int = 1_000_000, peak: int = 50_000_000, verdict: Verdict = HOLDS) -> Measured:
    """A run of so many seconds."""
    return Measured(verdict, states, 2 * states, search, True, search + 1, peak)


def result(**runs: tuple[Measured, ...]) -> Result:
    """A result at size l with runs by names of `Name`."""
    found = {Name[name]: value for name, value in runs.items()}
    return Result("exit_vs_reaper N=12 K=3", "exit_vs_reaper N=12", "l", HOLDS, None, found, {})


# ---------------------------------------------------------------- runs


def test_a_child_is_measured(tmp_path: Path) -> None:
    """Status, both outputs, the folder it ran in, the environment it got."""
    code = "import os, sys; print(os.environ['A'], os.getcwd(), flush=True); sys.exit('bad')"
    done = run([sys.executable, "-c", code], tmp_path, 60, {"A": "b"})
    assert (done.status, done.out, done.killed) == (1, f"b {tmp_path.resolve()}\nbad\n", False)


def test_a_child_over_the_limit_is_ended(tmp_path: Path) -> None:
    """With its own children, which would else keep the output open and the machine busy."""
    done = run(["sh", "-c", "sleep 600 & sleep 600"], tmp_path, 0.1)
    assert (done.status, done.killed) == (-9, True)


@pytest.mark.parametrize(
    ("own", "search", "by_itself"),
    [(0.5, 0.5, True), (0.1, 0.1, True), (0.09, 3.0, False), (None, 3.0, False)],
)
def test_own_clock_counts_if_it_ticks_often(own: float | None, search: float, by_itself: bool) -> None:
    """Ten ticks at least; else the run's wall time."""
    found = measured(Finished(0, "", 3.0, 7, False), Counted(HOLDS, 5, 6, own), resolution=0.01)
    assert found == Measured(HOLDS, 5, 6, search, by_itself, 3.0, 7)


def test_contenders_take_turns() -> None:
    """One run of each in every round; who is over the limit is not asked again."""
    order: list[str] = []

    def contender(name: Name, verdict: Verdict) -> Contender:
        def once() -> Measured:
            order.append(name)
            return took(1, verdict=verdict)

        return Contender(name, "", once)

    found = interleave([contender(Name.OURS, HOLDS), contender(Name.SPIN, HOLDS), contender(Name.TLC_2, UNKNOWN)], 2)
    assert order == [Name.OURS, Name.SPIN, Name.TLC_2, Name.OURS, Name.SPIN]
    assert {name: len(runs) for name, runs in found.items()} == {Name.OURS: 2, Name.SPIN: 2, Name.TLC_2: 1}


def test_equal_counts_are_no_mismatch() -> None:
    """Reduced searches and those that were ended may count less."""
    fine = result(OURS=(took(1),), SPIN=(took(2),), SPIN_REDUCED=(took(1, 9),), TLC_2=(took(9, 0, verdict=UNKNOWN),))
    assert mismatches(fine) == []


def test_mismatches_are_told() -> None:
    """Other counts than the peers' or the table's, and other verdicts."""
    wrong = result(OURS=(took(1, 10), took(1, 10)), SPIN=(took(2, 11),))
    assert mismatches(wrong) == [
        f"{wrong.title}: states differ: 10 (oomcheck, 1 thread), 11 (SPIN)",
    ]
    alone = replace(result(OURS=(took(1, 10),)), states=12)
    assert mismatches(alone) == [f"{alone.title}: states differ: 12 (the table of points), 10 (oomcheck, 1 thread)"]
    assert mismatches(replace(wrong, counted=False)) == []
    green = replace(result(OURS=(took(1), took(1))), expect=VIOLATED)
    assert mismatches(green) == [f"{green.title}: oomcheck, 1 thread says holds, expected violated"]


# ---------------------------------------------------------------- arithmetic


def test_spread() -> None:
    """Median, least, greatest; nothing of nothing."""
    assert figures.spread([4, 1, 3]) == Spread(3, 1, 4)
    assert figures.spread([4, 1]) == Spread(2.5, 1, 4)
    assert figures.spread([]) is None


def test_ratios_are_of_one_round() -> None:
    """A slow round slows both sides; the ratio of medians would be another."""
    found = result(OURS=(took(1), took(4), took(1)), SPIN=(took(5), took(8), took(6)))
    assert figures.ratio(found, Name.OURS, Name.SPIN, figures.rate) == Spread(5, 2, 6)
    assert figures.ratio(found, Name.OURS, Name.RUMUR, figures.rate) is None


def test_targets_of_searches() -> None:
    """Each figure at its sizes, against the contender that it is about."""
    found = result(
        OURS=(took(1, peak=20_000_000),),
        OURS_2=(took(0.5),),
        SPIN=(took(4, peak=80_000_000),),
        SPIN_DEFAULT=(took(5, peak=40_000_000),),
        RUMUR=(took(6, peak=25_000_000),),
        RUMUR_2=(took(3),),
    )
    assert [(t.figure, t.wanted, t.found.median, t.reached) for t in figures.search_targets([found])] == [
        ("states/s, 1 thread, over SPIN's best", 5, 4, False),
        ("states/s, 2 threads, over rumur's", 5, 6, True),
        ("states/s, 2 threads over 1", 1.5, 2, True),
        ("bytes/state over SPIN's default", 1 / 3, 0.5, False),
        ("bytes/state over rumur's", 1, 0.8, True),
    ]
    assert figures.search_targets([replace(found, size="s"), replace(found, expect=VIOLATED)]) == []
    assert figures.search_targets([replace(found, short="peterson N=5")])[0].reached


def test_targets_of_the_other_sections() -> None:
    """Whole times, properties about runs and reductions."""
    found = result(OURS_COLD=(took(1),), OURS=(took(1),), SPIN=(took(3),), OURS_REDUCED=(took(1, 8),))
    found = replace(found, size="s", runs={**found.runs, Name.SPIN_REDUCED: (took(1, 8),)})
    whole, runs, reduced = (
        figures.whole_targets([found])
        + figures.runs_targets([replace(found, size="m")])
        + figures.reduction_targets([found])
    )
    assert (whole.found.median, whole.reached) == (0.5, False)
    assert (runs.found.median, runs.reached) == (3, True)
    assert (reduced.found.median, reduced.reached) == (1, False)


# ---------------------------------------------------------------- tables, charts, pages


def test_table() -> None:
    """Names to the left, numbers to the right."""
    assert tables.table(("a", "b"), [("x", "1")]) == "| a | b |\n| --- | --: |\n| x | 1 |\n"


def test_numbers_of_tables() -> None:
    """Digits as many as say something."""
    shown = [tables.show_rate(Spread(v, v, v)) for v in (6_543_210, 654_321, 65_432)]
    assert shown == ["6.54 M", "0.65 M", "65.4 k"]
    assert [tables.show_seconds(Spread(v, v, v)) for v in (12.345, 0.012345)] == ["12.35", "0.012"]
    assert tables.show_ratio(Spread(5.26, 4.9, 6)) == "5.3 (4.9 to 6.0)"
    assert tables.show_ratio(Spread(0.256, 0.256, 0.256)) == "0.26"
    assert tables.show_rate(None) == tables.show_seconds(None) == tables.show_ratio(None) == "-"


def test_rows_of_a_search() -> None:
    """A star where the time is the process's, dashes for who did not finish, memory from a million states on."""
    found = result(OURS=(took(2),), SPIN=(replace(took(1, 10), own_clock=False),), TLC_2=(took(1, verdict=UNKNOWN),))
    assert tables.searches([found]).splitlines()[2:] == [
        "| exit_vs_reaper N=12 K=3 | oomcheck, 1 thread | holds | 1,000,000 | 2,000,000 | 0.50 M | 2.00 | 3.00 | 50 |",
        "|  | SPIN | holds | 10 | 20 | 0.0 k | 1.00* | 2.00 | - |",
        "|  | TLC, 2 workers | unknown | - | - | - | - | - | - |",
    ]


def test_chart_is_well_formed() -> None:
    """A bar for each value, twice as long for twice the value, with names from outside escaped."""
    chart = plot.bars("a < b", [plot.Group("x & y", (("one", 5.0), ("two", 10.0))), plot.Group("z", (("two", 10.0),))])
    svg = "{http://www.w3.org/2000/svg}"
    root = ElementTree.fromstring(chart)
    widths = [rect.attrib["width"] for rect in root.iter(f"{svg}rect") if rect.find(f"{svg}title") is not None]
    assert widths == ["280.0", "560.0", "560.0"]
    assert [title.text for title in root.iter(f"{svg}title")] == ["x & y, one: 5", "x & y, two: 10", "z, two: 10"]
    colours = [rect.attrib["fill"] for rect in root.iter(f"{svg}rect") if rect.find(f"{svg}title") is not None]
    assert colours == [plot.COLOURS[0], plot.COLOURS[1], plot.COLOURS[1]]


def test_logarithmic_scale() -> None:
    """Powers of ten around all values, the least of them above the left edge."""
    scale = plot.scale_of([2e3, 1e5], log=True)
    assert scale.ticks() == [1e3, 1e4, 1e5]
    assert [scale.place(value) for value in (1e3, 1e4, 1e5)] == [0, 280, 560]
    assert plot.scale_of([1000.0], log=True).ticks() == [100.0, 1000.0]


def test_numbers_of_charts() -> None:
    """Three digits and a letter."""
    assert [plot.number(value) for value in (1.5e9, 1e6, 65_432.0, 48.25, 0.001)] == [
        "1.5 G",
        "1 M",
        "65.4 k",
        "48.2",
        "0.001",
    ]


def outcome(found: dict[Section, tuple[Result, ...]], seconds: float = 0.2) -> Outcome:
    """An outcome with some results."""
    parts = (tables.Part("search", 0.1, 0.05), tables.Part("whole", seconds, seconds / 2))
    return Outcome("2026-01-02", "python -m tests.bench", (("memory", "1 GiB"),), "native", 3, ("None.",), found, parts)


def test_page_is_written_with_its_charts(tmp_path: Path) -> None:
    """Date, machine, command and tables; charts of sections that are not there are removed."""
    (tmp_path / "whole.svg").write_text("old", encoding="utf-8")
    searched = result(OURS=(took(1),), SPIN=(took(6),))
    results.write(outcome({Section.SEARCH: (searched,)}), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["RESULTS.md", "memory.svg", "rates.svg"]
    text = (tmp_path / "RESULTS.md").read_text(encoding="utf-8")
    for line in (
        "`python -m tests.bench`, 2026-01-02; medians of 3 interleaved rounds.",
        "| memory | 1 GiB |",
        "| states/s, 1 thread, over SPIN's best | exit_vs_reaper N=12 K=3 | at least 5 | 6.0 | yes |",
        "| seconds of a whole process, warm | trivial N=10 | at most 0.25 | 0.20 | yes |",
        "![rates](rates.svg)",
    ):
        assert line in text.splitlines()
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == [
        "Targets",
        "Search: states per second and memory",
        "A check of ten states, warm",
        "Flags",
    ]


def test_missed_targets_are_marked() -> None:
    """A target that is not reached says so."""
    row = tables.targets([Target("f", "p", Bound.AT_MOST, 0.25, Spread(0.5, 0.4, 0.6))]).splitlines()[-1]
    assert row == "| f | p | at most 0.25 | 0.50 (0.40 to 0.60) | **no** |"


def test_machine_is_described() -> None:
    """Processor and memory from the kernel's files, of its release only the numbers."""
    assert machine.processor("vendor_id\t: X\nmodel name\t: AMD EPYC\n") == "AMD EPYC"
    assert machine.memory("MemTotal:       25165824 kB\nMemFree: 1 kB\n") == 24.0
    assert machine.chosen("always [madvise] never\n") == "madvise"
    assert machine.version("6.1.0-13-amd64") == "6.1.0"


# ---------------------------------------------------------------- the program


@pytest.mark.parametrize(
    "arguments", [["--sizes", "q"], ["--sections", "speed"], ["--peers", "spin,nusmv"], ["--rounds", "0"]]
)
def test_wrong_arguments_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Words that mean nothing end the program before anything runs."""
    with pytest.raises(SystemExit) as stop:
        program.main(arguments)
    assert stop.value.code == 2
    assert f"argument {arguments[0]}" in capsys.readouterr().err


def test_smallest_benchmark(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The whole way at the smallest point, with whatever peers are on PATH: all agree, and the page is written."""
    code = program.main(["--models", "^(trivial|exit_timing)", "--rounds", "1", "--write", "-o", str(tmp_path)])
    printed = capsys.readouterr()
    assert (code, [line for line in printed.err.splitlines() if "error" in line]) == (0, [])
    page = (tmp_path / "RESULTS.md").read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| trivial N=10 | oomcheck, 1 thread")]
    assert [row[2:5] for row in rows] == [["holds", "10", "9"]]
    ElementTree.fromstring((tmp_path / "whole.svg").read_text(encoding="utf-8"))


def test_what_cannot_be_measured_is_named(tmp_path: Path) -> None:
    """Peers that are not there, with their Debian packages, and what this version lacks."""
    found = program.notices(("spin", "rumur", "tlc"), Setup(NOW, "auto", frozenset({"rumur"}), 1, 60, tmp_path))
    assert found == (
        "Left out, not found: spin (Debian package spin).",
        "Left out: tlc (TLA2TOOLS_JAR=.../tla2tools.jar, Debian package default-jre-headless).",
        "This version has no -j: no figures of two threads.",
        "This version has no reductions.",
    )
    assert program.notices(("rumur",), Setup(LATER, "native", frozenset({"rumur"}), 1, 60, tmp_path)) == ()


def test_peers_are_looked_for_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without them on PATH nobody is there, and TLC wants its jar too."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv(tlc.JAR, "tla2tools.jar")
    assert [peer.available() for peer in (spin, rumur, tlc)] == [False, False, False]
    for name in ("spin", "gcc", "java"):
        (tmp_path / name).touch(mode=0o755)
    assert [peer.available() for peer in (spin, rumur, tlc)] == [True, False, True]
    monkeypatch.delenv(tlc.JAR)
    assert not tlc.available()


@pytest.mark.skipif(not spin.available(), reason="needs spin and gcc (Debian packages spin, gcc)")
def test_properties_about_runs_agree() -> None:
    """The claim in Promela and the property in our language have the same verdict."""
    arguments = ["--models", "^peterson N=3", "--sections", "ltl", "--rounds", "1"]
    assert program.main(arguments) == 0


def test_a_point_of_more_than_a_hundred_million_states() -> None:
    """Its count is known in closed form, and the table of such points shows rates, times and memory."""
    (point,) = LARGE
    assert point.states == 129_140_163
    run = Measured(Verdict.HOLDS, point.states, 1_463_588_514, 25.0, True, 26.0, 2_000_000_000)
    result = Result(point.title, point.short, "h", Verdict.HOLDS, point.states, {Name.OURS: (run,)}, {})
    assert "| phils N=17 LEFTY=1 | holds | 129,140,163 |" in tables.large([result])


def test_gates_are_summed() -> None:
    """Medians of the runs, counts and exit code of the first; a warm one over a second misses its target."""
    out = "\n33 specs (33 cached), 391 results: 391 ok; 0.5 s\nexit 0: all as expected\n"
    runs = [Finished(0, out, seconds, 7, False, seconds / 2) for seconds in (3.0, 1.0, 2.0)]
    gate = gating.summed("quick, warm", runs)
    assert gate == gating.GateRun("quick, warm", 2.0, 1.0, 33, 391, 0)
    wanted = results.targets(replace(outcome({}), gates=(gate,)))[-1]
    assert (wanted.point, wanted.reached) == ("quick, warm", False)
    assert "| quick, warm | 2.00 | 1.00 | 33 | 391 | 0 |" in gating.shown((gate,))


def test_a_gate_that_says_nothing_is_an_error() -> None:
    """Without counts there is no figure."""
    with pytest.raises(BenchError, match="did not say"):
        gating.summed("quick, warm", [Finished(0, "nothing", 1.0, 7, False)])
