"""Where else in a tree a name is defined: the same folder, those in it, the headers that most code includes."""

from __future__ import annotations

import re
from typing import Final

from oomcheck.kerneltree.definition import Kind
from oomcheck.kerneltree.references import Reference
from oomcheck.kerneltree.tree import CFile, KernelTree

HEADERS: Final = ("include/linux", "include/linux/sched")
#: Files that are parsed for one name, and places that are named: a hint need not be complete.
MOST_FILES: Final = 6
MOST_PLACES: Final = 2


def elsewhere(reference: Reference, tree: KernelTree) -> list[str]:
    """Paths of other files that define the name of a reference; at most MOST_PLACES, the same folder first."""
    if not reference.name:
        return []
    own = reference.file.rpartition("/")[0]
    line = rb"^(?:(?:[A-Za-z_][^\n;]*)?\bNAME\b|#[ \t]*define[ \t]+NAME\b|[ \t]+[\w \t*]+\bNAME(?:;|\[|[ \t]*=))"
    word = reference.name.encode()
    pattern = re.compile(line.replace(b"NAME", word), re.MULTILINE)  # a name is letters and digits
    found: list[str] = []
    parsed = 0
    near = tree.folders(own) if own and own not in HEADERS else [own]
    for path in tree.neighbours(tuple(dict.fromkeys((*near, *HEADERS)))):
        if path == reference.file or parsed == MOST_FILES or len(found) == MOST_PLACES:
            continue
        text = tree.raw(path)
        if word not in text or not pattern.search(text):
            continue
        parsed += 1
        file = tree.file(path)
        if isinstance(file, CFile) and any(
            made.name == reference.name and made.kind is not Kind.DECLARATION and reference.owner in ("", made.owner)
            for made in file.definitions
        ):
            found.append(path)
    return found
