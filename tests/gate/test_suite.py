"""Which specs a gate finds, and what it calls them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.gate.suite import find_suite
from tests.gate.trees import put


def names(folder: Path) -> list[tuple[str, str]]:
    """Paths below the folder and names of the specs of a suite."""
    return [(spec.path.relative_to(folder).as_posix(), spec.name) for spec in find_suite(folder).specs]


def test_order_and_names(tmp_path: Path) -> None:
    """Specs are in the order of their paths; two of one name are told apart by their folders, the others are not."""
    for name in ("b.oomspec", "a/b.oomspec", "a/c.oomspec", "a-b/d.oomspec", "c.oom", "b.oomspec.orig"):
        put(tmp_path, name, "")
    assert names(tmp_path) == [
        ("a/b.oomspec", "a/b"),
        ("a/c.oomspec", "c"),
        ("a-b/d.oomspec", "d"),
        ("b.oomspec", "b"),
    ]


def test_hidden_names_and_loops_are_left_out(tmp_path: Path) -> None:
    """What begins with a dot is no part of a suite, and a link to a folder leads nowhere."""
    for name in ("a/b.oomspec", ".git/c.oomspec", "a/.d.oomspec"):
        put(tmp_path, name, "")
    (tmp_path / "a" / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert names(tmp_path) == [("a/b.oomspec", "b")]


def test_one_spec(tmp_path: Path) -> None:
    """A spec can be named instead of a folder."""
    path = put(tmp_path, "a.oomspec", "")
    assert [(spec.path, spec.name) for spec in find_suite(path).specs] == [(path, "a")]


@pytest.mark.parametrize(("name", "code"), [(".", "E0006"), ("missing", "E0001"), ("file", "E0001")])
def test_nothing_is_never_green(tmp_path: Path, name: str, code: str) -> None:
    """A folder without specs, and what is no folder, are errors."""
    put(tmp_path, "file", "")
    with pytest.raises(OomcheckError) as raised:
        find_suite(tmp_path / name)
    assert [one.code for one in raised.value.diagnostics] == [code]


def test_unreadable_folders_are_not_overlooked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that cannot be listed is an error, as its specs would be missing."""
    put(tmp_path, "a/b.oomspec", "")

    def refuse(path: object) -> object:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(OomcheckError, match="Permission denied"):
        find_suite(tmp_path)
