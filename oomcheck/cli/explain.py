"""`oomcheck explain CODE`: what a diagnostic means."""

from __future__ import annotations

import argparse

from oomcheck.cli.common import Commands
from oomcheck.diag.codes import CODES
from oomcheck.diag.diagnostic import error


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("explain", help="tell more about a diagnostic code")
    parser.add_argument("code", metavar="CODE", help="such as E0203")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """The command."""
    code = args.code.upper()
    if code not in CODES:
        raise error("E0003", f"no diagnostic has the code `{args.code}`", None, f"codes: {', '.join(CODES)}")
    title, text = CODES[code]
    print(f"{code}: {title}\n{text}")
    return 0
