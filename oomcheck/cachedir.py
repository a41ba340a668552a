"""The user's cache folder: only its owner can read or write it, and nothing in it is trusted because of its name.

Whatever fails here means that there is no cache; the tool is then slower and says the same.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path


def cache_folder(environ: Mapping[str, str]) -> Path | None:
    """`oomcheck` below XDG_CACHE_HOME or ~/.cache, made if missing, with owner-only rights; None if it cannot be had.

    A folder that others own, that others could write to, or that is a link is not used. A relative XDG_CACHE_HOME
    counts as none (XDG Base Directory Specification).
    """
    base = environ.get("XDG_CACHE_HOME", "")
    try:
        parent = Path(base) if os.path.isabs(base) else Path.home() / ".cache"
        folder = parent / "oomcheck"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
        if not is_private(status, stat.S_ISDIR):
            return None
        if stat.S_IMODE(status.st_mode) != 0o700:  # made by hand, or under an odd umask
            folder.chmod(0o700)
    except (OSError, RuntimeError, ValueError):  # not writable, no home, a NUL in the name
        return None
    return folder


def is_private(status: os.stat_result, is_kind: Callable[[int], bool]) -> bool:
    """Whether this is of the kind, the user's own, and nobody else can have written to it."""
    return is_kind(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o022


def read_private(path: Path) -> bytes | None:
    """The content of a file that only the user can have written; None if it is missing, a link, or could be foreign."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            return file.read() if is_private(os.fstat(file.fileno()), stat.S_ISREG) else None
    except OSError:
        return None


def publish(path: Path, data: bytes) -> bool:
    """Write a file beside `path` with owner-only rights and move it there, so that no reader sees half of it.

    Of writers at the same time the last one wins. False if it could not be written; then nothing is left behind.
    """
    beside = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError:
        return False
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(beside, path)
    except OSError:
        with suppress(OSError):
            os.unlink(beside)
        return False
    return True
