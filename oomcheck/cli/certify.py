"""`oomcheck certify FOLDER [MODEL [SPEC...]]`: certificates checked again by solvers that did not make the proof."""

from __future__ import annotations

import argparse
from pathlib import Path

from oomcheck.certifying import Checked, check_certificates
from oomcheck.cli.common import Commands, exit_table, parse_params
from oomcheck.diag.diagnostic import error
from oomcheck.report.rows import plural
from oomcheck.report.wording import plain
from oomcheck.rows import Options
from oomcheck.smt.checkers import Answer, available, installed

GOOD, REJECTED, UNKNOWN = 0, 4, 3
SHOWN = 10  # of what is not confirmed


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "certify",
        help="check certificates that `prove -o FOLDER` has written",
        epilog=exit_table(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", metavar="FOLDER", type=Path)
    parser.add_argument("model", metavar="MODEL", type=Path, nargs="?", help="what it is said to be about")
    parser.add_argument("specs", metavar="SPEC", nargs="*", default=[], type=Path)
    parser.add_argument("-c", dest="params", metavar="NAME=VALUE", action="append", default=[])
    parser.add_argument("--include", metavar="DIR", type=Path, action="append", default=[])
    parser.add_argument(
        "--solver", dest="solvers", action="append", metavar="NAME", help="z3 or cvc5; all that are installed if absent"
    )
    parser.add_argument("-v", dest="verbose", action="store_true", help="each obligation")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """The command."""
    solvers = tuple(args.solvers or available())
    for solver in solvers:
        if solver not in ("z3", "cvc5"):
            raise error("E0003", f"--solver {solver} is not known", None, "there are z3 and cvc5")
        if not installed(solver):
            raise error("E0003", f"the solver {solver} is not installed", None, f"pip install 'oomcheck[{solver}]'")
    options = Options(parse_params(args.params), include=tuple(args.include))
    codes = []
    for checked in check_certificates(args.folder, args.model, tuple(args.specs), options, solvers):
        print("".join(f"{plain(line, False)}\n" for line in _lines(checked, args.verbose)), end="", flush=True)
        codes.append(_code(checked))
    return next(code for code in (REJECTED, UNKNOWN, GOOD) if code in codes)


def _code(checked: Checked) -> int:
    report = checked.report
    bad = (Answer.SAT, Answer.DIFFERS, Answer.MISSING)
    if report.problems or any(one.answer in bad for one in report.judged):
        return REJECTED
    return GOOD if report.confirmed else UNKNOWN


def _lines(checked: Checked, verbose: bool) -> list[str]:
    """What became of one certificate."""
    report = checked.report
    title = f"{checked.folder}: {checked.identity}"
    count = plural(len({one.obligation for one in report.judged}), "obligation")
    if report.confirmed:
        by = ", ".join(f"{solver} {installed(solver)}" for solver in report.confirmed)
        about = "" if report.bound else "; not compared with a model: the obligations hold, whatever they mean"
        lines = [f"{title}: CONFIRMED by {by} ({count}){about}"]
    else:
        word = "REJECTED" if _code(checked) == REJECTED else "NOT CONFIRMED"
        lines = [f"{title}: {word}", *(f"    {problem}" for problem in report.problems)]
    lines += [f"    disagreement about {name}" for name in report.disagreements]
    failed = report.failed
    for one in report.judged if verbose else failed[:SHOWN]:
        solver = f"{one.solver}: " if one.solver else ""
        why = f" ({one.reason})" if one.reason else ""
        lines.append(f"    {one.file}: {one.obligation}: {solver}{one.answer.value}{why}")
    if len(failed) > SHOWN and not verbose:
        lines.append(f"    and {len(failed) - SHOWN} more; -v lists all")
    return lines
