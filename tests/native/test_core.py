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


# `NARROW_LOG2` is the largest table with entries of 32 bits: from 0 on, from some time on, and never wide.
@pytest.mark.parametrize(
    ("words", "narrow", "size"), [(1, 0, SMALL), (1, 16, ()), (2, 13, SMALL), (3, 31, SMALL), (64, 13, SMALL)]
)
def test_results_are_exact_and_memory_is_used_well(
    tmp_path: Path, words: int, narrow: int, size: tuple[str, ...]
) -> None:
    """Counts, items, paths and limits are those of a plain search, on 1, 2 and 5 threads."""
    program = _compiled(tmp_path, "core_test", *MEMORY, *size, f"-DWORDS={words}", f"-DNARROW_LOG2={narrow}")
    assert [_run(program, str(threads)) for threads in (1, 2, 5)] == [(0, "", "")] * 3


def test_threads_do_not_race(tmp_path: Path) -> None:
    """The same results, and the thread sanitizer sees no race."""
    program = _compiled(tmp_path, "core_test", *THREADS, *SMALL, "-DWORDS=1", "-DNARROW_LOG2=13")
    assert [_run(program, str(threads)) for threads in (2, 5)] == [(0, "", "")] * 2


@pytest.mark.parametrize(
    ("words", "narrow", "flags"), [(1, 16, MEMORY), (3, 13, (*MEMORY, *SMALL)), (2, 13, (*THREADS, *SMALL))]
)
def test_checkpoints_lead_to_the_same_result(tmp_path: Path, words: int, narrow: int, flags: tuple[str, ...]) -> None:
    """A search that stops in the middle again and again ends with the same counts and paths; damage is noticed."""
    program = _compiled(tmp_path, "core_checkpoint", *flags, f"-DWORDS={words}", f"-DNARROW_LOG2={narrow}")
    assert _run(program, tmp_path) == (0, "", "")


def test_each_call_of_the_system_may_fail(tmp_path: Path) -> None:
    """Without memory, disk or threads a search is refused or exact, and nothing leaks."""
    names = ("malloc", "calloc", "realloc", "mmap", "posix_fallocate", "pthread_create")
    wrapped = ",".join(f"--wrap={name}" for name in names)
    program = _compiled(tmp_path, "core_failures", *MEMORY, "-DWORDS=2", f"-Wl,{wrapped}")
    code, ends, problems = _run(program, tmp_path)
    assert (code, problems) == (0, "")
    assert [sorted(set(line)) for line in ends.split()] == [list("dort"), list("ort"), list("dort"), list("ort")]
