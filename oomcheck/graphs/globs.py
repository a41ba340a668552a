"""Names chosen by globs, in which brackets are just brackets: `victim[*]` means all elements."""

from __future__ import annotations

from fnmatch import fnmatchcase


def matches(name: str, glob: str) -> bool:
    """Whether `glob` chooses `name`; only `*` and `?` have a meaning in it."""
    return fnmatchcase(name, glob.replace("[", "[[]"))
