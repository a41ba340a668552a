"""`oomcheck sim MODEL [SPEC...]`: random runs, for a first look at a model. It finds errors; it never finds none."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from oomcheck.cli.common import Commands, add_model, make_folder, parse_params, write_file
from oomcheck.cli.progress import counted
from oomcheck.cli.stopping import interruptible
from oomcheck.diag.diagnostic import error
from oomcheck.report.lanes import MIN_WIDTH, LaneOptions
from oomcheck.report.simulation import sim_json, sim_text
from oomcheck.result.codec import dump_trace
from oomcheck.result.naming import safe_name
from oomcheck.result.verdict import INTERRUPTED
from oomcheck.simulate.session import OF_STATES, Query, Report, walk_files
from oomcheck.simulate.timed import simulate_files
from oomcheck.simulate.walk import Plan
from oomcheck.version import VERSION

STEPS, TIMED_STEPS = 10_000, 100_000  # of a run, unless the command line says otherwise
RUNS, ENOUGH = 1000, 1_000_000  # runs, and steps of all of them together, unless the command line gives their number
EXITS = """exit codes:
    0  nothing was found, which proves nothing
    1  some run violated a property or a sanitizer
    2  the model, spec or command line is wrong
  130  interrupted; partial results are named partial"""


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "sim",
        help="random runs of a model: errors that they run into, and how often",
        epilog=EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_model(parser)
    parser.add_argument(
        "specs", metavar="SPEC", nargs="*", default=[], type=Path, help="whose properties to look out for"
    )
    parser.add_argument("-p", "--property", dest="select", metavar="GLOB", action="append", default=[])
    parser.add_argument("--timed", action="store_true", help="with time: durations are drawn, timers are exact")
    parser.add_argument(
        "--slack", metavar="K", type=int, help="with --timed: threads without slack of their own are late up to K ticks"
    )
    parser.add_argument(
        "--measure",
        dest="measures",
        metavar="NAME",
        action="append",
        default=[],
        help="with --timed: a measure to show, such as 'life(*)', or a new one, such as 'P ~> Q'",
    )
    parser.add_argument("--seed", metavar="S", type=int, default=1, help="decides all random choices (default 1)")
    parser.add_argument(
        "--runs", metavar="N", type=int, help="how many runs (default 1000, fewer once they have a million steps)"
    )
    parser.add_argument("--run", dest="only", metavar="N", type=int, help="only run number N of the seed")
    parser.add_argument("--steps", metavar="N", type=int, help="longest run (default 10000, in time 100000)")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("-o", dest="output", metavar="DIR", type=Path, help="write each trace as JSON below DIR")
    parser.add_argument("--width", type=int, default=75, help="columns of a trace (default 75)")
    parser.add_argument("--ascii", action="store_true", help="plain ASCII output")
    parser.add_argument("-v", dest="verbose", action="store_true", help="also what was not found, and what never ran")
    for name in OF_STATES:
        parser.add_argument(f"--no-{name}", dest="without", action="append_const", const=name, help=f"leave out {name}")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """The command."""
    _check(args)
    if args.output is not None:
        make_folder(args.output)
    query = Query(
        args.model,
        tuple(args.specs),
        parse_params(args.params),
        tuple(args.include),
        tuple(args.select),
        frozenset(args.without or ()),
    )
    plan = _plan(args)
    with interruptible() as should_stop, counted(sys.stderr, "runs") as show:
        if args.timed:
            report = simulate_files(query, plan, args.slack, args.measures, should_stop, show)
        else:
            report = walk_files(query, plan, should_stop, show)
    code = INTERRUPTED if report.stopped else int(report.violated)
    if args.output is not None:
        _write_traces(report, args.output)
    command = again(args)
    if args.format == "json":
        sys.stdout.write(sim_json(report, VERSION, command, code))
    else:
        lanes = LaneOptions(width=args.width, ascii_only=args.ascii)
        sys.stdout.write(sim_text(report, command, lanes, args.verbose))
    return code


def _plan(args: argparse.Namespace) -> Plan:
    """The runs that the command line asks for."""
    steps = args.steps or (TIMED_STEPS if args.timed else STEPS)
    if args.only is not None:
        return Plan(args.seed, 1, steps, args.only)
    return Plan(args.seed, RUNS, steps, enough=ENOUGH) if args.runs is None else Plan(args.seed, args.runs, steps)


def _check(args: argparse.Namespace) -> None:
    """E0003 for numbers that make no sense."""
    if args.width < MIN_WIDTH:
        raise error("E0003", f"--width is at least {MIN_WIDTH}, found {args.width}")
    for name, value in (("runs", args.runs), ("steps", args.steps), ("run", args.only)):
        if value is not None and value < 1:
            raise error("E0003", f"--{name} is at least 1, found {value}")
    if args.slack is not None and args.slack < 0:
        raise error("E0003", f"--slack is at least 0, found {args.slack}")
    if not args.timed and (args.measures or args.slack is not None):
        raise error("E0003", f"{'--measure' if args.measures else '--slack'} is about time: add --timed")


def again(args: argparse.Namespace) -> list[str]:
    """The command that makes the same choices; a number of runs or of one run is to follow."""
    words = ["oomcheck", "sim", str(args.model), *map(str, args.specs)]
    for flag, values in (("-c", args.params), ("--include", args.include), ("-p", args.select)):
        words += [word for value in values for word in (flag, str(value))]
    words += [f"--no-{name}" for name in args.without or ()]
    words += ["--timed"] * args.timed + [word for text in args.measures for word in ("--measure", text)]
    words += [] if args.slack is None else ["--slack", str(args.slack)]
    words += [] if args.steps is None else ["--steps", str(args.steps)]
    return [*words, "--seed", str(args.seed)]


def _write_traces(report: Report, folder: Path) -> None:
    """One file for each trace, named after its identity."""
    for sighting in report.sightings:
        if sighting.trace is not None:
            write_file(folder / f"{safe_name(sighting.trace.identity)}.json", dump_trace(sighting.trace))
