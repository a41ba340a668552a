"""The command line: parses arguments, runs one command, returns its exit code."""

from __future__ import annotations

import argparse
import atexit
import gc
import io
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final, NoReturn

from oomcheck.cli.common import Commands, exit_table
from oomcheck.diag.diagnostic import OomcheckError, error
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
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # no locale makes a report impossible
    try:
        code = _guarded(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
    except BrokenPipeError:
        # the reader is gone; keep the interpreter from complaining when it flushes at exit
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(nowhere, stream.fileno())
        return BROKEN_PIPE
    return code


def _guarded(arguments: list[str]) -> int:
    """Run the command; whatever goes wrong becomes a message and an exit code."""
    try:
        args = build_parser(arguments).parse_args(arguments)
        code = args.run(args)
        assert isinstance(code, int)
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
    except Exception as failure:  # a defect must not look like a verdict
        traceback.print_exc()
        print(f"internal error: {type(failure).__name__}; this is a defect of oomcheck", file=sys.stderr)
        return INTERNAL
    return code


if __name__ == "__main__":
    sys.exit(main())
