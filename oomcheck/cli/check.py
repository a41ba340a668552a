"""`oomcheck check MODEL [SPEC...]`: verdicts, traces, exit code."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

from oomcheck.check import check_files
from oomcheck.cli.common import Commands, add_model, exit_table, make_folder, parse_params, write_file
from oomcheck.cli.gate_files import written
from oomcheck.cli.progress import progress
from oomcheck.cli.stopping import GRACE, interruptible
from oomcheck.cli.ways import add_ways, ways_of
from oomcheck.diag.diagnostic import error
from oomcheck.prop.property import SANITIZERS
from oomcheck.report.json import render_json
from oomcheck.report.lanes import MIN_WIDTH, LaneOptions
from oomcheck.report.text import TextOptions, render_report
from oomcheck.result.codec import dump_trace
from oomcheck.result.gated import Gated, GateReport
from oomcheck.result.naming import safe_name
from oomcheck.result.verdict import Report, exit_code, trace_of
from oomcheck.rows import Options
from oomcheck.settings import FORMATS, TEXT_FORMAT, Settings, resolve
from oomcheck.version import VERSION

_SETTINGS = ("max_states", "timeout", "max_memory", "depth", "format", "color", "engine", "jobs", "rlimit")


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "check",
        help="check a model against its specs, or with the sanitizers alone",
        epilog=exit_table(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_checking(parser)
    parser.add_argument("-o", dest="output", metavar="DIR", type=Path, help="write each trace as JSON below DIR")
    parser.set_defaults(run=run)


def add_checking(parser: argparse.ArgumentParser) -> None:
    """What `check` and `prove` have in common: what to check, limits, and how the report looks."""
    add_model(parser)
    parser.add_argument("specs", metavar="SPEC", nargs="*", default=[], type=Path)
    parser.add_argument(
        "-p",
        "--property",
        dest="select",
        metavar="GLOB",
        action="append",
        default=[],
        help="check only what matches: a property, CHECK/PROPERTY or SPEC/CHECK/PROPERTY",
    )
    parser.add_argument("--exclude", metavar="GLOB", action="append", default=[], help="leave out what matches")
    parser.add_argument("--max-states", metavar="N", help="states of one search")
    parser.add_argument("--timeout", metavar="TIME", help="such as 30s or 5m, for all searches together")
    parser.add_argument("--max-memory", metavar="SIZE", help="such as 512M or 2G")
    parser.add_argument("--depth", metavar="N", help="at most so many steps from the initial state")
    parser.add_argument(
        "--rlimit", metavar="N", help="steps of the solver for one question (default 30M if there is no --timeout)"
    )
    parser.add_argument("--engine", metavar="ENGINE", help="auto, explicit, reference, bmc, kind or pdr")
    parser.add_argument("--format", metavar="FORMAT", help=", ".join(FORMATS))
    parser.add_argument("--color", metavar="WHEN", help="auto, always or never")
    parser.add_argument("--width", type=int, default=75, help="columns of a trace (default 75)")
    parser.add_argument("--ascii", action="store_true", help="plain ASCII output")
    parser.add_argument("--states", choices=("diff", "full"), default="diff", help="what a trace shows of each state")
    parser.add_argument("--lanes", choices=("auto", "all"), default="auto", help="which threads get a lane")
    parser.add_argument("-q", dest="quiet", action="store_true", help="only what is not as expected")
    parser.add_argument("-v", dest="verbose", action="store_true", help="all traces, and how verdicts were found")
    for name in SANITIZERS:
        parser.add_argument(
            f"--no-{name}", dest="without", action="append_const", const=name, help=f"leave out the {name} sanitizer"
        )
    add_ways(parser)


def run(args: argparse.Namespace) -> int:
    """The command."""
    return report_of(args, prove=False)


def report_of(args: argparse.Namespace, prove: bool) -> int:
    """Check or prove, print the report, and give the exit code."""
    if args.width < MIN_WIDTH:
        raise error("E0003", f"--width is at least {MIN_WIDTH}, found {args.width}")
    if args.quiet and args.verbose:
        raise error("E0003", "-q and -v exclude each other")
    settings = _settings(args)
    ways = ways_of(args, settings)
    if args.output is not None:
        make_folder(args.output)  # before a search that may take hours
    with interruptible(GRACE) as should_stop, progress(sys.stderr, max_states=settings.limits.max_states) as sink:
        options = Options(
            parse_params(args.params),
            tuple(args.select),
            tuple(args.exclude),
            frozenset(args.without or ()),
            settings.limits,
            settings.engine,
            ways,
            tuple(args.include),
            should_stop,
            sink,
            tell=_tell,
            prove=prove,
            rlimit=settings.rlimit,
            certificates=args.output if prove else None,
        )
        report = check_files(args.model, tuple(args.specs), options)
    code = exit_code(report)
    paths = _write_traces(report, args.output) if args.output is not None else {}
    if settings.format == TEXT_FORMAT:
        sys.stdout.write(render_report(report, _text_options(args, settings, paths), code))
    elif settings.format == "json":
        sys.stdout.write(render_json(report, VERSION, code))
    else:
        sys.stdout.write(written(_as_gate(args, report), settings.format))
    return code


def _as_gate(args: argparse.Namespace, report: Report) -> GateReport:
    """The report as that of a gate with one entry, which the formats of CI systems are about."""
    spec = " ".join(map(str, args.specs))
    return GateReport(spec or report.model, (Gated(spec, report.model, report),), partial=report.partial)


def _tell(notice: str) -> None:
    print(f"oomcheck: notice: {notice}", file=sys.stderr)


def _settings(args: argparse.Namespace) -> Settings:
    """Command line, environment and project; the reference engine is no setting, only a flag."""
    given = {name: getattr(args, name) for name in _SETTINGS}
    if args.engine != "reference":
        return resolve(given, os.environ, Path.cwd())
    return replace(resolve({**given, "engine": None}, os.environ, Path.cwd()), engine="reference")


def _text_options(args: argparse.Namespace, settings: Settings, paths: dict[str, str]) -> TextOptions:
    color = settings.color == "always" or (
        settings.color == "auto" and sys.stdout.isatty() and "NO_COLOR" not in os.environ
    )
    lanes = LaneOptions(width=args.width, ascii_only=args.ascii, states=args.states, lanes=args.lanes)
    detail = "quiet" if args.quiet else "verbose" if args.verbose else "normal"
    return TextOptions(detail, color, args.ascii, lanes, paths)  # type: ignore[arg-type]


def _write_traces(report: Report, folder: Path) -> dict[str, str]:
    """One file for each trace, named after its identity; the paths by identity."""
    paths: dict[str, str] = {}
    for result in report.results:
        trace = trace_of(result.verdict)
        if trace is not None:
            path = folder / f"{safe_name(result.identity)}.json"
            number = 1
            while str(path) in paths.values():  # two identities that differ in odd signs only
                number += 1
                path = folder / f"{safe_name(result.identity)}-{number}.json"
            write_file(path, dump_trace(trace))
            paths[result.identity] = str(path)
    return paths
