"""The lossy search in C, run by a program in C under the sanitizers of the compiler."""

import subprocess
from pathlib import Path

import pytest

from tests.native.lossy_toys import HERE, compile_c

SANITIZERS = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


@pytest.mark.parametrize("words", [1, 3])
@pytest.mark.parametrize("wide", [(), ("-U__SIZEOF_INT128__",)], ids=["int128", "without"])
def test_exact_answers_under_sanitizers(tmp_path: Path, words: int, wide: tuple[str, ...]) -> None:
    """Counts, paths, bounds and refusals are exact, and no memory is misused, with 128-bit products or without."""
    program = tmp_path / "lossy_test"
    toys = (HERE / "lossy_toys.c", HERE / "lossy_test.c")
    compile_c(program, *SANITIZERS, *wide, f"-DWORDS={words}", *toys)
    ended = subprocess.run([program], capture_output=True, text=True, timeout=100, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_searches_at_once_share_nothing(tmp_path: Path) -> None:
    """Searches of one model on several threads have no race, and with one seed they are one search."""
    program = tmp_path / "lossy_threads"
    toys = (HERE / "lossy_toys.c", HERE / "lossy_threads.c")
    compile_c(program, "-g", "-O1", "-fsanitize=thread", "-pthread", "-DWORDS=1", *toys)
    ended = subprocess.run([program], capture_output=True, text=True, timeout=100, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_each_allocation_may_fail(tmp_path: Path) -> None:
    """Without memory a search is not opened, or cut, or ends; a path that cannot be made shorter stays as it is."""
    program = tmp_path / "lossy_memory"
    toys = (HERE / "lossy_toys.c", HERE / "lossy_memory.c")
    wrapped = ",".join(f"--wrap={name}" for name in ("malloc", "calloc", "realloc", "pages_new"))
    compile_c(program, *SANITIZERS, "-DWORDS=1", f"-Wl,{wrapped}", *toys)
    ended = subprocess.run([program], capture_output=True, text=True, timeout=100, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.split() == ["ooooooooooooosssssnssssssnsssp", "oooooooossssssss"]
