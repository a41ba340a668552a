"""`oomcheck gate [DIR]`: every spec below a folder against its expectations; the command of a CI."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from oomcheck.cli.common import Commands, exit_table, make_folder
from oomcheck.cli.gate_files import FORMATS, rendered, write_gate
from oomcheck.cli.stopping import interruptible
from oomcheck.diag.diagnostic import error
from oomcheck.gate.baseline import NAME, Baseline, compare, load_baseline, new_ids, write_baseline
from oomcheck.gate.options import MAX_STATES, GateOptions, Standing
from oomcheck.gate.run import run_gate, with_complaints
from oomcheck.gate.suite import Suite, find_suite
from oomcheck.report.lanes import LaneOptions
from oomcheck.report.rows import plural
from oomcheck.report.text import TextOptions
from oomcheck.report.wording import plain
from oomcheck.result.exploration import Limits
from oomcheck.result.gated import GateReport, gate_exit_code
from oomcheck.settings import Settings, resolve

if TYPE_CHECKING:
    from oomcheck.cli.gate_table import Pages

DEFAULT_FOLDER: Final = "specs"
ERASE: Final = "\r\x1b[K"
_SETTINGS = ("max_states", "timeout", "max_memory", "depth", "color", "engine", "jobs", "rlimit", "format")


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "gate",
        help="check all specs below a folder against their expectations",
        epilog=exit_table(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "folder",
        metavar="DIR",
        nargs="?",
        type=Path,
        help=f"default: {DEFAULT_FOLDER} if it exists, else .",
    )
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
    parser.add_argument("--quick", action="store_true", help="at the parameters that checks name for a quick run")
    parser.add_argument("--include", metavar="DIR", type=Path, action="append", default=[], help="a folder for imports")
    parser.add_argument("-j", "--jobs", metavar="N", help="specs to check at once (default: one for each core)")
    parser.add_argument("--no-cache", action="store_true", help="use nothing of earlier runs, and keep nothing")
    _add_budgets(parser)
    _add_baseline(parser)
    _add_tables(parser)
    parser.add_argument("--format", metavar="FORMAT", help=", ".join(FORMATS))
    parser.add_argument("-o", dest="output", metavar="DIR", type=Path, help="write reports and traces below DIR")
    parser.add_argument("--color", metavar="WHEN", help="auto, always or never")
    parser.add_argument("--ascii", action="store_true", help="plain ASCII output")
    parser.add_argument("-q", dest="quiet", action="store_true", help="only what is not as expected")
    parser.add_argument("-v", dest="verbose", action="store_true", help="all results, and how verdicts were found")
    parser.set_defaults(run=run)


def _add_budgets(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("budgets", "what exceeds one is UNKNOWN; `none` lifts it")
    states = f"states of one search (default {MAX_STATES // 10**6}M)"
    group.add_argument("--max-states", metavar="N", help=states)
    group.add_argument("--rlimit", metavar="N", help="steps of the solver for one question")
    group.add_argument("--depth", metavar="N", help="at most so many steps from the initial state")
    group.add_argument("--timeout", metavar="TIME", help="such as 30s or 5m, for each spec; depends on the machine")
    group.add_argument("--max-memory", metavar="SIZE", help="such as 2G, for each spec; depends on the machine")
    group.add_argument("--engine", metavar="ENGINE", help="auto, explicit, bmc, kind or pdr")


def _add_baseline(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("baseline")
    group.add_argument("--baseline", metavar="FILE", type=Path, help=f"default: {NAME} in DIR, if there is one")
    group.add_argument("--no-baseline", action="store_true", help="compare with no baseline")
    group.add_argument("--write-baseline", action="store_true", help="record the verdicts of this run")


def _add_tables(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("tables in Markdown pages, see docs/gate.md")
    table = "compare the tables of a page with this run"
    group.add_argument("--table", dest="tables", metavar="FILE", type=Path, action="append", default=[], help=table)
    group.add_argument("--write-table", action="store_true", help="put the tables of this run into these pages")


def run(args: argparse.Namespace) -> int:
    """The command."""
    settings = _settings(args)
    suite = find_suite(args.folder)
    baseline = _baseline(args)
    pages = _read_pages(args.tables, suite)
    if args.output is not None:
        make_folder(args.output)  # before searches that may take hours
    with interruptible() as should_stop, _progress(sys.stderr) as progress:
        gate = run_gate(suite, _options(args, settings, should_stop, progress))
    if baseline is not None:
        gate = with_complaints(gate, compare(gate, baseline, whole=_is_whole(args)))
        fresh = new_ids(gate, baseline)
        if fresh:
            _tell(f"not in the baseline: {plural(len(fresh), 'result')}, the first is {fresh[0]}")
    if args.write_baseline:
        write_baseline(gate, _baseline_path(args))
    if pages is not None:
        gate = _tables(gate, pages, args.write_table)
    _report(gate, args, settings)
    return gate_exit_code(gate)


def _read_pages(paths: Sequence[Path], suite: Suite) -> Pages | None:
    """The pages with tables, if there are any; reading them needs the language, which a warm gate does without."""
    if not paths:
        return None
    read: Callable[[Sequence[Path], Suite], Pages] = import_module("oomcheck.cli.gate_table").read_pages
    return read(paths, suite)


def _tables(gate: GateReport, pages: Pages, write: bool) -> GateReport:
    """Write the tables, or complain about those that are not current."""
    module = import_module("oomcheck.cli.gate_table")
    if write:
        module.write_pages(pages, gate)
        return gate
    return with_complaints(gate, module.outdated(pages, gate))


def _settings(args: argparse.Namespace) -> Settings:
    """Command line, environment and project; checks what argparse cannot, and fills in the folder."""
    if args.quiet and args.verbose:
        raise error("E0003", "-q and -v exclude each other")
    if args.no_baseline and (args.baseline is not None or args.write_baseline):
        raise error("E0003", "--no-baseline excludes --baseline and --write-baseline")
    if args.write_baseline and not _is_whole(args):
        raise error("E0003", "--write-baseline records a whole gate", None, "leave out --quick, -p and --exclude")
    if args.write_table and not args.tables:
        raise error("E0003", "--write-table needs --table FILE")
    if args.tables and not _is_whole(args):
        raise error("E0003", "--table is about a whole gate", None, "leave out --quick, -p and --exclude")
    if args.folder is None:
        args.folder = Path(DEFAULT_FOLDER) if Path(DEFAULT_FOLDER).is_dir() else Path(".")
    if args.write_baseline and args.baseline is None and args.folder.is_file():
        raise error("E0003", "--write-baseline of one spec needs --baseline FILE: the folder's baseline has all specs")
    if args.tables and args.folder.is_file():
        raise error("E0003", "--table is about a folder of specs, not about one spec")
    settings = resolve({name: getattr(args, name) for name in _SETTINGS}, os.environ, Path.cwd())
    if args.max_states is None and settings.max_states is None:
        return replace(settings, max_states=MAX_STATES)
    return settings


def _is_whole(args: argparse.Namespace) -> bool:
    """Whether all of the suite is checked."""
    return not (args.quick or args.select or args.exclude)


def _baseline_path(args: argparse.Namespace) -> Path:
    folder: Path = args.folder
    return args.baseline or (folder if folder.is_dir() else folder.parent) / NAME


def _baseline(args: argparse.Namespace) -> Baseline | None:
    """The baseline to compare with: the one that is named, or the folder's if it has one."""
    path = _baseline_path(args)
    if args.no_baseline or args.write_baseline or (args.baseline is None and not path.exists()):
        return None
    if args.baseline is None and not args.folder.is_dir():
        return None  # one spec alone is not what the folder's baseline is about
    return load_baseline(path)


