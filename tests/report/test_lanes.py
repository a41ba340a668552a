"""Traces as lanes: what a maintainer reads in a mail."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oomcheck.report.columns import arrange, choose
from oomcheck.report.lanes import MIN_WIDTH, LaneOptions, render_trace
from oomcheck.result.trace import Change, Ending, Step, Trace
from tests.conftest import Golden
from tests.report.traces import bound_trace, stuck_trace, traces, uninit_trace

PATH = "oom-out/oom_freezer/v5_uninit.json"


def test_mail(golden: Golden) -> None:
    """The default text of a realistic counterexample."""
    golden(render_trace(uninit_trace(), LaneOptions(path=PATH, remark="as expected")), "lanes/uninit.txt")


def test_full_states(golden: Golden) -> None:
    """With full states, the initial state and the state after each step are printed, and nothing is hidden."""
    golden(render_trace(uninit_trace(), LaneOptions(states="full", lanes="all", width=100)), "lanes/uninit_full.txt")


def test_bad_state_with_conjuncts(golden: Golden) -> None:
    """Where the state itself is bad, the last step is marked and each conjunct told."""
    trace = uninit_trace()
    parts = (("kills > 0", True), ("forall v in 0 .. NVMA - 1 : !present[v]", False))
    ending = Ending("a second victim is killed before the first one's memory is back", parts=parts)
    kill = Step(11, "oom_killer", 11, "kills++", "", 0, "mm/oom_kill.c:out_of_memory", (Change("kills", "0", "1"),))
    trace = replace(
        trace, identity="oom_freezer/early_skip/one_kill", sentence="no second kill before the memory is back"
    )
    golden(render_trace(replace(trace, steps=(*trace.steps, kill), ending=ending)), "lanes/bad_state.txt")


def test_time(golden: Golden) -> None:
    """Ticks in a row are one line across that tells how long and when; costs are added up; the worst value is told."""
    golden(render_trace(bound_trace()), "lanes/bound.txt")


@pytest.mark.parametrize("width", [75, 40])
def test_lasso(golden: Golden, width: int) -> None:
    """The loop has a bracket from its first to its last step, and the fairness that it keeps is listed."""
    golden(render_trace(stuck_trace(), LaneOptions(width=width)), f"lanes/lasso_{width}.txt")


def test_rest() -> None:
    """Where nothing moves any more, the page says so behind the last step."""
    rest = replace(stuck_trace(), loop=7, promises=())
    page = render_trace(rest)
    assert "\n  7 steps, then rest, 2 switches; 3280 states; timed, slack 2\n" in page
    assert "\n 7  schedule_timeout_idle(HZ/10)\n    nothing moves any more\n\n  fairness: none was assumed\n" in page
    nothing = render_trace(replace(rest, steps=(), loop=0))
    assert "  0 steps, then rest, 0 switches; 3280 states; timed, slack 2\n\n 0  initial state\n    nothing" in nothing


def test_idle_time() -> None:
    """A loop in which only time passes needs no lanes."""
    tick = replace(stuck_trace().steps[4], number=1)
    page = render_trace(replace(stuck_trace(), steps=(tick,), loop=0, hz=0, timed=True, slack=None))
    start = page.index("timed, declared slack")
    assert page[start:].splitlines()[1:5] == [
        "",
        "+-- from here the loop, for ever",
        "|  1  . . . . . . . . . . . . . . 1 tick passes . . . . . . . . . . . . . .",
        "+-- back to step 1",
    ]


def test_violated_bound_points_at_the_last_step() -> None:
    """A limit that is exceeded is told below the step that exceeds it."""
    trace = replace(bound_trace(), verdict="violated", steps=bound_trace().steps[:30])
    lines = render_trace(trace).splitlines()
    row = next(i for i, line in enumerate(lines) if "28-30" in line)
    assert lines[row + 1].strip().startswith("^^^^^^^^^^")
    assert "  here: 24 ticks (2.4 s)" in lines


def test_bad_initial_state() -> None:
    """A trace without steps shows the initial state as the culprit."""
    trace = replace(uninit_trace(), steps=(), ending=Ending("it starts bad"))
    lines = render_trace(trace).splitlines()
    assert lines[lines.index(" 0  initial state") + 1] == "    ^^^^^^^^^^ it starts bad"


def test_fault_before_any_step() -> None:
    """A first step that fails gets a lane of its own."""
    trace = replace(uninit_trace(), steps=())
    assert " !  return ret\n    ^^^^^^^^^^ ret was never written on this path\n" in render_trace(trace)


def numbers_told(lines: list[str], trace: Trace) -> list[int]:
    """The numbers of the steps that the lines of a page show, ranges written out."""
    looping = trace.loop is not None and trace.loop < len(trace.steps)
    margin = max(2, len(str(len(trace.steps)))) + (2 if looping else 0)
    start = lines.index("") + 1
    body = lines[start : lines.index("", start)]
    marks = [re.match(rf"[ |]{{0,{margin}}}(\d+)(-\d+)? ", line) for line in body]
    spans = [(int(m[1]), int((m[2] or m[1]).strip("-"))) for m in marks if m and (m[2] or m.end() == margin + 1)]
    return [number for first, last in spans for number in range(first, last + 1) if number]


@given(
    trace=traces(),
    width=st.integers(MIN_WIDTH, 120),
    ascii_only=st.booleans(),
    full=st.booleans(),
    everything=st.booleans(),
    path=st.text(max_size=150),
)
def test_fits(trace: Trace, width: int, ascii_only: bool, full: bool, everything: bool, path: str) -> None:
    """No line is too long or holds a control character, whatever the trace; every step has its line."""
    options = LaneOptions(
        width=width,
        ascii_only=ascii_only,
        states="full" if full else "diff",
        lanes="all" if everything else "auto",
        path=path,
    )
    text = render_trace(trace, options)
    assert text.endswith("\n")
    lines = text.removesuffix("\n").split("\n")
    assert max(map(len, lines)) <= width
    assert all(char.isprintable() and (char.isascii() or not ascii_only) for line in lines for char in line)
    assert all(line == line.rstrip() for line in lines)
    assert numbers_told(lines, trace) == [step.number for step in trace.steps]
    if options.path:
        joined = text[text.rindex("  replay:") :].replace("\\\n", "")
        assert joined.startswith("  replay: oomcheck replay ")


@given(trace=traces(), everything=st.booleans(), room=st.integers(36, 120))
def test_lanes_fit(trace: Trace, everything: bool, room: int) -> None:
    """Lanes do not overlap, stay on the page, and one of them is of the thread that fails."""
    names = choose(trace, everything, room)
    assert not trace.ending.process or trace.ending.process in names
    assert everything or len(names) <= 3
    lanes = arrange(names, {name: len(name) for name in names}, room)
    edges = [edge for lane in lanes for edge in (lane.start, lane.start + lane.width)]
    assert edges == sorted(edges)
    assert not edges or edges[-1] <= room


def test_more_than_three_lanes_are_folded() -> None:
    """The busiest three threads keep their lanes, the others are drawn across, and the page says so."""
    names = tuple(f"t{i}" for i in range(6))
    steps = [Step(0, name, 0, f"x = {i}", "", 0, "", ()) for i, name in enumerate(names) for _ in range(3 + i)]
    steps = [replace(step, number=i + 1) for i, step in enumerate(steps)]
    trace = replace(uninit_trace(), processes=names, environment=(), steps=tuple(steps), ending=Ending("bad"), facts=())
    assert choose(trace, False, 71) == ["t3", "t4", "t5"]
    assert "3 more busy threads are drawn across; see --lanes all" in render_trace(trace)
    assert choose(trace, True, 71) == ["t2", "t3", "t4", "t5"]
    assert "2 more busy threads are drawn across; see --width above 75" in render_trace(trace, LaneOptions(lanes="all"))
    assert choose(trace, True, 120) == list(names)


@pytest.mark.parametrize(
    ("text", "change", "note"),
    [
        ("set_bit(MMF_OOM_SKIP, mm->flags)", ("mm.flags.MMF_OOM_SKIP", "false", "true"), ""),
        ("clear_bit(MMF_OOM_SKIP, mm->flags)", ("mm.flags.MMF_OOM_SKIP", "true", "false"), ""),
        ("test_and_set_bit(QUEUED, flags)", ("flags.QUEUED", "false", "true"), "QUEUED: false -> true"),
        ("on_list = true;", ("on_list", "false", "true"), ""),
        ("mm->users = 3", ("mm[0].users", "2", "3"), ""),
        ("done = test_bit(SKIP, flags)", ("done", "false", "true"), "done: false -> true"),
        ("mm_users--", ("mm_users", "2", "1"), "mm_users: 2 -> 1"),
        ("present[1] = false", ("mm[0].present[1]", "true", "false"), ""),
        ("present[v] = false", ("present[1]", "true", "false"), "present[1]: true -> false"),
        ("reset()", ("victim[0].state", "DEAD", "RUNNING"), "victim[0].state: DEAD -> RUNNING"),
    ],
)
def test_only_what_the_text_leaves_unsaid(text: str, change: tuple[str, str, str], note: str) -> None:
    """A change is printed unless the statement already says it."""
    step = Step(1, "t", 0, text, "", 0, "", (Change(*change), Change("t.pc", "a", "b", quiet=True)))
    page = render_trace(replace(uninit_trace(), processes=("t",), environment=(), steps=(step,), ending=Ending("bad")))
    assert f"\n 1  {text}  {note}".rstrip() + "\n" in page
    assert "t.pc" not in page


def test_long_path_stays_a_command() -> None:
    """A path that is too long for a line is cut so that a shell joins it again."""
    path = "oom out/" + "x" * 100 + "/v5.json"
    page = render_trace(uninit_trace(), LaneOptions(path=path))
    command = page[page.index("  replay: ") :].replace("\\\n", "")
    assert command == f"  replay: oomcheck replay oom\\ out/{'x' * 100}/v5.json\n"
