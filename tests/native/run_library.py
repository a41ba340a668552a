"""The C functions about runs, compiled once for all tests of a process."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from ctypes import CDLL
from functools import cache
from pathlib import Path

import pytest

from oomcheck.native.build import RUNTIME
from oomcheck.native.liveness import NativeRuns
from oomcheck.native.run_core import RunCore

HERE = Path(__file__).parent / "c"
SOURCES = (*sorted((RUNTIME / "runs").glob("*.c")), RUNTIME / "memory.c")


def compile_runs(output: Path, *arguments: str | Path) -> None:
    """Compile the functions, and what `arguments` add, without any warning."""
    compiler = shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("needs gcc or clang on PATH")
    flags = ("-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{RUNTIME}", f"-I{RUNTIME / 'runs'}", "-o", output)
    ended = subprocess.run(
        [compiler, *flags, *SOURCES, *arguments], capture_output=True, text=True, timeout=100, check=False
    )
    assert ended.returncode == 0, ended.stderr


@cache
def native_runs() -> NativeRuns:
    """The functions as Python sees them."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "runs.so"
        compile_runs(library, "-O2", "-fPIC", "-shared")
        return NativeRuns(RunCore(CDLL(str(library))))
