"""`oomcheck explain TRACE|CODE`: why a trace is possible and what it needs, or what a diagnostic means."""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path

from oomcheck.cli.common import Commands
from oomcheck.cli.progress import progress
from oomcheck.cli.stopping import interruptible
from oomcheck.diag.codes import CODES
from oomcheck.diag.diagnostic import error
from oomcheck.explaining.explain import explain
from oomcheck.explaining.explanation import Explanation
from oomcheck.explaining.searching import Searcher
from oomcheck.explicit import Explicit, Means
from oomcheck.lang.parsing import read_source
from oomcheck.replaying import reopen, replay_trace
from oomcheck.report.explanation import explanation_json, explanation_text
from oomcheck.report.lanes import MIN_WIDTH, LaneOptions
from oomcheck.result.codec import load_trace
from oomcheck.result.exploration import Limits
from oomcheck.result.verdict import INTERRUPTED
from oomcheck.settings import BadValueError, parse_count, parse_time
from oomcheck.version import VERSION
from oomcheck.ways import Ways

MAX_STATES, TIMEOUT = "5M", "60s"
_CODE = re.compile(r"[EW]\d{4}", re.ASCII | re.IGNORECASE)
EXITS = "exit codes: 0 explained (what is not decided is named), 2 wrong input, 4 internal error, 130 interrupted"


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "explain",
        help="why a trace is possible and what it needs; or tell more about a diagnostic code",
        epilog=EXITS,
    )
    parser.add_argument("what", metavar="TRACE|CODE", help="a trace that `check -o` wrote, or a code such as E0203")
    parser.add_argument("--model", metavar="MODEL", type=Path, help="where the model lies now")
    parser.add_argument("--spec", metavar="SPEC", type=Path, help="where the spec lies now")
    parser.add_argument("--include", metavar="DIR", type=Path, action="append", default=[])
    parser.add_argument("--max-states", metavar="N", help=f"states of one search (default {MAX_STATES})")
    parser.add_argument("--timeout", metavar="TIME", help=f"for all searches together (default {TIMEOUT})")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--width", type=int, default=75, help="columns (default 75)")
    parser.add_argument("--ascii", action="store_true", help="plain ASCII output")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """The command."""
    if _CODE.fullmatch(args.what):
        return _tell(args.what.upper())
    if args.width < MIN_WIDTH:
        raise error("E0003", f"--width is at least {MIN_WIDTH}, found {args.width}")
    path = Path(args.what)
    if not path.exists() and path.suffix != ".json":
        raise error("E0003", f"`{args.what:.60}` is neither a trace file nor a diagnostic code")
    found = _explained(args, path, _limits(args))
    code = INTERRUPTED if found.partial in ("interrupted", "terminated") else 0
    if args.format == "json":
        sys.stdout.write(explanation_json(found, VERSION, code))
    else:
        sys.stdout.write(explanation_text(found, LaneOptions(width=args.width, ascii_only=args.ascii)))
    return code


def _tell(code: str) -> int:
    if code not in CODES:
        raise error("E0003", f"no diagnostic has the code `{code}`", None, f"codes: {', '.join(CODES)}")
    title, text = CODES[code]
    print(f"{code}: {title}\n{text}")
    return 0


def _explained(args: argparse.Namespace, path: Path, limits: Limits) -> Explanation:
    """Replay the trace, as nothing of it may be believed, then search."""
    trace = load_trace(read_source(path, str(path)).text, str(path))
    model, include = args.model or Path(trace.model), tuple(args.include)
    replay_trace(trace, model, include, args.spec)
    again = reopen(trace, model, include, args.spec)
    explicit = Explicit(Means(Ways(threads=len(os.sched_getaffinity(0))), environ=os.environ, tell=_notice))
    with interruptible() as should_stop, progress(sys.stderr) as sink:
        return explain(trace, again, Searcher(explicit, limits, should_stop, sink))


def _notice(text: str) -> None:
    print(f"oomcheck: notice: {text}", file=sys.stderr)


def _limits(args: argparse.Namespace) -> Limits:
    """The limits of the searches; `none` lifts one."""
    states, time = args.max_states or MAX_STATES, args.timeout or TIMEOUT
    try:
        return Limits(
            None if states.lower() == "none" else parse_count(states),
            None if time.lower() == "none" else parse_time(time),
        )
    except BadValueError as problem:
        raise error("E0003", f"--max-states or --timeout: {problem}") from problem
