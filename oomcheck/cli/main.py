"""The command line: parses arguments, runs one command, returns its exit code."""

from __future__ import annotations

import argparse
import atexit
import errno
import gc
import io
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any, Final, NoReturn, TextIO

from oomcheck.cli.common import Commands, exit_table
from oomcheck.diag.diagnostic import Diagnostic, OomcheckError, error
from oomcheck.diag.render import render_text
from oomcheck.evidence import EvidenceError
from oomcheck.version import VERSION

#: Modules here.
COMMANDS: Final = (
    "check",
    "gate",
    "mutate",
    "prove",
    "certify",
    "sim",
    "replay",
    "render",
    "compare",
    "graph",
    "info",
    "lint",
    "fmt",
    "explain",
)
RECURSION = 5_000  # nested macros, calls and conditions are walked by recursion
YOUNG = 50_000  # objects between two searches for garbage; what the phases make is seldom any
FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)  # nobody's mistake: a disk is full or broken
WRONG_INPUT, UNKNOWN, INTERNAL, INTERRUPTED, BROKEN_PIPE = 2, 3, 4, 130, 141


class _Parser(argparse.ArgumentParser):
    """Complains in the tool's own format; takes flags and other arguments in any order."""

    _mixing = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # noqa: ANN401  # it is overloaded
        """As of argparse; `parse_known_intermixed_args` calls it again, and does not know of commands."""
        if self._mixing or self._subparsers is not None:
            return super().parse_known_args(args, namespace)
        self._mixing = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._mixing = False

    def error(self, message: str) -> NoReturn:
        raise error("E0003", message, None, f"see `{self.prog} --help`")


def build_parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """The command that the arguments begin with, with its flags; all commands if they begin with none.

    A command is loaded only when it is named, as each needs other parts of the tool.
    """
    parser = _Parser(
        prog="oomcheck",
        description="Model checker for races between the OOM killer, the OOM reaper, exit_mmap() and the freezer.",
        epilog=exit_table(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"oomcheck {VERSION}")
    commands: Commands[argparse.ArgumentParser] = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, parser_class=_Parser, prog=parser.prog
    )
    for command in arguments[:1] if arguments[:1] and arguments[0] in COMMANDS else COMMANDS:
        import_module(f"oomcheck.cli.{command}").register(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; raises nothing but SystemExit after --help; no failure has the exit code of a verdict."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), RECURSION))
    gc.set_threshold(YOUNG)
    atexit.register(gc.freeze)  # when the process ends, a last search for garbage finds none and takes 20 ms
    if sys.stderr is None:  # closed by the caller
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # for as long as the process lives
    if sys.stdout is None:
        print(render_text(_cannot_write("it is closed")), file=sys.stderr)
        return WRONG_INPUT
    sys.stdout, sys.stderr = _prepared(sys.stdout), _prepared(sys.stderr)
    try:
        return _guarded(list(sys.argv[1:] if argv is None else argv))
    except BrokenPipeError:
        _mute(sys.stdout, sys.stderr)
        return BROKEN_PIPE
    except OSError as failure:
        with suppress(OSError):
            print(render_text(_cannot_write(failure.strerror or type(failure).__name__)), file=sys.stderr)
        _mute(sys.stdout, sys.stderr)
        return WRONG_INPUT


def _prepared(stream: TextIO) -> TextIO:
    """The stream so that no locale makes a report impossible, and no write is cut short without a word."""
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    raw: object = stream.buffer
    is_own = stream in (sys.__stdout__, sys.__stderr__)  # else whoever put it there is not done with it
    if is_own and isinstance(raw, io.RawIOBase):  # PYTHONUNBUFFERED: what a closing pipe does not take would be dropped
        whole = io.BufferedWriter(io.FileIO(stream.fileno(), "w", closefd=False))
        return io.TextIOWrapper(whole, stream.encoding, "backslashreplace", line_buffering=True)
    stream.reconfigure(errors="backslashreplace")
    return stream


def _cannot_write(why: str) -> Diagnostic:
    return error("E0007", f"cannot write the standard output: {why}").diagnostics[0]


def _mute(*streams: TextIO) -> None:
    """Nobody takes what is left in them; keep the interpreter from complaining when it flushes at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        os.dup2(nowhere, stream.fileno())


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """The arguments by name; E0003 for what the command does not know."""
    args, rest = build_parser(arguments).parse_known_args(arguments)
    if rest:
        words = [word for word in rest if word != "--"]
        unknown = [word for word in words if word.startswith("-")] or words  # a wrong flag takes others with it
        hint = f"see `oomcheck {args.command} --help`"
        raise error("E0003", f"unrecognized arguments: {' '.join(unknown)}", None, hint)
    return args


def _guarded(arguments: list[str]) -> int:
    """Run the command; whatever goes wrong becomes a message and an exit code.

    Raises OSError only where the answer cannot be written.
    """
    try:
        args = _parsed(arguments)
        code = args.run(args)
        assert isinstance(code, int)
        sys.stdout.flush()
    except SystemExit:  # --help and --version
        sys.stdout.flush()
        raise
    except OomcheckError as failure:
        for diagnostic in failure.diagnostics:
            print(render_text(diagnostic), file=sys.stderr)
        return WRONG_INPUT
    except EvidenceError as failure:
        print(f"internal error: evidence failed its re-check: {failure}", file=sys.stderr)
        return INTERNAL
    except KeyboardInterrupt:
        print("interrupted: nothing is known yet", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except MemoryError:
        print("out of memory: nothing is known; --max-memory ends a search in time", file=sys.stderr)
        return UNKNOWN
    except OSError as failure:
        if failure.errno in FULL:
            raise
        return _defect(failure)
    except Exception as failure:  # a defect must not look like a verdict
        return _defect(failure)
    return code


def _defect(failure: Exception) -> int:
    traceback.print_exception(failure)
    print(f"internal error: {type(failure).__name__}; this is a defect of oomcheck", file=sys.stderr)
    return INTERNAL


if __name__ == "__main__":
    sys.exit(main())
