"""The command line: parses arguments, runs one command, returns its exit code."""

from __future__ import annotations

import argparse
import io
import os
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

from oomcheck.cli import check, explain, fmt, info, lint, replay, sim
from oomcheck.cli.common import Commands, exit_table
from oomcheck.diag.diagnostic import OomcheckError, error
from oomcheck.diag.render import render_text
from oomcheck.evidence import EvidenceError
from oomcheck.version import VERSION

RECURSION = 5_000  # nested macros, calls and conditions are walked by recursion
WRONG_INPUT, UNKNOWN, INTERNAL, INTERRUPTED, BROKEN_PIPE = 2, 3, 4, 130, 141


class _Parser(argparse.ArgumentParser):
    """Complains in the tool's own format."""

    def error(self, message: str) -> NoReturn:
        raise error("E0003", message, None, f"see `{self.prog} --help`")


def build_parser() -> argparse.ArgumentParser:
    """All commands and their flags."""
    parser = _Parser(
        prog="oomcheck",
        description="Model checker for races between the OOM killer, the OOM reaper, exit_mmap() and the freezer.",
        epilog=exit_table(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"oomcheck {VERSION}")
    commands: Commands[argparse.ArgumentParser] = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, parser_class=_Parser
    )
    for module in (check, sim, replay, info, lint):
        module.register(commands)
    _register_fmt(commands)
    explain.register(commands)
    return parser


def _register_fmt(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("fmt", help="put models and specs into canonical layout")
    parser.add_argument("paths", nargs="+", metavar="FILE")
    parser.add_argument("--check", action="store_true", help="change nothing; print what would change and exit 1")
    parser.set_defaults(run=lambda args: fmt.run(args.paths, args.check))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; raises nothing but SystemExit after --help; no failure has the exit code of a verdict."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), RECURSION))
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
        args = build_parser().parse_args(arguments)
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
