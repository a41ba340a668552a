"""`oomcheck mutate [DIR]`: wrong changes of the models, one at a time, and those that no check notices."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from oomcheck.cli.common import Commands, exit_table, make_folder, write_file
from oomcheck.cli.progress import counted
from oomcheck.cli.stopping import interruptible
from oomcheck.gate.suite import find_suite
from oomcheck.mutation.campaign import MutationOptions, run_campaign
from oomcheck.report.mutation import campaign_exit_code, mutation_json, render_mutation
from oomcheck.result.exploration import Limits
from oomcheck.rows import Options
from oomcheck.settings import resolve
from oomcheck.version import VERSION
from oomcheck.ways import Ways

MAX_STATES = 5_000_000
_SETTINGS = ("max_states", "timeout", "max_memory", "jobs", "rlimit")


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "mutate",
        help="wrong changes of the models, one at a time: which ones does no check notice?",
        epilog=exit_table(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", metavar="DIR", nargs="?", type=Path, help="a folder of specs, or one spec")
    parser.add_argument(
        "-p",
        dest="select",
        metavar="GLOB",
        action="append",
        default=[],
        help="only mutants that match: FILE: NAME, NAME, FILE or FILE:LINE",
    )
    parser.add_argument("--quick", action="store_true", help="the quick form of each check")
    parser.add_argument("--include", metavar="DIR", type=Path, action="append", default=[])
    parser.add_argument("-j", "--jobs", metavar="N", help="mutants at once (default: one for each core)")
    parser.add_argument("--max-states", metavar="N", help="states of one search (default 5M)")
    parser.add_argument("--timeout", metavar="TIME", help="such as 30s, for one reading of a model (default 60s)")
    parser.add_argument("--max-memory", metavar="SIZE", help="such as 512M or 2G, of one process")
    parser.add_argument("--rlimit", metavar="N", help="steps of the solver for one question")
    parser.add_argument("--list", action="store_true", help="name the mutants, and judge none")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("-o", dest="output", metavar="DIR", type=Path, help="write mutation.json below DIR")
    parser.add_argument("--ascii", action="store_true", help="plain ASCII output")
    parser.add_argument("-v", dest="verbose", action="store_true", help="all mutants, and who killed them")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """The command."""
    folder = args.folder or (Path("specs") if Path("specs").is_dir() else Path())
    settings = resolve({name: getattr(args, name) for name in _SETTINGS}, os.environ, Path.cwd())
    limits = settings.limits
    given = Limits(limits.max_states or MAX_STATES, limits.timeout or 60.0, limits.max_memory)
    if args.output is not None:
        make_folder(args.output)
    suite = find_suite(folder)
    specs = [(spec.name, spec.path) for spec in suite.specs]
    with interruptible() as should_stop, counted(sys.stderr, "mutants") as show:
        checks = Options(
            limits=given,
            ways=Ways(1),
            include=tuple(args.include),
            should_stop=should_stop,
            rlimit=settings.rlimit,
            quick=args.quick,
        )
        options = MutationOptions(checks, tuple(args.select), settings.jobs or 0, show, args.list)
        campaign = run_campaign(suite.folder, specs, options)
    text = mutation_json(campaign, VERSION)
    if args.output is not None:
        write_file(args.output / "mutation.json", text)
    if args.list:
        lines = [f"{one.file}:{one.mutant.line}: {one.name}" for one in campaign.judged]
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        return 0
    sys.stdout.write(text if args.format == "json" else render_mutation(campaign, args.verbose, args.ascii))
    return campaign_exit_code(campaign)
