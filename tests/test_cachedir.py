"""The user's cache folder, and files in it that nobody else can have written."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from oomcheck.cachedir import cache_folder, publish, read_private


def mode(path: Path) -> int:
    """Permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


def test_folder_is_made_for_the_owner_alone(tmp_path: Path) -> None:
    """The folder lies below XDG_CACHE_HOME and only its owner may look into it, whatever the umask."""
    before = os.umask(0)
    try:
        folder = cache_folder({"XDG_CACHE_HOME": str(tmp_path / "new")})
    finally:
        os.umask(before)
    assert folder == tmp_path / "new" / "oomcheck"
    assert mode(folder) == 0o700


def test_home_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without XDG_CACHE_HOME, or with a relative one, the folder lies below ~/.cache."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder({}) == tmp_path / ".cache" / "oomcheck"
    assert cache_folder({"XDG_CACHE_HOME": "relative"}) == tmp_path / ".cache" / "oomcheck"


def test_rights_of_a_readable_folder_are_taken_away(tmp_path: Path) -> None:
    """A folder of the user that others can only read is used, and then they cannot."""
    (tmp_path / "oomcheck").mkdir(mode=0o755)
    folder = cache_folder({"XDG_CACHE_HOME": str(tmp_path)})
    assert folder is not None
    assert mode(folder) == 0o700


@pytest.mark.parametrize("bits", [0o777, 0o770, 0o702])
def test_folder_that_others_can_write_is_not_used(tmp_path: Path, bits: int) -> None:
    """What lies in such a folder may be anybody's."""
    (tmp_path / "oomcheck").mkdir()
    (tmp_path / "oomcheck").chmod(bits)
    assert cache_folder({"XDG_CACHE_HOME": str(tmp_path)}) is None


def test_folder_of_another_user_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner of the folder is the user who runs the tool."""
    assert cache_folder({"XDG_CACHE_HOME": str(tmp_path)}) is not None
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert cache_folder({"XDG_CACHE_HOME": str(tmp_path)}) is None


def test_link_is_not_used(tmp_path: Path) -> None:
    """A link in place of the folder could lead anywhere."""
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "oomcheck").symlink_to(tmp_path / "elsewhere")
    assert cache_folder({"XDG_CACHE_HOME": str(tmp_path)}) is None


@pytest.mark.parametrize("name", ["file", "file/below", "nul\0"])
def test_folder_that_cannot_be_made(tmp_path: Path, name: str) -> None:
    """A file in the way, or a name that cannot be, mean that there is no cache."""
    (tmp_path / "file").write_bytes(b"")
    assert cache_folder({"XDG_CACHE_HOME": str(tmp_path / name)}) is None


def test_published_file_is_private_and_whole(tmp_path: Path) -> None:
    """A published file has the content and owner-only rights; nothing else is left."""
    path = tmp_path / "a"
    assert publish(path, b"one")
    assert publish(path, b"two")
    assert read_private(path) == b"two"
    assert mode(path) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]


def test_publishing_where_nothing_can_be_written(tmp_path: Path) -> None:
    """Neither a missing folder nor a folder in place of the file is an error; nothing is left behind."""
    assert not publish(tmp_path / "missing" / "a", b"")
    (tmp_path / "a").mkdir()
    assert not publish(tmp_path / "a", b"")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]


def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full leaves no half of a file."""

    def full(source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert not publish(tmp_path / "a", b"x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("bits", [0o622, 0o660, 0o602])
def test_file_that_others_can_write_is_not_read(tmp_path: Path, bits: int) -> None:
    """Its content may be anybody's."""
    path = tmp_path / "a"
    assert publish(path, b"x")
    path.chmod(bits)
    assert read_private(path) is None


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    """Missing files, links, folders and pipes have no content, and none of them blocks."""
    assert publish(tmp_path / "a", b"x")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    os.mkfifo(tmp_path / "pipe")
    assert [read_private(tmp_path / name) for name in ("missing", "link", "pipe", ".")] == [None] * 4


def test_foreign_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner of the file is the user who runs the tool."""
    assert publish(tmp_path / "a", b"x")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert read_private(tmp_path / "a") is None


def test_writers_at_the_same_time(tmp_path: Path) -> None:
    """With many writers a reader sees the whole content of one of them each time."""
    script = (
        "import sys; from pathlib import Path; from oomcheck.cachedir import publish\n"
        "for _ in range(200): assert publish(Path(sys.argv[1]), sys.argv[2].encode() * 50_000)"
    )
    path = tmp_path / "a"
    writers = [subprocess.Popen([sys.executable, "-c", script, str(path), letter]) for letter in "abc"]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        data = read_private(path)
        if data is not None:
            assert len(data) == 50_000
            seen |= set(data)
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert seen <= set(b"abc")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]
