"""The line that tells where a long search stands."""

from __future__ import annotations

import io

import pytest

from oomcheck.cli.progress import ERASE, progress, progress_text
from oomcheck.result.exploration import Progress


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
    shown = progress_text(Progress(states, 0, 0, 7, 2.0), 3 * 2**20)
    assert shown.startswith(f"{text} states, ")
    assert shown.endswith("depth 7, 3 MiB, 2 s")
