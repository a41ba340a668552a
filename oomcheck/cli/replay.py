"""`oomcheck replay TRACE`: re-execute a saved trace against its model, and show it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from oomcheck.cli.common import Commands
from oomcheck.diag.diagnostic import error
from oomcheck.lang.parsing import read_source
from oomcheck.replaying import replay_trace
from oomcheck.report.lanes import MIN_WIDTH, LaneOptions, render_trace
from oomcheck.report.rows import length
from oomcheck.result.amounts import duration
from oomcheck.result.codec import load_trace


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("replay", help="re-execute a saved trace")
    parser.add_argument("trace", metavar="TRACE", type=Path)
    parser.add_argument("--model", metavar="MODEL", type=Path, help="where the model lies now")
    parser.add_argument("--spec", metavar="SPEC", type=Path, help="where the spec lies now")
    parser.add_argument("--include", metavar="DIR", type=Path, action="append", default=[])
    parser.add_argument("--step", metavar="N", type=int, help="stop after step N and show the whole state")
    parser.add_argument("--width", type=int, default=75)
    parser.add_argument("--ascii", action="store_true")
    parser.add_argument("--states", choices=("diff", "full"), default="diff")
    parser.add_argument("--lanes", choices=("auto", "all"), default="auto")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """The command; the exit code is 0 if every step is a step of the model."""
    if args.width < MIN_WIDTH:
        raise error("E0003", f"--width is at least {MIN_WIDTH}, found {args.width}")
    source = read_source(args.trace, str(args.trace))
    trace = load_trace(source.text, str(args.trace))
    replayed = replay_trace(trace, args.model or Path(trace.model), tuple(args.include), args.spec)
    if args.step is not None:
        if not 0 <= args.step <= len(trace.steps):
            raise error("E0003", f"--step is 0 .. {len(trace.steps)} for this trace, found {args.step}")
        now = sum(step.ticks for step in trace.steps[: args.step])
        passed = f", {duration(now, trace.hz)} from the start" if trace.timed else ""
        lines = [f"state after step {args.step} of {len(trace.steps)}{passed}"]
        lines += [f"  {name} = {value}" for name, value in replayed.shown[args.step]]
        sys.stdout.write("\n".join(lines) + "\n")
        return 0
    options = LaneOptions(width=args.width, ascii_only=args.ascii, states=args.states, lanes=args.lanes)
    sys.stdout.write(render_trace(trace, options))
    end = (
        ", and the end is as claimed" if replayed.end_checked else f"; the end is for `check` to judge by {trace.prop}"
    )
    sys.stdout.write(f"replayed: {length(trace)} of {replayed.model}{end}\n")
    return 0
