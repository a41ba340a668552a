"""Folded states in C, by a program in C under the sanitizers of the compiler."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from oomcheck.native.build import RUNTIME

HERE = Path(__file__).parent / "c"
FLAGS = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-pthread", f"-I{RUNTIME}", "-DFOLDED", "-DWORDS=1", "-g", "-O1")
ADDRESSES = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
WIDTHS = (2, 3, 5, 9, 33, 64, 100)


def compiled(target: Path, *extra: str) -> Path:
    """The test program, compiled with these flags."""
    sources = [HERE / "store_test.c", *sorted(RUNTIME.glob("*.c"))]
    command = [os.environ.get("CC", "cc"), *FLAGS, *extra, *map(str, sources), "-o", str(target)]
    subprocess.run(command, check=True, timeout=100)
    return target


def outcome(program: Path, words: int, threads: int) -> tuple[int, str]:
    """How the program ended, and what it said."""
    ended = subprocess.run(
        [program, str(words), str(threads)], capture_output=True, text=True, timeout=100, check=False
    )
    return ended.returncode, ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program that finds misuse of memory and undefined behaviour."""
    return compiled(tmp_path_factory.mktemp("store") / "checked", *ADDRESSES)


@pytest.mark.parametrize("words", WIDTHS)
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_folded_searches_are_exact(checked: Path, words: int, threads: int) -> None:
    """Keys are one to one; counts, depths, paths and limits are right for any width and number of threads."""
    assert outcome(checked, words, threads) == (0, "")


def test_wide_entries(tmp_path: Path) -> None:
    """The same with table entries of 64 bits, as for billions of parts."""
    program = compiled(tmp_path / "wide", *ADDRESSES, "-DNARROW_LOG2=13")
    assert [outcome(program, 9, threads) for threads in (1, 3)] == [(0, "")] * 2


def test_parts_can_run_out(tmp_path: Path) -> None:
    """Where parts have no numbers left the search ends, and says so."""
    program = compiled(tmp_path / "few", *ADDRESSES, "-DFEW_PARTS", "-DMOST_PARTS=40000")
    assert [outcome(program, 9, threads) for threads in (1, 5)] == [(0, "")] * 2


@pytest.mark.parametrize("words", [9, 100])
def test_threads_do_not_race(tmp_path: Path, words: int) -> None:
    """Threads that number parts at once have no data race."""
    program = compiled(tmp_path / "threads", "-fsanitize=thread")
    assert [outcome(program, words, threads) for threads in (2, 5)] == [(0, "")] * 2
