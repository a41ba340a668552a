"""The cache of compiled code: what it gives back was put there by the user, whole, under that key."""

from __future__ import annotations

import errno
import logging
import multiprocessing
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from oomcheck.native import cache as module
from oomcheck.native.cache import TRAILER, Cache, CacheError, is_trusted, key_of, open_cache, prune

KEY = key_of("core", ["text"])
DATA = bytes(range(256)) * 40
SOMEBODY = 65534  # a user who is neither root nor, in any test run, the user


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder as `open_cache` makes it."""
    path = tmp_path / "native"
    path.mkdir(mode=0o700)
    return path


def fail_with(number: int) -> Callable[..., object]:
    """A system call that always fails."""

    def call(*_args: object, **_options: object) -> object:
        raise OSError(number, os.strerror(number))

    return call


def test_round_trip(root: Path) -> None:
    """What was published is found under its key, by this object and by another one."""
    path = Cache(root).publish(KEY, DATA)
    assert path == root / KEY
    assert [Cache(root).find(KEY), Cache(root).read(KEY)] == [path, DATA]
    assert path.read_bytes()[:-TRAILER] == DATA
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(root) == [KEY]


def test_unknown_key(root: Path) -> None:
    """Another key finds nothing."""
    Cache(root).publish(KEY, DATA)
    assert Cache(root).find(key_of("core", ["other text"])) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [(["ab", "c"], ["a", "bc"]), (["a", ""], ["a"]), (["a"], ["b"]), (["1:a"], ["", "a"]), (["\udc80"], ["?"])],
)
def test_keys_differ(one: list[str], other: list[str]) -> None:
    """Different parts give different keys, wherever the borders between them lie."""
    assert key_of("core", one) != key_of("core", other)


def test_key_is_stable() -> None:
    """The key is the hash of the parts with their lengths, on every machine."""
    assert key_of("core", ["a"]) == "core-4162fddd39a3e4225e8e2392eced237fbeb34e6e218b5647d27bd4d2b9c0da24"


@pytest.mark.parametrize("left", [0, 1, TRAILER - 1, TRAILER, TRAILER + 1, len(DATA), len(DATA) + TRAILER - 1])
def test_truncated(root: Path, left: int) -> None:
    """An entry that was cut off anywhere is not given out."""
    path = Cache(root).publish(KEY, DATA)
    os.truncate(path, left)
    assert Cache(root).find(KEY) is None


@pytest.mark.parametrize("place", [0, 5000, len(DATA) - 1, len(DATA), len(DATA) + 8, -1])
def test_one_byte_changed(root: Path, place: int, caplog: pytest.LogCaptureFixture) -> None:
    """A changed byte in content, mark or hash makes the entry worthless; this is said, and it can be made again."""
    path = Cache(root).publish(KEY, DATA)
    entry = bytearray(path.read_bytes())
    entry[place] ^= 1
    path.write_bytes(entry)
    assert Cache(root).find(KEY) is None
    assert caplog.messages == [f"damaged entry in the cache, making it again: {path}"]
    assert Cache(root).publish(KEY, DATA) == path
    assert Cache(root).read(KEY) == DATA


def test_entry_under_another_name(root: Path) -> None:
    """A whole entry that somebody renamed is not what its name says."""
    other = key_of("core", ["other text"])
    Cache(root).publish(KEY, DATA).rename(root / other)
    assert Cache(root).find(other) is None


def test_entry_that_is_no_file(root: Path, tmp_path: Path) -> None:
    """Links, pipes and folders in place of an entry are not read; they are replaced, a folder is worked around."""
    real = Cache(root).publish(KEY, DATA).rename(tmp_path / "elsewhere")
    (root / KEY).symlink_to(real)
    assert Cache(root).find(KEY) is None
    assert Cache(root).publish(KEY, DATA) == root / KEY
    (root / KEY).unlink()
    os.mkfifo(root / KEY)
    assert Cache(root).find(KEY) is None
    assert Cache(root).publish(KEY, DATA) == root / KEY
    (root / KEY).unlink()
    (root / KEY).mkdir()
    cache = Cache(root)
    assert cache.find(KEY) is None
    assert cache.find(KEY) != cache.publish(KEY, DATA) == cache.find(KEY)


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_entry_that_others_can_write(root: Path, mode: int) -> None:
    """An entry that others could have changed is not used, though it is whole."""
    Cache(root).publish(KEY, DATA).chmod(mode)
    assert Cache(root).find(KEY) is None


def test_entry_of_somebody_else(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry that another user owns is not used, though it is whole."""
    Cache(root).publish(KEY, DATA)
    monkeypatch.setattr(os, "geteuid", lambda: SOMEBODY)
    assert Cache(root).find(KEY) is None


