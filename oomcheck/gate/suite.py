"""The specs below a folder."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NoReturn

from oomcheck.diag.diagnostic import error
from oomcheck.records import dataclass

SUFFIX: Final = ".oomspec"


@dataclass(frozen=True, slots=True)
class SuiteSpec:
    """A spec file and the name that the identities of its results begin with."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class Suite:
    """Specs in the order of their paths; `folder` is what messages call the whole."""

    folder: str
    specs: tuple[SuiteSpec, ...]


def find_suite(folder: Path) -> Suite:
    """All specs below `folder`, or the one spec that it is.

    A spec is named after its file; where two share a name, after its path below the folder. Names that begin with a
    dot are left out, and links to folders are not followed. Raises E0001 for what cannot be read, so that no spec is
    overlooked, and E0006 if there is none: an empty gate is never green.
    """
    if folder.is_file() and folder.suffix == SUFFIX:
        return Suite(str(folder), (SuiteSpec(folder, folder.stem),))
    if not folder.is_dir():
        what = "it is no folder" if folder.exists() else "there is no such folder"
        raise error("E0001", f"cannot read {folder}: {what}")
    paths = sorted(_below(folder), key=lambda path: path.parts)
    if not paths:
        raise error("E0006", f"no spec below `{folder}`", None, f"specs are files with the ending {SUFFIX}")
    stems = Counter(path.stem for path in paths)
    return Suite(
        str(folder),
        tuple(
            SuiteSpec(path, path.stem if stems[path.stem] == 1 else _relative(path, folder).as_posix())
            for path in paths
        ),
    )


def _relative(path: Path, folder: Path) -> Path:
    return path.relative_to(folder).with_suffix("")


def _below(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder, onerror=_unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(parent, name) for name in names if name.endswith(SUFFIX) and not name.startswith("."))


def _unreadable(problem: OSError) -> NoReturn:
    raise error("E0001", f"cannot read {problem.filename}: {problem.strerror or 'unknown reason'}") from None
