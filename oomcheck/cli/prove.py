"""`oomcheck prove MODEL [SPEC...]`: proofs for every value of what may stay open, with certificates."""

from __future__ import annotations

import argparse
from pathlib import Path

from oomcheck.cli.check import add_checking, report_of
from oomcheck.cli.common import Commands, exit_table
from oomcheck.diag.diagnostic import error
from oomcheck.rows import PROVERS

ENGINES = ("auto", *PROVERS)


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "prove",
        help="prove properties of a model, for every value of parameters without upper bound",
        epilog=exit_table(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_checking(parser)
    parser.add_argument(
        "-o", dest="output", metavar="DIR", type=Path, help="write a certificate of each proof, and traces, below DIR"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """The command."""
    if args.engine is not None and args.engine not in ENGINES:
        raise error("E0003", f"--engine {args.engine} proves nothing", None, f"there are {', '.join(ENGINES)}")
    return report_of(args, prove=True)
