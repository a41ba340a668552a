"""`oomcheck lint MODEL [SPEC...]`: what is allowed but probably not meant; of many specs, each with its own model."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from oomcheck.cli.common import Commands, add_model, parse_params
from oomcheck.diag.diagnostic import Diagnostic, OomcheckError, error
from oomcheck.diag.render import render_text
from oomcheck.gate.suite import SUFFIX, find_suite
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.lint import lint
from oomcheck.lang.load import read_spec


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "lint",
        help="split reads, places that see much at once, results ignored, unused names",
        description="Lint a model with its specs; of specs, or of folders with specs, the models that they are for.",
    )
    add_model(parser)
    parser.add_argument("specs", metavar="SPEC", nargs="*", type=Path)
    parser.add_argument("--strict", action="store_true", help="exit 1 if there is any finding")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """The command."""
    if args.model.suffix != SUFFIX and not os.path.isdir(args.model):
        suites = {args.model: tuple(args.specs)}
    else:
        suites = _by_model([args.model, *args.specs])
    found: dict[str, Diagnostic] = {}  # one text for each: models share their imports
    wrong: list[Diagnostic] = []
    for model, specs in suites.items():
        try:
            elaborated = load_model(model, parse_params(args.params), tuple(args.include))
            found |= {render_text(diagnostic): diagnostic for diagnostic in lint(elaborated, specs)}
        except OomcheckError as problem:
            wrong += problem.diagnostics
    for text in found:
        sys.stdout.write(text + "\n")
    plural = "s" * (len(found) != 1)
    if found or not wrong:
        sys.stdout.write(f"{len(found)} finding{plural}\n")
    if wrong:
        raise OomcheckError(wrong)
    return 1 if found and args.strict else 0


def _by_model(paths: list[Path]) -> dict[Path, tuple[Path, ...]]:
    """The specs in and below `paths` by the model that they are for."""
    suites: dict[Path, tuple[Path, ...]] = {}
    for spec in dict.fromkeys(_specs(paths)):
        model = Path(os.path.normpath(spec.parent / read_spec(spec)[0].model))
        suites[model] = (*suites.get(model, ()), spec)
    return suites


def _specs(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if path.suffix != SUFFIX and not os.path.isdir(path):
            raise error("E0003", f"{path} is no spec", None, "give one model first, or specs and folders alone")
        yield from (spec.path for spec in find_suite(path).specs)
