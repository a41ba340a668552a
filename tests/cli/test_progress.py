"""The line that tells where a long search stands."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oomcheck.check import check_files
from oomcheck.cli.progress import (
    ERASE,
    FEWEST,
    Part,
    Trend,
    columns,
    counted,
    fitted,
    progress,
    proof_parts,
    search_parts,
)
from oomcheck.result.exploration import Limits, Progress
from oomcheck.rows import Options
from tests.cli.samples import ENDLESS, put

PROGRAM = [sys.executable, "-m", "oomcheck.cli.main"]
HANG = 60.0  # seconds after which a process is said to hang


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Yes."""
        return True


class Clock:
    """Time that goes on when it is told to."""

    now = 100.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def shown(*given: Progress, max_states: int | None = None) -> str:
    """What the last line says after a search has reported so."""
    stream, clock = Terminal(), Clock()
    with progress(stream, clock, max_states) as show:
        assert show is not None
        for now in given:
            clock.now += 1
            show(now)
        return stream.getvalue().rpartition(ERASE)[2].removesuffix("\r")


def test_nothing_in_a_pipe() -> None:
    """A stream that is no terminal gets no progress at all."""
    with progress(io.StringIO()) as show:
        assert show is None


def test_a_line_that_is_kept_up_to_date_and_goes() -> None:
    """Short searches show nothing; a long one writes a line over itself, not too often, and takes it away."""
    stream, clock = Terminal(), Clock()
    with progress(stream, clock) as show:
        assert show is not None
        show(Progress(10, 20, 5, 3, 0.5))
        assert stream.getvalue() == ""
        show(Progress(1_000, 2_000, 50, 3, 2.0))
        first = stream.getvalue()
        assert first.startswith(f"{ERASE}1.00k states, 500/s, frontier 50, depth 3, ")
        clock.now += 0.1
        show(Progress(1_100, 2_000, 50, 3, 2.1))
        assert stream.getvalue() == first
        clock.now += 0.2
        show(Progress(1_200, 2_000, 50, 4, 2.3))
        assert "1.20k states" in stream.getvalue()
    assert stream.getvalue().endswith(ERASE)


def test_the_next_search_begins_without_a_line() -> None:
    """What the last search left is erased when a new one reports for the first time."""
    stream = Terminal()
    with progress(stream, Clock()) as show:
        assert show is not None
        show(Progress(1_000, 2_000, 50, 3, 2.0))
        show(Progress(1, 0, 1, 0, 0.0))
        assert stream.getvalue().endswith(ERASE)
        end = len(stream.getvalue())
    assert len(stream.getvalue()) == end


@pytest.mark.parametrize(
    ("states", "text"),
    [(999, "999"), (1_000, "1.00k"), (12_345, "12.3k"), (123_456, "123k"), (4_567_890, "4.57M"), (10**10, "10.0G")],
)
def test_numbers_are_short(states: int, text: str) -> None:
    """Three digits and a unit."""
    parts = [part.text for part in search_parts(Progress(states, 0, 0, 7, 2.0), 3 * 2**20, "")]
    assert parts[0] == f"{text} states"
    assert parts[-3:] == ["depth 7", "3 MiB", "2 s"]


def test_what_is_searched_comes_first() -> None:
    """Which of the searches it is, cut to some columns and without signs that steer a terminal."""
    now = Progress(5, 0, 0, 7, 2.0, task="2/7 few\x1b[31m threads " + "x" * 50)
    assert search_parts(now, 0, "")[0].text == "2/7 few\\x1b[31m threads xxxxxxxxxxxxx..."
    assert [part.text for part in proof_parts(Progress(0, 0, 0, 0, 3.4, "1/2 a", "p: bound 5"))] == [
        "1/2 a",
        "proof of p: bound 5",
        "3 s",
    ]


def test_proofs_tell_what_they_try() -> None:
    """While a solver is at work there are no states to count."""
    assert shown(Progress(0, 0, 0, 0, 3.0, "1/2 a", "p: bound 5")) == "1/2 a, proof of p: bound 5, 3 s"


