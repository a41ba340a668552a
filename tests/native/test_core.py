"""The search core in C, on toy models, run by programs in C under the sanitizers of the compiler."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from oomcheck.native.build import RUNTIME

HERE = Path(__file__).parent / "c"
OTHERS = ("components", "lasso", "longest", "lossy", "survey")  # engines beside the breadth-first search
PARTS = [path for path in sorted(RUNTIME.glob("*.c")) if not path.name.startswith(OTHERS)]
FLAGS = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-g", "-O1", "-pthread", f"-I{RUNTIME}", f"-I{HERE}")
MEMORY = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
THREADS = ("-fsanitize=thread",)
#: A small grid, and threads that take few numbers at once: the first table is small, so that it grows.
SMALL = ("-DBLOCK=16", "-DTOP=4")


def _compiled(folder: Path, name: str, *flags: str) -> Path:
    program = folder / name
    sources = (*PARTS, HERE / "core_toys.c", HERE / f"{name}.c")
    command = [os.environ.get("CC", "cc"), *FLAGS, *flags, *map(str, sources), "-o", str(program)]
    subprocess.run(command, check=True, timeout=120)
    return program


def _run(program: Path, argument: str | Path) -> tuple[int, str, str]:
    ended = subprocess.run([program, str(argument)], capture_output=True, text=True, timeout=100, check=False)
    return ended.returncode, ended.stdout, ended.stderr


# `NARROW_LOG2` is the largest table with entries of 32 bits: none at all, one that the table outgrows, or any.
@pytest.mark.parametrize(
    ("words", "narrow", "size", "threads"),
    [
        (1, 0, SMALL, (1, 2, 5)),
        (1, 16, (), (1, 5)),
        (2, 13, SMALL, (1, 2, 5)),
        (3, 31, SMALL, (5,)),
        (64, 13, SMALL, (2,)),
    ],
)
def test_results_are_exact_and_memory_is_used_well(
    tmp_path: Path, words: int, narrow: int, size: tuple[str, ...], threads: tuple[int, ...]
) -> None:
    """Counts, items, paths and limits are those of a plain search, whatever the number of threads."""
    program = _compiled(tmp_path, "core_test", *MEMORY, *size, f"-DWORDS={words}", f"-DNARROW_LOG2={narrow}")
    assert [_run(program, str(number)) for number in threads] == [(0, "", "")] * len(threads)


def test_threads_do_not_race(tmp_path: Path) -> None:
    """The same results, and the thread sanitizer sees no race."""
    program = _compiled(tmp_path, "core_test", *THREADS, *SMALL, "-DWORDS=1", "-DNARROW_LOG2=13")
    assert [_run(program, str(threads)) for threads in (2, 5)] == [(0, "", "")] * 2


@pytest.mark.parametrize(("words", "narrow", "size"), [(1, 16, ()), (3, 13, SMALL)])
def test_checkpoints_lead_to_the_same_result(tmp_path: Path, words: int, narrow: int, size: tuple[str, ...]) -> None:
    """A search that stops in the middle again and again ends with the same counts and paths; damage is noticed."""
    program = _compiled(tmp_path, "core_checkpoint", *MEMORY, *size, f"-DWORDS={words}", f"-DNARROW_LOG2={narrow}")
    assert _run(program, tmp_path) == (0, "", "")


def test_each_call_of_the_system_may_fail(tmp_path: Path) -> None:
    """Without memory, disk or threads a search is refused or exact, and nothing leaks."""
    names = ("malloc", "calloc", "realloc", "mmap", "posix_fallocate", "pthread_create")
    wrapped = ",".join(f"--wrap={name}" for name in names)
    program = _compiled(tmp_path, "core_failures", *MEMORY, "-DWORDS=2", f"-Wl,{wrapped}")
    code, ends, problems = _run(program, tmp_path)
    assert (code, problems) == (0, "")
    # Four ways to fail; in each some searches are not opened, some refused, and none ends in another way.
    assert [(set(line) <= set("ortd"), line[0], "r" in line) for line in ends.split()] == [(True, "o", True)] * 4
