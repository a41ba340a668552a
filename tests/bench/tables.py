"""Results as tables of Markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.bench.figures import (
    ENOUGH_STATES,
    TIMED_SIZES,
    Spread,
    Target,
    bytes_per_state,
    of,
    rate,
    ratio,
    search_seconds,
    states,
    whole_seconds,
)
from tests.bench.measure import Measured
from tests.bench.points import Verdict
from tests.bench.rounds import Name, Result

NOTHING = "-"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a process, and its seconds by the clock and of the processor."""

    name: str
    wall: float
    cpu: float


def table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """A table whose first `left` columns are aligned to the left, the others to the right."""
    marks = ["---" if column < left else "--:" for column in range(len(head))]
    lines = (head, marks, *rows)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def show_rate(found: Spread | None) -> str:
    """States per second in millions, or thousands where there are fewer."""
    if found is None:
        return NOTHING
    return f"{found.median / 1e6:.2f} M" if found.median >= 1e5 else f"{found.median / 1e3:.1f} k"


def show_seconds(found: Spread | None) -> str:
    """Seconds to the hundredth, or the millisecond below a tenth."""
    if found is None:
        return NOTHING
    return f"{found.median:.2f}" if found.median >= 0.1 else f"{found.median:.3f}"


def show_ratio(found: Spread | None) -> str:
    """Median, least and greatest of a ratio."""
    if found is None:
        return NOTHING
    digits = 1 if found.median >= 1 else 2
    if found.low == found.high:
        return f"{found.median:.{digits}f}"
    return f"{found.median:.{digits}f} ({found.low:.{digits}f} to {found.high:.{digits}f})"


def show_count(value: int | None) -> str:
    """A number of states or transitions."""
    return NOTHING if value is None else f"{value:,}"


def searches(results: Sequence[Result]) -> str:
    """A line for each contender of each point; a star marks times of the whole process instead of the tool's own."""
    head = ("point", "who", "verdict", "states", "transitions", "states/s", "search s", "process s", "bytes/state")
    rows = [
        _search_row(result.title if first == 0 else "", name, result)
        for result in results
        for first, name in enumerate(result.runs)
    ]
    return table(head, rows, left=3)


def _search_row(title: str, name: Name, result: Result) -> tuple[str, ...]:
    ended = result.finished(name)
    if not ended:
        return (title, name, Verdict.UNKNOWN, *(NOTHING,) * 6)
    last = ended[-1]
    memory = of(result, name, bytes_per_state)
    return (
        title,
        name,
        last.verdict,
        show_count(last.states),
        show_count(last.transitions),
        show_rate(of(result, name, rate)),
        show_seconds(of(result, name, search_seconds)) + ("" if last.own_clock else "*"),
        show_seconds(of(result, name, whole_seconds)),
        f"{memory.median:.0f}" if memory is not None and last.states >= ENOUGH_STATES else NOTHING,
    )


def ratios(results: Sequence[Result]) -> str:
    """Our states per second over the peers' at each point that everybody searches whole."""
    pairs = (
        ("1 thread over SPIN", Name.OURS, Name.SPIN),
        ("1 thread over rumur, 1", Name.OURS, Name.RUMUR),
        ("2 threads over rumur, 2", Name.OURS_2, Name.RUMUR_2),
        ("2 threads over TLC, 2", Name.OURS_2, Name.TLC_2),
        ("2 threads over 1", Name.OURS_2, Name.OURS),
    )
    rows = [
        (result.title, *(show_ratio(ratio(result, above, below, rate)) for _, above, below in pairs))
        for result in results
        if result.comparable and result.size in TIMED_SIZES
    ]
    return table(("point", *(name for name, _, _ in pairs)), rows) if rows else ""


def wholes(results: Sequence[Result]) -> str:
    """Seconds from text to verdict, and what a cold run of ours takes of SPIN's pipeline."""
    names = (Name.OURS_FIRST, Name.OURS_COLD, Name.OURS_WARM, Name.SPIN, Name.SPIN_FAST_BUILD, Name.RUMUR)
    rows = [
        (
            result.title,
            *(show_seconds(of(result, name, whole_seconds)) for name in names),
            show_ratio(ratio(result, Name.OURS_COLD, Name.SPIN, whole_seconds)),
        )
        for result in results
    ]
    return table(("point", *names, "cold over SPIN"), rows)


