"""`oomcheck compare A B [SPEC...]`: which verdicts of two models differ, and one schedule on both."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

from oomcheck.cli.common import Commands, parse_params
from oomcheck.cli.progress import progress
from oomcheck.cli.stopping import interruptible
from oomcheck.cli.ways import add_ways, ways_of
from oomcheck.comparing.compare import Comparison, compare
from oomcheck.comparing.pairs import code_of
from oomcheck.comparing.sides import Side, read_side, read_specs
from oomcheck.diag.diagnostic import error
from oomcheck.lang.parsing import read_source
from oomcheck.report.comparison import ComparisonOptions, render_comparison
from oomcheck.report.comparison_json import render_comparison_json
from oomcheck.report.lanes import MIN_WIDTH
from oomcheck.report.wording import plain
from oomcheck.result.codec import load_trace
from oomcheck.rows import ENGINES, Options
from oomcheck.settings import Settings, resolve
from oomcheck.version import VERSION

FORMATS = ("text", "json")
EXITS = """exit codes, as of diff:
    0  all verdicts are the same
    1  some verdicts differ
    2  a model, spec, trace or the command line is wrong
    3  no verdict differs, but some are unknown
    4  internal error
  130  interrupted; the report names itself partial"""

_SETTINGS = ("max_states", "timeout", "max_memory", "depth", "engine", "jobs", "rlimit")


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "compare",
        help="which verdicts of two models differ, and one schedule on both",
        epilog=EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("a", metavar="A", type=Path, help="a model")
    parser.add_argument("b", metavar="B", type=Path, help="a model; may be the same file")
    parser.add_argument(
        "specs", metavar="SPEC", nargs="*", default=[], type=Path, help="for A or B; without any, the sanitizers"
    )
    for flag, side in (("-c", "both models"), ("-a", "A"), ("-b", "B")):
        parser.add_argument(
            flag, dest=f"given{flag[1:]}", metavar="NAME=VALUE", action="append", default=[],
            help=f"set a parameter of {side}",
        )  # fmt: skip
    parser.add_argument("--include", metavar="DIR", type=Path, action="append", default=[])
    parser.add_argument("-p", "--property", dest="select", metavar="GLOB", action="append", default=[])
    parser.add_argument("--exclude", metavar="GLOB", action="append", default=[], help="leave out what matches")
    parser.add_argument("--trace", metavar="TRACE", type=Path, help="the schedule; default: of the first differing row")
    parser.add_argument("--diff", action="store_true", help="also what the texts of the models differ in")
    for name, what in (
        ("max-states", "states of one search"),
        ("timeout", "such as 30s or 5m, for all searches of one side"),
        ("max-memory", "such as 512M or 2G"),
        ("depth", "at most so many steps"),
        ("rlimit", "steps of the solver for one question"),
        ("engine", ", ".join(ENGINES)),
    ):
        parser.add_argument(f"--{name}", metavar="N" if name != "engine" else "ENGINE", help=what)
    parser.add_argument("--format", choices=FORMATS, default="text")
    parser.add_argument("--width", type=int, default=75, help="columns (default 75)")
    parser.add_argument("--ascii", action="store_true", help="plain ASCII output")
    parser.add_argument("-v", dest="verbose", action="store_true", help="also sanitizers that are the same")
    add_ways(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """The command."""
    if args.width < MIN_WIDTH:
        raise error("E0003", f"--width is at least {MIN_WIDTH}, found {args.width}")
    if args.spill is not None or args.resume is not None:
        raise error("E0003", "--spill and --resume are for one search; `compare` makes several")
    found = _compared(args)
    if args.format == "json":
        sys.stdout.write(render_comparison_json(found, VERSION))
    else:
        sys.stdout.write(render_comparison(found, ComparisonOptions(args.width, args.ascii, args.verbose)))
    return code_of(found.pairs, *found.reports)


def _compared(args: argparse.Namespace) -> Comparison:
    settings = _settings(args)
    a, b = _sides(args)
    trace = None
    if args.trace is not None:
        trace = load_trace(read_source(args.trace, str(args.trace)).text, str(args.trace))
    specs = read_specs(args.specs, (a, b))
    with interruptible() as should_stop, progress(sys.stderr) as sink:
        options = Options(
            select=tuple(args.select),
            exclude=tuple(args.exclude),
            limits=settings.limits,
            engine=settings.engine,
            ways=ways_of(args, settings),
            include=tuple(args.include),
            should_stop=should_stop,
            progress=sink,
            tell=_tell,
            rlimit=settings.rlimit,
        )
        return compare(a, b, specs, options, trace, args.diff)


def _settings(args: argparse.Namespace) -> Settings:
    """Command line, environment and project; the reference engine is no setting, only a flag."""
    given = {name: getattr(args, name) for name in _SETTINGS}
    if args.engine != "reference":
        return resolve(given, os.environ, Path.cwd())
    return replace(resolve({**given, "engine": None}, os.environ, Path.cwd()), engine="reference")


def _sides(args: argparse.Namespace) -> tuple[Side, Side]:
    """Both models with their parameters; what is set for one side wins over what is set for both."""
    both = parse_params(args.givenc)
    include = tuple(args.include)
    return (
        read_side("A", args.a, {**both, **parse_params(args.givena, "-a")}, include),
        read_side("B", args.b, {**both, **parse_params(args.givenb, "-b")}, include),
    )


def _tell(notice: str) -> None:
    print(f"oomcheck: notice: {plain(notice, ascii_only=False)}", file=sys.stderr)
