"""Child processes, held to a time and to an amount of output. Imported only where a compiler must run."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

#: Output beyond this is read, so that the child is not stopped by it, and forgotten.
MOST_OUTPUT: Final = 1 << 16
#: How often to ask whether the child is gone while something else keeps its output open.
BEAT: Final = 0.1


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended: its exit status, minus a signal, or None if its time was up; and the start of its output."""

    status: int | None
    output: bytes


def run(commands: Sequence[Sequence[str]], folder: Path, environ: Mapping[str, str], seconds: float) -> list[Ended]:
    """Run programs side by side, without a shell, in `folder`, without input, their errors among their output.

    What is not done in time is killed with all that it started, and so is everything if this call is interrupted or a
    program cannot be started, which raises OSError.
    """
    deadline = time.monotonic() + seconds
    children: list[subprocess.Popen[bytes]] = []
    try:
        for command in commands:
            children.append(_start(command, folder, environ))
        # One after the other is enough: a child that fills its pipe meanwhile waits for its turn.
        return [_end(child, deadline) for child in children]
    finally:
        for child in children:
            _kill(child)


def _start(command: Sequence[str], folder: Path, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=environ,
        start_new_session=True,
    )


def _end(child: subprocess.Popen[bytes], deadline: float) -> Ended:
    assert child.stdout is not None
    output = _start_of_output(child, child.stdout, deadline)
    try:
        child.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        _kill(child)
        return Ended(None, output)
    return Ended(child.returncode, output)


def _kill(child: subprocess.Popen[bytes]) -> None:
    """Kill the group that a child leads, unless it was reaped: until then its number cannot be another's."""
    if child.returncode is None:
        with suppress(OSError):
            os.killpg(child.pid, signal.SIGKILL)
    with child:  # closes the pipe and reaps
        pass


def _start_of_output(child: subprocess.Popen[bytes], pipe: IO[bytes], deadline: float) -> bytes:
    """Read until the output or the child ends, or time is up; a daemon that the child left may keep the output open."""
    output = b""
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while (left := deadline - time.monotonic()) > 0:
            if selector.select(min(left, BEAT)):
                data = os.read(pipe.fileno(), MOST_OUTPUT)
                if not data:
                    break
                output += data[: MOST_OUTPUT - len(output)]
            elif child.poll() is not None:
                break
    return output
