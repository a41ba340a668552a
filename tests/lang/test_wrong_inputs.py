"""Wrong inputs and the whole message that each gives: code, place, text and hint."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from oomcheck.cli.main import main
from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.diag.render import render_text
from oomcheck.diag.span import Source
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.lower import lower
from oomcheck.lang.parsing import Start, parse_tree
from tests.lang import tables

FOLDER = Path(__file__).parent / "wrong"
SYNTAX, MODELS, COMMANDS = FOLDER / "syntax.txt", FOLDER / "models.txt", FOLDER / "commands.txt"


def rendered(action: Callable[[], object]) -> str:
    """What is shown of the errors of an action."""
    try:
        action()
    except OomcheckError as problem:
        return "".join(render_text(diagnostic) + "\n" for diagnostic in problem.diagnostics)
    return ""


def parsed(case: tables.Case) -> str:
    """What the parser says about the file of a case."""
    ((name, text),) = case.files.items()
    start: Start = "spec" if name.endswith("spec") else "model"
    return rendered(lambda: parse_tree(Source(name, text), start))


def unpack(case: tables.Case, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write the files of a case and go to their folder, without settings from outside."""
    monkeypatch.chdir(folder)
    for name in [name for name in os.environ if name.startswith("OOMCHECK_")]:
        monkeypatch.delenv(name)
    for name, text in case.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def loaded(case: tables.Case, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the front end says about the model of a case."""
    unpack(case, folder, monkeypatch)
    return rendered(lambda: lower(load_model(Path("m.oom"), {})))


def said(case: tables.Case, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """What the command of a case prints; wrong input is exit code 2 and prints nothing on stdout."""
    unpack(case, folder, monkeypatch)
    code = main(case.arguments)
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    return err.replace(str(folder), "DIR")


@pytest.mark.parametrize("case", tables.read(SYNTAX), ids=lambda case: case.title)
def test_syntax(case: tables.Case) -> None:
    """A syntax error names what is wrong, where, and what to write."""
    assert parsed(case) == case.expected
    assert case.expected.startswith("error[E0")
    assert "__ANON" not in case.expected


@pytest.mark.parametrize("case", tables.read(MODELS), ids=lambda case: case.title)
def test_models(case: tables.Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong names, types, ranges and imports are found before anything runs."""
    assert loaded(case, tmp_path, monkeypatch) == case.expected
    assert case.expected.startswith("error[E0")


@pytest.mark.parametrize("case", tables.read(COMMANDS), ids=lambda case: case.title)
def test_commands(
    case: tables.Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong command lines, settings, specs and traces end with exit code 2 and a message."""
    assert said(case, tmp_path, monkeypatch, capsys) == case.expected
    assert case.expected.startswith("error[E0")


def test_update(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With --update-golden the tables are rewritten; the diff is to be reviewed like code."""
    for path in (SYNTAX, MODELS, COMMANDS):
        cases = tables.read(path)
        assert len({(case.title, tuple(case.files)) for case in cases}) == len(cases)
        if not request.config.getoption("--update-golden"):
            continue
        for case in cases:
            folder = tmp_path_factory.mktemp("case")
            if path == COMMANDS:
                result = said(case, folder, monkeypatch, capsys)
            else:
                result = parsed(case) if path == SYNTAX else loaded(case, folder, monkeypatch)
            case.parts = [part for part in case.parts if part[0] != "expected"] + [("expected", result)]
        tables.write(path, cases)


SPEC = b'spec for "m.oom";\ncover a : true;\n'
MODEL = b"model m;\nthread t {\n\tskip;\n}\n"


@pytest.mark.parametrize(
    ("model", "spec", "message"),
    [
        (b"", None, "error[E0101]: the file is empty\n  --> m.oom:1:1"),
        (b"// nothing\n", None, "error[E0101]: only comments in this file\n  --> m.oom:1:1"),
        (MODEL, b"", "error[E0101]: the file is empty\n  --> m.oomspec:1:1"),
        (
            MODEL + b"\0",
            None,
            f"error[E0002]: m.oom is not a text file: byte {len(MODEL)} is NUL\n  hint: expected UTF-8 text",
        ),
        (MODEL, SPEC + b"\0", "error[E0002]: m.oomspec is not a text file: byte 34 is NUL"),
        (b"\x7fELF\x02\x01", None, "error[E0102]: unexpected character U+007F\n  --> m.oom:1:1"),
        (b"\xff\xfem\0", None, "error[E0002]: m.oom is not a text file: byte 3 is NUL"),
        (b"model \xe4;", None, "error[E0002]: m.oom is not a text file: byte 6 (0xe4) is not UTF-8"),
        (b"model m;\r\nbool b\r\nthread t { skip; }\r\n", None, "error[E0101]: missing `;` after `b` on line 2"),
        (b"\xef\xbb\xbfmodel m\r\n", None, "error[E0101]: missing `;` after `m`\n  --> m.oom:1:8"),
        (b"model m;\rbool b;\r", None, "error[E0102]: unexpected character U+000D\n  --> m.oom:1:9"),
        ("model m; // \u202e".encode(), None, "error[E0102]: unexpected character U+202E RIGHT-TO-LEFT OVERRIDE"),
        (b"model m;" + b" " * 4 * 2**20, None, "error[E0009]: m.oom is larger than 4 MiB\n  hint: split the model"),
        (
            b"model m;\n" + b"x" * 2**20 + b" = 1;",
            None,
            "error[E0101]: statement outside of a body\n  --> m.oom:2:1048578",
        ),
        (b"model m;\n/*" + b"x" * 2**20, None, "error[E0103]: comment without its closing `*/`\n  --> m.oom:2:1"),
        (
            b"model m;\nconst A = " + b"(" * 10**6,
            None,
            "error[E0009]: brackets nested more than 100 deep\n  --> m.oom:2:111",
        ),
        (
            b"model m;\nconst A = " + b"1+" * 10**4 + b"1;",
            None,
            "error[E0009]: statement or expression nested more than 200",
        ),
        (b"model m;\nconst A = " + b"9" * 10**5 + b";", None, "error[E0105]: number with 100000 digits; at most 18"),
        (b"\n" * 10**6, None, "error[E0101]: the file is empty\n  --> m.oom:1:1"),
    ],
    ids=[
        *("empty", "only comments", "empty spec", "NUL", "NUL in a spec", "ELF", "UTF-16", "Latin-1", "CRLF"),
        *("byte order mark", "CR", "writing direction", "4 MiB", "long line", "long comment", "brackets", "long sum"),
        *("long number", "many lines"),
    ],
)
def test_files(
    model: bytes,
    spec: bytes | None,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Empty, binary, foreign, huge and deep files end with exit code 2 and a message."""
    monkeypatch.chdir(tmp_path)
    Path("m.oom").write_bytes(model)
    arguments = ["check", "m.oom"]
    if spec is not None:
        Path("m.oomspec").write_bytes(spec)
        arguments.append("m.oomspec")
    code = main(arguments)
    out, err = capsys.readouterr()
    assert (code, out, err[: len(message)]) == (2, "", message)
    assert max(map(len, err.splitlines())) < 200


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("gone.oom", "No such file or directory"),
        ("folder", "it is a directory"),
        ("file/m.oom", "Not a directory"),
        ("link.oom", "No such file or directory"),
        ("n" * 300, "File name too long"),
    ],
)
def test_unreadable(
    name: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What cannot be read is named with the reason, as a model and as a spec."""
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("file").write_bytes(MODEL)
    Path("m.oom").write_bytes(MODEL)
    Path("link.oom").symlink_to("gone.oom")
    commands = [["check", name], ["check", "m.oom", name], ["fmt", name], ["info", name], ["lint", name]]
    if name == "folder":  # `lint` takes the specs in it
        commands.pop()
    for arguments in commands:
        assert main(arguments) == 2
        assert capsys.readouterr() == ("", f"error[E0001]: cannot read {name}: {reason}\n")


def test_no_rights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A file without read permission; as the superuser may read everything, the refusal is made up."""

    def refuse(path: Path, *_: object, **__: object) -> NoReturn:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.chdir(tmp_path)
    Path("m.oom").write_bytes(MODEL)
    monkeypatch.setattr(Path, "open", refuse)
    assert main(["check", "m.oom"]) == 2
    assert capsys.readouterr() == ("", "error[E0001]: cannot read m.oom: Permission denied\n")
