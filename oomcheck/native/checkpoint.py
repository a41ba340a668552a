"""Searches on disk: the folder of each, what is in it, and when it goes.

A search owns a folder that is named by what it searches. There is its log (`runtime/checkpoint.h`), a record from
which another process can go on, and a lock. A record is replaced as a whole, and it stays true when the log grows; so a
process can be killed at any time. Everything is its owner's alone.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from oomcheck.diag.diagnostic import OomcheckError, error
from oomcheck.native.binding import Search
from oomcheck.version import VERSION

EVERY: Final = 60.0  # seconds between two records
MAGIC: Final = b"oomcheck checkpoint 1\n"
DIGEST: Final = hashlib.sha256().digest_size
LOG, RECORD, FRESH, LOCK = "log", "record", "record.new", "lock"


def digest_of(*parts: str) -> str:
    """A name for a search, by all that its log depends on."""
    found = hashlib.sha256()
    for part in (VERSION, *parts):
        data = part.encode()
        found.update(len(data).to_bytes(8, "little") + data)
    return found.hexdigest()


class Spill:
    """The folder for all searches of one command, new or to be gone on with.

    Searches of a new command start anew, whatever is there. A command that goes on with one continues those that have
    a record, and its first one must. Everything stays for the next command until `close` says that it can go.
    """

    def __init__(self, folder: Path, resume: bool = False, every: float = EVERY) -> None:
        self.every = every
        self._folder = folder
        self._resume = resume
        self._places: dict[str, Place] = {}

    def place(self, digest: str) -> Place:
        """The place of a search; raises E0007 if there can be none, E0507 if it is in use, or has nothing to resume."""
        known = self._places.get(digest)
        if known is not None:
            return known
        folder = self._folder / digest[:32]
        if self._resume and not self._places and not (folder / RECORD).exists():
            hint = "a search can only go on with the model, properties and version that it began with"
            raise error("E0507", f"`{self._folder}` has no checkpoint of this search", None, hint)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = _locked(folder)
            if lock is not None and not self._resume:
                (folder / RECORD).unlink(missing_ok=True)  # before the log is emptied
        except OSError as problem:
            raise _not_written(folder, problem) from problem
        if lock is None:
            raise error("E0507", f"another process searches in `{folder}`", None, "use another folder, or wait for it")
        place = self._places[digest] = Place(folder, digest, lock)
        return place

    def close(self, keep: bool) -> None:
        """End of the command. Searches that are all finished need no checkpoints, unless these are to be kept."""
        places = self._places.values()
        if not keep and all(place.finished for place in places):
            for place in places:
                place.remove()
            with suppress(OSError):  # it may hold other things
                self._folder.rmdir()
        for place in places:
            place.unlock()
        self._places = {}


class Place:
    """Where one search lives; made by `Spill.place`."""

    def __init__(self, folder: Path, digest: str, lock: int) -> None:
        self.folder = folder
        self.finished = False
        self._head = MAGIC + bytes.fromhex(digest)
        self._lock = lock

    @property
    def log(self) -> Path:
        """The file that the core keeps."""
        return self.folder / LOG

    def record(self) -> bytes | None:
        """What to go on from, None if the search is new. Raises E0507."""
        path = self.folder / RECORD
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as problem:
            raise self.unfit(problem.strerror or str(problem)) from problem
        if not data.startswith(MAGIC):
            raise self.unfit("its record has another format")
        if not data.startswith(self._head):
            raise self.unfit("it is of another search")
        sum_end = len(self._head) + DIGEST
        checksum, body = data[len(self._head) : sum_end], data[sum_end:]
        if hashlib.sha256(body).digest() != checksum:
            raise self.unfit("its record is damaged")
        return body

    def save(self, body: bytes, durable: bool) -> None:
        """Replace the record; `durable` ones survive a crash of the machine as well. Raises OSError."""
        fresh = self.folder / FRESH
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with open(file, "wb") as out:
            out.write(self._head + hashlib.sha256(body).digest() + body)
            out.flush()
            if durable:
                os.fsync(out.fileno())
        fresh.replace(self.folder / RECORD)

    def unfit(self, why: str) -> OomcheckError:
        """The error for a checkpoint that cannot be used."""
        hint = "start anew with --spill; what is there is then written over"
        return error("E0507", f"the checkpoint in `{self.folder}` cannot be used: {why}", None, hint)

    def remove(self) -> None:
        """Delete everything."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def unlock(self) -> None:
        """Let other processes have the place."""
        os.close(self._lock)


class Keeper:
    """Writes records of a running search: a first one, some on the way, a last one. Raises E0007 for the first."""

    def __init__(self, place: Place, search: Search, every: float) -> None:
        self._place = place
        self._search = search
        self._every = every
        try:
            place.save(search.record(), durable=False)
        except OSError as problem:
            raise _not_written(place.folder, problem) from problem
        self._last = time.monotonic()

    def poll(self) -> None:
        """Between two slices: write a record if the last one is old."""
        if time.monotonic() - self._last >= self._every:
            self._save(durable=True)

    def end(self, hurry: bool) -> None:
        """The search is over. What took no longer than it takes between two records is not worth waiting for a disk."""
        self._save(durable=not hurry and time.monotonic() - self._last >= self._every)

    def _save(self, durable: bool) -> None:
        # A disk that is full or broken costs nothing but this record: the one before it is as good as ever.
        with suppress(OSError):
            if durable:
                self._search.sync()
            self._place.save(self._search.record(), durable)
        self._last = time.monotonic()


def _locked(folder: Path) -> int | None:
    """A descriptor that holds the lock until it is closed, however that happens; None if another process has it."""
    path = folder / LOCK
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(file), os.stat(path)):
            return file
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(file)  # the other process has the lock, or has just removed it with all the rest
    return None


def _not_written(folder: Path, problem: OSError) -> OomcheckError:
    return error("E0007", f"cannot write `{folder}`: {problem.strerror or problem}")
