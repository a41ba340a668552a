"""`python -m tests.bench`: the benchmark; README.md here explains it."""

from __future__ import annotations

import argparse
import datetime
import re
import shlex
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from types import ModuleType

from tests.bench import gating, machine, ours, proofs, results, rumur, sections, spin, startup, tlc
from tests.bench.measure import BenchError
from tests.bench.points import HERE, LARGE, POINTS, RUN_POINTS, SMALLEST, Point, Verdict, kernel_models
from tests.bench.results import Outcome, Section
from tests.bench.rounds import Result, mismatches
from tests.bench.sections import Setup
from tests.bench.tables import Part

PEERS: dict[str, ModuleType] = {"spin": spin, "rumur": rumur, "tlc": tlc}
#: At larger sizes the whole time is that of the search, whose table has it too.
WHOLE_SIZES = "s"
INTERRUPTED, TERMINATED = 130, 143


def parser() -> argparse.ArgumentParser:
    """All flags."""
    made = argparse.ArgumentParser(prog="python -m tests.bench", description="oomcheck beside SPIN, rumur and TLC.")
    made.add_argument(
        "--sizes", type=_listed("smlxh"), default=("s",), help="of s, m, l, x, h, with commas (default s)"
    )
    made.add_argument("--models", default="", metavar="REGEX", help="only points whose whole name matches")
    made.add_argument("--sections", type=_listed(Section), default=tuple(Section), help=f"of {', '.join(Section)}")
    made.add_argument(
        "--peers", type=_listed(PEERS), default=tuple(PEERS), help="of spin, rumur, tlc (default: all found)"
    )
    made.add_argument("--engine", default="", help="ours (default explicit: the search of native code)")
    made.add_argument("--rounds", type=_positive, default=3, help="interleaved runs of each (default 3)")
    made.add_argument(
        "--limit", type=float, default=600, metavar="SECONDS", help="of one run or compilation (default 600)"
    )
    made.add_argument("--write", action="store_true", help="write RESULTS.md and its charts")
    made.add_argument(
        "-o", dest="folder", type=Path, default=HERE, metavar="DIR", help="where to (default: beside this)"
    )
    return made


def _listed(allowed: Iterable[str]) -> Callable[[str], tuple[str, ...]]:
    names = [str(name) for name in allowed]

    def parse(text: str) -> tuple[str, ...]:
        words = tuple(word for word in text.split(",") if word)
        wrong = [word for word in words if word not in names]
        if wrong:
            raise argparse.ArgumentTypeError(f"`{wrong[0]}` is none of {', '.join(names)}")
        return words

    return parse


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 1 if tools disagree, so that no figure counts, or if one fails; 130 if interrupted."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["prove"]:
        return proofs.main(given[1:])
    args = parser().parse_args(given)
    try:
        with tempfile.TemporaryDirectory(prefix="bench") as scratch:
            outcome = measure(args, Path(scratch), shlex.join(["python", "-m", "tests.bench", *given]))
    except BenchError as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    print("\n".join(f"## {title}\n\n{text}" for title, text in results.sections(outcome)))
    wrong = [line for result in outcome.results for line in mismatches(result)]
    if wrong:
        print("\n".join(f"error: {line}" for line in wrong), file=sys.stderr)
        return 1
    if args.write:
        results.write(outcome, args.folder)
    return 0


def measure(args: argparse.Namespace, scratch: Path, command: str) -> Outcome:
    """All sections that are asked for."""
    tool = ours.find_tool()
    engine = args.engine or ("explicit" if tool.has_engine("explicit") else "auto")
    here = frozenset(name for name in args.peers if PEERS[name].available())
    setup = Setup(tool, engine, here, args.rounds, args.limit, scratch)
    plain = ours.flags(tool, ours.Setting(engine)) or ()
    left_out = notices(args.peers, setup)
    for notice in left_out:
        _say(notice)
    return Outcome(
        date=datetime.date.today().isoformat(),
        command=command,
        machine=machine.describe(tool),
        engine=ours.probe(tool, plain, setup.cache, args.limit),
        rounds=args.rounds,
        notices=left_out,
        found={section: tuple(_told(section, job()) for job in jobs) for section, jobs in plan(setup, args).items()},
        parts=parts(setup, plain) if Section.START in args.sections else (),
        gates=gates(setup, args) if Section.GATE in args.sections else (),
    )


def notices(asked: Sequence[str], setup: Setup) -> tuple[str, ...]:
    """What cannot be measured on this machine or with this version."""
    needs = {name: f"Left out, not found: {name} (Debian package {peer.PACKAGE})." for name, peer in PEERS.items()}
    needs["tlc"] = f"Left out: tlc ({tlc.JAR}=.../tla2tools.jar, Debian package {tlc.PACKAGE})."
    found = [needs[name] for name in asked if name not in setup.peers]
    if ours.flags(setup.tool, ours.Setting(setup.engine, threads=2)) is None:
        found.append("This version has no -j: no figures of two threads.")
    if ours.flags(setup.tool, ours.Setting(setup.engine, reduced=True)) is None:
        found.append("This version has no reductions.")
    return tuple(found)


Job = Callable[[], Result]


def plan(setup: Setup, args: argparse.Namespace) -> dict[Section, list[Job]]:
    """What to run for each section that is asked for."""

    def chosen(point: Point) -> bool:
        return point.size in args.sizes and re.search(args.models, point.title) is not None

    points = [point for point in POINTS if chosen(point)]
    several = [point for point in points if point.expect is Verdict.HOLDS and point is not SMALLEST]  # threads
    short = [point for point in points if point.size in WHOLE_SIZES]
    asked = [point for point in RUN_POINTS if chosen(point.point)]
    models = [path for path in kernel_models() if re.search(args.models, path.stem)]
    jobs: dict[Section, list[Job]] = {
        Section.SEARCH: [partial(sections.search, setup, point) for point in points],
        Section.WHOLE: [partial(sections.whole, setup, point) for point in short],
        Section.RUNS: [partial(sections.runs, setup, point) for point in asked],
        Section.REDUCTIONS: [partial(sections.reductions, setup, point) for point in several],
        Section.KERNEL: [partial(sections.kernel, setup, path) for path in models],
        Section.LARGE: [partial(sections.large, setup, point) for point in LARGE if chosen(point)],
    }
    return {section: found for section, found in jobs.items() if section in args.sections}


def parts(setup: Setup, plain: tuple[str, ...]) -> tuple[Part, ...]:
    """Where the time of the smallest check goes; medians of as many runs as there are rounds."""
    command = ours.safety_command(setup.tool, SMALLEST.model.path, SMALLEST.params, plain)[1:]
    compiled = str(setup.folder / "compiled")
    with ours.caches(setup.cache):
        runs = [startup.measured(command, compiled) for _ in range(setup.rounds + 1)][1:]  # the first fills the caches
    return tuple(
        Part(name, *(median(run[name][clock] for run in runs) for clock in (0, 1)))
        for name in startup.PARTS
        if all(name in run for run in runs)
    )


def gates(setup: Setup, args: argparse.Namespace) -> tuple[gating.GateRun, ...]:
    """The quick gate, and from size m on the whole one."""
    whole = any(size not in WHOLE_SIZES for size in args.sizes)
    return gating.measure(setup.tool, setup.fresh, setup.rounds, args.limit, whole)


def _told(section: Section, result: Result) -> Result:
    """The result, announced at once: a long benchmark should not hide a contradiction until its end."""
    _say("\n".join((f"{section}: {result.title}", *(f"  error: {line}" for line in mismatches(result)))))
    return result


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))  # an exception, so that a running child is ended too
    sys.exit(main())