def test_the_limit_of_states() -> None:
    """Where the user has given a number of states, the line tells how far it is to there."""
    assert shown(Progress(250, 0, 90, 7, 2.0), max_states=1_000).endswith(", 2 s, 25 % of --max-states")
    assert "%" not in shown(Progress(250, 0, 90, 7, 2.0))


# ---------------------------------------------------------------- the estimate


def course(frontiers: list[int], each: int = 100) -> Trend:
    """A search that expands so many states from line to line."""
    trend = Trend()
    for number, frontier in enumerate(frontiers, start=1):
        trend.add(Progress(number * each + frontier, 0, frontier, 1, float(number)))
    return trend


def test_a_straight_way_down_is_told_exactly() -> None:
    """A frontier that loses 50 for 100 expanded states has 500 left: 1000 more, after 1500."""
    frontiers = [1_200 - 50 * n for n in range(1, 15)]
    assert course(frontiers).percent == 1400 * 100 // (1400 + 500 * 2)
    assert shown(
        *(Progress(100 * n + f, 0, f, 1, float(n)) for n, f in enumerate(frontiers, start=1)), max_states=9_999
    ).endswith("about 58 % if the frontier keeps shrinking")


@pytest.mark.parametrize(
    "frontiers",
    [
        [],
        [900 - 50 * n for n in range(FEWEST - 1)],  # too short a look
        [100 + n for n in range(20)],  # it grows
        [1000] * 20,  # it stays
        [1000 - n for n in range(20)],  # it hardly shrinks
        [500 + 50 * abs(n - 8) for n in range(20)],  # it has begun to grow again
        [1000 - 90 * n if n < 10 else 50 + n for n in range(20)],
    ],
)
def test_no_estimate_without_a_trend(frontiers: list[int]) -> None:
    """Nothing is said while the frontier does not shrink, lately and for some time."""
    assert course(frontiers).percent is None


@given(frontiers=st.lists(st.integers(0, 10**9), max_size=60), each=st.integers(0, 10**6))
def test_an_estimate_is_never_all(frontiers: list[int], each: int) -> None:
    """Whatever happens, a search that goes on is not said to be over."""
    percent = course(frontiers, each).percent
    assert percent is None or 1 <= percent <= 99


def test_a_new_search_has_a_new_trend() -> None:
    """What the last search did tells nothing about the next."""
    first = [Progress(100 * n + 50 * (20 - n), 0, 50 * (20 - n), 1, float(n)) for n in range(1, 18)]
    assert "if the frontier" in shown(*first)
    assert "if the frontier" not in shown(*first, Progress(1, 0, 1, 0, 0.0), Progress(900, 0, 10, 5, 2.0))


# ---------------------------------------------------------------- the terminal


@given(
    parts=st.lists(st.builds(Part, st.text("ab", max_size=20), st.integers(0, 9)), min_size=1, max_size=9),
    width=st.integers(-1, 200),
)
def test_a_line_fits(parts: list[Part], width: int) -> None:
    """No line is longer than the terminal is wide; what stays is in order, and the most important part stays."""
    line = fitted(parts, width)
    assert len(line) <= max(width, 0)
    whole = ", ".join(part.text for part in parts)
    assert (line == whole) == (len(whole) <= max(width, 0))


def test_what_matters_least_goes_first() -> None:
    """Memory is left out before the number of states."""
    parts = search_parts(Progress(1_000, 0, 9, 7, 2.0, "1/2 a"), 2**20, "about 40 %")
    assert fitted(parts, 70) == "1/2 a, 1.00k states, 500/s, frontier 9, depth 7, 2 s, about 40 %"
    assert fitted(parts, 30) == "1.00k states, 2 s, about 40 %"
    assert fitted(parts, 12) == "1.00k states"
    assert fitted(parts, 5) == "1.00k"


