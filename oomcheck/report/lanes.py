"""A trace as text that survives a mail: a lane for each thread, time running down."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from oomcheck.records import dataclass
from oomcheck.report.closing import closing, header
from oomcheck.report.columns import Lane, arrange, choose, folded
from oomcheck.report.entries import Row, rows_of
from oomcheck.report.printable import printable
from oomcheck.report.wording import NO_BREAK, flow, place, plain, shorten, wrap
from oomcheck.result.trace import Trace

MIN_WIDTH = 40
BRACKET = 2  # columns at the left edge for the bracket of a loop
LOOPS = "from here the loop, for ever"
RESTS = "nothing moves any more"


@dataclass(frozen=True, slots=True)
class LaneOptions:
    """How a trace is drawn: at most `width` characters wide (MIN_WIDTH or more).

    `states` "full" adds the whole state after each step; `lanes` "all" gives
    a lane to as many threads as fit. `path` is the file of the trace for the
    replay command ("": none is shown), `remark` follows the verdict.
    """

    width: int = 75
    ascii_only: bool = False
    states: Literal["diff", "full"] = "diff"
    lanes: Literal["auto", "all"] = "auto"
    path: str = ""
    remark: str = ""

    def __post_init__(self) -> None:
        assert self.width >= MIN_WIDTH, self.width


@dataclass(frozen=True, slots=True)
class Page:
    """Where things go: width of the page and of the left margin, and the lanes."""

    width: int
    margin: int
    lanes: tuple[Lane, ...]

    @property
    def room(self) -> int:
        """Columns right of the margin."""
        return self.width - self.margin


def render_trace(trace: Trace, options: LaneOptions | None = None) -> str:
    """The trace as lines of at most `options.width` characters, with a final newline."""
    options = options or LaneOptions()
    trace = printable(trace, options.ascii_only)
    rows = rows_of(trace, full=options.states == "full")
    margin = max(2, len(str(len(trace.steps)))) + (BRACKET if any(row.looped for row in rows) else 0) + 2
    names = choose(trace, options.lanes == "all", options.width - margin)
    lanes = arrange(names, {name: _wanted(name, rows) for name in names}, options.width - margin)
    page = Page(options.width, margin, tuple(lanes))
    lines = header(trace, plain(options.remark, options.ascii_only), options.width)
    lines += [*_folding(folded(trace, names), options), ""]
    if lanes:
        lines += [_titles(page, [lane.process for lane in lanes]), _titles(page, ["=" * lane.width for lane in lanes])]
    lines += [line for row in rows if not row.looped for line in _draw(page, row)]
    lines += _again(trace, page, [row for row in rows if row.looped])
    lines += ["", *closing(trace, plain(options.path, options.ascii_only), options.width)]
    return "\n".join(line.replace(NO_BREAK, " ").rstrip() for line in lines) + "\n"


def _folding(count: int, options: LaneOptions) -> list[str]:
    """A remark on the busy threads that have no lane."""
    if not count:
        return []
    option = "--lanes all" if options.lanes == "auto" else f"--width above {options.width}"
    threads = "1 more busy thread is" if count == 1 else f"{count} more busy threads are"
    return flow([f"{threads} drawn across; see {option}"], options.width, "  ")


def _again(trace: Trace, page: Page, rows: list[Row]) -> list[str]:
    """What repeats for ever, with a bracket at the left edge; or that nothing moves any more."""
    if trace.loop is None:
        return []
    if not rows:
        return [" " * page.margin + RESTS]
    inside = ["|" + line[1:] for row in rows for line in _draw(page, row)]
    return [f"+-- {LOOPS}", *inside, f"+-- back to step {trace.loop + 1}"]


def _wanted(process: str, rows: Iterable[Row]) -> int:
    """The width at which nothing of a thread has to be wrapped."""
    widths = [len(process)]
    for row in rows:
        if row.process == process:
            widths += [len(row.source) + 2, len("  ".join([row.text, *row.notes]))]
    return max(widths)


def _titles(page: Page, texts: Iterable[str]) -> str:
    line = " " * page.margin
    for lane, text in zip(page.lanes, texts, strict=True):
        line = line.ljust(page.margin + lane.start) + shorten(text, lane.width)
    return line


def _draw(page: Page, row: Row) -> list[str]:
    """The lines of a row."""
    lane = next((lane for lane in page.lanes if lane.process == row.process), None)
    mark = _marked(page, row)
    if lane is not None:
        lines = _in_lane(row, lane)
        start = lane.start
        above = [" " * (page.margin + start) + place(row.source, lane.width)] if row.source else []
    else:
        lines = _across(row, page.width - len(mark)) if row.process or row.passing else [row.text]
        start, above = 0, []
    drawn = [(mark if i == 0 else " " * len(mark)) + " " * start + line for i, line in enumerate(lines)]
    failure = _failure(page, drawn[-1], row.failure) if row.failure else []
    indent = " " * (page.margin + 2)
    return [*above, *drawn, *failure, *flow(row.state, page.width, indent, "  ")]


def _marked(page: Page, row: Row) -> str:
    """The left margin of a row: its number in its column, the rest of a range (`14-31`) right of that.

    What sticks out is even, so that dots stay below dots.
    """
    first, dash, last = row.mark.partition("-")
    beyond = dash + last
    return f"{first:>{page.margin - 2}}{beyond}  {' ' * (len(beyond) % 2)}"


def _in_lane(row: Row, lane: Lane) -> list[str]:
    lines = wrap(row.text, lane.width)
    notes = "; ".join(row.notes)
    if notes and len(lines[-1]) + 2 + len(notes) <= lane.width:
        return [*lines[:-1], f"{lines[-1]}  {notes}"]
    for note in row.notes:
        lines += [f"  {line}" for line in wrap(note, lane.width - 2)]
    return lines


def _across(row: Row, room: int) -> list[str]:
    """A step of a thread without a lane, or time: a dotted line over the whole page."""
    text = "; ".join([f"{row.process}: {row.text}" if row.process else row.text, *row.notes])
    inner = room - 8
    function = row.source.rpartition(":")[2]
    if function and len(text) + len(function) + 3 <= inner:
        text += " " + place(row.source, inner - len(text) - 1)
    lines = wrap(text, inner)
    start = (room - max(map(len, lines))) // 4 * 2  # even, to begin where a dot would be
    dots = (". " * room)[:room]
    return [f"{dots[:start]}{line} {dots[start + len(line) + 1 :]}" for line in lines]


def _failure(page: Page, above: str, message: str) -> list[str]:
    """Carets below the last line of a step, and the message behind or below them."""
    text = above[page.margin :].strip(" .")
    column = above.index(text, page.margin) if text else page.margin
    carets = " " * column + "^" * max(1, min(len(text), 10))
    beside = page.width - len(carets) - 1
    if len(message) <= beside:
        return [f"{carets} {message}"]
    lines = wrap(message, page.room)
    start = min(column, page.width - max(map(len, lines)))
    return [carets, *(" " * start + line for line in lines)]
