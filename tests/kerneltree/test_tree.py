"""Opening a tree, its version, and files that are not to be read."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.kerneltree import tree as module
from oomcheck.kerneltree.tree import CFile, KernelTree, Missing, open_tree
from tests.kerneltree.trees import make_tree


def opened(root: Path) -> KernelTree:
    """A tree of the tests."""
    return open_tree(make_tree(root))


@pytest.mark.parametrize(
    ("makefile", "version"),
    [
        ("VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 3\nEXTRAVERSION =\n", "6.12.3"),
        ("VERSION = 7\nPATCHLEVEL = 0\nSUBLEVEL = 0\nEXTRAVERSION = -rc3\n", "7.0.0-rc3"),
        ("VERSION = 7\nPATCHLEVEL = 0\nSUBLEVEL = 0\nEXTRAVERSION = -mine\n", "7.0.0"),
        ("VERSION = 7\nPATCHLEVEL = 0\n", "unknown"),
        ("VERSION = x\nPATCHLEVEL = 0\nSUBLEVEL = 0\n", "unknown"),
        ("", "unknown"),
    ],
)
def test_version(tmp_path: Path, makefile: str, version: str) -> None:
    """The version is that of the first lines of the Makefile, or unknown."""
    assert open_tree(make_tree(tmp_path, Makefile=makefile)).version == version


def test_only_mm(tmp_path: Path) -> None:
    """A folder with mm alone is a tree of an unknown version."""
    (tmp_path / "mm").mkdir()
    assert open_tree(tmp_path).version == "unknown"


def test_no_tree(tmp_path: Path) -> None:
    """A wrong folder is a wrong command line, with a reason."""
    (tmp_path / "file").write_text("")
    reasons = {
        "none": "there is no such folder",
        "file": "it is no folder",
        ".": "it has neither Makefile, Kbuild nor mm",
    }
    for name, reason in reasons.items():
        with pytest.raises(OomcheckError) as caught:
            open_tree(tmp_path / name)
        (found,) = caught.value.diagnostics
        assert (found.code, found.message) == ("E0003", f"{tmp_path / name} is no kernel tree: {reason}")


def test_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without tree-sitter the extra is named."""
    monkeypatch.setitem(sys.modules, "tree_sitter_c", None)
    monkeypatch.delitem(sys.modules, "oomcheck.kerneltree.parse", raising=False)
    with pytest.raises(OomcheckError) as caught:
        opened(tmp_path)
    (found,) = caught.value.diagnostics
    assert found.code == "E0504"
    assert found.message == "--kernel-tree needs tree_sitter_c, which is not installed"
    assert found.hint == "pip install 'oomcheck[kernel]'"


def test_file(tmp_path: Path) -> None:
    """A file is read and parsed once."""
    tree = opened(tmp_path)
    found = tree.file("mm/other.c")
    assert isinstance(found, CFile)
    assert [made.name for made in found.definitions] == ["other"]
    (tmp_path / "mm/other.c").unlink()
    assert tree.file("mm/other.c") is found
    assert tree.raw("mm/reap.c").startswith(b"/* The reaper")
    assert tree.raw("mm/none.c") == b""


def test_files_that_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Links that lead out, folders, pipes, loops and huge files are not read; a link inside is."""
    root = make_tree(tmp_path / "tree")
    (tmp_path / "secret.c").write_text("int secret;")
    (root / "mm/out.c").symlink_to(tmp_path / "secret.c")
    (root / "mm/device.c").symlink_to("/dev/zero")
    (root / "outside").symlink_to(tmp_path)
    (root / "mm/loop.c").symlink_to("loop.c")
    (root / "mm/in.c").symlink_to("other.c")
    (root / "mm/huge.c").write_text("int x;" * 100)
    (root / "mm/deep.c").write_text("({[" * 20 + "int y;")
    (root / "mm/folder.c").mkdir()
    os.mkfifo(root / "mm/pipe.c")
    monkeypatch.setattr(module, "MAX_BYTES", 500)
    monkeypatch.setattr(module, "MAX_DEPTH", 59)
    tree = open_tree(root)
    expected = {
        "mm/out.c": Missing.OUTSIDE,
        "mm/device.c": Missing.OUTSIDE,
        "outside/secret.c": Missing.OUTSIDE,
        "../secret.c": Missing.OUTSIDE,
        "mm/loop.c": Missing.UNREADABLE,
        "mm/huge.c": Missing.TOO_LARGE,
        "mm/deep.c": Missing.TOO_DEEP,
        "mm/folder.c": Missing.NOT_REGULAR,
        "mm/pipe.c": Missing.NOT_REGULAR,
        "mm/none.c": Missing.NO_FILE,
        "mm/other.c/x.c": Missing.NO_FILE,
        "none/x.c": Missing.NO_FILE,
        "a\0b": Missing.UNREADABLE,
    }
    assert {name: tree.file(name) for name in expected} == expected
    assert isinstance(tree.file("mm/in.c"), CFile)
    assert tree.neighbours(("outside",)) == []


def test_neighbours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """C files of folders in the order asked for, none of a folder that is not there; texts are kept up to a limit."""
    tree = opened(tmp_path)
    assert tree.neighbours(("mm", "none", "include/linux")) == ["mm/other.c", "mm/reap.c", "include/linux/task.h"]
    monkeypatch.setattr(module, "MAX_KEPT", 1)
    assert [bool(tree.raw(name)) for name in ("mm/other.c", "mm/reap.c")] == [True, False]
    assert isinstance(tree.file("mm/reap.c"), CFile)