def runs(results: Sequence[Result]) -> str:
    """Properties about runs: SPIN counts states of the product."""
    rows = [
        (
            result.title,
            _verdicts(result),
            *(_count(result, name) for name in (Name.OURS, Name.SPIN)),
            *(show_seconds(of(result, name, search_seconds)) for name in (Name.OURS, Name.SPIN)),
            show_ratio(ratio(result, Name.SPIN, Name.OURS, search_seconds)),
        )
        for result in results
    ]
    head = ("point", "verdict", "states, ours", "states, SPIN", "search s, ours", "search s, SPIN", "times as fast")
    return table(head, rows, left=2)


def reductions(results: Sequence[Result]) -> str:
    """States that are left at the points of the peers."""
    names = (Name.OURS, Name.OURS_REDUCED, Name.SPIN_REDUCED)
    rows = [
        (
            result.title,
            *(_count(result, name) for name in names),
            show_ratio(ratio(result, Name.OURS_REDUCED, Name.SPIN_REDUCED, states)),
        )
        for result in results
    ]
    return table(("point", "unreduced", "ours, reduced", "SPIN, reduced", "ours over SPIN's"), rows)


def kernel(results: Sequence[Result]) -> str:
    """Models of kernel code: ours alone."""
    rows = [
        (
            result.title,
            _verdicts(result),
            _count(result, Name.OURS),
            _count(result, Name.OURS_REDUCED),
            *(show_rate(of(result, name, rate)) for name in (Name.OURS, Name.OURS_2)),
            *(show_seconds(of(result, name, whole_seconds)) for name in (Name.OURS, Name.OURS_REDUCED)),
        )
        for result in results
    ]
    head = ("model", "verdict", "states", "reduced", "states/s, 1 thread", "2 threads", "process s", "reduced s")
    return table(head, rows, left=2)


def large(results: Sequence[Result]) -> str:
    """Points that only we search."""
    rows = [
        (
            result.title,
            _verdicts(result),
            _count(result, Name.OURS),
            *(show_rate(of(result, name, rate)) for name in (Name.OURS, Name.OURS_2)),
            *(show_seconds(of(result, name, whole_seconds)) for name in (Name.OURS, Name.OURS_2)),
            NOTHING if (memory := of(result, Name.OURS, bytes_per_state)) is None else f"{memory.median:.0f}",
        )
        for result in results
    ]
    head = ("point", "verdict", "states", "states/s, 1 thread", "2 threads", "process s", "2 threads s", "bytes/state")
    return table(head, rows, left=2)


def parts(found: Sequence[Part]) -> str:
    """Where the time of a small check goes."""
    head = ("part", "seconds", "of the processor")
    return table(head, [(part.name, f"{part.wall:.3f}", f"{part.cpu:.3f}") for part in found])


def targets(found: Sequence[Target]) -> str:
    """What is wanted and what is reached."""
    rows = [
        (
            target.figure,
            target.point,
            f"{target.bound} {target.wanted:.3g}",
            show_ratio(target.found),
            "yes" if target.reached else "**no**",
        )
        for target in found
    ]
    return table(("figure", "point", "wanted", "found", "reached"), rows, left=2)


def flags(results: Sequence[Result]) -> str:
    """Who was run how, each setting once."""
    seen: dict[tuple[str, str], list[str]] = {}
    for result in results:
        for name, text in result.flags.items():
            seen.setdefault((name, text), []).append(result.short)
    rows = [(name, f"`{text}`", ", ".join(dict.fromkeys(points))) for (name, text), points in seen.items()]
    return table(("who", "flags", "points"), rows, left=3)


def _verdicts(result: Result) -> str:
    return ", ".join(dict.fromkeys(run.verdict.value for runs in result.runs.values() for run in runs))


def _count(result: Result, name: Name) -> str:
    ended = result.finished(name)
    return show_count(ended[-1].states if ended else None)


def values(result: Result, names: Sequence[Name], figure: Callable[[Measured], float]) -> tuple[tuple[str, float], ...]:
    """Medians of a figure by contender, of those that have any."""
    found = ((name, of(result, name, figure)) for name in names)
    return tuple((name.value, each.median) for name, each in found if each is not None)
