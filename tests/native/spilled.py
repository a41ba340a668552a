"""A process that searches with its log on disk, and that may kill itself on the way: see `test_spill`."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from oomcheck.ir.expr import and_
from oomcheck.native import engine
from oomcheck.native.checkpoint import Spill
from oomcheck.prop.property import Kind, Property, sanitizer
from oomcheck.result.exploration import Exploration, Limits
from tests import toys
from tests.native import workshop

SYSTEM = toys.philosophers(8)
#: With `unreachable` the search goes on until there is nothing left.
PROPERTIES = (
    *(sanitizer(name) for name in ("deadlock", "lockdep", "unreachable")),
    Property("apart", Kind.COVER, and_(SYSTEM.at(0, 2), SYSTEM.at(3, 2))),
)


def search(spill: Spill | None, threads: int, polls: int = 0, limits: Limits | None = None) -> Exploration:
    """The search; after so many polls, if there are so many, the process is killed."""
    left = polls

    def should_stop() -> str:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return ""

    tuning = engine.Tuning(threads, spill)
    found = engine.explore(SYSTEM, PROPERTIES, limits or Limits(), workshop.build, tuning, should_stop)
    return replace(found, seconds=0.0)


def in_child(folder: Path, threads: int, polls: int = 0, resume: bool = True) -> Exploration | None:
    """The same in a process of its own; None if it was killed."""
    words = (str(folder), str(threads), str(polls), "resume" if resume else "")
    ended = subprocess.run([sys.executable, "-m", __name__, *words], capture_output=True, timeout=60, check=False)
    if ended.returncode == -signal.SIGKILL:
        return None
    assert ended.returncode == 0, ended.stderr.decode()
    found = pickle.loads(ended.stdout)
    assert isinstance(found, Exploration)
    return found


if __name__ == "__main__":
    engine.SLICE = 0.00003
    place, threads_, polls_, how = sys.argv[1:]
    everything = search(Spill(Path(place), bool(how), every=0.0), int(threads_), int(polls_))
    sys.stdout.buffer.write(pickle.dumps(everything))