def _options(
    args: argparse.Namespace,
    settings: Settings,
    should_stop: Callable[[], str],
    progress: Callable[[Standing], None] | None,
) -> GateOptions:
    return GateOptions(
        select=tuple(args.select),
        exclude=tuple(args.exclude),
        limits=Limits(settings.max_states, settings.timeout, settings.max_memory, settings.depth),
        engine=settings.engine,
        rlimit=settings.rlimit,
        include=tuple(args.include),
        quick=args.quick,
        jobs=settings.jobs or 0,
        cached=not args.no_cache,
        should_stop=should_stop,
        progress=progress,
        tell=_Notices().tell,
    )


class _Notices:
    """Tells each notice once: every spec of a machine without compiler has the same one."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def tell(self, notice: str) -> None:
        if notice not in self._told:
            self._told.add(notice)
            _tell(notice)


def _tell(notice: str) -> None:
    print(f"oomcheck: notice: {notice}", file=sys.stderr)


def _report(gate: GateReport, args: argparse.Namespace, settings: Settings) -> None:
    """The report on stdout, and the files if they are wanted."""
    color = settings.color == "always" or (
        settings.color == "auto" and sys.stdout.isatty() and "NO_COLOR" not in os.environ
    )
    detail = "quiet" if args.quiet else "verbose" if args.verbose else "normal"
    paths = write_gate(gate, args.output, args.include) if args.output is not None else {}
    options = TextOptions(detail, color, args.ascii, LaneOptions(ascii_only=args.ascii), paths)  # type: ignore[arg-type]
    sys.stdout.write(rendered(gate, settings.format, options))


@contextmanager
def _progress(stream: TextIO) -> Iterator[Callable[[Standing], None] | None]:
    """A sink that keeps one line of a terminal up to date, gone at the end; None if `stream` is no terminal."""
    if not stream.isatty():
        yield None
        return

    def show(now: Standing) -> None:
        width = os.get_terminal_size(stream.fileno()).columns
        stream.write(f"{ERASE}{progress_text(now)[: max(width - 1, 1)]}\r")
        stream.flush()

    try:
        yield show
    finally:
        stream.write(ERASE)
        stream.flush()


def progress_text(now: Standing) -> str:
    """`12/26 specs, running: a, b`."""
    running = f", running: {', '.join(now.running)}" if now.running else ""
    return plain(f"{now.done}/{now.total} specs{running}", False)
