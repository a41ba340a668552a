"""Compiled code under a name that is a hash of all it was made from, for this run and for later ones.

An entry is loaded into the process, so three things are established each time before it is used: nobody but the user
(or root) can have put it there, it is whole, and it is what its name says. The last 40 bytes of an entry are a mark and
a hash over its key and its content; the loader of shared objects ignores what follows them. An entry that fails is made
again and replaced. Because of that check, publishing needs no `fsync`: after a loss of power an entry may be torn, but
it is never loaded.
"""

from __future__ import annotations

import atexit
import hashlib
import logging
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from oomcheck.cachedir import cache_folder, is_private, publish, read_private

log = logging.getLogger(__name__)

MARK: Final = b"oomcheck"
TRAILER: Final = len(MARK) + 32

MOST_ENTRIES: Final = 2000
MOST_BYTES: Final = 512 << 20
#: Seconds in which an entry that was just found is not removed: its user may not have loaded it yet.
GRACE: Final = 60.0
#: Seconds after which a file that a killed process left half written is removed.
STALE: Final = 3600.0
MOST_LINKS: Final = 40


class CacheError(Exception):
    """Compiled code can be kept nowhere, not even for this run; says why."""


class Cache:
    """Entries below `root`, and where that is None or cannot be written, in a private folder that ends with the run."""

    def __init__(self, root: Path | None) -> None:
        self.root = root
        self._private: Path | None = None

    def find(self, key: str) -> Path | None:
        """The file with this entry, whole and the user's own; None if there is none."""
        return next((path for path in self._places(key) if _content(path, key) is not None), None)

    def read(self, key: str) -> bytes | None:
        """What was published under the key; None if there is none."""
        return next((data for path in self._places(key) if (data := _content(path, key)) is not None), None)

    def publish(self, key: str, data: bytes) -> Path:
        """Keep `data` and say where; of processes that publish one key at once, any may win. Raises CacheError."""
        entry = data + MARK + _seal(key, data)
        if self.root is not None:
            path = self.root / key
            if publish(path, entry):
                # A rule that needs no memory: about every sixteenth new entry pays for looking at all the others.
                if key[-1] == "0":
                    prune(self.root)
                return path
            log.info("cannot write to the cache folder %s; keeping compiled code for this run only", self.root)
        path = self._folder_of_run() / key
        if not publish(path, entry):
            raise CacheError(f"cannot write compiled code to {path.parent}; is the disk full?")
        return path

    def _places(self, key: str) -> list[Path]:
        """Where an entry can be, the private folder first: what is there could not be kept elsewhere."""
        return [folder / key for folder in (self._private, self.root) if folder is not None]

    def _folder_of_run(self) -> Path:
        if self._private is None:
            try:
                made = tempfile.mkdtemp(prefix="oomcheck-")
            except OSError as problem:
                raise CacheError(f"no folder for compiled code: {problem.strerror or problem}") from problem
            atexit.register(_remove, made, os.getpid())
            self._private = Path(made)
        return self._private


def open_cache(environ: Mapping[str, str]) -> Cache:
    """The cache of this user, or one for this run only if the user's cache folder cannot be had or trusted."""
    placed = environ.get("HOME") or os.path.isabs(environ.get("XDG_CACHE_HOME", ""))
    folder = cache_folder(environ) if placed else None
    if folder is None:
        log.info("no cache folder; keeping compiled code for this run only")
        return Cache(None)
    root = folder / "native"
    try:
        root.mkdir(mode=0o700, exist_ok=True)
        trusted = is_private(root.lstat(), stat.S_ISDIR) and is_trusted(root)
    except OSError as problem:
        log.info("cannot use the cache folder %s: %s", root, problem.strerror)
        return Cache(None)
    if not trusted:
        log.info("others could change the cache folder %s; keeping compiled code for this run only", root)
        return Cache(None)
    return Cache(root)


def key_of(label: str, parts: Iterable[str]) -> str:
    """The name of an entry that is made from these parts and nothing else; `label` is for the reader of the folder."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogateescape")
        # The length keeps ("ab", "c") and ("a", "bc") apart.
        digest.update(b"%d:" % len(data))
        digest.update(data)
    return f"{label}-{digest.hexdigest()}"


def is_trusted(folder: Path) -> bool:
    """Whether only the user and root can change what this absolute path leads to, links on the way included.

    Other users may write to a folder on the way only if it is sticky, as /tmp is. A group may if it is the user's own,
    which distributions with umask 002 make: its number is the user's.
    """
    here, links = "/", 0
    todo = [name for name in reversed(str(folder).split("/")) if name]
    while todo:
        name = todo.pop()
        if name == "..":
            here = os.path.dirname(here)
            continue
        step = os.path.join(here, name)
        status = os.lstat(step)
        if status.st_uid not in (0, os.geteuid()):
            return False
        if not stat.S_ISLNK(status.st_mode):
            if not _only_owner_changes(status):
                return False
            here = step
            continue
        links += 1
        if links > MOST_LINKS:
            return False
        target = os.readlink(step)
        here = "/" if target.startswith("/") else here
        todo += [name for name in reversed(target.split("/")) if name not in ("", ".")]
    return True


def prune(root: Path, entries: int = MOST_ENTRIES, size: int = MOST_BYTES) -> None:
    """Remove the entries that were not used for longest until at most so many entries and bytes are left.

    Others may use and prune the folder meanwhile; what is gone already is no problem, and what was used just now stays.
    """
    now = time.time()
    kept: list[tuple[float, int, str]] = []
    with suppress(OSError), os.scandir(root) as found:
        for entry in found:
            with suppress(OSError):
                status = entry.stat(follow_symlinks=False)
                if not entry.name.startswith("."):
                    kept.append((status.st_mtime, status.st_size, entry.path))
                elif now - status.st_mtime > STALE:
                    os.unlink(entry.path)
    count, total = len(kept), sum(bytes_ for _, bytes_, _ in kept)
    for used, bytes_, path in sorted(kept):
        if (count <= entries and total <= size) or now - used < GRACE:
            return
        with suppress(OSError):
            os.unlink(path)
        count, total = count - 1, total - bytes_


def _content(path: Path, key: str) -> bytes | None:
    """The content of an entry that is whole and the user's own, now marked as used."""
    data = read_private(path)
    if data is None:
        return None
    content = data[:-TRAILER]
    if data[len(content) :] != MARK + _seal(key, content):
        log.warning("damaged entry in the cache, making it again: %s", path)
        return None
    with suppress(OSError):  # a read-only cache is as good, it only forgets what was used
        os.utime(path)
    return content


def _seal(key: str, content: bytes) -> bytes:
    digest = hashlib.sha256(key.encode())
    digest.update(b"\0")
    digest.update(content)
    return digest.digest()


def _only_owner_changes(status: os.stat_result) -> bool:
    mode = status.st_mode
    if not stat.S_ISDIR(mode):
        return False
    foreign = mode & 0o022
    if status.st_gid == status.st_uid:
        foreign &= 0o002
    return not foreign or bool(mode & stat.S_ISVTX)


def _remove(folder: str, process: int) -> None:
    """Remove the private folder at exit, unless this is a fork of the process that made it."""
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)
