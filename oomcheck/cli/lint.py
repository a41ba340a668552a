"""`oomcheck lint MODEL [SPEC...]`: what is allowed but probably not meant; of many specs, each with its own model.

With a kernel tree also whether the tree has what the models refer to, and with the text that was recorded.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from oomcheck.cli.common import Commands, add_model, parse_params, write_file
from oomcheck.diag.diagnostic import Diagnostic, OomcheckError, error
from oomcheck.diag.render import render_text
from oomcheck.diag.span import Source
from oomcheck.gate.suite import SUFFIX, find_suite
from oomcheck.kerneltree.compare import Comparison, compare
from oomcheck.kerneltree.recorded import NAME, NOTHING, find_record, load_record, record_text, updated
from oomcheck.kerneltree.references import references
from oomcheck.kerneltree.tree import KernelTree, open_tree
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.lint import lint
from oomcheck.lang.load import read_spec

Told = tuple[frozenset[str], dict[str, Diagnostic]]  # the files of a model, and what lint says of it


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "lint",
        help="split reads, places that see much at once, results ignored, unused names",
        description="Lint a model with its specs; of specs, or of folders with specs, the models that they are for. "
        "With --kernel-tree also whether the kernel has what the models refer to.",
    )
    add_model(parser)
    parser.add_argument("specs", metavar="SPEC", nargs="*", default=[], type=Path)
    parser.add_argument("--strict", action="store_true", help="exit 1 if there is any finding")
    group = parser.add_argument_group("kernel tree")
    group.add_argument(
        "--kernel-tree", metavar="DIR", type=Path, help="check all source references against these kernel sources"
    )
    group.add_argument(
        "--fingerprints", metavar="FILE", type=Path, help=f"default: {NAME} beside the models or above them"
    )
    group.add_argument(
        "--record", action="store_true", help="record the texts of this tree as those that models describe"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """The command."""
    tree = _kernel_tree(args)
    if args.model.suffix != SUFFIX and not os.path.isdir(args.model):
        suites = {args.model: tuple(args.specs)}
    else:
        suites = _by_model([args.model, *args.specs])
    told: list[Told] = []
    sources: dict[Path, Source] = {}
    wrong: list[Diagnostic] = []
    for model, specs in suites.items():
        try:
            elaborated = load_model(model, parse_params(args.params), tuple(args.include))
            paths = frozenset(source.path for source in elaborated.model.sources)
            told.append((paths, {render_text(diagnostic): diagnostic for diagnostic in lint(elaborated, specs)}))
            for source in elaborated.model.sources:
                sources.setdefault(Path(source.path).resolve(), source)
        except OomcheckError as problem:
            wrong += problem.diagnostics
    found, summary = _agreed(told), ""
    if tree is not None:
        try:
            compared, summary = _against(args, tree, list(suites), list(sources.values()), complete=not wrong)
            found |= {render_text(diagnostic): diagnostic for diagnostic in compared.findings}
        except OomcheckError as problem:
            wrong += problem.diagnostics
    for text in found:
        sys.stdout.write(text + "\n")
    sys.stdout.write(summary)
    plural = "s" * (len(found) != 1)
    if found or not wrong:
        sys.stdout.write(f"{len(found)} finding{plural}\n")
    if wrong:
        raise OomcheckError(wrong)
    return 1 if found and args.strict else 0


def _agreed(told: list[Told]) -> dict[str, Diagnostic]:
    """Findings by their text, once each; a name of a library counts as unused if no model that imports it uses it."""
    found = {text: diagnostic for _, findings in told for text, diagnostic in findings.items()}
    used = {
        text
        for text, diagnostic in found.items()
        if diagnostic.code == "W0604" and diagnostic.span is not None
        for paths, findings in told
        if diagnostic.span.path in paths and text not in findings
    }
    return {text: diagnostic for text, diagnostic in found.items() if text not in used}


def _kernel_tree(args: argparse.Namespace) -> KernelTree | None:
    """The tree that is named; E0003 for flags that need one."""
    if args.kernel_tree is not None:
        return open_tree(args.kernel_tree)
    for flag, given in (("--fingerprints", args.fingerprints is not None), ("--record", args.record)):
        if given:
            raise error("E0003", f"{flag} needs --kernel-tree DIR")
    return None


def _against(
    args: argparse.Namespace, tree: KernelTree, models: list[Path], sources: list[Source], complete: bool
) -> tuple[Comparison, str]:
    """The references of `sources` against the tree, and a summary; with --record what is found is recorded.

    It is compared before it is recorded, so that a change is told once, when it is accepted. A record is of all that
    was asked for: nothing is recorded if there was an error in a model.
    """
    path = args.fingerprints or _record_path(models)
    fresh = args.record and not path.exists()
    recorded = NOTHING if fresh or not (args.fingerprints or path.exists()) else load_record(path)
    compared = compare(references(sources), tree, recorded, path.parent)
    summary = _summary(compared)
    if args.record and complete:
        new = updated(recorded, tree.version, compared.present, compared.found)
        if fresh or new != recorded:
            write_file(path, record_text(new))
            summary += f"recorded in {path}\n"
        else:
            summary += f"{path} has all of this\n"
    return compared, summary


def _record_path(models: list[Path]) -> Path:
    """The record above all models, or where it should be: in the folder that has them all."""
    folder = Path(os.path.commonpath([os.path.dirname(os.path.abspath(model)) for model in models]))
    return _shown(find_record(folder) or folder / NAME)


def _shown(path: Path) -> Path:
    """A path as the user would write it: relative if it is below the folder that we are in."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _summary(compared: Comparison) -> str:
    total = sum(compared.states.values())
    parts = ", ".join(f"{count} {state.value}" for state, count in compared.states.items())
    return f"kernel {compared.version}: {total} reference{'s' * (total != 1)}{': ' * bool(parts)}{parts}\n"


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