def test_open_makes_private_folders(tmp_path: Path) -> None:
    """The folders are made for the owner alone."""
    cache = open_cache({"XDG_CACHE_HOME": str(tmp_path / "new")})
    assert cache.root == tmp_path / "new/oomcheck/native"
    assert [stat.S_IMODE(path.stat().st_mode) for path in (cache.root, cache.root.parent)] == [0o700, 0o700]


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
@pytest.mark.parametrize("place", ["oomcheck", "oomcheck/native"])
def test_open_refuses_open_folders(tmp_path: Path, place: str, mode: int) -> None:
    """A cache folder that others can write to is not used."""
    open_cache({"XDG_CACHE_HOME": str(tmp_path)})
    (tmp_path / place).chmod(mode)
    assert open_cache({"XDG_CACHE_HOME": str(tmp_path)}).root is None


def test_open_refuses_a_link(tmp_path: Path) -> None:
    """A link in place of the cache folder is not followed."""
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "oomcheck").mkdir(mode=0o700)
    (tmp_path / "oomcheck/native").symlink_to(tmp_path / "real")
    assert open_cache({"XDG_CACHE_HOME": str(tmp_path)}).root is None


def test_open_refuses_somebody_elses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache folder that another user owns is not used."""
    open_cache({"XDG_CACHE_HOME": str(tmp_path)})
    monkeypatch.setattr(os, "geteuid", lambda: SOMEBODY)
    assert open_cache({"XDG_CACHE_HOME": str(tmp_path)}).root is None


@pytest.mark.parametrize("environ", [{}, {"HOME": ""}, {"XDG_CACHE_HOME": "relative"}])
def test_open_without_home(environ: dict[str, str]) -> None:
    """Without a home there is a cache for this run only, and it works."""
    cache = open_cache(environ)
    assert cache.root is None
    path = cache.publish(KEY, DATA)
    assert [cache.find(KEY), cache.read(KEY)] == [path, DATA]
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_open_below_a_file(tmp_path: Path) -> None:
    """A cache folder that cannot be made is no error, also for root, whom no permission stops."""
    (tmp_path / "file").touch()
    assert open_cache({"XDG_CACHE_HOME": str(tmp_path / "file")}).root is None


def test_trust_looks_at_the_way(tmp_path: Path) -> None:
    """A folder on the way that others can change makes the end of the way untrusted, unless it is sticky."""
    (tmp_path / "a/b").mkdir(parents=True, mode=0o700)
    assert is_trusted(tmp_path / "a/b")
    (tmp_path / "a").chmod(0o777)
    assert not is_trusted(tmp_path / "a/b")
    (tmp_path / "a").chmod(0o1777)
    assert is_trusted(tmp_path / "a/b")


def test_trust_of_the_own_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder on the way may be writable by the user's own group, and by no other."""
    folder = tmp_path / "a"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    folder.chmod(0o770)
    os.chown(folder, 0, 0)
    assert is_trusted(folder)
    os.chown(folder, 0, 100)
    assert not is_trusted(folder)


def test_trust_follows_links(tmp_path: Path) -> None:
    """A link of the user is followed to a folder that is trusted or not; a circle of links is not trusted."""
    (tmp_path / "real/deep").mkdir(parents=True, mode=0o700)
    (tmp_path / "there").symlink_to("real/../real")
    (tmp_path / "absolute").symlink_to(tmp_path / "there")
    assert is_trusted(tmp_path / "absolute/deep")
    (tmp_path / "real").chmod(0o777)
    assert not is_trusted(tmp_path / "absolute/deep")
    (tmp_path / "circle").symlink_to("circle")
    assert not is_trusted(tmp_path / "circle")


def test_trust_refuses_links_of_others(tmp_path: Path) -> None:
    """A link that somebody else owns leads nowhere, wherever it points."""
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to("real")
    assert is_trusted(tmp_path / "link")
    os.lchown(tmp_path / "link", SOMEBODY, SOMEBODY)
    assert not is_trusted(tmp_path / "link")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EACCES])
