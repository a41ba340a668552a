"""What earlier runs found: one file for each spec under given options, by its content and that of all it was made from.

The name of a file stands for the options, the tool and the text of the spec; inside stands what else was read, which is
looked at again before anything is believed. Real paths are kept relative to the spec, so that a cache serves any place
where the same tree lies; paths as they were written are kept as they are, since reports show them.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from oomcheck.cachedir import cache_folder, publish, read_private
from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.diag.span import Source
from oomcheck.gate.ingredients import fingerprint
from oomcheck.gate.options import GateOptions
from oomcheck.gate.outcome import Outcome, Reads, digest
from oomcheck.gate.stored import decode_report, encode_report, list_of, pair
from oomcheck.gate.suite import SuiteSpec
from oomcheck.gate.times import NAME as TIMES
from oomcheck.gate.times import UNSEEN, load_times, save_times
from oomcheck.result.fields import TOP, FieldError, Fields, whole
from oomcheck.result.verdict import Contradiction, HoldsUpTo, Report, Result, Unknown, invariant_of

SCHEMA: Final = "oomcheck.gate-cache/1"
FOLDER: Final = "gate"
#: Bytes of all entries together; the oldest go first.
MOST_BYTES: Final = 256 << 20
#: How the reasons of verdicts begin that are the same on every machine.
SAME_EVERYWHERE: Final = ("state limit ", "depth limit ", "behaviour ends at a fault ")
#: What Z3 says when the steps of `--rlimit` are used up, and also when its time is, if there is a limit of that.
STEPS_USED_UP: Final = "max. resource limit exceeded"


class Disk:
    """Looks at files, at each once: the specs of a suite share models."""

    def __init__(self) -> None:
        self._texts: dict[str, bytes | None] = {}
        self._reals: dict[str, str] = {}

    def data(self, path: str) -> bytes | None:
        """The content of a file, None if it cannot be read."""
        if path not in self._texts:
            try:
                self._texts[path] = Path(path).read_bytes()
            except (OSError, ValueError):
                self._texts[path] = None
        return self._texts[path]

    def digest(self, path: str) -> str:
        """The digest of the text of a file, "" if it cannot be read."""
        data = self.data(path)
        return "" if data is None else digest(data)

    def real(self, path: str) -> str:
        """The path without links."""
        if path not in self._reals:
            self._reals[path] = os.path.realpath(path)
        return self._reals[path]

    def source(self, path: str) -> Source:
        """The text of a file, which is known to be one."""
        data = self.data(path)
        assert data is not None
        return Source(path, data.decode("utf-8").removeprefix("\ufeff"))


class Cache:
    """Entries below the user's cache folder, for one run."""

    def __init__(self, folder: Path, options: GateOptions, tool: tuple[str, ...], threads: int) -> None:
        self._folder = folder
        self._options = options
        self._tool = tool
        with suppress(OSError):
            folder.mkdir(mode=0o700, exist_ok=True)
        self._basis = [SCHEMA, list(tool), _asked(options), threads]
        self._disk = Disk()

    def look_up(self, spec: SuiteSpec) -> Outcome | None:
        """What is known of a spec; None for whatever is missing, damaged, foreign, or of other content."""
        found, _, body = (read_private(self._path(spec)) or b"").partition(b"\n")
        if found.decode("ascii", "replace") != hashlib.sha256(body).hexdigest():
            return None
        try:
            hit = whole(json.loads(body), TOP, lambda fields: self._entry(fields, spec))
        except (ValueError, RecursionError, FieldError, OomcheckError):
            return None
        if hit is not None:
            with suppress(OSError):
                os.utime(self._path(spec))  # the oldest to go is the one that was not used
        return hit

    def keep(self, spec: SuiteSpec, outcome: Outcome) -> bool:
        """Keep an outcome, if it is the same on every machine; whether it was kept.

        The tool is looked at again: a developer may have changed it since this run began.
        """
        if outcome.reads is None or not self._settled(outcome) or fingerprint(self._options.environ) != self._tool:
            return False
        sources = {source.path: source for source in outcome.reads.sources}
        value = None if outcome.report is None else encode_report(outcome.report)
        body = json.dumps(
            {
                "schema": SCHEMA,
                "model": outcome.model,
                "matched": list(outcome.matched),
                "skipped": list(outcome.skipped),
                "report": value,
                **_encode_reads(outcome.reads, os.path.realpath(spec.path.parent)),
            },
            separators=(",", ":"),
        ).encode()
        try:
            if value is not None and decode_report(value, sources) != outcome.report:
                return False  # never a hit that differs from what was found
        except (FieldError, OomcheckError):
            return False
        key = self._key(spec, digest(outcome.reads.sources[0].text.encode()))
        return publish(self._folder / key, hashlib.sha256(body).hexdigest().encode() + b"\n" + body)

    def longest_first(self, specs: Sequence[tuple[int, SuiteSpec]]) -> list[tuple[int, SuiteSpec]]:
        """Specs with their numbers, those first that took longest the last time."""
        known = load_times(self._folder)
        return sorted(specs, key=lambda one: known.get(os.path.realpath(one[1].path), UNSEEN), reverse=True)

    def close(self, took: Mapping[Path, float]) -> None:
        """Remember how long specs took, and drop the entries that were not used for longest if all are too large."""
        save_times(self._folder, load_times(self._folder), {os.path.realpath(path): s for path, s in took.items()})
        with suppress(OSError):
            entries = [path for path in self._folder.iterdir() if path.name != TIMES]
            total = 0
            for path in sorted(entries, key=lambda path: path.lstat().st_mtime, reverse=True):
                total += path.lstat().st_size
                if total > MOST_BYTES:
                    path.unlink()

    def _path(self, spec: SuiteSpec) -> Path:
        return self._folder / self._key(spec, self._disk.digest(str(spec.path)))

    def _key(self, spec: SuiteSpec, text: str) -> str:
        basis = [*self._basis, str(spec.path), spec.name, text]
        return hashlib.sha256(json.dumps(basis).encode()).hexdigest()

    def _settled(self, outcome: Outcome) -> bool:
        """Whether another run would find the same."""
        if not outcome.known:
            return False
        report = outcome.report
        return report is None or (not report.partial and all(map(self._same_everywhere, report.results)))

    def _same_everywhere(self, result: Result) -> bool:
        limits = self._options.limits
        verdict = result.verdict
        if isinstance(verdict, Contradiction):
            return False
        # Which search was cut by time or memory is not told where a witness was found before.
        cut = limits.timeout is not None or limits.max_memory is not None
        if isinstance(verdict, Unknown | HoldsUpTo):
            return verdict.reason.startswith(SAME_EVERYWHERE) or (STEPS_USED_UP in verdict.reason and not cut)
        return not cut or result.exhaustive or invariant_of(verdict) is not None

    def _entry(self, fields: Fields, spec: SuiteSpec) -> Outcome | None:
        """What a file of the cache says; None if what it was made from has changed."""
        if fields.text("schema") != SCHEMA:
            raise FieldError("another schema")
        home = self._disk.real(str(spec.path.parent))
        files = [_three(value) for value in list_of(fields.value("files"), "files")]
        same = all(self._disk.digest(path) == text and self._is_at(path, real, home) for path, real, text in files)
        for path, real in _pairs_of(fields, "probes"):
            same = same and (self._is_at(path, real, home) if real else not os.path.isfile(path))
        for path, real in _pairs_of(fields, "folders"):
            same = same and self._is_at(path, real, home)
        model, matched, skipped = fields.text("model"), fields.texts("matched"), fields.texts("skipped")
        value = fields.value("report")
        if not same or (files and files[0][0] != str(spec.path)):
            return None
        report: Report | None = None
        if value is not None:
            report = decode_report(value, _Sources(self._disk, frozenset(path for path, _, _ in files)))
        return Outcome(model, report, matched, skipped)

    def _is_at(self, path: str, real: str, home: str) -> bool:
        return os.path.relpath(self._disk.real(path), home) == real


