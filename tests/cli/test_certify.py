"""`oomcheck certify`: certificates that stand, and each way in which one does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oomcheck.cli.main import main
from tests.cli.proving import VISITS, visits
from tests.cli.samples import put


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A folder with the certificate of `low`, and the model and spec that it is about."""
    folder = tmp_path_factory.mktemp("made")
    arguments = visits(folder, "check c : low;")
    assert main(["prove", *arguments, "-q", "-o", str(folder / "out")]) == 0
    return folder / "out", arguments[:2]


def kept(folder: Path) -> Path:
    """Where the one certificate below a folder is."""
    (path,) = folder.rglob("certificate.json")
    return path.parent


def copied(source: Path, folder: Path) -> Path:
    """A certificate of one's own, to spoil; the folder that holds its files."""
    target = folder / "out"
    found = kept(source)
    target.mkdir()
    for path in found.iterdir():
        target.joinpath(path.name).write_bytes(path.read_bytes())
    return target


def certify(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Exit code and what is printed."""
    capsys.readouterr()
    code = main(["certify", *arguments, "--solver", "z3"])
    return code, capsys.readouterr().out


def test_confirmed(made: tuple[Path, list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    """Against its model a certificate is confirmed; without one, that is told."""
    folder, files = made
    code, out = certify([str(folder), *files], capsys)
    assert (code, "visits/c/low: CONFIRMED by z3" in out, "not compared" in out) == (0, True, False)
    code, out = certify([str(folder)], capsys)
    assert (code, "CONFIRMED by z3" in out, "not compared with a model" in out) == (0, True, True)


def test_another_model(made: tuple[Path, list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A model with one step more, and a spec without the property, do not fit."""
    other = visits(tmp_path, "check c : low;", VISITS.replace("here = i; }", "here = i + 1; }"))[:2]
    code, out = certify([str(made[0]), *other], capsys)
    assert (code, "REJECTED" in out, "CONFIRMED" in out) == (4, True, False)
    files = visits(tmp_path, "check d : low;")[:2]
    files[1] = str(put(tmp_path, "other.oomspec", 'spec for "visits.oom";\nnever x : here > N;\n'))
    code, out = certify([str(made[0]), *files], capsys)
    assert (code, "have no `visits/c/low`" in out) == (4, True)


def _weaker(folder: Path) -> None:
    path = next(iter(sorted(folder.glob("*.smt2"))))
    path.write_text(path.read_text().replace("(check-sat)", "(assert false)(check-sat)", 1))


def _digest(folder: Path) -> None:
    _edit(folder, lambda data: data["files"][0].update(sha256="0" * 64))


def _larger_k(folder: Path) -> None:
    _edit(folder, lambda data: data.update(k=data["k"] + 1))


def _gone(folder: Path) -> None:
    next(iter(sorted(folder.glob("*.smt2")))).unlink()


def _broken(folder: Path) -> None:
    (folder / "certificate.json").write_text("{")


def _edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "certificate.json"
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


@pytest.mark.parametrize("spoil", [_weaker, _digest, _larger_k, _gone, _broken])
def test_spoilt(
    made: tuple[Path, list[str]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[[Path], None],
) -> None:
    """A file that was changed, is gone or cannot be read is named, and nothing is confirmed."""
    folder = copied(made[0], tmp_path)
    spoil(folder)
    code, out = certify([str(folder), *made[1]], capsys)
    assert (code, "REJECTED" in out, "CONFIRMED by" in out) == (4, True, False)
    named = sorted(path.name for path in kept(made[0]).glob("*.smt2"))[0]
    assert ("certificate.json" if spoil in (_digest, _larger_k, _broken) else named) in out


def test_one_that_is_spoilt_among_others(
    made: tuple[Path, list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The worst of the certificates below a folder decides."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        copied(made[0], tmp_path / name)
    _weaker(tmp_path / "b" / "out")
    code, out = certify([str(tmp_path), *made[1]], capsys)
    assert (code, out.count("CONFIRMED by"), out.count("REJECTED")) == (4, 1, 1)
