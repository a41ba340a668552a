"""Flags that several commands share."""

from __future__ import annotations

import argparse
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from oomcheck.diag.diagnostic import error
from oomcheck.report.rows import EXIT_MEANING

STREAMS: Final = ("/dev", "/dev/fd", "/proc/self/fd")  # where names stand for devices and open files
Commands = argparse._SubParsersAction  # the type that argparse gives no public name


def exit_table() -> str:
    """What each exit code means, for the help texts."""
    codes = "\n".join(f"  {code:>3}  {meaning}" for code, meaning in sorted(EXIT_MEANING.items()))
    return f"exit codes (worst wins: 4, 2, 1, 3, 0):\n{codes}"


def add_model(parser: argparse.ArgumentParser) -> None:
    """MODEL, -c and --include."""
    parser.add_argument("model", metavar="MODEL", type=Path)
    parser.add_argument(
        "-c", dest="params", metavar="NAME=VALUE", action="append", default=[], help="set a parameter of the model"
    )
    parser.add_argument(
        "--include", metavar="DIR", type=Path, action="append", default=[], help="another folder for imports"
    )


def parse_params(given: list[str], flag: str = "-c") -> dict[str, int | str]:
    """`NAME=VALUE` pairs that came with `flag`; E0003 if one is malformed or repeated."""
    values: dict[str, int | str] = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise error("E0003", f"`{flag} {pair}` is not of the form NAME=VALUE")
        if name in values:
            raise error("E0003", f"parameter `{name}` is given twice")
        values[name] = value
    return values


def make_folder(path: Path) -> None:
    """Make a folder for output if there is none; E0007 if nothing can be written there."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as failure:
        raise error("E0007", f"cannot write below `{path}`: {failure.strerror}") from failure
    if not os.access(path, os.W_OK | os.X_OK):
        raise error("E0007", f"cannot write below `{path}`: Permission denied")


def write_file(path: Path, text: str) -> None:
    """Write beside, then rename, so that no reader sees half a file; E0007 if it cannot be.

    A link stays, and what it leads to is written. Devices and pipes cannot be renamed to, and get the text as it is.
    Bytes of a path that are no UTF-8 become escapes that JSON reads back.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if _is_stream(path):
            with path.open("a", encoding="utf-8", errors="backslashreplace") as stream:
                stream.write(text)
        else:
            _replace(Path(os.path.realpath(path)), text)
    except BrokenPipeError:
        raise
    except OSError as failure:
        raise error("E0007", f"cannot write `{path}`: {failure.strerror}") from failure


def _is_stream(path: Path) -> bool:
    """Whether this is no file to be replaced; a name of an open file is not, whatever it is open on."""
    if str(path.absolute().parent) in STREAMS:
        return path.exists()
    return path.exists() and not path.is_file() and not path.is_dir()


def _replace(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8", errors="backslashreplace")
        beside.replace(path)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
