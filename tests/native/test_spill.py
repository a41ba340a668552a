"""Searches with the log on disk: the same results, also when the process was killed on the way; what is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.native.checkpoint import LOCK, LOG, RECORD, Place, Spill
from oomcheck.result.exploration import Limits
from tests.native.spilled import in_child, search

SHORT = Limits(depth=5)


def _only_place(folder: Path) -> Path:
    [place] = folder.iterdir()
    return place


def _code(folder: Path, resume: bool = True) -> tuple[str, str]:
    spill = Spill(folder, resume)
    with pytest.raises(OomcheckError) as caught:
        search(spill, 1)
    spill.close(keep=True)
    [diagnostic] = caught.value.diagnostics
    return diagnostic.code, diagnostic.message


@pytest.fixture
def cut(tmp_path: Path) -> Path:
    """A folder with a search that a limit has cut short."""
    folder = tmp_path / "spill"
    spill = Spill(folder)
    assert search(spill, 1, limits=SHORT).stopped == "depth limit 5"
    spill.close(keep=False)
    return folder


def test_the_result_is_that_of_a_search_in_memory(tmp_path: Path) -> None:
    """Counts, witnesses and what was covered; afterwards nothing is left."""
    folder = tmp_path / "new" / "spill"
    spill = Spill(folder)
    assert search(spill, 2) == search(None, 1)
    spill.close(keep=False)
    assert list((tmp_path / "new").iterdir()) == []


def test_killed_again_and_again_the_result_is_the_same(tmp_path: Path) -> None:
    """Processes of 1, 2 and 5 threads in turn are killed, each a little later, until one comes to the end."""
    found = in_child(tmp_path / "spill", 2, polls=3, resume=False)
    assert found is None
    for polls, threads in ((4, 1), (6, 5), (9, 2)):
        assert in_child(tmp_path / "spill", threads, polls) is None
    assert in_child(tmp_path / "spill", 5) == search(None, 1)


def test_a_killed_search_is_in_nobodys_way(tmp_path: Path) -> None:
    """In its folder another one starts anew."""
    assert in_child(tmp_path / "spill", 2, polls=5, resume=False) is None
    assert in_child(tmp_path / "spill", 1, resume=False) == search(None, 1)


def test_a_search_that_was_cut_short_goes_on(cut: Path) -> None:
    """A limit of the first command does not bind the second one, and after the end nothing is left."""
    spill = Spill(cut, resume=True)
    assert search(spill, 2) == search(None, 1)
    spill.close(keep=False)
    assert not cut.exists()


def test_a_finished_search_is_remembered_while_others_are_to_come(tmp_path: Path) -> None:
    """A command that is interrupted later finds the result again, without searching."""
    for resume in (False, True):
        spill = Spill(tmp_path / "spill", resume)
        assert search(spill, 1) == search(None, 1)
        spill.close(keep=True)
    assert (_only_place(tmp_path / "spill") / RECORD).exists()


def test_files_are_their_owners_alone(cut: Path) -> None:
    """Neither the folder of a search nor its files can be read by others."""
    place = _only_place(cut)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (place, *place.iterdir())}
    assert modes == {place.name: 0o700, LOG: 0o600, RECORD: 0o600, LOCK: 0o600}


def test_two_processes_do_not_share_a_search(cut: Path) -> None:
    """The second one is told; the first one's files stay as they are."""
    text = f"import fcntl, sys; f = open({str(_only_place(cut) / LOCK)!r}); fcntl.flock(f, fcntl.LOCK_EX); print()"
    command = [sys.executable, "-c", f"{text}; sys.stdout.flush(); sys.stdin.read()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        for resume in (False, True):
            assert _code(cut, resume) == ("E0507", f"another process searches in `{_only_place(cut)}`")
        assert (_only_place(cut) / RECORD).exists()
        other.communicate(b"")


def test_there_must_be_something_to_go_on_with(tmp_path: Path) -> None:
    """A folder that does not exist, or that holds other searches, is a mistake that is told."""
    folder = tmp_path / "spill"
    message = f"`{folder}` has no checkpoint of this search"
    assert _code(folder) == ("E0507", message)
    assert not folder.exists()
    (folder / "other").mkdir(parents=True)
    assert _code(folder) == ("E0507", message)


def _edit_record(place: Path, start: int, data: bytes) -> None:
    path = place / RECORD
    old = path.read_bytes()
    path.write_bytes(old[:start] + data + old[start + len(data) :])


@pytest.mark.parametrize(
    ("start", "data", "why"),
    [
        (0, b"x", "its record has another format"),
        (30, b"other", "it is of another search"),
        (60, b"other", "its record is damaged"),
        (300, b"other", "its record is damaged"),
    ],
)
def test_a_record_that_is_not_whole_is_refused(cut: Path, start: int, data: bytes, why: str) -> None:
    """Whatever part of it was changed."""
    _edit_record(_only_place(cut), start, data)
    assert _code(cut) == ("E0507", f"the checkpoint in `{_only_place(cut)}` cannot be used: {why}")


@pytest.mark.parametrize("damage", ["changed", "cut", "gone"])
def test_a_log_that_is_not_whole_is_refused(cut: Path, damage: str) -> None:
    """States are known by a sum over all of them."""
    log = _only_place(cut) / LOG
    match damage:
        case "changed":
            data = log.read_bytes()
            log.write_bytes(bytes([data[0] ^ 1]) + data[1:])
        case "cut":
            os.truncate(log, 8)
        case "gone":
            log.unlink()
    why = "record and log do not belong together, or are damaged"
    assert _code(cut) == ("E0507", f"the checkpoint in `{_only_place(cut)}` cannot be used: {why}")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """The path leads through a file."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    code, message = _code(tmp_path / "file" / "spill", resume=False)
    assert (code, message.endswith("Not a directory")) == ("E0007", True)


def test_a_record_is_replaced_or_not_touched(cut: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a disk is full, the search goes on, and so does its last record."""

    def fail(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    whole = Place.save
    calls: list[bool] = []

    def save(place: Place, body: bytes, durable: bool) -> None:
        calls.append(durable)
        if len(calls) > 1:
            fail()
        whole(place, body, durable)

    monkeypatch.setattr(Place, "save", save)
    spill = Spill(cut, resume=True, every=0.0)
    assert search(spill, 1) == search(None, 1)
    spill.close(keep=True)
    assert len(calls) > 2
    monkeypatch.undo()
    again = Spill(cut, resume=True)
    assert search(again, 1) == search(None, 1)
    again.close(keep=False)
