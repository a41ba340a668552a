"""The command line: parses arguments, runs one command, returns its exit code."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from oomcheck.cli import check, explain, fmt, info, lint, replay
from oomcheck.cli.common import Commands
from oomcheck.diag.diagnostic import OomcheckError, error
from oomcheck.diag.render import render_text
from oomcheck.evidence import EvidenceError
from oomcheck.report.rows import EXIT_MEANING
from oomcheck.version import VERSION

RECURSION = 5_000  # nested macros, calls and conditions are walked by recursion
INTERNAL, WRONG_INPUT, INTERRUPTED, BROKEN_PIPE = 4, 2, 130, 141


class _Parser(argparse.ArgumentParser):
    """Complains in the tool's own format."""

    def error(self, message: str) -> NoReturn:
        raise error("E0003", message, None, f"see `{self.prog} --help`")


def build_parser() -> argparse.ArgumentParser:
    """All commands and their flags."""
    codes = "\n".join(f"  {code:>3}  {meaning}" for code, meaning in sorted(EXIT_MEANING.items()))
    parser = _Parser(
        prog="oomcheck",
        description="Model checker for races between the OOM killer, the OOM reaper, exit_mmap() and the freezer.",
        epilog=f"exit codes (worst wins: 4, 2, 1, 3, 0):\n{codes}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"oomcheck {VERSION}")
    commands: Commands[argparse.ArgumentParser] = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, parser_class=_Parser
    )
    for module in (check, replay, info, lint):
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
    """Run the command line; never raises for what a user can cause."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), RECURSION))
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        args = build_parser().parse_args(arguments)
        code = args.run(args)
        assert isinstance(code, int)
        sys.stdout.flush()
    except OomcheckError as failure:
        for diagnostic in failure.diagnostics:
            print(render_text(diagnostic), file=sys.stderr)
        return WRONG_INPUT
    except EvidenceError as failure:
        print(f"internal error: evidence failed its re-check: {failure}", file=sys.stderr)
        return INTERNAL
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # the reader is gone; keep the interpreter from complaining when it flushes at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    return code


if __name__ == "__main__":
    sys.exit(main())