def test_a_width_nobody_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream without a terminal below has the width that the environment says."""
    monkeypatch.setenv("COLUMNS", "33")
    assert columns(Terminal()) == 33


def on_terminal(arguments: list[str], width: int, enough: re.Pattern[str]) -> tuple[str, str, int]:
    """Run a command with its errors on a terminal until `enough` shows there, then press Ctrl-C.

    What the terminal got, the output, and the exit code.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    process = subprocess.Popen([*PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=theirs, encoding="utf-8")
    os.close(theirs)
    got, end, sent = "", time.monotonic() + HANG, False
    try:
        while time.monotonic() < end:
            if not select.select([ours], [], [], 0.1)[0]:
                continue
            try:
                got += os.read(ours, 65536).decode()
            except OSError:  # the other side is closed
                break
            if not sent and enough.search(got):
                process.send_signal(signal.SIGINT)
                sent = True
        out, _ = process.communicate(timeout=HANG)
    finally:
        process.kill()
        os.close(ours)
    return got, out, process.returncode


@pytest.mark.parametrize("width", [120, 40])
def test_on_a_real_terminal(tmp_path: Path, width: int) -> None:
    """The line goes over itself within the width of the terminal, and is gone when the report is written."""
    model = put(tmp_path, "endless.oom", ENDLESS)
    spec = put(tmp_path, "far.oomspec", 'spec for "endless.oom";\nnever far : x[0] + x[1] + x[2] + x[3] == 30000;\n')
    got, out, code = on_terminal(["check", str(model), str(spec)], width, re.compile(" states"))
    assert code == 130
    assert "PARTIAL (interrupted)" in out
    lines = [line for line in got.replace(ERASE, "\n").split("\n") if line.strip("\r")]
    assert lines
    assert all(len(line.strip("\r")) < width for line in lines)
    assert all(" states" in line for line in lines)
    assert lines[0].startswith("1/1 default, ")
    assert got.endswith(ERASE)


# ---------------------------------------------------------------- what is told


def heard(folder: Path, text: str, options: Options) -> list[Progress]:
    """What a check of the endless model reports."""
    told: list[Progress] = []
    model = put(folder, "endless.oom", ENDLESS)
    spec = put(folder, "far.oomspec", f'spec for "endless.oom";\nnever far : x[0] + x[1] + x[2] == 29000;\n{text}')
    check_files(model, (spec,), replace(options, progress=told.append))
    return told


def test_searches_tell_which_they_are(tmp_path: Path) -> None:
    """Checks have names, and there are so many of them; those that share a search are named together."""
    checks = "check a : far expect holds;\ncheck b : far expect violated;\ncheck c : far timed slack 1 expect holds;"
    told = heard(tmp_path, checks, Options(select=("far",), limits=Limits(max_states=300)))
    assert list(dict.fromkeys(now.task for now in told)) == ["1/2 a b", "2/2 c"]
    assert {now.phase for now in told} == {""}


def test_proofs_tell_what_they_are_about(tmp_path: Path) -> None:
    """A proof engine says from its own process which bound it looks at."""
    options = Options(select=("far",), engine="bmc", limits=Limits(depth=5))
    phases = {now.phase for now in heard(tmp_path, "", options)} - {""}
    assert phases
    assert phases <= {f"far: bounded search, bound {bound}" for bound in range(6)}


def test_counted() -> None:
    """How many runs are done, four times a second and no oftener; the line is gone at the end."""
    now = iter([0.0, 0.1, 0.3, 0.3, 0.4])
    stream = Terminal()
    with counted(stream, "runs", lambda: next(now)) as show:
        assert show is not None
        for done in (1, 2, 3):
            show(done, 1000)
    assert stream.getvalue() == f"{ERASE}2/1000 runs{ERASE}"


def test_counted_says_nothing_in_a_pipe() -> None:
    """There is nobody to hear."""
    stream = io.StringIO()
    with counted(stream, "runs") as show:
        assert show is None
    assert stream.getvalue() == ""
