"""`oomcheck graph MODEL`: its states, its order of locks or the control flow of its threads as a graph."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Final

from oomcheck.analysis.components import Stopped
from oomcheck.cli.common import Commands, add_model, parse_params, write_file
from oomcheck.cli.progress import progress
from oomcheck.cli.stopping import interruptible
from oomcheck.diag.diagnostic import OomcheckError, error
from oomcheck.graphs.flow import Executed, flow_picture
from oomcheck.graphs.locks import Search, lock_orders, lock_picture
from oomcheck.graphs.picture import Picture
from oomcheck.graphs.space import Space, explore_space
from oomcheck.graphs.states import COUNTERS, quotient_picture, state_picture
from oomcheck.graphs.statistics import statistics_of
from oomcheck.ir.system import TransitionSystem
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.lower import lower
from oomcheck.report.graphs import dot_of, printable_picture, size_text, statistics_text
from oomcheck.report.wording import plain
from oomcheck.result.exploration import Limits
from oomcheck.result.verdict import INTERRUPTED
from oomcheck.settings import resolve

MOST_NODES: Final = 250  # more in one drawing nobody can read
MOST_STATES: Final = 50_000  # unless --max-states says otherwise
LAYOUT_SECONDS: Final = 120  # for Graphviz
FORMATS: Final = {".dot": "dot", ".gv": "dot", ".svg": "svg", ".graphml": "graphml", ".xml": "graphml"}
AT_ONCE: Final = 200_000  # states of which the numbers are known within a second
WISHES: Final = ("interrupted", "terminated")
UNKNOWN: Final = 3
EXITS = """exit codes:
    0  the graph is complete
    2  the model or command line is wrong, or the graph is too large to be drawn
    3  a limit ended the search; the graph is named partial
  130  interrupted; the graph is named partial"""


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "graph",
        help="states, order of locks, or control flow as a graph",
        epilog=EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_model(parser)
    parser.add_argument("--what", choices=("states", "locks", "cfg"), default="states", help="default: states")
    parser.add_argument("--to", choices=("dot", "svg", "graphml"), help="default: what the name of -o says, else dot")
    parser.add_argument("-o", dest="output", metavar="FILE", type=Path, help="write there, not to the standard output")
    parser.add_argument("--stats", action="store_true", help="with states: numbers instead of the graph")
    parser.add_argument(
        "--by",
        metavar="NAME[,NAME]",
        help=f"with states: put those together that agree on variables (globs), on places in the code ({COUNTERS}, "
        "or `pc(THREAD)`)",
    )
    parser.add_argument("--thread", dest="threads", metavar="GLOB", action="append", default=[], help="with cfg: these")
    parser.add_argument("--reachable", action="store_true", help="with cfg: mark what no reachable state executes")
    parser.add_argument("--max-states", metavar="N", help=f"of the search (with states default {MOST_STATES})")
    parser.add_argument("--timeout", metavar="TIME", help="of the search, such as 30s or 5m")
    parser.add_argument("--max-memory", metavar="SIZE", help="of the search, such as 512M or 2G")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """The command."""
    _check(args)
    limits = _limits(args)
    elaborated = load_model(args.model, parse_params(args.params), tuple(args.include))
    system = lower(elaborated).system
    if args.what == "states":
        return _states(args, system, limits)
    with interruptible() as should_stop, progress(sys.stderr, max_states=limits.max_states) as sink:
        if args.what == "locks":
            found = lock_orders(system, Search(limits, os.environ, should_stop, sink))
            picture, stopped = lock_picture(found), found.stopped
        else:
            executed = None
            if args.reachable:
                space = explore_space(system, limits, os.environ, should_stop, sink)
                executed = Executed(frozenset(space.graph.step), space.stopped)
            picture, stopped = flow_picture(system, args.threads, executed), executed.stopped if executed else ""
    if not _fits(picture, args):
        raise _too_large(picture, "--thread GLOB chooses threads" if args.what == "cfg" else "use --to graphml")
    _write(picture, args)
    return _code(stopped)


def _states(args: argparse.Namespace, system: TransitionSystem, limits: Limits) -> int:
    with interruptible() as should_stop, progress(sys.stderr, max_states=limits.max_states) as sink:
        space = explore_space(system, limits, os.environ, should_stop, sink)
        try:
            return _show(args, space)
        except Stopped as wish:
            sys.stdout.write(size_text(system.name, space, wish.reason))
            return INTERRUPTED


def _show(args: argparse.Namespace, space: Space) -> int:
    """Numbers or a picture, whatever was asked for. Raises Stopped when that takes long and somebody wants to stop."""
    if space.stopped in WISHES and space.graph.states > AT_ONCE:
        raise Stopped(space.stopped)
    name = space.system.name
    if args.stats:
        text = statistics_text(name, statistics_of(space))
        if args.output is not None:
            write_file(args.output, text)
        else:
            sys.stdout.write(text)
        return _code(space.stopped)
    if args.by is None and space.graph.states > MOST_NODES and _format(args) != "graphml":
        sys.stdout.write(statistics_text(name, statistics_of(space)))
        if space.stopped:
            return _code(space.stopped)
        raise error(
            "E0303",
            f"{space.graph.states} states are too many to be drawn (at most {MOST_NODES})",
            None,
            f"--by {COUNTERS} or --by VARIABLE,... draws those together that agree; --to graphml writes all of them",
        )
    names = [] if args.by is None else [part for part in args.by.split(",") if part]
    picture = state_picture(space) if args.by is None else quotient_picture(space, names)
    if not _fits(picture, args):
        sys.stdout.write(statistics_text(name, statistics_of(space)))
        raise _too_large(picture, "choose fewer names or such with fewer values with --by")
    _write(picture, args)
    return _code(space.stopped)


def _check(args: argparse.Namespace) -> None:
    """E0003 for flags that do not fit together."""
    for flag, given, what in (
        ("--by", args.by is not None, "states"),
        ("--stats", args.stats, "states"),
        ("--thread", args.threads, "cfg"),
        ("--reachable", args.reachable, "cfg"),
    ):
        if given and args.what != what:
            raise error("E0003", f"{flag} is for --what {what}")
    if args.by is not None and not args.by.strip(","):
        raise error("E0003", "--by names no variable", None, f"such as --by {COUNTERS}")
    if args.stats and (args.to is not None or args.by is not None):
        raise error("E0003", "--stats prints numbers; --to and --by are for graphs")
    if args.output is not None and args.output.is_dir():
        raise error("E0007", f"cannot write `{args.output}`: it is a folder")


def _limits(args: argparse.Namespace) -> Limits:
    """Command line, environment and project; a graph of states has a limit of its own if nothing else is said."""
    given = {name: getattr(args, name) for name in ("max_states", "timeout", "max_memory")}
    limits = resolve(given, os.environ, Path.cwd()).limits
    if args.what == "states" and limits.max_states is None:
        return replace(limits, max_states=MOST_STATES)
    return limits


def _format(args: argparse.Namespace) -> str:
    if args.to is not None or args.output is None:
        return str(args.to or "dot")
    return FORMATS.get(args.output.suffix, "dot")


def _fits(picture: Picture, args: argparse.Namespace) -> bool:
    return len(picture.nodes) <= MOST_NODES or _format(args) == "graphml"


def _too_large(picture: Picture, hint: str) -> OomcheckError:
    return error("E0303", f"{len(picture.nodes)} nodes are too many to be drawn (at most {MOST_NODES})", None, hint)


def _write(picture: Picture, args: argparse.Namespace) -> None:
    match _format(args):
        case "graphml":
            # networkx takes longer to import than most graphs take
            text = str(import_module("oomcheck.graphs.networks").graphml(printable_picture(picture)))
        case "svg":
            text = svg_of(dot_of(picture))
        case _:
            text = dot_of(picture)
    if args.output is not None:
        write_file(args.output, text)
    else:
        sys.stdout.write(text)


def svg_of(dot: str, program: str = "dot", seconds: float = LAYOUT_SECONDS) -> str:
    """A DOT text drawn by Graphviz; E0007 if it is missing, fails or takes too long."""
    try:
        done = subprocess.run(
            [program, "-Tsvg"], input=dot, capture_output=True, encoding="utf-8", timeout=seconds, check=False
        )
    except OSError as failure:
        hint = "install graphviz, or write DOT with --to dot"
        raise error("E0007", f"cannot run Graphviz's `{program}`: {failure.strerror}", None, hint) from failure
    except subprocess.TimeoutExpired as failure:
        hint = "draw less of the graph, or write DOT with --to dot"
        raise error("E0007", f"Graphviz did not finish within {seconds:g} s", None, hint) from failure
    if done.returncode != 0:
        said = plain(done.stderr.strip().partition("\n")[0], False)
        raise error("E0007", f"Graphviz failed: {said[:200]}", None, "write DOT with --to dot")
    return done.stdout


def _code(stopped: str) -> int:
    if stopped in WISHES:
        return INTERRUPTED
    return UNKNOWN if stopped else 0
