"""Child processes end when they must, whatever they do, and do not fill the memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from oomcheck.native.child import MOST_OUTPUT, Ended, run

ENVIRON = {"PATH": os.environ["PATH"]}


def shell(folder: Path, text: str, seconds: float = 60.0) -> Ended:
    """How `sh -c text` ended."""
    (ended,) = run([["sh", "-c", text]], folder, ENVIRON, seconds)
    return ended


def gone(process: int) -> bool:
    """Whether a process is dead, given a while to die; one that nobody reaps counts as dead."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize(
    ("text", "ended"),
    [
        ("echo out; echo err >&2; exit 3", Ended(3, b"out\nerr\n")),
        ("kill -SEGV $$", Ended(-signal.SIGSEGV, b"")),
        ("cat; pwd; echo $HOME", Ended(0, b"/\n\n")),
    ],
)
def test_ended(text: str, ended: Ended) -> None:
    """Status, signal and output are told; there is no input, and the environment is what was given."""
    assert shell(Path("/"), text) == ended


def test_side_by_side(tmp_path: Path) -> None:
    """Programs run at once: each of these two waits for the other."""
    texts = ["mkfifo p; echo hello > p; echo first", "while ! test -p p; do sleep 0.01; done; cat p"]
    assert run([["sh", "-c", text] for text in texts], tmp_path, ENVIRON, 60.0) == [
        Ended(0, b"first\n"),
        Ended(0, b"hello\n"),
    ]


def test_time_is_up(tmp_path: Path) -> None:
    """A child that hangs is killed with what it started, and what it said before is kept."""
    ended = shell(tmp_path, "sleep 600 & echo $!; wait", 0.5)
    assert ended.status is None
    assert gone(int(ended.output))


def test_closed_output_is_not_the_end(tmp_path: Path) -> None:
    """A child that closes its output and hangs is killed too."""
    assert shell(tmp_path, "echo $$; exec >&- 2>&-; sleep 600", 0.5).status is None


def test_daemon_keeps_the_output(tmp_path: Path) -> None:
    """A child that leaves a daemon behind, which holds its output, ends when it ends."""
    ended = shell(tmp_path, "setsid sleep 600 & echo $!; exit 4")
    os.kill(int(ended.output), signal.SIGKILL)
    assert ended.status == 4


def test_endless_output(tmp_path: Path) -> None:
    """Output without end is read without being kept, until the time is up; of much output the start is kept."""
    assert shell(tmp_path, "yes", 0.5) == Ended(None, b"y\n" * (MOST_OUTPUT // 2))
    assert shell(tmp_path, "yes | head -c 1000000; exit 5") == Ended(5, b"y\n" * (MOST_OUTPUT // 2))


def test_cannot_be_started(tmp_path: Path) -> None:
    """A program that cannot be started is an error, and those started before it are killed."""
    first = ["sh", "-c", "echo $$ > pid; sleep 600"]
    with pytest.raises(FileNotFoundError):
        run([first, ["/nonexistent/program"]], tmp_path, ENVIRON, 60.0)
    pid = tmp_path / "pid"
    assert not pid.exists() or not pid.read_text() or gone(int(pid.read_text()))


def test_interrupt(tmp_path: Path) -> None:
    """Ctrl-C ends the call at once and kills what was started."""
    program = (
        "import signal, sys\n"
        "from pathlib import Path\n"
        "from oomcheck.native.child import run\n"
        # a shell that runs the tests in the background has them ignore it
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "run([['sh', '-c', 'echo $$ > new; mv new pid; sleep 600']], Path(sys.argv[1]), {'PATH': sys.argv[2]}, 600.0)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path), os.environ["PATH"]], stderr=subprocess.PIPE, text=True
    ) as process:
        while not (tmp_path / "pid").exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert errors.endswith("KeyboardInterrupt\n")
    assert gone(int((tmp_path / "pid").read_text()))
