"""What became of one spec."""

from __future__ import annotations

import hashlib

from oomcheck.diag.diagnostic import Diagnostic
from oomcheck.diag.span import Source
from oomcheck.records import dataclass
from oomcheck.result.verdict import Report


@dataclass(frozen=True, slots=True)
class Reads:
    """All that a report was made from, apart from the tool: `sources` are the spec, the model and its imports.

    `probes` are places where imports were looked for, each with the real path of what was there, "" for no file;
    `folders` are the folders of the model and of `--include`, with their real paths.
    """

    sources: tuple[Source, ...]
    probes: tuple[tuple[str, str], ...]
    folders: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A report, or None where there is none: `diagnostics` or `failure` then say why, as in `Gated`.

    Without either, nothing of the spec was to be checked. `matched` are the globs that fit some property of it,
    `skipped` the checks that a quick run leaves out.
    """

    model: str
    report: Report | None = None
    matched: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    failure: str = ""
    reads: Reads | None = None

    @property
    def known(self) -> bool:
        """Whether it is known what the spec has to say."""
        return not self.diagnostics and not self.failure


def digest(data: bytes) -> str:
    """The SHA-256 of a text as the language reads it: a byte order mark is no part of it."""
    return hashlib.sha256(data.removeprefix(b"\xef\xbb\xbf")).hexdigest()
