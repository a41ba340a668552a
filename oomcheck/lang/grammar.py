"""The tables of `grammar.lark`, and their place in the user's cache.

Building them takes about 0.3 s, most of it to load Lark; reading them takes a few milliseconds.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

from oomcheck import cachedir
from oomcheck.lang import tables as tb
from oomcheck.version import VERSION

FORMAT: Final = 3  # of the cached file, and of what generate.py makes of a grammar
KEPT: Final = 4  # files of so many grammars; several versions of the tool may share the folder


@cache
def grammar_text() -> str:
    """The grammar as shipped."""
    return Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")


@cache
def tables() -> tb.Tables:
    """The tables of both start rules, from the cache if they are there."""
    folder = cachedir.cache_folder(os.environ)
    if folder is None:
        return build()
    path = folder / f"grammar-{key()[:32]}.json"
    loaded = load(path)
    if loaded is not None:
        return loaded
    built = build()
    save(built, path)
    return built


@cache
def lexicon() -> tb.Lexicon:
    """The terminals of the tables by what they look like."""
    return tb.lexicon(tables())


def build() -> tb.Tables:
    """The tables from the grammar."""
    from oomcheck.lang.generate import generate  # loads Lark, which costs as much as the rest of the tool

    return generate(grammar_text())


def key() -> str:
    """What the tables depend on."""
    return hashlib.sha256(f"{FORMAT}\n{VERSION}\n{grammar_text()}".encode()).hexdigest()


@cache
def keywords() -> frozenset[str]:
    """All words with a meaning in the grammar; most of them can still be names where they have none."""
    return frozenset(word for terminal in tables().terminals for word in spellings(terminal))


def spellings(terminal: tb.Terminal) -> tuple[str, ...]:
    """The words that a keyword terminal stands for; nothing for the others, and no single letters."""
    return tuple(word for word in terminal.words if len(word) > 1)


def load(path: Path) -> tb.Tables | None:
    """The tables of a cached file, or None if the file is missing, damaged, or could be somebody else's."""
    digest, _, body = (cachedir.read_private(path) or b"").partition(b"\n")
    return tb.parse(body) if hashlib.sha256(body).hexdigest().encode() == digest else None


def save(built: tb.Tables, path: Path) -> None:
    """Write the tables to `path` and drop the oldest of other grammars; where this fails the tool is only slower."""
    body = tb.dump(built)
    if cachedir.publish(path, hashlib.sha256(body).hexdigest().encode() + b"\n" + body):
        with suppress(OSError):  # another process may do the same
            for old in sorted(path.parent.glob("grammar-*.json"), key=_written)[:-KEPT]:
                old.unlink()


def _written(path: Path) -> float:
    return path.stat().st_mtime