def test_folder_that_cannot_be_written(
    root: Path, number: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """On a full or read-only disk the entry is kept for this run, it is said, and nothing is left behind."""
    caplog.set_level(logging.INFO)
    real = os.replace

    def replace(source: str, target: Path) -> None:
        if target.parent == root:
            raise OSError(number, os.strerror(number))
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    cache = Cache(root)
    path = cache.publish(KEY, DATA)
    assert path.parent != root
    assert [cache.find(KEY), cache.read(KEY), os.listdir(root)] == [path, DATA, []]
    message = f"cannot write to the cache folder {root}; keeping compiled code for this run only"
    assert caplog.messages == [message]


def test_read_only_cache_is_used(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry in a cache that cannot be written is as good as any."""
    path = Cache(root).publish(KEY, DATA)
    monkeypatch.setattr(os, "utime", fail_with(errno.EROFS))
    assert Cache(root).find(KEY) == path


def test_full_disk_for_real(tmp_path: Path) -> None:
    """An entry that does not fit on the disk is kept elsewhere; one that fits, on the disk."""
    folder = tmp_path / "small"
    folder.mkdir(mode=0o700)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "none", folder], check=False)
    if mounted.returncode != 0:
        pytest.skip("needs the right to mount")
    try:
        cache = Cache(folder)
        assert cache.publish(KEY, DATA).parent == folder
        large = key_of("core", ["large"])
        assert cache.publish(large, DATA * 10).parent != folder
        assert [cache.read(KEY), cache.read(large), os.listdir(folder)] == [DATA, DATA * 10, [KEY]]
    finally:
        subprocess.run(["umount", folder], check=True)


def test_nowhere_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """If not even a temporary folder can be had, the reason is given."""
    monkeypatch.setattr(tempfile, "mkdtemp", fail_with(errno.ENOSPC))
    with pytest.raises(CacheError, match=r"^no folder for compiled code: No space left on device$"):
        Cache(None).publish(KEY, DATA)


def test_private_folder_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the temporary folder is full, the reason is given."""
    monkeypatch.setattr(os, "replace", fail_with(errno.ENOSPC))
    with pytest.raises(CacheError, match=r"^cannot write compiled code to .*; is the disk full\?$"):
        Cache(None).publish(KEY, DATA)


def test_private_folder_ends_with_the_run() -> None:
    """The folder of the run is removed at exit of the process that made it, and not at exit of its forks."""
    program = (
        "import os, sys\n"
        "from oomcheck.native.cache import Cache\n"
        "path = Cache(None).publish('core-1', b'x')\n"
        "if os.fork() == 0:\n"
        "    sys.exit()\n"
        "os.wait()\n"
        "print(path.parent, path.exists())\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    folder, existed = ended.stdout.split()
    assert existed == "True"
    assert not Path(folder).exists()


def _publish_often(root: Path, times: int) -> None:
    """In another process: publish the same entry and check what is there, many times."""
    for _ in range(times):
        Cache(root).publish(KEY, DATA)
        assert Cache(root).read(KEY) == DATA


def test_parallel_publication(root: Path) -> None:
    """Processes that publish one key at once disturb neither each other nor readers."""
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_publish_often, args=(root, 50)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert os.listdir(root) == [KEY]


def _die_half_way(root: Path) -> None:
    """In another process: die between writing an entry and giving it its name."""
    os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    Cache(root).publish(KEY, DATA)


def test_killed_half_way(root: Path) -> None:
    """A process that is killed while it publishes leaves no entry; what it leaves is removed an hour later."""
    process = multiprocessing.get_context("fork").Process(target=_die_half_way, args=(root,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert Cache(root).find(KEY) is None
    (left,) = root.iterdir()
    prune(root)
    assert left.exists()
    os.utime(left, (1, 1))
    prune(root)
    assert os.listdir(root) == []


def filled(root: Path, ages: dict[str, float], now: float = 1e9) -> None:
    """Files of 100 bytes that were used so many seconds before `now`."""
    for name, age in ages.items():
        (root / name).write_bytes(b"x" * 100)
        os.utime(root / name, (now - age, now - age))


@pytest.mark.parametrize(
    ("entries", "size", "left"),
    [
        (4, 400, ["a", "b", "c", "d"]),
        (3, 400, ["a", "b", "c"]),
        (4, 399, ["a", "b", "c"]),
        (4, 150, ["a"]),
        (0, 0, ["a"]),
    ],
)
def test_prune(root: Path, monkeypatch: pytest.MonkeyPatch, entries: int, size: int, left: list[str]) -> None:
    """The entries that were not used for longest go first, until both bounds hold; one used just now stays."""
    monkeypatch.setattr(time, "time", lambda: 1e9)
    filled(root, {"a": 59, "b": 61, "c": 1000, "d": 1e6})
    prune(root, entries, size)
    assert sorted(os.listdir(root)) == left


def test_finding_is_using(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry that was found counts as used, so that it is not the next to go."""
    filled(root, {"old": 1000}, now=1e9)
    path = Cache(root).publish(KEY, DATA)
    os.utime(path, (1, 1))
    Cache(root).find(KEY)
    monkeypatch.setattr(time, "time", lambda: path.stat().st_mtime + 1000)
    prune(root, entries=1)
    assert os.listdir(root) == [KEY]


def test_prune_meets_others(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries and a folder that vanish while they are counted or removed are no problem."""
    monkeypatch.setattr(time, "time", lambda: 1e9)
    filled(root, {"a": 1000, "b": 2000})
    monkeypatch.setattr(os, "unlink", fail_with(errno.ENOENT))
    prune(root, entries=0)
    prune(root / "gone")
    assert sorted(os.listdir(root)) == ["a", "b"]


def test_publishing_prunes(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """New entries remove old ones without anybody asking for it: each whose key ends in 0."""
    monkeypatch.setattr(module, "prune", lambda folder: filled(folder, {"pruned": 0}))
    Cache(root).publish("core-f1", DATA)
    assert os.listdir(root) == ["core-f1"]
    Cache(root).publish("core-f0", DATA)
    assert sorted(os.listdir(root)) == ["core-f0", "core-f1", "pruned"]
