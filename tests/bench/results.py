"""The page of results with its charts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.bench import figures, gating, plot, tables
from tests.bench.figures import ENOUGH_STATES, TIMED_SIZES, Target
from tests.bench.measure import Measured
from tests.bench.rounds import Name, Result

CHARTED = (
    Name.OURS,
    Name.OURS_2,
    Name.SPIN,
    Name.SPIN_DEFAULT,
    Name.RUMUR,
    Name.RUMUR_2,
    Name.TLC_2,
)
PIPELINES = (Name.OURS_FIRST, Name.OURS_COLD, Name.OURS_WARM, Name.SPIN, Name.SPIN_FAST_BUILD, Name.RUMUR)


class Section(StrEnum):
    """What can be measured."""

    SEARCH = "search"
    WHOLE = "whole"
    START = "start"
    RUNS = "ltl"
    REDUCTIONS = "reductions"
    KERNEL = "kernel"
    LARGE = "large"
    GATE = "gate"


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that was measured; sections that were not asked for are missing; `parts` are of START, `gates` of GATE."""

    date: str
    command: str
    machine: tuple[tuple[str, str], ...]
    engine: str
    rounds: int
    notices: tuple[str, ...]
    found: Mapping[Section, tuple[Result, ...]]
    parts: tuple[tables.Part, ...] = ()
    gates: tuple[gating.GateRun, ...] = ()

    def of(self, section: Section) -> tuple[Result, ...]:
        """The results of a section."""
        return self.found.get(section, ())

    @property
    def results(self) -> list[Result]:
        """Of all sections."""
        return [result for results in self.found.values() for result in results]


#: Of a check of ten states, in seconds.
SMALL_CHECK = 0.25
#: Of a gate that has nothing to check, and of a quick one that has everything to, in seconds.
WARM_GATE, QUICK_GATE = 1.0, 20.0


def targets(outcome: Outcome) -> list[Target]:
    """All targets that the sections say something about."""
    found = [
        *figures.search_targets(outcome.of(Section.SEARCH)),
        *figures.whole_targets(outcome.of(Section.WHOLE)),
        *figures.runs_targets(outcome.of(Section.RUNS)),
        *figures.reduction_targets(outcome.of(Section.REDUCTIONS)),
    ]
    if outcome.parts:
        seconds = outcome.parts[-1].wall
        took = figures.Spread(seconds, seconds, seconds)
        found.append(
            Target("seconds of a whole process, warm", "trivial N=10", figures.Bound.AT_MOST, SMALL_CHECK, took)
        )
    wanted = {"quick, warm": WARM_GATE, "whole, warm": WARM_GATE, "quick, cold": QUICK_GATE}
    for gate in outcome.gates:
        if gate.title in wanted:
            took = figures.Spread(gate.wall, gate.wall, gate.wall)
            found.append(Target("seconds of a gate", gate.title, figures.Bound.AT_MOST, wanted[gate.title], took))
    return found


def page(outcome: Outcome) -> str:
    """The text of RESULTS.md."""
    parts = [
        "# Results\n\nWritten by the benchmark (README.md here says what is measured and how), not by hand.\n",
        f"`{outcome.command}`, {outcome.date}; medians of {outcome.rounds} interleaved rounds.\n",
        "\n".join((f"Our engine: {outcome.engine}.", *outcome.notices)) + "\n",
        tables.table(("machine", ""), outcome.machine, left=2),
    ]
    for title, text in sections(outcome):
        parts.append(f"## {title}\n\n{text}")
    return "\n".join(parts)


def sections(outcome: Outcome) -> list[tuple[str, str]]:
    """Titles and tables of what was measured."""
    found = []
    wanted = targets(outcome)
    if wanted:
        found.append(("Targets", tables.targets(wanted)))
    searched, whole = outcome.of(Section.SEARCH), outcome.of(Section.WHOLE)
    if searched:
        images = _images(outcome, "rates", "memory")
        text = f"{tables.ratios(searched)}\n{images}{tables.searches(searched)}"
        found.append(("Search: states per second and memory", text))
    if whole:
        found.append(("Whole time, from the model to the verdict", _images(outcome, "whole") + tables.wholes(whole)))
    if outcome.parts:
        found.append(("A check of ten states, warm", tables.parts(outcome.parts)))
    if outcome.of(Section.RUNS):
        found.append(("LTL with weak fairness", tables.runs(outcome.of(Section.RUNS))))
    if outcome.of(Section.REDUCTIONS):
        found.append(("Reductions", tables.reductions(outcome.of(Section.REDUCTIONS))))
    if outcome.of(Section.KERNEL):
        found.append(("Models of kernel code", tables.kernel(outcome.of(Section.KERNEL))))
    if outcome.of(Section.LARGE):
        found.append(("More than 10^8 states", tables.large(outcome.of(Section.LARGE))))
    if outcome.gates:
        found.append(("The gate over all specs", gating.shown(outcome.gates)))
    if outcome.results:
        found.append(("Flags", tables.flags(outcome.results)))
    return found


def _images(outcome: Outcome, *names: str) -> str:
    drawn = charts(outcome)
    return "".join(f"![{name}]({name}.svg)\n\n" for name in names if name in drawn)


def charts(outcome: Outcome) -> dict[str, str]:
    """SVG texts by name; a chart without anything to show is left out."""
    compared = [result for result in outcome.of(Section.SEARCH) if result.comparable]
    timed = [result for result in compared if result.size in TIMED_SIZES]
    large = [result for result in compared if _states(result) >= ENOUGH_STATES]
    return {
        name: plot.bars(title, groups, log=True)
        for name, title, groups in (
            ("rates", "states per second (logarithmic)", _groups(timed, CHARTED, figures.rate)),
            (
                "memory",
                "bytes per state, peak resident (logarithmic)",
                _groups(large, CHARTED, figures.bytes_per_state),
            ),
            (
                "whole",
                "seconds from model to verdict (logarithmic)",
                _groups(outcome.of(Section.WHOLE), PIPELINES, figures.whole_seconds),
            ),
        )
        if groups
    }


def _states(result: Result) -> int:
    return max((run.states for runs in result.runs.values() for run in runs), default=0)


def _groups(results: Sequence[Result], names: Sequence[Name], figure: Callable[[Measured], float]) -> list[plot.Group]:
    groups = (plot.Group(result.short, tables.values(result, names, figure)) for result in results)
    return [group for group in groups if group.values]


def write(outcome: Outcome, folder: Path) -> None:
    """The page and its charts into a folder; charts of an earlier page that this one lacks go."""
    drawn = charts(outcome)
    (folder / "RESULTS.md").write_text(page(outcome), encoding="utf-8")
    for name in ("rates", "memory", "whole"):
        path = folder / f"{name}.svg"
        if name in drawn:
            path.write_text(drawn[name], encoding="utf-8")
        else:
            path.unlink(missing_ok=True)
