"""The tables of the parser and their place in the cache."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from oomcheck.lang import generate, grammar
from oomcheck.lang.generate import generate as generate_tables
from oomcheck.lang.tables import Tables

ROOT = Path(__file__).parents[2]


@cache
def made(text: str) -> Tables:
    """The tables of a grammar, made once for all tests."""
    return generate_tables(text)


@pytest.fixture
def forgotten() -> Iterator[None]:
    """What this process knows of the tables is forgotten, before and after."""
    for known in (grammar.tables, grammar.lexicon, grammar.grammar_text):
        known.cache_clear()
    yield
    for known in (grammar.tables, grammar.lexicon, grammar.grammar_text):
        known.cache_clear()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forgotten: None) -> Path:
    """An empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "oomcheck"


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The grammars that tables were built from."""
    seen: list[str] = []

    def counted(text: str) -> Tables:
        seen.append(text)
        return made(text)

    monkeypatch.setattr(generate, "generate", counted)
    return seen


def again() -> object:
    """The tables as a new process would get them."""
    grammar.tables.cache_clear()
    return grammar.tables()


def test_tables_are_built_once(folder: Path, built: list[str]) -> None:
    """The second process reads what the first one wrote, and has the same."""
    first = grammar.tables()
    (path,) = folder.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert again() == first
    assert len(built) == 1


@pytest.mark.parametrize("damage", [b"", b"{}", b"0" * 64 + b"\n{}"])
def test_damaged_file_is_replaced(folder: Path, built: list[str], damage: bytes) -> None:
    """A file that is not what was written is not used, and mended."""
    first = grammar.tables()
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    path.write_bytes(damage or whole[:-1])
    assert again() == first
    assert again() == first
    assert len(built) == 2
    assert grammar.load(path) == first


def test_file_of_others_is_not_used(folder: Path, built: list[str]) -> None:
    """A file that others can write, and a link, are replaced by a file of the user's own."""
    first = grammar.tables()
    (path,) = folder.iterdir()
    path.chmod(0o666)
    assert again() == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    other = path.rename(folder.parent / "other")
    path.symlink_to(other)
    assert again() == first
    assert not path.is_symlink()
    assert len(built) == 3


def test_cache_that_cannot_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, built: list[str]) -> None:
    """Without a cache the tables are built each time."""
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert again() == again()
    assert len(built) == 2
    grammar.tables.cache_clear()


def test_changed_grammar_has_tables_of_its_own(folder: Path, built: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """After a change of the grammar its old tables are not used; going back finds them again."""
    first = grammar.tables()
    text = grammar.grammar_text()
    with monkeypatch.context() as patch:
        patch.setattr(grammar, "grammar_text", lambda: text.replace('"goto"', '"go_to"'))
        changed = grammar.tables.__wrapped__()
        assert {word for terminal in changed.terminals for word in terminal.words} >= {"go_to"}
    assert again() == first
    assert len(built) == 2
    assert len(list(folder.iterdir())) == 2


def test_oldest_tables_are_dropped(folder: Path, built: list[str]) -> None:
    """The tables of few grammars are kept, the latest ones."""
    grammar.tables()
    (path,) = folder.iterdir()
    for age in range(6):
        old = folder / f"grammar-{age}.json"
        old.write_bytes(b"")
        os.utime(old, (age, age))
    path.unlink()
    again()
    assert sorted(entry.name for entry in folder.iterdir()) == sorted(
        [path.name, "grammar-3.json", "grammar-4.json", "grammar-5.json"]
    )


def test_processes_at_the_same_time(tmp_path: Path) -> None:
    """Processes that all find no tables all get them, and one whole file is left."""
    script = "from oomcheck.lang import grammar; print(len(grammar.tables().rows))"
    environ = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    runs = [
        subprocess.Popen([sys.executable, "-c", script], env=environ, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        for _ in range(3)
    ]
    rows = len(grammar.tables().rows)
    assert [run.communicate()[0] for run in runs] == [f"{rows}\n"] * 3
    (path,) = (tmp_path / "oomcheck").iterdir()
    digest, _, body = path.read_bytes().partition(b"\n")
    assert hashlib.sha256(body).hexdigest().encode() == digest