class _Sources(Mapping[str, Source]):
    """The sources that an entry was made from, by their paths; each is read when it is asked for."""

    def __init__(self, disk: Disk, paths: frozenset[str]) -> None:
        self._disk = disk
        self._paths = paths
        self._made: dict[str, Source] = {}

    def __getitem__(self, path: str) -> Source:
        if path not in self._paths:
            raise KeyError(path)
        if path not in self._made:
            self._made[path] = self._disk.source(path)
        return self._made[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


def open_cache(options: GateOptions, threads: int) -> Cache | None:
    """The cache of a run; None if it is not wanted or cannot be had."""
    if not options.cached:
        return None
    folder = cache_folder(options.environ)
    tool = fingerprint(options.environ) if folder is not None else ()
    return Cache(folder / FOLDER, options, tool, threads) if folder is not None and tool else None


def _asked(options: GateOptions) -> dict[str, object]:
    """All options that can change a verdict, a trace, a number or a path in a report."""
    limits = options.limits
    return {
        "select": options.select,
        "exclude": options.exclude,
        "limits": [limits.max_states, limits.timeout, limits.max_memory, limits.depth],
        "engine": options.engine,
        "rlimit": options.rlimit,
        "include": [str(path) for path in options.include],
        "quick": options.quick,
    }


def _encode_reads(reads: Reads, home: str) -> dict[str, object]:
    def at(real: str) -> str:
        return os.path.relpath(real, home)

    return {
        "files": [[one.path, at(os.path.realpath(one.path)), digest(one.text.encode())] for one in reads.sources],
        "probes": [[path, at(real) if real else ""] for path, real in reads.probes],
        "folders": [[path, at(real)] for path, real in reads.folders],
    }


def _three(value: object) -> tuple[str, str, str]:
    match value:
        case [str() as path, str() as real, str() as text]:
            return path, real, text
        case _:
            raise FieldError("files: expected three strings")


def _pairs_of(fields: Fields, name: str) -> list[tuple[str, str]]:
    return [pair(value, name) for value in list_of(fields.value(name), name)]
