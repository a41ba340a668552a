"""`oomcheck render TRACE --to FORMAT`: a saved trace in another form; steps have the same numbers in all of them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from oomcheck.cli.common import Commands, write_file
from oomcheck.cli.sources import sources_of
from oomcheck.diag.diagnostic import OomcheckError, error
from oomcheck.diag.render import render_text
from oomcheck.lang.parsing import read_source
from oomcheck.report.html import render_trace_html
from oomcheck.report.itf import render_itf
from oomcheck.report.lanes import MIN_WIDTH, LaneOptions, render_trace
from oomcheck.report.mermaid import render_mermaid
from oomcheck.report.perfetto import render_perfetto
from oomcheck.report.sarif import sarif_of_trace
from oomcheck.report.trace_dot import render_trace_dot
from oomcheck.result.codec import dump_trace, load_trace
from oomcheck.result.trace import Trace
from oomcheck.version import VERSION

FORMATS: Final = ("text", "json", "html", "perfetto", "itf", "dot", "mermaid", "sarif")

#: What the end of a file's name says; the first that fits.
SUFFIXES: Final = {
    ".itf.json": "itf",
    ".perfetto.json": "perfetto",
    ".sarif.json": "sarif",
    ".sarif": "sarif",
    ".json": "json",
    ".html": "html",
    ".dot": "dot",
    ".gv": "dot",
    ".mmd": "mermaid",
    ".mermaid": "mermaid",
}


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("render", help="a saved trace as text, HTML, for Perfetto, Graphviz, Mermaid, ...")
    parser.add_argument("trace", metavar="TRACE", help="a file written by `check -o`, or - for the standard input")
    parser.add_argument("--to", choices=FORMATS, help="default: what the name of -o says, else text")
    parser.add_argument("-o", dest="output", metavar="FILE", type=Path, help="write there, not to the standard output")
    parser.add_argument("--model", metavar="MODEL", type=Path, help="with html: where the model lies now")
    parser.add_argument("--include", metavar="DIR", type=Path, action="append", default=[])
    parser.add_argument("--width", type=int, default=75, help="with text: columns (default 75)")
    parser.add_argument("--ascii", action="store_true", help="with text and dot: plain ASCII")
    parser.add_argument("--states", choices=("diff", "full"), default="diff", help="with text: what is shown of each")
    parser.add_argument("--lanes", choices=("auto", "all"), default="auto", help="with text: which threads get a lane")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """The command; the exit code is 0, whatever the trace is about."""
    if args.width < MIN_WIDTH:
        raise error("E0003", f"--width is at least {MIN_WIDTH}, found {args.width}")
    piped = args.trace == "-"
    name = "the standard input" if piped else args.trace
    trace = load_trace(read_source(Path("/dev/stdin" if piped else args.trace), name).text, name)
    text = _rendered(args, trace, args.to or _format(args.output))
    if args.output is None:
        sys.stdout.write(text)
    else:
        write_file(args.output, text)
    return 0


def _format(output: Path | None) -> str:
    name = "" if output is None else output.name.lower()
    return next((form for suffix, form in SUFFIXES.items() if name.endswith(suffix)), "text")


def _rendered(args: argparse.Namespace, trace: Trace, form: str) -> str:
    match form:
        case "json":
            return dump_trace(trace)
        case "html":
            return render_trace_html(trace, _sources(args, trace), VERSION)
        case "perfetto":
            return render_perfetto(trace, VERSION)
        case "itf":
            return render_itf(trace, VERSION)
        case "dot":
            return render_trace_dot(trace, args.ascii)
        case "mermaid":
            return render_mermaid(trace)
        case "sarif":
            return sarif_of_trace(trace, VERSION)
        case _:
            path = "" if args.trace == "-" else args.trace
            return render_trace(trace, LaneOptions(args.width, args.ascii, args.states, args.lanes, path))


def _sources(args: argparse.Namespace, trace: Trace) -> dict[str, str]:
    """The texts for the page; none if the model is not at hand, which a notice tells."""
    model = args.model or Path(trace.model)
    try:
        found = sources_of(trace, model, args.include)
    except OomcheckError as failure:
        if args.model is not None:
            raise
        why = render_text(failure.diagnostics[0]).splitlines()[0]
    else:
        why = "it or one of its imports changed since the trace was written" if not found else ""
    if why:
        _notice(f"the page shows statements only, not the model {model}: {why}")
    return found if not why else {}


def _notice(text: str) -> None:
    print(f"oomcheck: notice: {text}", file=sys.stderr)
