"""Programs that stand in for C compilers, and the place that the tests of the build work in."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from oomcheck.native.build import Site
from oomcheck.native.cache import open_cache

VERSION = 'case "$*" in *--version*) echo "fake 1.0"; exit 0;; esac\n'


def script(path: Path, text: str) -> str:
    """A shell script at `path`, as a program; its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\nPATH=$PATH:{os.defpath}\n{text}", encoding="utf-8")
    path.chmod(0o700)
    return str(path)


def fake(path: Path, text: str) -> str:
    """A compiler that says its version and does `text` when it is to compile."""
    return script(path, VERSION + text)


def site(folder: Path, seconds: float = 60.0, **environ: str) -> Site:
    """A site whose cache is below `folder` and whose PATH has no compiler unless the test puts one into folder/bin."""
    (folder / "bin").mkdir(exist_ok=True)
    full = {"PATH": f"{folder / 'bin'}", "XDG_CACHE_HOME": str(folder), **environ}
    return Site(open_cache(full), full, seconds)


def link_tools(folder: Path, *names: str) -> None:
    """Put programs of this machine into folder/bin under their own names; skip the test if one is missing."""
    for name in names:
        found = next((Path(part) / name for part in os.get_exec_path() if (Path(part) / name).exists()), None)
        if found is None:
            pytest.skip(f"needs {name} on PATH")
        script(folder / "bin" / name, f'PATH="{os.environ["PATH"]}" exec {found} "$@"\n')
