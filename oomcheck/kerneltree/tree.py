"""A kernel tree that the user has: its version, and its files, of which none is trusted."""

from __future__ import annotations

import errno
import importlib
import os
import re
import stat
from collections.abc import Callable
from dataclasses import field
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Final

from oomcheck.diag.diagnostic import error
from oomcheck.kerneltree.definition import Definition
from oomcheck.kerneltree.tokens import deepest
from oomcheck.records import dataclass

#: Largest file that is read; the largest one that somebody wrote, and no tool, has about 1 MiB.
MAX_BYTES: Final = 8 << 20
#: Most brackets that are open at a place: the parser takes hours for texts that are nothing but brackets.
MAX_DEPTH: Final = 1000
#: Any of these makes a folder a kernel tree.
MARKS: Final = ("Makefile", "Kbuild", "mm")
#: Most files of a folder that are looked at for a name that is not where it should be.
MAX_NEIGHBOURS: Final = 2000
#: Most bytes of such files.
MAX_KEPT: Final = 1 << 28
UNKNOWN: Final = "unknown"
HINT: Final = "--kernel-tree names the top of the kernel sources"

_VERSION: Final = re.compile(
    rb"^(VERSION|PATCHLEVEL|SUBLEVEL|EXTRAVERSION)[ \t]*=[ \t]*([\w.+-]*)[ \t]*$", re.MULTILINE
)


class Missing(Enum):
    """Why a file was not read."""

    NO_FILE = "is not in the tree"
    OUTSIDE = "leads out of the tree"
    NOT_REGULAR = "is no regular file"
    TOO_LARGE = f"is larger than {MAX_BYTES >> 20} MiB"
    TOO_DEEP = f"has more than {MAX_DEPTH} brackets in each other"
    UNREADABLE = "cannot be read"


@dataclass(frozen=True, slots=True)
class CFile:
    """A file with what it defines, in the order of the text."""

    text: bytes = field(repr=False)
    definitions: tuple[Definition, ...]


@dataclass(slots=True)
class KernelTree:
    """A folder with C files; `version` is that of its Makefile or UNKNOWN. Each file is read and parsed once."""

    root: Path
    version: str
    definitions_of: Callable[[bytes], tuple[Definition, ...]] = field(repr=False)
    files: dict[str, CFile | Missing] = field(default_factory=dict, repr=False)
    texts: dict[str, bytes] = field(default_factory=dict, repr=False)
    listed: dict[str, list[str]] = field(default_factory=dict, repr=False)
    kept: int = 0  # bytes in `texts`

    def file(self, name: str) -> CFile | Missing:
        """The file at a path below the tree, with `/` between its parts."""
        if name not in self.files:
            found = self.texts.get(name) or _read(self.root, name)
            if isinstance(found, bytes) and deepest(found) > MAX_DEPTH:
                found = Missing.TOO_DEEP
            self.files[name] = CFile(found, self.definitions_of(found)) if isinstance(found, bytes) else found
        return self.files[name]

    def neighbours(self, folders: tuple[str, ...]) -> list[str]:
        """Paths of the C files of some folders, sorted in each, at most MAX_NEIGHBOURS of a folder."""
        found: list[str] = []
        for folder in folders:
            if folder not in self.listed:
                self.listed[folder] = _c_files(self.root, folder)
            found += self.listed[folder]
        return found

    def folders(self, folder: str) -> list[str]:
        """A folder and those that are in it, sorted."""
        try:
            inner = [entry.name for entry in os.scandir(self.root / folder) if entry.is_dir(follow_symlinks=False)]
        except OSError:
            inner = []
        return [folder, *(f"{folder}/{name}" for name in sorted(inner))]

    def raw(self, name: str) -> bytes:
        """The text of a file, which is not parsed; empty if it cannot be read, or if there were too many already."""
        if name not in self.texts:
            found = _read(self.root, name) if self.kept < MAX_KEPT else b""
            self.texts[name] = found if isinstance(found, bytes) else b""
            self.kept += len(self.texts[name])
        return self.texts[name]


def open_tree(root: Path) -> KernelTree:
    """A kernel tree; E0003 for what is none, E0504 if the parser of C is not installed."""
    if not root.is_dir():
        what = "it is no folder" if root.exists() else "there is no such folder"
        raise error("E0003", f"{root} is no kernel tree: {what}")
    if not any((root / mark).exists() for mark in MARKS):
        raise error(
            "E0003", f"{root} is no kernel tree: it has neither {', '.join(MARKS[:-1])} nor {MARKS[-1]}", None, HINT
        )
    real = root.resolve()
    return KernelTree(real, _version(real), _parser().definitions)


def _c_files(root: Path, folder: str) -> list[str]:
    try:
        listed = os.listdir(root / folder) if (root / folder).resolve().is_relative_to(root) else []
    except (OSError, RuntimeError):
        return []
    names = sorted(name for name in listed if name.endswith((".c", ".h")))
    return [f"{folder}/{name}" if folder else name for name in names[:MAX_NEIGHBOURS]]


def _parser() -> ModuleType:
    """The module that needs tree-sitter."""
    try:
        return importlib.import_module("oomcheck.kerneltree.parse")
    except ModuleNotFoundError as missing:
        if missing.name not in ("tree_sitter", "tree_sitter_c"):
            raise
        hint = "pip install 'oomcheck[kernel]'"
        raise error("E0504", f"--kernel-tree needs {missing.name}, which is not installed", None, hint) from missing


def _version(root: Path) -> str:
    """`6.12.3` from the Makefile; a release candidate is `6.12.0-rc3`."""
    text = _read(root, "Makefile")
    if not isinstance(text, bytes):
        return UNKNOWN
    found: dict[str, str] = {}
    for name, value in _VERSION.findall(text):
        found.setdefault(name.decode(), value.decode("ascii", "replace"))
    numbers = [found.get(name, "") for name in ("VERSION", "PATCHLEVEL", "SUBLEVEL")]
    if not all(number.isascii() and number.isdigit() and len(number) < 6 for number in numbers):
        return UNKNOWN
    extra = found.get("EXTRAVERSION", "")
    return ".".join(numbers) + (extra if re.fullmatch(r"-rc[0-9]{1,3}", extra) else "")


def _read(root: Path, name: str) -> bytes | Missing:
    """A file below `root`, which is a real path; links that lead out of it, devices and pipes are not opened."""
    try:
        path = (root / name).resolve()
        if not path.is_relative_to(root):
            return Missing.OUTSIDE
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except (OSError, RuntimeError, ValueError) as problem:  # a loop of links; a NUL in the name
        absent = isinstance(problem, OSError) and problem.errno in (errno.ENOENT, errno.ENOTDIR)
        return Missing.NO_FILE if absent else Missing.UNREADABLE
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return Missing.NOT_REGULAR
        with open(handle, "rb", closefd=False) as file:
            data = file.read(MAX_BYTES + 1)
    except OSError:
        return Missing.UNREADABLE
    finally:
        os.close(handle)
    return Missing.TOO_LARGE if len(data) > MAX_BYTES else data
