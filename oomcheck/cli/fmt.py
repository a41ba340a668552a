"""`oomcheck fmt`: put models and specs into canonical layout, or say what would change."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from oomcheck.cli.common import Commands
from oomcheck.diag.diagnostic import OomcheckError, error
from oomcheck.diag.render import render_text
from oomcheck.diag.span import Source
from oomcheck.lang.format import format_text
from oomcheck.lang.parsing import read_source
from oomcheck.report.wording import plain


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("fmt", help="put models and specs into canonical layout")
    parser.add_argument("paths", nargs="+", metavar="FILE")
    parser.add_argument("--check", action="store_true", help="change nothing; print what would change and exit 1")
    parser.set_defaults(run=lambda args: run(args.paths, args.check))


def run(paths: list[str], check: bool) -> int:
    """Rewrite the files, or with `check` print what would change; the exit code is the worst of all files.

    0: all is in canonical layout now; 1: with `check`, something would change; 2: a file has errors and stays as it is.
    """
    worst = 0
    for name in paths:
        try:
            changed = _one(name, check)
        except OomcheckError as problem:
            for diagnostic in problem.diagnostics:
                print(render_text(diagnostic), file=sys.stderr)
            worst = 2
        else:
            worst = max(worst, int(check and changed))
    return worst


def _one(name: str, check: bool) -> bool:
    """Handle one file; whether its text is not canonical."""
    path = Path(name)
    source = read_source(path, name)
    text = format_text(source, "spec" if path.suffix == ".oomspec" else "model")
    if text.encode() == path.read_bytes():
        return False
    if check:
        sys.stdout.writelines(_difference(source, text))
    else:
        _replace(path, text)
    return True


def _difference(source: Source, text: str) -> Iterator[str]:
    """A unified diff, safe to print whatever is in the file."""
    old, new = (value.splitlines(keepends=True) for value in (source.text, text))
    for line in difflib.unified_diff(old, new, source.path, f"{source.path} (formatted)"):
        body = line.removesuffix("\n").removesuffix("\r")
        mark = "\\r" if line.endswith("\r\n") and line[0] != "@" else ""
        yield "\t".join(plain(part, False) for part in body.split("\t")) + mark + "\n"


def _replace(path: Path, text: str) -> None:
    """Write beside the file and move it there, so that it is never half written; its mode stays, links stay links."""
    target = path.resolve()
    try:
        handle, beside = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text.encode())
                os.fchmod(file.fileno(), target.stat().st_mode & 0o7777)
            os.replace(beside, target)
        except OSError:
            os.unlink(beside)
            raise
    except OSError as problem:
        raise error("E0007", f"cannot write {path}: {problem.strerror or 'unknown reason'}") from None
