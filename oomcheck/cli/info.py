"""`oomcheck info MODEL`: what a model declares, and what one step of it may see at once."""

from __future__ import annotations

import argparse
import sys

from oomcheck.cli.common import Commands, add_model, parse_params
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.lower import lower
from oomcheck.report.info import render_info


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("info", help="parameters, threads, objects, atomic places, size of a state")
    add_model(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """The command."""
    elaborated = load_model(args.model, parse_params(args.params), tuple(args.include))
    sys.stdout.write(render_info(lower(elaborated)))
    return 0
