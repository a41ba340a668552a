"""`oomcheck lint MODEL [SPEC...]`: what is allowed but probably not meant."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from oomcheck.cli.common import Commands, add_model, parse_params
from oomcheck.diag.render import render_text
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.lint import lint


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "lint", help="split reads, places that see much at once, results ignored, unused names"
    )
    add_model(parser)
    parser.add_argument("specs", metavar="SPEC", nargs="*", type=Path)
    parser.add_argument("--strict", action="store_true", help="exit 1 if there is any finding")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """The command."""
    elaborated = load_model(args.model, parse_params(args.params), tuple(args.include))
    found = lint(elaborated, tuple(args.specs))
    for diagnostic in found:
        sys.stdout.write(render_text(diagnostic) + "\n")
    plural = "s" * (len(found) != 1)
    sys.stdout.write(f"{len(found)} finding{plural}\n")
    return 1 if found and args.strict else 0
