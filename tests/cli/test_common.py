"""Where the answer of a command goes: files are replaced as a whole, links stay, devices and pipes take it as it is."""

from __future__ import annotations

import json
import os
import stat
import threading
from pathlib import Path

import pytest

from oomcheck.cli.common import write_file
from oomcheck.diag.diagnostic import OomcheckError


def test_file_is_replaced(tmp_path: Path) -> None:
    """Who has the old file open keeps it; nothing is left beside; missing folders are made."""
    target = tmp_path / "a" / "b" / "report.txt"
    write_file(target, "old")
    with target.open() as reader:
        write_file(target, "new")
        assert (reader.read(), target.read_text()) == ("old", "new")
    assert os.listdir(target.parent) == ["report.txt"]


def test_link_stays(tmp_path: Path) -> None:
    """What a link leads to is written, be it there or not."""
    link = tmp_path / "latest.txt"
    link.symlink_to("run.txt")
    for text in ("first", "second"):
        write_file(link, text)
        assert (link.is_symlink(), (tmp_path / "run.txt").read_text()) == (True, text)
    assert sorted(os.listdir(tmp_path)) == ["latest.txt", "run.txt"]


def test_pipe_takes_the_text(tmp_path: Path) -> None:
    """A pipe with a name stays one; its reader gets the text."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    heard: list[str] = []
    reader = threading.Thread(target=lambda: heard.append(pipe.read_text()))
    reader.start()
    write_file(pipe, "report")
    reader.join()
    assert (heard, stat.S_ISFIFO(pipe.stat().st_mode)) == (["report"], True)


def test_open_file_takes_the_text(tmp_path: Path) -> None:
    """The name of an open file, as `/dev/stdout` is one, means that file: what stands in it stays."""
    with (tmp_path / "log").open("w+") as log:
        log.write("before\n")
        log.flush()
        write_file(Path(f"/dev/fd/{log.fileno()}"), "report")
        log.seek(0)
        assert log.read() == "before\nreport"


def test_what_cannot_be_written(tmp_path: Path) -> None:
    """E0007 with the reason; a device stays one."""
    for path, why in (("/dev/full", "No space left on device"), (str(tmp_path), "Is a directory")):
        with pytest.raises(OomcheckError) as caught:
            write_file(Path(path), "report")
        (found,) = caught.value.diagnostics
        assert (found.code, found.message) == ("E0007", f"cannot write `{path}`: {why}")
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)
    assert os.listdir(tmp_path) == []


def test_name_that_is_no_text(tmp_path: Path) -> None:
    """A path with bytes that are no UTF-8 does not make a report impossible; JSON has it back as it was."""
    name = os.fsdecode(b"m\xe9m.oom")
    write_file(tmp_path / "report.json", json.dumps([name], ensure_ascii=False))
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8")) == [name]


def test_interruption_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C before the rename: the old file stays, and nothing beside it."""

    def pressed(*_: object) -> None:
        raise KeyboardInterrupt

    target = tmp_path / "report.txt"
    target.write_text("old")
    monkeypatch.setattr(Path, "replace", pressed)
    with pytest.raises(KeyboardInterrupt):
        write_file(target, "new")
    assert (target.read_text(), os.listdir(tmp_path)) == ("old", ["report.txt"])
