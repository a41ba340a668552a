"""The parser made from `grammar.lark`, and its tables in the user's cache.

Building takes about 0.2 s, loading the tables 0.03 s. Lark's own cache is a pickle in the shared folder for temporary
files; this one is JSON in a folder that only the user can write, so that a cache can be wrong but never runs code.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import tempfile
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

import lark
from lark import Lark
from lark.grammar import Rule
from lark.lexer import PatternStr, TerminalDef

FORMAT: Final = 1  # of the cached file


@cache
def grammar_text() -> str:
    """The grammar as shipped."""
    return files("oomcheck.lang").joinpath("grammar.lark").read_text(encoding="utf-8")


@cache
def parser() -> Lark:
    """The parser of both start rules, from the cache if it is there."""
    folder = cache_folder()
    key = hashlib.sha256(f"{FORMAT}\n{lark.__version__}\n{grammar_text()}".encode()).hexdigest()
    if folder is None:
        return build()
    path = folder / f"grammar-{key[:32]}.json"
    loaded = load(path)
    if loaded is not None:
        return loaded
    built = build()
    save(built, path)
    return built


def build(strict: bool = False) -> Lark:
    """The parser from the grammar; `strict` refuses every conflict but needs a package that only tests have."""
    return Lark(
        grammar_text(),
        parser="lalr",
        start=["model", "spec"],
        propagate_positions=True,
        maybe_placeholders=True,
        strict=strict,
    )


@cache
def keywords() -> frozenset[str]:
    """All words with a meaning in the grammar; most of them can still be names where they have none."""
    return frozenset(word for terminal in parser().terminals for word in spellings(terminal))


def spellings(terminal: TerminalDef) -> tuple[str, ...]:
    """The words that a keyword terminal stands for; nothing for the others."""
    pattern = terminal.pattern
    if isinstance(pattern, PatternStr):
        return (pattern.value,) if pattern.value.isidentifier() else ()
    if not re.search(r"[a-z)]\\b", pattern.value):
        return ()
    return tuple(re.findall(r"[A-Za-z_]\w+", pattern.value.replace(r"\b", " ")))


def cache_folder() -> Path | None:
    """The user's cache folder of this tool, made if missing; None if others could write to it or it cannot be had."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    try:
        parent = Path(base) if os.path.isabs(base) else Path.home() / ".cache"
        folder = parent / "oomcheck"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder if _private(folder.lstat(), stat.S_ISDIR) else None
    except (OSError, RuntimeError):  # no home, not writable
        return None


def load(path: Path) -> Lark | None:
    """The parser of a cached file, or None if the file is missing, damaged, or could be somebody else's."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
            if not _private(os.fstat(file.fileno()), stat.S_ISREG):
                return None
            digest, _, body = file.read().partition(b"\n")
    except OSError:
        return None
    if hashlib.sha256(body).hexdigest().encode() != digest:
        return None
    tables = json.loads(body, object_hook=_number_keys)
    loaded: Lark = Lark._load_from_dict(tables["data"], tables["memo"])  # type: ignore[no-untyped-call]
    return loaded


def save(built: Lark, path: Path) -> None:
    """Write the tables beside `path`, move them there, and drop those of other grammars.

    Where this fails there is no cache, and the tool is only slower.
    """
    data, memo = built.memo_serialize([TerminalDef, Rule])
    body = json.dumps({"data": data, "memo": memo}).encode()
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix="grammar-")
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
        os.replace(name, path)
        for old in path.parent.glob("grammar-*.json"):
            if old != path:
                old.unlink(missing_ok=True)
    except OSError:
        return


def _private(status: os.stat_result, is_kind: Callable[[int], bool]) -> bool:
    """Only the user can have written it."""
    return is_kind(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o022


def _number_keys(table: dict[str, object]) -> dict[str | int, object]:
    """JSON has text keys only; those of Lark's tables that were numbers become numbers again."""
    return {int(key) if key.isdigit() else key: value for key, value in table.items()}
